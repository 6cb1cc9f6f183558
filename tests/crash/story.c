#include "crash/story.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "crash/wire.h"
#include "rig/look.h"

#define AGAIN_MS    (61 * TIME_SECOND) /* longer than the proof that a write failed takes */
#define MORE_RUNS   3
#define MESSAGE_MAX ((size_t)64 << 20)

/* Of a run; far from what a sanitizer ends a process with. */
enum { EXIT_WELL = 70, EXIT_ERROR = 71 };
/* Of one that dies, is started again, and looks. */
enum { EXIT_SAME = 80, EXIT_OTHER = 81, EXIT_THROUGH = 82 };

static void stop(const char *what)
{
    perror(what);
    abort();
}

/* ---- the place ---- */

void place_open(struct place *place, const char *org, const char *settings, uint64_t seed)
{
    struct err err = {0};

    *place = (struct place){.settings = settings};
    place->shared = mmap(NULL, sizeof(*place->shared), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place->shared == MAP_FAILED)
        stop("mmap");
    struct sim_options options = {
        .seed = seed, .start_ms = RIG_START_MS, .shared_now = &place->shared->now};
    place->sim = sim_new(&options, &err);
    if (!place->sim || (org && !sim_load_org(place->sim, str_of(org), &err))) {
        (void)fprintf(stderr, "the cloud: %s\n", err.msg);
        abort();
    }
    rig_make_folder(place->folder);
}

static const char *const files[] = {"ledger.db", "ledger.db-journal", "ledger.db.generation",
                                    "ledger.db.lock"};

void place_leave(const struct place *place)
{
    char path[128];

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", place->folder, files[i]);
        (void)unlink(path);
    }
    /* A rename that was died before leaves its temporary, named by the process. */
    (void)snprintf(path, sizeof(path), "rm -rf '%s'", place->folder);
    if (rmdir(place->folder) != 0 && system(path) != 0) /* NOLINT(cert-env33-c): our own path */
        stop("rm");
}

void place_close(struct place *place)
{
    place_leave(place);
    sim_free(place->sim);
    (void)munmap(place->shared, sizeof(*place->shared));
}

struct place place_copy(const struct place *place)
{
    struct place copy = *place;
    struct arena arena;
    char from[128], to[128];
    struct err err = {0};

    arena_init(&arena, MESSAGE_MAX);
    rig_make_folder(copy.folder);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct str text;
        (void)snprintf(from, sizeof(from), "%s/%s", place->folder, files[i]);
        (void)snprintf(to, sizeof(to), "%s/%s", copy.folder, files[i]);
        if (access(from, F_OK) == 0 &&
            (!file_read(str_of(from), MESSAGE_MAX, FILE_ANY, &arena, &text, &err) ||
             !file_write(str_of(to), text, 0600, &err)))
            stop(err.msg);
    }
    arena_fini(&arena);
    return copy;
}

void place_attach(struct place *place, struct rig *rig)
{
    rig_attach(rig, place->sim, sim_transport(place->sim), sim_clock(place->sim), place->folder,
               place->settings);
}

/* ---- a run in a process of its own ---- */

struct how {
    unsigned long at;
    bool torn;
    int64_t wait_ms;
};

/* Sleeping is asking to be woken. */
static bool sleep_by_wire(void *self, int64_t ms, struct err *err)
{
    struct transport *wire = self;
    struct http_request req = {.method = HTTP_GET, .url = STR(RUNNER_SLEEPS)};
    const struct http_request *asked = &req;
    struct http_response res, *answer = &res;
    struct arena arena;

    (void)ms;
    arena_init(&arena, MESSAGE_MAX);
    bool ok = wire->send(wire->self, &asked, &answer, 1, 1, &arena, err);
    arena_fini(&arena);
    return ok;
}

static int64_t virtual_now(void *self)
{
    (void)self;
    return RIG_START_MS;
}

static bool run_patiently(struct rig *rig, int64_t wait_ms)
{
    struct run_options options = {.actor = {STR("os:0"), STR("cli")}, .lock_wait_ms = wait_ms};

    rig->clock = (struct clock){&rig->transport, virtual_now, virtual_now, sleep_by_wire};
    return run_once(&rig->world, &options, &rig->run_arena, &rig->report, &rig->err);
}

