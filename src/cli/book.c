#include "cli/book.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

#define MEMORY_MS         (400 * TIME_DAY) /* grants that ended before this explain nothing */
#define INACTIVE_APART_MS TIME_MINUTE

/* ---- people ---- */

static bool read_people(struct book *book, struct err *err)
{
    struct arena *arena = &book->cli->arena;
    const struct person_row *rows;

    if (!ledger_load_people(book->cli->ledger, arena, &rows, &book->n_people, err))
        return false;
    book->people = arena_array(arena, struct person_row, book->n_people);
    for (size_t i = 0; i < book->n_people; i++) {
        book->people[i] = rows[i];
        (void)map_put(&book->by_id, arena, rows[i].person.id, &book->people[i]);
    }
    return true;
}

const struct person_row *book_person(const struct book *book, struct str id)
{
    return map_get(&book->by_id, id);
}

struct str book_login(const struct book *book, struct str id)
{
    const struct person_row *row = book_person(book, id);

    return row && row->person.login.len > 0 ? row->person.login : id;
}

/* What the ledger remembers of people, in the words of the rules. */
static struct facts facts_of(const struct book *book)
{
    struct person_facts *people =
        arena_array(&book->cli->arena, struct person_facts, book->n_people);

    for (size_t i = 0; i < book->n_people; i++) {
        const struct person_row *row = &book->people[i];
        people[i] = (struct person_facts){
            .person = row->person,
            .inactive_since_ms = row->inactive_since,
            .inactive_twice = row->inactive_last - row->inactive_since >= INACTIVE_APART_MS,
            .gone_since_ms = row->gone_since,
            .ineligible_since_ms = row->ineligible_since,
            .blocked = row->blocked_at != 0,
            .version = row->version,
        };
    }
    return (struct facts){.people = people, .n = book->n_people};
}

/* ---- groups ---- */

static bool could_not_read(const struct book *book, struct str group)
{
    for (size_t i = 0; i < book->n_findings; i++) {
        const struct finding *finding = &book->findings[i].finding;
        bool is_about_it = finding->group.len == 0 || str_eq(finding->group, group);
        if (finding->kind == FINDING_REMOTE_UNAVAILABLE && is_about_it)
            return true;
    }
    return false;
}

/* After an edit of the settings the former place of a group may still be pinned: the latest counts.
 */
static struct book_group *place_of(struct book *book, const struct group_pin *pin)
{
    for (size_t i = 0; i < book->n_groups; i++) {
        struct book_group *known = &book->groups[i];
        if (str_eq(known->pin.entitlement, pin->entitlement) && str_eq(known->pin.plan, pin->plan))
            return known;
    }
    return &book->groups[book->n_groups++];
}

static bool read_groups(struct book *book, struct err *err)
{
    struct arena *arena = &book->cli->arena;
    const struct policy *policy = &book->cli->settings.policy;
    const struct group_pin *pins;
    size_t n;

    if (!ledger_load_pins(book->cli->ledger, arena, &pins, &n, err))
        return false;
    book->groups = arena_array(arena, struct book_group, n);
    for (size_t i = 0; i < n; i++) {
        if (pins[i].role != PIN_PLAN)
            continue;
        struct book_group *group = place_of(book, &pins[i]);
        if (group->pin.group_id.len == 0 || pins[i].pinned_at >= group->pin.pinned_at)
            group->pin = pins[i];
    }
    for (size_t i = 0; i < book->n_groups; i++) {
        struct book_group *group = &book->groups[i];
        const struct entitlement *ent = policy_entitlement(policy, group->pin.entitlement);
        if (ent && entitlement_plan(ent, group->pin.plan))
            group->ent = ent;
        if (!ledger_load_baseline(book->cli->ledger, group->pin.group_id, arena, &group->baseline,
                                  err))
            return false;
        group->readable =
            group->ent && group->baseline.exists && !could_not_read(book, group->pin.group_id);
    }
    return true;
}

/* ---- what the last run held ---- */

static struct str held_key(enum op_kind kind, const struct book_seat *seat, struct arena *arena)
{
    return arena_printf(arena, "%s %.*s %.*s %.*s", op_kind_name(kind), STR_ARG(seat->entitlement),
                        STR_ARG(seat->plan), STR_ARG(seat->person));
}

