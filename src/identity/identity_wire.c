#include "identity/identity_wire.h"

#include "base/attr.h"
#include "base/json.h"

#define ID_MAX    47
#define TEXT_MAX  4096             /* a thousand characters is the most that the service stores */
#define TOKEN_MAX ((size_t)262140) /* 65,535 characters */
#define PAGE_MAX  ((size_t)10000)  /* entries: a hundred times what is ever asked for */

/* ---- ids ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_uuid(struct str text)
{
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text.ptr[i] != '-' : !is_hex(text.ptr[i]))
            return false;
    }
    return true;
}

bool identity_wire_is_id(struct str text)
{
    if (text.len != ID_MAX)
        return is_uuid(text);
    for (size_t i = 0; i < 10; i++) {
        if (!is_hex(text.ptr[i]))
            return false;
    }
    return text.ptr[10] == '-' && is_uuid(str_sub(text, 11, text.len));
}

/* Simulators draw the ten from all letters, so more than digits of 16 is let through. */
bool identity_wire_is_store(struct str text)
{
    if (text.len != 12 || !str_starts(text, STR("d-")))
        return is_uuid(text);
    for (size_t i = 2; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')))
            return false;
    }
    return true;
}

/* ---- readers ---- */

static bool check_id(struct str id, const char *key, struct err *err)
{
    if (identity_wire_is_id(id))
        return true;
    return err_set(err, ERR_REMOTE, "%s: not an id of an identity store", key);
}

static bool read_id(const struct json *value, const char *key, struct arena *arena, struct str *out,
                    struct err *err)
{
    struct str id;

    if (!json_str(value, key, &id, err) || !check_id(id, key, err))
        return false;
    *out = arena_str(arena, id);
    return true;
}

/* Copied into the arena; absent is empty. */
static bool read_text(const struct json *value, const char *key, struct arena *arena,
                      struct str *out, struct err *err)
{
    struct str text;

    if (!json_str_opt(value, key, &text, err))
        return false;
    if (text.len > TEXT_MAX)
        return err_set(err, ERR_REMOTE, "%s: longer than %d bytes", key, TEXT_MAX);
    *out = text.len > 0 ? arena_str(arena, text) : (struct str){0};
    return true;
}

/* Where an answer says which store it is about, it is ours. */
static bool check_store(const struct json *value, struct str store, struct err *err)
{
    struct str said;

    if (!json_str_opt(value, "IdentityStoreId", &said, err))
        return false;
    if (said.len > 0 && !str_eq(said, store))
        return err_set(err, ERR_REMOTE, "IdentityStoreId: the answer is about another store");
    return true;
}

static bool read_token(const struct json *root, struct arena *arena, struct str *out,
                       struct err *err)
{
    struct str token;

    if (!json_str_opt(root, "NextToken", &token, err))
        return false;
    if (token.len > TOKEN_MAX)
        return err_set(err, ERR_REMOTE, "NextToken: longer than any token may be");
    *out = token.len > 0 ? arena_str(arena, token) : (struct str){0};
    return true;
}

/* The list of a page, and its token. */
static bool read_page(const struct json *root, const char *key, struct arena *arena,
                      const struct json **list, struct str *token, struct err *err)
{
    if (!json_arr(root, key, list, err) || !read_token(root, arena, token, err))
        return false;
    if (json_count(*list) > PAGE_MAX)
        return err_set(err, ERR_REMOTE, "%s: more than %zu entries on a page", key, PAGE_MAX);
    return true;
}

/* ---- instances ---- */

/* ARNs are compared and shown, never taken apart: one line of printable ASCII. */
static bool is_arn(struct str text)
{
    if (!str_starts(text, STR("arn:")) || text.len > TEXT_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    }
    return true;
}

static bool read_instance(const struct json *value, struct arena *arena,
                          struct identity_instance *out, struct err *err)
{
    *out = (struct identity_instance){.answer = IDENTITY_FOUND};
    if (!read_text(value, "InstanceArn", arena, &out->arn, err) ||
        !read_text(value, "IdentityStoreId", arena, &out->store_id, err) ||
        !read_text(value, "OwnerAccountId", arena, &out->owner, err) ||
        !read_text(value, "PrimaryRegion", arena, &out->primary_region, err) ||
        !read_text(value, "Status", arena, &out->status, err))
        return false;
    if (!is_arn(out->arn))
        return err_set(err, ERR_REMOTE, "InstanceArn: missing, or no ARN");
    if (!identity_wire_is_store(out->store_id))
        return err_set(err, ERR_REMOTE, "IdentityStoreId: missing, or not the id of a store");
    return true;
}

bool identity_wire_instances(struct str body, struct arena *arena, struct identity_instances *out,
                             struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct identity_instances page = {0};

    if (!json_parse(body, "instances", &root, err) ||
        !read_page(root, "Instances", arena, &list, &page.token, err))
        return false;
    page.items = arena_array(arena, struct identity_instance, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e), page.n++) {
        if (!read_instance(e, arena, &page.items[page.n], err))
            return err_wrap(err, "Instances: entry %zu", page.n + 1);
    }
    *out = page;
    return true;
}

