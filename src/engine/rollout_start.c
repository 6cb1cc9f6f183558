#include "engine/rollout_start.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "core/desired.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_person.h"

/* ---- the move ---- */

static bool check_plan(const struct entitlement *ent, struct str plan, struct err *err)
{
    const struct plan_rule *rule = entitlement_plan(ent, plan);

    if (!rule) {
        return err_set(err, ERR_USAGE, "%.*s has no plan `%.*s`", STR_ARG(ent->name),
                       STR_ARG(plan));
    }
    return rule->okta_group.len > 0 || rule->okta_group_id.len > 0 ||
           err_set(err, ERR_REFUSED, "the plan %.*s of %.*s has no Okta group to move people with",
                   STR_ARG(plan), STR_ARG(ent->name));
}

static bool check_move(const struct catalogue *catalogue, const struct rollout_ask *ask,
                       struct err *err)
{
    enum move move = catalogue_move(catalogue, ask->from, ask->to);
    bool is_back = catalogue_move(catalogue, ask->to, ask->from) == MOVE_ONE_WAY;

    switch (move) {
    case MOVE_UP: return true;
    case MOVE_ONE_WAY: break;
    case MOVE_SAME:
        return err_set(err, ERR_USAGE, "--from and --to are the same plan, %.*s",
                       STR_ARG(ask->from));
    case MOVE_DOWN:
        return err_set(
            err, ERR_REFUSED,
            "%.*s is less than %.*s, and a rollout moves people up only; a lower plan is "
            "asked for person by person",
            STR_ARG(ask->to), STR_ARG(ask->from));
    case MOVE_FORBIDDEN:
        return err_set(err, ERR_REFUSED, "there is no way %sfrom %.*s to %.*s",
                       is_back ? "back " : "", STR_ARG(ask->from), STR_ARG(ask->to));
    }
    return ask->confirm_one_way ||
           err_set(err, ERR_REFUSED,
                   "there is no way back from %.*s to %.*s: say that this is meant with "
                   "--confirm-one-way",
                   STR_ARG(ask->to), STR_ARG(ask->from));
}

static bool check_scope(struct str scope, struct err *err)
{
    if (scope.len == 0 || str_is(scope, "people"))
        return true;
    if (str_is(scope, "group")) {
        return err_set(err, ERR_REFUSED,
                       "--scope group changes the plan that a whole group is subscribed to, which "
                       "is not written here; --scope people moves its members one by one");
    }
    return err_set(err, ERR_USAGE, "--scope: `%.*s` is neither people nor group", STR_ARG(scope));
}

static bool check_ask(const struct policy *policy, const struct rollout_ask *ask,
                      struct arena *arena, const struct rollout_row *row, struct err *err)
{
    const struct rollout_wave *waves;
    struct rollout_halt halt;
    size_t n;

    return check_scope(ask->scope, err) && check_plan(ask->ent, ask->from, err) &&
           check_plan(ask->ent, ask->to, err) && check_move(&policy->catalogue, ask, err) &&
           (rollout_parse_waves(row->waves, arena, &waves, &n, err) || err_wrap(err, "--waves")) &&
           (rollout_parse_halt(row->halt_on, &halt, err) || err_wrap(err, "--halt-on"));
}

/* ---- what the ledger knows ---- */

typedef VEC_OF(struct rollout_person) person_vec;

struct starter {
    struct ledger *ledger;
    const struct policy *policy;
    const struct rollout_ask *ask;
    int64_t now_ms;
    struct arena *arena;
    struct map people; /* by id -> const struct person_row */
    struct grant *grants;
    size_t n_grants; /* sorted */
    struct baseline from, to;
    const struct finding_row *findings;
    size_t n_findings;
    person_vec obstacles, left_out;
    VEC_OF(struct str) cohort;
};

static const struct person_row *person_of(const struct starter *starter, struct str id)
{
    return map_get(&starter->people, id);
}

static void add(struct starter *starter, person_vec *list, struct str id, struct str why)
{
    const struct person_row *row = person_of(starter, id);
    struct str login = row && row->person.login.len > 0 ? row->person.login : id;

    VEC_PUSH(starter->arena, list, ((struct rollout_person){id, login, why}));
}

/* After an edit of the settings the former place of a group may still be pinned: the latest counts.
 */
static bool load_baseline(struct starter *starter, struct str plan, struct baseline *out,
                          struct err *err)
{
    const struct group_pin *pins, *pin = NULL;
    size_t n;

