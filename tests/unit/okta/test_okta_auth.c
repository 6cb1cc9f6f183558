#include <string.h>

#include "base/codec.h"
#include "base/jwt.h"
#include "okta/okta_auth.h"
#include "unit/okta/okta_rig.h"

#define TOKEN_URL ORG "/oauth2/v1/token"
#define GRANT(type, token, life)                                                     \
    "{\"token_type\":\"" type "\",\"expires_in\":" life ",\"access_token\":\"" token \
    "\",\"scope\":\"okta.groups.manage okta.users.read\"}"
#define OAUTH_ERROR(word) "{\"error\":\"" word "\",\"error_description\":\"in other words\"}"
#define TOKEN(...)                                      \
    {                                                   \
        .method = "POST", .url = TOKEN_URL, __VA_ARGS__ \
    }
#define GROUP_ANSWER                                                                \
    {                                                                               \
        .method = "GET", .url = "/groups/" G1, .body = GROUP(G1, "OKTA_GROUP", "G") \
    }

static struct key rsa, ec;

static int make_keys(void **state)
{
    struct err err = {0};

    (void)state;
    return key_make_rsa(&rsa, &err) && key_make_ec(&ec, &err) ? 0 : -1;
}

static int drop_keys(void **state)
{
    (void)state;
    key_fini(&rsa);
    key_fini(&ec);
    return 0;
}

static struct okta_options service_app(const struct key *key, bool dpop)
{
    return (struct okta_options){
        .client_id = STR("0oa1client"), .key_id = STR("kid-1"), .key = key, .dpop = dpop};
}

/* One call that needs a token. */
static const char *read_one(struct rig *rig)
{
    struct str id = STR(G1);
    struct okta_group group;

    if (!okta_get_groups(rig->okta, &id, 1, &rig->arena, &group, &rig->err))
        return rig->err.msg;
    if (group.answer == OKTA_FOUND)
        return "found";
    return arena_printf(&rig->arena, "%s: %.*s", answer_name(group.answer), STR_ARG(group.why)).ptr;
}

/* ---- looking into what was sent ---- */

static struct str form_value(struct str body, const char *name, struct arena *arena)
{
    struct str rest = body;

    while (rest.len > 0) {
        struct str value = str_cut(&rest, '&');
        struct str key = str_cut(&value, '=');
        struct str out;
        if (str_is(key, name) && percent_decode(value, arena, &out))
            return out;
    }
    return (struct str){0};
}

struct token_view {
    struct str header, claims;
};

static struct token_view verified(struct str token, const struct key *key, struct arena *arena)
{
    struct jwt_parts parts;
    struct err err = {0};

    if (!jwt_split(token, arena, &parts, &err))
        fail_msg("`%.*s`: %s", STR_ARG(token), err.msg);
    assert_true(key_verify(key, parts.signed_text, parts.signature));
    return (struct token_view){parts.header, parts.claims};
}

static struct str text_of(struct str object, const char *name, struct arena *arena)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct str value = {0};

    assert_true(json_parse(object, "object", &root, NULL));
    assert_true(json_str_opt(root, name, &value, NULL));
    return arena_str(arena, value);
}

static int64_t number_of(struct str object, const char *name)
{
    CLEANUP(json_close) const struct json *root = NULL;
    int64_t value = -1;

    assert_true(json_parse(object, "object", &root, NULL));
    assert_true(json_i64(root, name, &value, NULL));
    return value;
}

static void key_of_proof(struct str proof, struct arena *arena, struct key *out)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *jwk;
    struct jwt_parts parts;
    struct str x = {0};
    struct str y = {0};
    struct str private_part;

    assert_true(jwt_split(proof, arena, &parts, NULL));
    assert_true(json_parse(parts.header, "header", &root, NULL));
    assert_true(json_obj(root, "jwk", &jwk, NULL));
    assert_true(json_str(jwk, "x", &x, NULL) && json_str(jwk, "y", &y, NULL));
    assert_false(json_str(jwk, "d", &private_part, NULL));
    assert_true(key_from_jwk(out, x, y, true, NULL));
}

/* `typ alg htm htu iat ath nonce` of a proof whose signature fits the key in it. */
static const char *show_proof(const struct fake_request *request, struct arena *arena)
{
    struct str proof = fake_request_header(request, "DPoP");
    struct key key = {0};
    struct token_view view;

    if (proof.len == 0)
        return "no proof";
    key_of_proof(proof, arena, &key);
    view = verified(proof, &key, arena);
    key_fini(&key);
    return arena_printf(arena, "%.*s %.*s %.*s %.*s %lld ath=%.*s nonce=%.*s",
                        STR_ARG(text_of(view.header, "typ", arena)),
                        STR_ARG(text_of(view.header, "alg", arena)),
                        STR_ARG(text_of(view.claims, "htm", arena)),
                        STR_ARG(text_of(view.claims, "htu", arena)),
                        (long long)(number_of(view.claims, "iat") - FAKE_CLOCK_START / 1000),
                        STR_ARG(text_of(view.claims, "ath", arena)),
                        STR_ARG(text_of(view.claims, "nonce", arena)))
        .ptr;
}

