#include "base/rng.h"
#include "base/uuid.h"
#include "unit/base/prop.h"

static void test_equal_seeds_give_equal_sequences_on_every_machine(void **state)
{
    struct rng a = rng_seed(42), b = rng_seed(42), c = rng_seed(43);

    (void)state;
    /* xoshiro256** over splitmix64(42), by its authors' programs */
    assert_int_equal(rng_u64(&a), UINT64_C(1546998764402558742));
    assert_int_equal(rng_u64(&a), UINT64_C(6990951692964543102));
    assert_int_equal(rng_u64(&b), UINT64_C(1546998764402558742));
    assert_int_not_equal(rng_u64(&c), UINT64_C(1546998764402558742));
}

static void test_draws_stay_inside_and_reach_every_value(void **state)
{
    struct rng rng = rng_seed(7);
    unsigned seen[6] = {0}, heads = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        uint64_t below = rng_below(&rng, 6);
        int64_t between = rng_between(&rng, -3, 2);
        assert_true(below < 6);
        assert_true(between >= -3 && between <= 2);
        seen[below]++;
        heads += (unsigned)rng_chance(&rng, 25);
    }
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        assert_in_range(seen[i], 9600, 10400);
    assert_in_range(heads, 14500, 15500);
    assert_int_equal(rng_below(&rng, 1), 0);
    assert_int_equal(rng_between(&rng, 5, 5), 5);
    assert_int_equal(rng_chance(&rng, 0), 0);
    assert_int_equal(rng_chance(&rng, 100), 1);
    (void)rng_between(&rng, INT64_MIN, INT64_MAX); /* the whole range does not overflow */
}

static bool a_shuffle_keeps_all_items(struct rng *rng, struct arena *arena, struct buf *say)
{
    uint16_t items[20];
    size_t n = (size_t)rng_below(rng, ARRAY_LEN(items) + 1);
    uint32_t seen = 0;

    (void)arena;
    for (size_t i = 0; i < n; i++)
        items[i] = (uint16_t)i;
    rng_shuffle(rng, items, n, sizeof(items[0]));
    for (size_t i = 0; i < n; i++)
        seen |= 1u << items[i];
    buf_printf(say, "%zu items", n);
    bool ok = seen == (1u << n) - 1;
    if (ok)
        buf_clear(say);
    return ok;
}

static void test_a_shuffle_keeps_all_items(void **state)
{
    (void)state;
    for_all(a_shuffle_keeps_all_items);
}

static void test_uuids_are_version_seven_and_all_different(void **state)
{
    char a[UUID_SIZE], b[UUID_SIZE];

    (void)state;
    uuid_v7(0x0123456789AB, a);
    uuid_v7(0x0123456789AB, b);
    assert_int_equal(strlen(a), 36);
    assert_memory_equal(a, "01234567-89ab-7", 15);
    assert_memory_equal(b, "01234567-89ab-7", 15);
    assert_non_null(strchr("89ab", a[19]));
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    uuid_v7(-5, a);
    assert_memory_equal(a, "00000000-0000-7", 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_seeds_give_equal_sequences_on_every_machine),
        cmocka_unit_test(test_draws_stay_inside_and_reach_every_value),
        cmocka_unit_test(test_a_shuffle_keeps_all_items),
        cmocka_unit_test(test_uuids_are_version_seven_and_all_different),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
