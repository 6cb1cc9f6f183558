#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/json.h"
#include "base/json_out.h"
#include "base/json_scan.h"
#include "unit/base/prop.h"

/* The error's message, or "ok". */
static const char *parse_result(struct str text)
{
    static struct err err;
    const struct json *root = NULL;

    err = (struct err){0};
    if (!json_parse(text, "page", &root, &err)) {
        assert_null(root);
        assert_int_equal(err.kind, ERR_REMOTE);
        return err.msg;
    }
    json_free();
    return "ok";
}

static void test_valid_texts_are_taken(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " \t\r\n{ } \n",
        "null",
        "true",
        "-0",
        "0.5e-7",
        "1E+9",
        "[1,-2,3.25,1e2]",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\"",
        "{\"a\":{\"b\":[{\"c\":null}]},\"A\":1}",
        "{\"\":1}",
        "\"\xF0\x9F\x98\x80 \xE6\x97\xA5\xE6\x9C\xAC\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *result = parse_result(str_of(texts[i]));
        if (strcmp(result, "ok") != 0)
            fail_msg("%s: %s", texts[i], result);
    }
}

static void test_invalid_texts_are_refused_with_the_reason_and_the_place(void **state)
{
    static const struct {
        struct str text;
        const char *why;
    } cases[] = {
        {STR(""), "a value was expected (byte 0)"},
        {STR("  "), "a value was expected (byte 2)"},
        {STR("{} {}"), "text after the value (byte 3)"},
        {STR("{}\0"), "text after the value (byte 2)"},
        {STR("[1,]"), "a value was expected (byte 3)"},
        {STR("[1 2]"), "an array is not closed (byte 3)"},
        {STR("{\"a\":1,}"), "a key in quotes was expected (byte 7)"},
        {STR("{\"a\" 1}"), "a colon was expected (byte 5)"},
        {STR("{a:1}"), "a key in quotes was expected (byte 1)"},
        {STR("{\"a\":1"), "an object is not closed (byte 6)"},
        {STR("[{\"a\":1]"), "an object is not closed (byte 7)"},
        {STR("012"), "a number with a leading zero (byte 1)"},
        {STR("-"), "a number without a digit (byte 1)"},
        {STR("1."), "a number without a digit (byte 2)"},
        {STR("1e"), "a number without a digit (byte 2)"},
        {STR("+1"), "a value was expected (byte 0)"},
        {STR(".5"), "a value was expected (byte 0)"},
        {STR("NaN"), "a value was expected (byte 0)"},
        {STR("Infinity"), "a value was expected (byte 0)"},
        {STR("tru"), "a value was expected (byte 0)"},
        {STR("nulll"), "text after the value (byte 4)"},
        {STR("'a'"), "a value was expected (byte 0)"},
        {STR("\"a"), "a string is not closed (byte 2)"},
        {STR("\"\\"), "an unknown escape (byte 1)"},
        {STR("\"\\x41\""), "an unknown escape (byte 1)"},
        {STR("\"\\u12\""), "\\u without four hexadecimal digits (byte 1)"},
        {STR("\"\\u0000\""), "\\u0000 is refused (byte 1)"},
        {STR("{\"a\\u0000\":1}"), "\\u0000 is refused (byte 3)"},
        {STR("\"\\uD800\""), "half of a surrogate pair (byte 7)"},
        {STR("\"\\uD800\\u0041\""), "half of a surrogate pair (byte 7)"},
        {STR("\"\\uDC00\""), "half of a surrogate pair (byte 1)"},
        {STR("\"a\nb\""), "a control character in a string (byte 2)"},
        {STR("\"a\0b\""), "a control character in a string (byte 2)"},
        {STR("\"\xFF\""), "invalid UTF-8 (byte 1)"},
        {STR("\"\xC0\x80\""), "invalid UTF-8 (byte 1)"},
        {STR("\"\xED\xA0\x80\""), "invalid UTF-8 (byte 1)"},
        {STR("\xEF\xBB\xBF{}"), "a value was expected (byte 0)"},
        {STR("// x\n1"), "a value was expected (byte 0)"},
        {STR("1000000000000000000000000000000000000000000000000000000000000000"),
         "a number of more than 63 characters (byte 0)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char want[128];
        (void)snprintf(want, sizeof(want), "page: not valid JSON: %s", cases[i].why);
        assert_string_equal(parse_result(cases[i].text), want);
    }
}

static void test_nesting_ends_at_sixty_four(void **state)
{
    CLEANUP(buf_fini) struct buf text = {0};

    (void)state;
    for (unsigned depth = 64; depth <= 65; depth++) {
        buf_clear(&text);
        for (unsigned i = 0; i < depth; i++)
            buf_add(&text, i % 2 ? STR("[") : STR("{\"a\":"));
        buf_add(&text, STR("1"));
        for (unsigned i = depth; i-- > 0;)
            buf_add(&text, i % 2 ? STR("]") : STR("}"));
        assert_string_equal(parse_result(buf_str(&text)),
                            depth == 64 ? "ok"
                                        : "page: not valid JSON: nested deeper than 64 (byte 192)");
    }
    buf_clear(&text);
    for (unsigned i = 0; i < 1000000; i++)
        buf_add_char(&text, '[');
    assert_string_equal(parse_result(buf_str(&text)),
                        "page: not valid JSON: nested deeper than 64 (byte 64)");
}

static void test_a_key_may_stand_once_in_an_object(void **state)
{
    CLEANUP(buf_fini) struct buf text = {0};

    (void)state;
    assert_string_equal(parse_result(STR("{\"id\":1,\"x\":2,\"id\":1}")),
                        "page: the key id stands twice in one object");
    assert_string_equal(parse_result(STR("[1,{\"x\":{\"y\":[{\"id\":1,\"\\u0069d\":2}]}}]")),
                        "page: the key id stands twice in one object");
    assert_string_equal(parse_result(STR("{\"\":1,\"\":2}")),
                        "page: the key (odd name) stands twice in one object");
    assert_string_equal(parse_result(STR("{\"\\u001b[2J\":1,\"\\u001b[2J\":2}")),
                        "page: the key (odd name) stands twice in one object");
    assert_string_equal(parse_result(STR("{\"id\":{\"id\":1},\"ID\":2,\"b\":{\"id\":3}}")), "ok");
    for (unsigned last = 99; last <= 100; last++) { /* sorted, beyond a few members */
        buf_clear(&text);
        buf_add_char(&text, '{');
        for (unsigned i = 0; i < 100; i++)
            buf_printf(&text, "\"k%u\":%u,", i, i);
        buf_printf(&text, "\"k%u\":0}", last);
        assert_string_equal(parse_result(buf_str(&text)),
                            last == 100 ? "ok" : "page: the key k99 stands twice in one object");
    }
}

static const char page[] =
    "{\"id\":\"00u1\",\"ID\":\"other\",\"n\":42,\"neg\":-7,\"half\":1.5,\"e\":1e3,\"yes\":true,"
    "\"no\":false,\"none\":null,\"empty\":\"\",\"list\":[\"a\",\"b\",3],\"safe\":9007199254740991,"
    "\"big\":9007199254740993,\"huge\":1e400,\"profile\":{\"login\":\"ada@example.org\","
    "\"age\":1}}";

static const struct json *open_page(void)
{
    const struct json *root = NULL;
    struct err err = {0};

    if (!json_parse(str_of(page), "user", &root, &err))
        fail_msg("%s", err.msg);
    return root;
}

static void test_members_are_read_by_exact_name_and_type(void **state)
{
    CLEANUP(json_close) const struct json *root = open_page();
    const struct json *child;
    struct str text;
    int64_t number;
    bool flag;

    (void)state;
    assert_true(json_str(root, "id", &text, NULL) && str_is(text, "00u1"));
    assert_true(json_str(root, "ID", &text, NULL) && str_is(text, "other"));
    assert_true(json_str(root, "empty", &text, NULL) && text.len == 0);
    assert_true(json_i64(root, "n", &number, NULL) && number == 42);
    assert_true(json_i64(root, "neg", &number, NULL) && number == -7);
    assert_true(json_i64(root, "e", &number, NULL) && number == 1000);
    assert_true(json_i64(root, "safe", &number, NULL) && number == 9007199254740991);
    assert_true(json_bool_opt(root, "yes", false, &flag, NULL) && flag);
    assert_true(json_bool_opt(root, "no", true, &flag, NULL) && !flag);
    assert_true(json_obj(root, "profile", &child, NULL) && json_is_obj(child));
    assert_true(json_arr(root, "list", &child, NULL) && json_is_arr(child));
    assert_int_equal(json_count(child), 3);
    assert_int_equal(json_count(root), 15);
    assert_true(json_is_str(json_get(root, "id")));
    assert_null(json_get(root, "Id"));
    assert_non_null(json_get(root, "none"));
    assert_false(json_is_obj(json_get(root, "none")) || json_is_arr(json_get(root, "none")) ||
                 json_is_str(json_get(root, "none")));
    assert_null(json_get(json_get(root, "list"), "id"));
}

static void test_absent_and_null_are_empty_for_the_opt_readers(void **state)
{
    static const char *const keys[] = {"none", "absent"};
    CLEANUP(json_close) const struct json *root = open_page();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct json *child = root;
        struct str text = STR("x");
        int64_t number = 5;
        bool flag = false;
        assert_true(json_str_opt(root, keys[i], &text, NULL));
        assert_int_equal(text.len, 0);
        assert_true(json_i64_opt(root, keys[i], &number, NULL));
        assert_int_equal(number, 0);
        assert_true(json_bool_opt(root, keys[i], true, &flag, NULL) && flag);
        assert_true(json_obj_opt(root, keys[i], &child, NULL));
        assert_null(child);
        child = root;
        assert_true(json_arr_opt(root, keys[i], &child, NULL));
        assert_null(child);
    }
}

