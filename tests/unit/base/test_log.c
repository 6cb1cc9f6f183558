#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "unit/base/prop.h"

/* What `deed` writes to stderr, with the time of the line taken out. */
static const char *logged(void (*deed)(void))
{
    static char text[8192];
    int ends[2], kept = dup(STDERR_FILENO);

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    dup2(ends[1], STDERR_FILENO);
    deed();
    dup2(kept, STDERR_FILENO);
    ssize_t got = read(ends[0], text, sizeof(text) - 1);
    text[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    close(ends[1]);
    close(kept);
    return text;
}

static void log_one(void)
{
    log_warn("op.done", "run=%s seq=%u", "r1", 7u);
}

static void log_each_level(void)
{
    log_debug("a", "x=1");
    log_info("b", "x=1");
    log_warn("c", "x=1");
    log_error("d", "x=1");
    log_event(LOG_OFF, "e", "x=1");
}

static void log_without_fields(void)
{
    log_error("quiet", "%s", "");
}

static void test_a_line_says_when_how_grave_what(void **state)
{
    const char *line = logged(log_one);

    (void)state;
    assert_memory_equal(line, "ts=20", 5);
    assert_string_equal(line + 27, " level=warn event=op.done run=r1 seq=7\n");
    assert_string_equal(logged(log_without_fields) + 27, " level=error event=quiet\n");
}

static void test_json_lines_hold_the_same(void **state)
{
    (void)state;
    log_set_json(1);
    const char *line = logged(log_one);
    log_set_json(0);
    assert_memory_equal(line, "{\"ts\":\"20", 9);
    assert_string_equal(line + 31, "\",\"level\":\"warn\",\"event\":\"op.done\","
                                   "\"fields\":\"run=r1 seq=7\"}\n");
}

static unsigned count_lines(const char *text)
{
    unsigned n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void test_lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    assert_int_equal(count_lines(logged(log_each_level)), 2); /* LOG_WARN at start */
    for (int level = LOG_DEBUG; level <= LOG_OFF; level++) {
        log_set_level((enum log_level)level);
        assert_int_equal(count_lines(logged(log_each_level)), 4 - level);
    }
    log_set_level(LOG_WARN);
}

static void test_values_are_quoted_and_escaped(void **state)
{
    static const struct {
        struct str value;
        const char *want;
    } cases[] = {
        {STR(""), "\"\""},
        {STR("two words"), "\"two words\""},
        {STR("a\"b\\c"), "\"a\\\"b\\\\c\""},
        {STR("a\nlevel=error\x1b[2J"), "\"a\\x0alevel=error\\x1b[2J\""},
        {STR("J\xC3\xBCrgen"), "\"J\xC3\xBCrgen\""},
        {STR("\xFF\xC3"), "\"\\xff\\xc3\""},
        {STR("\xC2\x9B"
             "2J"),
         "\"\\x9b2J\""},
        {STR("\0"), "\"\\x00\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(log_q(&cases[i].value), cases[i].want);
}

static void test_long_values_are_cut_and_eight_live_at_once(void **state)
{
    char text[400];
    const char *kept[8];

    (void)state;
    memset(text, 'a', sizeof(text));
    struct str value = {text, sizeof(text)};
    assert_int_equal(strlen(log_q(&value)), 202);
    text[199] = (char)0xC3; /* a character across the cut is left out */
    text[200] = (char)0xBC;
    assert_int_equal(strlen(log_q(&value)), 201);
    for (size_t i = 0; i < 8; i++) {
        text[0] = (char)('0' + i);
        kept[i] = log_q(&value);
    }
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(kept[i][1], '0' + (int)i);
}

static bool quoted_values_stay_on_their_line(struct rng *rng, struct arena *arena, struct buf *say)
{
    struct str value = any_bytes(rng, 300, arena);
    const char *quoted = log_q(&value);
    size_t len = strlen(quoted);
    bool ok = utf8_valid(str_of(quoted)) && len >= 2 && len < 232 && quoted[len - 1] == '"';

    for (size_t i = 0; i < len; i++)
        ok = ok && (unsigned char)quoted[i] >= 0x20;
    if (!ok)
        buf_add(say, str_of(quoted));
    return ok;
}

static void test_quoted_values_stay_on_their_line(void **state)
{
    (void)state;
    for_all(quoted_values_stay_on_their_line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_says_when_how_grave_what),
        cmocka_unit_test(test_json_lines_hold_the_same),
        cmocka_unit_test(test_lines_below_the_level_are_not_written),
        cmocka_unit_test(test_values_are_quoted_and_escaped),
        cmocka_unit_test(test_long_values_are_cut_and_eight_live_at_once),
        cmocka_unit_test(test_quoted_values_stay_on_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
