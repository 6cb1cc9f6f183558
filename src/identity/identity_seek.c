/* Single memberships found by listing: for remotes that do not know the direct way, and where we
 * may not take it. Of the pages only what is sought is kept. */

#include <stdlib.h>

#include "identity/identity_page.h"
#include "identity/identity_pairs.h"
#include "identity/identity_wire.h"

/* What is sought in one listing: [from, from + n) of the sorted array. */
struct hunt {
    struct identity_sought **from;
    size_t n;
    enum identity_side side;
    struct arena *arena;
};

static struct str listed(const struct identity_sought *sought, enum identity_side side)
{
    return side == IDENTITY_BY_GROUP ? sought->pair.group : sought->pair.user;
}

static struct str wanted(const struct identity_sought *sought, enum identity_side side)
{
    return side == IDENTITY_BY_GROUP ? sought->pair.user : sought->pair.group;
}

static int compare_by_group(const void *a, const void *b)
{
    const struct identity_sought *const *sa = a;
    const struct identity_sought *const *sb = b;
    int order = str_cmp((*sa)->pair.group, (*sb)->pair.group);

    return order != 0 ? order : str_cmp((*sa)->pair.user, (*sb)->pair.user);
}

static int compare_by_user(const void *a, const void *b)
{
    const struct identity_sought *const *sa = a;
    const struct identity_sought *const *sb = b;
    int order = str_cmp((*sa)->pair.user, (*sb)->pair.user);

    return order != 0 ? order : str_cmp((*sa)->pair.group, (*sb)->pair.group);
}

/* The first one of those with that key; they are sorted by it. */
static size_t lower_bound(const struct hunt *hunt, struct str key)
{
    size_t low = 0;
    size_t high = hunt->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(wanted(hunt->from[middle], hunt->side), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool take_memberships(struct identity_walk *walk, struct str body, struct arena *scratch,
                             struct str *token, struct err *err)
{
    const struct hunt *hunt = walk->self;
    struct str of = listed(hunt->from[0], hunt->side);
    struct identity_membership_page page;

    if (!identity_wire_memberships(body, scratch, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++) {
        const struct identity_membership *m = &page.items[i];
        struct str key = hunt->side == IDENTITY_BY_GROUP ? m->user : m->group;
        if (!str_eq(hunt->side == IDENTITY_BY_GROUP ? m->group : m->user, of))
            return err_set(err, ERR_REMOTE, "a membership that was not asked for");
        for (size_t at = lower_bound(hunt, key); at < hunt->n; at++) {
            if (!str_eq(wanted(hunt->from[at], hunt->side), key))
                break;
            hunt->from[at]->answer = IDENTITY_FOUND;
            hunt->from[at]->membership = arena_str(hunt->arena, m->id);
        }
    }
    *token = page.token;
    return true;
}

static void forget_memberships(struct identity_walk *walk)
{
    const struct hunt *hunt = walk->self;

    for (size_t i = 0; i < hunt->n; i++)
        hunt->from[i]->answer = IDENTITY_NONE;
}

static void start(struct identity *identity, struct identity_walk *walk, struct hunt *hunt)
{
    bool by_group = hunt->side == IDENTITY_BY_GROUP;
    struct str of = listed(hunt->from[0], hunt->side);

    *walk = (struct identity_walk){
        .service = AWS_IDENTITYSTORE,
        .operation = by_group ? "ListGroupMemberships" : "ListGroupMembershipsForMember",
        .type = by_group ? "GROUP" : "USER",
        .body = identity_wire_list(identity->store_id, by_group ? of : (struct str){0},
                                   by_group ? (struct str){0} : of, identity->options.page_size,
                                   &identity->call),
        .page = take_memberships,
        .forget = forget_memberships,
        .self = hunt,
    };
    forget_memberships(walk);
}

/* What breaks a walk is everybody's who was sought in it. */
static void finish(const struct identity_walk *walk, const struct hunt *hunt)
{
    for (size_t i = 0; i < hunt->n && walk->state != IDENTITY_WALK_WHOLE; i++) {
        hunt->from[i]->answer = walk->answer;
        hunt->from[i]->why = walk->why;
    }
}

bool identity_seek(struct identity *identity, struct identity_sought *sought, size_t n,
                   enum identity_side side, struct arena *arena, struct err *err)
{
    struct identity_sought **order = arena_array(&identity->call, struct identity_sought *, n);
    struct identity_walk *walks = arena_array(&identity->call, struct identity_walk, n);
    struct hunt *hunts = arena_array(&identity->call, struct hunt, n);
    size_t n_walks = 0;

    for (size_t i = 0; i < n; i++)
        order[i] = &sought[i];
    if (n > 1) {
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): it is pointers that are sorted */
        qsort(order, n, sizeof(*order),
              side == IDENTITY_BY_GROUP ? compare_by_group : compare_by_user);
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !str_eq(listed(order[i], side), listed(order[i - 1], side)))
            hunts[n_walks++] = (struct hunt){.from = &order[i], .side = side, .arena = arena};
        hunts[n_walks - 1].n++;
    }
    for (size_t i = 0; i < n_walks; i++)
        start(identity, &walks[i], &hunts[i]);
    if (!identity_walk_all(identity, walks, n_walks, arena, err))
        return false;
    for (size_t i = 0; i < n_walks; i++)
        finish(&walks[i], &hunts[i]);
    return true;
}
