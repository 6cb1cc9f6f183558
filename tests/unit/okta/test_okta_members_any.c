/*
 * Whatever pages and faults a random server gives: a listing is sealed exactly if every page of its
 * last walk was served whole and once, and then it is the union of these pages.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "core/observation.h"
#include "unit/okta/okta_rig.h"

#define CASES      10000
#define GROUPS_MAX 3
#define PEOPLE_MAX 24

struct fake_group {
    char id[32];
    size_t n_people; /* person i has the id `uI`; shown in a shuffled order, some twice */
    size_t order[2 * PEOPLE_MAX];
    size_t n_order;
    size_t page_size;
    /* the last walk */
    size_t served;
    bool whole, broken;
};

struct fake_okta {
    struct rng *rng;
    struct fake_group groups[GROUPS_MAX];
    size_t n_groups;
    unsigned fault_percent;
    struct arena *bodies;
};

enum fault {
    FAULT_500,
    FAULT_502,
    FAULT_429,
    FAULT_404,
    FAULT_404_FOREIGN,
    FAULT_403,
    FAULT_204,
    FAULT_LOST,
    FAULT_UNSENT,
    FAULT_CUT,
    FAULT_TAIL,
    FAULT_OBJECT,
    FAULT_BAD_ID,
    FAULT_NO_STATUS,
    FAULT_NEXT_SELF,
    FAULT_NEXT_FIRST,
    FAULT_NEXT_FOREIGN,
    FAULT_NEXT_OTHER,
    FAULT_NEXT_TWO,
    FAULT_NEXT_TORN,
    N_FAULTS
};

static struct fake_group *group_of(struct fake_okta *okta, struct str url)
{
    for (size_t i = 0; i < okta->n_groups; i++) {
        char path[96];
        snprintf(path, sizeof(path), ORG "/api/v1/groups/%s/users?", okta->groups[i].id);
        if (str_starts(url, str_of(path)))
            return &okta->groups[i];
    }
    fail_msg("asked for %.*s", STR_ARG(url));
    return NULL;
}

static size_t page_of(struct str url)
{
    const char *after = memmem(url.ptr, url.len, "after=", 6);

    return after ? (size_t)strtoul(after + 6, NULL, 10) : 0;
}

static struct str page_body(const struct fake_group *group, size_t page, enum fault fault,
                            struct arena *arena)
{
    struct buf text = {0};
    struct str body;
    size_t from = page * group->page_size;

    buf_add_char(&text, '[');
    for (size_t i = from; i < from + group->page_size && i < group->n_order; i++) {
        buf_printf(&text,
                   "%s{\"id\":\"u%zu\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"l%zu\"}}",
                   i > from ? "," : "", group->order[i], group->order[i]);
    }
    if (fault == FAULT_BAD_ID || fault == FAULT_NO_STATUS) {
        buf_printf(&text, "%s%s", text.len > 1 ? "," : "",
                   fault == FAULT_BAD_ID ? "{\"id\":\"u 1\",\"status\":\"ACTIVE\"}"
                                         : "{\"id\":\"u1\"}");
    }
    if (fault != FAULT_CUT)
        buf_add_char(&text, ']');
    if (fault == FAULT_TAIL)
        buf_add(&text, STR("[]"));
    body = fault == FAULT_OBJECT ? STR("{\"page\":[]}") : arena_str(arena, buf_str(&text));
    buf_fini(&text);
    return body;
}

