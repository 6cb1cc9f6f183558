#include <inttypes.h>

#include "base/rng.h"
#include "base/vec.h"
#include "engine/rollout_run.h"
#include "ledger/ledger_hop.h"
#include "unit/ledger/fixture.h"

/*
 * What holds for a rollout whatever becomes of its people and of the program: the step of a run
 * over a real ledger, with arrivals, revocations, pauses, clocks that jump and deaths before any
 * commit. A failure names its seed; SEATKEEPER_SEED runs that one case alone.
 */

#define CASES    100
#define STEPS    40
#define MOST     12 /* people */
#define PATIENCE 200

static uint64_t seed;

/* ---- a program that dies before a commit ---- */

static unsigned commits_left; /* 0: it lives */

static int before_commit(void *self)
{
    (void)self;
    return commits_left > 0 && --commits_left == 0;
}

static int on_open(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)message;
    (void)api;
    sqlite3_commit_hook(db, before_commit, NULL);
    return SQLITE_OK;
}

/* ---- the tale ---- */

enum sees { SEES_OKTA, SEES_PUSHED, SEES_SEAT };

struct fate {
    struct str id;
    bool arrives;  /* joins the group some time after being asked */
    bool in_group; /* as Okta has it */
    int64_t since; /* of the last hop */
    bool ended;    /* by a revocation or a block */
    enum rollout_place place;
};

struct tale {
    struct fixture f;
    struct rng rng;
    struct settings settings;
    struct world world;
    enum sees sees;
    struct fate people[MOST]; /* in the rollout's order */
    size_t n;
    struct rollout_row before;
    int64_t trusted;   /* time that runs could trust, in all */
    int64_t proved_at; /* in trusted time; -1: not proved */
    int64_t looked_at; /* by the clock */
    bool halted;       /* at the last look */
    const struct rollout_wave *waves;
    size_t n_waves;
};

static size_t n_done, n_deaths, n_waves_begun, n_halts;

static void claim(bool is_so, const char *what)
{
    if (!is_so)
        fail_msg("SEATKEEPER_SEED=%" PRIu64 ": not so: %s", seed, what);
}

#define CLAIM(is_so) claim((is_so), #is_so)

static bool chance(struct tale *tale, unsigned percent)
{
    return rng_chance(&tale->rng, percent) != 0;
}

/* ---- the world that a step sees ---- */

static void make_settings(struct tale *tale)
{
    struct arena *arena = &tale->f.arena;
    struct entitlement *ent = arena_new(arena, struct entitlement);
    struct plan_rule *plans = arena_array(arena, struct plan_rule, 2);

    plans[0] = (struct plan_rule){.plan = STR("q-pro"), .okta_group = STR("Q")};
    plans[1] = (struct plan_rule){.plan = STR("kiro-pro"), .okta_group = STR("Kiro")};
    *ent = (struct entitlement){
        .name = STR("kiro"), .mode = MODE_ENFORCE, .plans = plans, .n_plans = 2};
    tale->settings.policy = (struct policy){.catalogue = *catalogue_shipped(),
                                            .entitlements = ent,
                                            .n_entitlements = 1,
                                            .digest = STR("rules")};
    tale->world = (struct world){.settings = &tale->settings, .clock = &tale->f.clock};
}

static struct listing *list(struct tale *tale)
{
    struct arena *arena = &tale->f.arena;
    struct listing *listing = arena_new(arena, struct listing);
    struct member *members = arena_array(arena, struct member, tale->n);
    size_t n = 0;

    for (size_t i = 0; i < tale->n; i++) {
        if (tale->people[i].in_group)
            members[n++] = (struct member){.id = tale->people[i].id};
    }
    *listing = (struct listing){.collection = STR("g-kiro"),
                                .state = chance(tale, 90) ? LISTING_SEALED : LISTING_UNKNOWN,
                                .at_ms = clock_now(&tale->f.clock),
                                .members = members};
    listing->n = members_sort_unique(members, n);
    return listing;
}