static bool read_held(struct book *book, struct err *err)
{
    struct arena *arena = &book->cli->arena;
    const struct op_row *ops;
    size_t n;

    if (!book->has_run)
        return true;
    if (!ledger_run_ops(book->cli->ledger, book->run.id, arena, &ops, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct book_seat at = {
            .person = ops[i].person, .entitlement = ops[i].entitlement, .plan = ops[i].plan};
        if (ops[i].state != OP_HELD && ops[i].state != OP_FAILED)
            continue;
        struct str *why = arena_new(arena, struct str);
        *why = ops[i].reason;
        (void)map_put(&book->held, arena, held_key(ops[i].kind, &at, arena), why);
    }
    return true;
}

bool book_read(struct cli *cli, struct book *out, struct err *err)
{
    struct book book = {.cli = cli, .now_ms = clock_now(&cli->clock)};

    if (!ledger_last_run(cli->ledger, &cli->arena, &book.run, &book.has_run, err) ||
        !ledger_load_findings(cli->ledger, true, &cli->arena, &book.findings, &book.n_findings,
                              err) ||
        !ledger_load_grants(cli->ledger, book.now_ms - MEMORY_MS, &cli->arena, &book.grants,
                            &book.n_grants, err) ||
        !ledger_load_hops(cli->ledger, &cli->arena, &book.hops, &book.n_hops, err) ||
        !read_people(&book, err) || !read_groups(&book, err) || !read_held(&book, err))
        return false;
    grants_sort(book.grants, book.n_grants);
    struct facts facts = facts_of(&book);
    book.desired = desired_at(&cli->settings.policy, book.grants, book.n_grants, &facts,
                              book.now_ms, &cli->arena);
    *out = book;
    return true;
}

/* ---- seats ---- */

struct seat_list {
    const struct book *book;
    const struct book_query *query;
    VEC_OF(struct book_seat) seats;
};

/* Live ones and those to come; how long the live ones of this plan last, and since when. */
static int64_t take_grants(const struct book *book, struct book_seat *seat)
{
    size_t n;
    const struct grant *all =
        grants_of(book->grants, book->n_grants, seat->entitlement, seat->person, &n);
    struct grant *kept = arena_array(&book->cli->arena, struct grant, n);
    int64_t since = 0;

    for (size_t i = 0; i < n; i++) {
        bool is_live = grant_is_live(&all[i], book->now_ms);
        if (!is_live && !grant_is_ahead(&all[i], book->now_ms))
            continue;
        kept[seat->n_grants++] = all[i];
        if (!is_live || !str_eq(all[i].plan, seat->plan))
            continue;
        if (grant_end(&all[i]) > seat->until_ms) {
            seat->until_ms = grant_end(&all[i]);
            seat->owner = all[i].owner;
        }
        int64_t began = all[i].from_ms > all[i].created_at ? all[i].from_ms : all[i].created_at;
        if (since == 0 || began < since)
            since = began;
    }
    seat->grants = kept;
    return since;
}

static const struct hop_row *hop_row_of(const struct book *book, const struct book_seat *seat)
{
    return follow_row(book->hops, book->n_hops, seat->entitlement, seat->plan, seat->person);
}

/* What the last run saw behind Okta. A seat that was decided about since has not been followed in
 * its new direction yet; the first hop is told from what is known now. */
static void take_hops(const struct book *book, struct book_seat *seat)
{
    const struct hop_row *row = hop_row_of(book, seat);

    if (!row || row->desired != seat->desired)
        return;
    for (int hop = HOP_USER; hop < HOP_COUNT; hop++)
        seat->hops[hop] = row->states[hop];
}

/* The first hop as things stand now: a request decided since the last run counts. */
static struct hops_input okta_now(const struct book *book, const struct book_group *group,
                                  const struct accepted *accepted, struct book_seat *seat)
{
    enum op_kind kind = seat->desired ? OP_OKTA_ADD : OP_OKTA_REMOVE;
    const struct str *held = map_get(&book->held, held_key(kind, seat, &book->cli->arena));
    const struct entitlement *ent = group->ent;
    /* Other people's members are where they should be, as far as we are concerned. */
    bool desired = seat->desired || (seat->member && !seat->owned);
    struct hops_input in = {
        .desired = desired,
        .owed_since_ms = take_grants(book, seat),
        .now_ms = book->now_ms,
        .sights = {[HOP_OKTA] = {.applies = true,
                                 .readable = group->readable,
                                 .is_there = seat->member}},
        .deadline_ms = {[HOP_OKTA] = ent && ent->okta_deadline_ms > 0
                                         ? ent->okta_deadline_ms
                                         : 2 * book->cli->settings.policy.every_ms},
        .held_why = held ? *held : (struct str){0},
    };

    if (!desired) { /* whoever ends a seat by asking is not late by that */
        in.owed_since_ms = 0;
        in.deadline_ms[HOP_OKTA] = 0;
    } else if (!seat->member) {
        in.memory[HOP_OKTA] = (struct hop_memory){HOP_ON_ITS_WAY, in.owed_since_ms};
    } else if (accepted) {
        in.memory[HOP_OKTA] = (struct hop_memory){HOP_REACHED, accepted->since_ms};
    }
    if (!group->readable) {
        in.sights[HOP_OKTA].remedy = STR("`seatkeeper status` says which remote is away");
        in.sights[HOP_OKTA].cause = STR("the group's members could not be read");
        in.sights[HOP_OKTA].why = HOP_CAUSE_UNREADABLE;
    }
    return in;
}

static void follow(const struct book *book, const struct book_group *group,
                   const struct accepted *accepted, struct book_seat *seat)
{
    const struct hops_input in = okta_now(book, group, accepted, seat);
    const struct hops_result now = hops_see(&in);

    memcpy(seat->hops, now.states, sizeof(seat->hops));
    take_hops(book, seat);
}

static void add_seat(struct seat_list *list, const struct book_group *group, struct str person,
                     bool is_desired)
{
    const struct book_query *query = list->query;
    const struct accepted *accepted = baseline_find(&group->baseline, person);
    struct book_seat seat = {
        .group = group,
        .person = person,
        .login = book_login(list->book, person),
        .entitlement = group->pin.entitlement,
        .plan = group->pin.plan,
        .desired = is_desired,
        .member = accepted && !accepted->taken_out,
        .owned = baseline_owns(&group->baseline, person),
    };

    if ((query->person.len > 0 && !str_eq(query->person, person)) ||
        (query->only.len > 0 && !str_eq(query->only, seat.entitlement)))
        return;
    bool lingers = !seat.member && hop_row_of(list->book, &seat) != NULL;
    seat.owned |= lingers; /* nobody else's seats are followed */
    if (!seat.desired && !lingers && !(seat.member && (seat.owned || query->unmanaged)))
        return;
    follow(list->book, group, accepted, &seat);
    VEC_PUSH(&list->book->cli->arena, &list->seats, seat);
}

static int compare_logins(const void *a, const void *b)
{
    const struct book_seat *sa = a;
    const struct book_seat *sb = b;
    int order = str_cmp(sa->login, sb->login);

    return order != 0 ? order : str_cmp(sa->person, sb->person);
}

static void add_group(struct seat_list *list, const struct book_group *group,
                      const struct people *wanted)
{
    size_t from = list->seats.n;

    for (size_t i = 0; i < wanted->n; i++)
        add_seat(list, group, wanted->ids[i], true);
    for (size_t i = 0; i < group->baseline.n; i++) {
        if (!people_has(wanted, group->baseline.people[i].person))
            add_seat(list, group, group->baseline.people[i].person, false);
    }
    /* Out of the Okta group, and not yet gone behind it. */
    for (size_t i = 0; i < list->book->n_hops; i++) {
        const struct hop_row *row = &list->book->hops[i];
        if (str_eq(row->entitlement, group->pin.entitlement) &&
            str_eq(row->plan, group->pin.plan) && !people_has(wanted, row->person) &&
            !baseline_find(&group->baseline, row->person))
            add_seat(list, group, row->person, false);
    }
    if (list->seats.n - from > 1) {
        qsort(list->seats.items + from, list->seats.n - from, sizeof(list->seats.items[0]),
              compare_logins);
    }
}

static const struct book_group *place(const struct book *book, struct str ent, struct str plan)
{
    for (size_t i = 0; i < book->n_groups; i++) {
        if (str_eq(book->groups[i].pin.entitlement, ent) && str_eq(book->groups[i].pin.plan, plan))
            return &book->groups[i];
    }
    /* No run has found that group yet. */
    struct book_group *group = arena_new(&book->cli->arena, struct book_group);
    group->ent = policy_entitlement(&book->cli->settings.policy, ent);
    group->pin.entitlement = ent;
    group->pin.plan = plan;
    return group;
}

/* Live grants of an entitlement or plan that the settings no longer know: watched, never touched.
 */
static void add_orphans(struct seat_list *list)
{
    const struct book *book = list->book;

    for (size_t i = 0; i < book->n_grants; i++) {
        const struct grant *grant = &book->grants[i];
        const struct entitlement *ent =
            policy_entitlement(&book->cli->settings.policy, grant->entitlement);
        if (grant_is_live(grant, book->now_ms) && !(ent && entitlement_plan(ent, grant->plan)))
            add_seat(list, place(book, grant->entitlement, grant->plan), grant->person, true);
    }
}

void book_seats(const struct book *book, const struct book_query *query, struct book_seat **out,
                size_t *n)
{
    struct seat_list list = {.book = book, .query = query};

    for (size_t i = 0; i < book->desired.n; i++) {
        const struct desired_group *group = &book->desired.groups[i];
        add_group(&list, place(book, group->ent->name, group->plan), &group->people);
    }
    add_orphans(&list);
    *out = list.seats.items;
    *n = list.seats.n;
}