    *out = (struct baseline){0};
    if (!ledger_load_pins(starter->ledger, starter->arena, &pins, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (pins[i].role == PIN_PLAN && str_eq(pins[i].entitlement, starter->ask->ent->name) &&
            str_eq(pins[i].plan, plan) && (!pin || pins[i].pinned_at >= pin->pinned_at))
            pin = &pins[i];
    }
    if (pin && !ledger_load_baseline(starter->ledger, pin->group_id, starter->arena, out, err))
        return false;
    return (pin && out->exists) ||
           err_set(err, ERR_REFUSED,
                   "no run has listed the group of %.*s yet; `seatkeeper reconcile` does",
                   STR_ARG(plan));
}

static bool load(struct starter *starter, struct err *err)
{
    const struct person_row *rows;
    size_t n;

    if (!ledger_load_people(starter->ledger, starter->arena, &rows, &n, err) ||
        !ledger_load_grants(starter->ledger, starter->now_ms, starter->arena, &starter->grants,
                            &starter->n_grants, err) ||
        !ledger_load_findings(starter->ledger, true, starter->arena, &starter->findings,
                              &starter->n_findings, err) ||
        !load_baseline(starter, starter->ask->from, &starter->from, err) ||
        !load_baseline(starter, starter->ask->to, &starter->to, err))
        return false;
    struct person_row *people = arena_array(starter->arena, struct person_row, n);
    for (size_t i = 0; i < n; i++) {
        people[i] = rows[i];
        (void)map_put(&starter->people, starter->arena, people[i].person.id, &people[i]);
    }
    grants_sort(starter->grants, starter->n_grants);
    return true;
}

/* ---- one person ---- */

/* The highest plan that counts now; empty: none. */
static struct str holds(const struct starter *starter, struct str person, bool *ahead)
{
    const struct catalogue *catalogue = &starter->policy->catalogue;
    struct str best = {0};
    size_t n;
    const struct grant *grants =
        grants_of(starter->grants, starter->n_grants, starter->ask->ent->name, person, &n);

    *ahead = false;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(grants[i].plan, starter->ask->from) &&
            grant_is_ahead(&grants[i], starter->now_ms))
            *ahead = true;
        if (grant_is_live(&grants[i], starter->now_ms) &&
            (best.len == 0 || catalogue_compare(catalogue, grants[i].plan, best) > 0))
            best = grants[i].plan;
    }
    return best;
}

static bool is_doubted(const struct starter *starter, struct str person, enum finding_kind kind)
{
    for (size_t i = 0; i < starter->n_findings; i++) {
        const struct finding *finding = &starter->findings[i].finding;
        if (finding->kind == kind && str_eq(finding->person, person))
            return true;
    }
    return false;
}

/* Moving somebody by a rollout must not get around what waits for a person. */
static struct str obstacle(const struct starter *starter, struct str id)
{
    const struct person_row *row = person_of(starter, id);
    const struct accepted *from = baseline_find(&starter->from, id);
    const struct accepted *to = baseline_find(&starter->to, id);
    struct arena *arena = starter->arena;

    if (!row || row->person.status == USER_UNKNOWN)
        return STR("is not known: no run has seen them in Okta");
    if (from && from->taken_out) {
        return arena_printf(arena, "was taken out of the group of %.*s by other hands",
                            STR_ARG(starter->ask->from));
    }
    if (from && !from->owned) {
        return arena_printf(arena, "is in the group of %.*s by other hands",
                            STR_ARG(starter->ask->from));
    }
    if (to && !to->taken_out && !to->owned) {
        return arena_printf(arena, "is in the group of %.*s by other hands",
                            STR_ARG(starter->ask->to));
    }
    if (is_doubted(starter, id, FINDING_UNKNOWN_PLAN))
        return STR("has a plan that nobody knows");
    if (is_doubted(starter, id, FINDING_IDENTITY_CONFLICT))
        return STR("may be somebody else than before");
    return (struct str){0};
}

/* Whom Okta would not let in stays where they are; it is no failure, and nobody's decision. */
static struct str not_movable(const struct starter *starter, const struct person_row *row)
{
    if (row->gone_since != 0 || row->inactive_since != 0) {
        return arena_printf(starter->arena, "is %s in Okta", user_status_name(row->person.status));
    }
    if (row->ineligible_since != 0)
        return STR("is not eligible any more");
    return (struct str){0};
}

static void consider(struct starter *starter, struct str id)
{
    bool ahead;
    struct str plan = holds(starter, id, &ahead), why;

    if (!str_eq(plan, starter->ask->from)) {
        why = plan.len > 0 ? arena_printf(starter->arena, "holds %.*s", STR_ARG(plan))
                           : arena_printf(starter->arena, "holds %.*s only later",
                                          STR_ARG(starter->ask->from));
        add(starter, &starter->left_out, id, why);
        return;
    }
    why = obstacle(starter, id);
    if (why.len > 0) {
        add(starter, &starter->obstacles, id, why);
        return;
    }
    why = not_movable(starter, person_of(starter, id));
    if (why.len > 0) {
        add(starter, &starter->left_out, id, why);
        return;
    }
    VEC_PUSH(starter->arena, &starter->cohort, id);
}

/* ---- everybody, or those of a list ---- */

