#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/facts.h"
#include "support/core_build.h"

#define DAY WORLD_DAY
#define T   INT64_C(1000000000)

static void test_people_are_found_by_id(void **state)
{
    const struct person_facts people[] = {{.person = {.id = STR("ada")}},
                                          {.person = {.id = STR("bob")}}};
    struct facts facts = {.people = people, .n = 2};
    struct facts nothing = {0};

    (void)state;
    assert_ptr_equal(facts_find(&facts, STR("bob")), &people[1]);
    assert_null(facts_find(&facts, STR("cid")));
    assert_null(facts_find(&nothing, STR("ada")));
}

static void test_inactivity_ends_a_seat_only_when_it_is_proved_and_over(void **state)
{
    const struct {
        enum user_status status;
        int64_t since_ms;
        bool twice, gone_proved;
        int64_t deprovisioned_ms, suspended_ms;
        bool ends;
    } rows[] = {
        {USER_DEPROVISIONED, T - DAY, true, false, DAY, POLICY_OFF, true},
        {USER_DEPROVISIONED, T - DAY + 1, true, false, DAY, POLICY_OFF, false},
        {USER_DEPROVISIONED, T - DAY, false, false, DAY, POLICY_OFF, false},
        {USER_DEPROVISIONED, T - DAY, true, false, POLICY_OFF, POLICY_OFF, false},
        {USER_DEPROVISIONED, 0, true, false, 0, POLICY_OFF, false}, /* since when is not known */
        {USER_DEPROVISIONED, T, true, false, 0, POLICY_OFF, true},
        {USER_SUSPENDED, T - DAY, true, false, DAY, POLICY_OFF, false},
        {USER_SUSPENDED, T - DAY, true, false, POLICY_OFF, DAY, true},
        {USER_SUSPENDED, T - DAY, false, false, DAY, DAY, false},
        {USER_SUSPENDED, T - DAY + 1, true, false, DAY, DAY, false},
        {USER_GONE, T - DAY, true, false, DAY, DAY, false}, /* a bare 404 is a report */
        {USER_GONE, 0, false, true, POLICY_OFF, POLICY_OFF, true},
        {USER_UNKNOWN, T - DAY, true, true, 0, 0, false},
        {USER_ACTIVE, T - DAY, true, true, 0, 0, false},
        {USER_STAGED, T - DAY, true, true, 0, 0, false},
        {USER_PROVISIONED, T - DAY, true, true, 0, 0, false},
        {USER_RECOVERY, T - DAY, true, true, 0, 0, false},
        {USER_PASSWORD_EXPIRED, T - DAY, true, true, 0, 0, false},
        {USER_LOCKED_OUT, T - DAY, true, true, 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct entitlement ent = {.inactive_deprovisioned_ms = rows[i].deprovisioned_ms,
                                  .inactive_suspended_ms = rows[i].suspended_ms};
        struct person_facts person = {.person = {.status = rows[i].status},
                                      .inactive_since_ms = rows[i].since_ms,
                                      .inactive_twice = rows[i].twice,
                                      .gone_proved = rows[i].gone_proved};

        assert_int_equal(facts_inactive_ends(&ent, &person, T), rows[i].ends);
    }
    assert_false(facts_inactive_ends(&(struct entitlement){0}, NULL, T));
}

static void test_ineligibility_ends_a_seat_only_where_asked_and_known_now(void **state)
{
    const struct {
        bool on_ineligible_end;
        int64_t since_ms;
        const char *login;
        enum user_status status;
        bool ends;
    } rows[] = {
        {true, T - DAY, "bob@other.example", USER_ACTIVE, true},
        {false, T - DAY, "bob@other.example", USER_ACTIVE, false},
        {true, T - DAY + 1, "bob@other.example", USER_ACTIVE, false},
        {true, 0, "bob@other.example", USER_ACTIVE, false},
        {true, T - DAY, "bob@example.com", USER_ACTIVE, false},    /* is eligible again */
        {true, T - DAY, "bob@other.example", USER_UNKNOWN, false}, /* cannot be told now */
    };
    const struct str domain = STR("example.com");
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct entitlement ent = {.on_ineligible_end = rows[i].on_ineligible_end,
                                  .grace_inferred_ms = DAY,
                                  .eligible = {.domains = &domain, .n_domains = 1}};
        struct person_facts person = {
            .person = {.id = STR("bob"), .login = str_of(rows[i].login), .status = rows[i].status},
            .ineligible_since_ms = rows[i].since_ms};
        struct facts facts = {.people = &person, .n = 1};

        assert_int_equal(facts_ineligible_ends(&ent, &person, &facts, T, &arena), rows[i].ends);
        assert_false(facts_ineligible_ends(&ent, NULL, &facts, T, &arena));
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_are_found_by_id),
        cmocka_unit_test(test_inactivity_ends_a_seat_only_when_it_is_proved_and_over),
        cmocka_unit_test(test_ineligibility_ends_a_seat_only_where_asked_and_known_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
