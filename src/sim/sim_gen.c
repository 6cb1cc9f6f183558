#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/sim_state.h"

/*
 * Generated people: everything about number i follows from the seed and i, so only id, login and
 * state are stored. Names are pairs of how they are written and how they are spelled in a login.
 */

struct name {
    const char *spelled; /* in the login */
    const char *written; /* in the profile */
};

static const struct name families[] = {
    {"sato", "佐藤"},         {"suzuki", "鈴木"},     {"takahashi", "高橋"},
    {"tanaka", "田中"},       {"ito", "伊藤"},        {"watanabe", "渡辺"},
    {"yamamoto", "山本"},     {"nakamura", "中村"},   {"kobayashi", "小林"},
    {"kato", "加藤"},         {"yoshida", "吉田"},    {"yamada", "山田"},
    {"sasaki", "佐々木"},     {"yamaguchi", "山口"},  {"matsumoto", "松本"},
    {"inoue", "井上"},        {"kimura", "木村"},     {"hayashi", "林"},
    {"saito", "斎藤"},        {"shimizu", "清水"},    {"yamazaki", "山崎"},
    {"mori", "森"},           {"ikeda", "池田"},      {"hashimoto", "橋本"},
    {"abe", "阿部"},          {"ishikawa", "石川"},   {"ogawa", "小川"},
    {"okada", "岡田"},        {"hasegawa", "長谷川"}, {"murakami", "村上"},
    {"kondo", "近藤"},        {"ishii", "石井"},      {"smith", "Smith"},
    {"johnson", "Johnson"},   {"garcia", "García"},   {"mueller", "Müller"},
    {"nguyen", "Nguyễn"},     {"kim", "Kim"},         {"park", "Park"},
    {"oconnor", "O'Connor"},  {"dubois", "Dubois"},   {"rossi", "Rossi"},
    {"novak", "Novák"},       {"silva", "Silva"},     {"jensen", "Jensen"},
    {"kowalska", "Kowalska"}, {"chen", "陳"},         {"wang", "王"},
};

static const struct name givens[] = {
    {"haruto", "陽翔"},     {"yui", "結衣"},      {"sota", "蒼太"},     {"aoi", "葵"},
    {"ren", "蓮"},          {"hina", "陽菜"},     {"yuto", "悠斗"},     {"sakura", "さくら"},
    {"minato", "湊"},       {"rin", "凛"},        {"haruki", "春樹"},   {"mei", "芽依"},
    {"takumi", "匠"},       {"misaki", "美咲"},   {"daiki", "大輝"},    {"nanami", "七海"},
    {"kenta", "健太"},      {"akari", "明里"},    {"sho", "翔"},        {"mao", "真央"},
    {"hiroshi", "浩"},      {"yoko", "洋子"},     {"kenji", "健二"},    {"keiko", "恵子"},
    {"taro", "太郎"},       {"hanako", "花子"},   {"satoshi", "聡"},    {"tomoko", "智子"},
    {"alice", "Alice"},     {"bob", "Bob"},       {"carlos", "Carlos"}, {"dana", "Dana"},
    {"erik", "Erik"},       {"fatima", "Fatima"}, {"grace", "Grace"},   {"hugo", "Hugo"},
    {"ines", "Inès"},       {"jan", "Jan"},       {"kavya", "Kavya"},   {"liam", "Liam"},
    {"maria", "María"},     {"noah", "Noah"},     {"olga", "Olga"},     {"priya", "Priya"},
    {"quentin", "Quentin"}, {"rosa", "Rosa"},     {"soren", "Søren"},
};

static const char *const departments[] = {"Engineering", "Sales",   "Marketing", "Finance",
                                          "People",      "Support", "Security",  "Design"};
static const char *const titles[] = {"Software Engineer", "Senior Engineer", "Analyst",
                                     "Specialist",        "Designer",        "Consultant"};
static const char *const countries[] = {"JP", "JP", "JP", "JP", "US", "DE", "FR", "VN"};

#define N(array) (sizeof(array) / sizeof((array)[0]))
/* 48 families and 47 given names: without a common factor, so walking both at once meets every
 * pair before one comes twice. */
#define N_PAIRS (N(families) * N(givens))
static_assert(N(families) == N(givens) + 1, "neighbours have no common factor");

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t noise_of(const struct sim *sim, uint64_t i)
{
    return mix(sim->seed * UINT64_C(0x9e3779b97f4a7c15) + i + 1);
}