static struct str jti_of(struct str token, struct arena *arena)
{
    struct jwt_parts parts;

    assert_true(jwt_split(token, arena, &parts, NULL));
    return text_of(parts.claims, "jti", arena);
}

/* ---- the assertion ---- */

static void check_assertion(const struct key *key, const char *alg)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("Bearer", "tok1", "3600")),
        GROUP_ANSWER,
    };
    struct rig rig;
    struct token_view view;
    struct str body;

    rig_open_with(&rig, service_app(key, false), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "found");
    body = rig.fake.requests[0].body;
    view = verified(form_value(body, "client_assertion", &rig.arena), key, &rig.arena);
    assert_string_equal(text_of(view.header, "alg", &rig.arena).ptr, alg);
    assert_string_equal(text_of(view.header, "kid", &rig.arena).ptr, "kid-1");
    assert_string_equal(text_of(view.claims, "iss", &rig.arena).ptr, "0oa1client");
    assert_string_equal(text_of(view.claims, "sub", &rig.arena).ptr, "0oa1client");
    assert_string_equal(text_of(view.claims, "aud", &rig.arena).ptr, TOKEN_URL);
    assert_int_equal(number_of(view.claims, "iat"), FAKE_CLOCK_START / 1000 - 30);
    assert_int_equal(number_of(view.claims, "exp"), FAKE_CLOCK_START / 1000 + 300);
    assert_int_equal(text_of(view.claims, "jti", &rig.arena).len, 32);

    assert_string_equal(form_value(body, "grant_type", &rig.arena).ptr, "client_credentials");
    assert_string_equal(form_value(body, "client_assertion_type", &rig.arena).ptr,
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_string_equal(form_value(body, "scope", &rig.arena).ptr,
                        "okta.groups.manage okta.groups.read okta.users.read okta.roles.read "
                        "okta.schemas.read");
    assert_string_equal(arena_cstr(&rig.arena, rig.fake.requests[0].url), TOKEN_URL);
    assert_string_equal(
        arena_cstr(&rig.arena, fake_request_header(&rig.fake.requests[0], "Content-Type")),
        "application/x-www-form-urlencoded");
    assert_int_equal(fake_request_header(&rig.fake.requests[0], "Authorization").len, 0);
    assert_int_equal(fake_request_header(&rig.fake.requests[0], "DPoP").len, 0);
    assert_string_equal(
        arena_cstr(&rig.arena, fake_request_header(&rig.fake.requests[1], "Authorization")),
        "Bearer tok1");
    rig_close(&rig);
}

static void test_the_assertion_is_signed_with_the_key_of_the_application(void **state)
{
    (void)state;
    check_assertion(&rsa, "RS256");
    check_assertion(&ec, "ES256");
}

/* ---- DPoP ---- */

static void test_a_bound_token_goes_out_with_a_fresh_proof_each_time(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.status = 400, .body = OAUTH_ERROR("use_dpop_nonce"), .headers = "dpop-nonce: n-1\n"),
        TOKEN(.body = GRANT("DPoP", "abc", "3600"), .headers = "DPoP-Nonce: n-2\n"),
        {.method = "GET", .url = "/groups?search", .status = 503},
        {.method = "GET", .url = "/groups?search", .body = "[]"},
    };
    struct str name = STR("G");
    struct okta_group group;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&rsa, true), 3, script, ARRAY_LEN(script));
    assert_true(okta_find_groups(rig.okta, &name, 1, &rig.arena, &group, &rig.err));
    assert_int_equal(rig.fake.n_requests, 4);
    assert_string_equal(show_proof(&rig.fake.requests[0], &rig.arena),
                        "dpop+jwt ES256 POST " TOKEN_URL " -30 ath= nonce=");
    assert_string_equal(show_proof(&rig.fake.requests[1], &rig.arena),
                        "dpop+jwt ES256 POST " TOKEN_URL " -30 ath= nonce=n-1");
    /* htu without the query; the check value of ath for the token `abc` */
    assert_string_equal(show_proof(&rig.fake.requests[2], &rig.arena),
                        "dpop+jwt ES256 GET " ORG "/api/v1/groups -30 "
                        "ath=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0 nonce=");
    assert_string_equal(
        arena_cstr(&rig.arena, fake_request_header(&rig.fake.requests[3], "Authorization")),
        "DPoP abc");

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(
                str_eq(jti_of(fake_request_header(&rig.fake.requests[i], "DPoP"), &rig.arena),
                       jti_of(fake_request_header(&rig.fake.requests[k], "DPoP"), &rig.arena)));
        }
    }
    assert_false(str_eq(
        jti_of(form_value(rig.fake.requests[0].body, "client_assertion", &rig.arena), &rig.arena),
        jti_of(form_value(rig.fake.requests[1].body, "client_assertion", &rig.arena), &rig.arena)));
    rig_close(&rig);
}

