#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_hop.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"
#include "ledger/ledger_rollout.h"
#include "ledger/ledger_run.h"
#include "ledger/ledger_subs.h"

/*
 * What a run, or somebody else, would have left in a ledger, for the golden cases:
 * `cli.seed LEDGER DAYS VERB WORDS...`, done so many days ago. Everything goes through the ledger's
 * own functions, so digests and the audit trail are real.
 */

struct seed {
    struct arena arena;
    struct clock clock; /* the system's, set back */
    int64_t back_ms;
    struct ledger *ledger;
    struct actor actor;
    int argc;
    char **argv; /* the words after the verb */
};

static struct str word(const struct seed *seed, int i)
{
    return i < seed->argc ? str_of(seed->argv[i]) : (struct str){0};
}

static int64_t now(const struct seed *seed)
{
    return clock_now(&seed->clock);
}

static int64_t earlier(void *self)
{
    const struct seed *seed = self;
    struct clock clock = clock_system(NULL);

    return clock_now(&clock) - seed->back_ms;
}

/* person ID LOGIN STATUS [NAME=VALUE] */
static bool seed_person(struct seed *seed, struct err *err)
{
    struct str value = word(seed, 3);
    struct profile_value profile = {.name = str_cut(&value, '=')};
    struct person person = {
        .id = word(seed, 0),
        .login = word(seed, 1),
        .status = user_status_parse(word(seed, 2)),
        .profile = &profile,
        .n_profile = profile.name.len > 0,
    };

    profile.value = value;
    return ledger_see_people(seed->ledger, &person, 1, now(seed), err);
}

/* file PRINCIPAL KIND WHO ENTITLEMENT [PLAN]: by somebody else, for 30 days */
static bool seed_file(struct seed *seed, struct err *err)
{
    struct request ask = {
        .principal = word(seed, 0),
        .who = word(seed, 2),
        .entitlement = word(seed, 3),
        .plan = word(seed, 4),
        .for_ms = 30 * TIME_DAY,
        .door = STR("api"),
    };
    struct request filed;
    enum filed how;

    return request_kind_parse(word(seed, 1), &ask.kind) &&
           ledger_file_requests(seed->ledger, &seed->actor, &ask, 1, &seed->arena, &filed, &how,
                                err);
}

static bool find_request(struct seed *seed, struct request *out, struct err *err)
{
    bool found = false;
    int64_t number = 0;

    if (!str_to_i64(word(seed, 0), &number) ||
        !ledger_get_request(seed->ledger, number, &seed->arena, out, &found, err))
        return false;
    return found || err_set(err, ERR_USAGE, "no such request");
}

/* Names the person and moves the request on, as intake of a run does. */
static bool move_on(struct seed *seed, struct intake_step *step, struct err *err)
{
    struct request request;
    bool taken = false;

    if (!find_request(seed, &request, err) ||
        !ledger_resolve_request(seed->ledger, &seed->actor, request.id, word(seed, 1), err) ||
        !ledger_take_step(seed->ledger, &seed->actor, &request, step, (struct str){0}, STR("{}"),
                          &seed->arena, &taken, err))
        return false;
    return taken || err_set(err, ERR_REFUSED, "the step was not taken");
}

/* ask NUMBER PERSON APPROVER... */
static bool seed_ask(struct seed *seed, struct err *err)
{
    VEC_OF(struct str) ids = {0};

    for (int i = 2; i < seed->argc; i++)
        VEC_PUSH(&seed->arena, &ids, word(seed, i));
    struct intake_step step = {.state = REQUEST_AWAITING_APPROVAL,
                               .reason = STR("It waits for one of the approvers to approve it."),
                               .ask = ids.items,
                               .n_ask = ids.n};
    return move_on(seed, &step, err);
}

/* unconfirmed NUMBER PERSON */
static bool seed_unconfirmed(struct seed *seed, struct err *err)
{
    struct intake_step step = {.state = REQUEST_AWAITING_CONFIRMATION,
                               .reason = STR("This cannot be undone.")};

    return move_on(seed, &step, err);
}