static ATTR_NORETURN void be_a_run(struct place *place, int fd, const struct how *how)
{
    struct rig rig;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    kill_vfs_install();
    kill_arm(&place->shared->count, how->at, how->torn);
    rig_attach(&rig, place->sim, wire_transport(fd), sim_clock(place->sim), place->folder,
               place->settings);
    bool ok = how->wait_ms > 0 ? run_patiently(&rig, how->wait_ms) : rig_run(&rig, false);
    (void)snprintf(place->shared->text, sizeof(place->shared->text), "%s", ok ? "" : rig.err.msg);
    kill_point(KILL_END);
    _exit(ok ? EXIT_WELL : EXIT_ERROR);
}

static struct runner start(struct place *place, const struct how *how)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        stop("socketpair");
    (void)fflush(NULL);
    struct runner runner = {.pid = fork(), .fd = ends[0]};
    if (runner.pid < 0)
        stop("fork");
    if (runner.pid == 0) {
        close(ends[0]);
        be_a_run(place, ends[1], how);
    }
    close(ends[1]);
    return runner;
}

struct runner runner_start(struct place *place, unsigned long at, bool torn)
{
    return start(place, &(struct how){.at = at, .torn = torn});
}

struct runner runner_start_patient(struct place *place, int64_t wait_ms)
{
    return start(place, &(struct how){.wait_ms = wait_ms});
}

/* `.../groups/GROUP/users/PERSON` */
static bool read_membership(struct str url, struct str *group, struct str *person)
{
    struct str rest = url;

    while (rest.len > 0 && !str_is(str_cut(&rest, '/'), "groups"))
        continue;
    *group = str_cut(&rest, '/');
    bool is_member = str_is(str_cut(&rest, '/'), "users");
    *person = rest;
    return is_member && rest.len > 0;
}

/* At the moment a write arrives, the journal must say so already. */
static void check_is_sent(const struct place *place, const struct http_request *req,
                          struct buf *say)
{
    struct rig probe = {0};
    struct str group, person;
    char sql[512];

    if ((req->method != HTTP_PUT && req->method != HTTP_DELETE) ||
        !read_membership(req->url, &group, &person))
        return;
    (void)snprintf(probe.folder, sizeof(probe.folder), "%s", place->folder);
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM op WHERE state = 'sent' AND kind = '%s'"
                   " AND group_id = '%.*s' AND person_id = '%.*s'",
                   req->method == HTTP_PUT ? "okta.add" : "okta.remove", STR_ARG(group),
                   STR_ARG(person));
    if (look_number(&probe, sql) != 1) {
        buf_printf(say, "%s %.*s left before the journal said so\n", http_method_name(req->method),
                   STR_ARG(req->url));
    }
}

bool runner_serve(struct place *place, const struct runner *runner, struct buf *say)
{
    static struct transport cloud; /* one a process; a fork makes its own */
    static struct sim *of;
    struct http_request req;
    struct arena arena;

    if (of != place->sim) {
        cloud = sim_transport(place->sim);
        of = place->sim;
    }
    arena_init(&arena, MESSAGE_MAX);
    bool is_there = wire_take(runner->fd, &arena, &req);
    if (is_there) {
        check_is_sent(place, &req, say);
        struct http_response res = wire_handle(cloud, &req, &arena);
        wire_answer(runner->fd, &res);
    }
    arena_fini(&arena);
    return is_there;
}

enum ended runner_wait(const struct runner *runner)
{
    int status;

    close(runner->fd);
    if (waitpid(runner->pid, &status, 0) != runner->pid)
        stop("waitpid");
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGKILL ? ENDED_KILLED : ENDED_BADLY;
    switch (WEXITSTATUS(status)) {
    case EXIT_WELL: return ENDED_WELL;
    case EXIT_ERROR: return ENDED_WITH_ERROR;
    default: return ENDED_BADLY;
    }
}

