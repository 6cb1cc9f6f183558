#include "engine/rollout_run.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/vec.h"
#include "engine/decide.h"
#include "ledger/ledger_finding.h"

/* ---- what keeps a wave from beginning ---- */

static const struct seen_group *plan_group(const struct rollout_input *in,
                                           const struct rollout_row *row, struct str plan)
{
    for (size_t i = 0; i < in->groups->n; i++) {
        const struct seen_group *group = &in->groups->items[i];
        if (group->role == PIN_PLAN && str_eq(group->ent->name, row->entitlement) &&
            str_eq(group->plan, plan))
            return group;
    }
    return NULL;
}

static struct str why_group(const struct rollout_input *in, const struct rollout_row *row,
                            struct str plan, struct arena *arena)
{
    const struct seen_group *group = plan_group(in, row, plan);

    if (!group || group->id.len == 0)
        return arena_printf(arena, "the group of %.*s was not found in Okta", STR_ARG(plan));
    if (!group->pin_ok) {
        return arena_printf(arena, "the group of %.*s is not as it was pinned: %.*s", STR_ARG(plan),
                            STR_ARG(group->pin_why));
    }
    if (!listing_is_sealed(group->listing)) {
        return arena_printf(arena, "the group of %.*s could not be read completely", STR_ARG(plan));
    }
    return (struct str){0};
}

static bool why_mode(const struct rollout_input *in, const struct rollout_row *row,
                     struct arena *arena, struct str *why, struct err *err)
{
    const struct policy *policy = &in->world->settings->policy;
    const struct entitlement *ent = policy_entitlement(policy, row->entitlement);
    const struct mode_floor *floors;
    bool observes = !ent || ent->mode == MODE_OBSERVE;
    size_t n;

    if (!ledger_load_floors(in->world->ledger, arena, &floors, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_meant =
            floors[i].entitlement.len == 0 || str_eq(floors[i].entitlement, row->entitlement);
        observes = observes || (is_meant && floors[i].mode == MODE_OBSERVE);
    }
    if (observes)
        *why = STR("mode is observe: nothing would be written");
    return true;
}

static bool why_frozen(const struct rollout_input *in, const struct rollout_row *row,
                       struct arena *arena, struct str *why, struct err *err)
{
    const struct freeze_row *freezes;
    size_t n;

    if (!ledger_load_freezes(in->world->ledger, in->now_ms, arena, &freezes, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_meant =
            freezes[i].entitlement.len == 0 || str_eq(freezes[i].entitlement, row->entitlement);
        if (is_meant && !freezes[i].removals)
            *why = arena_printf(arena, "frozen: %.*s", STR_ARG(freezes[i].reason));
    }
    return true;
}

/* A wave's requests would explain whatever changed rules make of them; so the rules are looked at
 * first. */
static bool why_rules(const struct rollout_input *in, struct arena *arena, struct str *why,
                      struct err *err)
{
    struct str accepted;

    if (!ledger_meta_get(in->world->ledger, "accepted_settings", arena, &accepted, err))
        return false;
    if (accepted.len > 0 && !str_eq(accepted, engine_rules_digest(in->world, arena)))
        *why = STR("the settings or the program have changed and are not accepted yet");
    return true;
}

/* Empty `*why`: nothing. */
static bool find_obstacle(const struct rollout_input *in, const struct rollout_row *row,
                          struct arena *arena, struct str *why, struct err *err)
{
    *why = in->hold_why;
    if (why->len == 0)
        *why = why_group(in, row, row->from_plan, arena);
    if (why->len == 0)
        *why = why_group(in, row, row->to_plan, arena);
    return (why->len > 0 || why_mode(in, row, arena, why, err)) &&
           (why->len > 0 || why_frozen(in, row, arena, why, err)) &&
           (why->len > 0 || why_rules(in, arena, why, err));
}

/* ---- one rollout ---- */

/* Somebody was faster: what they decided counts, and the next run goes on from there. */
static bool overtaken(const struct rollout_row *row, struct err *err)
{
    struct str why = str_of(err->msg);

    if (err->kind != ERR_REFUSED)
        return false;
    log_info("rollout.overtaken", "rollout=W%lld why=%s", (long long)row->number, log_q(&why));
    *err = (struct err){0};
    return true;
}

/* Writes down who has come how far. `*row` is as it is then; `*same` is false when somebody was
 * faster. */
static bool note_places(const struct rollout_input *in, struct rollout_view *view,
                        struct arena *arena, bool *same, struct err *err)
{
    struct rollout_member *moved = arena_array(arena, struct rollout_member, view->n);
    size_t n = 0, under_way = 0;

