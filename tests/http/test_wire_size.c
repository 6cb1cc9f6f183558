#include <malloc.h>

#include "wire.h"

/* How large answers may be, and what they cost in memory. */

/* Sanitizers bring an allocator of their own that mallinfo2 does not see. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();

    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Writes bits as deflate wants them: from the lowest of each byte. */
struct bits {
    unsigned char *out;
    size_t n;
};

static void put(struct bits *bits, unsigned code, unsigned len)
{
    /* Huffman codes are given from their highest bit. */
    while (len-- > 0) {
        if (code >> len & 1)
            bits->out[bits->n / 8] |= (unsigned char)(1u << (bits->n % 8));
        bits->n++;
    }
}

/* A gzip member of about n zero bytes: one literal, then copies of it, 258 at a time. */
static size_t gzip_of_zeros(size_t n, char *out)
{
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    struct bits bits = {.out = (unsigned char *)out + sizeof(head)};

    memcpy(out, head, sizeof(head));
    put(&bits, 1, 1);    /* the last block, */
    put(&bits, 2, 2);    /* with fixed codes (01, lowest bit first) */
    put(&bits, 0x30, 8); /* literal 0 */
    for (size_t made = 1; made < n; made += 258) {
        put(&bits, 0xc5, 8); /* length 258 */
        put(&bits, 0, 5);    /* distance 1 */
    }
    put(&bits, 0, 7); /* end */
    return sizeof(head) + bits.n / 8 + 1 + 8;
}

static char *with_head(const char *headers, const char *body, size_t len, size_t *total)
{
    char head[300];
    int n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%s\r\n", headers);
    char *text = malloc((size_t)n + len);

    assert_non_null(text);
    memcpy(text, head, (size_t)n);
    memcpy(text + n, body, len);
    *total = (size_t)n + len;
    return text;
}

static void test_a_body_over_its_ceiling_is_broken_off(void **state)
{
    static const struct {
        const char *bytes;
        const char *shown;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", "answered 200 x1 0123456789"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a", "lost 200 x1 remote"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", "lost 200 x1 remote"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
         "answered 200 x1 0123456789"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n",
         "lost 200 x1 remote"},
        {"HTTP/1.0 200 OK\r\n\r\n0123456789a", "lost 200 x1 remote"},
        {"HTTP/1.1 500 Oops\r\nContent-Length: 11\r\n\r\n0123456789a", "lost 500 x1 remote"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct raw_reply replies[] = {{.bytes = cases[i].bytes, .then = RAW_CLOSE}};

        WIRE_START(replies, .parallel = 1);
        wire_ask(0, HTTP_GET, "/", true);
        wire.req[0].max_body = 10;
        wire_exchange(1);
        assert_string_equal(wire_show(0), cases[i].shown);
        if (wire.res[0].outcome == HTTP_LOST)
            assert_true(str_is(wire.res[0].why, "the answer is larger than allowed"));
        wire_stop();
    }
}

static void test_a_compressed_body_is_unfolded(void **state)
{
    static const char gz[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x8b\x56\x4a\xcc\xc9\x4c\x4e\x55"
        "\xd2\x51\x4a\xca\x4f\x52\x8a\x05\x00\x88\x29\x92\xd2\x0f\x00\x00\x00";
    struct raw_reply replies[1] = {{.then = RAW_KEEP}};
    char headers[100];

    (void)state;
    (void)snprintf(headers, sizeof(headers), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n",
                   sizeof(gz) - 1);
    char *text = with_head(headers, gz, sizeof(gz) - 1, &replies[0].len);
    replies[0].bytes = text;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_GET, "/", true), "answered 200 x1 [\"alice\",\"bob\"]");
    wire_stop();
    free(text);
}

