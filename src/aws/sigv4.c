#include "aws/sigv4.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/crypt.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DAY_LEN   8 /* of the date, `20260102` */

/* ---- the canonical request ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void add_lower(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        buf_add_char(out, c);
    }
}

/* Trimmed, inner runs of blanks as one. */
static void add_folded(struct buf *out, struct str text)
{
    bool gap = false;

    text = str_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        if (is_blank(text.ptr[i])) {
            gap = true;
            continue;
        }
        if (gap)
            buf_add_char(out, ' ');
        gap = false;
        buf_add_char(out, text.ptr[i]);
    }
}

static void add_names(struct buf *out, const struct sigv4_pair *headers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add_char(out, ';');
        add_lower(out, headers[i].name);
    }
}

struct str sigv4_canonical(struct str method, struct str path, struct str query,
                           const struct sigv4_pair *headers, size_t n, struct str payload_hash,
                           struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {.secret = true}; /* the token is one of the headers */

    buf_add(&out, method);
    buf_add_char(&out, '\n');
    buf_add(&out, path.len > 0 ? path : STR("/"));
    buf_add_char(&out, '\n');
    buf_add(&out, query);
    buf_add_char(&out, '\n');
    for (size_t i = 0; i < n; i++) {
        add_lower(&out, headers[i].name);
        buf_add_char(&out, ':');
        add_folded(&out, headers[i].value);
        buf_add_char(&out, '\n');
    }
    buf_add_char(&out, '\n');
    add_names(&out, headers, n);
    buf_add_char(&out, '\n');
    buf_add(&out, payload_hash);
    return arena_str(arena, buf_str(&out));
}

/* ---- the signature ---- */

static struct str scope_of(struct str date, struct str region, struct str service,
                           struct arena *arena)
{
    return arena_printf(arena, "%.*s/%.*s/%.*s/aws4_request", STR_ARG(str_sub(date, 0, DAY_LEN)),
                        STR_ARG(region), STR_ARG(service));
}

static void derive_key(struct str secret_key, struct str date, struct str region,
                       struct str service, unsigned char key[SHA256_SIZE])
{
    struct buf first = {.secret = true};
    const struct str steps[] = {region, service, STR("aws4_request")};

    buf_add(&first, STR("AWS4"));
    buf_add(&first, secret_key);
    hmac_sha256(buf_str(&first), str_sub(date, 0, DAY_LEN), key);
    buf_fini(&first);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        unsigned char next[SHA256_SIZE];

        hmac_sha256((struct str){(const char *)key, SHA256_SIZE}, steps[i], next);
        memcpy(key, next, SHA256_SIZE);
        crypt_wipe(next, sizeof(next));
    }
}

struct str sigv4_signature(struct str secret_key, struct str date, struct str region,
                           struct str service, struct str canonical, struct arena *arena)
{
    unsigned char key[SHA256_SIZE];
    unsigned char signature[SHA256_SIZE];
    struct str to_sign = arena_printf(arena, ALGORITHM "\n%.*s\n%.*s\n%.*s", STR_ARG(date),
                                      STR_ARG(scope_of(date, region, service, arena)),
                                      STR_ARG(sha256_hex_str(canonical, arena)));

    derive_key(secret_key, date, region, service, key);
    hmac_sha256((struct str){(const char *)key, SHA256_SIZE}, to_sign, signature);
    crypt_wipe(key, sizeof(key));
    return hex_encode((struct str){(const char *)signature, SHA256_SIZE}, arena);
}

/* ---- a request's headers ---- */

/* `20260102T030405Z`: the ISO form without what separates, and without the fraction. */
static struct str date_of(int64_t ms, struct arena *arena)
{
    char iso[TIME_ISO_SIZE];
    char *out = arena_alloc(arena, TIME_ISO_SIZE, 1);
    size_t n = 0;

    for (const char *c = time_iso(ms, iso); *c != '\0' && *c != '.'; c++) {
        if (*c != '-' && *c != ':')
            out[n++] = *c;
    }
    out[n++] = 'Z';
    return (struct str){out, n};
}

/* What is signed, in the order of the names; returns how many. */
static size_t collect(const struct sigv4_request *request, struct str date, struct str token,
                      struct sigv4_pair pairs[5])
{
    size_t n = 0;

    if (request->content_type.len > 0)
        pairs[n++] = (struct sigv4_pair){STR("content-type"), request->content_type};
    pairs[n++] = (struct sigv4_pair){STR("host"), request->host};
    pairs[n++] = (struct sigv4_pair){STR("x-amz-date"), date};
    if (token.len > 0)
        pairs[n++] = (struct sigv4_pair){STR("x-amz-security-token"), token};
    if (request->target.len > 0)
        pairs[n++] = (struct sigv4_pair){STR("x-amz-target"), request->target};
    return n;
}

struct sigv4_headers sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_request *request,
                                int64_t now_ms, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf names = {0};
    struct sigv4_pair pairs[5];
    struct sigv4_headers out = {.date = date_of(now_ms, arena)};

    if (keys->token && secret_is_set(keys->token))
        out.token = arena_str(arena, secret_reveal(keys->token));

    size_t n = collect(request, out.date, out.token, pairs);
    struct str canonical = sigv4_canonical(STR("POST"), request->path, (struct str){0}, pairs, n,
                                           sha256_hex_str(request->body, arena), arena);
    struct str signature = sigv4_signature(secret_reveal(keys->secret_key), out.date,
                                           request->region, request->service, canonical, arena);

    add_names(&names, pairs, n);
    out.authorization =
        arena_printf(arena, ALGORITHM " Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%.*s",
                     STR_ARG(keys->access_key),
                     STR_ARG(scope_of(out.date, request->region, request->service, arena)),
                     STR_ARG(buf_str(&names)), STR_ARG(signature));
    return out;
}