enum reader { R_STR, R_STR_OPT, R_I64, R_I64_OPT, R_BOOL, R_OBJ, R_OBJ_OPT, R_ARR, R_ARR_OPT };

static const char *read_result(const struct json *obj, enum reader reader, const char *key)
{
    static struct err err;
    const struct json *child;
    struct str text;
    int64_t number;
    bool flag, ok = false;

    err = (struct err){0};
    switch (reader) {
    case R_STR: ok = json_str(obj, key, &text, &err); break;
    case R_STR_OPT: ok = json_str_opt(obj, key, &text, &err); break;
    case R_I64: ok = json_i64(obj, key, &number, &err); break;
    case R_I64_OPT: ok = json_i64_opt(obj, key, &number, &err); break;
    case R_BOOL: ok = json_bool_opt(obj, key, false, &flag, &err); break;
    case R_OBJ: ok = json_obj(obj, key, &child, &err); break;
    case R_OBJ_OPT: ok = json_obj_opt(obj, key, &child, &err); break;
    case R_ARR: ok = json_arr(obj, key, &child, &err); break;
    case R_ARR_OPT: ok = json_arr_opt(obj, key, &child, &err); break;
    }
    assert_int_equal(err.kind, ok ? ERR_NONE : ERR_REMOTE);
    return ok ? "ok" : err.msg;
}