/* ---- users and groups ---- */

/* The primary address, else the first that there is. */
static bool read_email(const struct json *user, struct arena *arena, struct str *out,
                       struct err *err)
{
    const struct json *list;
    struct str chosen = {0};
    bool chose_primary = false;

    if (!json_arr_opt(user, "Emails", &list, err))
        return false;
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        struct str value;
        bool primary;
        if (!json_str_opt(e, "Value", &value, err) ||
            !json_bool_opt(e, "Primary", false, &primary, err))
            return err_wrap(err, "Emails");
        if (value.len == 0 || (chosen.len > 0 && (chose_primary || !primary)))
            continue;
        if (value.len > TEXT_MAX)
            return err_set(err, ERR_REMOTE, "Emails: longer than %d bytes", TEXT_MAX);
        chosen = value;
        chose_primary = primary;
    }
    *out = chosen.len > 0 ? arena_str(arena, chosen) : (struct str){0};
    return true;
}

/* SCIM's issuer goes before all others; its exact form is the instance's own. */
static bool is_scim(struct str issuer)
{
    return str_starts(issuer, STR("https://scim.aws.com/"));
}

static bool read_external_id(const struct json *value, struct arena *arena, struct str *id,
                             struct str *issuer, struct err *err)
{
    const struct json *list;

    *id = *issuer = (struct str){0};
    if (!json_arr_opt(value, "ExternalIds", &list, err))
        return false;
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        struct str from;
        struct str text;
        if (!json_str(e, "Id", &text, err) || !json_str_opt(e, "Issuer", &from, err))
            return err_wrap(err, "ExternalIds");
        if (text.len == 0 || text.len > TEXT_MAX || from.len > TEXT_MAX)
            return err_set(err, ERR_REMOTE, "ExternalIds: not an id");
        if (id->len > 0 && (is_scim(*issuer) || !is_scim(from)))
            continue;
        *id = arena_str(arena, text);
        *issuer = arena_str(arena, from);
    }
    return true;
}

static enum identity_status status_parse(struct str word)
{
    if (str_is(word, "ENABLED"))
        return IDENTITY_ENABLED;
    return str_is(word, "DISABLED") ? IDENTITY_DISABLED : IDENTITY_STATUS_UNKNOWN;
}

static bool read_user(const struct json *value, struct str store, struct arena *arena,
                      struct identity_user *out, struct err *err)
{
    struct identity_user user = {0};
    struct str status;

    if (!check_store(value, store, err) || !read_id(value, "UserId", arena, &user.id, err) ||
        !read_text(value, "UserName", arena, &user.user_name, err) ||
        !read_text(value, "DisplayName", arena, &user.display_name, err) ||
        !json_str_opt(value, "UserStatus", &status, err) ||
        !read_email(value, arena, &user.email, err) ||
        !read_external_id(value, arena, &user.external_id, &user.issuer, err))
        return false;
    user.status = status_parse(status);
    *out = user;
    return true;
}

/* Of a user most is what nobody needs: names, addresses, telephones, photographs. */
static const char *const user_keys[] = {"Users",    "NextToken",  "IdentityStoreId", "UserId",
                                        "UserName", "UserStatus", "DisplayName",     "Emails",
                                        "Value",    "Primary",    "ExternalIds",     "Issuer",
                                        "Id"};

bool identity_wire_users(struct str body, struct str store, struct arena *arena,
                         struct identity_user_page *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct identity_user_page page = {0};

    if (!json_parse_keys(body, "users", user_keys, ARRAY_LEN(user_keys), &root, err) ||
        !read_page(root, "Users", arena, &list, &page.token, err))
        return false;
    page.items = arena_array(arena, struct identity_user, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e), page.n++) {
        if (!read_user(e, store, arena, &page.items[page.n], err))
            return err_wrap(err, "Users: entry %zu", page.n + 1);
    }
    *out = page;
    return true;
}

bool identity_wire_user(struct str body, struct str store, struct arena *arena,
                        struct identity_user *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    return json_parse_keys(body, "user", user_keys, ARRAY_LEN(user_keys), &root, err) &&
           read_user(root, store, arena, out, err);
}

bool identity_wire_group(struct str body, struct str store, struct arena *arena,
                         struct identity_group *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct identity_group group = {.answer = IDENTITY_FOUND};
    struct str issuer;

    if (!json_parse(body, "group", &root, err) || !check_store(root, store, err) ||
        !read_id(root, "GroupId", arena, &group.id, err) ||
        !read_text(root, "DisplayName", arena, &group.name, err) ||
        !read_external_id(root, arena, &group.external_id, &issuer, err))
        return false;
    if (group.name.len == 0)
        return err_set(err, ERR_REMOTE, "DisplayName: missing");
    *out = group;
    return true;
}

/* ---- memberships ---- */

/* An entry whose MemberId holds no UserId is of a kind that does not exist yet; one without
 * MemberId is none. The text is lent by the document. */
