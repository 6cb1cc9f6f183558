/* Listings of any shape: pages of any size, empty ones between, rows that move from page to page,
 * groups, a token that dies, an answer that breaks off. */

#include <stdlib.h>

#include "base/rng.h"
#include "unit/subs/subs_rig.h"

#define ROUNDS 300
#define ROWS   48

struct made {
    struct fake_answer rows[ROWS];
    size_t n_rows;
    struct str expected[400]; /* `user raw STATUS`, sorted; a line per row */
    size_t n_expected, n_groups;
    struct str echo; /* the last row of a page, which may be on the next one too */
    bool is_whole;
};

static struct str any_row(struct rng *rng, struct str *line, struct arena *arena)
{
    static const char *const words[] = {"ACTIVE", "PENDING", "CANCELED", "CANCELLED"};
    static const char *const plans[] = {"PRO", "PRO_PLUS", "POWER"};
    const char *plan = plans[rng_below(rng, 3)];
    size_t status = rng_below(rng, 4);
    int user = (int)rng_below(rng, 60);
    /* Its date makes a row unlike all others. */
    int64_t created = (int64_t)rng_below(rng, INT64_C(1000000000));

    *line = arena_printf(arena, "bbbbbbbb-0000-4000-8000-%012d %s %s %lld", user, plan,
                         status == 0   ? "active"
                         : status == 1 ? "pending"
                                       : "canceled",
                         (long long)created * 1000);
    return arena_printf(arena,
                        "{\"status\":\"%s\",\"principal\":{\"user\":\"bbbbbbbb-0000-4000-8000-"
                        "%012d\"},\"createdDate\":%lld,\"type\":{\"amazonQ\":\"%s\"}}",
                        words[status], user, (long long)created, plan);
}

/* One page; who is on it counts only if `counts`. */
static void add_page(struct made *made, struct rng *rng, unsigned page, bool is_last, bool counts,
                     struct arena *arena)
{
    unsigned n = rng_below(rng, 4) == 0 ? 0 : (unsigned)rng_below(rng, 9);
    struct buf body = {0};
    bool some = false;

    buf_add(&body, STR("{\"subscriptions\":["));
    if (counts && page > 0 && made->echo.len > 0 && rng_below(rng, 3) == 0) {
        buf_add(&body, made->echo);
        some = true;
    }
    for (unsigned i = 0; i < n; i++) {
        bool is_group = rng_below(rng, 10) == 0;
        struct str line;
        struct str row = any_row(rng, &line, arena);
        if (is_group) {
            row = STR("{\"status\":\"ACTIVE\",\"principal\":{\"group\":\"" G1
                      "\"},\"type\":{\"amazonQ\":\"PRO\"}}");
        }
        buf_printf(&body, "%s%.*s", some ? "," : "", STR_ARG(row));
        some = true;
        if (!counts)
            continue;
        if (is_group) {
            made->n_groups++;
        } else {
            made->expected[made->n_expected++] = line;
            made->echo = row;
        }
    }
    buf_add(&body, STR("]"));
    if (!is_last)
        buf_printf(&body, ",\"nextToken\":\"t%u\"", page + 1);
    buf_add(&body, STR("}"));
    made->rows[made->n_rows++] = (struct fake_answer){
        .url = page == 0 ? "\"maxResults\":100}"
                         : arena_printf(arena, "\"nextToken\":\"t%u\"}", page).ptr,
        .body = arena_str(arena, buf_str(&body)).ptr,
    };
    buf_fini(&body);
}

static void add_fault(struct made *made, unsigned page, int status, const char *body,
                      struct arena *arena)
{
    made->rows[made->n_rows++] = (struct fake_answer){
        .url = arena_printf(arena, "\"nextToken\":\"t%u\"}", page).ptr,
        .status = status,
        .body = body,
    };
}

static unsigned any_place(struct rng *rng, unsigned n_pages)
{
    return n_pages > 1 && rng_below(rng, 3) == 0 ? 1 + (unsigned)rng_below(rng, n_pages - 1) : 0;
}

static void make(struct made *made, struct rng *rng, struct arena *arena)
{
    unsigned n_pages = 1 + (unsigned)rng_below(rng, 12);
    unsigned dies_at = any_place(rng, n_pages);
    unsigned breaks_at = any_place(rng, n_pages);

    *made = (struct made){.is_whole = breaks_at == 0};
    for (unsigned page = 0; dies_at > 0 && page < dies_at; page++)
        add_page(made, rng, page, false, false, arena);
    if (dies_at > 0)
        add_fault(made, dies_at, 400, FAULT("ValidationException"), arena);
    for (unsigned page = 0; page < n_pages; page++) {
        if (breaks_at > 0 && page == breaks_at) {
            add_fault(made, page, 200, "{\"subscriptions\":[{}]}", arena);
            break;
        }
        add_page(made, rng, page, page + 1 == n_pages, true, arena);
    }
    made->n_expected = str_sort_unique(made->expected, made->n_expected);
}

