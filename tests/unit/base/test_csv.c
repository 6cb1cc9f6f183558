#include "base/csv.h"
#include "base/utf8.h"
#include "unit/base/prop.h"

/* All records as `1[a|b] 2[c|d]`, the number being the line; or the error. */
static const char *show(struct str text, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct csv_reader csv = csv_reader(text);
    struct err err = {0};

    for (;;) {
        const struct str *fields;
        size_t n;
        bool more;
        if (!csv_next(&csv, arena, &fields, &n, &more, &err)) {
            assert_int_equal(err.kind, ERR_USAGE);
            buf_printf(&out, "error: %s", err.msg);
            break;
        }
        if (!more)
            break;
        buf_printf(&out, "%u[", csv.line);
        for (size_t i = 0; i < n; i++)
            buf_printf(&out, "%s%.*s", i ? "|" : "", STR_ARG(fields[i]));
        buf_add(&out, STR("] "));
    }
    return arena_cstr(arena, buf_str(&out));
}

static void test_records_are_read_with_their_lines_or_refused_by_line(void **state)
{
    static const struct {
        struct str text;
        const char *want;
    } cases[] = {
        {STR(""), ""},
        {STR("a,b\r\n1,2\r\n"), "1[a|b] 2[1|2] "},
        {STR("a,b\n1,2"), "1[a|b] 2[1|2] "},
        {STR("\xEF\xBB\xBF"
             "a,b\n"),
         "1[a|b] "},
        {STR("\xEF\xBB\xBF\"a\",b\n"), "1[a|b] "},
        {STR("a,b\n,\n"), "1[a|b] 2[|] "},
        {STR("a\n\nb\n"), "1[a] 2[] 3[b] "},
        {STR("a,"), "1[a|] "},
        {STR("\"a,b\",\"c\"\"d\"\n"), "1[a,b|c\"d] "},
        {STR("\"\",\"\"\"\"\n"), "1[|\"] "},
        {STR("a\n\"x\ny\r\nz\"\nb\n"), "1[a] 2[x\ny\r\nz] 5[b] "},
        {STR(" a , b \n"), "1[ a | b ] "},
        {STR("a,b\n1\n"), "1[a|b] error: line 2: 1 field, but the header has 2"},
        {STR("a,b\n1,2,3\n"), "1[a|b] error: line 2: 3 fields, but the header has 2"},
        {STR("a,b\n\n"), "1[a|b] error: line 2: 1 field, but the header has 2"},
        {STR("a\n\"b\n"), "1[a] error: line 2: a quote is opened and never closed"},
        {STR("a\n\""), "1[a] error: line 2: a quote is opened and never closed"},
        {STR("a\nb\"c\n"), "1[a] error: line 2: a quote inside a field without quotes around it"},
        {STR("a\n\"b\"c\n"), "1[a] error: line 2: text after a closing quote"},
        {STR("a\n\"b\" \n"), "1[a] error: line 2: text after a closing quote"},
        {STR("a\n\"b\"\"\n"), "1[a] error: line 2: a quote is opened and never closed"},
        {STR("a\rb\n"), "error: line 1: a carriage return without a line feed"},
        {STR("a\n\xFF\n"), "1[a] error: line 2: text that is not UTF-8"},
        {STR("a\n\"\xC3\"\n"), "1[a] error: line 2: text that is not UTF-8"},
        {STR("a\0b\n"), "error: line 1: a NUL byte; is this UTF-16?"},
        {STR("\"a\0b\"\n"), "error: line 1: a NUL byte; is this UTF-16?"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(show(cases[i].text, &arena), cases[i].want);
    arena_fini(&arena);
}

static void test_fields_are_quoted_where_needed_and_formulas_are_disarmed(void **state)
{
    static const struct {
        const char *field, *want;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"a,b", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"\"", "\"\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {" padded ", "\" padded \""},
        {"=SUM(A1)", "'=SUM(A1)"},
        {"+49 30", "'+49 30"},
        {"-1", "'-1"},
        {"@cmd", "'@cmd"},
        {"\tx", "'\tx"},
        {"\rx", "\"'\rx\""},
        {"=1,\"2\"", "\"'=1,\"\"2\"\"\""},
        {"a=b", "a=b"},
        {"J\xC3\xBCrgen", "J\xC3\xBCrgen"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        csv_put(&out, str_of(cases[i].field), i % 2);
        buf_add(&out, STR("."));
        CLEANUP(buf_fini) struct buf want = {0};
        buf_printf(&want, "%s%s.", cases[i].want, i % 2 ? "\r\n" : ",");
        assert_string_equal(out.ptr, want.ptr);
    }
}

static bool is_formula(struct str field)
{
    return field.len > 0 && strchr("=+-@\t\r", field.ptr[0]);
}

static bool reading_gives_what_was_written(struct rng *rng, struct arena *arena, struct buf *say)
{
    CLEANUP(buf_fini) struct buf text = {0};
    size_t n_fields = 1 + (size_t)rng_below(rng, 4), n_rows = 1 + (size_t)rng_below(rng, 4);
    struct str *cells = arena_array(arena, struct str, n_fields * n_rows);
    struct err err = {0};

    for (size_t i = 0; i < n_fields * n_rows; i++) {
        cells[i] = any_text(rng, 8, arena);
        csv_put(&text, cells[i], i % n_fields == n_fields - 1);
    }
    struct csv_reader csv = csv_reader(buf_str(&text));
    buf_printf(say, "%.*s", STR_ARG(buf_str(&text)));
    for (size_t row = 0; row <= n_rows; row++) {
        const struct str *fields;
        size_t n;
        bool more;
        if (!csv_next(&csv, arena, &fields, &n, &more, &err) || more != (row < n_rows))
            return false;
        for (size_t i = 0; i < n; i++) {
            struct str cell = cells[row * n_fields + i];
            struct str got = is_formula(cell) ? str_sub(fields[i], 1, fields[i].len) : fields[i];
            if (n != n_fields || !str_eq(got, cell) || is_formula(fields[i]))
                return false;
        }
    }
    buf_clear(say);
    return true;
}

static void test_reading_gives_what_was_written(void **state)
{
    (void)state;
    for_all(reading_gives_what_was_written);
}

static bool random_bytes_are_read_or_refused(struct rng *rng, struct arena *arena, struct buf *say)
{
    static const char letters[] = "a,\"\r\n\xC3\xA4";
    char bytes[24];
    size_t len = (size_t)rng_below(rng, sizeof(bytes));
    struct err err = {0};

    for (size_t i = 0; i < len; i++)
        bytes[i] = letters[rng_below(rng, sizeof(letters) - 1)];
    struct csv_reader csv = csv_reader((struct str){bytes, len});
    buf_add(say, (struct str){bytes, len});
    for (size_t records = 0; records <= len; records++) {
        const struct str *fields;
        size_t n;
        bool more;
        bool ok = csv_next(&csv, arena, &fields, &n, &more, &err);
        if (!ok && err.kind != ERR_USAGE)
            return false;
        if (!ok || !more) {
            buf_clear(say);
            return true;
        }
        if (n != csv.n_fields || csv.line >= csv.next_line + 1)
            return false;
    }
    return false; /* never came to an end */
}

static void test_random_bytes_are_read_or_refused(void **state)
{
    (void)state;
    for_all(random_bytes_are_read_or_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_read_with_their_lines_or_refused_by_line),
        cmocka_unit_test(test_fields_are_quoted_where_needed_and_formulas_are_disarmed),
        cmocka_unit_test(test_reading_gives_what_was_written),
        cmocka_unit_test(test_random_bytes_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
