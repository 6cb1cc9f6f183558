#pragma once

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/rng.h"
#include "base/str.h"

/*
 * Properties: a claim about any input, tried on 10,000 seeded ones. The seed of the case that fails
 * is printed; PROP_SEED=n runs that case alone.
 */

#define PROP_CASES 10000

/* False when the claim does not hold; what was seen is then told in `say`. */
typedef bool (*property)(struct rng *rng, struct arena *arena, struct buf *say);

static inline void for_all(property holds)
{
    const char *only = getenv("PROP_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : PROP_CASES;
    CLEANUP(buf_fini) struct buf say = {0};
    struct arena arena;

    arena_init(&arena, (size_t)16 << 20);
    for (uint64_t seed = first; seed <= last; seed++) {
        struct rng rng = rng_seed(seed);
        arena_mark_t mark = arena_mark(&arena);
        if (!holds(&rng, &arena, &say))
            fail_msg("does not hold for PROP_SEED=%" PRIu64 ": %s", seed, say.ptr ? say.ptr : "");
        arena_reset(&arena, mark);
    }
    arena_fini(&arena);
}

/* Bytes of any kind, up to `most`. In arena. */
static inline struct str any_bytes(struct rng *rng, size_t most, struct arena *arena)
{
    size_t len = (size_t)rng_below(rng, most + 1);
    char *bytes = arena_alloc(arena, len + 1, 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)rng_below(rng, 256);
    return (struct str){bytes, len};
}

/* Appends the UTF-8 of one code point, by a way that is not the program's own. */
static inline size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Valid UTF-8 without NUL: mostly what parsers trip over, some of everything. In arena. */
static inline struct str any_text(struct rng *rng, size_t most, struct arena *arena)
{
    static const char odd[] = "\"\\,;\r\n\t'=+-@ {}[]:%&/?.#~\x01\x1f\x7f";
    size_t n = (size_t)rng_below(rng, most + 1), len = 0;
    char *out = arena_alloc(arena, 4 * n + 1, 1);

    for (size_t i = 0; i < n; i++) {
        uint32_t code;
        switch (rng_below(rng, 4)) {
        case 0: code = (unsigned char)odd[rng_below(rng, sizeof(odd) - 1)]; break;
        case 1: code = 'a' + (uint32_t)rng_below(rng, 26); break;
        case 2: code = 0x80 + (uint32_t)rng_below(rng, 0xD800 - 0x80); break;
        default: code = 0xE000 + (uint32_t)rng_below(rng, 0x110000 - 0xE000); break;
        }
        len += put_utf8(out + len, code);
    }
    return (struct str){out, len};
}
