#include "unit/sim/sim_fixture.h"

/*
 * The token endpoint and DPoP, one check after the other: every row differs from a good request in
 * one thing, and only that thing may be what the answer names.
 */

#define SCOPES "okta.groups.read okta.users.read"

struct knobs {
    const char *name;
    /* client assertion; NULL or 0: as it should be */
    const char *alg, *kid, *iss, *sub, *aud;
    long long exp_in, iat_in; /* seconds from now; exp 300, iat -30 */
    /* the form */
    const char *grant_type, *assertion_type, *scope, *type, *path;
    /* the proof */
    const char *typ, *htm, *htu;
    long long proof_iat_in;
    const char *answer, *why; /* `why` is part of the description */
    bool no_exp, exp_text, no_jti, same_jti, other_key, broken; /* of the assertion */
    bool no_proof, proof_other_key_signs, proof_private, no_nonce, same_proof_jti;
};

struct client {
    struct fixture f;
    struct key dpop, stranger;
    struct str nonce, token;
};

static void client_open(struct client *c, const char *yaml)
{
    struct err err = {0};

    memset(c, 0, sizeof(*c));
    fixture_open(&c->f, yaml);
    assert_true(key_make_ec(&c->dpop, &err));
    assert_true(key_make_ec(&c->stranger, &err));
}

static void client_close(struct client *c)
{
    key_fini(&c->dpop);
    key_fini(&c->stranger);
    fixture_close(&c->f);
}

static const char *or_else(const char *given, const char *usual)
{
    return given ? given : usual;
}

static struct str make_assertion(struct client *c, const struct knobs *k)
{
    struct fixture *f = &c->f;
    long long now = (long long)fixture_now(f) / 1000;
    struct str jti = k->same_jti ? STR("used") : fixture_jti(f);
    struct str head =
        arena_printf(&f->arena, "{\"alg\":\"%s\",\"kid\":\"%s\"}", or_else(k->alg, "ES256"),
                     or_else(k->kid, arena_cstr(&f->arena, f->own.key_id)));
    const char *client = arena_cstr(&f->arena, f->own.client_id);
    struct str claims =
        arena_printf(&f->arena, "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"iat\":%lld",
                     or_else(k->iss, client), or_else(k->sub, or_else(k->iss, client)),
                     or_else(k->aud, TOKEN_URL), now + (k->iat_in ? k->iat_in : -30));
    struct str exp = k->no_exp     ? (struct str){0}
                     : k->exp_text ? STR(",\"exp\":\"tomorrow\"")
                                   : arena_printf(&f->arena, ",\"exp\":%lld",
                                                  now + (k->exp_in ? k->exp_in : 300));
    struct str id =
        k->no_jti ? (struct str){0} : arena_printf(&f->arena, ",\"jti\":\"%.*s\"", STR_ARG(jti));

    claims = arena_printf(&f->arena, "%.*s%.*s%.*s}", STR_ARG(claims), STR_ARG(exp), STR_ARG(id));
    struct str token = sign(f, k->other_key ? &c->stranger : f->own.key, head, claims);
    return k->broken ? str_sub(token, 0, token.len / 2) : token;
}

static struct str make_proof(struct client *c, const struct knobs *k, const char *htm,
                             const char *htu, struct str access_token)
{
    struct fixture *f = &c->f;
    struct str jwk = key_jwk(&c->dpop, &f->arena);
    struct str jti = k->same_proof_jti ? STR("used-proof") : fixture_jti(f);
    struct str extra = {0};
    unsigned char digest[SHA256_SIZE];

    if (k->proof_private)
        jwk = arena_printf(&f->arena, "%.*s,\"d\":\"AAAA\"}", (int)jwk.len - 1, jwk.ptr);
    if (access_token.len > 0) {
        sha256_of(access_token, digest);
        struct str ath =
            base64url_encode((struct str){(const char *)digest, SHA256_SIZE}, &f->arena);
        extra = arena_printf(&f->arena, ",\"ath\":\"%.*s\"", STR_ARG(ath));
    } else if (!k->no_nonce && c->nonce.len > 0) {
        extra = arena_printf(&f->arena, ",\"nonce\":\"%.*s\"", STR_ARG(c->nonce));
    }

    struct str head = arena_printf(&f->arena, "{\"typ\":\"%s\",\"alg\":\"ES256\",\"jwk\":%.*s}",
                                   or_else(k->typ, "dpop+jwt"), STR_ARG(jwk));
    struct str claims = arena_printf(
        &f->arena, "{\"htm\":\"%s\",\"htu\":\"%s\",\"iat\":%lld,\"jti\":\"%.*s\"%.*s}",
        or_else(k->htm, htm), or_else(k->htu, htu),
        (long long)fixture_now(f) / 1000 + k->proof_iat_in, STR_ARG(jti), STR_ARG(extra));
    return sign(f, k->proof_other_key_signs ? &c->stranger : &c->dpop, head, claims);
}

