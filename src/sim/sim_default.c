#include <string.h>

#include "sim/sim_idc.h"
#include "sim/sim_limit.h"
#include "sim/sim_state.h"

/* The organisation that is there when none is loaded: a company of sixty at example.com. */

struct row {
    const char *name; /* of the login */
    const char *first, *last;
    const char *department, *title, *manager, *country;
};

static const struct row rows[] = {
    {"admin", "Okta", "Admin", "IT", "Administrator", "ito.misaki", "JP"},
    {"sato.ken", "健", "佐藤", "Executive", "CEO", "", "JP"},
    {"suzuki.emi", "恵美", "鈴木", "Executive", "CTO", "sato.ken", "JP"},
    {"tanaka.hiro", "浩", "田中", "Executive", "CFO", "sato.ken", "JP"},
    {"ito.misaki", "美咲", "伊藤", "IT", "Head of IT", "suzuki.emi", "JP"},
    {"lead", "Leo", "Adeyemi", "Engineering", "Engineering Lead", "suzuki.emi", "JP"},
    {"watanabe.rin", "凛", "渡辺", "Engineering", "Engineering Manager", "suzuki.emi", "JP"},
    {"yamamoto.sho", "翔", "山本", "Engineering", "Engineering Manager", "suzuki.emi", "JP"},
    {"nakamura.aoi", "葵", "中村", "Design", "Head of Design", "suzuki.emi", "JP"},
    {"kobayashi.jun", "純", "小林", "Sales", "Head of Sales", "tanaka.hiro", "JP"},
    {"tanaka", "太郎", "田中", "IT", "Administrator", "ito.misaki", "JP"},
    {"kato.yui", "結衣", "加藤", "IT", "Systems Engineer", "ito.misaki", "JP"},
    {"breakglass", "Break", "Glass", "IT", "Emergency Account", "ito.misaki", "JP"},
    {"alice", "Alice", "Sato", "Engineering", "Software Engineer", "lead", "JP"},
    {"bob", "Bob", "Ito", "Engineering", "Software Engineer", "lead", "JP"},
    {"carol", "Carol", "Abe", "Engineering", "Software Engineer", "lead", "JP"},
    {"dave", "Dave", "Mori", "Engineering", "Site Reliability Engineer", "lead", "JP"},
    {"erin", "Erin", "O'Connor", "Engineering", "Software Engineer", "lead", "JP"},
    {"frank", "Frank", "Müller", "Engineering", "Software Engineer", "lead", "DE"},
    {"grace", "Grace", "Kim", "Engineering", "Senior Engineer", "lead", "JP"},
    {"heidi", "Heidi", "Novák", "Engineering", "Software Engineer", "lead", "DE"},
    {"ivan", "Ivan", "Petrov", "Engineering", "Software Engineer", "lead", "DE"},
    {"judy", "Judy", "Chen", "Engineering", "Software Engineer", "lead", "US"},
    {"yoshida.haruto", "陽翔", "吉田", "Engineering", "Software Engineer", "watanabe.rin", "JP"},
    {"yamada.hina", "陽菜", "山田", "Engineering", "Software Engineer", "watanabe.rin", "JP"},
    {"sasaki.ren", "蓮", "佐々木", "Engineering", "Senior Engineer", "watanabe.rin", "JP"},
    {"matsumoto.mei", "芽依", "松本", "Engineering", "Software Engineer", "watanabe.rin", "JP"},
    {"inoue.sota", "蒼太", "井上", "Engineering", "Software Engineer", "watanabe.rin", "JP"},
    {"kimura.sakura", "さくら", "木村", "Engineering", "Software Engineer", "watanabe.rin", "JP"},
    {"hayashi.daiki", "大輝", "林", "Engineering", "Data Engineer", "watanabe.rin", "JP"},
    {"saito.nanami", "七海", "斎藤", "Engineering", "Data Engineer", "watanabe.rin", "JP"},
    {"shimizu.takumi", "匠", "清水", "Engineering", "Software Engineer", "yamamoto.sho", "JP"},
    {"mori.akari", "明里", "森", "Engineering", "Software Engineer", "yamamoto.sho", "JP"},
    {"ikeda.yuto", "悠斗", "池田", "Engineering", "Software Engineer", "yamamoto.sho", "JP"},
    {"hashimoto.mao", "真央", "橋本", "Engineering", "Quality Engineer", "yamamoto.sho", "JP"},
    {"ishikawa.kenta", "健太", "石川", "Engineering", "Quality Engineer", "yamamoto.sho", "JP"},
    {"ogawa.tomoko", "智子", "小川", "Engineering", "Software Engineer", "yamamoto.sho", "JP"},
    {"okada.satoshi", "聡", "岡田", "Engineering", "Security Engineer", "yamamoto.sho", "JP"},
    {"hasegawa.keiko", "恵子", "長谷川", "Engineering", "Security Engineer", "yamamoto.sho", "JP"},
    {"kondo.minato", "湊", "近藤", "Design", "Designer", "nakamura.aoi", "JP"},
    {"ishii.hanako", "花子", "石井", "Design", "Designer", "nakamura.aoi", "JP"},
    {"rossi.maria", "María", "Rossi", "Design", "Designer", "nakamura.aoi", "US"},
    {"endo.yoko", "洋子", "遠藤", "Design", "Researcher", "nakamura.aoi", "JP"},
    {"aoki.kenji", "健二", "青木", "Sales", "Account Manager", "kobayashi.jun", "JP"},
    {"fujita.haruki", "春樹", "藤田", "Sales", "Account Manager", "kobayashi.jun", "JP"},
    {"nishimura.ema", "恵麻", "西村", "Sales", "Account Manager", "kobayashi.jun", "JP"},
    {"fukuda.riku", "陸", "福田", "Sales", "Sales Engineer", "kobayashi.jun", "JP"},
    {"ota.mio", "美緒", "太田", "Sales", "Sales Engineer", "kobayashi.jun", "JP"},
    {"smith.noah", "Noah", "Smith", "Sales", "Account Manager", "kobayashi.jun", "US"},
    {"johnson.olivia", "Olivia", "Johnson", "Sales", "Account Manager", "kobayashi.jun", "US"},
    {"miura.kaito", "海斗", "三浦", "Finance", "Controller", "tanaka.hiro", "JP"},
    {"okamoto.saki", "咲希", "岡本", "Finance", "Analyst", "tanaka.hiro", "JP"},
    {"goto.ryo", "涼", "後藤", "Finance", "Analyst", "tanaka.hiro", "JP"},
    {"fujii.nao", "直", "藤井", "People", "Head of People", "sato.ken", "JP"},
    {"matsuda.kana", "香奈", "松田", "People", "Recruiter", "fujii.nao", "JP"},
    {"nakajima.yu", "優", "中島", "People", "Generalist", "fujii.nao", "JP"},
    {"harada.mika", "美香", "原田", "Support", "Head of Support", "sato.ken", "JP"},
    {"ono.tsubasa", "翼", "小野", "Support", "Support Engineer", "harada.mika", "JP"},
    {"takeuchi.airi", "愛莉", "竹内", "Support", "Support Engineer", "harada.mika", "JP"},
    {"nguyen.linh", "Linh", "Nguyễn", "Support", "Support Engineer", "harada.mika", "VN"},
};

