#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "wire.h"

/* Whom we talk to: a TLS server whose certificate is made here, with the names the test wants. */

struct identity {
    EVP_PKEY *key;
    X509 *cert;
    char file[64]; /* the certificate as PEM */
};

struct tls_server {
    SSL_CTX *ctx;
    int listener;
    unsigned port;
    pthread_t thread;
    unsigned requests; /* read after the thread has ended */
    char first[2000];
};

static void add_name(X509 *cert, const char *names)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

    assert_non_null(ext);
    assert_int_equal(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

/* Signed by itself; `days` may be in the past. */
static struct identity make_identity(const char *names, long from_days, long to_days)
{
    struct identity id = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
    X509_NAME *subject = X509_get_subject_name(id.cert);

    assert_non_null(id.key);
    assert_int_equal(X509_set_version(id.cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(id.cert), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(id.cert), from_days * 86400));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(id.cert), to_days * 86400));
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"test", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(id.cert, subject), 1);
    assert_int_equal(X509_set_pubkey(id.cert, id.key), 1);
    add_name(id.cert, names);
    assert_true(X509_sign(id.cert, id.key, EVP_sha256()) > 0);

    (void)snprintf(id.file, sizeof(id.file), "/tmp/seatkeeper-tls-XXXXXX");
    int fd = mkstemp(id.file);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, id.cert), 1);
    assert_int_equal(fclose(file), 0);
    return id;
}

static void free_identity(struct identity *id)
{
    (void)unlink(id->file);
    X509_free(id->cert);
    EVP_PKEY_free(id->key);
}

/* One request of one connection, if the handshake succeeds at all. */
static void serve_one(struct tls_server *server, int fd)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                 "Connection: close\r\n\r\n[]";
    SSL *ssl = SSL_new(server->ctx);
    char text[sizeof(server->first)] = "";
    size_t len = 0;

    (void)SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        while (len < sizeof(text) - 1 && !strstr(text, "\r\n\r\n")) {
            int n = SSL_read(ssl, text + len, (int)(sizeof(text) - 1 - len));
            if (n <= 0)
                break;
            len += (size_t)n;
            text[len] = '\0';
        }
        if (len > 0) {
            if (server->requests++ == 0)
                memcpy(server->first, text, sizeof(text));
            (void)SSL_write(ssl, answer, sizeof(answer) - 1);
            (void)SSL_shutdown(ssl);
        }
    }
    SSL_free(ssl);
}

static void *serve(void *arg)
{
    struct tls_server *server = arg;
    sigset_t broken_pipe;

    /* OpenSSL writes to a client that has hung up without asking for no signal. */
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL);
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL; /* shut down by stop */
        serve_one(server, fd);
        close(fd);
    }
}

static void start_server(struct tls_server *server, const struct identity *id, int highest_version)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    *server = (struct tls_server){.ctx = SSL_CTX_new(TLS_server_method())};
    assert_int_equal(SSL_CTX_use_certificate(server->ctx, id->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->ctx, id->key), 1);
    if (highest_version != 0) {
        SSL_CTX_set_security_level(server->ctx, 0);
        assert_int_equal(SSL_CTX_set_max_proto_version(server->ctx, highest_version), 1);
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop_server(struct tls_server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    SSL_CTX_free(server->ctx);
}

/* A write to that server, trusting `ca_file`: the response, and how many requests it understood. */
static const char *write_to(const struct identity *id, const char *host, const char *ca_file,
                            int highest_version)
{
    static const struct http_header token = {STR("Authorization"), STR("SSWS hunter2")};
    static char out[500];
    struct tls_server server;

    start_server(&server, id, highest_version);
    wire_start_with(NULL, 0, false, (struct http_options){.max_tries = 1}, ca_file);
    wire.req[0] = (struct http_request){
        .method = HTTP_PUT,
        .url = arena_printf(&wire.arena, "https://%s:%u/w", host, server.port),
        .headers = &token,
        .n_headers = 1,
        .timeout_ms = 20000};
    wire_exchange(1);
    stop_server(&server);
    (void)snprintf(out, sizeof(out), "%s, %u requests", wire_show(0), server.requests);
    assert_null(
        memmem(wire.res[0].why.ptr ? wire.res[0].why.ptr : "", wire.res[0].why.len, "hunter2", 7));
    if (server.requests > 0)
        assert_non_null(strstr(server.first, "Authorization: SSWS hunter2\r\n"));
    wire_stop();
    return out;
}

static void test_a_trusted_server_of_the_right_name_is_talked_to(void **state)
{
    struct identity id = make_identity("IP:127.0.0.1,DNS:localhost", -1, 1);

    (void)state;
    assert_string_equal(write_to(&id, "127.0.0.1", id.file, 0), "answered 200 x1 [], 1 requests");
    assert_string_equal(write_to(&id, "localhost", id.file, 0), "answered 200 x1 [], 1 requests");
    assert_string_equal(write_to(&id, "127.0.0.1", id.file, TLS1_2_VERSION),
                        "answered 200 x1 [], 1 requests");
    free_identity(&id);
}

static void test_an_untrusted_server_gets_nothing(void **state)
{
    struct identity id = make_identity("IP:127.0.0.1", -1, 1);
    struct identity other = make_identity("IP:127.0.0.1", -1, 1);

    (void)state;
    assert_string_equal(write_to(&id, "127.0.0.1", NULL, 0),
                        "not sent 0 x1 unavailable, 0 requests");
    assert_string_equal(write_to(&id, "127.0.0.1", other.file, 0),
                        "not sent 0 x1 unavailable, 0 requests");
    free_identity(&id);
    free_identity(&other);
}

static void test_a_server_of_another_name_gets_nothing(void **state)
{
    struct identity id = make_identity("DNS:okta.example", -1, 1);

    (void)state;
    assert_string_equal(write_to(&id, "127.0.0.1", id.file, 0),
                        "not sent 0 x1 unavailable, 0 requests");
    assert_string_equal(write_to(&id, "localhost", id.file, 0),
                        "not sent 0 x1 unavailable, 0 requests");
    free_identity(&id);
}

static void test_an_expired_certificate_gets_nothing(void **state)
{
    struct identity id = make_identity("IP:127.0.0.1", -3, -1);

    (void)state;
    assert_string_equal(write_to(&id, "127.0.0.1", id.file, 0),
                        "not sent 0 x1 unavailable, 0 requests");
    free_identity(&id);
}

static void test_an_old_protocol_gets_nothing(void **state)
{
    struct identity id = make_identity("IP:127.0.0.1", -1, 1);

    (void)state;
    assert_string_equal(write_to(&id, "127.0.0.1", id.file, TLS1_1_VERSION),
                        "not sent 0 x1 unavailable, 0 requests");
    free_identity(&id);
}

static void test_an_unreadable_ca_file_is_a_matter_of_settings(void **state)
{
    struct identity id = make_identity("IP:127.0.0.1", -1, 1);

    (void)state;
    assert_string_equal(write_to(&id, "127.0.0.1", "/nonexistent/ca.pem", 0),
                        "not sent 0 x1 settings, 0 requests");
    free_identity(&id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_a_trusted_server_of_the_right_name_is_talked_to),
        WIRE_TEST(test_an_untrusted_server_gets_nothing),
        WIRE_TEST(test_a_server_of_another_name_gets_nothing),
        WIRE_TEST(test_an_expired_certificate_gets_nothing),
        WIRE_TEST(test_an_old_protocol_gets_nothing),
        WIRE_TEST(test_an_unreadable_ca_file_is_a_matter_of_settings),
    };

    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
