#include <stdint.h>
#include <stdlib.h>

#include "base/vec.h"
#include "http/http_link.h"

/*
 * The input is what a server sends as Link headers, one a line. What is found must stand in the
 * input, and a walk must stay on its list.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str first = {"https://h/list?limit=2", 22};

static void require(int holds)
{
    if (!holds)
        abort();
}

static void walk(const struct http_response *res, struct arena *arena)
{
    struct link_walk walk = {.first = first, .max_pages = 3};
    struct str next = {0};
    struct err err = {0};
    struct url asked, target;
    unsigned pages = 1;

    require(url_parse(first, &asked));
    while (link_walk_on(&walk, res, arena, &next, &err) && next.len > 0) {
        require(url_parse(next, &target) && url_same_origin(&asked, &target));
        require(str_eq(target.path, asked.path) && !str_eq(next, first));
        pages++;
    }
    /* The same answer again and again repeats its link at once. */
    require(pages <= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VEC_OF(struct http_header) headers = {0};
    struct arena arena;
    struct str next = {0};

    if (size > 1 << 16)
        return 0;
    arena_init(&arena, (size_t)16 << 20);

    struct str rest = {(const char *)data, size};
    while (rest.len > 0)
        VEC_PUSH(&arena, &headers, ((struct http_header){STR("Link"), str_cut(&rest, '\n')}));

    struct http_response res = {.headers = headers.items, .n_headers = headers.n};
    if (link_next(&res, &next) && next.len > 0) {
        require(next.ptr > (const char *)data && next.ptr[-1] == '<');
        require(next.ptr + next.len < (const char *)data + size && next.ptr[next.len] == '>');
        walk(&res, &arena);
    }
    arena_fini(&arena);
    return 0;
}
