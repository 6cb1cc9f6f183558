#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/cli.h"

/* What is global to the process happens here and nowhere else: environment, umask, signals, core
 * dumps, library initialisation. */

static struct cancel cancel;

static void on_signal(int signal_number)
{
    (void)signal_number;
    cancel_throw(&cancel);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Secrets must not end up in a core file, nor be read by another process of the same user. */
static void hide_memory(void)
{
    struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static const char *environment(const char *name)
{
    return getenv(name);
}

static const char *user_name(void)
{
    const struct passwd *user = getpwuid(getuid());

    return user ? user->pw_name : "?";
}

static void set_log_level(void)
{
    static const char *const names[] = {"debug", "info", "warn", "error", "off"};
    const char *level = getenv("SEATKEEPER_LOG");

    for (size_t i = 0; level && i < ARRAY_LEN(names); i++) {
        if (strcmp(level, names[i]) == 0)
            log_set_level((enum log_level)i);
    }
}

int main(int argc, char **argv)
{
    const char *settings = getenv("SEATKEEPER_SETTINGS");
    const char *no_color = getenv("NO_COLOR");
    struct err err = {0};

    hide_memory();
    umask(077);
    set_log_level();
    json_init();
    if (!cancel_init(&cancel, &err) || !http_curl_global_init(&err)) {
        (void)fprintf(stderr, "seatkeeper: %s\n", err.msg);
        return EXIT_FAILED;
    }
    catch_signals();
    struct cli cli = {
        .program = "seatkeeper",
        .settings_path = settings ? settings : "/etc/seatkeeper/settings.yaml",
        .user = user_name(),
        .may_color = isatty(STDOUT_FILENO) && !(no_color && *no_color),
        .may_progress = isatty(STDERR_FILENO),
        .environment = environment,
        .cancel = &cancel,
        .clock = clock_system(&cancel),
    };
    int code = cli_main(&cli, argc, argv);
    http_curl_global_fini();
    cancel_fini(&cancel);
    return code;
}
