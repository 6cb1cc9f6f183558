#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/rng.h"
#include "ledger/ledger_sql.h"
#include "unit/ledger/fixture.h"

/*
 * Several processes at one ledger, and some of them killed. Children leave by _exit: what they
 * inherited belongs to the parent.
 */

static int64_t real_now(void *self)
{
    struct clock system = clock_system(NULL);

    (void)self;
    return clock_now(&system);
}

/* A child opens the ledger anew, as another process would. */
static struct ledger *open_in_child(struct fixture *f)
{
    struct ledger *ledger = NULL;

    f->clock.now_ms = real_now;
    if (!fixture_open(f, false, false, &ledger))
        _exit(9);
    return ledger;
}

/* Files requests and blocks and unblocks, telling each commit through the pipe. */
static void write_for_ever(struct fixture *f, int pipe_fd, const char *name, int most)
{
    struct ledger *ledger = open_in_child(f);

    for (int i = 0; i < most; i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "%s-%d-%d", name, (int)getpid(), i);
        struct request ask = {.kind = REQUEST_GRANT,
                              .who = STR("ada@example.com"),
                              .entitlement = STR("kiro"),
                              .key = str_of(key)};
        struct request out;
        enum filed how;
        struct scratch scratch = scratch_begin(ledger);
        bool changed;
        bool ok =
            ledger_file_requests(ledger, &admin, &ask, 1, scratch.arena, &out, &how, &f->err) &&
            (i % 7 != 3 ||
             (ledger_block(ledger, &admin, STR("00u1"), STR("x"), &changed, &f->err) &&
              ledger_unblock(ledger, &admin, STR("00u1"), STR("x"), &changed, &f->err)));
        scratch_end(&scratch);
        if (!ok || write(pipe_fd, "c", 1) != 1)
            _exit(8);
    }
    _exit(0);
}

static pid_t start(struct fixture *f, int *fd, const char *name, int most)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        write_for_ever(f, ends[1], name, most);
    }
    close(ends[1]);
    *fd = ends[0];
    return pid;
}

/* Reads commits until there are so many, or the child has gone. */
static size_t wait_for_commits(int fd, size_t most)
{
    char c;
    size_t n = 0;

    while (n < most && read(fd, &c, 1) == 1)
        n++;
    return n;
}

static void assert_exit(pid_t pid, int expected)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
        fail_msg("child ended with status %d", status);
}

static int64_t number(struct fixture *f, const char *sql)
{
    return strtoll(raw_text(f, sql), NULL, 10);
}

static void test_two_writers_lose_nothing(void **state)
{
    const size_t each = 150;
    struct fixture *f = *state;
    int fds[2];
    pid_t pids[2];

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    for (int i = 0; i < 2; i++)
        pids[i] = start(f, &fds[i], i ? "b" : "a", (int)each);
    /* The parent reads meanwhile, pages at a time, and stops nobody. */
    while (number(f, "SELECT count(*) FROM request") < (int64_t)(2 * each)) {
        arena_mark_t mark = arena_mark(&f->arena);
        const struct request *items;
        size_t n;
        OK(f, ledger_list_requests(f->ledger, &(struct request_filter){0}, &f->arena, &items, &n,
                                   &f->err));
        for (size_t i = 0; i < n; i++)
            assert_int_equal(items[i].number, (int64_t)i + 1);
        arena_reset(&f->arena, mark);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wait_for_commits(fds[i], SIZE_MAX), each);
        close(fds[i]);
        assert_exit(pids[i], 0);
    }
    assert_int_equal(number(f, "SELECT count(*) FROM request"), 2 * each);
    assert_int_equal(number(f, "SELECT MAX(number) FROM request"), 2 * each);
    assert_string_equal(raw_text(f, "PRAGMA integrity_check"), "ok");
    assert_true(audit_rows(f) >= (int64_t)(2 * each));
}