static const struct name *family_of(const struct sim *sim, uint64_t i)
{
    return &families[(i + sim->seed % N(families)) % N(families)];
}

static const struct name *given_of(const struct sim *sim, uint64_t i)
{
    return &givens[(i + sim->seed % N(givens)) % N(givens)];
}

/* Ascending with i, of the shape of real ones. */
static void make_id(const struct sim *sim, uint64_t i, char out[SIM_ID_LEN])
{
    static const char prefix[] = {'0', '0', 'u', 'g'};
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t noise = noise_of(sim, ~i);
    uint64_t count = i;

    memcpy(out, prefix, sizeof(prefix));
    for (size_t d = 0; d < 6; d++, count /= 36)
        out[9 - d] = digits[count % 36];
    for (size_t d = 10; d < SIM_ID_LEN; d++, noise /= 62)
        out[d] = digits[noise % 62];
}

static enum user_status status_of(uint64_t noise)
{
    uint64_t percent = noise % 1000;

    if (percent < 15)
        return USER_DEPROVISIONED;
    if (percent < 20)
        return USER_SUSPENDED;
    if (percent < 25)
        return USER_PROVISIONED;
    return percent < 28 ? USER_LOCKED_OUT : USER_ACTIVE;
}

static struct str make_login(struct sim *sim, uint64_t i)
{
    char text[96];
    uint64_t round = i / N_PAIRS;
    int n = snprintf(text, sizeof(text), "%s.%s", given_of(sim, i)->spelled,
                     family_of(sim, i)->spelled);

    if (round > 0)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%llu", (unsigned long long)round + 1);
    n += snprintf(text + n, sizeof(text) - (size_t)n, "@gen.example.com");
    return arena_str(&sim->org, (struct str){text, (size_t)n});
}

static void generate_one(struct sim *sim, uint64_t i, int64_t now)
{
    uint64_t noise = noise_of(sim, i);
    struct sim_person person = {
        .login = make_login(sim, i),
        .first_name = str_of(given_of(sim, i)->written),
        .last_name = str_of(family_of(sim, i)->written),
        .made = (uint32_t)i + 1,
        .status = (uint8_t)status_of(noise),
    };

    person.email = person.login;
    person.created_ms = now - (int64_t)(noise >> 32) % (900 * TIME_DAY) - TIME_DAY;
    person.updated_ms = person.status_ms = person.created_ms;
    make_id(sim, i, person.id);
    (void)sim_person_add(sim, &person);
}

void sim_generate(struct sim *sim, size_t n)
{
    int64_t now = sim_cloud(sim);

    sim_people_reserve(sim, n);
    for (size_t i = 0; i < n; i++)
        generate_one(sim, sim->n_made + i, now);
    sim->n_made += n;
}

static void put(struct profile_value *out, size_t *n, struct str name, struct str value)
{
    out[(*n)++] = (struct profile_value){name, value};
}

/* Every hundred people have one manager: the first of them. */
size_t sim_made_profile(const struct sim *sim, const struct sim_person *person,
                        struct profile_value out[SIM_PROFILE])
{
    static const char *const centres[] = {"CC-100", "CC-200", "CC-300", "CC-400",
                                          "CC-500", "CC-600", "CC-700", "CC-800"};
    uint64_t i = person->made - 1;
    uint64_t noise = mix(noise_of(sim, i));
    size_t department = noise % N(departments);
    size_t n = 0;
    uint32_t manager;
    char id[SIM_ID_LEN];

    put(out, &n, STR("department"), str_of(departments[department]));
    put(out, &n, STR("costCenter"), str_of(centres[department]));
    put(out, &n, STR("title"), str_of(titles[(noise >> 8) % N(titles)]));
    put(out, &n, STR("countryCode"), str_of(countries[(noise >> 16) % N(countries)]));
    put(out, &n, STR("locale"), (noise >> 16) % N(countries) < 4 ? STR("ja_JP") : STR("en_US"));
    make_id(sim, i - i % 100, id);
    manager = sim_find_id(sim, (struct str){id, SIM_ID_LEN});
    if (manager != SIM_NOBODY && i % 100 != 0)
        put(out, &n, STR("managerId"), sim_person(sim, manager)->login);
    return n;
}
