#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crash/story.h"
#include "ledger/ledger.h"

/* Dying where nobody knows what happened: answers that were lost before, and a ledger that is just
 * being made. */

static void lose_answers(struct rig *rig)
{
    static const char faults[] =
        "- {name: the add arrives and its answer does not, match: {method: PUT, nth: 1},"
        " do: {close: after}}\n"
        "- {name: the first removal is lost on its way, match: {method: DELETE, nth: 1},"
        " do: {close: before}}\n"
        "- {name: the second removal is refused for now, match: {method: DELETE, nth: 1},"
        " do: {status: 503, error_code: E0000010}}\n";
    struct err err = {0};

    story_end_revoke_renew_add(rig);
    if (!sim_load_faults(rig->sim, str_of(faults), &err))
        fail_msg("%s", err.msg);
}

static void test_wherever_it_dies_after_a_lost_answer_nothing_is_sent_blindly(void **state)
{
    static const struct story story = {
        .org = story_org, .settings = story_settings, .stages = {story_give_seats, lose_answers}};

    (void)state;
    story_die_in_last_stage(&story);
}

/* ---- a new ledger ---- */

static bool make_ledger(struct place *place, const struct clock *clock, struct err *err)
{
    struct ledger *ledger = NULL;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/ledger.db", place->folder);
    struct ledger_options options = {.path = str_of(path),
                                     .clock = clock,
                                     .program = "seatkeeper test",
                                     .settings_digest = STR("digest"),
                                     .may_create = true};
    bool ok = ledger_open(&options, &ledger, err);
    ledger_close(ledger);
    return ok;
}

static bool dies_while_making(struct place *place, const struct clock *clock, unsigned long at)
{
    struct err err = {0};
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        kill_vfs_install();
        kill_arm(&place->shared->count, at, true);
        _exit(make_ledger(place, clock, &err) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static void test_a_ledger_whose_making_was_cut_short_is_made_whole_by_the_next(void **state)
{
    struct place place;
    struct err err = {0};
    struct rig rig;
    CLEANUP(buf_fini) struct buf say = {0};
    unsigned long at = 0;
    bool died = true;

    (void)state;
    place_open(&place, story_org, story_settings, 1);
    struct clock clock = sim_clock(place.sim);
    while (died) {
        struct place fresh = place_copy(&place); /* an empty folder */
        died = dies_while_making(&fresh, &clock, ++at);
        if (!make_ledger(&fresh, &clock, &err))
            fail_msg("dead at point %lu of making it: %s", at, err.msg);
        place_attach(&fresh, &rig);
        if (!place_is_well(&rig, &say))
            fail_msg("dead at point %lu of making it: %s", at, say.ptr);
        rig_detach(&rig);
        place_leave(&fresh);
    }
    assert_true(at > 10);
    print_message("died at %lu points\n", at - 1);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wherever_it_dies_after_a_lost_answer_nothing_is_sent_blindly),
        cmocka_unit_test(test_a_ledger_whose_making_was_cut_short_is_made_whole_by_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