static bool step(struct tale *tale, bool clock_ok)
{
    struct arena *arena = &tale->f.arena;
    const struct entitlement *ent = &tale->settings.policy.entitlements[0];
    static const struct listing whole = {.state = LISTING_SEALED};
    struct seen_group groups[] = {
        {.role = PIN_PLAN, .ent = ent, .plan = STR("q-pro"), .id = STR("g-q"), .pin_ok = true},
        {.role = PIN_PLAN, .ent = ent, .plan = STR("kiro-pro"), .id = STR("g-kiro")},
    };
    const struct seen_groups seen = {groups, ARRAY_LEN(groups)};
    const struct rollout_input in = {
        .world = &tale->world,
        .actor = &admin,
        .groups = &seen,
        .now_ms = clock_now(&tale->f.clock),
        .clock_ok = clock_ok,
        .hold_why = chance(tale, 10) ? STR("a hold") : (struct str){0},
    };
    bool filed;

    groups[0].listing = &whole;
    groups[1].listing = list(tale);
    groups[1].pin_ok = chance(tale, 95);
    tale->world.ledger = tale->f.ledger;
    tale->f.err = (struct err){0};
    return rollout_run(&in, arena, &filed, &tale->f.err);
}

/* What a run leaves behind about seats, for the next one. */
static void follow(struct tale *tale)
{
    struct hop_row rows[MOST];
    size_t n = 0;

    for (size_t i = 0; i < tale->n; i++) {
        const struct fate *fate = &tale->people[i];
        struct hop_row row = {.person = fate->id,
                              .entitlement = STR("kiro"),
                              .plan = STR("kiro-pro"),
                              .desired = true,
                              .seen_at = clock_now(&tale->f.clock)};
        if (fate->place == ROLLOUT_WAITING)
            continue;
        for (int hop = 0; hop < HOP_COUNT; hop++) {
            bool applies = hop == HOP_OKTA || (hop <= HOP_PUSHED && tale->sees >= SEES_PUSHED) ||
                           (hop == HOP_SEAT && tale->sees == SEES_SEAT);
            enum hop_word word = !applies         ? HOP_NOT_APPLICABLE
                                 : fate->in_group ? HOP_REACHED
                                                  : HOP_ON_ITS_WAY;
            row.states[hop] = (struct hop_state){
                .hop = (enum hop)hop, .state = word, .since_ms = fate->in_group ? fate->since : 0};
            row.memory[hop] = (struct hop_memory){word == HOP_NOT_APPLICABLE ? word
                                                  : fate->in_group           ? HOP_REACHED
                                                                             : HOP_ON_ITS_WAY,
                                                  fate->since};
        }
        rows[n++] = row;
    }
    OK(&tale->f, ledger_store_hops(tale->f.ledger, rows, n, NULL, 0, &tale->f.err));
}

static struct rollout_row row_of(struct tale *tale)
{
    const struct rollout_row *rows;
    size_t n;

    OK(&tale->f,
       ledger_list_rollouts(tale->f.ledger, false, &tale->f.arena, &rows, &n, &tale->f.err));
    assert_int_equal(n, 1);
    return rows[0];
}

/* ---- the claims ---- */

static size_t live_grants(struct tale *tale, struct str person, struct str plan)
{
    struct grant *grants;
    size_t n, live = 0;

    OK(&tale->f,
       ledger_person_grants(tale->f.ledger, person, &tale->f.arena, &grants, &n, &tale->f.err));
    for (size_t i = 0; i < n; i++) {
        live += grants[i].ended_at == 0 && (plan.len == 0 || str_eq(grants[i].plan, plan));
    }
    return live;
}