static struct str next_link(const struct fake_group *group, size_t page, enum fault fault,
                            const struct http_request *req, struct arena *arena)
{
    char path[96];

    snprintf(path, sizeof(path), "/api/v1/groups/%s/users", group->id);
    switch (fault) {
    case FAULT_NEXT_SELF: return arena_printf(arena, "<%.*s>; rel=\"next\"", STR_ARG(req->url));
    case FAULT_NEXT_FIRST:
        return arena_printf(arena, "<" ORG "%s?limit=%s>; rel=\"next\"", path,
                            strrchr(arena_cstr(arena, req->url), '=') + 1);
    case FAULT_NEXT_FOREIGN:
        return arena_printf(arena, "<https://evil.example%s?after=%zu>; rel=\"next\"", path,
                            page + 1);
    case FAULT_NEXT_OTHER:
        return arena_printf(arena, "<" ORG "/api/v1/users?after=%zu>; rel=\"next\"", page + 1);
    case FAULT_NEXT_TWO:
        return arena_printf(
            arena, "<" ORG "%s?after=%zu>; rel=\"next\", <" ORG "%s?after=%zu>; rel=\"next\"", path,
            page + 1, path, page + 2);
    case FAULT_NEXT_TORN: return arena_printf(arena, "<" ORG "%s?after=%zu", path, page + 1);
    default:
        return arena_printf(arena, "<" ORG "%s?after=%zu&limit=%s>; rel=\"next\"", path, page + 1,
                            strrchr(arena_cstr(arena, req->url), '=') + 1);
    }
}

/* True when there is no page to be had at all. */
static bool fail_page(enum fault fault, struct http_response *res)
{
    static const int statuses[] = {
        [FAULT_500] = 500,         [FAULT_502] = 502, [FAULT_429] = 429, [FAULT_404] = 404,
        [FAULT_404_FOREIGN] = 404, [FAULT_403] = 403, [FAULT_204] = 204};

    if (fault == FAULT_LOST || fault == FAULT_UNSENT) {
        res->outcome = fault == FAULT_LOST ? HTTP_LOST : HTTP_NOT_SENT;
        res->kind = ERR_UNAVAILABLE;
        res->why = STR("gone");
        return true;
    }
    if (fault >= ARRAY_LEN(statuses))
        return false;
    res->status = statuses[fault];
    res->body = fault == FAULT_404 ? STR(ERROR("E0000007")) : STR("");
    return true;
}

static void serve(struct fake_okta *okta, const struct http_request *req, struct http_response *res,
                  struct arena *arena)
{
    struct fake_group *group = group_of(okta, req->url);
    size_t page = page_of(req->url);
    bool last = (page + 1) * group->page_size >= group->n_order;
    enum fault fault = rng_chance(okta->rng, okta->fault_percent)
                           ? (enum fault)rng_below(okta->rng, N_FAULTS)
                           : N_FAULTS;
    bool bad_link = fault >= FAULT_NEXT_SELF && fault < N_FAULTS;

    if (page == 0) {
        group->served = 0;
        group->whole = group->broken = false;
    }
    *res = (struct http_response){.status = 200};
    if (fail_page(fault, res))
        return;
    res->body = page_body(group, page, fault, okta->bodies);
    if (!last || bad_link) {
        struct http_header *headers = arena_array(arena, struct http_header, 2);
        headers[0] = (struct http_header){
            STR("link"), arena_printf(arena, "<%.*s>; rel=\"self\"", STR_ARG(req->url))};
        headers[1] = (struct http_header){STR("link"), next_link(group, page, fault, req, arena)};
        res->headers = headers;
        res->n_headers = 2;
    }
    if (fault != N_FAULTS)
        return;
    group->broken |= page != group->served;
    group->served++;
    group->whole = last;
}

static bool serve_all(void *self, const struct http_request *const *req,
                      struct http_response *const *res, size_t n, unsigned parallel,
                      struct arena *arena, struct err *err)
{
    (void)parallel;
    (void)err;
    for (size_t i = 0; i < n; i++)
        serve(self, req[i], res[i], arena);
    return true;
}

static void make_group(struct fake_group *group, size_t index, struct rng *rng)
{
    *group = (struct fake_group){.n_people = (size_t)rng_below(rng, PEOPLE_MAX + 1)};
    snprintf(group->id, sizeof(group->id), "00g%zu", index);
    for (size_t i = 0; i < group->n_people; i++) {
        group->order[group->n_order++] = i;
        if (rng_chance(rng, 10))
            group->order[group->n_order++] = i;
    }
    rng_shuffle(rng, group->order, group->n_order, sizeof(group->order[0]));
    group->page_size = 1 + (size_t)rng_below(rng, 9);
}

