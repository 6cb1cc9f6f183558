#include "core/overlay.h"

#include <stdlib.h>

struct laid {
    struct str person;
    int64_t sent_at;
    size_t at; /* place in the input: the later of two at one time */
    bool in;
};

static int compare_laid(const void *a, const void *b)
{
    const struct laid *la = a;
    const struct laid *lb = b;
    int order = str_cmp(la->person, lb->person);

    if (order != 0)
        return order;
    if (la->sent_at != lb->sent_at)
        return la->sent_at < lb->sent_at ? -1 : 1;
    return (la->at > lb->at) - (la->at < lb->at);
}

static bool may_have_happened(enum op_state state)
{
    return state == OP_SENT || state == OP_UNKNOWN || state == OP_DONE;
}

/* The latest fresh write per person, sorted by person. */
static size_t fresh_writes(const struct listing *listing, const struct recent_write *writes,
                           size_t n_writes, struct laid *out)
{
    size_t n = 0;
    size_t kept = 0;

    for (size_t i = 0; i < n_writes; i++) {
        const struct recent_write *write = &writes[i];

        if (str_eq(write->group, listing->collection) && may_have_happened(write->state) &&
            listing->at_ms - write->sent_at < OVERLAY_WINDOW_MS)
            out[n++] = (struct laid){write->person, write->sent_at, i, op_is_add(write->kind)};
    }
    if (n > 1)
        qsort(out, n, sizeof(out[0]), compare_laid);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 == n || !str_eq(out[i].person, out[i + 1].person))
            out[kept++] = out[i];
    }
    return kept;
}

struct people overlay_people(const struct listing *listing, const struct recent_write *writes,
                             size_t n_writes, struct arena *arena)
{
    /* What is not sealed is unknown: our own writes alone are no membership. */
    if (!listing_is_sealed(listing))
        return (struct people){0};

    struct laid *laid = arena_array(arena, struct laid, n_writes);
    size_t n_laid = fresh_writes(listing, writes, n_writes, laid);
    struct str *ids = arena_array(arena, struct str, listing->n + n_laid);
    size_t n = 0;
    size_t i = 0;
    size_t j = 0;

    while (i < listing->n || j < n_laid) {
        int order = i == listing->n ? 1
                    : j == n_laid   ? -1
                                    : str_cmp(listing->members[i].id, laid[j].person);

        if (order < 0) {
            ids[n++] = listing->members[i++].id;
            continue;
        }
        if (order == 0)
            i++;
        if (laid[j].in)
            ids[n++] = laid[j].person;
        j++;
    }
    return (struct people){ids, n};
}
