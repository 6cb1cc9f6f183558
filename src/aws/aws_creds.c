#include "aws/aws_creds.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/aws_call.h"
#include "aws/aws_creds_set.h"
#include "aws/aws_creds_source.h"
#include "base/attr.h"
#include "base/log.h"
#include "base/rng.h"

#define RENEW_MS      (15 * TIME_MINUTE)
#define MUST_RENEW_MS (10 * TIME_MINUTE)
#define SHORT_LIFE_MS (30 * TIME_MINUTE)
/* After a refresh that failed and need not have succeeded: not with every call. */
#define TRY_AGAIN_MS   TIME_MINUTE
#define STALE_MS       (15 * TIME_MINUTE)
#define STALE_MORE_MIN (2 * TIME_MINUTE)
#define STALE_MORE_MAX (10 * TIME_MINUTE)

struct aws_creds {
    struct aws_creds_options options;
    struct rng rng;
    enum aws_origin origin; /* of the first fetch; it stays */
    struct aws_set set;
    int64_t life_ms;    /* of the set when it was fetched */
    int64_t not_before; /* no refresh before this time of the remote */
    bool is_kept_stale; /* expired, and nothing newer is to be had */
    char words[AWS_WORDS_MAX];
};

struct aws_creds *aws_creds_new(const struct aws_creds_options *options)
{
    struct aws_creds *creds = calloc(1, sizeof(*creds));

    if (!creds)
        abort();
    creds->options = *options;
    creds->rng = rng_seed(options->seed);
    return creds;
}

void aws_creds_free(struct aws_creds *creds)
{
    if (!creds)
        return;
    aws_set_fini(&creds->set);
    free(creds);
}

struct str aws_creds_source(const struct aws_creds *creds)
{
    return str_of(creds->words);
}

int64_t aws_creds_expires(const struct aws_creds *creds)
{
    return creds->set.expires;
}

void aws_creds_drop(struct aws_creds *creds)
{
    aws_set_fini(&creds->set);
}

/* ---- one walk through the chain ---- */

static struct aws_fetch begin_fetch(struct aws_creds *creds, int64_t server_ms, struct arena *arena)
{
    const struct aws_creds_options *o = &creds->options;
    const struct aws_options place = {.region = o->region, .endpoints = {[AWS_STS] = o->sts_url}};

    return (struct aws_fetch){
        .options = o,
        .arena = arena,
        .rng = &creds->rng,
        .sts = {.http = o->http,
                .clock = o->clock,
                .rng = &creds->rng,
                .url = aws_endpoint(&place, AWS_STS, arena),
                .region = o->region,
                .ahead_ms = server_ms - clock_now(o->clock)},
    };
}

/* What is configured may be edited while we run; who we are may not change by that. */
static bool check_origin(struct aws_creds *creds, enum aws_origin origin, struct err *err)
{
    static const char *const names[] = {"nowhere",      "a profile", "the environment",
                                        "web identity", "container", "instance metadata"};

    if (creds->origin == AWS_ORIGIN_NONE || creds->origin == origin)
        return true;
    return err_set(err, ERR_SETTINGS,
                   "they came from %s and would now come from %s; restart if that is meant",
                   names[creds->origin], names[origin]);
}

static bool fetch_set(struct aws_creds *creds, struct aws_fetch *fetch, struct aws_set *out,
                      struct err *err)
{
    enum aws_origin origin;

    if (!aws_chain_pick(fetch, &origin, err) || !check_origin(creds, origin, err) ||
        !aws_chain_fetch(fetch, origin, out, err))
        return false;
    if (out->expires > 0 && !out->may_be_stale &&
        out->expires <= clock_now(creds->options.clock) + fetch->sts.ahead_ms)
        return err_set(err, ERR_REMOTE, "%s: what it gives has expired already", fetch->words);
    creds->origin = origin;
    return true;
}

/* Takes the set over. An instance whose service is in trouble hands out what it has; that is worth
 * trying, since it is honoured longer than it says. */
static void install(struct aws_creds *creds, const struct aws_fetch *fetch, struct aws_set *fresh)
{
    int64_t server_ms = clock_now(creds->options.clock) + fetch->sts.ahead_ms;

    aws_set_fini(&creds->set);
    creds->set = *fresh;
    *fresh = (struct aws_set){0};
    memcpy(creds->words, fetch->words, sizeof(creds->words));
    creds->life_ms = creds->set.expires - server_ms;
    creds->not_before = 0;
    creds->is_kept_stale = creds->set.expires > 0 && creds->life_ms <= 0;
    if (creds->is_kept_stale) {
        creds->not_before =
            server_ms + STALE_MS + rng_between(&creds->rng, STALE_MORE_MIN, STALE_MORE_MAX);
        log_warn("aws.credentials", "source=%s kept_though_expired=1",
                 log_q(&(struct str){creds->words, strlen(creds->words)}));
    }
}

static bool refresh(struct aws_creds *creds, int64_t server_ms, struct arena *arena,
                    struct err *err)
{
    arena_mark_t mark = arena_mark(arena);
    struct aws_fetch fetch = begin_fetch(creds, server_ms, arena);
    CLEANUP(aws_set_fini) struct aws_set fresh = {0};
    bool ok = fetch_set(creds, &fetch, &fresh, err);

    if (ok)
        install(creds, &fetch, &fresh);
    aws_arena_wipe(arena, mark);
    return ok;
}

/* ---- when ---- */

enum need { NEED_NONE, NEED_SOON, NEED_NOW };

static enum need need_of(const struct aws_creds *creds, int64_t server_ms)
{
    bool is_short = creds->life_ms < SHORT_LIFE_MS;
    int64_t left_ms = creds->set.expires - server_ms;

    if (!aws_set_is_there(&creds->set))
        return NEED_NOW;
    if (creds->set.expires == 0)
        return NEED_NONE;
    if (creds->is_kept_stale)
        return server_ms < creds->not_before ? NEED_NONE : NEED_SOON;
    if (left_ms > (is_short ? creds->life_ms / 2 : RENEW_MS))
        return NEED_NONE;
    if (left_ms <= (is_short ? creds->life_ms / 3 : MUST_RENEW_MS))
        return NEED_NOW;
    return server_ms < creds->not_before ? NEED_NONE : NEED_SOON;
}

bool aws_creds_get(struct aws_creds *creds, int64_t server_ms, struct arena *arena,
                   struct sigv4_keys *out, struct err *err)
{
    enum need need = need_of(creds, server_ms);
    struct err why = {0};

    if (need != NEED_NONE && !refresh(creds, server_ms, arena, &why)) {
        if (need == NEED_NOW || why.kind == ERR_CANCELLED)
            return err_set(err, why.kind, "%s", why.msg);
        creds->not_before = server_ms + TRY_AGAIN_MS;
        log_warn("aws.credentials", "refresh=failed why=%s",
                 log_q(&(struct str){why.msg, strlen(why.msg)}));
    }
    *out = aws_set_keys(&creds->set);
    return true;
}