static void test_seconds_become_milliseconds_or_are_refused(void **state)
{
    static const struct {
        const char *value, *says;
    } cases[] = {
        {"0", "0"},
        {"null", "0"},
        {"1780000000", "1780000000000"},
        {"1780000000.462", "1780000000462"},
        {"0.0004", "0"},
        {"1.78e9", "1780000000000"},
        {"253402300799", "253402300799000"},
        {"253402300800", "t: not a time in seconds"},
        {"1780000000000", "t: not a time in seconds"},
        {"-1", "t: not a time in seconds"},
        {"1e400", "t: not a time in seconds"},
        {"\"1\"", "t: expected a number"},
        {"true", "t: expected a number"},
        {"[]", "t: expected a number"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(json_close) const struct json *root = NULL;
        struct err err = {0};
        char text[80], got[80];
        int64_t ms = -7;
        (void)snprintf(text, sizeof(text), "{\"t\":%s}", cases[i].value);
        assert_true(json_parse(str_of(text), "times", &root, &err));
        bool ok = json_seconds_opt(root, "t", &ms, &err);
        assert_true(ok || ms == -7);
        (void)snprintf(got, sizeof(got), "%lld", (long long)ms);
        assert_string_equal(ok ? got : err.msg, cases[i].says);
    }
}

static void test_wrong_types_and_missing_members_are_errors_that_name_them(void **state)
{
    static const struct {
        const char *in;
        enum reader reader;
        const char *key, *says;
    } cases[] = {
        {NULL, R_STR, "absent", "absent: missing"},
        {NULL, R_STR, "none", "none: missing"},
        {NULL, R_I64, "none", "none: missing"},
        {NULL, R_OBJ, "none", "none: missing"},
        {NULL, R_ARR, "absent", "absent: missing"},
        {NULL, R_STR, "n", "n: expected a string"},
        {NULL, R_STR_OPT, "n", "n: expected a string"},
        {NULL, R_I64, "id", "id: expected a whole number"},
        {NULL, R_I64_OPT, "half", "half: expected a whole number"},
        {NULL, R_I64, "big", "big: too large for an exact number"},
        {NULL, R_I64, "huge", "huge: too large for an exact number"},
        {NULL, R_BOOL, "n", "n: expected true or false"},
        {NULL, R_OBJ, "list", "list: expected an object"},
        {NULL, R_OBJ_OPT, "id", "id: expected an object"},
        {NULL, R_ARR, "profile", "profile: expected an array"},
        {NULL, R_ARR_OPT, "yes", "yes: expected an array"},
        {"profile", R_STR, "age", "profile.age: expected a string"},
        {"profile", R_STR, "mail", "profile.mail: missing"},
        {"list", R_STR_OPT, "x", "list.x: expected inside an object"},
        {"absent", R_OBJ_OPT, "x", "x: expected inside an object"},
    };
    CLEANUP(json_close) const struct json *root = open_page();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(read_result(cases[i].in ? json_get(root, cases[i].in) : root,
                                        cases[i].reader, cases[i].key),
                            cases[i].says);
    }
}

