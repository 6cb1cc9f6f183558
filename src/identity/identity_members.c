/* Members of groups: all groups side by side, and nothing sealed that was not read to its end
 * (contract 3.3 and 3.4). The hot path: of a page only ids are kept. */

#include "identity/identity_call.h"
#include "identity/identity_page.h"
#include "identity/identity_wire.h"

/* Memory that a listing leaves to whoever called. */
#define SPARE ((size_t)4 << 20)

/* Pages hang in a chain until the listing is whole; then they become one array. */
struct chunk {
    struct chunk *next;
    struct str *users;
    size_t n;
};

struct roll {
    struct str group;
    struct arena *arena; /* the caller's: ids go there at once */
    struct arena *rolls;
    size_t *n_all; /* members of all rolls together */
    struct chunk *first, **last;
    size_t n, n_strange;
};

static void forget_members(struct identity_walk *walk)
{
    struct roll *roll = walk->self;

    *roll->n_all -= roll->n;
    roll->first = NULL;
    roll->last = &roll->first;
    roll->n = roll->n_strange = 0;
}

/* The final arrays are made from the caller's arena too. */
static bool has_room(const struct roll *roll, const struct identity_member_page *page)
{
    size_t texts = 0;
    size_t arrays = (*roll->n_all + page->n) * sizeof(struct member);

    for (size_t i = 0; i < page->n; i++)
        texts += page->users[i].len + 1;
    return texts + arrays + SPARE <= roll->arena->budget - roll->arena->used &&
           page->n * sizeof(struct str) + SPARE <= roll->rolls->budget - roll->rolls->used;
}

static bool take_members(struct identity_walk *walk, struct str body, struct arena *scratch,
                         struct str *token, struct err *err)
{
    struct roll *roll = walk->self;
    struct identity_member_page page;
    struct chunk *chunk;

    if (!identity_wire_members(body, roll->group, scratch, &page, err))
        return false;
    if (!has_room(roll, &page))
        return err_set(err, ERR_REMOTE, "the listings are too large to be read at the same time");
    chunk = arena_new(roll->rolls, struct chunk);
    chunk->users = arena_array(roll->rolls, struct str, page.n);
    chunk->n = page.n;
    for (size_t i = 0; i < page.n; i++)
        chunk->users[i] = arena_str(roll->arena, page.users[i]);
    *roll->last = chunk;
    roll->last = &chunk->next;
    roll->n += page.n;
    roll->n_strange += page.n_strange;
    *roll->n_all += page.n;
    *token = page.token;
    return true;
}

static struct listing finish(const struct identity_walk *walk, const struct roll *roll,
                             struct arena *arena)
{
    struct listing out = {.collection = roll->group, .at_ms = walk->asked_at, .why = walk->why};
    struct member *members = arena_array(arena, struct member, roll->n);
    size_t n = 0;

    for (const struct chunk *c = roll->first; c; c = c->next) {
        for (size_t i = 0; i < c->n; i++)
            members[n++] = (struct member){.id = c->users[i]};
    }
    out.members = members;
    out.n = members_sort_unique(members, n);
    if (walk->state == IDENTITY_WALK_WHOLE) {
        out.state = LISTING_SEALED;
    } else if (walk->answer == IDENTITY_NONE) {
        out.state = LISTING_ABSENT;
    } else if (walk->answer == IDENTITY_FORBIDDEN) {
        out.n = 0; /* nothing read may be used */
    }
    return out;
}

static void start(struct identity *identity, struct identity_walk *walk, struct roll *roll,
                  struct arena *arena)
{
    enum identity_answer instead;
    struct str why;

    *walk = (struct identity_walk){
        .service = AWS_IDENTITYSTORE,
        .operation = "ListGroupMemberships",
        .type = "GROUP",
        .page = take_members,
        .forget = forget_members,
        .self = roll,
    };
    roll->last = &roll->first;
    if (!identity_may_ask(identity, &instead, &why)) {
        identity_walk_refuse(identity, walk, instead, arena_str(arena, why));
    } else if (!identity_wire_is_id(roll->group)) {
        identity_walk_refuse(identity, walk, IDENTITY_UNKNOWN,
                             STR("this is not the id of a group"));
    } else {
        walk->body = identity_wire_list(identity->store_id, roll->group, (struct str){0},
                                        identity->options.page_size, &identity->call);
    }
}

bool identity_list_members(struct identity *identity, const struct str *groups, size_t n,
                           struct arena *arena, struct listing *out, size_t *n_strange,
                           struct err *err)
{
    struct identity_walk *walks;
    struct roll *rolls;
    size_t n_all = 0;
    size_t strange = 0;

    identity_begin(identity);
    walks = arena_array(&identity->call, struct identity_walk, n);
    rolls = arena_array(&identity->call, struct roll, n);
    for (size_t i = 0; i < n; i++) {
        rolls[i] = (struct roll){
            .group = groups[i], .arena = arena, .rolls = identity_rolls(identity), .n_all = &n_all};
        start(identity, &walks[i], &rolls[i], arena);
    }
    bool walked = identity_walk_all(identity, walks, n, arena, err);
    for (size_t i = 0; walked && i < n; i++) {
        out[i] = finish(&walks[i], &rolls[i], arena);
        strange += rolls[i].n_strange;
    }
    arena_reset(&identity->rolls, 0);
    if (walked && n_strange)
        *n_strange = strange;
    return walked || err_wrap(err, "listing group members of Identity Center");
}