static void test_a_small_answer_that_unfolds_to_a_huge_one_is_broken_off(void **state)
{
    enum { UNFOLDED = 64 << 20 };
    char *gz = calloc(1, 1 << 20);
    struct raw_reply replies[1] = {{.then = RAW_CLOSE}};
    char headers[100];

    (void)state;
    assert_non_null(gz);
    size_t len = gzip_of_zeros(UNFOLDED, gz);
    assert_in_range(len, 1000, 1 << 19);
    (void)snprintf(headers, sizeof(headers), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n",
                   len);
    char *text = with_head(headers, gz, len, &replies[0].len);
    replies[0].bytes = text;
    free(gz);
    WIRE_START(replies, .parallel = 1);
    size_t before = heap_bytes();
    assert_string_equal(wire_one(HTTP_GET, "/", true), "lost 200 x1 remote");
    assert_true(str_is(wire.res[0].why, "the answer is larger than allowed"));
    /* What was unfolded until then stays below the ceiling, doubled by growing. */
    assert_in_range(heap_bytes() - before, 0, 18 << 20);
    wire_stop();
    free(text);
}

static void test_endless_headers_are_broken_off(void **state)
{
    char *text = malloc(200000);
    struct raw_reply replies[1] = {{.then = RAW_CLOSE}};
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    n += (size_t)sprintf(text, "HTTP/1.1 200 OK\r\n");
    while (n < 150000)
        n += (size_t)sprintf(text + n, "X-Header-%zu: some value of a header\r\n", n);
    replies[0].bytes = text;
    replies[0].len = n;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_GET, "/", false), "lost 0 x1 remote");
    assert_true(str_is(wire.res[0].why, "the answer has too many headers"));
    wire_stop();
    free(text);
}

#define PAGE  ((size_t)1500000)
#define PAGES 16

static size_t peak;

static bool sample(void *self, const struct http_request *request, struct arena *arena,
                   struct http_header *headers, size_t *n, struct err *err)
{
    size_t now = heap_bytes();

    (void)self, (void)request, (void)arena, (void)headers, (void)err;
    peak = now > peak ? now : peak;
    *n = 0;
    return true;
}

/* Reads 13 batches of 16 pages; every `fails`th answer is a 500 that is tried again, so that bodies
 * of one round have to outlive the next. Returns the most heap that was in use besides. */
static size_t read_pages(const char *headers, size_t fails)
{
    struct raw_reply replies[PAGES * 16 + 1];
    struct raw_reply page = {.then = RAW_KEEP};
    char *body = malloc(PAGE);

    assert_non_null(body);
    memset(body, 'x', PAGE);
    char *text = with_head(headers, body, PAGE, &page.len);
    free(body);
    page.bytes = text;
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        replies[i] = page;
        if (fails > 0 && i % fails == fails - 1) {
            replies[i] =
                (struct raw_reply){.bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"};
        }
        if (strstr(headers, "Length") == NULL && replies[i].bytes == page.bytes)
            replies[i].then = RAW_CLOSE;
    }
    WIRE_START(replies, .parallel = 4);
    size_t before = heap_bytes();
    peak = before;
    for (int turn = 0; turn < 13; turn++) {
        for (size_t i = 0; i < PAGES; i++) {
            wire_ask(i, HTTP_GET, "/", true);
            wire.req[i].sign = sample;
        }
        wire_exchange(PAGES);
        for (size_t i = 0; i < PAGES; i++) {
            assert_int_equal(wire.res[i].status, 200);
            assert_int_equal(wire.res[i].body.len, PAGE);
            assert_int_equal(wire.res[i].body.ptr[PAGE - 1], 'x');
        }
        (void)sample(NULL, NULL, NULL, NULL, &(size_t){0}, NULL);
    }
    wire_stop();
    free(text);
    return peak - before;
}

static void test_pages_do_not_add_up_in_memory(void **state)
{
    char length[64];

    (void)state;
    (void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", PAGE);
    assert_in_range(read_pages(length, 0), PAGES * PAGE, 27 << 20);
    assert_in_range(read_pages(length, 7), PAGES * PAGE, 33 << 20);
    assert_in_range(read_pages("", 0), PAGES * PAGE, 40 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_a_body_over_its_ceiling_is_broken_off),
        WIRE_TEST(test_a_compressed_body_is_unfolded),
        WIRE_TEST(test_a_small_answer_that_unfolds_to_a_huge_one_is_broken_off),
        WIRE_TEST(test_endless_headers_are_broken_off),
        WIRE_TEST(test_pages_do_not_add_up_in_memory),
    };

    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