static struct str login_of(struct sim *sim, const char *name)
{
    return arena_printf(&sim->org, "%s@example.com", name);
}

static void add_person(struct sim *sim, const struct row *row)
{
    struct profile_value *profile = arena_array(&sim->org, struct profile_value, 6);
    size_t n = 0;
    struct sim_person person = {
        .login = login_of(sim, row->name),
        .first_name = str_of(row->first),
        .last_name = str_of(row->last),
        .status = USER_ACTIVE,
        .profile = profile,
    };

    profile[n++] = (struct profile_value){STR("department"), str_of(row->department)};
    profile[n++] = (struct profile_value){STR("title"), str_of(row->title)};
    profile[n++] = (struct profile_value){STR("countryCode"), str_of(row->country)};
    profile[n++] = (struct profile_value){
        STR("costCenter"),
        arena_printf(&sim->org, "CC-%c%zu", row->department[0], strlen(row->department))};
    if (*row->manager)
        profile[n++] = (struct profile_value){STR("managerId"), login_of(sim, row->manager)};
    person.n_profile = (uint32_t)n;
    person.email = person.login;
    person.created_ms = sim_cloud(sim) - 400 * TIME_DAY;
    person.updated_ms = person.status_ms = person.created_ms;
    sim_make_id(sim, "00u", person.id);
    (void)sim_person_add(sim, &person);
}

