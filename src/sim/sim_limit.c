#include "sim/sim_limit.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW TIME_MINUTE

void sim_limit_defaults(struct sim *sim)
{
    static const struct sim_limit workforce[] = {
        {"/api/v1/groups", 500}, {"/api/v1/groups/{id}", 1000},
        {"/api/v1/users", 600},  {"/api/v1/users/{id}", 2000},
        {"/api/v1/logs", 120},   {"/api/v1/apps", 100},
        {"/api/v1", 1200},       {"oauth2", 2000},
    };

    memcpy(sim->limits, workforce, sizeof(workforce));
    sim->n_limits = sizeof(workforce) / sizeof(workforce[0]);
}

static int64_t org_limit(const struct sim *sim, const char *bucket)
{
    for (size_t i = 0; i < sim->n_limits; i++) {
        if (strcmp(sim->limits[i].name, bucket) == 0)
            return sim->limits[i].per_minute;
    }
    return 0;
}

static struct sim_bucket *find_bucket(struct sim *sim, const char *name, const void *principal)
{
    int64_t now = sim_cloud(sim);
    struct sim_bucket *bucket = NULL;

    for (size_t i = 0; i < sim->n_buckets && !bucket; i++) {
        if (sim->buckets[i].principal == principal && strcmp(sim->buckets[i].name, name) == 0)
            bucket = &sim->buckets[i];
    }
    if (!bucket) {
        if (sim->n_buckets == sim->cap_buckets) {
            sim->cap_buckets = sim->cap_buckets > 0 ? sim->cap_buckets * 2 : 16;
            sim->buckets = realloc(sim->buckets, sim->cap_buckets * sizeof(*sim->buckets));
            if (!sim->buckets)
                abort();
        }
        bucket = &sim->buckets[sim->n_buckets++];
        *bucket = (struct sim_bucket){.name = name, .principal = principal, .window_ms = now};
    }
    if (now >= bucket->window_ms + WINDOW || now < bucket->window_ms) {
        bucket->window_ms = now;
        bucket->used = 0;
    }
    return bucket;
}

static struct str number(struct sim_call *call, int64_t value)
{
    return arena_printf(call->arena, "%lld", (long long)value);
}

static void put_headers(struct sim_call *call, int64_t limit, int64_t remaining, int64_t reset_ms)
{
    sim_answer_header(call, "x-rate-limit-limit", number(call, limit));
    sim_answer_header(call, "x-rate-limit-remaining", number(call, remaining));
    sim_answer_header(call, "x-rate-limit-reset",
                      number(call, (reset_ms + TIME_SECOND - 1) / TIME_SECOND));
}

static void put_error(struct sim_call *call)
{
    sim_answer_error(call, 429, "E0000047",
                     STR("API call exceeded rate limit due to too many requests."),
                     (struct str){0});
}

static int64_t share_of(const struct sim *sim, int64_t limit)
{
    int64_t share = limit * sim->quirks.principal_percent / 100;

    return share > 0 ? share : 1;
}

void sim_limit_refuse(struct sim_call *call, enum sim_rate kind, const char *bucket)
{
    struct sim *sim = call->sim;
    int64_t limit = org_limit(sim, bucket ? bucket : "/api/v1");
    int64_t reset = sim_cloud(sim) + 30 * TIME_SECOND;

    put_error(call);
    if (kind == SIM_RATE_CONCURRENCY)
        put_headers(call, 0, 0, sim_cloud(sim) + WINDOW);
    if (kind == SIM_RATE_BUCKET || kind == SIM_RATE_DOUBLED)
        put_headers(call, share_of(sim, limit), 0, reset);
    if (kind == SIM_RATE_DOUBLED)
        put_headers(call, limit, 0, reset + 17 * TIME_SECOND);
}

bool sim_limit_admit(struct sim_call *call, const char *bucket)
{
    struct sim *sim = call->sim;
    int64_t limit = bucket ? org_limit(sim, bucket) : 0;

    if (sim->in_flight > (uint64_t)sim->quirks.concurrency) {
        sim_limit_refuse(call, SIM_RATE_CONCURRENCY, bucket);
        return false;
    }
    if (limit == 0 || !sim->quirks.rate_limits)
        return true;

    struct sim_bucket *org = find_bucket(sim, bucket, NULL);
    int64_t org_used = org->used;
    int64_t org_window = org->window_ms;
    struct sim_bucket *mine = find_bucket(sim, bucket, call->principal ? call->principal : sim);
    int64_t share = share_of(sim, limit);

    if (mine->used >= share || org_used >= limit) {
        int64_t window = mine->used >= share ? mine->window_ms : org_window;

        put_error(call);
        put_headers(call, share, 0, window + WINDOW);
        return false;
    }
    mine->used++;
    int64_t left =
        share - mine->used < limit - org_used - 1 ? share - mine->used : limit - org_used - 1;
    int64_t reset = mine->window_ms + WINDOW;
    /* The pointer may have moved when `mine` was made. */
    find_bucket(sim, bucket, NULL)->used++;
    put_headers(call, share, left, reset);
    return true;
}
