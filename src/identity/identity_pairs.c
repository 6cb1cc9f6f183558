/* IsMemberInGroups: is that user in that group? (contract 3.3) */

#include "identity/identity_pairs.h"

#include <stdlib.h>

#include "identity/identity_wire.h"

/* What became of one pair; doubles share it. */
struct told {
    enum identity_answer answer;
    struct str why; /* when neither FOUND nor NONE */
    bool by_list;   /* the remote does not know the operation */
};

/* One call: one user and up to a hundred groups. */
struct asking {
    struct str user;
    struct str *groups; /* sorted, without doubles */
    struct told *told;  /* one per group */
    size_t n;
    bool missing; /* the user or one of the groups: which one is not said */
};

struct ask_state {
    struct identity *identity;
    struct asking *askings;
    struct arena *arena;
};

static void tell_all(struct asking *asking, struct told told)
{
    for (size_t i = 0; i < asking->n; i++)
        asking->told[i] = told;
}

static struct str ask_one(void *self, size_t i, struct arena *arena)
{
    const struct ask_state *state = self;
    struct asking *asking = &state->askings[i];

    if (state->identity->no_is_member) {
        tell_all(asking, (struct told){.by_list = true});
        return (struct str){0};
    }
    return identity_wire_is_member(state->identity->store_id, asking->user, asking->groups,
                                   asking->n, arena);
}

/* What the answer leaves out stays unknown; what it says twice must agree. */
static bool take_results(struct asking *asking, struct str body, struct arena *scratch,
                         struct err *err)
{
    enum identity_answer *said = arena_array(scratch, enum identity_answer, asking->n);
    struct identity_belongings results;

    if (!identity_wire_belongings(body, scratch, &results, err))
        return false;
    for (size_t i = 0; i < results.n; i++) {
        const struct identity_belonging *of = &results.items[i];
        enum identity_answer answer = of->is_member ? IDENTITY_FOUND : IDENTITY_NONE;
        const struct str *group =
            bsearch(&of->group, asking->groups, asking->n, sizeof(of->group), str_cmp_qsort);
        if (!group || (of->user.len > 0 && !str_eq(of->user, asking->user)))
            return err_set(err, ERR_REMOTE, "Results: about what was not asked for");
        size_t at = (size_t)(group - asking->groups);
        if (said[at] != IDENTITY_UNKNOWN && said[at] != answer)
            return err_set(err, ERR_REMOTE, "Results: yes and no about one group");
        said[at] = answer;
    }
    for (size_t i = 0; i < asking->n; i++) {
        asking->told[i] = (struct told){
            .answer = said[i],
            .why = said[i] == IDENTITY_UNKNOWN ? STR("IsMemberInGroups: the answer leaves it out")
                                               : (struct str){0}};
    }
    return true;
}

static void take_one(void *self, size_t i, const struct identity_reply *reply)
{
    const struct ask_state *state = self;
    struct asking *asking = &state->askings[i];
    struct err odd = {0};

    if (reply->answer != IDENTITY_FOUND) {
        struct told told = {.answer = reply->answer, .why = arena_str(state->arena, reply->why)};
        asking->missing = reply->answer == IDENTITY_NONE;
        told.by_list = reply->said && identity_is_unknown_operation(reply->said);
        state->identity->no_is_member |= told.by_list;
        tell_all(asking, told);
    } else if (!take_results(asking, reply->body, &state->identity->page, &odd)) {
        tell_all(asking, (struct told){
                             .why = identity_oddity(reply->call, reply->said, &odd, state->arena)});
    }
}

/* ---- from pairs to calls and back ---- */

/* Where the answer for a pair will stand. */
struct seat {
    const struct identity_pair *pair;
    size_t at;
    struct told *told;
};

static int compare_seats(const void *a, const void *b)
{
    const struct seat *sa = a;
    const struct seat *sb = b;
    int order = str_cmp(sa->pair->user, sb->pair->user);

    return order != 0 ? order : str_cmp(sa->pair->group, sb->pair->group);
}

/* Which pairs go together in a call. `seats` are sorted. Returns the number of calls. */
static size_t bundle(struct identity *identity, struct seat *seats, size_t n,
                     struct asking *askings)
{
    struct str *groups = arena_array(&identity->call, struct str, n);
    struct told *told = arena_array(&identity->call, struct told, n);
    struct asking *asking = NULL;
    size_t n_askings = 0;

    for (size_t i = 0; i < n; i++) {
        const struct identity_pair *pair = seats[i].pair;
        bool is_double = i > 0 && compare_seats(&seats[i - 1], &seats[i]) == 0;
        if (is_double) {
            seats[i].told = seats[i - 1].told;
            continue;
        }
        if (!asking || asking->n == IDENTITY_GROUPS_AT_ONCE || !str_eq(asking->user, pair->user)) {
            asking = &askings[n_askings++];
            *asking = (struct asking){.user = pair->user, .groups = &groups[i], .told = &told[i]};
        }
        /* Doubles leave gaps behind, never in front: a call's part stays in one piece. */
        asking->groups[asking->n] = pair->group;
        seats[i].told = &asking->told[asking->n++];
    }
    return n_askings;
}

