/* UTF-8: printable text is valid, harmless and stays as it is; stepping never leaves the text. */

#include <assert.h>
#include <stdint.h>

#include "base/log.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_steps(struct str text)
{
    struct str rest = text;
    bool all_good = true;

    for (int32_t code; (code = utf8_next(&rest)) >= 0;) {
        assert(code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF));
        assert(rest.ptr + rest.len == text.ptr + text.len);
    }
    rest = text;
    while (rest.len > 0) {
        size_t before = rest.len;
        int32_t code = utf8_next(&rest);
        all_good = all_good && !(code == 0xFFFD && before - rest.len == 1);
    }
    assert(all_good == utf8_valid(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;

    arena_init(&arena, 8 * size + ((size_t)1 << 16));
    check_steps(text);
    struct str shown = utf8_printable(text, &arena);
    struct str again = utf8_printable(shown, &arena);
    assert(utf8_valid(shown) && again.ptr == shown.ptr && again.len == shown.len);
    for (size_t i = 0; i < shown.len; i++)
        assert((unsigned char)shown.ptr[i] >= 0x20 && shown.ptr[i] != 0x7F);
    assert(utf8_width(shown) <= 2 * shown.len);
    const char *quoted = log_q(&text);
    assert(utf8_valid(str_of(quoted)) && strlen(quoted) < 232 && !strchr(quoted, '\n'));
    arena_fini(&arena);
    return 0;
}
