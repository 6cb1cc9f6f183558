#include "base/json_scan.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

struct scan {
    const char *at, *end;
    const char *why; /* set by the first fault; `at` is its place */
    unsigned depth;
    /* Writing anew what is kept; out NULL: nothing is written. */
    const struct json_keys *keys;
    char *out;
    unsigned muted; /* inside so many members that are left out */
};

static void emit(struct scan *scan, const char *from, size_t n)
{
    if (!scan->out || scan->muted > 0)
        return;
    memcpy(scan->out, from, n);
    scan->out += n;
}

static bool fail(struct scan *scan, const char *why)
{
    scan->why = why;
    return false;
}

/* The byte at hand, or -1 at the end. */
static int peek(const struct scan *scan)
{
    return scan->at < scan->end ? (unsigned char)*scan->at : -1;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* At `\uXXXX`: its value, or -1. */
static int32_t unicode_escape(const struct scan *scan)
{
    int32_t value = 0;

    if (scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(scan->at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool skip_unicode_escape(struct scan *scan)
{
    int32_t first = unicode_escape(scan);

    if (first < 0)
        return fail(scan, "\\u without four hexadecimal digits");
    if (first == 0)
        return fail(scan, "\\u0000 is refused");
    if (first >= 0xDC00 && first <= 0xDFFF)
        return fail(scan, "half of a surrogate pair");
    scan->at += 6;
    if (first < 0xD800 || first > 0xDBFF)
        return true;
    int32_t second = unicode_escape(scan);
    if (second < 0xDC00 || second > 0xDFFF)
        return fail(scan, "half of a surrogate pair");
    scan->at += 6;
    return true;
}

static bool skip_escape(struct scan *scan)
{
    int c = scan->end - scan->at < 2 ? -1 : scan->at[1];

    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': scan->at += 2; return true;
    case 'u': return skip_unicode_escape(scan);
    default: return fail(scan, "an unknown escape");
    }
}

/* All bytes of a multi-byte character are over 0x7F, so a run of such bytes holds whole ones. */
static bool skip_beyond_ascii(struct scan *scan)
{
    const char *run = scan->at;

    while (scan->at < scan->end && (unsigned char)*scan->at >= 0x80)
        scan->at++;
    if (utf8_valid((struct str){run, (size_t)(scan->at - run)}))
        return true;
    scan->at = run;
    return fail(scan, "invalid UTF-8");
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EACH(byte) (0x0101010101010101u * (byte))

/* Has one of eight bytes the value zero? (Bytes over 0x7F may answer wrongly with yes.) */
static uint64_t has_zero(uint64_t word)
{
    return (word - EACH(1)) & ~word & EACH(0x80);
}

/* Eight bytes at once: most of a document is plain text inside strings. */
static void skip_plain_words(struct scan *scan)
{
    uint64_t word;

    while (scan->end - scan->at >= 8) {
        memcpy(&word, scan->at, 8);
        if ((word & EACH(0x80)) | ((word - EACH(0x20)) & ~word & EACH(0x80)) |
            has_zero(word ^ EACH('"')) | has_zero(word ^ EACH('\\')))
            return;
        scan->at += 8;
    }
}

static bool skip_string(struct scan *scan)
{
    scan->at++; /* the opening quote */
    for (;;) {
        skip_plain_words(scan);
        while (scan->at < scan->end && is_plain((unsigned char)*scan->at))
            scan->at++;
        int c = peek(scan);
        if (c < 0)
            return fail(scan, "a string is not closed");
        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c < 0x20)
            return fail(scan, "a control character in a string");
        if (!(c == '\\' ? skip_escape(scan) : skip_beyond_ascii(scan)))
            return false;
    }
}

static bool skip_digits(struct scan *scan)
{
    if (!is_digit(peek(scan)))
        return fail(scan, "a number without a digit");
    while (is_digit(peek(scan)))
        scan->at++;
    return true;
}

static bool skip_number(struct scan *scan)
{
    const char *start = scan->at;

    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) == '0') {
        scan->at++; /* nothing but a point or an exponent may follow */
    } else if (!skip_digits(scan)) {
        return false;
    }
    if (is_digit(peek(scan)))
        return fail(scan, "a number with a leading zero");
    if (peek(scan) == '.') {
        scan->at++;
        if (!skip_digits(scan))
            return false;
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (!skip_digits(scan))
            return false;
    }
    if (scan->at - start > JSON_MAX_NUMBER) {
        scan->at = start;
        return fail(scan, "a number of more than 63 characters");
    }
    return true;
}

static bool skip_word(struct scan *scan, struct str word)
{
    if (!str_starts((struct str){scan->at, (size_t)(scan->end - scan->at)}, word))
        return fail(scan, "a value was expected");
    scan->at += word.len;
    return true;
}

static bool skip_value(struct scan *scan);

static bool skip_key(struct scan *scan)
{
    skip_blanks(scan);
    if (peek(scan) != '"')
        return fail(scan, "a key in quotes was expected");
    if (!skip_string(scan))
        return false;
    skip_blanks(scan);
    if (peek(scan) != ':')
        return fail(scan, "a colon was expected");
    scan->at++;
    return true;
}

/* `key` as written, with its quotes. */
static bool is_wanted(const struct scan *scan, struct str key)
{
    if (!scan->out || str_has(key, '\\'))
        return true;
    for (size_t i = 0; i < scan->keys->n; i++) {
        const char *name = scan->keys->names[i];
        if (name[0] == key.ptr[1] && strncmp(name, key.ptr + 1, key.len - 2) == 0 &&
            name[key.len - 2] == '\0')
            return true;
    }
    return false;
}

/* `"key": value`; whether it was kept. */
static bool skip_member(struct scan *scan, bool is_first, bool *kept)
{
    skip_blanks(scan);
    const char *start = scan->at;
    if (!skip_key(scan))
        return false;
    size_t len = (size_t)(scan->at - start);
    while (start[len - 1] != '"') /* back over the colon and the blanks before it */
        len--;
    *kept = scan->muted == 0 && is_wanted(scan, (struct str){start, len});
    scan->muted += !*kept;
    if (!is_first)
        emit(scan, ",", 1);
    emit(scan, start, len);
    emit(scan, ":", 1);
    bool ok = skip_value(scan);
    scan->muted -= !*kept;
    return ok;
}

static bool skip_element(struct scan *scan, char close, bool *is_first)
{
    bool kept = true;

    if (close == '}') {
        if (!skip_member(scan, *is_first, &kept))
            return false;
    } else {
        if (!*is_first)
            emit(scan, ",", 1);
        if (!skip_value(scan))
            return false;
    }
    *is_first = *is_first && !kept;
    return true;
}

/* An object or an array, whose brackets are `close - 2` and `close` in ASCII. */
static bool skip_container(struct scan *scan, char close)
{
    bool is_first = true;

    if (++scan->depth > JSON_MAX_DEPTH)
        return fail(scan, "nested deeper than 64");
    emit(scan, scan->at, 1);
    scan->at++;
    skip_blanks(scan);
    while (peek(scan) != close) {
        if (!skip_element(scan, close, &is_first))
            return false;
        skip_blanks(scan);
        int c = peek(scan);
        if (c != ',' && c != close)
            return fail(scan, close == '}' ? "an object is not closed" : "an array is not closed");
        if (c == close)
            break;
        scan->at++;
        skip_blanks(scan);
        if (peek(scan) == close)
            return skip_element(scan, close, &is_first); /* says what was expected */
    }
    scan->at++;
    emit(scan, &close, 1);
    scan->depth--;
    return true;
}

static bool skip_scalar(struct scan *scan, int c)
{
    switch (c) {
    case '"': return skip_string(scan);
    case 't': return skip_word(scan, STR("true"));
    case 'f': return skip_word(scan, STR("false"));
    case 'n': return skip_word(scan, STR("null"));
    default:
        if (c == '-' || is_digit(c))
            return skip_number(scan);
        return fail(scan, "a value was expected");
    }
}

static bool skip_value(struct scan *scan)
{
    skip_blanks(scan);
    int c = peek(scan);
    if (c == '{' || c == '[')
        return skip_container(scan, (char)(c + 2));
    const char *start = scan->at;
    if (!skip_scalar(scan, c))
        return false;
    emit(scan, start, (size_t)(scan->at - start));
    return true;
}

static bool scan_all(struct scan *scan, struct str text, struct json_fault *fault)
{
    const char *start = text.len > 0 ? text.ptr : "";

    scan->at = start;
    scan->end = start + text.len;
    bool ok = skip_value(scan);
    if (ok) {
        skip_blanks(scan);
        ok = scan->at == scan->end || fail(scan, "text after the value");
    }
    if (!ok)
        *fault = (struct json_fault){scan->why, (size_t)(scan->at - start)};
    return ok;
}

bool json_scan(struct str text, struct json_fault *fault)
{
    struct scan scan = {0};

    return scan_all(&scan, text, fault);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the scan writes to it */
bool json_scan_keys(struct str text, const struct json_keys *keys, char *out, size_t *out_len,
                    struct json_fault *fault)
{
    struct scan scan = {.keys = keys, .out = out};

    if (!scan_all(&scan, text, fault))
        return false;
    *out_len = (size_t)(scan.out - out);
    return true;
}
