#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "http/http_link.h"

#define HEADERS_MOST 4
#define FIRST        "https://acme.okta.com/api/v1/groups/00g1/users?limit=200"
#define PAGE(cursor) "https://acme.okta.com/api/v1/groups/00g1/users?after=" cursor "&limit=200"

static struct http_response with_links(struct http_header headers[HEADERS_MOST],
                                       const char *const links[HEADERS_MOST])
{
    size_t n = 0;

    for (; n < HEADERS_MOST && links[n]; n++)
        headers[n] = (struct http_header){n % 2 ? STR("Link") : STR("link"), str_of(links[n])};
    return (struct http_response){.status = 200, .headers = headers, .n_headers = n};
}

static const char *next_of(const char *const links[HEADERS_MOST])
{
    static char out[256];
    struct http_header headers[HEADERS_MOST];
    struct http_response res = with_links(headers, links);
    struct str next = STR("untouched");

    if (!link_next(&res, &next))
        return str_is(next, "untouched") ? "unreadable" : "written on failure";
    (void)snprintf(out, sizeof(out), "%.*s", STR_ARG(next));
    return out;
}

static void test_the_next_link_is_found_in_every_form(void **state)
{
    static const struct {
        const char *links[HEADERS_MOST];
        const char *next;
    } cases[] = {
        {{NULL}, ""},
        {{""}, ""},
        {{"<a>; rel=\"self\""}, ""},
        {{"<a>; rel=\"next\""}, "a"},
        {{"<a>;rel=next"}, "a"},
        {{"<a> ; rel = next"}, "a"},
        {{"<a>; REL=NEXT"}, "a"},
        {{"<a>; rel=\"self\"", "<b>; rel=\"next\""}, "b"},
        {{"<b>; rel=\"next\"", "<a>; rel=\"self\""}, "b"},
        {{"<a>; rel=\"self\", <b>; rel=\"next\""}, "b"},
        {{"<a>; rel=\"self\",<b>; rel=\"next\",<c>; rel=\"last\""}, "b"},
        {{", ,<b>; rel=next, "}, "b"},
        {{"<b>; title=\"x, y; <z>\"; rel=\"next\""}, "b"},
        {{"<b>; title=\"a \\\" b\"; rel=\"next\""}, "b"},
        {{"<b>; rel=\"last next\""}, "b"},
        {{"<b>; rel=\"nextish\""}, ""},
        {{"<b>; rel=\"self\"; rel=\"next\""}, ""},
        {{"<b>; type; rel=next; hreflang=de"}, "b"},
        {{"<b>;; rel=next;"}, "b"},
        {{"<b>; note=a/b:c; rel=next"}, "b"},
        {{"<https://h/x?a=1,2;3&b=c>; rel=\"next\""}, "https://h/x?a=1,2;3&b=c"},
        {{"<b>; rel=next", "<b>; rel=next"}, "b"},
        {{"<b>; rel=next", "<c>; rel=next"}, "unreadable"},
        {{"<b>; rel=next, <c>; rel=next"}, "unreadable"},
        {{"<>; rel=next"}, "unreadable"},
        {{"<>; rel=self"}, ""},
        {{"b; rel=next"}, "unreadable"},
        {{"<b; rel=next"}, "unreadable"},
        {{"<b>; rel=\"next"}, "unreadable"},
        {{"<b>; rel=\"next\\"}, "unreadable"},
        {{"<b> rel=next"}, "unreadable"},
        {{"<b>; rel=next <c>"}, "unreadable"},
        {{"<b>; rel=\"next\"x"}, "unreadable"},
        {{"<b>; rel=\"next\"", "rubbish"}, "unreadable"},
        {{"<"}, "unreadable"},
        {{">"}, "unreadable"},
        {{"\""}, "unreadable"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *next = next_of(cases[i].links);

        if (strcmp(next, cases[i].next) != 0) {
            fail_msg("case %zu (%s): `%s` instead of `%s`", i,
                     cases[i].links[0] ? cases[i].links[0] : "", next, cases[i].next);
        }
    }
}

/* Walks the pages that the links tell, and renders where it went and how it ended. */
static const char *walk(unsigned max_pages, const char *const *links, size_t n)
{
    static char out[1024];
    struct arena arena;
    struct link_walk walk = {.first = STR(FIRST), .max_pages = max_pages};
    size_t used = 0;

    arena_init(&arena, 1 << 20);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct http_header headers[HEADERS_MOST];
        struct http_response res = with_links(headers, (const char *const[HEADERS_MOST]){links[i]});
        struct str next = {0};
        struct err err = {0};

        if (!link_walk_on(&walk, &res, &arena, &next, &err)) {
            assert_int_equal(err.kind, ERR_REMOTE);
            (void)snprintf(out + used, sizeof(out) - used, "! %s", err.msg);
            break;
        }
        if (next.len == 0) {
            (void)snprintf(out + used, sizeof(out) - used, "end");
            break;
        }
        struct str cursor = str_sub(next, strlen(FIRST) - 9, next.len);
        used += (size_t)snprintf(out + used, sizeof(out) - used, "%.*s ", STR_ARG(cursor));
    }
    arena_fini(&arena);
    return out;
}