static void ask_token(struct client *c, const struct knobs *k)
{
    struct fixture *f = &c->f;
    struct str assertion = make_assertion(c, k);
    struct str scope = percent_encode(str_of(or_else(k->scope, SCOPES)), &f->arena);
    struct str type =
        percent_encode(str_of(or_else(k->assertion_type,
                                      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")),
                       &f->arena);
    struct http_header headers[3] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), str_of(or_else(k->type, "application/x-www-form-urlencoded"))},
    };
    struct http_request req = {
        .method = HTTP_POST,
        .url = str_of(or_else(k->path, TOKEN_URL)),
        .headers = headers,
        .n_headers = 2,
        .body = arena_printf(&f->arena,
                             "grant_type=%s&scope=%.*s&client_assertion_type=%.*s"
                             "&client_assertion=%.*s",
                             or_else(k->grant_type, "client_credentials"), STR_ARG(scope),
                             STR_ARG(type), STR_ARG(assertion)),
    };

    if (!k->no_proof) {
        headers[req.n_headers++] =
            (struct http_header){STR("DPoP"), make_proof(c, k, "POST", TOKEN_URL, (struct str){0})};
    }
    fixture_send(f, &req);
}

static void learn_nonce(struct client *c)
{
    ask_token(c, &(struct knobs){0});
    assert_string_equal(show(&c->f), "400 use_dpop_nonce");
    c->nonce = str_of(header(&c->f, "dpop-nonce"));
    assert_true(c->nonce.len > 0);
}

static void log_in(struct client *c, const char *scope)
{
    learn_nonce(c);
    ask_token(c, &(struct knobs){.scope = scope});
    assert_int_equal(c->f.res.status, 200);
    c->token = arena_str(&c->f.arena, between(c->f.res.body, "\"access_token\":\"", "\""));
}

static void test_a_good_request_gets_a_bound_token_after_the_nonce(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, NULL);
    log_in(&c, NULL);
    struct str type = between(c.f.res.body, "\"token_type\":\"", "\"");
    struct str scope = between(c.f.res.body, "\"scope\":\"", "\"");
    assert_string_equal(arena_printf(&c.f.arena, "%.*s|%.*s", STR_ARG(type), STR_ARG(scope)).ptr,
                        "DPoP|" SCOPES);
    client_close(&c);
}

