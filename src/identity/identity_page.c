#include "identity/identity_page.h"

#include "base/crypt.h"
#include "identity/identity_wire.h"

/* What remembering tokens must leave of the memory of a call. */
#define TRAIL_SPARE ((size_t)8 << 20)

void identity_walk_refuse(struct identity *identity, struct identity_walk *walk,
                          enum identity_answer answer, struct str why)
{
    walk->state = IDENTITY_WALK_BROKEN;
    walk->answer = answer;
    walk->asked_at = clock_now(identity->clock);
    walk->why = why;
}

static void break_off(struct identity_walk *walk, enum identity_answer answer, struct str why,
                      struct arena *arena)
{
    walk->state = IDENTITY_WALK_BROKEN;
    walk->answer = answer;
    walk->why = arena_printf(arena, "page %u: %.*s", walk->pages + 1, STR_ARG(why));
}

static void begin(struct identity *identity, struct identity_walk *walk)
{
    walk->asked_at = clock_now(identity->clock);
    walk->seen = (struct map){0};
    buf_clear(&walk->token);
}

/* Tokens die with the service's patience; pages of two walks are never mixed. */
static bool begins_anew(struct identity_walk *walk, const struct aws_answer *answer)
{
    if (walk->pages == 0 || walk->began_anew || !aws_is(answer, "ValidationException"))
        return false;
    walk->began_anew = true;
    walk->pages = 0;
    walk->forget(walk);
    return true;
}

static void take_failure(struct identity *identity, struct identity_walk *walk,
                         const struct aws_call *call, const struct aws_answer *answer,
                         struct arena *arena)
{
    enum identity_answer meaning;

    /* A key that cannot be used is told in several codes, this one among them. */
    if (!identity_is_key_trouble(answer) && begins_anew(walk, answer))
        return;
    meaning = identity_judge(identity, call, answer, walk->type);
    /* What was there on the first page and is gone on the second is no clean absence. */
    if (meaning == IDENTITY_NONE && walk->pages > 0)
        meaning = IDENTITY_UNKNOWN;
    break_off(walk, meaning, identity_complaint(call, answer, &identity->page), arena);
}

/* Remembers the token, so that a second sight of it is noticed. */
static bool go_on(struct identity *identity, struct identity_walk *walk, struct str token,
                  struct err *err)
{
    unsigned char digest[SHA256_SIZE];
    struct str key = {(const char *)digest, sizeof(digest)};

    if (walk->pages + 1 >= identity->options.max_pages) {
        return err_set(err, ERR_REMOTE, "there are more than %u pages",
                       identity->options.max_pages);
    }
    if (identity->call.budget - identity->call.used < TRAIL_SPARE)
        return err_set(err, ERR_REMOTE, "there are more pages than can be remembered");
    sha256_of(token, digest);
    if (map_has(&walk->seen, key))
        return err_set(err, ERR_REMOTE, "its token was there before: the listing goes round");
    (void)map_put(&walk->seen, &identity->call, arena_str(&identity->call, key), walk);
    buf_clear(&walk->token);
    buf_add(&walk->token, token);
    return true;
}

static void take_page(struct identity *identity, struct identity_walk *walk,
                      const struct aws_call *call, const struct aws_answer *answer,
                      struct arena *arena)
{
    struct str token = {0};
    struct err odd = {0};

    if (!walk->page(walk, answer->body, &identity->page, &token, &odd) ||
        (token.len > 0 && !go_on(identity, walk, token, &odd))) {
        break_off(walk, IDENTITY_UNKNOWN, identity_oddity(call, answer, &odd, &identity->page),
                  arena);
        return;
    }
    walk->pages++;
    if (token.len == 0) {
        walk->state = IDENTITY_WALK_WHOLE;
        walk->answer = IDENTITY_FOUND;
    }
}

/* One page of each of these. */
static bool walk_round(struct identity *identity, struct identity_walk **walks, size_t n,
                       struct arena *arena, struct err *err)
{
    struct aws_call calls[IDENTITY_ROUND] = {0};
    struct aws_answer answers[IDENTITY_ROUND];

    for (size_t i = 0; i < n; i++) {
        struct identity_walk *walk = walks[i];
        if (walk->pages == 0)
            begin(identity, walk);
        calls[i] = (struct aws_call){
            .service = walk->service, .operation = walk->operation, .body = walk->body};
        if (walk->token.len > 0) {
            calls[i].body =
                identity_wire_with_token(walk->body, buf_str(&walk->token), &identity->page);
        }
    }
    if (!identity_exchange(identity, calls, answers, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        arena_mark_t mark = arena_mark(&identity->page);
        if (answers[i].outcome == AWS_OK) {
            take_page(identity, walks[i], &calls[i], &answers[i], arena);
        } else {
            take_failure(identity, walks[i], &calls[i], &answers[i], arena);
        }
        arena_reset(&identity->page, mark);
    }
    return true;
}

/* Each open walk once, IDENTITY_ROUND at a time. False in `any` when none was open. */
static bool walk_once(struct identity *identity, struct identity_walk *walks, size_t n,
                      struct arena *arena, bool *any, struct err *err)
{
    struct identity_walk *batch[IDENTITY_ROUND];
    size_t n_batch = 0;

    *any = false;
    for (size_t i = 0; i < n && identity->denied.len == 0; i++) {
        arena_mark_t mark = arena_mark(&identity->page);
        if (walks[i].state == IDENTITY_WALK_OPEN)
            batch[n_batch++] = &walks[i];
        if (n_batch == 0 || (n_batch < IDENTITY_ROUND && i + 1 < n))
            continue;
        if (!walk_round(identity, batch, n_batch, arena, err))
            return false;
        arena_reset(&identity->page, mark);
        n_batch = 0;
        *any = true;
    }
    return true;
}

bool identity_walk_all(struct identity *identity, struct identity_walk *walks, size_t n,
                       struct arena *arena, struct err *err)
{
    bool any = true;
    bool ok = true;

    while (ok && any)
        ok = walk_once(identity, walks, n, arena, &any, err);
    for (size_t i = 0; i < n; i++) {
        buf_fini(&walks[i].token);
        if (!ok || identity->denied.len == 0 || walks[i].answer == IDENTITY_FORBIDDEN)
            continue;
        walks[i].state = IDENTITY_WALK_BROKEN;
        walks[i].answer = IDENTITY_FORBIDDEN;
        walks[i].why = arena_str(arena, identity->denied);
    }
    return ok;
}
