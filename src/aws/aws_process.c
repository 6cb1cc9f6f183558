#include "aws/aws_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/vec.h"

#define WORDS_MAX  64
#define OUTPUT_MAX ((size_t)64 << 10)
#define SLICE_MS   10 /* between two looks at cancellation and the limit */

/* ---- words ---- */

struct splitter {
    struct str rest;
    struct buf word;
    bool in_word;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char take(struct splitter *s)
{
    char c = s->rest.ptr[0];

    s->rest = str_sub(s->rest, 1, s->rest.len);
    return c;
}

/* Behind the opening quote. False: it is not closed. */
static bool take_quoted(struct splitter *s, char quote)
{
    while (s->rest.len > 0) {
        char c = take(s);
        if (c == quote)
            return true;
        /* Within "" a backslash takes the meaning from these four only. */
        if (c == '\\' && quote == '"' && s->rest.len > 0 && strchr("\"\\$`", s->rest.ptr[0]))
            c = take(s);
        buf_add_char(&s->word, c);
    }
    return false;
}

/* Up to the next blank outside of quotes. */
static bool take_word(struct splitter *s)
{
    buf_clear(&s->word);
    while (s->rest.len > 0 && is_blank(s->rest.ptr[0]))
        (void)take(s);
    s->in_word = s->rest.len > 0;
    while (s->rest.len > 0 && !is_blank(s->rest.ptr[0])) {
        char c = take(s);
        if (c == '\'' || c == '"') {
            if (!take_quoted(s, c))
                return false;
        } else if (c == '\\') {
            if (s->rest.len == 0)
                return false;
            buf_add_char(&s->word, take(s));
        } else {
            buf_add_char(&s->word, c);
        }
    }
    return true;
}

bool aws_process_split(struct str command, struct arena *arena, const char *const **argv, size_t *n,
                       struct err *err)
{
    struct splitter s = {.rest = command};
    const char **words = arena_array(arena, const char *, WORDS_MAX + 1);
    size_t count = 0;
    bool ok;

    while ((ok = take_word(&s)) && s.in_word && count < WORDS_MAX)
        words[count++] = arena_cstr(arena, buf_str(&s.word));
    buf_fini(&s.word);
    if (!ok)
        return err_set(err, ERR_SETTINGS, "credential_process: a quote is not closed");
    if (s.in_word)
        return err_set(err, ERR_SETTINGS, "credential_process: more than %d words", WORDS_MAX);
    if (count == 0 || words[0][0] == '\0')
        return err_set(err, ERR_SETTINGS, "credential_process: names no program");
    *argv = words;
    *n = count;
    return true;
}

/* ---- what the program gets ---- */

/* Names, not values: none of them is a place where this program keeps secrets of its own. */
static const char *const passed_on[] = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "TZ",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "GNUPGHOME",
    "KRB5CCNAME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
};

static char *const *make_environment(const struct aws_env *env, struct arena *arena)
{
    char **out = arena_array(arena, char *, ARRAY_LEN(passed_on) + 1);
    size_t n = 0;

    for (size_t i = 0; env->get && i < ARRAY_LEN(passed_on); i++) {
        const char *value = env->get(env->self, passed_on[i]);
        if (!value)
            continue;
        size_t size = strlen(passed_on[i]) + strlen(value) + 2;
        out[n] = arena_alloc(arena, size, 1);
        (void)snprintf(out[n++], size, "%s=%s", passed_on[i], value);
    }
    return out;
}

/* posix_spawn wants words that may be written to. */
static char *const *make_argv(const char *const *words, size_t n, struct arena *arena)
{
    char **out = arena_array(arena, char *, n + 1);

    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(words[i]) + 1;
        out[i] = arena_alloc(arena, size, 1);
        memcpy(out[i], words[i], size);
    }
    return out;
}

