/* Error answers come in three shapes and none (contracts/okta.md 6.3 and 7): Okta's JSON, OAuth's
 * JSON, an empty body with WWW-Authenticate, and whatever a box in between says. */

#include "base/attr.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "okta/okta_wire.h"

#define SUMMARY_MAX 200
#define CODE_MAX    64
#define ID_MAX      64

/* Codes are branched on and printed: words only. */
static struct str code_word(struct str text, struct arena *arena)
{
    if (text.len == 0 || text.len > CODE_MAX)
        return (struct str){0};
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '_' || c == '-' || c == '.'))
            return (struct str){0};
    }
    return arena_str(arena, text);
}

struct str okta_wire_short(struct str text, size_t max, struct arena *arena)
{
    struct str clean = utf8_printable(str_sub(text, 0, 4 * max), arena);
    size_t end = clean.len;

    if (end > max) {
        end = max;
        while (end > 0 && ((unsigned char)clean.ptr[end] & 0xC0) == 0x80)
            end--;
    }
    return arena_str(arena, str_trim(str_sub(clean, 0, end)));
}

/* `errorCauses` is a list of objects, has been seen as one object, and may be absent. */
static void add_causes(const struct json *root, struct buf *out)
{
    const struct json *causes = json_get(root, "errorCauses");
    struct str text;

    if (!causes)
        return;
    if (json_is_obj(causes)) {
        if (json_str(causes, "errorSummary", &text, NULL))
            buf_printf(out, ": %.*s", STR_ARG(text));
    } else if (json_is_arr(causes)) {
        for (const struct json *e = json_first(causes); e; e = json_next(e)) {
            if (json_str(e, "errorSummary", &text, NULL))
                buf_printf(out, ": %.*s", STR_ARG(text));
        }
    }
}

static void from_body(struct str body, struct arena *arena, struct okta_error *out)
{
    CLEANUP(json_close) const struct json *root = NULL;
    CLEANUP(buf_fini) struct buf summary = {.ceiling = (size_t)64 * 1024};
    struct str code = {0};
    struct str text;

    if (body.len == 0 || !json_parse(body, "error", &root, NULL) || !json_is_obj(root))
        return;
    if (json_str(root, "errorCode", &code, NULL)) {
        if (json_str(root, "errorSummary", &text, NULL))
            buf_add(&summary, text);
        add_causes(root, &summary);
    } else if (json_str(root, "error", &code, NULL) &&
               json_str(root, "error_description", &text, NULL)) {
        buf_add(&summary, text);
    }
    out->code = code_word(code, arena);
    out->summary = okta_wire_short(buf_str(&summary), SUMMARY_MAX, arena);
}

/* The value of a parameter of a challenge, quoted or not: `name="value"`. Walks over quoted text,
 * so that nothing inside another value is taken for a parameter. Lent. */
static struct str challenge_param(struct str header, const char *name)
{
    struct str wanted = str_of(name);
    size_t i = 0;

    while (i < header.len) {
        size_t word = i;
        while (i < header.len && header.ptr[i] != '=' && header.ptr[i] != ',' &&
               header.ptr[i] != ' ')
            i++;
        struct str key = str_sub(header, word, i);
        struct str value = {0};
        if (i + 1 < header.len && header.ptr[i] == '=') {
            bool quoted = header.ptr[i + 1] == '"';
            size_t from = quoted ? i + 2 : i + 1;
            for (i = from; i < header.len; i++) {
                if (quoted ? header.ptr[i] == '"' : header.ptr[i] == ',' || header.ptr[i] == ' ')
                    break;
            }
            value = str_sub(header, from, i);
        }
        if (value.len > 0 && str_ieq(key, wanted))
            return value;
        i++;
    }
    return (struct str){0};
}

static void from_challenge(struct str header, struct arena *arena, struct okta_error *out)
{
    struct str description = challenge_param(header, "error_description");
    struct str scope = challenge_param(header, "scope");

    out->code = code_word(challenge_param(header, "error"), arena);
    if (str_is(out->code, "insufficient_scope") && scope.len > 0) {
        description = arena_printf(arena, "it needs the scope %.*s%s%.*s", STR_ARG(scope),
                                   description.len > 0 ? "; " : "", STR_ARG(description));
    }
    out->summary = okta_wire_short(description, SUMMARY_MAX, arena);
}

struct okta_error okta_wire_error(const struct http_response *res, struct arena *arena)
{
    struct okta_error out = {0};
    bool doubled = false;

    from_body(res->body, arena, &out);
    if (out.code.len == 0) {
        struct str challenge = http_response_header(res, "WWW-Authenticate", &doubled);
        if (challenge.len > 0)
            from_challenge(challenge, arena, &out);
    }
    out.request_id =
        okta_wire_short(http_response_header(res, "X-Okta-Request-Id", &doubled), ID_MAX, arena);
    return out;
}
