#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/vec.h"
#include "core/finding.h"
#include "core/hops.h"

/* Late hops, lingering seats and the state of SCIM as findings. One cause is one finding: who is in
 * it changes from run to run, and what it is about does not. */

#define NAMES_MAX       5  /* people named in a finding */
#define CAUSES_MAX      3  /* different words for one cause, e.g. of two groups */
#define SCIM_SUSPECT_AT 2  /* late people with nobody arriving since */
#define SCIM_PAGE_AT    10 /* ... from here on a whole intake is waiting */

struct making {
    struct arena *arena;
    VEC_OF(struct finding) out;
};

/* ---- seats that are late or linger ---- */

struct stuck {
    enum finding_kind kind;
    const struct hop_seat *seat;
    const struct hop_state *state;
};

/* What makes them one finding. */
static int compare_reasons(const struct stuck *a, const struct stuck *b)
{
    int order = (a->kind > b->kind) - (a->kind < b->kind);

    if (order == 0)
        order = str_cmp(a->seat->entitlement, b->seat->entitlement);
    if (order == 0)
        order = (a->state->hop > b->state->hop) - (a->state->hop < b->state->hop);
    return order != 0 ? order : (a->state->why > b->state->why) - (a->state->why < b->state->why);
}

static struct str name_of(const struct hop_seat *seat)
{
    return seat->login.len > 0 ? seat->login : seat->person;
}

static int compare_stuck(const void *a, const void *b)
{
    const struct stuck *sa = a;
    const struct stuck *sb = b;
    int order = compare_reasons(sa, sb);

    if (order == 0)
        order = str_cmp(name_of(sa->seat), name_of(sb->seat));
    if (order == 0)
        order = str_cmp(sa->seat->person, sb->seat->person);
    return order != 0 ? order : str_cmp(sa->seat->plan, sb->seat->plan);
}

/* Sorted by name, so the same person's seats are neighbours. */
static bool is_new_person(const struct stuck *items, size_t i)
{
    return i == 0 || !str_eq(items[i].seat->person, items[i - 1].seat->person);
}

static size_t count_people(const struct stuck *items, size_t n)
{
    size_t people = 0;

    for (size_t i = 0; i < n; i++)
        people += is_new_person(items, i);
    return people;
}

static struct str list_people(const struct stuck *items, size_t n, struct arena *arena)
{
    size_t people = count_people(items, n), named = 0;
    struct str out = {0};

    for (size_t i = 0; i < n && named < NAMES_MAX; i++) {
        if (!is_new_person(items, i))
            continue;
        bool is_last = named + 1 == people;

        out = arena_printf(arena, "%.*s%s%.*s", STR_ARG(out),
                           named == 0 ? ""
                           : is_last  ? " and "
                                      : ", ",
                           STR_ARG(name_of(items[i].seat)));
        named++;
    }
    if (people > named)
        out = arena_printf(arena, "%.*s and %zu more", STR_ARG(out), people - named);
    return out;
}

static bool is_said_before(const struct stuck *items, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_eq(items[k].state->cause, items[i].state->cause))
            return true;
    }
    return false;
}

static struct str list_causes(const struct stuck *items, size_t n, struct arena *arena)
{
    struct str out = {0};
    size_t told = 0;

    for (size_t i = 0; i < n && told < CAUSES_MAX; i++) {
        if (items[i].state->cause.len == 0 || is_said_before(items, i))
            continue;
        out = arena_printf(arena, "%.*s%s%.*s", STR_ARG(out), told > 0 ? "; " : "",
                           STR_ARG(items[i].state->cause));
        told++;
    }
    return out;
}

static int64_t first_since(const struct stuck *items, size_t n)
{
    int64_t first = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t since = items[i].state->since_ms;

        if (since != 0 && (first == 0 || since < first))
            first = since;
    }
    return first;
}

static const char *const late_where[HOP_COUNT] = {
    [HOP_OKTA] = "into the Okta group",
    [HOP_USER] = "into IAM Identity Center",
    [HOP_PUSHED] = "into the group in IAM Identity Center",
    [HOP_SEAT] = "to a subscription",
    [HOP_IN_USE] = "to the first use",
};
static const char *const lingering_where[HOP_COUNT] = {
    [HOP_OKTA] = "in the Okta group",
    [HOP_USER] = "in IAM Identity Center",
    [HOP_PUSHED] = "in the group in IAM Identity Center",
    [HOP_SEAT] = "subscribed",
    [HOP_IN_USE] = "in use",
};

static struct str tell_stuck(const struct stuck *items, size_t n, struct arena *arena)
{
    size_t people = count_people(items, n);
    int64_t since = first_since(items, n);
    struct str names = list_people(items, n, arena);
    struct str causes = list_causes(items, n, arena);
    struct str who = people == 1 ? names : arena_printf(arena, "%zu people", people);
    struct str what =
        items->kind == FINDING_LATE_HOP
            ? arena_printf(arena, "%s late on the way %s", people == 1 ? "is" : "are",
                           late_where[items->state->hop])
            : arena_printf(arena, "%s still %s though the seat has ended",
                           people == 1 ? "is" : "are", lingering_where[items->state->hop]);
    struct str when = since == 0
                          ? (struct str){0}
                          : arena_printf(arena, ", %ssince %.*s", people == 1 ? "" : "the first ",
                                         STR_ARG(time_local_str(since, arena)));