static int start(char *const *argv, char *const *environment, int output, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int fault = 0;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    fault |= posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    fault |= posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    /* Its words would stand between our log lines, and may be about its secrets. */
    fault |= posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    fault |= posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    /* A group of its own, so that what it started ends with it. */
    fault |= posix_spawnattr_setpgroup(&attributes, 0);
    fault |= posix_spawnattr_setsigmask(&attributes, &none);
    fault |= posix_spawnattr_setsigdefault(&attributes, &all);
    fault |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF);
    if (fault == 0)
        fault = posix_spawnp(pid, argv[0], &files, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return fault;
}

/* ---- waiting for it ---- */

struct running {
    const struct clock *clock;
    int64_t deadline; /* boot time */
    pid_t pid;
    int fd; /* its output; -1: it was closed */
    struct buf output;
    bool is_gone;
    int status;
};

static bool is_too_late(const struct running *r, struct err *err)
{
    struct err cancelled = {0};

    if (!clock_sleep(r->clock, 0, &cancelled))
        return !err_set(err, cancelled.kind, "%s", cancelled.msg);
    if (clock_boot(r->clock) >= r->deadline) {
        return !err_set(err, ERR_UNAVAILABLE, "credential_process did not end within %lld seconds",
                        (long long)(AWS_PROCESS_LIMIT_MS / TIME_SECOND));
    }
    return false;
}

/* Some output, its end, or a slice of time. */
static void read_some(struct running *r)
{
    struct pollfd ready = {.fd = r->fd, .events = POLLIN};
    char bytes[4096];

    if (poll(&ready, 1, SLICE_MS) <= 0 || r->fd < 0)
        return;
    ssize_t n = read(r->fd, bytes, sizeof(bytes));
    if (n > 0) {
        buf_add(&r->output, (struct str){bytes, (size_t)n});
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        close(r->fd);
        r->fd = -1;
    }
    explicit_bzero(bytes, sizeof(bytes));
}

static bool wait_for_end(struct running *r, struct err *err)
{
    for (;;) {
        if (r->fd < 0 && waitpid(r->pid, &r->status, WNOHANG) == r->pid) {
            r->is_gone = true;
            return true;
        }
        if (r->output.over)
            return err_set(err, ERR_REMOTE, "credential_process printed more than 64 KiB");
        if (is_too_late(r, err))
            return false;
        read_some(r);
    }
}

static void end(struct running *r)
{
    if (!r->is_gone) {
        (void)kill(-r->pid, SIGKILL);
        while (waitpid(r->pid, &r->status, 0) < 0 && errno == EINTR)
            continue;
    }
    if (r->fd >= 0)
        close(r->fd);
}

static bool check_status(int status, struct err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status)) {
        return err_set(err, ERR_REFUSED,
                       "credential_process ended with status %d; run it by hand to see why",
                       WEXITSTATUS(status));
    }
    return err_set(err, ERR_REFUSED, "credential_process was ended by signal %d",
                   WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

bool aws_process_run(struct str command, const struct aws_env *env, const struct clock *clock,
                     struct arena *arena, struct str *out, struct err *err)
{
    struct running r = {.clock = clock, .output = {.secret = true, .ceiling = OUTPUT_MAX}};
    const char *const *words;
    size_t n;
    int ends[2];

    if (!aws_process_split(command, arena, &words, &n, err))
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_errno(err, ERR_INTERNAL, "credential_process: pipe");
    int fault = start(make_argv(words, n, arena), make_environment(env, arena), ends[1], &r.pid);
    close(ends[1]);
    if (fault != 0) {
        close(ends[0]);
        errno = fault;
        return err_errno(err, ERR_SETTINGS, "credential_process: %s", words[0]);
    }
    r.fd = ends[0];
    r.deadline = clock_boot(clock) + AWS_PROCESS_LIMIT_MS;
    bool ok = wait_for_end(&r, err);
    end(&r);
    ok = ok && check_status(r.status, err);
    if (ok)
        *out = arena_str(arena, buf_str(&r.output));
    buf_fini(&r.output);
    return ok;
}