enum ended place_run(struct place *place, unsigned long at, bool torn, struct buf *say)
{
    struct runner runner = runner_start(place, at, torn);

    while (runner_serve(place, &runner, say))
        continue;
    enum ended ended = runner_wait(&runner);
    if (ended == ENDED_BADLY)
        buf_printf(say, "a run ended badly\n");
    return ended;
}

bool place_is_well(struct rig *rig, struct buf *say)
{
    size_t before = say->len;

    (void)look_ledger(rig, say);
    (void)look_journal(rig, say);
    (void)look_repeats(rig, say);
    (void)look_removals(rig, say);
    return say->len == before;
}

/* ---- a day ---- */

const char story_org[] =
    "people: [alice@example.com, bob@example.com, carol@example.com, dave@example.com]\n"
    "groups: [AWS_kiro_JP_Users]\n";

const char story_settings[] =
    "name: test\n"
    "timezone: UTC\n"
    "ledger: ledger.db\n"
    "okta: {url: http://127.0.0.1:9, token_env: SEATKEEPER_TEST_TOKEN, rate_share: 100}\n"
    "entitlements:\n"
    "  - name: kiro-jp\n"
    "    mode: enforce\n"
    "    provisioning: none\n"
    "    default_plan: kiro-pro\n"
    "    plans:\n"
    "      - {plan: kiro-pro, okta_group: AWS_kiro_JP_Users}\n"
    "    removals_percent: 100\n"
    "    approval: none\n";

static void ask(struct rig *rig, enum request_kind kind, const char *who, int64_t for_ms)
{
    (void)rig_request(rig, kind, who, NULL, for_ms > 0 ? RIG_START_MS + for_ms : 0);
}

void story_give_seats(struct rig *rig)
{
    ask(rig, REQUEST_GRANT, "alice@example.com", 2 * TIME_DAY);
    ask(rig, REQUEST_GRANT, "bob@example.com", 30 * TIME_DAY);
    ask(rig, REQUEST_GRANT, "carol@example.com", 3 * TIME_DAY);
}

void story_end_revoke_renew_add(struct rig *rig)
{
    sim_advance(rig->sim, 49 * TIME_HOUR);
    ask(rig, REQUEST_REVOKE, "bob@example.com", 0);
    ask(rig, REQUEST_RENEW, "carol@example.com", 60 * TIME_DAY);
    ask(rig, REQUEST_GRANT, "dave@example.com", 30 * TIME_DAY);
}

/* ---- dying everywhere ---- */

static bool is_at_the_end(struct place *place, const char *end, struct buf *say)
{
    struct rig rig;

    place_attach(place, &rig);
    const char *state = look_state(&rig);
    bool same = strcmp(state, end) == 0 && look_open_ops(&rig) == 0;
    if (!same && say)
        buf_printf(say, "%zu ops are open; the end is\n%s", look_open_ops(&rig), state);
    if (say)
        (void)place_is_well(&rig, say);
    rig_detach(&rig);
    return same;
}

/* In a process that may spoil the cloud: dies at that point, starts again, looks. */
static ATTR_NORETURN void die_once(const struct place *base, unsigned long at, const char *end)
{
    CLEANUP(buf_fini) struct buf say = {0};
    struct place place = place_copy(base);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    enum ended ended = place_run(&place, at, false, &say);
    enum kill_kind kind = place.shared->died_at = place.shared->count.died_at;
    if (ended == ENDED_WITH_ERROR)
        buf_printf(&say, "the run failed: %s\n", place.shared->text);
    /* Started again at once, then as often as the proof of what was in doubt may take. */
    for (int i = ended == ENDED_KILLED ? 0 : 1; i <= MORE_RUNS; i++) {
        if (i == 1 && is_at_the_end(&place, end, NULL))
            break;
        if (i > 0)
            sim_advance(place.sim, AGAIN_MS);
        if (place_run(&place, 0, false, &say) != ENDED_WELL)
            buf_printf(&say, "started again, it failed: %s\n", place.shared->text);
        if (i > 0 && is_at_the_end(&place, end, NULL))
            break;
    }
    (void)is_at_the_end(&place, end, &say);
    if (say.len > 0) {
        (void)fprintf(stderr, "dead at point %lu (%s):\n%sexpected end:\n%s", at,
                      ended == ENDED_KILLED ? kill_kind_name(kind) : "none", say.ptr, end);
        _exit(EXIT_OTHER);
    }
    place_leave(&place);
    _exit(ended == ENDED_KILLED ? EXIT_SAME : EXIT_THROUGH);
}