static void test_the_last_nonce_of_the_token_endpoint_is_kept(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.status = 400, .body = OAUTH_ERROR("use_dpop_nonce"), .headers = "DPoP-Nonce: n-1\n"),
        TOKEN(.body = GRANT("DPoP", "t1", "100"), .headers = "DPoP-Nonce: n-2\n"),
        GROUP_ANSWER,
        TOKEN(.body = GRANT("DPoP", "t2", "100")),
        GROUP_ANSWER,
    };
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&rsa, true), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "found");
    fake_clock_pass(&rig.time, 80 * TIME_SECOND);
    assert_string_equal(read_one(&rig), "found");
    assert_non_null(strstr(show_proof(&rig.fake.requests[3], &rig.arena), "nonce=n-2"));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_a_nonce_may_be_demanded_by_any_call_at_any_time(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("DPoP", "t1", "3600")),
        {.method = "GET",
         .status = 401,
         .headers = "WWW-Authenticate: DPoP error=\"use_dpop_nonce\"\nDPoP-Nonce: s-1\n"},
        {.method = "GET", .body = GROUP(G1, "OKTA_GROUP", "G"), .headers = "DPoP-Nonce: s-2\n"},
        GROUP_ANSWER,
        {.method = "PUT",
         .status = 400,
         .body = OAUTH_ERROR("use_dpop_nonce"),
         .headers = "DPoP-Nonce: s-3\n"},
        {.method = "PUT", .status = 204},
    };
    const struct str group = STR(G1);
    const struct okta_change change = {OKTA_ADD, STR(G1), STR(U1)};
    struct okta_result result;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, true), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "found");
    assert_non_null(strstr(show_proof(&rig.fake.requests[2], &rig.arena), "nonce=s-1"));
    assert_string_equal(read_one(&rig), "found");
    assert_non_null(strstr(show_proof(&rig.fake.requests[3], &rig.arena), "nonce=s-2"));
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, &change, 1, &rig.arena, &result, &rig.err));
    assert_int_equal(result.effect, EFFECT_DONE);
    assert_non_null(strstr(show_proof(&rig.fake.requests[5], &rig.arena), "nonce=s-3"));
    /* the token was good all the time */
    assert_int_equal(fake_transport_count(&rig.fake, "POST", NULL), 1);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_the_scheme_follows_the_answer_not_the_settings(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("bearer", "t1", "3600")),
        GROUP_ANSWER,
    };
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&rsa, true), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "found");
    assert_string_equal(
        arena_cstr(&rig.arena, fake_request_header(&rig.fake.requests[1], "Authorization")),
        "Bearer t1");
    assert_string_equal(show_proof(&rig.fake.requests[1], &rig.arena), "no proof");
    rig_close(&rig);
}

/* ---- the life of a token ---- */

