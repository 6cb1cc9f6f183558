#include <stdio.h>

#include "base/map.h"
#include "base/vec.h"
#include "unit/base/prop.h"

static int numbers[] = {0, 1, 2, 3};

static void test_the_zeroed_map_is_empty(void **state)
{
    struct map map = {0};

    (void)state;
    assert_null(map_get(&map, STR("a")));
    assert_false(map_has(&map, STR("")));
}

static void test_putting_again_replaces_and_gives_the_former(void **state)
{
    struct arena arena;
    struct map map = {0};

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_null(map_put(&map, &arena, STR("a"), &numbers[1]));
    assert_null(map_put(&map, &arena, STR(""), &numbers[2]));
    assert_ptr_equal(map_put(&map, &arena, STR("a"), &numbers[3]), &numbers[1]);
    assert_ptr_equal(map_get(&map, STR("a")), &numbers[3]);
    assert_ptr_equal(map_get(&map, (struct str){0}), &numbers[2]);
    assert_int_equal(map.n, 2);
    assert_null(map_put(&map, &arena, STR("null"), NULL));
    assert_null(map_get(&map, STR("null")));
    assert_true(map_has(&map, STR("null")));
    assert_false(map_has(&map, STR("nul")));
    arena_fini(&arena);
}

struct list {
    struct map_entry *items;
    size_t n, cap;
};

/* Puts into a plain list that is searched from the start; the former value or NULL. */
static void *list_put(struct list *list, struct arena *arena, struct str key, void *value)
{
    for (size_t i = 0; i < list->n; i++) {
        if (str_eq(list->items[i].key, key)) {
            void *former = list->items[i].value;
            list->items[i].value = value;
            return former;
        }
    }
    VEC_PUSH(arena, list, ((struct map_entry){key, value}));
    return NULL;
}

static bool a_map_answers_like_a_list(struct rng *rng, struct arena *arena, struct buf *say)
{
    struct map map = {0};
    struct list list = {0};
    uint64_t n = rng_below(rng, rng_chance(rng, 5) ? 500 : 30);

    for (uint64_t step = 0; step < n; step++) {
        struct str key = rng_chance(rng, 50)
                             ? any_bytes(rng, 2, arena)
                             : arena_printf(arena, "00u%016u", (unsigned)rng_below(rng, 40));
        int *value = &numbers[rng_below(rng, 4)];
        void *former = list_put(&list, arena, key, value);
        if (map_has(&map, key) != (former != NULL) || map_put(&map, arena, key, value) != former) {
            buf_printf(say, "put %.*s at step %u", STR_ARG(key), (unsigned)step);
            return false;
        }
    }
    bool same = map.n == list.n;
    for (size_t i = 0; same && i < list.n; i++) {
        same = str_eq(map.entries[i].key, list.items[i].key) &&
               map_get(&map, list.items[i].key) == list.items[i].value;
    }
    if (!same)
        buf_add(say, STR("entries differ"));
    return same;
}

static void test_a_map_answers_like_a_list(void **state)
{
    (void)state;
    for_all(a_map_answers_like_a_list);
}

static void test_a_hundred_thousand_keys_are_found(void **state)
{
    struct arena arena;
    struct map map = {0};

    (void)state;
    arena_init(&arena, (size_t)64 << 20);
    for (unsigned i = 0; i < 100000; i++)
        map_put(&map, &arena, arena_printf(&arena, "00u%u", i), &numbers[i % 4]);
    for (unsigned i = 0; i < 100000; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "00u%u", i);
        assert_ptr_equal(map_get(&map, str_of(key)), &numbers[i % 4]);
    }
    assert_false(map_has(&map, STR("00u100000")));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_zeroed_map_is_empty),
        cmocka_unit_test(test_putting_again_replaces_and_gives_the_former),
        cmocka_unit_test(test_a_map_answers_like_a_list),
        cmocka_unit_test(test_a_hundred_thousand_keys_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