/* grant PERSON ENTITLEMENT PLAN GROUP: adopted, for 30 days */
static bool seed_grant(struct seed *seed, struct err *err)
{
    struct adoption row = {
        .person = word(seed, 0),
        .entitlement = word(seed, 1),
        .plan = word(seed, 2),
        .group = word(seed, 3),
        .from_ms = now(seed),
        .until_ms = now(seed) + 30 * TIME_DAY,
        .profile_json = STR("{}"),
    };

    return ledger_adopt(seed->ledger, &seed->actor, &row, 1, err);
}

/* group ENTITLEMENT PLAN GROUP NAME MEMBER...: pinned, listed, accepted */
static bool seed_group(struct seed *seed, struct err *err)
{
    const struct group_pin pin = {
        .role = PIN_PLAN,
        .entitlement = word(seed, 0),
        .plan = word(seed, 1),
        .ref = word(seed, 3),
        .group_id = word(seed, 2),
        .group_name = word(seed, 3),
        .pinned_at = now(seed),
    };
    const struct people none = {0};
    VEC_OF(struct member) members = {0};

    for (int i = 4; i < seed->argc; i++)
        VEC_PUSH(&seed->arena, &members, ((struct member){.id = word(seed, i)}));
    struct listing listing = {.collection = pin.group_id,
                              .state = LISTING_SEALED,
                              .at_ms = now(seed),
                              .members = members.items};
    listing.n = members_sort_unique(members.items, members.n);
    return ledger_pin_group(seed->ledger, &seed->actor, &pin, err) &&
           ledger_accept_listing(seed->ledger, STR("seed"), &listing, &none, err);
}

/* Two ops for one person: an add that was done, and a removal that a guard held. */
static bool seed_ops(struct seed *seed, const struct run_row *run, struct err *err)
{
    const struct op add = {.id = STR("add"),
                           .kind = OP_OKTA_ADD,
                           .cause = CAUSE_GRANTED,
                           .group = STR("00gkiropro"),
                           .person = word(seed, 1),
                           .entitlement = STR("kiro"),
                           .plan = STR("kiro-pro"),
                           .reason = STR("granted by R1")};
    struct op removal = add;
    const int64_t versions[2] = {0};
    bool went[1] = {false};
    const size_t seqs[1] = {0};
    const struct send_limits limits = {.now_ms = now(seed), .mode = MODE_ENFORCE};
    const struct settled done = {.seq = 0, .state = OP_DONE};

    removal.id = STR("removal");
    removal.kind = OP_OKTA_REMOVE;
    removal.cause = CAUSE_EXPIRED;
    const struct report_op ops[2] = {
        {.op = &add, .state = OP_PLANNED, .reason = add.reason},
        {.op = &removal, .state = OP_HELD, .guard = "budget", .reason = STR("5 of 5 are used")},
    };
    return ledger_plan_ops(seed->ledger, run, ops, versions, 2, err) &&
           ledger_mark_sent(seed->ledger, run, seqs, &limits, 1, went, err) &&
           (!went[0] || ledger_settle_ops(seed->ledger, &seed->actor, run->id, &done, 1, err));
}

/* run OUTCOME [PERSON] [ERROR] */
static bool seed_run(struct seed *seed, struct err *err)
{
    static const enum run_outcome all[] = {RUN_CONVERGED, RUN_WAITING, RUN_HELD, RUN_FAILED};
    enum run_outcome outcome = RUN_CONVERGED;
    struct run_row run;
    bool taken = false;

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (str_is(word(seed, 0), run_outcome_name(all[i])))
            outcome = all[i];
    }
    if (!ledger_lock(seed->ledger, LEDGER_ROLE_RUN, 0, &taken, err) || !taken)
        return false;
    return ledger_begin_run(seed->ledger, &seed->actor, RUN_FULL, STR("digest"), STR("boot"),
                            &seed->arena, &run, err) &&
           (word(seed, 1).len == 0 || seed_ops(seed, &run, err)) &&
           ledger_finish_run(seed->ledger, &seed->actor, &run, outcome, STR("plan"),
                             word(seed, 1).len > 0 ? STR("{\"adds\":1,\"removes\":0,\"held\":1}")
                                                   : STR("{}"),
                             word(seed, 2), err);
}

