#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sigv4.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/crypt.h"

/* The known answers of the contract, section 2.2. */

#define ACCESS_KEY "AKIDEXAMPLE"
#define SECRET_KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN      "FwoGZXIvYXdzEXAMPLE+/=="
#define DATE       "20260102T030405Z"
#define AT         INT64_C(1767323045000)
#define JSON_10    "application/x-amz-json-1.0"
#define JSON_11    "application/x-amz-json-1.1"

static const struct vector {
    const char *name, *region, *service, *host, *type, *target, *token, *body;
    const char *body_hash, *canonical_hash; /* NULL: not published */
    const char *signature;
} vectors[] = {
    {.name = "V1",
     .region = "us-east-1",
     .service = "sso",
     .host = "sso.us-east-1.amazonaws.com",
     .type = JSON_11,
     .target = "SWBExternalService.ListInstances",
     .body = "{}",
     .canonical_hash = "8bb0241eb663a97be657ec21ea27484b8e9d437486be723db3b3f4390e57943c",
     .signature = "f87415b49064aa05685071f3fb3373765b7928fd7d08ae212c1aa01ca2e0ddeb"},
    {.name = "V2",
     .region = "eu-central-1",
     .service = "identitystore",
     .host = "identitystore.eu-central-1.amazonaws.com",
     .type = JSON_11,
     .target = "AWSIdentityStore.ListUsers",
     .token = TOKEN,
     .body = "{\"IdentityStoreId\":\"d-1234567890\",\"MaxResults\":100}",
     .canonical_hash = "dad4da73639e72b2bb8f355196272b85ee440ed3b032c00407395d05049f8d38",
     .signature = "ec2b97852cb9d94313cf69318d8182c504fe13405682dbcd5574e28fc14a4fee"},
    {.name = "V3",
     .region = "us-east-1",
     .service = "user-subscriptions",
     .host = "service.user-subscriptions.us-east-1.amazonaws.com",
     .type = JSON_10,
     .target = "AWSZornControlPlaneService.ListUserSubscriptions",
     .token = TOKEN,
     .body = "{\"note\":\"Zo\xC3\xAB \xE6\x9D\xB1\xE4\xBA\xAC\"}",
     .body_hash = "87b5bd959928e0324162096ec9b0d04fa0c5cd499b513a21a33d4953d7622a65",
     .signature = "378242439cf77e1cc9ff27959cef6d3b38f4d8c39263c74af5fdd9eb848106e5"},
    {.name = "V4",
     .region = "us-east-1",
     .service = "q",
     .host = "codewhisperer.us-east-1.amazonaws.com",
     .type = JSON_10,
     .target = "AmazonQDeveloperService.CreateAssignment",
     .body = "",
     .signature = "604097e244bbbf60fd0e8bd741999b9beddf5e579d5ababff068d85fc28acafb"},
};

static struct arena arena;
static struct secret secret_key, token;

static struct sigv4_headers sign(const struct vector *v)
{
    const struct sigv4_keys keys = {.access_key = STR(ACCESS_KEY),
                                    .secret_key = &secret_key,
                                    .token = v->token ? &token : NULL};
    const struct sigv4_request request = {
        .region = str_of(v->region),
        .service = str_of(v->service),
        .host = str_of(v->host),
        .content_type = str_of(v->type),
        .target = str_of(v->target),
        .body = str_of(v->body),
    };

    return sigv4_sign(&keys, &request, AT, &arena);
}

static const char *names_of(const struct vector *v)
{
    return v->token ? "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
                    : "content-type;host;x-amz-date;x-amz-target";
}

static void test_known_requests_get_the_known_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct sigv4_headers made = sign(v);
        struct str expected =
            arena_printf(&arena,
                         "AWS4-HMAC-SHA256 Credential=" ACCESS_KEY "/20260102/%s/%s/aws4_request, "
                         "SignedHeaders=%s, Signature=%s",
                         v->region, v->service, names_of(v), v->signature);

        assert_string_equal(arena_cstr(&arena, made.authorization), expected.ptr);
        assert_string_equal(arena_cstr(&arena, made.date), DATE);
        assert_string_equal(arena_cstr(&arena, made.token), v->token ? TOKEN : "");
    }
}

/* The canonical request of a vector, by hand. */
static struct str canonical_of(const struct vector *v)
{
    struct sigv4_pair pairs[5];
    size_t n = 0;