static void check(const struct fake_group *group, const struct listing *listing, uint64_t seed)
{
    bool expected = group->whole && !group->broken;

    if ((listing->state == LISTING_SEALED) != expected) {
        fail_msg("seed %llu: %s is %s: %.*s", (unsigned long long)seed, group->id,
                 expected ? "whole and not sealed" : "sealed and not whole", STR_ARG(listing->why));
    }
    if (listing->state != LISTING_SEALED) {
        if (listing->why.len == 0)
            fail_msg("seed %llu: %s does not say why", (unsigned long long)seed, group->id);
        return;
    }
    if (listing->n != group->n_people) {
        fail_msg("seed %llu: %s has %zu of %zu", (unsigned long long)seed, group->id, listing->n,
                 group->n_people);
    }
    for (size_t i = 0; i < group->n_people; i++) {
        char id[32];
        snprintf(id, sizeof(id), "u%zu", i);
        if (!listing_find(listing, str_of(id)))
            fail_msg("seed %llu: %s lacks %s", (unsigned long long)seed, group->id, id);
    }
}

struct bench {
    struct okta *okta;
    struct http *http;
    struct fake_okta fake;
    struct arena arena, bodies;
    size_t n_sealed, n_unsealed;
};

static void run_seed(struct bench *bench, uint64_t seed)
{
    struct rng rng = rng_seed(seed);
    struct str ids[GROUPS_MAX];
    struct listing listings[GROUPS_MAX] = {0};
    struct err err = {0};

    bench->fake = (struct fake_okta){
        .rng = &rng,
        .n_groups = 1 + (size_t)rng_below(&rng, GROUPS_MAX),
        .fault_percent = (unsigned)rng_below(&rng, 25),
        .bodies = &bench->bodies,
    };
    for (size_t i = 0; i < bench->fake.n_groups; i++) {
        make_group(&bench->fake.groups[i], i, &rng);
        ids[i] = str_of(bench->fake.groups[i].id);
    }
    http_new_run(bench->http);
    if (!okta_list_members(bench->okta, ids, bench->fake.n_groups, &bench->arena, listings, &err))
        fail_msg("seed %llu: %s", (unsigned long long)seed, err.msg);
    for (size_t i = 0; i < bench->fake.n_groups; i++) {
        check(&bench->fake.groups[i], &listings[i], seed);
        if (listings[i].state == LISTING_SEALED) {
            bench->n_sealed++;
        } else {
            bench->n_unsealed++;
        }
    }
    arena_reset(&bench->arena, 0);
    arena_reset(&bench->bodies, 0);
}

static void test_a_listing_is_sealed_exactly_if_every_page_came_whole_and_once(void **state)
{
    struct bench bench = {0};
    struct fake_clock time;
    struct clock clock;
    struct secret token = {0};
    struct http_options http_options = {.remote = "okta", .max_tries = 2, .seed = 7};
    struct okta_options options = {.url = STR(ORG), .ssws = &token};
    struct transport transport = {.self = &bench.fake, .send = serve_all};
    struct err err = {0};

    (void)state;
    json_init();
    fake_clock_init(&time);
    clock = fake_clock(&time);
    arena_init(&bench.arena, (size_t)64 << 20);
    arena_init(&bench.bodies, (size_t)64 << 20);
    secret_set(&token, STR("token"));
    bench.http = http_new(&http_options, transport, &clock);
    bench.okta = okta_new(&options, bench.http, &clock, &err);
    assert_non_null(bench.okta);

    for (uint64_t seed = 1; seed <= CASES; seed++)
        run_seed(&bench, seed);
    /* both kinds came often, or nothing was shown */
    assert_in_range(bench.n_sealed, CASES / 10, SIZE_MAX);
    assert_in_range(bench.n_unsealed, CASES / 10, SIZE_MAX);

    okta_free(bench.okta);
    http_free(bench.http);
    secret_fini(&token);
    arena_fini(&bench.bodies);
    arena_fini(&bench.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_listing_is_sealed_exactly_if_every_page_came_whole_and_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
