#include "core/sub_findings.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "core/money.h"
#include "core/sub_notes.h"

struct making {
    const struct sub_input *in;
    struct arena *arena;
    struct sub_row *rows;   /* by user, then raw */
    struct sub_seat *seats; /* by person */
    struct sub_notes notes;
    struct sub_made out;
};

static bool is_live(const struct sub_row *row)
{
    return row->status != SUB_CANCELED;
}

/* What the row is called by: the person if there is one, else the bare id over there. */
static struct str name_of(const struct sub_row *row)
{
    if (row->login.len > 0)
        return row->login;
    return row->person.len > 0 ? row->person : row->user;
}

static int64_t price_of(const struct making *making, struct str plan)
{
    const struct catalogue_plan *row = catalogue_plan(&making->in->policy->catalogue, plan);

    return row ? row->price_minor : 0;
}

static struct str amount(const struct making *making, int64_t minor)
{
    return money_str(minor, making->in->policy->catalogue.currency, making->arena);
}

static struct sub_note *add_note(struct making *making, enum finding_kind kind,
                                 const struct sub_row *row)
{
    VEC_PUSH(
        making->arena, &making->notes,
        ((struct sub_note){
            .kind = kind, .person = row->person, .name = name_of(row), .since_ms = row->since_ms}));
    return &making->notes.items[making->notes.n - 1];
}

/* ---- all rows of one user ---- */

struct user {
    const struct sub_row *rows;
    size_t n, n_live;
    bool is_told;                 /* what every one of them means is known */
    const struct sub_row *top;    /* the live one of the highest plan; NULL: none */
    const struct sub_seat *seats; /* of the person */
    size_t n_seats;
};

static int compare_rows(const void *a, const void *b)
{
    const struct sub_row *ra = a;
    const struct sub_row *rb = b;
    int order = str_cmp(ra->user, rb->user);

    if (order == 0)
        order = str_cmp(ra->raw, rb->raw);
    return order != 0 ? order : (ra->status > rb->status) - (ra->status < rb->status);
}

static int compare_seats(const void *a, const void *b)
{
    const struct sub_seat *sa = a;
    const struct sub_seat *sb = b;
    int order = str_cmp(sa->person, sb->person);

    if (order == 0)
        order = str_cmp(sa->entitlement, sb->entitlement);
    return order != 0 ? order : str_cmp(sa->plan, sb->plan);
}

static const struct sub_seat *seats_of(const struct making *making, struct str person, size_t *n)
{
    size_t low = 0, high = making->in->n_seats;

    *n = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(making->seats[middle].person, person) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low + *n < making->in->n_seats && str_eq(making->seats[low + *n].person, person))
        ++*n;
    return &making->seats[low];
}

static struct user user_of(const struct making *making, const struct sub_row *rows, size_t n)
{
    const struct catalogue *catalogue = &making->in->policy->catalogue;
    struct user user = {.rows = rows, .n = n, .is_told = true};

    for (size_t i = 0; i < n; i++) {
        user.is_told = user.is_told && rows[i].plan.len > 0;
        if (!is_live(&rows[i]))
            continue;
        user.n_live++;
        if (!user.top || catalogue_compare(catalogue, user.top->plan, rows[i].plan) < 0)
            user.top = &rows[i];
    }
    if (rows->person.len > 0)
        user.seats = seats_of(making, rows->person, &user.n_seats);
    return user;
}

/* ---- what may be wrong with them ---- */

static void see_unknown(struct making *making, const struct user *user)
{
    for (size_t i = 0; i < user->n; i++) {
        const struct sub_row *row = &user->rows[i];

        if (row->plan.len > 0)
            continue;
        struct sub_note *note = add_note(making, FINDING_UNKNOWN_PLAN, row);
        note->variant = row->raw;
    }
}

/* The highest plan that is desired for the person; NULL: none. */
static const struct sub_seat *highest_desired(const struct making *making, const struct user *user)
{
    const struct catalogue *catalogue = &making->in->policy->catalogue;
    const struct sub_seat *top = NULL;

    for (size_t i = 0; i < user->n_seats; i++) {
        const struct sub_seat *seat = &user->seats[i];

        if (seat->desired && (!top || catalogue_compare(catalogue, top->plan, seat->plan) < 0))
            top = seat;
    }
    return top;
}