static const struct knobs token_faults[] = {
    {.name = "grant type", .grant_type = "password", .answer = "400 unsupported_grant_type"},
    {.name = "assertion type", .assertion_type = "x", .answer = "400 invalid_request"},
    {.name = "content type", .type = "application/json", .answer = "400 invalid_request"},
    {.name = "query", .path = TOKEN_URL "?scope=x", .answer = "400 invalid_request", .why = "body"},
    {.name = "no JWT", .broken = true, .answer = "401 invalid_client", .why = "JWT"},
    {.name = "issuer", .iss = "0oanobody", .answer = "401 invalid_client", .why = "client_id"},
    {.name = "subject", .sub = "0oanobody", .answer = "401 invalid_client", .why = "subject"},
    {.name = "key id", .kid = "other", .answer = "401 invalid_client", .why = "kid"},
    {.name = "algorithm", .alg = "RS256", .answer = "401 invalid_client", .why = "alg"},
    {.name = "signature", .other_key = true, .answer = "401 invalid_client", .why = "signature"},
    {.name = "audience", .aud = ORIGIN "/", .answer = "401 invalid_client", .why = "audience"},
    {.name = "no exp", .no_exp = true, .answer = "401 invalid_client", .why = "no exp"},
    {.name = "exp of text", .exp_text = true, .answer = "401 invalid_client", .why = "JWT"},
    {.name = "expired", .exp_in = -1, .answer = "401 invalid_client", .why = "expired"},
    {.name = "too long", .exp_in = 3601, .answer = "401 invalid_client", .why = "too far"},
    {.name = "from the future", .iat_in = 5, .answer = "401 invalid_client", .why = "future"},
    {.name = "jti", .same_jti = true, .answer = "401 invalid_client", .why = "jti"},
    {.name = "scope",
     .scope = "okta.groups.read okta.users.manage",
     .answer = "400 invalid_scope",
     .why = "okta.users.manage"},
    {.name = "no scope", .scope = "", .answer = "400 invalid_scope"},
    {.name = "no proof", .no_proof = true, .answer = "400 invalid_dpop_proof", .why = "missing"},
    {.name = "proof signature",
     .proof_other_key_signs = true,
     .answer = "400 invalid_dpop_proof",
     .why = "signature"},
    {.name = "proof type", .typ = "jwt", .answer = "400 invalid_dpop_proof", .why = "type"},
    {.name = "private key",
     .proof_private = true,
     .answer = "400 invalid_dpop_proof",
     .why = "private"},
    {.name = "htm", .htm = "GET", .answer = "400 invalid_dpop_proof", .why = "htm"},
    {.name = "htu",
     .htu = ORIGIN "/oauth2//v1/token",
     .answer = "400 invalid_dpop_proof",
     .why = "htu"},
    {.name = "old proof",
     .proof_iat_in = -301,
     .answer = "400 invalid_dpop_proof",
     .why = "expired"},
    {.name = "future proof",
     .proof_iat_in = 301,
     .answer = "400 invalid_dpop_proof",
     .why = "future"},
    {.name = "proof jti",
     .same_proof_jti = true,
     .answer = "400 invalid_dpop_proof",
     .why = "used before"},
    {.name = "no nonce", .no_nonce = true, .answer = "400 use_dpop_nonce"},
};

static void test_each_fault_of_a_token_request_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(token_faults); i++) {
        const struct knobs *row = &token_faults[i];
        struct client c;

        client_open(&c, NULL);
        learn_nonce(&c);
        if (row->same_jti || row->same_proof_jti) {
            ask_token(&c, row);
            assert_int_equal(c.f.res.status, 200);
        }
        ask_token(&c, row);
        print_message("%s: %.*s\n", row->name, STR_ARG(c.f.res.body));
        assert_string_equal(show(&c.f), row->answer);
        if (row->why) {
            assert_non_null(memmem(c.f.res.body.ptr, c.f.res.body.len, row->why, strlen(row->why)));
        }
        /* The next good one is taken all the same. */
        ask_token(&c, &(struct knobs){0});
        assert_int_equal(c.f.res.status, 200);
        client_close(&c);
    }
}

static void test_a_jti_may_be_left_out_of_the_assertion(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, NULL);
    learn_nonce(&c);
    ask_token(&c, &(struct knobs){.no_jti = true});
    assert_int_equal(c.f.res.status, 200);
    client_close(&c);
}

static void test_a_former_nonce_is_good_for_three_days(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, NULL);
    learn_nonce(&c);
    sim_advance(c.f.sim, 3 * TIME_DAY);
    ask_token(&c, &(struct knobs){0});
    assert_int_equal(c.f.res.status, 200);
    sim_advance(c.f.sim, TIME_DAY);
    ask_token(&c, &(struct knobs){0});
    assert_string_equal(show(&c.f), "400 use_dpop_nonce");
    client_close(&c);
}

/* ---- calls with a token ---- */

#define GROUPS_URL ORIGIN "/api/v1/groups"