#define WALK(max, ...) \
    walk(max, (const char *const[]){__VA_ARGS__}, ARRAY_LEN(((const char *const[]){__VA_ARGS__})))
#define NEXT(url) "<" url ">; rel=\"next\""

static void test_a_walk_goes_on_until_no_page_is_next(void **state)
{
    (void)state;
    assert_string_equal(WALK(0, "<" FIRST ">; rel=\"self\""), "end");
    assert_string_equal(WALK(0, NEXT(PAGE("a")), NEXT(PAGE("b")), "<" FIRST ">; rel=\"self\""),
                        "after=a&limit=200 after=b&limit=200 end");
}

static void test_a_walk_ends_where_a_page_leads_astray(void **state)
{
    (void)state;
    assert_string_equal(WALK(0, NEXT("https://evil.example/api/v1/groups/00g1/users?after=a")),
                        "! the link to the next page leads to another server (evil.example)");
    assert_string_equal(WALK(0, NEXT("http://acme.okta.com/api/v1/groups/00g1/users?after=a")),
                        "! the link to the next page leads to another server (acme.okta.com)");
    assert_string_equal(WALK(0, NEXT("https://acme.okta.com:8443/api/v1/groups/00g1/users?a")),
                        "! the link to the next page leads to another server (acme.okta.com)");
    assert_string_equal(
        WALK(0, NEXT("https://acme.okta.com/api/v1/groups/00g2/users?after=a")),
        "! the link to the next page leads to another list (/api/v1/groups/00g2/users)");
    assert_string_equal(WALK(0, NEXT("/api/v1/groups/00g1/users?after=a")),
                        "! the link to the next page is not an absolute URL");
    assert_string_equal(WALK(0, NEXT("https://u:p@acme.okta.com/api/v1/groups/00g1/users")),
                        "! the link to the next page is not an absolute URL");
    assert_string_equal(WALK(0, "rubbish"), "! the Link header of page 1 cannot be read");
}

static void test_a_walk_never_reads_a_page_twice(void **state)
{
    (void)state;
    assert_string_equal(WALK(0, NEXT(FIRST)), "! the link to the next page repeats one (page 1)");
    assert_string_equal(WALK(0, NEXT(PAGE("a")), NEXT(PAGE("a"))),
                        "after=a&limit=200 ! the link to the next page repeats one (page 2)");
    assert_string_equal(WALK(0, NEXT(PAGE("a")), NEXT(PAGE("b")), NEXT(PAGE("a"))),
                        "after=a&limit=200 after=b&limit=200 "
                        "! the link to the next page repeats one (page 3)");
}

static void test_a_walk_is_bounded(void **state)
{
    (void)state;
    assert_string_equal(WALK(2, NEXT(PAGE("a")), NEXT(PAGE("b")), "<x>; rel=self"),
                        "after=a&limit=200 ! the list does not end after 2 pages");
    assert_string_equal(WALK(2, NEXT(PAGE("a")), "<x>; rel=self"), "after=a&limit=200 end");
}

/* Random text of the grammar's own characters. A `next` that is found stands in angle brackets in
 * the text, and the text holds the word. */
static void test_random_link_headers_are_read_safely(void **state)
{
    static const char *const words[] = {
        "<",   ">",    ";",    ",", "\"", "\\", "=",           " ",
        "rel", "next", "self", "a", "\t", "?",  "https://h/x", "<b>; rel=\"next\""};
    unsigned found = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct rng rng = rng_seed(seed);
        char text[256] = "";
        size_t n = (size_t)rng_below(&rng, 14);

        for (size_t i = 0; i < n; i++)
            strcat(text, words[rng_below(&rng, ARRAY_LEN(words))]);

        /* On the heap at its exact length, so that a look behind it is caught. */
        size_t len = strlen(text);
        char *exact = test_malloc(len > 0 ? len : 1);
        for (size_t i = 0; i < len; i++)
            exact[i] = text[i];
        struct http_header header = {STR("link"), {exact, len}};
        struct http_response res = {.headers = &header, .n_headers = 1};
        struct str next = {0};

        if (link_next(&res, &next) && next.len > 0) {
            found++;
            bool framed = next.ptr > exact && next.ptr[-1] == '<' && next.ptr[next.len] == '>' &&
                          memmem(exact, len, "next", 4) != NULL;
            if (!framed)
                fail_msg("seed %llu: %s", (unsigned long long)seed, text);
        }
        test_free(exact);
    }
    assert_true(found > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_next_link_is_found_in_every_form),
        cmocka_unit_test(test_a_walk_goes_on_until_no_page_is_next),
        cmocka_unit_test(test_a_walk_ends_where_a_page_leads_astray),
        cmocka_unit_test(test_a_walk_never_reads_a_page_twice),
        cmocka_unit_test(test_a_walk_is_bounded),
        cmocka_unit_test(test_random_link_headers_are_read_safely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
