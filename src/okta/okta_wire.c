#include "okta/okta_wire.h"

#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/codec.h"

#define ID_MAX    64
#define LABEL_MAX 1024             /* logins, names: what is longer is not one */
#define PAGE_MAX  ((size_t)100000) /* entries: a hundred times what Okta ever puts on a page */

bool okta_wire_is_id(struct str text)
{
    if (text.len == 0 || text.len > ID_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    c == '_' || c == '-';
        if (!fine)
            return false;
    }
    return true;
}

bool okta_wire_read_id(const struct json *value, const char *key, struct str *out, struct err *err)
{
    struct str id;

    if (!json_str(value, key, &id, err))
        return false;
    if (!okta_wire_is_id(id))
        return err_set(err, ERR_REMOTE, "`%s` is not an Okta id", key);
    *out = id;
    return true;
}

/* Copied into the arena; absent is empty. */
static bool read_label(const struct json *value, const char *key, struct arena *arena,
                       struct str *out, struct err *err)
{
    struct str text;

    if (!json_str_opt(value, key, &text, err))
        return false;
    if (text.len > LABEL_MAX)
        return err_set(err, ERR_REMOTE, "`%s` is longer than %d bytes", key, LABEL_MAX);
    *out = text.len > 0 ? arena_str(arena, text) : (struct str){0};
    return true;
}

static bool check_list(const char *what, const struct json **root, struct err *err)
{
    if (!json_is_arr(*root))
        return err_set(err, ERR_REMOTE, "%s: expected an array", what);
    if (json_count(*root) > PAGE_MAX)
        return err_set(err, ERR_REMOTE, "%s: a page of more than %zu entries", what, PAGE_MAX);
    return true;
}

bool okta_wire_parse_list(struct str body, const char *what, const struct json **root,
                          struct err *err)
{
    return json_parse(body, what, root, err) && check_list(what, root, err);
}

/* A page of members is mostly what nobody needs: whole profiles, links, credentials. */
static bool parse_members(struct str body, const struct json **root, struct err *err)
{
    static const char *const keys[] = {"id", "status", "profile", "login"};

    return json_parse_keys(body, "member list", keys, ARRAY_LEN(keys), root, err) &&
           check_list("member list", root, err);
}

static bool read_member(const struct json *value, struct arena *arena, struct member *out,
                        struct err *err)
{
    const struct json *profile = NULL;
    struct str id;
    struct str status;

    if (!okta_wire_read_id(value, "id", &id, err) || !json_str(value, "status", &status, err) ||
        !json_obj_opt(value, "profile", &profile, err))
        return false;
    if (profile && !read_label(profile, "login", arena, &out->login, err))
        return false;
    out->id = arena_str(arena, id);
    out->status = user_status_parse(status);
    return true;
}

bool okta_wire_members(struct str body, struct arena *arena, struct member_page *out,
                       struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct member *items;
    size_t n = out->n;

    if (!parse_members(body, &root, err))
        return false;
    items = arena_array(arena, struct member, out->n + json_count(root));
    if (out->n > 0)
        memcpy(items, out->items, out->n * sizeof(*items));
    for (const struct json *e = json_first(root); e; e = json_next(e), n++) {
        if (!read_member(e, arena, &items[n], err))
            return err_wrap(err, "member list: entry %zu", n - out->n + 1);
    }
    *out = (struct member_page){items, n};
    return true;
}

/* Custom attributes need not be text; lists and objects have no place in a rule and are left out.
 */
static bool profile_text(const struct json *profile, const char *key, struct arena *arena,
                         struct str *out)
{
    struct str text;
    int64_t number;
    bool truth;
    bool again; /* null takes the fallback: two of them tell it from a truth value */

    if (!json_get(profile, key))
        return false;
    if (json_str(profile, key, &text, NULL)) {
        *out = arena_str(arena, text);
    } else if (json_i64(profile, key, &number, NULL)) {
        *out = arena_printf(arena, "%lld", (long long)number);
    } else if (json_bool_opt(profile, key, false, &truth, NULL) &&
               json_bool_opt(profile, key, true, &again, NULL) && truth == again) {
        *out = truth ? STR("true") : STR("false");
    } else {
        return false;
    }
    return true;
}