static void call_api(struct client *c, const struct knobs *k, const char *scheme, const char *url,
                     bool with_ath)
{
    struct fixture *f = &c->f;
    struct str token = c->token;
    struct http_header headers[4] = {
        {STR("Accept"), STR("application/json")},
        {STR("Authorization"), arena_printf(&f->arena, "%s %.*s", scheme, STR_ARG(token))},
    };
    struct http_request req = {
        .method = HTTP_GET, .url = str_of(url), .headers = headers, .n_headers = 2};

    if (!k->no_proof) {
        headers[req.n_headers++] = (struct http_header){
            STR("DPoP"), make_proof(c, k, "GET", GROUPS_URL, with_ath ? token : STR("other"))};
    }
    fixture_send(f, &req);
}

static void test_each_fault_of_a_call_with_a_bound_token_is_refused(void **state)
{
    static const struct {
        struct knobs knobs;
        const char *scheme;
        bool bad_ath;
        const char *answer, *why;
    } cases[] = {
        {{.name = "good"}, "DPoP", false, "200", NULL},
        {{.name = "as bearer"}, "Bearer", false, "401 E0000011", "invalid_token"},
        {{.name = "other scheme"}, "Basic", false, "401 E0000011", NULL},
        {{.name = "no proof", .no_proof = true}, "DPoP", false, "401 E0000011", "missing"},
        {{.name = "htm", .htm = "PUT"}, "DPoP", false, "401 E0000011", "htm"},
        {{.name = "htu", .htu = GROUPS_URL "?limit=1"}, "DPoP", false, "401 E0000011", "htu"},
        {{.name = "ath"}, "DPoP", true, "401 E0000011", "ath"},
        {{.name = "time", .proof_iat_in = -400}, "DPoP", false, "401 E0000011", "expired"},
        {{.name = "signature", .proof_other_key_signs = true},
         "DPoP",
         false,
         "401 E0000011",
         "signature"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct client c;

        client_open(&c, NULL);
        log_in(&c, NULL);
        call_api(&c, &cases[i].knobs, cases[i].scheme, GROUPS_URL "?limit=1", !cases[i].bad_ath);
        print_message("%s: %d %s\n", cases[i].knobs.name, c.f.res.status,
                      header(&c.f, "www-authenticate"));
        assert_string_equal(show(&c.f), cases[i].answer);
        if (cases[i].why)
            assert_non_null(strstr(header(&c.f, "www-authenticate"), cases[i].why));
        client_close(&c);
    }
}

static void test_a_proof_is_good_once(void **state)
{
    struct client c;
    struct knobs same = {.same_proof_jti = true};

    (void)state;
    client_open(&c, NULL);
    log_in(&c, NULL);
    call_api(&c, &same, "DPoP", GROUPS_URL, true);
    assert_int_equal(c.f.res.status, 200);
    call_api(&c, &same, "DPoP", GROUPS_URL, true);
    assert_string_equal(show(&c.f), "401 E0000011");
    client_close(&c);
}

static void test_a_proof_by_another_key_than_the_tokens_is_refused(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, NULL);
    log_in(&c, NULL);
    call_api(&c, &(struct knobs){0}, "DPoP", GROUPS_URL, true);
    assert_int_equal(c.f.res.status, 200);

    struct key own = c.dpop;
    c.dpop = c.stranger;
    call_api(&c, &(struct knobs){0}, "DPoP", GROUPS_URL, true);
    assert_non_null(strstr(header(&c.f, "www-authenticate"), "another key"));
    c.dpop = own;
    client_close(&c);
}

static void test_a_token_expires_by_virtual_time(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, NULL);
    control(&c.f, HTTP_POST, "/_sim/quirks", "{token_life: 5s}");
    log_in(&c, NULL);
    sim_advance(c.f.sim, 4999);
    call_api(&c, &(struct knobs){0}, "DPoP", GROUPS_URL, true);
    assert_int_equal(c.f.res.status, 200);
    sim_advance(c.f.sim, 1);
    call_api(&c, &(struct knobs){0}, "DPoP", GROUPS_URL, true);
    assert_string_equal(show(&c.f), "401 E0000011");
    assert_non_null(strstr(header(&c.f, "www-authenticate"), "expired"));
    client_close(&c);
}