static void test_elements_and_members_come_in_order(void **state)
{
    CLEANUP(json_close) const struct json *root = NULL;
    CLEANUP(buf_fini) struct buf seen = {0};
    struct err err = {0};

    (void)state;
    assert_true(json_parse(STR("{\"b\":[\"x\",\"y\"],\"a\":\"z\",\"c\":[]}"), "t", &root, &err));
    for (const struct json *m = json_first(root); m; m = json_next(m)) {
        struct str text;
        buf_printf(&seen, "%.*s=", STR_ARG(json_key(m)));
        for (const struct json *e = json_first(m); e; e = json_next(e)) {
            assert_int_equal(json_key(e).len, 0);
            assert_true(json_as_str(e, &text, &err));
            buf_printf(&seen, "%.*s,", STR_ARG(text));
        }
        if (json_as_str(m, &text, &err)) {
            buf_add(&seen, text);
        } else {
            buf_printf(&seen, "(%s)", err.msg);
        }
        buf_add_char(&seen, ' ');
    }
    assert_string_equal(seen.ptr, "b=x,y,(b: expected a string) a=z c=(c: expected a string) ");
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
    assert_int_equal(json_count(NULL), 0);
}

static void test_a_failed_parse_leaves_nothing_open(void **state)
{
    const struct json *root = NULL;

    (void)state;
    assert_false(json_parse(STR("{"), "t", &root, NULL));
    assert_false(json_parse(STR("{\"a\":1,\"a\":2}"), "t", &root, NULL));
    assert_true(json_parse(STR("{}"), "t", &root, NULL));
    json_close(&root);
    assert_null(root);
    json_close(&root);
    json_free();
}

static void test_closing_an_unset_root_leaves_the_open_document_alone(void **state)
{
    CLEANUP(json_close) const struct json *root = open_page();
    const struct json *unset = NULL;
    struct str text;

    (void)state;
    json_close(&unset);
    assert_true(json_str(root, "id", &text, NULL) && str_is(text, "00u1"));
}

/* A page of `n` users as the directory lists them. */
static void put_users(struct buf *text, unsigned n)
{
    buf_add_char(text, '[');
    for (unsigned i = 0; i < n; i++) {
        buf_printf(text,
                   "%s{\"id\":\"00u%016u\",\"status\":\"ACTIVE\",\"created\":\"2024-01-01T00:00:"
                   "00.000Z\",\"activated\":null,\"lastLogin\":null,\"profile\":{\"firstName\":"
                   "\"Ada\",\"lastName\":\"L\\u00f6velace\",\"mobilePhone\":null,\"secondEmail\":"
                   "null,\"login\":\"ada%u@example.org\",\"email\":\"ada%u@example.org\"},"
                   "\"credentials\":{\"provider\":{\"type\":\"OKTA\",\"name\":\"OKTA\"}},\"_links\""
                   ":{\"self\":{\"href\":\"https://example.okta.com/api/v1/users/00u%016u\"}}}",
                   i ? "," : "", i, i, i, i);
    }
    buf_add_char(text, ']');
}

static void test_large_pages_are_read_one_after_the_other(void **state)
{
    CLEANUP(buf_fini) struct buf text = {0};

    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        CLEANUP(json_close) const struct json *root = NULL;
        struct err err = {0};
        struct str login = {0};
        const struct json *profile;
        unsigned n = round % 2 ? 3 : 20000; /* 10 MB, beyond what is kept */
        buf_clear(&text);
        put_users(&text, n);
        assert_true(json_parse(buf_str(&text), "users", &root, &err));
        const struct json *last = NULL;
        for (const struct json *e = json_first(root); e; e = json_next(e))
            last = e;
        assert_true(json_obj(last, "profile", &profile, &err));
        assert_true(json_str(profile, "login", &login, &err));
        assert_true(str_is(login, n == 3 ? "ada2@example.org" : "ada19999@example.org"));
    }
}