    for (size_t i = 0; i < view->n; i++) {
        const struct rollout_standing *standing = &view->standings[i];
        under_way += standing->place == ROLLOUT_ASKED;
        if (standing->place == view->members[i].place)
            continue;
        moved[n] = view->members[i];
        moved[n].place = standing->place;
        moved[n].why = standing->why;
        moved[n++].at = in->now_ms;
    }
    int64_t proved_at = view->row.proved_at != 0 ? view->row.proved_at : in->now_ms;
    if (view->row.wave == 0 || under_way > 0)
        proved_at = 0;
    *same = true;
    if (n == 0 && proved_at == view->row.proved_at)
        return true;
    if (!ledger_place_members(in->world->ledger, in->actor, &view->row, moved, n, proved_at, err)) {
        *same = false;
        return overtaken(&view->row, err);
    }
    view->row.proved_at = proved_at;
    return true;
}

static bool begin_wave(const struct rollout_input *in, const struct rollout_row *row,
                       const struct rollout_decision *next, struct arena *arena, bool *filed,
                       struct err *err)
{
    struct str why;

    if (!find_obstacle(in, row, arena, &why, err))
        return false;
    if (why.len > 0) {
        why = arena_printf(arena, "wave %zu does not begin: %.*s", row->wave + 1, STR_ARG(why));
        return ledger_note_rollout(in->world->ledger, row, why, err);
    }
    if (!ledger_begin_wave(in->world->ledger, in->actor, row, next->from, next->to, in->now_ms,
                           arena, err))
        return overtaken(row, err);
    *filed = true;
    log_info("rollout.wave", "rollout=W%lld wave=%zu people=%zu", (long long)row->number,
             row->wave + 1, next->to - next->from);
    return ledger_note_rollout(in->world->ledger, row,
                               arena_printf(arena, "wave %zu has begun", row->wave + 1), err);
}

static bool move(const struct rollout_input *in, const struct rollout_row *row,
                 enum rollout_state to, struct str why, struct err *err)
{
    if (!ledger_move_rollout(in->world->ledger, in->actor, row, to, why, err))
        return overtaken(row, err);
    if (to == ROLLOUT_HALTED) {
        log_warn("rollout.halted", "rollout=W%lld why=%s", (long long)row->number, log_q(&why));
    } else {
        log_info("rollout.done", "rollout=W%lld", (long long)row->number);
    }
    return true;
}

static bool carry_out(const struct rollout_input *in, const struct rollout_view *view,
                      struct arena *arena, bool *filed, struct err *err)
{
    struct rollout_facts facts = rollout_view_facts(view, in->now_ms, arena);
    struct rollout_decision next = rollout_decide(&facts, arena);

    switch (next.step) {
    case ROLLOUT_STAY: return ledger_note_rollout(in->world->ledger, &view->row, next.why, err);
    case ROLLOUT_BEGIN_WAVE: return begin_wave(in, &view->row, &next, arena, filed, err);
    case ROLLOUT_HALT: return move(in, &view->row, ROLLOUT_HALTED, next.why, err);
    case ROLLOUT_FINISH: return move(in, &view->row, ROLLOUT_DONE, next.why, err);
    }
    return true;
}

static bool is_known(const struct rollout_input *in, const struct rollout_row *row)
{
    const struct entitlement *ent =
        policy_entitlement(&in->world->settings->policy, row->entitlement);

    return ent && entitlement_plan(ent, row->from_plan) && entitlement_plan(ent, row->to_plan);
}

static bool step(const struct rollout_input *in, const struct rollout_row *listed,
                 struct arena *arena, bool *filed, struct err *err)
{
    struct ledger *ledger = in->world->ledger;
    const struct seen_group *group = plan_group(in, listed, listed->to_plan);
    static const struct listing unread = {.state = LISTING_UNKNOWN};
    struct rollout_view view;
    struct rollout_row row;
    bool same;

