/* The readers of the Identity Store's answers. The first byte of the input picks the reader. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/json.h"
#include "identity/identity_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str store = {"d-1234567890", 12};
static const struct str group = {"aaaaaaaa-0000-4000-8000-000000000002", 36};

static void read_instances(struct str body, struct arena *arena)
{
    struct identity_instances page;

    if (!identity_wire_instances(body, arena, &page, NULL))
        return;
    for (size_t i = 0; i < page.n; i++)
        assert(identity_wire_is_store(page.items[i].store_id) && page.items[i].arn.len > 4);
}

static void check_user(const struct identity_user *user)
{
    assert(identity_wire_is_id(user->id));
    assert(user->external_id.len > 0 || user->issuer.len == 0);
}

static void read_users(struct str body, struct arena *arena)
{
    struct identity_user_page page;
    struct identity_user user;

    if (identity_wire_users(body, store, arena, &page, NULL)) {
        for (size_t i = 0; i < page.n; i++)
            check_user(&page.items[i]);
    }
    if (identity_wire_user(body, store, arena, &user, NULL))
        check_user(&user);
}

static void read_group(struct str body, struct arena *arena)
{
    struct identity_group found;
    struct str id;

    if (identity_wire_group(body, store, arena, &found, NULL))
        assert(identity_wire_is_id(found.id) && found.name.len > 0);
    if (identity_wire_id(body, store, "GroupId", arena, &id, NULL))
        assert(identity_wire_is_id(id));
}

/* The quick reader of a page and the whole one agree on who is a member. */
static void read_memberships(struct str body, struct arena *arena)
{
    struct identity_membership_page whole;
    struct identity_member_page quick;
    struct identity_membership one;
    bool is_whole = identity_wire_memberships(body, arena, &whole, NULL);
    bool is_quick = identity_wire_members(body, group, arena, &quick, NULL);
    size_t n = 0;

    if (is_quick) {
        for (size_t i = 0; i < quick.n; i++)
            assert(identity_wire_is_id(quick.users[i]));
    }
    for (size_t i = 0; is_whole && is_quick && i < whole.n; i++) {
        assert(str_eq(whole.items[i].group, group));
        if (whole.items[i].user.len > 0)
            assert(str_eq(whole.items[i].user, quick.users[n++]));
    }
    assert(!is_whole || !is_quick || (n == quick.n && n + quick.n_strange == whole.n));
    if (identity_wire_membership(body, store, arena, &one, NULL))
        assert(identity_wire_is_id(one.id) && identity_wire_is_id(one.group));
}

static void read_belongings(struct str body, struct arena *arena)
{
    struct identity_belongings all;

    if (!identity_wire_belongings(body, arena, &all, NULL))
        return;
    for (size_t i = 0; i < all.n; i++)
        assert(identity_wire_is_id(all.items[i].group));
}

/* Whatever the token is, the request for the next page is one object of JSON with both members. */
static void make_request(struct str text, struct arena *arena)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct str token;
    struct str body =
        identity_wire_with_token(identity_wire_by_id(store, "UserId", text, arena), text, arena);

    assert(json_parse(body, "request", &root, NULL));
    assert(json_str(root, "NextToken", &token, NULL) && json_count(root) == 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        char letter;
        void (*read)(struct str body, struct arena *arena);
    } readers[] = {
        {'i', read_instances},   {'u', read_users},      {'g', read_group},
        {'m', read_memberships}, {'b', read_belongings}, {'t', make_request},
    };
    static struct arena arena;

    if (!arena.base) {
        json_init();
        arena_init(&arena, (size_t)1 << 30);
    }
    for (size_t i = 0; size > 0 && i < ARRAY_LEN(readers); i++) {
        if (readers[i].letter == (char)data[0])
            readers[i].read((struct str){(const char *)data + 1, size - 1}, &arena);
    }
    arena_reset(&arena, 0);
    return 0;
}
