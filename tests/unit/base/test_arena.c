#include "base/arena.h"
#include "base/vec.h"
#include "unit/base/death.h"
#include "unit/base/prop.h"

static void test_memory_is_aligned_zeroed_and_apart(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    char *byte = arena_alloc(&arena, 1, 1);
    uint64_t *words = arena_array(&arena, uint64_t, 4);
    char *page = arena_alloc(&arena, 100, 64);
    assert_int_equal((uintptr_t)words % alignof(uint64_t), 0);
    assert_int_equal((uintptr_t)page % 64, 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(words[i], 0);
    *byte = 1;
    memset(words, 2, 32);
    memset(page, 3, 100);
    assert_int_equal(*byte, 1);
    assert_int_equal(words[3], 0x0202020202020202);
    arena_fini(&arena);
    arena_fini(&arena);
    arena_fini(NULL);
}

static void test_memory_comes_zeroed_after_a_reset_too(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, (size_t)16 << 20);
    for (size_t size = 100; size <= (size_t)8 << 20; size *= 10) {
        arena_mark_t mark = arena_mark(&arena);
        char *first = arena_alloc(&arena, size, 1);
        memset(first, 0xAA, size);
        arena_reset(&arena, mark);
        char *again = arena_alloc(&arena, size, 1);
        assert_ptr_equal(again, first);
        for (size_t i = 0; i < size; i++) {
            if (again[i] != 0)
                fail_msg("byte %zu of %zu is not zero", i, size);
        }
        arena_reset(&arena, mark);
    }
    arena_fini(&arena);
}

static void test_a_reset_keeps_what_stood_before_the_mark(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    struct str kept = arena_printf(&arena, "run %d of %s", 7, "many");
    arena_mark_t mark = arena_mark(&arena);
    memset(arena_alloc(&arena, 5000, 1), 'x', 5000);
    arena_reset(&arena, mark);
    assert_string_equal(kept.ptr, "run 7 of many");
    assert_int_equal(kept.len, 13);
    arena_fini(&arena);
}

static void test_copies_are_followed_by_a_nul(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    struct str copy = arena_str(&arena, str_sub(STR("abcdef"), 1, 3));
    assert_int_equal(copy.len, 2);
    assert_string_equal(copy.ptr, "bc");
    assert_string_equal(arena_cstr(&arena, (struct str){0}), "");
    arena_fini(&arena);
}

static void go_over_the_budget(void)
{
    struct arena arena;

    arena_init(&arena, 1 << 16);
    for (int i = 0; i < 100; i++)
        arena_alloc(&arena, 1000, 8);
}

static void ask_for_more_than_can_be_counted(void)
{
    struct arena arena;

    arena_init(&arena, 1 << 16);
    arena_calloc(&arena, SIZE_MAX / 2, 3, 8);
}

static void ask_for_nearly_everything(void)
{
    struct arena arena;

    arena_init(&arena, 1 << 16);
    arena_alloc(&arena, 100, 8);
    arena_alloc(&arena, SIZE_MAX - 50, 8);
}

static void test_going_over_the_budget_ends_the_process(void **state)
{
    (void)state;
    assert_true(aborts(go_over_the_budget));
    assert_true(aborts(ask_for_more_than_can_be_counted));
    assert_true(aborts(ask_for_nearly_everything));
}

static void test_vectors_grow_and_keep_their_items(void **state)
{
    struct arena arena;
    VEC_OF(int) numbers = {0};

    (void)state;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 1000; i++)
        VEC_PUSH(&arena, &numbers, i * i);
    assert_int_equal(numbers.n, 1000);
    assert_true(numbers.cap >= 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers.items[i], i * i);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_aligned_zeroed_and_apart),
        cmocka_unit_test(test_memory_comes_zeroed_after_a_reset_too),
        cmocka_unit_test(test_a_reset_keeps_what_stood_before_the_mark),
        cmocka_unit_test(test_copies_are_followed_by_a_nul),
        cmocka_unit_test(test_going_over_the_budget_ends_the_process),
        cmocka_unit_test(test_vectors_grow_and_keep_their_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
