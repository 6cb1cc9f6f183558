#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crash/story.h"
#include "crash/wire.h"
#include "rig/look.h"

/*
 * Two processes that run on one ledger at the same time: one writes, whatever happens to it in the
 * middle.
 */

static void open_day(struct place *place, void (*prepare)(struct rig *rig))
{
    struct rig rig;

    place_open(place, story_org, story_settings, 1);
    place_attach(place, &rig);
    prepare(&rig);
    rig_detach(&rig);
}

static void run_to_end(struct place *place, enum ended expected)
{
    CLEANUP(buf_fini) struct buf say = {0};

    if (place_run(place, 0, false, &say) != expected || say.len > 0)
        fail_msg("%s %s", place->shared->text, say.ptr ? say.ptr : "");
}

/* Everything holds, and this is the end; the members with them. */
static void expect_end(struct place *place, const char *members, const char *ops)
{
    CLEANUP(buf_fini) struct buf say = {0};
    struct rig rig;

    place_attach(place, &rig);
    if (!place_is_well(&rig, &say))
        fail_msg("%s", say.ptr);
    assert_string_equal(rig_members(&rig, "AWS_kiro_JP_Users"), members);
    assert_string_equal(look_rows(&rig, "SELECT r.number, o.kind, o.state, o.reason FROM op o"
                                        " JOIN run r ON r.id = o.run_id"
                                        " WHERE o.kind = 'okta.remove'"),
                        ops);
    rig_detach(&rig);
}

static size_t count_in_ledger(const struct place *place, const char *sql)
{
    struct rig probe = {0};

    (void)snprintf(probe.folder, sizeof(probe.folder), "%s", place->folder);
    return (size_t)look_number(&probe, sql);
}

#define PLANNED "SELECT count(*) FROM op WHERE state = 'planned'"
#define SENT    "SELECT count(*) FROM op WHERE state = 'sent'"

/* It has asked, or hung up; what it does to the ledger before that is done. */
static void wait_for_request(const struct runner *runner)
{
    struct pollfd fd = {.fd = runner->fd, .events = POLLIN};

    assert_int_equal(poll(&fd, 1, -1), 1);
}

/* Answers its requests until the ledger says so; the next one waits then. */
static void serve_until(struct place *place, const struct runner *runner, const char *sql)
{
    CLEANUP(buf_fini) struct buf say = {0};

    wait_for_request(runner);
    while (count_in_ledger(place, sql) == 0) {
        if (!runner_serve(place, runner, &say))
            fail_msg("the run ended too early: %s", place->shared->text);
        wait_for_request(runner);
    }
    assert_int_equal(say.len, 0);
}

static void serve_to_end(struct place *place, const struct runner *runner, enum ended expected)
{
    CLEANUP(buf_fini) struct buf say = {0};

    while (runner_serve(place, runner, &say))
        continue;
    if (runner_wait(runner) != expected || say.len > 0)
        fail_msg("%s %s", place->shared->text, say.ptr ? say.ptr : "");
}

static void test_a_second_run_gives_up_while_the_first_is_under_way(void **state)
{
    struct place place;

    (void)state;
    open_day(&place, story_give_seats);
    struct runner first = runner_start(&place, 0, false);
    serve_until(&place, &first, SENT);
    run_to_end(&place, ENDED_WITH_ERROR);
    assert_string_equal(place.shared->text, "another run is under way; waited 0 s for it");
    serve_to_end(&place, &first, ENDED_WELL);
    expect_end(&place, "alice bob carol", "");
    place_close(&place);
}

/* Answers both as they ask; how many of them ended well. */
static int serve_both(struct place *place, const struct runner runs[2], struct buf *say)
{
    struct pollfd fds[2];
    int n_under_way = 2, well = 0;

    for (int i = 0; i < 2; i++)
        fds[i] = (struct pollfd){.fd = runs[i].fd, .events = POLLIN};
    while (n_under_way > 0) {
        assert_true(poll(fds, 2, -1) > 0);
        for (int i = 0; i < 2; i++) {
            if (!fds[i].revents || runner_serve(place, &runs[i], say))
                continue;
            fds[i] = (struct pollfd){.fd = -1};
            n_under_way--;
            well += runner_wait(&runs[i]) == ENDED_WELL;
        }
    }
    return well;
}