static void test_a_token_is_renewed_at_80_percent_by_boot_time(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("Bearer", "t1", "1000")), GROUP_ANSWER, GROUP_ANSWER,
        TOKEN(.body = GRANT("Bearer", "t2", "1000")), GROUP_ANSWER,
    };
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "found");
    rig.time.boot += 799999;
    rig.time.now += 10 * TIME_DAY; /* the wall clock has no say */
    assert_string_equal(read_one(&rig), "found");
    rig.time.boot += 1;
    assert_string_equal(read_one(&rig), "found");
    assert_true(str_is(fake_request_header(&rig.fake.requests[2], "Authorization"), "Bearer t1"));
    assert_true(str_is(fake_request_header(&rig.fake.requests[4], "Authorization"), "Bearer t2"));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_after_a_401_everything_refused_is_sent_once_more(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("Bearer", "t1", "3600")),
        {.method = "PUT",
         .url = U1,
         .status = 401,
         .headers = "WWW-Authenticate: Bearer error=\"invalid_token\"\n"},
        {.method = "PUT", .url = U2, .status = 403, .body = ERROR("E0000006")},
        {.method = "DELETE", .url = U3, .status = 401, .body = ERROR("E0000011")},
        TOKEN(.body = GRANT("Bearer", "t2", "3600")),
        {.method = "PUT", .url = U1, .status = 204},
        {.method = "DELETE", .url = U3, .status = 401, .body = ERROR("E0000011")},
    };
    const struct str group = STR(G1);
    const struct okta_change changes[] = {{OKTA_ADD, STR(G1), STR(U1)},
                                          {OKTA_ADD, STR(G1), STR(U2)},
                                          {OKTA_REMOVE, STR(G1), STR(U3)}};
    struct okta_result results[3];
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 1, script, ARRAY_LEN(script));
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, changes, 3, &rig.arena, results, &rig.err));
    assert_int_equal(results[0].effect, EFFECT_DONE);
    assert_int_equal(results[1].effect, EFFECT_REFUSED);
    assert_true(results[1].read_only);
    assert_non_null(strstr(results[1].why.ptr, "E0000006"));
    assert_int_equal(results[2].effect, EFFECT_REFUSED);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_a_nonce_may_be_demanded_with_the_new_token_too(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("DPoP", "t1", "3600")),
        {.method = "GET", .status = 401, .body = ERROR("E0000011")},
        TOKEN(.body = GRANT("DPoP", "t2", "3600")),
        {.method = "GET",
         .status = 401,
         .body = OAUTH_ERROR("use_dpop_nonce"),
         .headers = "DPoP-Nonce: s-1\n"},
        GROUP_ANSWER,
    };
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, true), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "found");
    assert_non_null(strstr(show_proof(&rig.fake.requests[4], &rig.arena), "nonce=s-1"));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_a_401_that_persists_fails_a_read(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("Bearer", "t1", "3600")),
        {.method = "GET", .status = 401, .body = ERROR("E0000011")},
        TOKEN(.body = GRANT("Bearer", "t2", "3600")),
        {.method = "GET", .status = 401, .body = ERROR("E0000011")},
    };
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "reading groups by id: okta: GET /api/v1/groups/" G1
                                        ": 401 E0000011: as told");
    assert_int_equal(rig.err.kind, ERR_REFUSED);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_a_401_that_no_token_cures_takes_none(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("Bearer", "t1", "3600")),
        {.method = "GET", .status = 401, .body = ERROR("E0000015")},
    };
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig),
                        "forbidden: GET /api/v1/groups/" G1 ": 401 E0000015: as told");
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_when_the_new_token_cannot_be_had_nothing_was_carried_out(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("Bearer", "t1", "3600")),
        {.method = "PUT", .url = U1, .status = 401, .body = ERROR("E0000011")},
        {.method = "PUT", .url = U2, .status = 204},
        TOKEN(.status = 500, .times = FAKE_ALWAYS),
    };
    const struct str group = STR(G1);
    const struct okta_change changes[] = {{OKTA_ADD, STR(G1), STR(U1)},
                                          {OKTA_ADD, STR(G1), STR(U2)}};
    struct okta_result results[2];
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 1, script, ARRAY_LEN(script));
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, changes, 2, &rig.arena, results, &rig.err));
    assert_int_equal(results[0].effect, EFFECT_NONE);
    assert_non_null(strstr(results[0].why.ptr, "no access token: okta: POST /oauth2/v1/token"));
    assert_int_equal(results[1].effect, EFFECT_DONE);
    rig_close(&rig);
}

static void test_when_the_new_token_is_refused_what_was_done_stays_known(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.body = GRANT("Bearer", "t1", "3600")),
        {.method = "PUT", .url = U1, .status = 401, .body = ERROR("E0000011")},
        {.method = "PUT", .url = U2, .status = 204},
        TOKEN(.status = 401, .body = OAUTH_ERROR("invalid_client"), .times = FAKE_ALWAYS),
    };
    const struct str group = STR(G1);
    const struct okta_change changes[] = {{OKTA_ADD, STR(G1), STR(U1)},
                                          {OKTA_ADD, STR(G1), STR(U2)}};
    struct okta_result results[2];
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 1, script, ARRAY_LEN(script));
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, changes, 2, &rig.arena, results, &rig.err));
    assert_int_equal(results[0].effect, EFFECT_REFUSED);
    assert_int_equal(results[1].effect, EFFECT_DONE);
    /* and the next call, which sends nothing, fails with the endpoint's reason */
    assert_string_equal(read_one(&rig), "reading groups by id: okta: POST /oauth2/v1/token: 401 "
                                        "invalid_client: in other words");
    assert_false(okta_write(rig.okta, changes, 2, &rig.arena, results, &rig.err));
    assert_int_equal(rig.err.kind, ERR_REFUSED);
    assert_int_equal(fake_transport_count(&rig.fake, "PUT", NULL), 2);
    rig_close(&rig);
}