static void *parse_in_thread(void *arg)
{
    CLEANUP(buf_fini) struct buf text = {0};

    put_users(&text, 200);
    for (int i = 0; i < 20; i++) {
        CLEANUP(json_close) const struct json *root = NULL;
        if (!json_parse(buf_str(&text), "users", &root, NULL) || json_count(root) != 200)
            return arg;
    }
    return NULL;
}

static void test_each_thread_has_a_document_of_its_own(void **state)
{
    CLEANUP(json_close) const struct json *root = open_page();
    pthread_t threads[4];
    struct str text;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_in_thread, state), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_true(json_str(root, "id", &text, NULL) && str_is(text, "00u1"));
}

/* Writes a random value and, in `want`, the calls that must be seen when reading it back. */
static void write_any(struct rng *rng, struct json_out *out, const char *key, struct arena *arena,
                      struct buf *want)
{
    struct str text = any_text(rng, 12, arena);
    int64_t number = rng_between(rng, -9007199254740991, 9007199254740991);
    /* An element without a name can only be read back as a string or a container. */
    static const uint64_t unnamed[] = {0, 4, 5};
    uint64_t kind = rng_below(rng, out->depth < 6 ? 6 : 4);

    if (!key)
        kind = unnamed[rng_below(rng, out->depth < 6 ? 3 : 1)];

    switch (kind) {
    case 0:
        json_put_str(out, key, text);
        buf_printf(want, "s%zu:%.*s", text.len, STR_ARG(text));
        return;
    case 1:
        json_put_i64(out, key, number);
        buf_printf(want, "i%" PRId64, number);
        return;
    case 2:
        json_put_bool(out, key, number > 0);
        buf_add_char(want, number > 0 ? 't' : 'f');
        return;
    case 3:
        json_put_null(out, key);
        buf_add_char(want, 'n');
        return;
    default: break;
    }
    uint64_t n = rng_below(rng, 5);
    json_open(out, key, kind == 4 ? '{' : '[');
    buf_add_char(want, kind == 4 ? '{' : '[');
    for (uint64_t i = 0; i < n; i++) {
        struct str tail = any_text(rng, 3, arena);
        struct str name = arena_printf(arena, "%" PRIu64 "%.*s", i, STR_ARG(tail));
        if (kind == 4)
            buf_printf(want, "%.*s=", STR_ARG(name));
        write_any(rng, out, kind == 4 ? name.ptr : NULL, arena, want);
    }
    json_end(out, kind == 4 ? '}' : ']');
    buf_add_char(want, kind == 4 ? '}' : ']');
}

/* A plain value, read by its name in `obj`. */
static void tell_plain(const struct json *obj, const char *key, struct buf *out)
{
    struct str text;
    int64_t number;
    bool flag;

    if (json_i64(obj, key, &number, NULL)) {
        buf_printf(out, "i%" PRId64, number);
    } else if (json_str_opt(obj, key, &text, NULL)) {
        buf_add_char(out, 'n');
    } else if (json_bool_opt(obj, key, false, &flag, NULL)) {
        buf_add_char(out, flag ? 't' : 'f');
    }
}

/* A value, as write_any told it. */
static void tell(const struct json *value, const struct json *obj, struct buf *out)
{
    bool object = json_is_obj(value);
    struct str text;

    if (json_as_str(value, &text, NULL)) {
        buf_printf(out, "s%zu:%.*s", text.len, STR_ARG(text));
        return;
    }
    if (!object && !json_is_arr(value)) {
        tell_plain(obj, json_key(value).ptr, out);
        return;
    }
    buf_add_char(out, object ? '{' : '[');
    for (const struct json *e = json_first(value); e; e = json_next(e)) {
        if (object)
            buf_printf(out, "%.*s=", STR_ARG(json_key(e)));
        tell(e, object ? value : NULL, out);
    }
    buf_add_char(out, object ? '}' : ']');
}

