#include "core/sub_notes.h"

#include <stdlib.h>

#include "base/utf8.h"

#define NAMES_MAX 5 /* people named in a finding */

static int compare_causes(const struct sub_note *a, const struct sub_note *b)
{
    int order = (a->kind > b->kind) - (a->kind < b->kind);

    if (order == 0)
        order = str_cmp(a->entitlement, b->entitlement);
    return order != 0 ? order : str_cmp(a->variant, b->variant);
}

static int compare_notes(const void *a, const void *b)
{
    const struct sub_note *na = a;
    const struct sub_note *nb = b;
    int order = compare_causes(na, nb);

    if (order == 0)
        order = str_cmp(na->name, nb->name);
    return order != 0 ? order : str_cmp(na->person, nb->person);
}

/* Sorted by name, so one person's notes are neighbours. */
static bool is_new_name(const struct sub_note *notes, size_t i)
{
    return i == 0 || !str_eq(notes[i].name, notes[i - 1].name);
}

static size_t count_names(const struct sub_note *notes, size_t n)
{
    size_t names = 0;

    for (size_t i = 0; i < n; i++)
        names += is_new_name(notes, i);
    return names;
}

static struct str list_names(const struct sub_note *notes, size_t n, struct arena *arena)
{
    size_t names = count_names(notes, n), named = 0;
    struct str out = {0};

    for (size_t i = 0; i < n && named < NAMES_MAX; i++) {
        if (!is_new_name(notes, i))
            continue;
        out = arena_printf(arena, "%.*s%s%.*s", STR_ARG(out),
                           named == 0           ? ""
                           : named + 1 == names ? " and "
                                                : ", ",
                           STR_ARG(notes[i].name));
        named++;
    }
    if (names > named)
        out = arena_printf(arena, "%.*s and %zu more", STR_ARG(out), names - named);
    return out;
}

/* `ada@example.com is ...` or `3 people (ada, bob and cy) are ...`. */
static struct str tell_people(const struct sub_note *notes, size_t n, struct arena *arena)
{
    size_t names = count_names(notes, n);
    struct str list = list_names(notes, n, arena);

    if (names == 1)
        return arena_printf(arena, "%.*s is", STR_ARG(list));
    return arena_printf(arena, "%zu people (%.*s) are", names, STR_ARG(list));
}

static int64_t first_since(const struct sub_note *notes, size_t n)
{
    int64_t first = 0;

    for (size_t i = 0; i < n; i++) {
        if (notes[i].since_ms != 0 && (first == 0 || notes[i].since_ms < first))
            first = notes[i].since_ms;
    }
    return first;
}

static const struct words {
    enum severity severity;
    const char *remedy;
} words[FINDING_KIND_COUNT] = {
    [FINDING_WRONG_PLAN] = {SEVERITY_TICKET,
                            "in the AWS console, open Kiro, and look at which plan the group is "
                            "subscribed to and whether the person is subscribed in another way "
                            "too; nothing is done about it from here"},
    [FINDING_UNKNOWN_PLAN] = {SEVERITY_TICKET,
                              "look up in the AWS console, under Kiro, which plan these people "
                              "have, and write the spelling into `catalogue.plans[].read_as` of "
                              "that plan"},
    [FINDING_DOUBLE_SEAT] = {SEVERITY_TICKET,
                             "in the AWS console, open Kiro, find the person among the "
                             "subscriptions, and cancel the one that no group gives"},
    [FINDING_ORPHAN_SUBSCRIPTION] = {SEVERITY_TICKET,
                                     "in the AWS console, open Kiro, and cancel these "
                                     "subscriptions by their user ids; what cannot be cancelled "
                                     "there is for a support case with AWS"},
};

/* How many rows have the spelling is part of the sentence. */
static struct str tell_unknown(const struct sub_note *notes, size_t n, struct arena *arena)
{
    return arena_printf(arena,
                        "subscribed to something spelt `%.*s`, which stands for no plan of the "
                        "catalogue (%zu %s): nothing is changed for them until that is said",
                        STR_ARG(utf8_printable(notes->variant, arena)), n, n == 1 ? "row" : "rows");
}

static void make_finding(const struct sub_note *notes, size_t n, struct arena *arena,
                         struct sub_made *out)
{
    struct finding finding = {
        .kind = notes->kind,
        .severity = words[notes->kind].severity,
        .entitlement = notes->entitlement,
        .variant = notes->variant,
        .since_ms = first_since(notes, n),
        .remedy = str_of(words[notes->kind].remedy),
    };
    struct str who = tell_people(notes, n, arena);
    struct str what =
        notes->kind == FINDING_UNKNOWN_PLAN ? tell_unknown(notes, n, arena) : notes->what;

    finding.detail = arena_printf(arena, "%.*s %.*s", STR_ARG(who), STR_ARG(what));
    for (size_t i = 0; i < n; i++)
        finding.cost_minor += notes[i].cost_minor;
    /* Whose it is, is no part of a cause's key; of somebody alone the next command is about them.
     */
    if (count_names(notes, n) == 1 && notes->person.len > 0)
        finding.login = notes->name;
    VEC_PUSH(arena, out, finding);
}

void sub_notes_tell(struct sub_notes *notes, struct arena *arena, struct sub_made *out)
{
    const struct sub_note *items = notes->items;

    if (notes->n > 1)
        qsort(notes->items, notes->n, sizeof(*notes->items), compare_notes);
    for (size_t i = 0, end; i < notes->n; i = end) {
        for (end = i + 1; end < notes->n && compare_causes(&items[i], &items[end]) == 0;)
            end++;
        make_finding(&items[i], end - i, arena, out);
    }
}