/* finding SEVERITY: one of them, about nobody */
static bool seed_finding(struct seed *seed, struct err *err)
{
    struct finding finding = {.kind = FINDING_SHRUNK_LISTING,
                              .entitlement = STR("kiro"),
                              .since_ms = now(seed),
                              .detail = STR("The listing lost 40 of 50 people."),
                              .remedy = STR("Look at the group."),
                              .subject = STR("40 of 50"),
                              .may_ack = true};

    return severity_parse(word(seed, 0), &finding.severity) &&
           ledger_publish_findings(seed->ledger, &finding, 1, NULL, 0, now(seed), &seed->arena,
                                   err);
}

/* seat PERSON ENTITLEMENT PLAN active|pending|coming [DAYS]: how far a granted seat has come,
 * followed to its end; in use so many days after it was there */
static bool seed_seat(struct seed *seed, struct err *err)
{
    bool is_coming = str_is(word(seed, 3), "coming");
    bool is_active = str_is(word(seed, 3), "active");
    int64_t days = 0;
    struct hop_row row = {.person = word(seed, 0),
                          .entitlement = word(seed, 1),
                          .plan = word(seed, 2),
                          .desired = true,
                          .seen_at = now(seed)};

    if (seed->argc > 4 && !str_to_i64(word(seed, 4), &days))
        return err_set(err, ERR_USAGE, "how many days?");
    for (int hop = 0; hop < HOP_COUNT; hop++) {
        bool is_there = hop == HOP_IN_USE ? is_active : hop < HOP_SEAT || !is_coming;
        enum hop_word word = is_there ? HOP_REACHED : HOP_ON_ITS_WAY;

        int64_t since = now(seed) + (hop == HOP_IN_USE && is_active ? days * TIME_DAY : 0);

        row.memory[hop] = (struct hop_memory){word, since};
        row.states[hop] =
            (struct hop_state){.hop = (enum hop)hop, .state = word, .since_ms = since};
    }
    return ledger_store_hops(seed->ledger, &row, 1, NULL, 0, err);
}

/* subs PERSON RAW STATUS ...: the whole listing, by the store's ids of those people */
static bool seed_subs(struct seed *seed, struct err *err)
{
    const struct str store = STR("d-0123456789");
    VEC_OF(struct subs_row) rows = {0};
    VEC_OF(struct idc_user_row) users = {0};
    const struct str *conflicts;
    size_t n_conflicts;

    for (int i = 0; i + 2 < seed->argc; i += 3) {
        struct idc_user_row user = {
            .user = arena_printf(&seed->arena, "user-%.*s", STR_ARG(word(seed, i))),
            .person = word(seed, i),
            .status = STR("enabled"),
            .first_seen = now(seed),
            .seen_at = now(seed),
        };
        VEC_PUSH(&seed->arena, &users, user);
        VEC_PUSH(&seed->arena, &rows,
                 ((struct subs_row){user.user, word(seed, i + 1), word(seed, i + 2), now(seed),
                                    now(seed)}));
    }
    return ledger_meta_set(seed->ledger, &seed->actor, "aws_store", store, err) &&
           ledger_store_idc_users(seed->ledger, store, users.items, users.n, NULL, 0, now(seed),
                                  &seed->arena, &conflicts, &n_conflicts, err) &&
           ledger_store_subs(seed->ledger, store, rows.items, rows.n, now(seed), err);
}

/* joined PERSON ENTITLEMENT PLAN: a seat that is in its Okta group, where nothing else is followed
 */
static bool seed_joined(struct seed *seed, struct err *err)
{
    struct hop_row row = {.person = word(seed, 0),
                          .entitlement = word(seed, 1),
                          .plan = word(seed, 2),
                          .desired = true,
                          .seen_at = now(seed)};

    for (int hop = 0; hop < HOP_COUNT; hop++) {
        enum hop_word word = hop == HOP_OKTA ? HOP_REACHED : HOP_NOT_APPLICABLE;

        row.memory[hop] = (struct hop_memory){word, now(seed)};
        row.states[hop] =
            (struct hop_state){.hop = (enum hop)hop, .state = word, .since_ms = now(seed)};
    }
    return ledger_store_hops(seed->ledger, &row, 1, NULL, 0, err);
}

static bool find_rollout(struct seed *seed, struct rollout_row *out, struct err *err)
{
    const struct rollout_row *rows;
    size_t n;

    if (!ledger_list_rollouts(seed->ledger, true, &seed->arena, &rows, &n, err))
        return false;
    if (n == 0)
        return err_set(err, ERR_USAGE, "no rollout is open");
    *out = rows[0];
    return true;
}