/* ---- refusals of the token endpoint ---- */

struct refusal_case {
    const char *name;
    struct fake_answer script[5];
    bool dpop, logs;
    enum err_kind kind; /* ERR_NONE: the login succeeds */
    const char *expected;
    size_t n_requests;
};

#define SAID(status, word) "okta: POST /oauth2/v1/token: " status " " word ": in other words"
#define SCOPE_REFUSED      TOKEN(.status = 400, .body = OAUTH_ERROR("invalid_scope"))
#define GRANTED            "okta.groups.manage okta.users.read"

static const struct refusal_case refusals[] = {
    {.name = "granted",
     .script = {TOKEN(.body = GRANT("Bearer", "t", "3600"))},
     .expected = GRANTED,
     .n_requests = 1},
    {.name = "a nonce without end",
     .dpop = true,
     .script = {TOKEN(.status = 400, .body = OAUTH_ERROR("use_dpop_nonce"),
                      .headers = "DPoP-Nonce: n\n", .times = FAKE_ALWAYS)},
     .kind = ERR_REFUSED,
     .expected = SAID("400", "use_dpop_nonce"),
     .n_requests = 3},
    {.name = "a nonce is demanded and not given",
     .dpop = true,
     .script = {TOKEN(.status = 400, .body = OAUTH_ERROR("use_dpop_nonce"))},
     .kind = ERR_REFUSED,
     .expected = SAID("400", "use_dpop_nonce"),
     .n_requests = 1},
    {.name = "DPoP is demanded and switched off",
     .script = {TOKEN(.status = 400, .body = OAUTH_ERROR("invalid_dpop_proof"))},
     .kind = ERR_REFUSED,
     .expected = SAID("400", "invalid_dpop_proof") "; the application demands DPoP: switch it on",
     .n_requests = 1},
    {.name = "optional scopes are given up one after the other",
     .logs = true,
     .script = {SCOPE_REFUSED, SCOPE_REFUSED, SCOPE_REFUSED,
                TOKEN(.body = GRANT("Bearer", "t", "3600"))},
     .expected = GRANTED,
     .n_requests = 4},
    {.name = "the scopes that are needed are named",
     .script = {SCOPE_REFUSED, SCOPE_REFUSED, SCOPE_REFUSED},
     .kind = ERR_REFUSED,
     .expected = SAID("400", "invalid_scope") "; asked for: okta.groups.manage okta.groups.read "
                                              "okta.users.read",
     .n_requests = 3},
    {.name = "the application may not do this",
     .script = {TOKEN(.status = 400, .body = OAUTH_ERROR("unauthorized_client"))},
     .kind = ERR_REFUSED,
     .expected = SAID("400", "unauthorized_client"),
     .n_requests = 1},
    {.name = "the key is not the application's",
     .script = {TOKEN(.status = 401, .body = OAUTH_ERROR("invalid_client"))},
     .kind = ERR_REFUSED,
     .expected = SAID("401", "invalid_client"),
     .n_requests = 1},
    {.name = "the clock is suspected",
     .script = {TOKEN(.status = 401, .body = OAUTH_ERROR("invalid_client"),
                      .headers = "Date: Mon, 04 May 2026 08:12:40 GMT\n")},
     .kind = ERR_REFUSED,
     .expected = SAID("401", "invalid_client") "; this host's clock is off by 3600 seconds",
     .n_requests = 1},
    {.name = "an error that passes",
     .script = {TOKEN(.status = 500, .body = OAUTH_ERROR("server_error")),
                TOKEN(.outcome = HTTP_LOST), TOKEN(.body = GRANT("Bearer", "t", "3600"))},
     .expected = GRANTED,
     .n_requests = 3},
    {.name = "an error that stays",
     .script = {TOKEN(.status = 500, .body = OAUTH_ERROR("server_error"), .times = FAKE_ALWAYS)},
     .kind = ERR_UNAVAILABLE,
     .expected = SAID("500", "server_error"),
     .n_requests = 3},
    {.name = "a rate limit that stays",
     .script = {TOKEN(.status = 429, .body = ERROR("E0000047"))},
     .kind = ERR_UNAVAILABLE,
     .expected = "okta: POST /oauth2/v1/token: 429 E0000047: as told",
     .n_requests = 1},
    {.name = "nobody there",
     .script = {TOKEN(.outcome = HTTP_NOT_SENT, .times = FAKE_ALWAYS)},
     .kind = ERR_UNAVAILABLE,
     .expected = "okta: POST /oauth2/v1/token: connection refused",
     .n_requests = 3},
    {.name = "cancelled",
     .script = {TOKEN(.outcome = HTTP_NOT_SENT, .kind = ERR_CANCELLED)},
     .kind = ERR_CANCELLED,
     .expected = "cancelled",
     .n_requests = 1},
    {.name = "a redirect",
     .script = {TOKEN(.status = 302)},
     .kind = ERR_REMOTE,
     .expected = "okta: POST /oauth2/v1/token: 302",
     .n_requests = 1},
    {.name = "a page of text",
     .script = {TOKEN(.body = "<html>")},
     .kind = ERR_REMOTE,
     .expected = "okta: POST /oauth2/v1/token: ",
     .n_requests = 1},
    {.name = "a token that would break out of its header",
     .script = {TOKEN(.body = GRANT("Bearer", "a\\r\\nX: y", "3600"))},
     .kind = ERR_REMOTE,
     .expected = "okta: POST /oauth2/v1/token: `access_token` is none",
     .n_requests = 1},
    {.name = "a token of an unknown kind",
     .script = {TOKEN(.body = GRANT("mac", "t", "3600"))},
     .kind = ERR_REMOTE,
     .expected = "okta: POST /oauth2/v1/token: `token_type`",
     .n_requests = 1},
    {.name = "a token bound to a key we have not",
     .script = {TOKEN(.body = GRANT("DPoP", "t", "3600"))},
     .kind = ERR_REMOTE,
     .expected = "okta: POST /oauth2/v1/token: the token is bound",
     .n_requests = 1},
    {.name = "a life of nothing",
     .script = {TOKEN(.body = GRANT("Bearer", "t", "0"))},
     .kind = ERR_REMOTE,
     .expected = "okta: POST /oauth2/v1/token: `expires_in`",
     .n_requests = 1},
    {.name = "a life that is no number",
     .script = {TOKEN(.body = GRANT("Bearer", "t", "\"3600\""))},
     .kind = ERR_REMOTE,
     .expected = "okta: POST /oauth2/v1/token: ",
     .n_requests = 1},
};

