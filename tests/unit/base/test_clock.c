#include <pthread.h>

#include "base/clock.h"
#include "unit/base/prop.h"

static void test_the_systems_clocks_move_on(void **state)
{
    struct clock clock = clock_system(NULL);
    int64_t now = clock_now(&clock), boot = clock_boot(&clock);

    (void)state;
    assert_true(now > 1700000000000);
    assert_true(boot > 0 && boot < now);
    assert_true(clock_boot(&clock) >= boot);
    assert_true(clock_sleep(&clock, 0, NULL));
    assert_true(clock_sleep(&clock, -5, NULL));
    assert_true(clock_sleep(&clock, 2, NULL));
    assert_true(clock_boot(&clock) >= boot + 2);
}

static void test_a_thrown_switch_ends_sleep_at_once(void **state)
{
    struct cancel cancel;
    struct err err = {0};

    (void)state;
    assert_true(cancel_init(&cancel, &err));
    struct clock clock = clock_system(&cancel);
    assert_false(cancel_is_on(&cancel));
    assert_true(clock_sleep(&clock, 1, &err));
    cancel_throw(&cancel);
    cancel_throw(&cancel);
    assert_true(cancel_is_on(&cancel));
    assert_false(clock_sleep(&clock, INT64_MAX, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    cancel_fini(&cancel);
    cancel_fini(&cancel);
}

static void *throw_it(void *arg)
{
    cancel_throw(arg);
    return NULL;
}

static void test_another_thread_may_throw_it(void **state)
{
    struct cancel cancel;
    struct err err = {0};
    pthread_t thread;

    (void)state;
    assert_true(cancel_init(&cancel, &err));
    struct clock clock = clock_system(&cancel);
    assert_int_equal(pthread_create(&thread, NULL, throw_it, &cancel), 0);
    assert_false(clock_sleep(&clock, INT64_MAX, &err)); /* the test's own limit would end it */
    assert_int_equal(err.kind, ERR_CANCELLED);
    pthread_join(thread, NULL);
    cancel_fini(&cancel);
}

static void test_nobody_to_cancel_means_never_cancelled(void **state)
{
    (void)state;
    assert_false(cancel_is_on(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_systems_clocks_move_on),
        cmocka_unit_test(test_a_thrown_switch_ends_sleep_at_once),
        cmocka_unit_test(test_another_thread_may_throw_it),
        cmocka_unit_test(test_nobody_to_cancel_means_never_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
