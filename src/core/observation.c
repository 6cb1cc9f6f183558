#include "core/observation.h"

#include <stdlib.h>

#include "base/crypt.h"
#include "base/vec.h"

/* Fewer than this are never a shrunken listing, however small the group. */
#define SHRINK_LEAST 3

bool listing_is_sealed(const struct listing *listing)
{
    return listing && listing->state == LISTING_SEALED;
}

static int compare_id(const void *key, const void *item)
{
    const struct str *id = key;
    const struct member *member = item;

    return str_cmp(*id, member->id);
}

const struct member *listing_find(const struct listing *listing, struct str id)
{
    if (listing->n == 0)
        return NULL;
    return bsearch(&id, listing->members, listing->n, sizeof(listing->members[0]), compare_id);
}

struct people listing_people(const struct listing *listing, struct arena *arena)
{
    struct str *ids = arena_array(arena, struct str, listing->n);

    for (size_t i = 0; i < listing->n; i++)
        ids[i] = listing->members[i].id;
    return (struct people){ids, listing->n};
}

static int compare_members(const void *a, const void *b)
{
    const struct member *ma = a;
    const struct member *mb = b;
    int order = str_cmp(ma->id, mb->id);

    if (order != 0)
        return order;
    /* Of doubles the one kept must not depend on the sort. */
    order = str_cmp(ma->login, mb->login);
    return order != 0 ? order : (ma->status > mb->status) - (ma->status < mb->status);
}

size_t members_sort_unique(struct member *members, size_t n)
{
    size_t kept = 0;

    bool is_sorted = true; /* remotes often list by id */

    for (size_t i = 1; i < n && is_sorted; i++)
        is_sorted = compare_members(&members[i - 1], &members[i]) <= 0;
    if (!is_sorted)
        qsort(members, n, sizeof(members[0]), compare_members);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || !str_eq(members[kept - 1].id, members[i].id))
            members[kept++] = members[i];
    }
    return kept;
}

static int compare_accepted(const void *key, const void *item)
{
    const struct str *person = key;
    const struct accepted *accepted = item;

    return str_cmp(*person, accepted->person);
}

const struct accepted *baseline_find(const struct baseline *baseline, struct str person)
{
    if (!baseline->exists || baseline->n == 0)
        return NULL;
    return bsearch(&person, baseline->people, baseline->n, sizeof(baseline->people[0]),
                   compare_accepted);
}

bool baseline_owns(const struct baseline *baseline, struct str person)
{
    const struct accepted *accepted = baseline_find(baseline, person);

    return accepted && accepted->owned && !accepted->taken_out;
}

/* Of this very occasion: the same people may be missed again after they had been back. */
static struct str gone_digest(const struct baseline *baseline, const struct str *gone, size_t n,
                              struct arena *arena)
{
    struct sha256 sha;
    char hex[SHA256_HEX];

    sha256_init(&sha);
    sha256_add_field(&sha, baseline->group);
    sha256_add_i64(&sha, baseline->accepted_at);
    for (size_t i = 0; i < n; i++)
        sha256_add_field(&sha, gone[i]);
    sha256_done_hex(&sha, hex);
    return arena_str(arena, str_of(hex));
}

struct shrink shrink_check(const struct baseline *baseline, const struct listing *listing,
                           const struct people *removed_by_us, int64_t percent, struct arena *arena)
{
    struct shrink shrink = {.now = listing->n};
    VEC_OF(struct str) gone = {0};

    /* A listing that is not sealed says nothing about who is gone; it is held for that alone. */
    if (!baseline->exists || !listing_is_sealed(listing))
        return shrink;

    for (size_t i = 0; i < baseline->n; i++) {
        const struct accepted *accepted = &baseline->people[i];

        /* Whoever was seen gone before is not lost a second time. */
        if (accepted->taken_out)
            continue;
        shrink.before++;
        if (!listing_find(listing, accepted->person) &&
            !people_has(removed_by_us, accepted->person))
            VEC_PUSH(arena, &gone, accepted->person);
    }
    shrink.lost = gone.n;
    shrink.gone = gone.items;
    if (gone.n == 0)
        return shrink;

    /* Shares are compared without dividing: 10 % of 39 is 3.9, and 3 lost are below it. */
    bool is_many =
        gone.n >= SHRINK_LEAST && (double)gone.n * 100.0 >= (double)percent * (double)shrink.before;

    shrink.is_shrunk = is_many || listing->n == 0;
    shrink.digest = gone_digest(baseline, gone.items, gone.n, arena);
    return shrink;
}
