/* JSON: what is accepted can be walked by every reader, and written again it reads the same. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/json_scan.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_every_reader(const struct json *value)
{
    static const char *const keys[] = {"", "id", "a", "profile"};
    const struct json *child;
    struct str text;
    int64_t number;
    bool flag;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct err err = {0};
        (void)json_str(value, keys[i], &text, &err);
        (void)json_str_opt(value, keys[i], &text, &err);
        if (json_i64(value, keys[i], &number, &err))
            assert(number > -((int64_t)1 << 53) && number < (int64_t)1 << 53);
        (void)json_i64_opt(value, keys[i], &number, &err);
        (void)json_bool_opt(value, keys[i], true, &flag, &err);
        (void)json_obj(value, keys[i], &child, &err);
        (void)json_obj_opt(value, keys[i], &child, &err);
        (void)json_arr(value, keys[i], &child, &err);
        (void)json_arr_opt(value, keys[i], &child, &err);
        assert(utf8_valid(str_of(err.msg)));
    }
}

/* Strings and containers as they are, all else as null. */
static void rewrite(const struct json *value, struct json_out *out, const char *key)
{
    struct str text;

    ask_every_reader(value);
    if (json_as_str(value, &text, NULL)) {
        assert(utf8_valid(text));
        json_put_str(out, key, text);
    } else if (json_is_obj(value) || json_is_arr(value)) {
        bool object = json_is_obj(value);
        json_open(out, key, object ? '{' : '[');
        for (const struct json *e = json_first(value); e; e = json_next(e))
            rewrite(e, out, object ? json_key(e).ptr : NULL);
        json_end(out, object ? '}' : ']');
    } else {
        json_put_null(out, key);
    }
}

/* What a selective scan keeps is a text that the plain one accepts, and both agree on refusing. */
static void check_keys(struct str text)
{
    static const char *const names[] = {"id", "a", "profile"};
    struct json_keys keys = {names, 3};
    struct json_fault fault;
    size_t len = 0;
    char *out = malloc(text.len + 1);

    assert(out);
    bool kept = json_scan_keys(text, &keys, out, &len, &fault);
    assert(kept == json_scan(text, &fault));
    assert(!kept || (len <= text.len && json_scan((struct str){out, len}, &fault)));
    free(out);
}

/* The text read and written again; false when it was refused. */
static bool round_trip(struct str text, struct buf *out)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct json_fault fault;
    struct err err = {0};
    struct json_out writer = {.buf = out};

    bool scanned = json_scan(text, &fault);
    bool parsed = json_parse(text, "input", &root, &err);
    assert(scanned || !parsed);
    assert(parsed || (err.kind == ERR_REMOTE && utf8_valid(str_of(err.msg))));
    if (parsed)
        rewrite(root, &writer, NULL);
    return parsed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_fini) struct buf once = {0};
    CLEANUP(buf_fini) struct buf twice = {0};

    check_keys((struct str){(const char *)data, size});
    if (!round_trip((struct str){(const char *)data, size}, &once))
        return 0;
    bool again = round_trip(buf_str(&once), &twice);
    assert(again);
    assert(str_eq(buf_str(&once), buf_str(&twice)));
    return 0;
}