/* A wave may begin only when all that it waits for was there. */
static void check_wave(struct tale *tale, const struct rollout_row *row,
                       const struct rollout_member *members)
{
    const struct rollout_row *before = &tale->before;
    size_t reach = rollout_reach(tale->waves, tale->n_waves, before->wave, tale->n);
    size_t newest = before->wave == 0
                        ? 0
                        : rollout_reach(tale->waves, tale->n_waves, before->wave - 1, tale->n);
    bool some_moved = false;

    n_waves_begun++;
    CLAIM(before->state == ROLLOUT_RUNNING);
    for (size_t i = 0; i < reach; i++) {
        CLAIM(members[i].place != ROLLOUT_ASKED);
        CLAIM(before->wave != 1 || members[i].place != ROLLOUT_FAILED || members[i].accepted);
        some_moved = some_moved || (i >= newest && members[i].place == ROLLOUT_MOVED);
    }
    CLAIM(!row->confirmed);
    if (before->wave > 0) {
        CLAIM(tale->proved_at >= 0 || before->bake_ms == 0);
        CLAIM(tale->trusted - tale->proved_at >= before->bake_ms);
        CLAIM(tale->sees == SEES_SEAT || !some_moved || before->confirmed);
    }
}

static void check_people(struct tale *tale, const struct rollout_row *row,
                         const struct rollout_member *members)
{
    size_t reach = rollout_reach(tale->waves, tale->n_waves, row->wave, tale->n);

    for (size_t i = 0; i < tale->n; i++) {
        struct fate *fate = &tale->people[i];
        const struct rollout_member *member = &members[i];
        CLAIM(str_eq(member->person, fate->id));
        CLAIM((i < reach) == (member->place != ROLLOUT_WAITING));
        CLAIM(fate->place != ROLLOUT_MOVED || member->place == ROLLOUT_MOVED);
        CLAIM(fate->place != ROLLOUT_GONE || member->place == ROLLOUT_GONE);
        CLAIM(member->place != ROLLOUT_MOVED || fate->in_group);
        /* Nobody is ever without a grant, or with two, by the rollout's doing. (What was ended at a
         * time to which the clock went back has not ended yet.) */
        size_t live = live_grants(tale, fate->id, (struct str){0});
        CLAIM(fate->ended ? live <= 1 : live == 1);
        CLAIM(fate->ended || member->request.len == 0 ||
              live_grants(tale, fate->id, STR("kiro-pro")) == 1);
        fate->place = member->place;
    }
}

static void check(struct tale *tale)
{
    const struct rollout_member *members;
    struct rollout_row row = row_of(tale);
    size_t n;

    OK(&tale->f,
       ledger_rollout_members(tale->f.ledger, row.id, &tale->f.arena, &members, &n, &tale->f.err));
    assert_int_equal(n, tale->n);
    CLAIM(row.wave == tale->before.wave || row.wave == tale->before.wave + 1);
    if (row.wave != tale->before.wave) {
        check_wave(tale, &row, members);
        tale->proved_at = -1;
    }
    check_people(tale, &row, members);
    CLAIM(str_is(str_of(raw_text(&tale->f, "SELECT count(*) FROM (SELECT person_id FROM request"
                                           " WHERE kind = 'change' GROUP BY person_id"
                                           " HAVING count(*) > 1)")),
                 "0"));
    if (row.proved_at != 0 && (tale->before.proved_at == 0 || tale->proved_at < 0))
        tale->proved_at = tale->trusted;
    if (row.proved_at == 0)
        tale->proved_at = -1;
    n_halts += row.state == ROLLOUT_HALTED && !tale->halted;
    tale->halted = row.state == ROLLOUT_HALTED;
    tale->before = row;
}

/* ---- a run, with deaths ---- */

static void reopen(struct tale *tale)
{
    ledger_close(tale->f.ledger);
    if (!fixture_open(&tale->f, false, false, &tale->f.ledger))
        fail_msg("%s", tale->f.err.msg);
}

static void run(struct tale *tale, int64_t pass_ms, bool clock_ok, bool mortal)
{
    tale->f.fake.now += pass_ms;
    if (clock_ok)
        tale->trusted += clock_now(&tale->f.clock) - tale->looked_at;
    tale->looked_at = clock_now(&tale->f.clock);
    for (unsigned deaths = 0; mortal && deaths < 3 && chance(tale, 50); deaths++) {
        commits_left = 1 + (unsigned)rng_below(&tale->rng, 6);
        bool ok = step(tale, clock_ok);
        bool died = commits_left == 0;
        commits_left = 0;
        CLAIM(ok == !died);
        n_deaths += died;
        reopen(tale);
        check(tale);
    }
    if (!step(tale, clock_ok))
        fail_msg("SEATKEEPER_SEED=%" PRIu64 ": %s", seed, tale->f.err.msg);
    check(tale);
    follow(tale);
}