/* Sorted like the expected lines, which are sorted as texts. */
static size_t lines_of(const struct subs_listing *listing, struct str *lines, struct arena *arena)
{
    for (size_t i = 0; i < listing->n; i++) {
        const struct subs_seat *seat = &listing->seats[i];
        lines[i] = arena_printf(arena, "%.*s %.*s %s %lld", STR_ARG(seat->user), STR_ARG(seat->raw),
                                subs_status_name(seat->status), (long long)seat->created_ms);
        if (i == 0)
            continue;
        int by = str_cmp(seat[-1].user, seat->user);
        assert_true(by < 0 || (by == 0 && str_cmp(seat[-1].raw, seat->raw) <= 0));
    }
    return str_sort_unique(lines, listing->n);
}

static void check(uint64_t seed)
{
    struct rng rng = rng_seed(seed);
    struct subs_listing listing;
    struct made made;
    struct arena arena;
    struct rig rig;

    arena_init(&arena, (size_t)16 << 20);
    make(&made, &rng, &arena);
    rig_open(&rig, (struct subs_options){0}, made.rows, made.n_rows);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    if ((listing.state == LISTING_SEALED) != made.is_whole)
        fail_msg("seed %llu: %.*s", (unsigned long long)seed, STR_ARG(listing.why));
    if (made.is_whole) {
        struct str *lines = arena_array(&arena, struct str, listing.n);
        size_t n = lines_of(&listing, lines, &arena);
        if (listing.n != made.n_expected || listing.n_groups != made.n_groups || n != listing.n) {
            fail_msg("seed %llu: %zu rows, %zu groups", (unsigned long long)seed, listing.n,
                     listing.n_groups);
        }
        for (size_t i = 0; i < n; i++)
            assert_true(str_eq(lines[i], made.expected[i]));
    } else {
        assert_int_equal(listing.n, 0);
    }
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

/* ---- a large one ---- */

static void test_twenty_thousand_rows_cost_what_they_are(void **state)
{
    enum { PAGES = 200, ON_PAGE = 100 };
    static struct fake_answer script[PAGES];
    struct subs_listing listing;
    struct arena arena;
    struct rig rig;

    (void)state;
    arena_init(&arena, (size_t)64 << 20);
    for (int page = 0; page < PAGES; page++) {
        struct buf body = {0};
        for (int i = 0; i < ON_PAGE; i++) {
            buf_printf(&body,
                       "%s{\"principal\":{\"user\":\"1234567890-bbbbbbbb-0000-4000-8000-%012d\"},"
                       "\"type\":{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"},\"activatedType\":{"
                       "\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"},\"status\":\"ACTIVE\","
                       "\"aggregatedSubscriptionType\":\"INDIVIDUAL_AND_GROUP\","
                       "\"createdDate\":1780000000,\"activationDate\":1780000500}",
                       i > 0 ? "," : "{\"subscriptions\":[", (page * ON_PAGE + i) * 7 % 20011);
        }
        buf_printf(&body, "]%s", page + 1 < PAGES ? ",\"nextToken\":\"" : "}");
        if (page + 1 < PAGES)
            buf_printf(&body, "t%d\"}", page + 1);
        script[page] = (struct fake_answer){
            .url = page == 0 ? "\"maxResults\":100}"
                             : arena_printf(&arena, "\"nextToken\":\"t%d\"}", page).ptr,
            .body = arena_str(&arena, buf_str(&body)).ptr};
        buf_fini(&body);
    }
    rig_open(&rig, (struct subs_options){0}, script, PAGES);
    size_t used = rig.arena.used;
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_int_equal(listing.state, LISTING_SEALED);
    assert_int_equal(listing.n, PAGES * ON_PAGE);
    /* Words that all rows share are there once. */
    assert_true(listing.seats[0].raw.ptr == listing.seats[listing.n - 1].raw.ptr);
    assert_in_range(rig.arena.used - used, 1, listing.n * 200);
    rig_close(&rig);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_listing_is_read_to_its_end_or_not_sealed),
        cmocka_unit_test(test_twenty_thousand_rows_cost_what_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