static void check_login(const struct refusal_case *c)
{
    struct okta_options options = service_app(&ec, c->dpop);
    struct str scopes = {0};
    struct rig rig;
    const char *got;
    size_t n = 0;

    while (n < ARRAY_LEN(c->script) && c->script[n].url)
        n++;
    options.want_logs = c->logs;
    rig_open_with(&rig, options, 1, c->script, n);
    got = okta_login(rig.okta, &rig.arena, &scopes, &rig.err) ? scopes.ptr : rig.err.msg;
    if (rig.err.kind != c->kind || strncmp(got, c->expected, strlen(c->expected)) != 0) {
        fail_msg("%s:\n  expected: %s\n  got:      %s (%s)", c->name, c->expected, got,
                 err_kind_name(rig.err.kind));
    }
    if (rig.fake.n_requests != c->n_requests)
        fail_msg("%s: %zu requests", c->name, rig.fake.n_requests);
    if (strstr(rig.err.msg, "eyJ"))
        fail_msg("%s: the assertion is shown", c->name);
    rig_close(&rig);
}

static void test_each_refusal_of_a_token_has_its_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        check_login(&refusals[i]);
}

static void test_one_scope_is_asked_for_alone_and_its_token_thrown_away(void **state)
{
    static const struct {
        struct fake_answer answer;
        enum okta_answer expected;
    } cases[] = {
        {TOKEN(.body = GRANT("Bearer", "t", "3600")), OKTA_FOUND},
        {TOKEN(.body = "{\"token_type\":\"Bearer\",\"expires_in\":60,\"access_token\":\"t\"}"),
         OKTA_FOUND},
        {TOKEN(.body = "{\"token_type\":\"Bearer\",\"expires_in\":60,\"access_token\":\"t\","
                       "\"scope\":\"okta.groups.manage.more\"}"),
         OKTA_NONE},
        {SCOPE_REFUSED, OKTA_NONE},
        {TOKEN(.status = 400, .body = OAUTH_ERROR("unauthorized_client")), OKTA_UNKNOWN},
        {TOKEN(.status = 302), OKTA_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum okta_answer answer = OKTA_AMBIGUOUS;
        struct rig rig;

        rig_open_with(&rig, service_app(&ec, false), 1, &cases[i].answer, 1);
        assert_true(okta_has_scope(rig.okta, "okta.groups.manage", &rig.arena, &answer, &rig.err));
        assert_int_equal(answer, cases[i].expected);
        assert_int_equal(rig.fake.n_requests, 1);
        assert_string_equal(form_value(rig.fake.requests[0].body, "scope", &rig.arena).ptr,
                            "okta.groups.manage");
        rig_close(&rig);
    }
}

#define NEEDED "okta.groups.manage okta.groups.read okta.users.read"

static void test_only_what_is_wanted_is_asked_for_and_given_up_from_the_end(void **state)
{
    static const struct {
        bool logs, push;
        const char *scopes[6]; /* of each request for a token, until one is granted */
    } cases[] = {
        {false,
         false,
         {NEEDED " okta.roles.read okta.schemas.read", NEEDED " okta.roles.read", NEEDED}},
        {true,
         false,
         {NEEDED " okta.logs.read okta.roles.read okta.schemas.read",
          NEEDED " okta.logs.read okta.roles.read", NEEDED " okta.logs.read", NEEDED}},
        {false,
         true,
         {NEEDED " okta.roles.read okta.apps.read okta.schemas.read",
          NEEDED " okta.roles.read okta.apps.read", NEEDED " okta.roles.read", NEEDED}},
        {true,
         true,
         {NEEDED " okta.logs.read okta.roles.read okta.apps.read okta.schemas.read",
          NEEDED " okta.logs.read okta.roles.read okta.apps.read",
          NEEDED " okta.logs.read okta.roles.read", NEEDED " okta.logs.read", NEEDED}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake_answer script[ARRAY_LEN(cases[i].scopes)];
        struct okta_options options = service_app(&ec, false);
        struct str scopes;
        struct rig rig;
        size_t n = 0;

        while (n < ARRAY_LEN(script) && cases[i].scopes[n])
            script[n++] = (struct fake_answer)SCOPE_REFUSED;
        script[n - 1] = (struct fake_answer)TOKEN(.body = GRANT("Bearer", "t", "3600"));
        options.want_logs = cases[i].logs;
        options.want_push = cases[i].push;
        rig_open_with(&rig, options, 1, script, n);
        assert_true(okta_login(rig.okta, &rig.arena, &scopes, &rig.err));
        assert_int_equal(rig.fake.n_requests, n);
        for (size_t k = 0; k < n; k++) {
            assert_string_equal(form_value(rig.fake.requests[k].body, "scope", &rig.arena).ptr,
                                cases[i].scopes[k]);
        }
        rig_close(&rig);
    }
}

static void test_scopes_given_up_are_not_asked_for_again(void **state)
{
    const struct fake_answer script[] = {
        SCOPE_REFUSED,
        TOKEN(.body = GRANT("Bearer", "t", "100")),
        TOKEN(.body = GRANT("Bearer", "t", "100")),
    };
    struct okta_options options = service_app(&ec, false);
    struct str scopes;
    struct rig rig;

    (void)state;
    options.want_logs = true;
    rig_open_with(&rig, options, 1, script, ARRAY_LEN(script));
    assert_true(okta_login(rig.okta, &rig.arena, &scopes, &rig.err));
    fake_clock_pass(&rig.time, 90 * TIME_SECOND);
    assert_true(okta_login(rig.okta, &rig.arena, &scopes, &rig.err));
    assert_string_equal(form_value(rig.fake.requests[2].body, "scope", &rig.arena).ptr,
                        "okta.groups.manage okta.groups.read okta.users.read okta.logs.read "
                        "okta.roles.read");
    rig_close(&rig);
}

static void test_an_assertion_that_went_out_twice_is_made_anew(void **state)
{
    const struct fake_answer script[] = {
        TOKEN(.status = 429),
        TOKEN(.status = 401, .body = OAUTH_ERROR("invalid_client")),
        TOKEN(.body = GRANT("Bearer", "t", "3600")),
    };
    struct str scopes;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 2, script, ARRAY_LEN(script));
    assert_true(okta_login(rig.okta, &rig.arena, &scopes, &rig.err));
    assert_true(str_eq(rig.fake.requests[0].body, rig.fake.requests[1].body));
    assert_false(str_eq(rig.fake.requests[1].body, rig.fake.requests[2].body));
    rig_close(&rig);
}

static void test_without_a_token_reads_are_unknown_not_failed(void **state)
{
    const struct fake_answer script[] = {TOKEN(.status = 500, .times = FAKE_ALWAYS)};
    struct rig rig;

    (void)state;
    rig_open_with(&rig, service_app(&ec, false), 1, script, ARRAY_LEN(script));
    assert_string_equal(read_one(&rig), "unknown: GET /api/v1/groups/" G1
                                        ": no access token: okta: POST /oauth2/v1/token: 500");
    rig_close(&rig);
}

/* ---- SSWS, and who may not begin ---- */

static void test_a_static_token_is_tried_by_one_cheap_read(void **state)
{
    static const struct {
        struct fake_answer answer;
        enum err_kind kind;
        const char *expected;
    } cases[] = {
        {{.url = "/api/v1/groups?limit=1", .body = "[]"}, ERR_NONE, ""},
        {{.status = 401, .body = ERROR("E0000011")},
         ERR_REFUSED,
         "okta: GET /api/v1/groups: 401 E0000011: as told"},
        {{.status = 403, .body = ERROR("E0000006")},
         ERR_REFUSED,
         "okta: GET /api/v1/groups: 403 E0000006: as told"},
        {{.status = 500}, ERR_UNAVAILABLE, "okta: GET /api/v1/groups: 500"},
        {{.status = 429}, ERR_UNAVAILABLE, "okta: GET /api/v1/groups: 429"},
        {{.status = 302}, ERR_REMOTE, "okta: GET /api/v1/groups: 302"},
        {{.outcome = HTTP_LOST, .kind = ERR_REMOTE},
         ERR_REMOTE,
         "okta: GET /api/v1/groups: the connection ended without an answer"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str scopes = STR("none");
        struct rig rig;

        rig_open(&rig, &cases[i].answer, 1);
        assert_int_equal(okta_login(rig.okta, &rig.arena, &scopes, &rig.err),
                         cases[i].kind == ERR_NONE);
        assert_int_equal(rig.err.kind, cases[i].kind);
        assert_string_equal(rig.err.msg, cases[i].expected);
        if (cases[i].kind == ERR_NONE)
            assert_int_equal(scopes.len, 0);
        assert_int_equal(rig.fake.n_requests, 1);
        rig_close(&rig);
    }
}

static void test_options_without_a_usable_credential_are_refused(void **state)
{
    struct secret bad = {0};
    struct secret empty = {0};
    const struct okta_options cases[] = {
        {.url = STR(ORG)},
        {.url = STR(ORG), .ssws = &empty},
        {.url = STR(ORG), .ssws = &bad},
        {.url = STR(ORG), .key = &ec},
        {.url = STR(ORG "/"), .key = &ec, .client_id = STR("c")},
        {.url = STR("acme.okta.com"), .key = &ec, .client_id = STR("c")},
    };
    struct http_options http_options = {.remote = "okta"};
    struct fake_transport fake;
    struct fake_clock time;
    struct clock clock;
    struct http *http;

    (void)state;
    fake_clock_init(&time);
    clock = fake_clock(&time);
    fake_transport_init(&fake, NULL, 0);
    http = http_new(&http_options, fake_transport(&fake), &clock);
    secret_set(&bad, STR("a b\r\nX-Evil: 1"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        assert_null(okta_new(&cases[i], http, &clock, &err));
        assert_int_equal(err.kind, ERR_SETTINGS);
        assert_null(strstr(err.msg, "X-Evil"));
    }
    okta_free(NULL);
    http_free(http);
    secret_fini(&bad);
    fake_transport_fini(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_assertion_is_signed_with_the_key_of_the_application),
        cmocka_unit_test(test_a_bound_token_goes_out_with_a_fresh_proof_each_time),
        cmocka_unit_test(test_the_last_nonce_of_the_token_endpoint_is_kept),
        cmocka_unit_test(test_a_nonce_may_be_demanded_by_any_call_at_any_time),
        cmocka_unit_test(test_the_scheme_follows_the_answer_not_the_settings),
        cmocka_unit_test(test_a_token_is_renewed_at_80_percent_by_boot_time),
        cmocka_unit_test(test_after_a_401_everything_refused_is_sent_once_more),
        cmocka_unit_test(test_a_nonce_may_be_demanded_with_the_new_token_too),
        cmocka_unit_test(test_a_401_that_persists_fails_a_read),
        cmocka_unit_test(test_a_401_that_no_token_cures_takes_none),
        cmocka_unit_test(test_when_the_new_token_cannot_be_had_nothing_was_carried_out),
        cmocka_unit_test(test_when_the_new_token_is_refused_what_was_done_stays_known),
        cmocka_unit_test(test_each_refusal_of_a_token_has_its_remedy),
        cmocka_unit_test(test_one_scope_is_asked_for_alone_and_its_token_thrown_away),
        cmocka_unit_test(test_only_what_is_wanted_is_asked_for_and_given_up_from_the_end),
        cmocka_unit_test(test_scopes_given_up_are_not_asked_for_again),
        cmocka_unit_test(test_an_assertion_that_went_out_twice_is_made_anew),
        cmocka_unit_test(test_without_a_token_reads_are_unknown_not_failed),
        cmocka_unit_test(test_a_static_token_is_tried_by_one_cheap_read),
        cmocka_unit_test(test_options_without_a_usable_credential_are_refused),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