static bool has_seat(const struct user *user, struct str plan)
{
    for (size_t i = 0; i < user->n_seats; i++) {
        if (str_eq(user->seats[i].plan, plan))
            return true;
    }
    return false;
}

static bool is_due(const struct sub_seat *seat, int64_t now_ms)
{
    return seat->since_ms != 0 && seat->deadline_ms > 0 &&
           now_ms - seat->since_ms >= seat->deadline_ms;
}

/* A plan that is to be lowered stays the higher one until its group is left, with the month. */
static bool is_still_held(const struct making *making, const struct user *user,
                          const struct sub_seat *desired)
{
    return catalogue_compare(&making->in->policy->catalogue, user->top->plan, desired->plan) > 0 &&
           has_seat(user, user->top->plan);
}

static void see_wrong(struct making *making, const struct user *user)
{
    const struct sub_seat *desired = highest_desired(making, user);
    struct arena *arena = making->arena;

    if (!user->is_told || !user->top || !desired || str_eq(user->top->plan, desired->plan) ||
        is_still_held(making, user, desired) || !is_due(desired, making->in->now_ms))
        return;
    int64_t more = price_of(making, user->top->plan) - price_of(making, desired->plan);
    struct sub_note *note = add_note(making, FINDING_WRONG_PLAN, user->top);

    note->entitlement = desired->entitlement;
    note->since_ms = desired->since_ms;
    note->cost_minor = more > 0 && user->top->status == SUB_ACTIVE ? more : 0;
    note->variant = arena_printf(arena, "%.*s instead of %.*s", STR_ARG(user->top->plan),
                                 STR_ARG(desired->plan));
    note->what = arena_printf(arena, "subscribed to %.*s, and %.*s is what was granted",
                              STR_ARG(user->top->plan), STR_ARG(desired->plan));
}

/* Two groups at a time, in a move or by two entitlements, may well show as two rows. */
static bool is_explained(const struct user *user)
{
    for (size_t i = 0; i < user->n; i++) {
        if (!is_live(&user->rows[i]))
            continue;
        if (!has_seat(user, user->rows[i].plan))
            return false;
        for (size_t k = 0; k < i; k++) {
            if (is_live(&user->rows[k]) && str_eq(user->rows[k].plan, user->rows[i].plan))
                return false;
        }
    }
    return true;
}

static void see_double(struct making *making, const struct user *user)
{
    struct arena *arena = making->arena;
    struct str both = {0};

    if (user->n_live < 2 || is_explained(user))
        return;
    for (size_t i = 0; i < user->n; i++) {
        if (is_live(&user->rows[i])) {
            both = arena_printf(arena, "%.*s%s%.*s", STR_ARG(both), both.len > 0 ? " and " : "",
                                STR_ARG(utf8_printable(user->rows[i].raw, arena)));
        }
    }
    struct sub_note *note = add_note(making, FINDING_DOUBLE_SEAT, user->top);
    note->variant = both;
    note->what = arena_printf(arena,
                              "subscribed more than once, to %.*s; within one Kiro profile only "
                              "the highest of them is billed",
                              STR_ARG(both));
}

static void see_orphan(struct making *making, const struct user *user)
{
    if (!making->in->users_sealed || !user->top || people_has(&making->in->users, user->rows->user))
        return;
    for (size_t i = 0; i < user->n; i++) {
        const struct sub_row *row = &user->rows[i];

        if (!is_live(row))
            continue;
        struct sub_note *note = add_note(making, FINDING_ORPHAN_SUBSCRIPTION, row);
        note->cost_minor = row->status == SUB_ACTIVE ? price_of(making, row->plan) : 0;
        note->what = STR("subscribed, and IAM Identity Center has no such user any more");
    }
}

/* ---- what nobody uses ---- */

static const struct sub_row *pending_on(const struct user *user, struct str plan)
{
    const struct sub_row *found = NULL;

    for (size_t i = 0; i < user->n; i++) {
        if (user->rows[i].status == SUB_ACTIVE)
            return NULL; /* in use, be it on another plan */
        if (user->rows[i].status == SUB_PENDING && str_eq(user->rows[i].plan, plan))
            found = &user->rows[i];
    }
    return found;
}