static uint32_t add_group(struct sim *sim, const char *name, const char *about,
                          enum group_type type)
{
    uint32_t group = sim_group_add(sim, str_of(name), type);
    struct sim_group *made = sim_group(sim, group);

    made->description = str_of(about);
    made->created_ms = made->updated_ms = sim_cloud(sim) - 380 * TIME_DAY;
    made->membership_ms = made->membership_shown_ms = made->created_ms;
    return group;
}

static void push(struct sim *sim, uint32_t group, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sim_member_push(sim, group, sim_find_login(sim, login_of(sim, names[i])));
}

static void add_groups(struct sim *sim)
{
    static const char *const approvers[] = {"lead", "watanabe.rin", "yamamoto.sho"};
    static const char *const admins[] = {"admin", "tanaka", "ito.misaki"};
    static const char *const executives[] = {"sato.ken", "suzuki.emi", "tanaka.hiro"};
    uint32_t users = add_group(sim, "AWS_kiro_JP_Users", "Kiro users, Japan", GROUP_OKTA);
    uint32_t plus =
        add_group(sim, "AWS_kiro_JP_ProPlus_Users", "Kiro Pro+ users, Japan", GROUP_OKTA);
    uint32_t assigned = add_group(sim, "AWS_SSO_Assigned",
                                  "May be provisioned to AWS IAM Identity Center", GROUP_OKTA);
    uint32_t directory =
        add_group(sim, "EXAMPLE\\AWS_kiro_JP_Users", "Imported from the directory", GROUP_APP);
    uint32_t employees = add_group(sim, "Employees", "Everybody on the payroll", GROUP_OKTA);

    push(sim, add_group(sim, "Kiro_Approvers", "May approve Kiro seats", GROUP_OKTA), approvers,
         ARRAY_LEN(approvers));
    push(sim, add_group(sim, "Seatkeeper_Admins", "Administrators of Seatkeeper", GROUP_OKTA),
         admins, ARRAY_LEN(admins));
    push(sim, add_group(sim, "Seatkeeper_Approvers", "May decide requests", GROUP_OKTA), approvers,
         ARRAY_LEN(approvers));
    (void)add_group(sim, "Seatkeeper_Readers", "May look at Seatkeeper", GROUP_OKTA);
    push(sim, add_group(sim, "Executives", "The board", GROUP_OKTA), executives,
         ARRAY_LEN(executives));
    for (uint32_t i = 0; i < sim->n_people; i++) {
        sim_member_push(sim, employees, i);
        sim_member_push(sim, assigned, i);
    }

    struct sim_app *aws = sim_app_add(sim, STR("amazon_aws_sso"), STR("AWS IAM Identity Center"));
    aws->groups = memcpy(arena_array(&sim->org, uint32_t, 1), &assigned, sizeof(assigned));
    aws->n_groups = 1;
    uint32_t *pushed = arena_array(&sim->org, uint32_t, 2);
    pushed[0] = users;
    pushed[1] = plus;
    aws->pushed = pushed;
    aws->n_pushed = 2;

    struct sim_app *ad = sim_app_add(sim, STR("active_directory"), STR("example.local"));
    sim_group(sim, directory)->source = sim_keep(sim, (struct str){ad->id, SIM_ID_LEN});
}

void sim_default_org(struct sim *sim)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        add_person(sim, &rows[i]);
    add_groups(sim);
    sim_subs_default(sim);
}

void sim_default_quirks(struct sim *sim)
{
    sim->quirks = (struct sim_quirks){
        .put_present = 204,
        .delete_absent = 204,
        .put_inactive = 403,
        .read_only_status = 403,
        .stale_percent = 100,
        .concurrency = 75,
        .principal_percent = 50,
        .token_life_ms = TIME_HOUR,
        .logs_status = 200,
        .rules_status = 200,
        .roles_status = 200,
        .schema_status = 200,
        .apps_status = 200,
        .org_status = 200,
        .headers_lower = true,
        .rate_limits = true,
        .short_names = true,
    };
    sim_limit_defaults(sim);
}
