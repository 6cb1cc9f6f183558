#include "base/jwt.h"

#include "base/codec.h"

const char *jwt_alg(const struct key *key)
{
    return key->is_ec ? "ES256" : "RS256";
}

bool jwt_sign(const struct key *key, struct str header, struct str claims, struct arena *arena,
              struct str *out, struct err *err)
{
    struct str head = base64url_encode(header, arena);
    struct str body = base64url_encode(claims, arena);
    struct str text = arena_printf(arena, "%.*s.%.*s", STR_ARG(head), STR_ARG(body));
    struct str signature;

    if (!key_sign(key, text, arena, &signature, err))
        return err_wrap(err, "token");
    signature = base64url_encode(signature, arena);
    *out = arena_printf(arena, "%.*s.%.*s", STR_ARG(text), STR_ARG(signature));
    return true;
}

bool jwt_split(struct str token, struct arena *arena, struct jwt_parts *out, struct err *err)
{
    struct jwt_parts parts;
    struct str rest = token;
    struct str head = str_cut(&rest, '.');
    struct str body = str_cut(&rest, '.');

    /* With a third dot the last part is no base64url, so that needs no look of its own. */
    if (head.len == 0 || body.len == 0 || rest.len == 0 ||
        !base64url_decode(head, arena, &parts.header) ||
        !base64url_decode(body, arena, &parts.claims) ||
        !base64url_decode(rest, arena, &parts.signature))
        return err_set(err, ERR_REMOTE, "not a signed JSON Web Token");
    parts.signed_text = str_sub(token, 0, head.len + 1 + body.len);
    *out = parts;
    return true;
}