static bool reading_gives_what_was_written(struct rng *rng, struct arena *arena, struct buf *say)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf want = {0};
    CLEANUP(buf_fini) struct buf got = {0};
    CLEANUP(json_close) const struct json *root = NULL;
    struct json_out out = {.buf = &text, .indent = rng_chance(rng, 50)};
    struct err err = {0};

    json_open(&out, NULL, '{');
    buf_add_char(&want, '{');
    for (int i = 0; i < 4; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "m%d", i);
        buf_printf(&want, "%s=", key);
        write_any(rng, &out, key, arena, &want);
    }
    json_end(&out, '}');
    buf_add_char(&want, '}');
    if (!json_parse(buf_str(&text), "t", &root, &err)) {
        buf_printf(say, "%s in %s", err.msg, text.ptr);
        return false;
    }
    tell(root, NULL, &got);
    if (str_eq(buf_str(&want), buf_str(&got)))
        return true;
    buf_printf(say, "\n%s\n%s\n%s", text.ptr, want.ptr, got.ptr);
    return false;
}

static void test_reading_gives_what_was_written(void **state)
{
    (void)state;
    for_all(reading_gives_what_was_written);
}

/* What is kept of a text, written anew; or why it was refused. */
static const char *kept(const char *text)
{
    static const char *const names[] = {"id", "profile", "login"};
    static char out[256];
    struct json_keys keys = {names, ARRAY_LEN(names)};
    struct json_fault fault;
    size_t len;

    assert_true(strlen(text) < sizeof(out));
    if (!json_scan_keys(str_of(text), &keys, out, &len, &fault))
        return fault.why;
    out[len] = '\0';
    return out;
}

static void test_only_wanted_members_are_kept_and_all_are_checked(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "{}"},
        {"[ ]", "[]"},
        {"[ 1 , \"a b\" , null ]", "[1,\"a b\",null]"},
        {"{\"id\" : \"1\", \"x\": 2}", "{\"id\":\"1\"}"},
        {"{\"x\": {\"id\": 1}, \"id\": 2}", "{\"id\":2}"},
        {"{\"x\": [1, {\"y\": []}], \"z\": 1}", "{}"},
        {"[{\"a\":1,\"id\":\"1\",\"profile\":{\"b\":[],\"login\":\"l\",\"c\":{}}},{\"id\":\"2\"}]",
         "[{\"id\":\"1\",\"profile\":{\"login\":\"l\"}},{\"id\":\"2\"}]"},
        {"{\"id\":1,\"id\":2}", "{\"id\":1,\"id\":2}"},
        {"{\"i\\u0064\":1,\"idx\":2,\"i\":3}", "{\"i\\u0064\":1}"},
        {"{\"x\": 01}", "a number with a leading zero"},
        {"{\"x\": \"\\u0000\"}", "\\u0000 is refused"},
        {"{\"x\": 1,}", "a key in quotes was expected"},
        {"[1,]", "a value was expected"},
        {"{\"id\": 1} x", "text after the value"},
        {"{\"x\": [1}", "an array is not closed"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(kept(cases[i][0]), cases[i][1]);
}

static void test_a_wanted_key_twice_is_refused_also_when_others_are_left_out(void **state)
{
    static const char *const names[] = {"id"};
    const struct json *root = NULL;
    struct err err = {0};

    (void)state;
    assert_false(
        json_parse_keys(STR("{\"x\":1,\"id\":1,\"\\u0069d\":2}"), "page", names, 1, &root, &err));
    assert_string_equal(err.msg, "page: the key id stands twice in one object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_wanted_members_are_kept_and_all_are_checked),
        cmocka_unit_test(test_a_wanted_key_twice_is_refused_also_when_others_are_left_out),
        cmocka_unit_test(test_valid_texts_are_taken),
        cmocka_unit_test(test_invalid_texts_are_refused_with_the_reason_and_the_place),
        cmocka_unit_test(test_nesting_ends_at_sixty_four),
        cmocka_unit_test(test_a_key_may_stand_once_in_an_object),
        cmocka_unit_test(test_members_are_read_by_exact_name_and_type),
        cmocka_unit_test(test_absent_and_null_are_empty_for_the_opt_readers),
        cmocka_unit_test(test_seconds_become_milliseconds_or_are_refused),
        cmocka_unit_test(test_wrong_types_and_missing_members_are_errors_that_name_them),
        cmocka_unit_test(test_elements_and_members_come_in_order),
        cmocka_unit_test(test_a_failed_parse_leaves_nothing_open),
        cmocka_unit_test(test_closing_an_unset_root_leaves_the_open_document_alone),
        cmocka_unit_test(test_large_pages_are_read_one_after_the_other),
        cmocka_unit_test(test_each_thread_has_a_document_of_its_own),
        cmocka_unit_test(test_reading_gives_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