    if (!ledger_look_at_rollout(ledger, in->actor, listed, in->now_ms, in->clock_ok, arena, &row,
                                err))
        return false;
    if (!rollout_state_is_open(row.state))
        return true;
    if (!in->clock_ok) {
        return ledger_note_rollout(
            ledger, &row, STR("the clock cannot be trusted: its time does not count"), err);
    }
    if (!is_known(in, &row)) {
        return ledger_note_rollout(ledger, &row,
                                   STR("the settings no longer know one of the plans"), err);
    }
    if (!rollout_view_load(ledger, &row, group && group->pin_ok ? group->listing : &unread,
                           in->now_ms, arena, &view, err) ||
        !note_places(in, &view, arena, &same, err))
        return false;
    return !same || carry_out(in, &view, arena, filed, err);
}

bool rollout_run(const struct rollout_input *in, struct arena *arena, bool *filed, struct err *err)
{
    const struct rollout_row *open;
    size_t n;

    *filed = false;
    if (!ledger_list_rollouts(in->world->ledger, true, arena, &open, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (in->only.len > 0 && !str_eq(in->only, open[i].entitlement))
            continue;
        if (!step(in, &open[i], arena, filed, err))
            return err_wrap(err, "rollout W%lld", (long long)open[i].number);
    }
    return true;
}

/* ---- what others are told ---- */

bool rollout_findings(const struct world *world, struct arena *arena, struct finding **out,
                      size_t *n, struct err *err)
{
    VEC_OF(struct finding) findings = {0};
    const struct rollout_row *open;
    size_t n_open;

    if (!ledger_list_rollouts(world->ledger, true, arena, &open, &n_open, err))
        return false;
    for (size_t i = 0; i < n_open; i++) {
        const struct rollout_row *row = &open[i];
        if (row->state != ROLLOUT_HALTED)
            continue;
        VEC_PUSH(
            arena, &findings,
            ((struct finding){
                .kind = FINDING_HALTED_ROLLOUT,
                .severity = SEVERITY_TICKET,
                .entitlement = row->entitlement,
                .detail = arena_printf(arena,
                                       "rollout W%lld of %.*s, %.*s to %.*s, has halted in wave "
                                       "%zu: %.*s",
                                       (long long)row->number, STR_ARG(row->entitlement),
                                       STR_ARG(row->from_plan), STR_ARG(row->to_plan), row->wave,
                                       STR_ARG(row->state_why)),
                .remedy = arena_printf(arena,
                                       "nobody has lost a seat and nobody new is asked; see who "
                                       "failed, then `seatkeeper rollout resume W%lld` or `rollout "
                                       "abort W%lld`",
                                       (long long)row->number, (long long)row->number),
            }));
    }
    *out = findings.items;
    *n = findings.n;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct rollout_word *wa = a;
    const struct rollout_word *wb = b;
    int order = str_cmp(wa->entitlement, wb->entitlement);

    if (order == 0)
        order = str_cmp(wa->person, wb->person);
    return order != 0 ? order : str_cmp(wa->plan, wb->plan);
}

/* The newest rollout first among equals. */
static int compare_words(const void *a, const void *b)
{
    const struct rollout_word *wa = a;
    const struct rollout_word *wb = b;
    int order = compare_keys(wa, wb);

    return order != 0 ? order : (wa->rollout < wb->rollout) - (wa->rollout > wb->rollout);
}

const struct rollout_word *rollout_word_of(const struct rollout_word *words, size_t n,
                                           struct str entitlement, struct str person,
                                           struct str plan)
{
    const struct rollout_word key = {.entitlement = entitlement, .person = person, .plan = plan};

    return n == 0 ? NULL : bsearch(&key, words, n, sizeof(key), compare_keys);
}

/* A wave before the newest could only be followed by another with all that it needed. */
static bool was_given(const struct rollout_row *row, const struct rollout_wave *waves,
                      size_t n_waves, const struct rollout_member *member, size_t n)
{
    size_t before = row->wave == 0 ? 0 : rollout_reach(waves, n_waves, row->wave - 1, n);

    return member->place == ROLLOUT_MOVED &&
           (member->place_in_order < before || row->confirmed || row->state == ROLLOUT_DONE);
}

typedef VEC_OF(struct rollout_word) word_vec;

static bool add_words(struct ledger *ledger, const struct rollout_row *row, struct arena *arena,
                      word_vec *words, struct err *err)
{
    const struct rollout_member *members;
    const struct rollout_wave *waves;
    size_t n, n_waves;

    if (!rollout_parse_waves(row->waves, arena, &waves, &n_waves, err) ||
        !ledger_rollout_members(ledger, row->id, arena, &members, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool given = was_given(row, waves, n_waves, &members[i], n);
        /* Once aborted, what was asked goes on as requests do. */
        if (members[i].request.len == 0 || (row->state == ROLLOUT_ABORTED && !given))
            continue;
        VEC_PUSH(arena, words,
                 ((struct rollout_word){row->entitlement, members[i].person, row->to_plan,
                                        row->number, given}));
    }
    return true;
}

/* Of rollouts that asked the same person for the same plan the newest counts. */
static size_t keep_newest(struct rollout_word *words, size_t n)
{
    size_t kept = 0;

    if (n > 1)
        qsort(words, n, sizeof(*words), compare_words);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || compare_keys(&words[kept - 1], &words[i]) != 0)
            words[kept++] = words[i];
    }
    return kept;
}

bool rollout_words(struct ledger *ledger, struct arena *arena, const struct rollout_word **out,
                   size_t *n, struct err *err)
{
    const struct rollout_row *rows;
    word_vec words = {0};
    size_t n_rows;

    if (!ledger_list_rollouts(ledger, false, arena, &rows, &n_rows, err))
        return false;
    for (size_t i = 0; i < n_rows; i++) {
        if (!add_words(ledger, &rows[i], arena, &words, err))
            return err_wrap(err, "rollout W%lld", (long long)rows[i].number);
    }
    *out = words.items;
    *n = keep_newest(words.items, words.n);
    return true;
}
