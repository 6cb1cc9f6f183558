/*
 * Lists one group of the Identity Store as a run does, over the real transport and with signatures:
 * `bench_members URL REGION INSTANCE GROUP MEMBERS`, keys from the environment. No pace of our own,
 * which a run has. Fails unless the listing is sealed and whole.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "http/http_curl.h"
#include "identity/identity.h"

static int stop(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_members: %s: %s\n", what, why);
    return 1;
}

static const char *environment(void *self, const char *name)
{
    (void)self;
    return getenv(name);
}

static int list(struct identity *identity, struct str name, size_t expected, struct arena *arena)
{
    struct identity_instance instance;
    struct identity_group group;
    struct listing listing;
    struct err err = {0};

    if (!identity_read_instance(identity, arena, &instance, &err))
        return stop("instance", err.msg);
    if (instance.answer != IDENTITY_FOUND)
        return stop("instance", arena_cstr(arena, instance.why));
    if (!identity_find_groups(identity, &name, 1, arena, &group, &err))
        return stop("group", err.msg);
    if (group.answer != IDENTITY_FOUND)
        return stop("group", arena_cstr(arena, group.why));
    if (!identity_list_members(identity, &group.id, 1, arena, &listing, NULL, &err))
        return stop("members", err.msg);
    if (!listing_is_sealed(&listing))
        return stop("members", arena_cstr(arena, listing.why));
    if (listing.n != expected) {
        (void)fprintf(stderr, "bench_members: %zu members instead of %zu\n", listing.n, expected);
        return 1;
    }
    return 0;
}

static int run(struct http *http, const struct clock *clock, char **argv)
{
    struct aws_creds_options keys = {
        .region = str_of(argv[2]),
        .sts_url = str_of(argv[1]),
        .env = {NULL, environment},
        .http = http,
        .metadata = http,
        .clock = clock,
        .seed = 1,
    };
    struct aws_options calls = {.region = str_of(argv[2]), .seed = 1};
    struct identity_options options = {.instance_arn = str_of(argv[3]), .region = str_of(argv[2])};
    struct arena arena;

    for (int service = 0; service < AWS_SERVICE_COUNT; service++)
        calls.endpoints[service] = str_of(argv[1]);
    arena_init(&arena, (size_t)1 << 30);
    struct aws_creds *creds = aws_creds_new(&keys);
    struct aws *aws = aws_new(&calls, http, creds, clock);
    struct identity *identity = identity_new(&options, aws, clock);
    int code = list(identity, str_of(argv[4]), strtoul(argv[5], NULL, 10), &arena);
    identity_free(identity);
    aws_free(aws);
    aws_creds_free(creds);
    arena_fini(&arena);
    return code;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct clock clock = clock_system(NULL);
    struct http_curl_options curl_options = {.user_agent = "seatkeeper-bench"};
    struct http_options http_options = {.remote = "aws", .max_tries = 1, .seed = 1};

    if (argc != 6) {
        (void)fprintf(stderr, "usage: %s URL REGION INSTANCE GROUP MEMBERS\n", argv[0]);
        return 2;
    }
    json_init();
    if (!http_curl_global_init(&err))
        return stop("libcurl", err.msg);
    struct http_curl *curl = http_curl_new(&curl_options, NULL, &err);
    if (!curl)
        return stop("transport", err.msg);
    struct http *http = http_new(&http_options, http_curl_transport(curl), &clock);
    int code = run(http, &clock, argv);
    http_free(http);
    http_curl_free(curl);
    http_curl_global_fini();
    return code;
}