/* wave: the newest rollout's next one begins, as a run begins it */
static bool seed_wave(struct seed *seed, struct err *err)
{
    const struct rollout_member *members;
    const struct rollout_wave *waves;
    struct rollout_row row;
    size_t n, n_waves;

    return find_rollout(seed, &row, err) &&
           rollout_parse_waves(row.waves, &seed->arena, &waves, &n_waves, err) &&
           ledger_rollout_members(seed->ledger, row.id, &seed->arena, &members, &n, err) &&
           ledger_begin_wave(
               seed->ledger, &seed->actor, &row, rollout_reach(waves, n_waves, row.wave, n),
               rollout_reach(waves, n_waves, row.wave + 1, n), now(seed), &seed->arena, err);
}

/* halt PERSON WHY: that one failed, and the rollout halts */
static bool seed_halt(struct seed *seed, struct err *err)
{
    struct rollout_row row;
    const struct rollout_member member = {
        .person = word(seed, 0), .place = ROLLOUT_FAILED, .why = word(seed, 1), .at = now(seed)};

    return find_rollout(seed, &row, err) &&
           ledger_place_members(seed->ledger, &seed->actor, &row, &member, 1, now(seed), err) &&
           ledger_move_rollout(seed->ledger, &seed->actor, &row, ROLLOUT_HALTED,
                               STR("1 of the 1 people asked in the first wave failed"), err);
}

/* lower ENTITLEMENT REASON: to `add` */
static bool seed_lower(struct seed *seed, struct err *err)
{
    const struct mode_floor floor = {word(seed, 0), MODE_ADD, word(seed, 1), 0};

    return ledger_lower_mode(seed->ledger, &seed->actor, &floor, err);
}

/* note N: as many audit rows */
static bool seed_note(struct seed *seed, struct err *err)
{
    int64_t n = 0;

    if (!str_to_i64(word(seed, 0), &n))
        return err_set(err, ERR_USAGE, "how many?");
    for (int64_t i = 0; i < n; i++) {
        char value[32];
        (void)snprintf(value, sizeof(value), "%lld", (long long)i);
        if (!ledger_meta_set(seed->ledger, &seed->actor, "golden", str_of(value), err))
            return false;
    }
    return true;
}

static bool seed_create(struct seed *seed, struct err *err)
{
    return ledger_generation_write(seed->ledger, false, err);
}

static const struct verb {
    const char *name;
    bool (*run)(struct seed *seed, struct err *err);
} verbs[] = {
    {"create", seed_create},
    {"person", seed_person},
    {"file", seed_file},
    {"ask", seed_ask},
    {"unconfirmed", seed_unconfirmed},
    {"grant", seed_grant},
    {"group", seed_group},
    {"run", seed_run},
    {"finding", seed_finding},
    {"seat", seed_seat},
    {"subs", seed_subs},
    {"joined", seed_joined},
    {"wave", seed_wave},
    {"halt", seed_halt},
    {"lower", seed_lower},
    {"note", seed_note},
};

static bool run_verb(struct seed *seed, const char *name, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return verbs[i].run(seed, err);
    }
    return err_set(err, ERR_USAGE, "there is no verb `%s`", name);
}

int main(int argc, char **argv)
{
    struct seed seed = {.clock = clock_system(NULL), .actor = {STR("run"), STR("run")}};
    struct err err = {0};
    int64_t days;

    if (argc < 4 || !str_to_i64(str_of(argv[2]), &days))
        return 2;
    seed.back_ms = days * TIME_DAY;
    seed.clock.self = &seed;
    seed.clock.now_ms = earlier;
    seed.argc = argc - 4;
    seed.argv = argv + 4;
    struct ledger_options options = {.path = str_of(argv[1]),
                                     .clock = &seed.clock,
                                     .program = "seed",
                                     .may_create = strcmp(argv[3], "create") == 0};
    arena_init(&seed.arena, (size_t)64 << 20);
    bool ok = ledger_open(&options, &seed.ledger, &err) && run_verb(&seed, argv[3], &err);
    if (!ok)
        (void)fprintf(stderr, "seed %s: %s\n", argv[3], err.msg);
    ledger_close(seed.ledger);
    arena_fini(&seed.arena);
    return ok ? 0 : 1;
}