static void propose(struct making *making, const struct sub_seat *seat, const struct sub_row *row)
{
    struct arena *arena = making->arena;
    int64_t price = price_of(making, seat->plan);
    struct finding finding = {
        .kind = FINDING_UNUSED_SEAT,
        .severity = SEVERITY_INFO,
        .entitlement = seat->entitlement,
        .person = seat->person,
        .login = seat->login,
        .since_ms = row->since_ms,
        .cost_minor = price,
        .detail = arena_printf(arena,
                               "the seat on %.*s has been there since %.*s and was never used; it "
                               "costs nothing until it is, and %.*s a month from then on",
                               STR_ARG(seat->plan), STR_ARG(date_str(row->since_ms, arena)),
                               STR_ARG(amount(making, price))),
        .remedy = STR("ask whether the seat is still needed; nothing is taken away unasked"),
    };

    VEC_PUSH(arena, &making->out, finding);
}

static void see_unused(struct making *making, const struct user *user)
{
    for (size_t i = 0; i < user->n_seats; i++) {
        const struct sub_seat *seat = &user->seats[i];
        const struct entitlement *ent = policy_entitlement(making->in->policy, seat->entitlement);
        const struct sub_row *row = pending_on(user, seat->plan);

        if (seat->desired && ent && ent->unused_after_ms > 0 && row && row->since_ms != 0 &&
            making->in->now_ms - row->since_ms > ent->unused_after_ms)
            propose(making, seat, row);
    }
}

/* The rule is there, and nothing could ever come of it. */
static void say_unobserved(struct making *making)
{
    const struct policy *policy = making->in->policy;

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct entitlement *ent = &policy->entitlements[i];
        bool is_bare = ent->provisioning == PROVISIONING_NONE;

        if (ent->unused_after_ms <= 0 || (making->in->observed && !is_bare))
            continue;
        struct finding finding = {
            .kind = FINDING_UNUSED_SEAT,
            .severity = SEVERITY_INFO,
            .entitlement = ent->name,
            .variant = STR("not observed"),
            .detail = is_bare ? STR("whether these seats are used is not known: nothing tells it "
                                    "of what is an Okta group and no more, so `unused_after` "
                                    "finds nothing")
                              : STR("whether these seats are used is not known: subscriptions are "
                                    "not observed, so `unused_after` finds nothing"),
            .remedy = is_bare ? STR("leave `unused_after` out here")
                              : STR("set `aws.subscriptions`, or leave `unused_after` out here"),
        };
        VEC_PUSH(making->arena, &making->out, finding);
    }
}

/* ---- all of it ---- */

static void *copied(const void *items, size_t n, size_t size, struct arena *arena)
{
    void *copy = arena_calloc(arena, n, size, alignof(max_align_t));

    if (n > 0)
        memcpy(copy, items, n * size);
    return copy;
}

static void see_rows(struct making *making)
{
    size_t n = making->in->n_rows;

    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && str_eq(making->rows[end].user, making->rows[i].user);)
            end++;
        struct user user = user_of(making, &making->rows[i], end - i);

        see_unknown(making, &user);
        see_wrong(making, &user);
        see_double(making, &user);
        see_orphan(making, &user);
        see_unused(making, &user);
    }
}

static int compare_findings(const void *a, const void *b)
{
    return finding_compare(a, b);
}

struct sub_verdict sub_findings(const struct sub_input *in, struct arena *arena)
{
    struct making making = {
        .in = in,
        .arena = arena,
        .rows = copied(in->rows, in->n_rows, sizeof(*in->rows), arena),
        .seats = copied(in->seats, in->n_seats, sizeof(*in->seats), arena),
    };

    if (in->n_rows > 1)
        qsort(making.rows, in->n_rows, sizeof(*making.rows), compare_rows);
    if (in->n_seats > 1)
        qsort(making.seats, in->n_seats, sizeof(*making.seats), compare_seats);
    if (in->observed && in->sealed)
        see_rows(&making);
    sub_notes_tell(&making.notes, arena, &making.out);
    say_unobserved(&making);
    if (making.out.n > 1)
        qsort(making.out.items, making.out.n, sizeof(making.out.items[0]), compare_findings);
    return (struct sub_verdict){making.out.items, making.out.n};
}

struct people sub_untouchable(const struct sub_row *rows, size_t n, struct arena *arena)
{
    VEC_OF(struct str) ids = {0};

    for (size_t i = 0; i < n; i++) {
        if (rows[i].plan.len == 0 && rows[i].person.len > 0)
            VEC_PUSH(arena, &ids, rows[i].person);
    }
    return (struct people){ids.items, ids.n > 0 ? str_sort_unique(ids.items, ids.n) : 0};
}