    pairs[n++] = (struct sigv4_pair){STR("Content-Type"), str_of(v->type)};
    pairs[n++] = (struct sigv4_pair){STR("Host"), str_of(v->host)};
    pairs[n++] = (struct sigv4_pair){STR("X-Amz-Date"), STR(DATE)};
    if (v->token)
        pairs[n++] = (struct sigv4_pair){STR("X-Amz-Security-Token"), STR(TOKEN)};
    pairs[n++] = (struct sigv4_pair){STR("X-Amz-Target"), str_of(v->target)};
    return sigv4_canonical(STR("POST"), STR("/"), (struct str){0}, pairs, n,
                           sha256_hex_str(str_of(v->body), &arena), &arena);
}

static void test_the_steps_agree_with_the_known_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct str canonical = canonical_of(v);
        struct str signature = sigv4_signature(STR(SECRET_KEY), STR(DATE), str_of(v->region),
                                               str_of(v->service), canonical, &arena);

        assert_string_equal(signature.ptr, v->signature);
        if (v->canonical_hash)
            assert_string_equal(sha256_hex_str(canonical, &arena).ptr, v->canonical_hash);
        if (v->body_hash)
            assert_string_equal(sha256_hex_str(str_of(v->body), &arena).ptr, v->body_hash);
    }
}

/* With the published signing key the last step alone gives the signature. */
static void test_the_published_signing_key_signs_the_string_to_sign(void **state)
{
    static const char signing_key[] =
        "bc9eb65c0ee12475c98173912e30efb0311c282f295ff9ddbbb9bd0dadebfa2c";
    struct str to_sign = arena_printf(&arena,
                                      "AWS4-HMAC-SHA256\n" DATE "\n"
                                      "20260102/us-east-1/sso/aws4_request\n%s",
                                      vectors[0].canonical_hash);
    unsigned char out[SHA256_SIZE];
    struct str key;

    (void)state;
    assert_true(hex_decode(str_of(signing_key), &arena, &key));
    hmac_sha256(key, to_sign, out);
    assert_string_equal(hex_encode((struct str){(const char *)out, sizeof(out)}, &arena).ptr,
                        vectors[0].signature);
}

static void test_a_canonical_request_is_lines_of_folded_headers(void **state)
{
    static const struct sigv4_pair pairs[] = {
        {STR("Content-Type"), STR(" text/plain;\t  charset=utf-8 ")},
        {STR("HOST"), STR("example.com:8080")},
        {STR("X-Amz-Date"), STR(DATE)},
    };

    (void)state;
    assert_string_equal(sigv4_canonical(STR("POST"), (struct str){0}, STR("a=1&b=2"), pairs,
                                        ARRAY_LEN(pairs), STR("hash"), &arena)
                            .ptr,
                        "POST\n/\na=1&b=2\n"
                        "content-type:text/plain; charset=utf-8\n"
                        "host:example.com:8080\n"
                        "x-amz-date:" DATE "\n"
                        "\n"
                        "content-type;host;x-amz-date\n"
                        "hash");
}

static void test_what_is_not_sent_is_not_signed(void **state)
{
    const struct sigv4_keys keys = {.access_key = STR(ACCESS_KEY), .secret_key = &secret_key};
    const struct sigv4_request request = {
        .region = STR("us-east-1"), .service = STR("sts"), .host = STR("h"), .body = STR("x")};
    struct sigv4_headers made = sigv4_sign(&keys, &request, AT, &arena);

    (void)state;
    assert_non_null(strstr(made.authorization.ptr, "SignedHeaders=host;x-amz-date, "));
    assert_int_equal(made.token.len, 0);
}

static void test_every_part_of_a_request_changes_its_signature(void **state)
{
    static const struct vector base = {.region = "us-east-1",
                                       .service = "sso",
                                       .host = "h",
                                       .type = JSON_11,
                                       .target = "T.Op",
                                       .body = "{}"};
    struct vector changed[6];
    struct str first = sign(&base).authorization;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changed); i++)
        changed[i] = base;
    changed[0].region = "us-east-2";
    changed[1].service = "sts";
    changed[2].host = "h2";
    changed[3].type = JSON_10;
    changed[4].target = "T.Op2";
    changed[5].body = "{ }";
    for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
        struct str other = sign(&changed[i]).authorization;
        assert_string_not_equal(strstr(first.ptr, "Signature="), strstr(other.ptr, "Signature="));
    }
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)16 << 20);
    secret_set(&secret_key, STR(SECRET_KEY));
    secret_set(&token, STR(TOKEN));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    secret_fini(&secret_key);
    secret_fini(&token);
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_requests_get_the_known_headers),
        cmocka_unit_test(test_the_steps_agree_with_the_known_values),
        cmocka_unit_test(test_the_published_signing_key_signs_the_string_to_sign),
        cmocka_unit_test(test_a_canonical_request_is_lines_of_folded_headers),
        cmocka_unit_test(test_what_is_not_sent_is_not_signed),
        cmocka_unit_test(test_every_part_of_a_request_changes_its_signature),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
