#include "subs/subs_page.h"

#include "base/crypt.h"
#include "subs/subs_wire.h"

/* What remembering tokens must leave of the memory of a call. */
#define TRAIL_SPARE ((size_t)8 << 20)

static void break_off(struct subs_walk *walk, struct str why, struct arena *arena)
{
    walk->state = SUBS_WALK_BROKEN;
    walk->why = arena_printf(arena, "page %u: %.*s", walk->pages + 1, STR_ARG(why));
}

static void begin(struct subs *subs, struct subs_walk *walk)
{
    walk->asked_at = clock_now(subs->clock);
    walk->seen = (struct map){0};
    buf_clear(&walk->token);
}

/* Tokens die with the service's patience; pages of two walks are never mixed. A key that cannot be
 * used is told as a validation error too, and stays one. */
static bool begins_anew(struct subs_walk *walk, const struct aws_answer *answer)
{
    if (walk->pages == 0 || walk->began_anew || !aws_is(answer, "ValidationException") ||
        str_starts(answer->reason, STR("KMS_")))
        return false;
    walk->began_anew = true;
    walk->pages = 0;
    walk->forget(walk);
    return true;
}

/* Remembers the token, so that a second sight of it is noticed. */
static bool go_on(struct subs *subs, struct subs_walk *walk, struct str token, struct err *err)
{
    unsigned char digest[SHA256_SIZE];
    struct str key = {(const char *)digest, sizeof(digest)};

    if (walk->pages + 1 >= subs->options.max_pages) {
        return err_set(err, ERR_REMOTE, "there are more than %u pages", subs->options.max_pages);
    }
    if (subs->call.budget - subs->call.used < TRAIL_SPARE)
        return err_set(err, ERR_REMOTE, "there are more pages than can be remembered");
    sha256_of(token, digest);
    if (map_has(&walk->seen, key))
        return err_set(err, ERR_REMOTE, "its token was there before: the listing goes round");
    (void)map_put(&walk->seen, &subs->call, arena_str(&subs->call, key), walk);
    buf_clear(&walk->token);
    buf_add(&walk->token, token);
    return true;
}

static void take_page(struct subs *subs, struct subs_walk *walk, const struct aws_answer *answer,
                      struct arena *arena)
{
    struct str token = {0};
    struct err odd = {0};

    if (!walk->page(walk, answer->body, &subs->page, &token, &odd) ||
        (token.len > 0 && !go_on(subs, walk, token, &odd))) {
        break_off(walk, subs_oddity(walk->operation, answer, &odd, &subs->page), arena);
        return;
    }
    walk->pages++;
    if (token.len == 0)
        walk->state = SUBS_WALK_WHOLE;
}

static bool walk_once(struct subs *subs, struct subs_walk *walk, struct arena *arena,
                      struct err *err)
{
    struct str body = walk->body;
    struct aws_answer answer;

    if (walk->pages == 0) {
        begin(subs, walk);
    } else {
        body = subs_wire_with_token(walk->body, subs_operation_row(walk->operation)->token,
                                    buf_str(&walk->token), &subs->page);
    }
    if (!subs_ask(subs, walk->operation, &body, 1, &answer, err))
        return false;
    if (answer.outcome == AWS_OK) {
        take_page(subs, walk, &answer, arena);
    } else if (!begins_anew(walk, &answer)) {
        break_off(walk, subs_complaint(walk->operation, &answer, &subs->page), arena);
    }
    return true;
}

bool subs_walk(struct subs *subs, struct subs_walk *walk, struct arena *arena, struct err *err)
{
    bool ok = true;

    while (ok && walk->state == SUBS_WALK_OPEN) {
        arena_mark_t mark = arena_mark(&subs->page);
        ok = walk_once(subs, walk, arena, err);
        arena_reset(&subs->page, mark);
    }
    buf_fini(&walk->token);
    return ok;
}