    return arena_printf(arena, "%.*s %.*s%.*s%s%.*s%s%.*s", STR_ARG(who), STR_ARG(what),
                        STR_ARG(when), people == 1 ? "" : " (",
                        STR_ARG(people == 1 ? (struct str){0} : names),
                        people == 1 ? ": " : "): ", STR_ARG(causes));
}

/* What a guard holds, it holds by the rules; the guard's own finding says so where that needs a
 * person. */
static enum severity stuck_severity(const struct stuck *stuck)
{
    return stuck->state->why == HOP_CAUSE_HELD ? SEVERITY_INFO : SEVERITY_TICKET;
}

static void make_stuck(struct making *making, const struct stuck *items, size_t n)
{
    enum hop_cause why = items->state->why;
    struct finding finding = {
        .kind = items->kind,
        .severity = stuck_severity(items),
        .entitlement = items->seat->entitlement,
        .hop = str_of(hop_name(items->state->hop)),
        .variant = why != HOP_CAUSE_NONE ? str_of(hop_cause_name(why)) : (struct str){0},
        .since_ms = first_since(items, n),
        .detail = tell_stuck(items, n, making->arena),
        .remedy = items->state->remedy,
    };

    /* The person is not part of the key: it stays the same finding when a second one comes. With
     * one alone the next command is about that one. */
    if (count_people(items, n) == 1)
        finding.login = name_of(items->seat);
    for (size_t i = 0; i < n && items->kind == FINDING_LINGERING_SEAT; i++)
        finding.cost_minor += items[i].seat->cost_minor;
    VEC_PUSH(making->arena, &making->out, finding);
}

static void make_seats(struct making *making, const struct hop_seat *seats, size_t n)
{
    VEC_OF(struct stuck) all = {0};

    for (size_t i = 0; i < n; i++) {
        for (int hop = 0; hop < HOP_COUNT; hop++) {
            const struct hop_state *state = &seats[i].states[hop];
            bool is_late = state->state == HOP_LATE;

            if (!is_late && !(state->state == HOP_LEAVING && state->overdue))
                continue;
            VEC_PUSH(making->arena, &all,
                     ((struct stuck){is_late ? FINDING_LATE_HOP : FINDING_LINGERING_SEAT, &seats[i],
                                     state}));
        }
    }
    if (all.n > 1)
        qsort(all.items, all.n, sizeof(all.items[0]), compare_stuck);
    for (size_t i = 0, end; i < all.n; i = end) {
        for (end = i + 1; end < all.n && compare_reasons(&all.items[i], &all.items[end]) == 0;)
            end++;
        make_stuck(making, &all.items[i], end - i);
    }
}

/* ---- SCIM ---- */

/* Late between Okta and Identity Center, and nothing about the person or the group explains it. */
static bool is_scim_suspect(const struct hop_state *state)
{
    if (state->state != HOP_LATE || (state->hop != HOP_USER && state->hop != HOP_PUSHED))
        return false;
    return state->why == HOP_CAUSE_NONE || state->why == HOP_CAUSE_LOST ||
           state->why == HOP_CAUSE_TOKEN_EXPIRED || state->why == HOP_CAUSE_MAPPING_ERROR ||
           state->why == HOP_CAUSE_PUSH_FAILED;
}

struct suspects {
    size_t people;
    int64_t first_due_ms;
};

static struct suspects find_suspects(const struct hop_seat *seats, size_t n, struct arena *arena)
{
    VEC_OF(struct str) people = {0};
    struct suspects out = {0};

    for (size_t i = 0; i < n; i++) {
        for (int hop = HOP_USER; hop <= HOP_PUSHED; hop++) {
            const struct hop_state *state = &seats[i].states[hop];

            if (!is_scim_suspect(state))
                continue;
            if (out.first_due_ms == 0 || state->deadline_ms < out.first_due_ms)
                out.first_due_ms = state->deadline_ms;
            VEC_PUSH(arena, &people, seats[i].person);
        }
    }
    out.people = people.n > 0 ? str_sort_unique(people.items, people.n) : 0;
    return out;
}

static bool is_token_expired(const struct scim_facts *scim)
{
    return scim->token_expires_ms != 0 && scim->now_ms >= scim->token_expires_ms;
}

static struct str tell_late(const struct suspects *late, struct arena *arena)
{
    return arena_printf(arena,
                        "%zu people are late on the way from Okta to IAM Identity Center, and "
                        "nobody has arrived since the first was due on %.*s",
                        late->people, STR_ARG(time_local_str(late->first_due_ms, arena)));
}

