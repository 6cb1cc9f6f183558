/* Member lists: all groups side by side, and nothing sealed that was not read to its end. */

#include <string.h>

#include "okta/okta_call.h"

#define LIMIT_DEFAULT   200
#define LIMIT_MAX       1000
#define MEMBERS_DEFAULT 2000000u
#define PAGES_SPARE     10
/* Address space for all listings of a call together: some ten million members. */
#define ROLLS_SPACE    ((size_t)512 << 20)
#define ROLLS_SPARE    ((size_t)1 << 20)
#define BYTES_A_MEMBER ((size_t)40 * 1024) /* far more than any profile takes */

/* Pages hang in a chain until the listing is whole; then they become one array. */
struct chunk {
    struct chunk *next;
    struct member *items;
    size_t n;
};

struct roll {
    struct str group;
    struct arena *arena; /* the caller's: ids and logins go there at once */
    struct arena *rolls; /* until the listing is whole */
    struct chunk *first, **last;
    size_t n, max;
    unsigned limit;
};

static void aim(struct okta *okta, struct okta_walk *walk, struct roll *roll)
{
    walk->url = okta_url(okta, &okta->call, "/api/v1/groups/%.*s/users?limit=%u",
                         STR_ARG(roll->group), roll->limit);
    walk->max_pages = (unsigned)((roll->max + roll->limit - 1) / roll->limit) + PAGES_SPARE;
    walk->max_body = roll->limit * BYTES_A_MEMBER;
    roll->first = NULL;
    roll->last = &roll->first;
    roll->n = 0;
}

static bool take_members(struct okta_walk *walk, struct str body, struct arena *scratch,
                         struct err *err)
{
    struct roll *roll = walk->self;
    struct member_page page = {0};
    struct chunk *chunk;

    if (!okta_wire_members(body, scratch, &page, err))
        return false;
    if (page.n > roll->max - roll->n)
        return err_set(err, ERR_REMOTE, "more than %zu members", roll->max);

    if (page.n * sizeof(struct member) + ROLLS_SPARE > roll->rolls->budget - roll->rolls->used)
        return err_set(err, ERR_REMOTE, "the listings are too large to be read at the same time");

    chunk = arena_new(roll->rolls, struct chunk);
    chunk->items = arena_array(roll->rolls, struct member, page.n);
    chunk->n = page.n;
    for (size_t i = 0; i < page.n; i++) {
        chunk->items[i] = (struct member){
            .id = arena_str(roll->arena, page.items[i].id),
            .login = arena_str(roll->arena, page.items[i].login),
            .status = page.items[i].status,
        };
    }
    *roll->last = chunk;
    roll->last = &chunk->next;
    roll->n += page.n;
    return true;
}

/* Okta answers 500 where building a large page took it too long. Pages of two walks are never
 * mixed: the listing begins again from nothing. */
static bool try_smaller_pages(struct okta *okta, struct okta_walk *walk)
{
    static const unsigned smaller[] = {200, 100, 50};
    struct roll *roll = walk->self;

    for (size_t i = 0; i < ARRAY_LEN(smaller); i++) {
        if (smaller[i] < roll->limit) {
            roll->limit = smaller[i];
            aim(okta, walk, roll);
            return true;
        }
    }
    return false;
}

static void start(struct okta *okta, struct okta_walk *walk, struct roll *roll, struct str group,
                  struct arena *arena)
{
    unsigned limit = okta->options.page_limit;
    unsigned max = okta->options.max_members;

    *roll = (struct roll){.group = group, .arena = arena, .rolls = &okta->rolls};
    roll->limit = limit == 0 ? LIMIT_DEFAULT : limit > LIMIT_MAX ? LIMIT_MAX : limit;
    roll->max = max == 0 ? MEMBERS_DEFAULT : max;
    *walk = (struct okta_walk){
        .bucket = OKTA_BUCKET_GROUPS,
        .page = take_members,
        .again = try_smaller_pages,
        .self = roll,
    };
    if (!okta_wire_is_id(group)) {
        walk->state = WALK_BROKEN;
        walk->asked_at = clock_now(okta->clock);
        walk->why = STR("this is not the id of a group");
        return;
    }
    aim(okta, walk, roll);
}

static struct listing finish(const struct okta_walk *walk, const struct roll *roll,
                             struct arena *arena)
{
    struct member *members = arena_array(arena, struct member, roll->n);
    struct listing out = {.collection = roll->group, .at_ms = walk->asked_at, .why = walk->why};
    size_t n = 0;

    for (const struct chunk *c = roll->first; c; c = c->next) {
        if (c->n > 0)
            memcpy(&members[n], c->items, c->n * sizeof(*members));
        n += c->n;
    }
    out.members = members;
    out.n = members_sort_unique(members, n);
    if (walk->state == WALK_WHOLE) {
        out.state = LISTING_SEALED;
    } else if (okta_walk_answer(walk, OKTA_OBJECT) == OKTA_NONE) {
        out.state = LISTING_ABSENT;
    }
    return out;
}

bool okta_list_members(struct okta *okta, const struct str *groups, size_t n, struct arena *arena,
                       struct listing *out, struct err *err)
{
    struct okta_walk *walks;
    struct roll *rolls;

    okta_begin(okta);
    if (!okta->rolls.base)
        arena_init(&okta->rolls, ROLLS_SPACE);
    walks = arena_array(&okta->call, struct okta_walk, n);
    rolls = arena_array(&okta->call, struct roll, n);
    for (size_t i = 0; i < n; i++)
        start(okta, &walks[i], &rolls[i], groups[i], arena);
    bool walked = okta_walk_all(okta, walks, n, arena, err);
    for (size_t i = 0; walked && i < n; i++)
        out[i] = finish(&walks[i], &rolls[i], arena);
    arena_reset(&okta->rolls, 0);
    return walked || err_wrap(err, "listing group members");
}