/* A call fails as a whole when one of its groups is missing: then each is asked for alone. */
static size_t split_missing(struct identity *identity, const struct asking *askings, size_t n,
                            struct asking **out)
{
    size_t n_alone = 0;

    for (size_t i = 0; i < n; i++)
        n_alone += askings[i].missing && askings[i].n > 1 ? askings[i].n : 0;
    *out = arena_array(&identity->call, struct asking, n_alone);
    n_alone = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t g = 0; askings[i].missing && askings[i].n > 1 && g < askings[i].n; g++) {
            askings[i].told[g] = (struct told){0};
            (*out)[n_alone++] = (struct asking){.user = askings[i].user,
                                                .groups = &askings[i].groups[g],
                                                .told = &askings[i].told[g],
                                                .n = 1};
        }
    }
    return n_alone;
}

static bool ask_directly(struct identity *identity, struct asking *askings, size_t n,
                         struct arena *arena, struct err *err)
{
    struct ask_state state = {.identity = identity, .askings = askings, .arena = arena};
    const struct identity_questions questions = {
        .operation = "IsMemberInGroups",
        .type = IDENTITY_TYPE_ANY,
        .ask = ask_one,
        .take = take_one,
        .self = &state,
    };
    size_t n_alone;

    if (!identity_ask_all(identity, &questions, n, err))
        return false;
    n_alone = split_missing(identity, askings, n, &state.askings);
    return identity_ask_all(identity, &questions, n_alone, err);
}

/* Those that could not be asked for directly. */
static bool ask_by_list(struct identity *identity, const struct seat *seats, size_t n,
                        struct arena *arena, struct err *err)
{
    struct identity_sought *sought;
    size_t n_sought = 0;

    for (size_t i = 0; i < n; i++)
        n_sought += seats[i].told->by_list;
    if (n_sought == 0)
        return true;
    sought = arena_array(&identity->call, struct identity_sought, n_sought);
    n_sought = 0;
    for (size_t i = 0; i < n; i++) {
        if (seats[i].told->by_list)
            sought[n_sought++] = (struct identity_sought){.pair = *seats[i].pair};
    }
    if (!identity_seek(identity, sought, n_sought, IDENTITY_BY_GROUP, arena, err))
        return false;
    n_sought = 0;
    for (size_t i = 0; i < n; i++) {
        if (seats[i].told->by_list) {
            seats[i].told->answer = sought[n_sought].answer;
            seats[i].told->why = sought[n_sought++].why;
        }
    }
    return true;
}

static bool is_askable(const struct identity_pair *pair)
{
    return identity_wire_is_id(pair->group) && identity_wire_is_id(pair->user);
}

bool identity_look(struct identity *identity, const struct identity_pair *pairs, size_t n,
                   struct arena *arena, enum identity_answer *out, struct str *why, struct err *err)
{
    struct seat *seats = arena_array(&identity->call, struct seat, n);
    struct asking *askings = arena_array(&identity->call, struct asking, n);
    enum identity_answer instead = IDENTITY_UNKNOWN;
    struct str reason = {0};
    bool may = identity_may_ask(identity, &instead, &reason);
    size_t n_seats = 0;

    for (size_t i = 0; i < n; i++) {
        out[i] = instead;
        why[i] =
            may ? STR("this is not the id of a group, or of a user") : arena_str(arena, reason);
        if (may && is_askable(&pairs[i]))
            seats[n_seats++] = (struct seat){.pair = &pairs[i], .at = i};
    }
    if (n_seats > 1)
        qsort(seats, n_seats, sizeof(*seats), compare_seats);
    if (!ask_directly(identity, askings, bundle(identity, seats, n_seats, askings), arena, err) ||
        !ask_by_list(identity, seats, n_seats, arena, err))
        return false;
    for (size_t i = 0; i < n_seats; i++) {
        bool denied = identity->denied.len > 0;
        out[seats[i].at] = denied ? IDENTITY_FORBIDDEN : seats[i].told->answer;
        why[seats[i].at] = denied ? arena_str(arena, identity->denied) : seats[i].told->why;
    }
    return true;
}

bool identity_are_members(struct identity *identity, const struct identity_pair *pairs, size_t n,
                          struct arena *arena, enum identity_answer *out, struct err *err)
{
    struct str *why;

    identity_begin(identity);
    if (n == 0)
        return true;
    why = arena_array(&identity->call, struct str, n);
    return identity_look(identity, pairs, n, arena, out, why, err) ||
           err_wrap(err, "reading memberships of Identity Center");
}
