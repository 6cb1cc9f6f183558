/* Listings of any shape: pages of any size, empty ones between, doubles, strange entries, a token
 * that dies, an answer that breaks off. */

#include <stdlib.h>

#include "base/rng.h"
#include "base/vec.h"
#include "core/observation.h"
#include "unit/identity/identity_rig.h"

#define ROUNDS 300
#define ROWS   48

struct made {
    struct fake_answer rows[ROWS];
    size_t n_rows;
    struct str expected[400]; /* ids, sorted and without doubles */
    size_t n_expected, n_strange;
    bool is_whole;
};

static struct str any_user(struct rng *rng, struct arena *arena)
{
    return arena_printf(arena, "%sbbbbbbbb-0000-4000-8000-%012d",
                        rng_below(rng, 2) ? "1234567890-" : "", (int)rng_below(rng, 60));
}

/* One page; who is on it counts only if `counts`. */
static void add_page(struct made *made, struct rng *rng, unsigned page, bool is_last, bool counts,
                     struct arena *arena)
{
    unsigned n = rng_below(rng, 4) == 0 ? 0 : (unsigned)rng_below(rng, 9);
    struct buf body = {0};

    buf_add(&body, STR("{\"GroupMemberships\":["));
    for (unsigned i = 0; i < n; i++) {
        bool strange = rng_below(rng, 10) == 0;
        struct str user = any_user(rng, arena);
        buf_printf(&body, "%s{\"GroupId\":\"" G1 "\",\"MemberId\":{\"%s\":\"%.*s\"}}", i ? "," : "",
                   strange ? "RobotId" : "UserId", STR_ARG(user));
        if (counts && strange)
            made->n_strange++;
        if (counts && !strange)
            made->expected[made->n_expected++] = user;
    }
    buf_add(&body, STR("]"));
    if (!is_last)
        buf_printf(&body, ",\"NextToken\":\"t%u\"", page + 1);
    buf_add(&body, STR("}"));
    made->rows[made->n_rows++] = (struct fake_answer){
        .url = page == 0 ? "\"MaxResults\":100}"
                         : arena_printf(arena, "\"NextToken\":\"t%u\"}", page).ptr,
        .body = arena_str(arena, buf_str(&body)).ptr,
    };
    buf_fini(&body);
}

static void add_fault(struct made *made, unsigned page, int status, const char *body,
                      struct arena *arena)
{
    made->rows[made->n_rows++] = (struct fake_answer){
        .url = arena_printf(arena, "\"NextToken\":\"t%u\"}", page).ptr,
        .status = status,
        .body = body,
    };
}

static void make(struct made *made, struct rng *rng, struct arena *arena)
{
    unsigned n_pages = 1 + (unsigned)rng_below(rng, 12);
    unsigned dies_at =
        n_pages > 1 && rng_below(rng, 3) == 0 ? 1 + (unsigned)rng_below(rng, n_pages - 1) : 0;
    unsigned breaks_at =
        n_pages > 1 && rng_below(rng, 3) == 0 ? 1 + (unsigned)rng_below(rng, n_pages - 1) : 0;

    *made = (struct made){.is_whole = breaks_at == 0};
    made->rows[made->n_rows++] = (struct fake_answer){.url = "ListInstances", .body = OUR_INSTANCE};
    for (unsigned page = 0; dies_at > 0 && page < dies_at; page++)
        add_page(made, rng, page, false, false, arena);
    if (dies_at > 0)
        add_fault(made, dies_at, 400, FAULT("ValidationException"), arena);
    for (unsigned page = 0; page < n_pages; page++) {
        if (breaks_at > 0 && page == breaks_at) {
            add_fault(made, page, 200, "{\"GroupMemberships\":[{}]}", arena);
            break;
        }
        add_page(made, rng, page, page + 1 == n_pages, true, arena);
    }
    made->n_expected = str_sort_unique(made->expected, made->n_expected);
}

static void check(uint64_t seed)
{
    struct rng rng = rng_seed(seed);
    struct str group = STR(G1);
    struct identity_instance instance;
    struct listing listing;
    size_t n_strange;
    struct made made;
    struct arena arena;
    struct rig rig;

    arena_init(&arena, (size_t)16 << 20);
    make(&made, &rng, &arena);
    rig_open_with(&rig, (struct identity_options){0}, made.rows, made.n_rows);
    assert_true(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    assert_true(
        identity_list_members(rig.identity, &group, 1, &rig.arena, &listing, &n_strange, &rig.err));
    if (listing_is_sealed(&listing) != made.is_whole)
        fail_msg("seed %llu: %.*s", (unsigned long long)seed, STR_ARG(listing.why));
    if (made.is_whole && (listing.n != made.n_expected || n_strange != made.n_strange)) {
        fail_msg("seed %llu: %zu members, %zu strange", (unsigned long long)seed, listing.n,
                 n_strange);
    }
    for (size_t i = 0; made.is_whole && i < listing.n; i++)
        assert_true(str_eq(listing.members[i].id, made.expected[i]));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
    arena_fini(&arena);
}

static void test_any_listing_is_read_to_its_end_or_not_sealed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++)
        check(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_listing_is_read_to_its_end_or_not_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
