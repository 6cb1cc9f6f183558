#include <fcntl.h>
#include <signal.h>

#include "aws/aws_process.h"
#include "unit/aws/aws_rig.h"

static struct rig rig;

static int setup(void **state)
{
    (void)state;
    rig_open(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* ---- words ---- */

static const char *split(const char *command)
{
    const char *const *words;
    struct err err = {0};
    struct str out = {"", 0};
    size_t n;

    if (!aws_process_split(str_of(command), &rig.arena, &words, &n, &err))
        return arena_cstr(&rig.arena, str_of(err.msg));
    assert_null(words[n]);
    for (size_t i = 0; i < n; i++)
        out = arena_printf(&rig.arena, "%.*s<%s>", STR_ARG(out), words[i]);
    return out.ptr;
}

static void test_a_command_is_split_like_a_shell_would(void **state)
{
    static const struct {
        const char *command, *words;
    } cases[] = {
        {"a b  c", "<a><b><c>"},
        {"  a\t", "<a>"},
        {"a 'b c' \"d e\"", "<a><b c><d e>"},
        {"a b'c 'd\"e\"", "<a><bc de>"},
        {"a '' \"\"", "<a><><>"},
        {"a\\ b c", "<a b><c>"},
        {"a 'b\\c'", "<a><b\\c>"},
        {"a \"b\\\"c\\\\d\\n\"", "<a><b\"c\\d\\n>"},
        {"a \\\"b", "<a><\"b>"},
        /* None of these means anything: there is no shell. */
        {"a $HOME `id` *.c ; b | c > d && e", "<a><$HOME><`id`><*.c><;><b><|><c><>><d><&&><e>"},
        {"", "credential_process: names no program"},
        {"  ", "credential_process: names no program"},
        {"'' a", "credential_process: names no program"},
        {"a 'Hush", "credential_process: a quote is not closed"},
        {"a \"Hush\\\"", "credential_process: a quote is not closed"},
        {"a Hush\\", "credential_process: a quote is not closed"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(split(cases[i].command), cases[i].words);
}

static void test_a_command_has_64_words_at_most(void **state)
{
    char command[200];

    (void)state;
    for (size_t i = 0; i < 65; i++)
        memcpy(command + 2 * i, "x ", 3);
    assert_string_equal(split(command), "credential_process: more than 64 words");
    command[127] = '\0';
    assert_string_equal(str_sub(str_of(split(command)), 0, 6).ptr, split(command));
    assert_int_equal(strlen(split(command)), 64 * 3);
}

/* ---- running ---- */

static const char *run(const char *command, const struct clock *clock)
{
    struct err err = {0};
    struct str out;

    if (aws_process_run(str_of(command), &rig.options.env, clock, &rig.arena, &out, &err))
        return arena_printf(&rig.arena, "said %.*s", STR_ARG(out)).ptr;
    assert_null(strstr(err.msg, HUSH));
    return arena_printf(&rig.arena, "%s: %s", err_kind_name(err.kind), err.msg).ptr;
}

static void test_what_a_process_says_or_why_it_does_not(void **state)
{
    static const struct {
        const char *command, *shown;
    } cases[] = {
        {"echo one 'two  three'", "said one two  three\n"},
        {"/bin/sh -c 'printf x; exec >&-; sleep 0'", "said x"},
        {"true", "said "},
        {"cat", "said "}, /* there is nothing to read */
        {"/bin/sh -c 'echo " HUSH " >&2; echo " HUSH "; exit 3'",
         "refused: credential_process ended with status 3; run it by hand to see why"},
        {"/bin/sh -c 'kill -9 $$'", "refused: credential_process was ended by signal 9"},
        {"head -c 70000 /dev/zero", "remote: credential_process printed more than 64 KiB"},
        {"seatkeeper-no-such-program " HUSH,
         "settings: credential_process: seatkeeper-no-such-program: No such file or directory"},
    };
    struct clock system = clock_system(NULL);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(run(cases[i].command, &system), cases[i].shown);
}

static void test_a_process_gets_nothing_of_ours(void **state)
{
    struct clock system = clock_system(NULL);
    int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

    (void)state;
    assert_true(fd > 2);
    rig_setenv(&rig, "OKTA_TOKEN", HUSH);
    rig_setenv(&rig, "AWS_SECRET_ACCESS_KEY", HUSH);
    rig_setenv(&rig, "AWS_CONFIG_FILE", "/x/config");
    assert_string_equal(
        run("/usr/bin/env", &system),
        arena_printf(&rig.arena, "said PATH=/usr/bin:/bin\nHOME=%s\nAWS_CONFIG_FILE=/x/config\n",
                     rig.home)
            .ptr);
    const char *command =
        arena_printf(&rig.arena, "/bin/sh -c 'test -e /proc/$$/fd/%d && echo open'", fd).ptr;
    assert_string_equal(run(command, &system),
                        "refused: credential_process ended with status 1; run it by hand to see "
                        "why");
    close(fd);
}

/* Twenty seconds pass with every look. */
static int64_t hurried_boot(void *self)
{
    struct fake_clock *fake = self;

    fake->boot += 20 * TIME_SECOND;
    return fake->boot;
}

static void test_a_process_that_hangs_is_killed_with_all_it_started(void **state)
{
    struct clock hurried = rig.clock;
    const char *command =
        arena_printf(&rig.arena, "/bin/sh -c 'echo $$ > %s/one; sleep 1000 & sleep 1000'", rig.home)
            .ptr;

    (void)state;
    hurried.boot_ms = hurried_boot;
    assert_string_equal(run(command, &hurried),
                        "unavailable: credential_process did not end within 60 seconds");
    struct str text;
    struct str path = arena_printf(&rig.arena, "%s/one", rig.home);
    int64_t group;
    if (file_read(path, 64, FILE_ANY, &rig.arena, &text, NULL) &&
        str_to_i64(str_trim(text), &group)) {
        /* Nobody of the group is left but, for a moment, the dead. */
        for (int i = 0; i < 200 && kill((pid_t)-group, 0) == 0; i++)
            (void)usleep(10000);
        assert_int_not_equal(kill((pid_t)-group, 0), 0);
    }
}

static void test_cancellation_ends_a_process_at_once(void **state)
{
    (void)state;
    rig.time.cancel_at = rig.time.n_sleeps + 2;
    assert_string_equal(run("sleep 1000", &rig.clock), "cancelled: cancelled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_command_is_split_like_a_shell_would),
        cmocka_unit_test(test_a_command_has_64_words_at_most),
        cmocka_unit_test(test_what_a_process_says_or_why_it_does_not),
        cmocka_unit_test(test_a_process_gets_nothing_of_ours),
        cmocka_unit_test(test_a_process_that_hangs_is_killed_with_all_it_started),
        cmocka_unit_test(test_cancellation_ends_a_process_at_once),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