static void test_a_writer_killed_anywhere_leaves_an_intact_ledger(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_seed(20260504);

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    ledger_close(f->ledger);
    for (int round = 0; round < 100; round++) {
        arena_mark_t mark = arena_mark(&f->arena);
        size_t until = (size_t)rng_between(&rng, 1, 12);
        int64_t before = number(f, "SELECT count(*) FROM request");
        int fd;
        pid_t pid = start(f, &fd, "k", 1000000);

        assert_int_equal(wait_for_commits(fd, until), until);
        for (uint64_t spin = rng_below(&rng, 300000); spin > 0; spin--)
            __asm__ volatile(""); /* somewhere within the next transactions */
        assert_int_equal(kill(pid, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        size_t told = until + wait_for_commits(fd, SIZE_MAX);
        close(fd);

        if (!fixture_open(f, false, false, &f->ledger)) /* plays the journal back */
            fail_msg("round %d: %s", round, f->err.msg);
        assert_string_equal(raw_text(f, "PRAGMA integrity_check"), "ok");
        assert_string_equal(raw_text(f, "SELECT 'dangling' FROM pragma_foreign_key_check"), "-");
        int64_t after = number(f, "SELECT count(*) FROM request");
        assert_true(after >= before + (int64_t)told); /* what was told to be done is there */
        assert_int_equal(number(f, "SELECT count(*) FROM audit WHERE what = 'request.filed'"),
                         after);
        (void)audit_rows(f);
        (void)person_of(f, "00u1"); /* with its digest */
        ledger_close(f->ledger);
        f->ledger = NULL;
        arena_reset(&f->arena, mark);
    }
    if (!fixture_open(f, false, false, &f->ledger))
        fail_msg("%s", f->err.msg);
}

static void test_a_backup_while_others_write_is_consistent(void **state)
{
    struct fixture *f = *state;
    int fd;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    pid_t pid = start(f, &fd, "w", 1000000);
    assert_int_equal(wait_for_commits(fd, 5), 5);
    for (int i = 0; i < 10; i++) {
        struct fixture copy = *f;
        arena_init(&copy.arena, (size_t)1 << 24); /* one of its own: two must not share memory */
        (void)snprintf(copy.path, sizeof(copy.path), "%s/copy-%d.db", f->dir, i);
        OK(f, ledger_backup(f->ledger, str_of(copy.path), &f->err));
        if (!fixture_open(&copy, false, false, &copy.ledger))
            fail_msg("%s", copy.err.msg);
        assert_true(audit_rows(&copy) > 0);
        assert_int_equal(number(&copy, "SELECT count(*) FROM audit WHERE what = 'request.filed'"),
                         number(&copy, "SELECT count(*) FROM request"));
        ledger_close(copy.ledger);
        arena_fini(&copy.arena);
        assert_int_equal(wait_for_commits(fd, 1), 1); /* and the writer goes on */
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &(int){0}, 0), pid);
    close(fd);
}

static void test_a_killed_run_gives_its_lock_up(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    char c;
    bool taken;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct ledger *ledger = open_in_child(f);
        if (!ledger_lock(ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err) || !taken ||
            write(ends[1], "l", 1) != 1)
            _exit(7);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &c, 1), 1);
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 100, &taken, &f->err));
    assert_false(taken);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &(int){0}, 0), pid);
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_true(taken);
    assert_int_equal(ledger_epoch(f->ledger), 2);
    close(ends[0]);
    close(ends[1]);
}

/* Where SQLite's writers announce themselves before they shut readers out. */
#define PENDING_BYTE 0x40000000

/* Holds a SELECT open until somebody waits for it to commit, then dies without tidying up. */
static void sit_on_a_statement(const struct fixture *f, int ready)
{
    struct flock lock;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    int fd;

    if (sqlite3_open(f->path, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT * FROM meta", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW || (fd = open(f->path, O_RDWR | O_CLOEXEC)) < 0 ||
        write(ready, "r", 1) != 1)
        _exit(7);
    do {
        sched_yield();
        lock = (struct flock){
            .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = PENDING_BYTE, .l_len = 1};
        if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
            _exit(6);
    } while (lock.l_type == F_UNLCK);
    _exit(0);
}

/* A reader of another program that sits on its SELECT holds a COMMIT up; settling waits for it. */
static void test_settling_outwaits_a_reader_that_sits_on_its_statement(void **state)
{
    struct fixture *f = *state;
    struct run_row run = begin_run(f);
    struct op op = {.id = STR("op1"),
                    .kind = OP_OKTA_ADD,
                    .group = STR("00g1"),
                    .person = STR("00u1"),
                    .entitlement = STR("kiro")};
    struct report_op item = {.op = &op, .state = OP_PLANNED};
    struct settled skipped = {0, OP_SKIPPED, STR("stopped")};
    int64_t version = 0;
    int ready[2];
    char c;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    OK(f, ledger_plan_ops(f->ledger, &run, &item, &version, 1, &f->err));
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        sit_on_a_statement(f, ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    OK(f, ledger_settle_ops(f->ledger, &admin, run.id, &skipped, 1, &f->err));
    assert_exit(pid, 0);
    assert_string_equal(raw_text(f, "SELECT state FROM op"), "skipped");
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_two_writers_lose_nothing),
        FIXED(test_a_writer_killed_anywhere_leaves_an_intact_ledger),
        FIXED(test_a_backup_while_others_write_is_consistent),
        FIXED(test_a_killed_run_gives_its_lock_up),
        FIXED(test_settling_outwaits_a_reader_that_sits_on_its_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
