/* Text forms of bytes: encoding is undone by decoding, and where a form has one spelling, decoding
 * is undone by encoding. */

#include <assert.h>
#include <stdint.h>

#include "base/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size}, out;
    struct arena arena;
    bool ok;

    arena_init(&arena, 32 * size + ((size_t)1 << 16));
    ok = hex_decode(hex_encode(text, &arena), &arena, &out);
    assert(ok && str_eq(out, text));
    ok = base64url_decode(base64url_encode(text, &arena), &arena, &out);
    assert(ok && str_eq(out, text));
    ok = percent_decode(percent_encode(text, &arena), &arena, &out);
    assert(ok && str_eq(out, text));

    if (base64url_decode(text, &arena, &out)) {
        struct str again = base64url_encode(out, &arena);
        assert(str_eq(again, text));
    }
    if (hex_decode(text, &arena, &out)) {
        struct str again = hex_encode(out, &arena);
        assert(str_ieq(again, text));
    }
    if (percent_decode(text, &arena, &out)) {
        struct str again;
        ok = percent_decode(percent_encode(out, &arena), &arena, &again);
        assert(ok && str_eq(again, out));
    }
    struct str base64 = base64_encode(text, &arena);
    assert(base64.len == (size + 2) / 3 * 4);
    arena_fini(&arena);
    return 0;
}