static bool lend_member(const struct json *entry, struct str *user, struct err *err)
{
    const struct json *member;

    if (!json_obj(entry, "MemberId", &member, err) || !json_str_opt(member, "UserId", user, err))
        return false;
    return user->len == 0 || check_id(*user, "UserId", err);
}

static bool read_member(const struct json *entry, struct str group, struct arena *arena,
                        struct identity_member_page *page, struct err *err)
{
    struct str of;
    struct str user;

    if (!json_str_opt(entry, "GroupId", &of, err) || !lend_member(entry, &user, err))
        return false;
    if (of.len > 0 && !str_eq(of, group))
        return err_set(err, ERR_REMOTE, "GroupId: a membership of another group");
    if (user.len == 0) {
        page->n_strange++;
    } else {
        page->users[page->n++] = arena_str(arena, user);
    }
    return true;
}

bool identity_wire_members(struct str body, struct str group, struct arena *arena,
                           struct identity_member_page *out, struct err *err)
{
    static const char *const keys[] = {"GroupMemberships", "NextToken", "GroupId", "MemberId",
                                       "UserId"};
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct identity_member_page page = {0};
    size_t n = 0;

    if (!json_parse_keys(body, "memberships", keys, ARRAY_LEN(keys), &root, err) ||
        !read_page(root, "GroupMemberships", arena, &list, &page.token, err))
        return false;
    page.users = arena_array(arena, struct str, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        n++;
        if (!read_member(e, group, arena, &page, err))
            return err_wrap(err, "GroupMemberships: entry %zu", n);
    }
    *out = page;
    return true;
}

static bool read_membership(const struct json *entry, struct arena *arena,
                            struct identity_membership *out, struct err *err)
{
    struct str user;

    if (!lend_member(entry, &user, err) || !read_id(entry, "MembershipId", arena, &out->id, err) ||
        !read_id(entry, "GroupId", arena, &out->group, err))
        return false;
    out->user = user.len > 0 ? arena_str(arena, user) : (struct str){0};
    return true;
}

bool identity_wire_memberships(struct str body, struct arena *arena,
                               struct identity_membership_page *out, struct err *err)
{
    static const char *const keys[] = {"GroupMemberships", "NextToken", "GroupId",
                                       "MembershipId",     "MemberId",  "UserId"};
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct identity_membership_page page = {0};

    if (!json_parse_keys(body, "memberships", keys, ARRAY_LEN(keys), &root, err) ||
        !read_page(root, "GroupMemberships", arena, &list, &page.token, err))
        return false;
    page.items = arena_array(arena, struct identity_membership, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e), page.n++) {
        if (!read_membership(e, arena, &page.items[page.n], err))
            return err_wrap(err, "GroupMemberships: entry %zu", page.n + 1);
    }
    *out = page;
    return true;
}

bool identity_wire_membership(struct str body, struct str store, struct arena *arena,
                              struct identity_membership *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct identity_membership membership = {0};

    if (!json_parse(body, "membership", &root, err) || !check_store(root, store, err) ||
        !read_membership(root, arena, &membership, err))
        return false;
    *out = membership;
    return true;
}

bool identity_wire_id(struct str body, struct str store, const char *key, struct arena *arena,
                      struct str *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    return json_parse(body, "answer", &root, err) && check_store(root, store, err) &&
           read_id(root, key, arena, out, err);
}

/* A truth value that must be there: without one, two readings with different fallbacks differ. */
static bool read_truth(const struct json *value, const char *key, bool *out, struct err *err)
{
    bool again;

    if (!json_bool_opt(value, key, false, out, err) ||
        !json_bool_opt(value, key, true, &again, err))
        return false;
    return *out == again || err_set(err, ERR_REMOTE, "%s: missing", key);
}

static bool read_belonging(const struct json *entry, struct arena *arena,
                           struct identity_belonging *out, struct err *err)
{
    const struct json *member;
    struct str user = {0};

    if (!read_id(entry, "GroupId", arena, &out->group, err) ||
        !json_obj_opt(entry, "MemberId", &member, err) ||
        (member && !json_str(member, "UserId", &user, err)) ||
        !read_truth(entry, "MembershipExists", &out->is_member, err))
        return false;
    out->user = user.len > 0 ? arena_str(arena, user) : (struct str){0};
    return true;
}

bool identity_wire_belongings(struct str body, struct arena *arena, struct identity_belongings *out,
                              struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct identity_belongings all = {0};

    if (!json_parse(body, "answer", &root, err) || !json_arr(root, "Results", &list, err))
        return false;
    if (json_count(list) > PAGE_MAX)
        return err_set(err, ERR_REMOTE, "Results: more than %zu entries", PAGE_MAX);
    all.items = arena_array(arena, struct identity_belonging, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e), all.n++) {
        if (!read_belonging(e, arena, &all.items[all.n], err))
            return err_wrap(err, "Results: entry %zu", all.n + 1);
    }
    *out = all;
    return true;
}