/* ---- what happens in between ---- */

static void end_somebody(struct tale *tale, struct fate *fate)
{
    bool changed;

    if (fate->ended)
        return;
    fate->ended = true;
    if (chance(tale, 50)) {
        OK(&tale->f,
           ledger_block(tale->f.ledger, &admin, fate->id, STR("r"), &changed, &tale->f.err));
    } else {
        OK(&tale->f, ledger_end_grants(tale->f.ledger, &admin, fate->id, STR("kiro"), CAUSE_REVOKED,
                                       &tale->f.err));
    }
}

/* Whoever was asked and is one who arrives is in the group some time. */
static void arrive(struct tale *tale, unsigned percent)
{
    for (size_t i = 0; i < tale->n; i++) {
        struct fate *fate = &tale->people[i];
        if (fate->place == ROLLOUT_WAITING || fate->in_group || !fate->arrives ||
            !chance(tale, percent))
            continue;
        fate->in_group = true;
        fate->since = clock_now(&tale->f.clock);
    }
}

static void say(struct tale *tale, enum rollout_state to)
{
    struct rollout_row row = row_of(tale);

    tale->f.err = (struct err){0};
    if (!ledger_move_rollout(tale->f.ledger, &admin, &row, to, STR("r"), &tale->f.err))
        CLAIM(tale->f.err.kind == ERR_REFUSED);
    row = row_of(tale);
    tale->before.state = row.state;
    if (row.proved_at == 0)
        tale->proved_at = -1;
    tale->before.proved_at = row.proved_at;
    tale->halted = row.state == ROLLOUT_HALTED;
}

static void confirm(struct tale *tale)
{
    struct rollout_row row = row_of(tale);

    tale->f.err = (struct err){0};
    if (!ledger_confirm_rollout(tale->f.ledger, &admin, &row, STR("r"), &tale->f.err))
        CLAIM(tale->f.err.kind == ERR_REFUSED);
    tale->before.confirmed = row_of(tale).confirmed;
}

static void something_happens(struct tale *tale)
{
    struct fate *fate = &tale->people[rng_below(&tale->rng, tale->n)];

    arrive(tale, 40);
    if (chance(tale, 4))
        end_somebody(tale, fate);
    if (chance(tale, 8))
        say(tale, ROLLOUT_PAUSED);
    if (chance(tale, 25))
        say(tale, ROLLOUT_RUNNING);
    if (chance(tale, 30))
        confirm(tale);
}

/* ---- a case ---- */

static void begin_folder(struct fixture *f)
{
    const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    json_init();
    (void)snprintf(f->dir, sizeof(f->dir), "%s/seatkeeper-rollout-XXXXXX", where);
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
    fake_clock_init(&f->fake);
    f->clock = fake_clock(&f->fake);
    arena_init(&f->arena, (size_t)1 << 30);
    if (!fixture_open(f, true, false, &f->ledger))
        fail_msg("%s", f->err.msg);
}

static void grant(struct tale *tale, struct str id)
{
    const struct adoption row = {
        .person = id,
        .entitlement = STR("kiro"),
        .plan = STR("q-pro"),
        .group = STR("g-q"),
        .from_ms = NOW,
        .until_ms = NOW + 4000 * TIME_DAY,
        .profile_json = STR("{}"),
    };

    OK(&tale->f, ledger_adopt(tale->f.ledger, &admin, &row, 1, &tale->f.err));
}