static void test_a_missing_scope_is_a_403_with_a_header_and_no_body(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, NULL);
    log_in(&c, "okta.users.read");
    call_api(&c, &(struct knobs){0}, "DPoP", GROUPS_URL, true);
    assert_int_equal(c.f.res.status, 403);
    assert_int_equal(c.f.res.body.len, 0);
    assert_non_null(strstr(header(&c.f, "www-authenticate"), "error=\"insufficient_scope\""));
    assert_non_null(strstr(header(&c.f, "www-authenticate"), "scope=\"okta.groups.read\""));
    client_close(&c);
}

static void test_an_application_without_a_role_is_refused_with_a_body(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, "credentials: {clients: [{role: false}]}\n");
    log_in(&c, NULL);
    call_api(&c, &(struct knobs){0}, "DPoP", GROUPS_URL, true);
    assert_string_equal(show(&c.f), "403 E0000006");
    client_close(&c);
}

static void test_without_dpop_a_bearer_token_is_handed_out(void **state)
{
    struct client c;

    (void)state;
    client_open(&c, "credentials: {clients: [{dpop: false}]}\n");
    ask_token(&c, &(struct knobs){.no_proof = true});
    assert_int_equal(c.f.res.status, 200);
    c.token = arena_str(&c.f.arena, between(c.f.res.body, "\"access_token\":\"", "\""));
    call_api(&c, &(struct knobs){.no_proof = true}, "Bearer", GROUPS_URL, true);
    assert_int_equal(c.f.res.status, 200);
    call_api(&c, &(struct knobs){.no_proof = true}, "DPoP", GROUPS_URL, true);
    assert_string_equal(show(&c.f), "401 E0000011");
    client_close(&c);
}

static void test_an_unknown_or_missing_credential_is_a_401(void **state)
{
    struct fixture f;
    static const struct {
        const char *value, *answer;
    } cases[] = {
        {NULL, "401 E0000004"},
        {"SSWS 00wrong", "401 E0000011"},
        {"SSWS", "401 E0000011"},
        {"Bearer nothing", "401 E0000011"},
    };

    (void)state;
    fixture_open(&f, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header headers[] = {{STR("Accept"), STR("*/*")},
                                        {STR("Authorization"), str_of(cases[i].value)}};
        struct http_request req = {.method = HTTP_GET,
                                   .url = STR(GROUPS_URL),
                                   .headers = headers,
                                   .n_headers = cases[i].value ? 2 : 1};

        fixture_send(&f, &req);
        assert_string_equal(show(&f), cases[i].answer);
    }
    fixture_close(&f);
}

static void test_an_ssws_token_dies_with_its_owner(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "credentials: {tokens: [{owner: alice@example.com}]}\n");
    get(&f, "/api/v1/groups/" KIRO);
    assert_int_equal(f.res.status, 200);
    control(&f, HTTP_POST, "/_sim/people/alice/deactivate", "");
    get(&f, "/api/v1/groups/" KIRO);
    assert_string_equal(show(&f), "401 E0000011");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_request_gets_a_bound_token_after_the_nonce),
        cmocka_unit_test(test_each_fault_of_a_token_request_is_named),
        cmocka_unit_test(test_a_jti_may_be_left_out_of_the_assertion),
        cmocka_unit_test(test_a_former_nonce_is_good_for_three_days),
        cmocka_unit_test(test_each_fault_of_a_call_with_a_bound_token_is_refused),
        cmocka_unit_test(test_a_proof_is_good_once),
        cmocka_unit_test(test_a_proof_by_another_key_than_the_tokens_is_refused),
        cmocka_unit_test(test_a_token_expires_by_virtual_time),
        cmocka_unit_test(test_a_missing_scope_is_a_403_with_a_header_and_no_body),
        cmocka_unit_test(test_an_application_without_a_role_is_refused_with_a_body),
        cmocka_unit_test(test_without_dpop_a_bearer_token_is_handed_out),
        cmocka_unit_test(test_an_unknown_or_missing_credential_is_a_401),
        cmocka_unit_test(test_an_ssws_token_dies_with_its_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