static struct str tell_failure(const struct scim_facts *scim, struct arena *arena)
{
    struct str words = scim->push_failure;

    if (words.len > 0)
        words = arena_printf(arena, " (%.*s)", STR_ARG(words));
    return arena_printf(arena,
                        "a push from Okta to IAM Identity Center failed on %.*s%.*s, and nobody "
                        "has arrived since",
                        STR_ARG(time_local_str(scim->push_failure_ms, arena)), STR_ARG(words));
}

static struct str tell_expired(const struct scim_facts *scim, struct arena *arena)
{
    return arena_printf(arena, "the access token that Okta pushes with has expired on %.*s",
                        STR_ARG(date_str(scim->token_expires_ms, arena)));
}

static struct str join(struct str before, struct str text, struct arena *arena)
{
    if (before.len == 0)
        return text;
    return arena_printf(arena, "%.*s; %.*s", STR_ARG(before), STR_ARG(text));
}

static void make_broken(struct making *making, const struct scim_facts *scim,
                        const struct suspects *late)
{
    bool is_stuck = late->people >= SCIM_SUSPECT_AT && scim->last_arrival_ms < late->first_due_ms;
    bool has_failed = scim->push_failure_ms > scim->last_arrival_ms;
    struct arena *arena = making->arena;
    struct str detail = {0};

    if (is_stuck)
        detail = join(detail, tell_late(late, arena), arena);
    if (has_failed)
        detail = join(detail, tell_failure(scim, arena), arena);
    if (detail.len == 0)
        return;
    if (is_token_expired(scim))
        detail = join(detail, tell_expired(scim, arena), arena);
    struct finding finding = {
        .kind = FINDING_SCIM_BROKEN,
        .severity = late->people >= SCIM_PAGE_AT ? SEVERITY_PAGE : SEVERITY_TICKET,
        .since_ms = is_stuck ? late->first_due_ms : scim->push_failure_ms,
        .detail = detail,
        .remedy = STR("in Okta, open the application AWS IAM Identity Center, Provisioning, "
                      "Integration, and test the API credentials; if they fail, make a new access "
                      "token in the AWS console under IAM Identity Center, Settings, Automatic "
                      "provisioning, and put it in; then look at Push Groups"),
    };
    VEC_PUSH(arena, &making->out, finding);
}

/* Each step is a finding of its own, so that who puts one aside hears of the next. */
static const struct step {
    int64_t days;
    const char *variant;
    enum severity severity;
} steps[] = {
    {0, "expired", SEVERITY_PAGE}, {1, "1", SEVERITY_PAGE},   {7, "7", SEVERITY_PAGE},
    {30, "30", SEVERITY_TICKET},   {90, "90", SEVERITY_INFO},
};

static void make_expiring(struct making *making, const struct scim_facts *scim)
{
    int64_t left = scim->token_expires_ms - scim->now_ms;
    struct arena *arena = making->arena;
    const struct step *step = NULL;

    if (scim->token_expires_ms == 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(steps) && !step; i++)
        step = left <= steps[i].days * TIME_DAY ? &steps[i] : NULL;
    if (!step)
        return;
    struct str day = date_str(scim->token_expires_ms, arena);
    struct finding finding = {
        .kind = FINDING_SCIM_EXPIRING,
        .severity = step->severity,
        .variant = str_of(step->variant),
        .since_ms = scim->token_expires_ms - step->days * TIME_DAY,
        .detail = arena_printf(
            arena,
            step->days == 0
                ? "the access token that Okta pushes with has expired on %.*s, by the date in the "
                  "settings: nobody new arrives in IAM Identity Center, and Okta looks fine"
                : "the access token that Okta pushes with expires on %.*s; from then on nobody new "
                  "arrives in IAM Identity Center, though Okta looks fine",
            STR_ARG(day)),
        .remedy = STR("in the AWS console, open IAM Identity Center, Settings, Automatic "
                      "provisioning, and make a new access token; in Okta, open the application "
                      "AWS IAM Identity Center, Provisioning, Integration, and put it in; then set "
                      "aws.scim_token_expires"),
        .subject = arena_printf(arena, "%s %.*s", step->variant, STR_ARG(day)),
    };
    VEC_PUSH(arena, &making->out, finding);
}

static int compare_findings(const void *a, const void *b)
{
    return finding_compare(a, b);
}

void hop_findings(const struct hop_seat *seats, size_t n, const struct scim_facts *scim,
                  struct arena *arena, struct finding **out, size_t *n_out)
{
    struct making making = {.arena = arena};

    make_seats(&making, seats, n);
    if (scim && scim->configured) {
        struct suspects late = find_suspects(seats, n, arena);

        make_broken(&making, scim, &late);
        make_expiring(&making, scim);
    }
    if (making.out.n > 1)
        qsort(making.out.items, making.out.n, sizeof(making.out.items[0]), compare_findings);
    *out = making.out.items;
    *n_out = making.out.n;
}
