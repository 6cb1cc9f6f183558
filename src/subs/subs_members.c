#include "subs/subs_members.h"

#include "base/attr.h"
#include "base/buf.h"

#define NAME_MAX 40 /* of a foreign name, in a message or a log line */

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-';
}

/* `prefix.key`, fit for a log line. */
static struct str name_of(const char *prefix, struct str key, struct arena *arena)
{
    struct str cut = key.len > 0 ? str_sub(key, 0, NAME_MAX) : STR("?");
    struct str name = arena_printf(arena, "%s%s", prefix, *prefix ? "." : "");
    char clean[NAME_MAX];

    memset(clean, '?', sizeof(clean));
    for (size_t i = 0; i < cut.len; i++) {
        if (is_name_char(cut.ptr[i]))
            clean[i] = cut.ptr[i];
    }
    return arena_printf(arena, "%.*s%.*s", STR_ARG(name), (int)cut.len, clean);
}

static void note_extra(struct subs_extra *extra, const char *prefix, struct str key)
{
    arena_mark_t mark = arena_mark(extra->arena);
    struct str name = name_of(prefix, key, extra->arena);
    bool is_known = extra->n == SUBS_EXTRA_MAX;

    for (size_t i = 0; i < extra->n && !is_known; i++)
        is_known = str_eq(extra->names[i], name);
    if (is_known) {
        arena_reset(extra->arena, mark);
    } else {
        extra->names[extra->n++] = name;
    }
}

struct str subs_extra_str(struct subs_extra *extra, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf text = {0};

    if (extra->n == 0)
        return (struct str){0};
    extra->n = str_sort_unique(extra->names, extra->n);
    for (size_t i = 0; i < extra->n; i++)
        buf_printf(&text, "%s%.*s", i > 0 ? "," : "", STR_ARG(extra->names[i]));
    return arena_str(arena, buf_str(&text));
}

/* What older clients read, and what only looks like a member of ours: the service has changed, and
 * what is under the usual name may be empty for that reason alone. */
static bool is_renamed(struct str key, const char *const *known, size_t n)
{
    static const char *const older[] = {"UserSubscriptions", "PrincipalId", "PrincipalType",
                                        "SubscriptionType"};

    for (size_t i = 0; i < n; i++) {
        if (str_ieq(key, str_of(known[i])))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(older); i++) {
        if (str_ieq(key, str_of(older[i])))
            return true;
    }
    return false;
}

static bool has_part(struct str key, struct str part)
{
    for (size_t i = 0; i + part.len <= key.len; i++) {
        if (str_ieq(str_sub(key, i, i + part.len), part))
            return true;
    }
    return false;
}

/* Beside a list: were this how the next page is named now, the listing would end too early. */
static bool is_about_paging(struct str key)
{
    static const char *const parts[] = {"token", "next", "more", "marker", "cursor", "truncated"};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (has_part(key, str_of(parts[i])))
            return true;
    }
    return false;
}

bool subs_check_members(const struct json *obj, const struct subs_members *members,
                        struct subs_extra *extra, struct err *err)
{
    if (!json_is_obj(obj))
        return err_set(err, ERR_REMOTE, "expected an object");
    for (const struct json *e = json_first(obj); e; e = json_next(e)) {
        struct str key = json_key(e);
        bool is_known = false;
        for (size_t i = 0; i < members->n; i++)
            is_known = is_known || str_is(key, members->known[i]);
        if (is_known)
            continue;
        bool is_paging = *members->prefix == '\0' && is_about_paging(key);
        if (is_paging || is_renamed(key, members->known, members->n)) {
            struct str name = name_of(members->prefix, key, extra->arena);
            return err_set(err, ERR_REMOTE, "%.*s: %s", STR_ARG(name),
                           is_paging ? "unknown, and it may be about further pages"
                                     : "a spelling that is not expected: the service has changed");
        }
        note_extra(extra, members->prefix, key);
    }
    return true;
}
