/*
 * Lists the members of all groups of static_server as a run does, over the real transport:
 * `bench_list URL GROUPS MEMBERS PARALLEL`. Fails unless every listing is sealed and whole.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "http/http_curl.h"
#include "okta/okta.h"

static int stop(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "bench_list: %s: %s\n", what, err->msg);
    return 1;
}

static int list(struct okta *okta, size_t n_groups, size_t expected, struct err *err)
{
    struct arena arena;
    size_t total = 0;

    arena_init(&arena, (size_t)8 << 30);
    struct str *groups = arena_array(&arena, struct str, n_groups);
    struct listing *listings = arena_array(&arena, struct listing, n_groups);
    for (size_t i = 0; i < n_groups; i++)
        groups[i] = arena_printf(&arena, "00gbench%012zu", i);
    if (!okta_list_members(okta, groups, n_groups, &arena, listings, err))
        return stop("listing", err);
    for (size_t i = 0; i < n_groups; i++) {
        if (!listing_is_sealed(&listings[i])) {
            (void)fprintf(stderr, "bench_list: %.*s\n", STR_ARG(listings[i].why));
            return 1;
        }
        total += listings[i].n;
    }
    arena_fini(&arena);
    if (total != expected) {
        (void)fprintf(stderr, "bench_list: %zu members instead of %zu\n", total, expected);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct clock clock = clock_system(NULL);
    struct http_curl_options curl_options = {.user_agent = "seatkeeper-bench"};
    struct http_options http_options = {.remote = "okta", .rate_share = 100, .seed = 1};
    struct okta_options options = {.page_limit = 1000};
    struct secret token = {0};

    if (argc != 5) {
        (void)fprintf(stderr, "usage: %s URL GROUPS MEMBERS PARALLEL\n", argv[0]);
        return 2;
    }
    json_init();
    secret_set(&token, STR("bench"));
    options.url = str_of(argv[1]);
    options.ssws = &token;
    http_options.parallel = (unsigned)strtoul(argv[4], NULL, 10);
    if (!http_curl_global_init(&err))
        return stop("libcurl", &err);
    struct http_curl *curl = http_curl_new(&curl_options, NULL, &err);
    if (!curl)
        return stop("transport", &err);
    struct http *http = http_new(&http_options, http_curl_transport(curl), &clock);
    struct okta *okta = okta_new(&options, http, &clock, &err);
    if (!okta)
        return stop("okta", &err);
    int code = list(okta, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), &err);
    okta_free(okta);
    http_free(http);
    http_curl_free(curl);
    http_curl_global_fini();
    secret_fini(&token);
    return code;
}
