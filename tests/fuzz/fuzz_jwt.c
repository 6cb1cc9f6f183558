/* Tokens, keys and signatures from outside: whatever comes, it is taken apart or refused. */

#include <assert.h>
#include <stdint.h>

#include "base/codec.h"
#include "base/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct key *test_key(void)
{
    static struct key key;

    if (!key.pkey) {
        bool ok = key_make_ec(&key, NULL);
        assert(ok);
    }
    return &key;
}

static void check_token(struct str token, struct arena *arena)
{
    struct jwt_parts parts;
    struct err err = {0};

    if (!jwt_split(token, arena, &parts, &err)) {
        assert(err.kind == ERR_REMOTE);
        return;
    }
    struct str again =
        arena_printf(arena, "%.*s.%.*s.%.*s", STR_ARG(base64url_encode(parts.header, arena)),
                     STR_ARG(base64url_encode(parts.claims, arena)),
                     STR_ARG(base64url_encode(parts.signature, arena)));
    assert(str_eq(again, token));
    assert(str_starts(token, parts.signed_text));
    bool forged = key_verify(test_key(), parts.signed_text, parts.signature);
    assert(!forged); /* nobody else knows the key */
}

/* The first line and the rest as the two halves of a JWK. */
static void check_jwk(struct str text, struct arena *arena)
{
    struct str rest = text;
    struct str first = str_cut(&rest, '\n');

    for (int is_ec = 0; is_ec < 2; is_ec++) {
        CLEANUP(key_fini) struct key key = {0};
        struct err err = {0};
        if (key_from_jwk(&key, first, rest, is_ec != 0, &err)) {
            assert(key.is_ec == (is_ec != 0) && key_jwk(&key, arena).len > 0);
        } else {
            assert(err.kind == ERR_SETTINGS && !key.pkey);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;
    CLEANUP(key_fini) struct key key = {0};

    if (size > 1 << 16)
        return 0;
    arena_init(&arena, 32 * size + ((size_t)1 << 20));
    check_token(text, &arena);
    check_jwk(text, &arena);
    (void)key_public_from_pem(&key, text, NULL);
    bool forged = key_verify(test_key(), STR("text"), text);
    assert(!forged);
    arena_fini(&arena);
    return 0;
}