static void consider_all(struct starter *starter)
{
    VEC_OF(struct str) ids = {0};

    for (size_t i = 0; i < starter->n_grants; i++) {
        const struct grant *grant = &starter->grants[i];
        if (str_eq(grant->entitlement, starter->ask->ent->name) &&
            str_eq(grant->plan, starter->ask->from) &&
            (grant_is_live(grant, starter->now_ms) || grant_is_ahead(grant, starter->now_ms)))
            VEC_PUSH(starter->arena, &ids, grant->person);
    }
    if (ids.n > 0)
        ids.n = str_sort_unique(ids.items, ids.n);
    for (size_t i = 0; ids.items && i < ids.n; i++)
        consider(starter, ids.items[i]);
    /* Whoever is in the group without a grant is on the plan too, as far as anybody can tell. */
    for (size_t i = 0; i < starter->from.n; i++) {
        const struct accepted *member = &starter->from.people[i];
        if (!member->owned && !member->taken_out &&
            !str_in_sorted(ids.items, ids.n, member->person))
            add(starter, &starter->obstacles, member->person, obstacle(starter, member->person));
    }
}

static bool consider_named(struct starter *starter, struct str who, struct err *err)
{
    const struct person_row *rows;
    size_t n;
    bool ahead;

    if (!ledger_find_people(starter->ledger, who, starter->arena, &rows, &n, err))
        return false;
    if (n != 1) {
        struct rollout_person row = {.login = who,
                                     .why = n == 0 ? STR("is not known to the ledger")
                                                   : STR("is the name of several people")};
        VEC_PUSH(starter->arena, &starter->obstacles, row);
        return true;
    }
    struct str id = rows[0].person.id;
    for (size_t i = 0; i < starter->cohort.n; i++) {
        if (str_eq(starter->cohort.items[i], id))
            return true; /* named twice */
    }
    if (str_eq(holds(starter, id, &ahead), starter->ask->from)) {
        consider(starter, id);
    } else {
        add(starter, &starter->obstacles, id,
            arena_printf(starter->arena, "is not on %.*s", STR_ARG(starter->ask->from)));
    }
    return true;
}

static int by_login(const void *a, const void *b)
{
    const struct rollout_person *x = a, *y = b;
    int order = str_cmp(x->login, y->login);

    return order != 0 ? order : str_cmp(x->person, y->person);
}

static struct rollout_row make_row(const struct rollout_ask *ask, const struct policy *policy,
                                   int64_t now_ms, struct arena *arena)
{
    bool one_way = catalogue_move(&policy->catalogue, ask->from, ask->to) == MOVE_ONE_WAY;

    return (struct rollout_row){
        .id = uuid_str(now_ms, arena),
        .entitlement = ask->ent->name,
        .from_plan = ask->from,
        .to_plan = ask->to,
        .scope = STR("people"),
        .waves = ask->waves.len > 0 ? ask->waves : STR(ROLLOUT_USUAL_WAVES),
        .halt_on = ask->halt_on.len > 0 ? ask->halt_on : STR(ROLLOUT_USUAL_HALT),
        .bake_ms = ask->bake_ms,
        .confirm_one_way = one_way && ask->confirm_one_way,
        .reason = ask->reason,
    };
}

bool rollout_prepare(struct ledger *ledger, const struct policy *policy,
                     const struct rollout_ask *ask, int64_t now_ms, struct arena *arena,
                     struct rollout_plan *out, struct err *err)
{
    struct starter starter = {
        .ledger = ledger, .policy = policy, .ask = ask, .now_ms = now_ms, .arena = arena};
    struct rollout_row row = make_row(ask, policy, now_ms, arena);

    if (!check_ask(policy, ask, arena, &row, err) || !load(&starter, err))
        return false;
    if (!ask->logins)
        consider_all(&starter);
    for (size_t i = 0; ask->logins && i < ask->n_logins; i++) {
        if (!consider_named(&starter, ask->logins[i], err))
            return false;
    }
    if (starter.cohort.n == 0 && starter.obstacles.n == 0) {
        return err_set(err, ERR_REFUSED, "nobody in %.*s is on %.*s, and may be moved",
                       STR_ARG(ask->ent->name), STR_ARG(ask->from));
    }
    if (starter.obstacles.n > 1) {
        qsort(starter.obstacles.items, starter.obstacles.n, sizeof(struct rollout_person),
              by_login);
    }
    if (starter.left_out.n > 1)
        qsort(starter.left_out.items, starter.left_out.n, sizeof(struct rollout_person), by_login);
    rollout_order(row.id, starter.cohort.items, starter.cohort.n, arena);
    *out = (struct rollout_plan){
        .row = row,
        .people = starter.cohort.items,
        .n = starter.cohort.n,
        .obstacles = starter.obstacles.items,
        .n_obstacles = starter.obstacles.n,
        .left_out = starter.left_out.items,
        .n_left_out = starter.left_out.n,
    };
    return true;
}
