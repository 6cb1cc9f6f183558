#include "base/codec.h"

#include <string.h>

#define INVALID 0xFF

static unsigned char hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned char)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned char)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (unsigned char)(c - 'A' + 10);
    return INVALID;
}

/* Two hexadecimal digits; false when they are none. */
static bool hex_byte(const char *digits, char *out)
{
    unsigned char high = hex_value(digits[0]), low = hex_value(digits[1]);

    if (high == INVALID || low == INVALID)
        return false;
    *out = (char)(high << 4 | low);
    return true;
}

struct str hex_encode(struct str bytes, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(arena, bytes.len * 2 + 1, 1);

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    return (struct str){out, bytes.len * 2};
}

bool hex_decode(struct str text, struct arena *arena, struct str *out)
{
    if (text.len % 2 != 0)
        return false;
    char *bytes = arena_alloc(arena, text.len / 2 + 1, 1);
    for (size_t i = 0; i < text.len / 2; i++) {
        if (!hex_byte(text.ptr + 2 * i, &bytes[i]))
            return false;
    }
    *out = (struct str){bytes, text.len / 2};
    return true;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct str encode64(struct str bytes, const char *digits, bool pad, struct arena *arena)
{
    char *out = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < n ? (unsigned char)bytes.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++) {
            if (k <= n) {
                out[len++] = digits[group >> (18 - 6 * k) & 63];
            } else if (pad) {
                out[len++] = '=';
            }
        }
    }
    return (struct str){out, len};
}

struct str base64_encode(struct str bytes, struct arena *arena)
{
    return encode64(bytes, base64_digits, true, arena);
}

struct str base64url_encode(struct str bytes, struct arena *arena)
{
    return encode64(bytes, base64url_digits, false, arena);
}

static unsigned char base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned char)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (unsigned char)(c - '0' + 52);
    if (c == '-')
        return 62;
    return c == '_' ? 63 : INVALID;
}

bool base64url_decode(struct str text, struct arena *arena, struct str *out)
{
    if (text.len % 4 == 1)
        return false;
    char *bytes = arena_alloc(arena, text.len / 4 * 3 + 3, 1);
    size_t len = 0;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char value = base64url_value(text.ptr[i]);
        if (value == INVALID)
            return false;
        bits = bits << 6 | value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            bytes[len++] = (char)(bits >> n_bits & 0xFF);
        }
    }
    /* Left-over bits must be zero, or two texts would stand for the same bytes. */
    if ((bits & ((1u << n_bits) - 1)) != 0)
        return false;
    *out = (struct str){bytes, len};
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

struct str percent_encode(struct str text, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(arena, text.len * 3 + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (is_unreserved(text.ptr[i])) {
            out[len++] = text.ptr[i];
        } else {
            out[len++] = '%';
            out[len++] = digits[byte >> 4];
            out[len++] = digits[byte & 15];
        }
    }
    return (struct str){out, len};
}

bool percent_decode(struct str text, struct arena *arena, struct str *out)
{
    char *bytes = arena_alloc(arena, text.len + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '%') {
            if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
                return false; /* never stands bare, in no part of a URL */
            bytes[len++] = text.ptr[i];
            continue;
        }
        if (text.len - i < 3 || !hex_byte(text.ptr + i + 1, &bytes[len]))
            return false;
        len++;
        i += 2;
    }
    *out = (struct str){bytes, len};
    return true;
}

struct str base32_id(const unsigned char *bytes, unsigned n_chars, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char *out = arena_alloc(arena, (size_t)n_chars + 1, 1);
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (unsigned i = 0; i < n_chars; i++) {
        if (n_bits < 5) {
            bits = bits << 8 | *bytes++;
            n_bits += 8;
        }
        n_bits -= 5;
        out[i] = digits[bits >> n_bits & 31];
    }
    return (struct str){out, n_chars};
}