/* Whoever comes second, nobody is written twice. */
static void test_of_runs_that_start_together_each_write_is_one_of_theirs(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        CLEANUP(buf_fini) struct buf say = {0};
        struct runner runs[2];
        struct place place;

        open_day(&place, story_give_seats);
        for (int i = 0; i < 2; i++)
            runs[i] = runner_start(&place, 0, false);
        assert_in_range(serve_both(&place, runs, &say), 1, 2);
        assert_int_equal(say.len, 0);
        expect_end(&place, "alice bob carol", "");
        place_close(&place);
    }
}

static void test_a_second_run_that_waits_finds_everything_done(void **state)
{
    struct http_request req;
    struct http_response over = {.status = 200};
    struct place place;
    struct arena arena;

    (void)state;
    arena_init(&arena, (size_t)1 << 20);
    open_day(&place, story_give_seats);
    struct runner first = runner_start(&place, 0, false);
    serve_until(&place, &first, SENT);
    struct runner second = runner_start_patient(&place, 30 * TIME_SECOND);
    assert_true(wire_take(second.fd, &arena, &req)); /* the first thing it does is to sleep */
    assert_string_equal(arena_cstr(&arena, req.url), RUNNER_SLEEPS);
    serve_to_end(&place, &first, ENDED_WELL);
    wire_answer(second.fd, &over);
    serve_to_end(&place, &second, ENDED_WELL);
    arena_fini(&arena);
    expect_end(&place, "alice bob carol", "");
    assert_int_equal(count_in_ledger(&place, "SELECT count(*) FROM op"), 3);
    place_close(&place);
}

/* Stops it in the middle, takes away what kept others out, and lets another run do the work. */
static void overtake(struct place *place, const struct runner *first)
{
    char lock[128];
    int status;

    assert_int_equal(kill(first->pid, SIGSTOP), 0);
    assert_int_equal(waitpid(first->pid, &status, WUNTRACED), first->pid);
    assert_true(WIFSTOPPED(status));
    run_to_end(place, ENDED_WITH_ERROR); /* the kernel keeps the lock for the stopped */
    (void)snprintf(lock, sizeof(lock), "%s/ledger.db.lock", place->folder);
    assert_int_equal(unlink(lock), 0);
    run_to_end(place, ENDED_WELL);
}

static void test_a_run_that_was_stopped_and_overtaken_sends_nothing_more(void **state)
{
    struct http_request req;
    struct place place;
    struct arena arena;
    struct rig rig;

    (void)state;
    open_day(&place, story_give_seats);
    run_to_end(&place, ENDED_WELL);
    place_attach(&place, &rig);
    sim_advance(place.sim, 49 * TIME_HOUR); /* alice's seat ends */
    struct transport cloud = rig.transport;

    /* It has its plan and has asked for the listing that the removal is argued from: that listing
     * still shows alice when it arrives, long after others took her out. */
    struct runner first = runner_start(&place, 0, false);
    serve_until(&place, &first, PLANNED);
    arena_init(&arena, (size_t)64 << 20);
    assert_true(wire_take(first.fd, &arena, &req));
    struct http_response old = wire_handle(cloud, &req, &arena);
    overtake(&place, &first);
    wire_answer(first.fd, &old);
    assert_int_equal(kill(first.pid, SIGCONT), 0);
    serve_to_end(&place, &first, ENDED_WITH_ERROR);
    assert_string_equal(place.shared->text, "ledger: run 2 is finished already, or taken over");
    arena_fini(&arena);
    rig_detach(&rig);

    expect_end(&place, "bob carol",
               "2 okta.remove skipped another run has begun since\n"
               "3 okta.remove done \n");
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_run_gives_up_while_the_first_is_under_way),
        cmocka_unit_test(test_a_second_run_that_waits_finds_everything_done),
        cmocka_unit_test(test_of_runs_that_start_together_each_write_is_one_of_theirs),
        cmocka_unit_test(test_a_run_that_was_stopped_and_overtaken_sends_nothing_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