static int in_a_fork(const struct place *base, unsigned long at, const char *end, int64_t now)
{
    int status;

    base->shared->now = now;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        stop("fork");
    if (pid == 0)
        die_once(base, at, end);
    if (waitpid(pid, &status, 0) != pid)
        stop("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_OTHER;
}

/* How it goes when nobody dies: the place moves on, and the end is what others are held against. */
static char *live_through(struct place *place)
{
    CLEANUP(buf_fini) struct buf say = {0};
    struct rig rig;

    for (int i = 0; i <= MORE_RUNS; i++) {
        if (i > 0)
            sim_advance(place->sim, AGAIN_MS);
        if (place_run(place, 0, false, &say) != ENDED_WELL)
            fail_msg("nobody died, and yet: %s%s", place->shared->text, say.ptr ? say.ptr : "");
        place_attach(place, &rig);
        size_t n_open = look_open_ops(&rig);
        rig_detach(&rig);
        if (n_open == 0)
            break;
    }
    place_attach(place, &rig);
    char *end = strdup(look_state(&rig));
    bool well = place_is_well(&rig, &say) && look_open_ops(&rig) == 0;
    rig_detach(&rig);
    if (!well || say.len > 0)
        fail_msg("nobody died, and yet: %s", say.ptr ? say.ptr : "an op stays open");
    return end;
}

/* The end of a stage is known only once it was lived through, which moves the cloud; so a copy of
 * this process waits at its beginning. */
static void die_in_stage(struct place *place, struct kill_count *all)
{
    struct place base = place_copy(place);
    int64_t now = place->shared->now;
    int to_child[2], status;

    if (pipe(to_child) != 0)
        stop("pipe");
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        stop("fork");
    if (pid == 0) {
        char *end = calloc(1, sizeof(place->shared->text));
        size_t len = 0;
        ssize_t got;
        unsigned long at = 1;
        int how;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(to_child[1]);
        while ((got = read(to_child[0], end + len, sizeof(place->shared->text) - 1 - len)) > 0)
            len += (size_t)got;
        while ((how = in_a_fork(&base, at, end, now)) == EXIT_SAME) {
            all->by_kind[base.shared->died_at]++;
            all->seen++;
            at++;
        }
        free(end);
        _exit(how == EXIT_THROUGH ? 0 : 1);
    }
    close(to_child[0]);
    char *end = live_through(place);
    int64_t after = place->shared->now;
    if (write(to_child[1], end, strlen(end)) != (ssize_t)strlen(end))
        stop("write");
    close(to_child[1]);
    free(end);
    if (waitpid(pid, &status, 0) != pid)
        stop("waitpid");
    place->shared->now = after;
    place_leave(&base);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("somewhere it does not survive dying; see above");
}

void story_die_in_last_stage(const struct story *story)
{
    struct kill_count *all =
        mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct place place;
    struct rig rig;

    if (all == MAP_FAILED)
        stop("mmap");
    place_open(&place, story->org, story->settings, 1);
    for (size_t i = 0; story->stages[i]; i++) {
        place_attach(&place, &rig);
        story->stages[i](&rig);
        rig_detach(&rig);
        if (story->stages[i + 1]) {
            free(live_through(&place));
        } else {
            die_in_stage(&place, all);
        }
    }
    place_close(&place);
    print_message("died at %lu points:", all->seen);
    for (int i = 0; i < KILL_KINDS; i++) {
        print_message(" %lu %s%s", all->by_kind[i], kill_kind_name((enum kill_kind)i),
                      i + 1 < KILL_KINDS ? "," : "\n");
    }
    (void)munmap(all, sizeof(*all));
}
