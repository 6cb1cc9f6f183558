/* The requests: small objects, made by the thousand. */

#include "base/buf.h"
#include "base/json_out.h"
#include "identity/identity_wire.h"

struct draft {
    struct buf buf;
    struct json_out out;
};

static void begin(struct draft *draft, struct str store)
{
    *draft = (struct draft){0};
    draft->out.buf = &draft->buf;
    json_open(&draft->out, NULL, '{');
    json_put_str(&draft->out, "IdentityStoreId", store);
}

static struct str end(struct draft *draft, struct arena *arena)
{
    struct str body;

    json_end(&draft->out, '}');
    body = arena_str(arena, buf_str(&draft->buf));
    buf_fini(&draft->buf);
    return body;
}

static void put_member(struct draft *draft, struct str user)
{
    json_open(&draft->out, "MemberId", '{');
    json_put_str(&draft->out, "UserId", user);
    json_end(&draft->out, '}');
}

struct str identity_wire_list(struct str store, struct str group, struct str user, unsigned max,
                              struct arena *arena)
{
    struct draft draft;

    begin(&draft, store);
    if (group.len > 0)
        json_put_str(&draft.out, "GroupId", group);
    if (user.len > 0)
        put_member(&draft, user);
    json_put_i64(&draft.out, "MaxResults", max);
    return end(&draft, arena);
}

struct str identity_wire_with_token(struct str body, struct str token, struct arena *arena)
{
    struct buf buf = {0};
    struct json_out out = {.buf = &buf};
    struct str text;

    json_open(&out, NULL, '{');
    json_put_str(&out, "NextToken", token);
    json_end(&out, '}');
    text = body.len > 2 ? arena_printf(arena, "%.*s,%.*s", (int)body.len - 1, body.ptr,
                                       (int)buf.len - 1, buf.ptr + 1)
                        : arena_str(arena, buf_str(&buf));
    buf_fini(&buf);
    return text;
}

struct str identity_wire_by_id(struct str store, const char *key, struct str id,
                               struct arena *arena)
{
    struct draft draft;

    begin(&draft, store);
    json_put_str(&draft.out, key, id);
    return end(&draft, arena);
}

struct str identity_wire_by_attribute(struct str store, const char *path, struct str value,
                                      struct arena *arena)
{
    struct draft draft;

    begin(&draft, store);
    json_open(&draft.out, "AlternateIdentifier", '{');
    json_open(&draft.out, "UniqueAttribute", '{');
    json_put_str(&draft.out, "AttributePath", str_of(path));
    json_put_str(&draft.out, "AttributeValue", value);
    json_end(&draft.out, '}');
    json_end(&draft.out, '}');
    return end(&draft, arena);
}

struct str identity_wire_by_external_id(struct str store, struct str issuer, struct str id,
                                        struct arena *arena)
{
    struct draft draft;

    begin(&draft, store);
    json_open(&draft.out, "AlternateIdentifier", '{');
    json_open(&draft.out, "ExternalId", '{');
    json_put_str(&draft.out, "Issuer", issuer);
    json_put_str(&draft.out, "Id", id);
    json_end(&draft.out, '}');
    json_end(&draft.out, '}');
    return end(&draft, arena);
}

struct str identity_wire_pair(struct str store, struct str group, struct str user,
                              struct arena *arena)
{
    struct draft draft;

    begin(&draft, store);
    json_put_str(&draft.out, "GroupId", group);
    put_member(&draft, user);
    return end(&draft, arena);
}

struct str identity_wire_is_member(struct str store, struct str user, const struct str *groups,
                                   size_t n, struct arena *arena)
{
    struct draft draft;

    begin(&draft, store);
    put_member(&draft, user);
    json_open(&draft.out, "GroupIds", '[');
    for (size_t i = 0; i < n; i++)
        json_put_str(&draft.out, NULL, groups[i]);
    json_end(&draft.out, ']');
    return end(&draft, arena);
}