static void begin(struct tale *tale)
{
    static const char *const waves[] = {"1,100%", "3,5%,25%,100%", "100%", "1,2,3,4,5,100%",
                                        "50%,100%"};
    static const char *const halts[] = {"0", "1", "10%", "50%", "100%"};
    static const int64_t bakes[] = {0, 12 * TIME_HOUR, TIME_DAY};
    struct rollout_row row = {
        .entitlement = STR("kiro"),
        .from_plan = STR("q-pro"),
        .to_plan = STR("kiro-pro"),
        .waves = str_of(waves[rng_below(&tale->rng, ARRAY_LEN(waves))]),
        .halt_on = str_of(halts[rng_below(&tale->rng, ARRAY_LEN(halts))]),
        .bake_ms = bakes[rng_below(&tale->rng, ARRAY_LEN(bakes))],
        .confirm_one_way = true,
        .reason = STR("r"),
    };
    struct str people[MOST];

    begin_folder(&tale->f);
    make_settings(tale);
    tale->sees = (enum sees)rng_below(&tale->rng, 3);
    tale->n = 1 + rng_below(&tale->rng, MOST);
    for (size_t i = 0; i < tale->n; i++) {
        people[i] = arena_printf(&tale->f.arena, "00u%zu", i);
        see(&tale->f, people[i].ptr, people[i].ptr, USER_ACTIVE);
        grant(tale, people[i]);
        tale->people[i] = (struct fate){.id = people[i], .arrives = chance(tale, 90)};
    }
    fake_clock_pass(&tale->f.fake, TIME_MINUTE);
    OK(&tale->f, ledger_start_rollout(tale->f.ledger, &admin, &row, people, tale->n, &tale->f.arena,
                                      &tale->f.err));
    assert_true(
        rollout_parse_waves(row.waves, &tale->f.arena, &tale->waves, &tale->n_waves, &tale->f.err));
    tale->before = row;
    tale->proved_at = -1;
    tale->looked_at = clock_now(&tale->f.clock);
}

static void end(struct tale *tale)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *f = tale->f;
    fixture_down((void **)&f);
}

/* Once nothing goes wrong any more and people say what they are asked, it comes to its end. */
static void come_to_an_end(struct tale *tale)
{
    for (size_t i = 0; i < PATIENCE && rollout_state_is_open(tale->before.state); i++) {
        if (tale->before.state != ROLLOUT_RUNNING)
            say(tale, ROLLOUT_RUNNING);
        arrive(tale, 100);
        confirm(tale);
        run(tale, 13 * TIME_HOUR, true, false);
    }
    CLAIM(tale->before.state == ROLLOUT_DONE);
    n_done++;
    for (size_t i = 0; i < tale->n; i++)
        CLAIM(tale->people[i].place >= ROLLOUT_MOVED);
    (void)audit_rows(&tale->f);
}

static void tell(void)
{
    struct tale *tale = calloc(1, sizeof(*tale));

    assert_non_null(tale);
    tale->rng = rng_seed(seed);
    begin(tale);
    for (size_t i = 0; i < STEPS && rollout_state_is_open(tale->before.state); i++) {
        bool clock_ok = chance(tale, 90);
        int64_t pass = rng_between(&tale->rng, TIME_MINUTE, 20 * TIME_HOUR);
        if (!clock_ok)
            pass = rng_between(&tale->rng, -90 * TIME_DAY, 90 * TIME_DAY);
        something_happens(tale);
        run(tale, pass, clock_ok, true);
    }
    come_to_an_end(tale);
    end(tale);
    free(tale);
}

static void test_whatever_happens_everybody_is_asked_once_and_waves_keep_their_rules(void **state)
{
    const char *only = getenv("SEATKEEPER_SEED");

    (void)state;
    assert_int_equal(sqlite3_auto_extension((void (*)(void))on_open), SQLITE_OK);
    if (only) {
        seed = strtoull(only, NULL, 10);
        tell();
    } else {
        for (seed = 1; seed <= CASES; seed++)
            tell();
        /* The tales are worth telling only if all of this is in them. */
        assert_int_equal(n_done, CASES);
        assert_true(n_deaths > CASES && n_waves_begun > CASES && n_halts > 10);
    }
    sqlite3_reset_auto_extension();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_happens_everybody_is_asked_once_and_waves_keep_their_rules),
    };

    return cmocka_run_group_tests_name("prop.rollout", tests, NULL, NULL);
}