static void read_profile(const struct json *profile, const struct str *names, size_t n,
                         struct arena *arena, struct person *out)
{
    struct str *sorted = arena_array(arena, struct str, n);
    struct profile_value *values = arena_array(arena, struct profile_value, n);
    size_t n_values = 0;

    if (n > 0)
        memcpy(sorted, names, n * sizeof(*sorted));
    n = str_sort_unique(sorted, n);
    for (size_t i = 0; i < n; i++) {
        struct str value;
        if (profile_text(profile, arena_cstr(arena, sorted[i]), arena, &value))
            values[n_values++] = (struct profile_value){arena_str(arena, sorted[i]), value};
    }
    out->profile = values;
    out->n_profile = n_values;
}

bool okta_wire_user(const struct json *value, const struct str *profile, size_t n_profile,
                    struct arena *arena, struct person *out, struct err *err)
{
    struct person person = {0};
    const struct json *shown;
    struct str id;
    struct str status;

    if (!okta_wire_read_id(value, "id", &id, err) || !json_str(value, "status", &status, err) ||
        !json_obj(value, "profile", &shown, err) ||
        !read_label(shown, "login", arena, &person.login, err) ||
        !read_label(shown, "email", arena, &person.email, err) ||
        !read_label(shown, "firstName", arena, &person.first_name, err) ||
        !read_label(shown, "lastName", arena, &person.last_name, err))
        return err_wrap(err, "user");
    person.id = arena_str(arena, id);
    person.status = user_status_parse(status);
    read_profile(shown, profile, n_profile, arena, &person);
    *out = person;
    return true;
}

static enum group_type group_type_parse(struct str word)
{
    if (str_is(word, "OKTA_GROUP"))
        return GROUP_OKTA;
    if (str_is(word, "APP_GROUP"))
        return GROUP_APP;
    return str_is(word, "BUILT_IN") ? GROUP_BUILT_IN : GROUP_OTHER;
}

bool okta_wire_group(const struct json *value, struct arena *arena, struct okta_group *out,
                     struct err *err)
{
    struct okta_group found = {.answer = OKTA_FOUND};
    const struct json *profile;
    struct str id;
    struct str type;

    if (!okta_wire_read_id(value, "id", &id, err) || !json_str(value, "type", &type, err) ||
        !json_obj(value, "profile", &profile, err) ||
        !read_label(profile, "name", arena, &found.group.name, err) ||
        !read_label(profile, "description", arena, &found.description, err))
        return err_wrap(err, "group");
    if (found.group.name.len == 0)
        return err_set(err, ERR_REMOTE, "group: it has no name");
    found.group.id = arena_str(arena, id);
    found.group.type = group_type_parse(type);
    *out = found;
    return true;
}

bool okta_wire_groups(struct str body, struct arena *arena, struct group_page *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct okta_group *items;
    size_t n = out->n;

    if (!okta_wire_parse_list(body, "group list", &root, err))
        return false;
    items = arena_array(arena, struct okta_group, out->n + json_count(root));
    if (out->n > 0)
        memcpy(items, out->items, out->n * sizeof(*items));
    for (const struct json *e = json_first(root); e; e = json_next(e), n++) {
        if (!okta_wire_group(e, arena, &items[n], err))
            return err_wrap(err, "group list: entry %zu", n - out->n + 1);
    }
    *out = (struct group_page){items, n};
    return true;
}

struct str okta_wire_search_name(struct str name, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf text = {0};

    buf_add(&text, STR("profile.name eq \""));
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\')
            buf_add_char(&text, '\\');
        buf_add_char(&text, name.ptr[i]);
    }
    buf_add_char(&text, '"');
    return percent_encode(buf_str(&text), arena);
}
