/* The readers of what comes to the AWS client from outside: answers, files, a command. The first
 * byte of the input picks the reader. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/aws_creds_set.h"
#include "aws/aws_error.h"
#include "aws/aws_ini.h"
#include "aws/aws_process.h"
#include "aws/aws_sts.h"
#include "aws/aws_xml.h"
#include "base/attr.h"
#include "base/json.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_set(const struct aws_set *set, bool ok)
{
    struct sigv4_keys keys = aws_set_keys(set);

    assert(ok == aws_set_is_there(set));
    if (!ok)
        return;
    assert(keys.access_key.len > 0 && keys.access_key.len <= AWS_ACCESS_KEY_MAX);
    struct str token = keys.token ? secret_reveal(keys.token) : STR("x");
    for (size_t i = 0; i < token.len; i++)
        assert(token.ptr[i] > ' ' && token.ptr[i] <= '~');
}

static void check_error(struct aws_error error, struct arena *arena)
{
    for (size_t i = 0; i < error.code.len; i++)
        assert(error.code.ptr[i] > ' ' && error.code.ptr[i] != ':');
    assert(error.message.len <= 500 && utf8_valid(error.message));
    assert(error.request_id.len <= 100 && utf8_valid(error.request_id));
    assert(error.retry_after_ms >= 0);
    assert(aws_error_words(&error, 400, 0, arena).len < 900);
}

static void read_error(struct str text, struct arena *arena)
{
    const struct http_header headers[] = {{STR("x-amzn-ErrorType"), text},
                                          {STR("x-amzn-RequestId"), text},
                                          {STR("x-amz-retry-after"), text}};
    const struct http_response in_body = {.status = 400, .body = text};
    const struct http_response in_head = {.status = 400, .headers = headers, .n_headers = 3};

    check_error(aws_error_json(&in_body, arena), arena);
    check_error(aws_error_xml(&in_body, arena), arena);
    check_error(aws_error_json(&in_head, arena), arena);
}

static void read_xml(struct str text, struct arena *arena)
{
    CLEANUP(aws_set_fini) struct aws_set set = {0};
    struct aws_xml_want want = {.path = "a/b"};

    if (aws_xml_read(text, &want, 1, arena, NULL))
        assert(want.found <= 1 && utf8_valid(want.value));
    check_set(&set, aws_sts_read(text, "AssumeRole", arena, &set, NULL));
}

static void read_metadata(struct str text, struct arena *arena)
{
    CLEANUP(aws_set_fini) struct aws_set set = {0};

    (void)arena;
    check_set(&set, aws_set_from_json(text, AWS_SET_METADATA, &set, NULL));
}

static void read_process(struct str text, struct arena *arena)
{
    CLEANUP(aws_set_fini) struct aws_set set = {0};
    const char *const *words;
    size_t n;

    check_set(&set, aws_set_from_json(text, AWS_SET_PROCESS, &set, NULL));
    if (aws_process_split(text, arena, &words, &n, NULL))
        assert(n > 0 && words[0][0] != '\0' && words[n] == NULL);
}

static void read_ini(struct str text, struct arena *arena)
{
    for (int form = AWS_INI_CREDENTIALS; form <= AWS_INI_EITHER; form++) {
        struct aws_ini ini;
        if (!aws_ini_read(text, (enum aws_ini_form)form, arena, &ini, NULL))
            continue;
        for (size_t i = 0; i < ini.entries.n; i++) {
            const struct aws_ini_entry *e = &ini.entries.items[i];
            assert(e->profile.len > 0 && e->line > 0);
            if (e->key.len > 0)
                assert(aws_ini_find(&ini, e->profile, arena_cstr(arena, e->key)) == e);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        char letter;
        void (*read)(struct str text, struct arena *arena);
    } readers[] = {
        {'e', read_error},   {'x', read_xml}, {'m', read_metadata},
        {'p', read_process}, {'i', read_ini},
    };
    static struct arena arena;

    if (!arena.base) {
        json_init();
        arena_init(&arena, (size_t)1 << 30);
    }
    for (size_t i = 0; size > 0 && i < ARRAY_LEN(readers); i++) {
        if (readers[i].letter == (char)data[0])
            readers[i].read((struct str){(const char *)data + 1, size - 1}, &arena);
    }
    arena_reset(&arena, 0);
    return 0;
}
