/*
 * Serves pages of Okta group members from memory: `static_server GROUPS PAGES USERS BYTES`.
 *
 * PAGES pages in all are dealt out to the groups; page k is the same text for every group, USERS
 * people of about BYTES bytes each, rendered once. Every page but a group's last has a `next` link.
 * One thread per connection, keep-alive. Prints the port the kernel chose; ends by a signal.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define GROUP_FORM "00gbench%012u"

struct page {
    char *text;
    size_t len;
};

static struct page *pages; /* one per depth */
static unsigned n_groups, n_pages;
static unsigned port;

static void stop(const char *what)
{
    perror(what);
    exit(1);
}

static unsigned pages_of(unsigned group)
{
    return n_pages / n_groups + (group < n_pages % n_groups ? 1 : 0);
}

/* The rest of Okta's base schema; an organisation that keeps all of it is no rare thing. */
static const char rest_of_profile[] =
    "\"middleName\":\"Middle\",\"honorificPrefix\":\"Dr\",\"honorificSuffix\":\"II\","
    "\"title\":\"Senior Software Engineer\",\"displayName\":\"Given Family\","
    "\"nickName\":\"Gi\",\"profileUrl\":\"https://people.example.com/given.family\","
    "\"primaryPhone\":\"+81 3 5555 0100\",\"streetAddress\":\"1-1 Marunouchi\","
    "\"city\":\"Chiyoda\",\"state\":\"Tokyo\",\"zipCode\":\"100-0005\",\"countryCode\":\"JP\","
    "\"postalAddress\":\"1-1 Marunouchi, Chiyoda, Tokyo 100-0005\","
    "\"preferredLanguage\":\"ja\",\"locale\":\"ja_JP\",\"timezone\":\"Asia/Tokyo\","
    "\"userType\":\"employee\",\"employeeNumber\":\"E0055501\",\"costCenter\":\"CC-4711\","
    "\"organization\":\"Example\",\"division\":\"Products\",\"department\":\"Engineering\","
    "\"managerId\":\"00ubench000000000001\",\"manager\":\"lead@example.com\"";

/* A person as Okta shows one, filled up to `bytes` with a custom attribute. */
static void put_user(FILE *out, unsigned number, unsigned bytes)
{
    long begun = ftell(out);

    (void)fprintf(
        out,
        "{\"id\":\"00ubench%012u\",\"status\":\"ACTIVE\",\"created\":\"2024-02-01T00:00:00.000Z\","
        "\"activated\":null,\"statusChanged\":\"2024-02-01T00:05:00.000Z\",\"lastLogin\":null,"
        "\"lastUpdated\":\"2026-03-01T00:00:00.000Z\",\"passwordChanged\":null,"
        "\"type\":{\"id\":\"oty1exampleaaaaaaaa1\"},\"credentials\":{\"provider\":{"
        "\"type\":\"OKTA\",\"name\":\"OKTA\"}},\"_links\":{\"self\":{\"href\":"
        "\"https://example.okta.com/api/v1/users/00ubench%012u\"}},\"profile\":{"
        "\"login\":\"person%07u@example.com\",\"email\":\"person%07u@example.com\","
        "\"firstName\":\"Given\",\"lastName\":\"Family %07u\",\"mobilePhone\":null,"
        "\"secondEmail\":null,%s,\"notes\":\"",
        number, number, number, number, number, rest_of_profile);
    while (ftell(out) - begun + 3 < (long)bytes)
        (void)fputc('x', out);
    (void)fputs("\"}}", out);
}

static void render(struct page *page, unsigned depth, unsigned users, unsigned bytes)
{
    FILE *out = open_memstream(&page->text, &page->len);

    if (!out)
        stop("memory");
    for (unsigned i = 0; i < users; i++) {
        (void)fputc(i == 0 ? '[' : ',', out);
        put_user(out, depth * users + i, bytes);
    }
    (void)fputc(']', out);
    if (fclose(out) != 0)
        stop("memory");
}

static bool send_all(int fd, struct iovec *parts, int n)
{
    while (n > 0) {
        ssize_t sent = writev(fd, parts, n);
        if (sent <= 0)
            return false;
        while (n > 0 && (size_t)sent >= parts->iov_len) {
            sent -= (ssize_t)parts->iov_len;
            parts++;
            n--;
        }
        if (n > 0) {
            parts->iov_base = (char *)parts->iov_base + sent;
            parts->iov_len -= (size_t)sent;
        }
    }
    return true;
}

static bool answer(int fd, const char *request)
{
    static const char missing[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    static const char wanted[] = "GET /api/v1/groups/00gbench";
    const char *after = strstr(request, "after=c");
    unsigned group = 0, depth = 0;
    char head[512], next[256] = "";

    bool fits = strncmp(request, wanted, sizeof(wanted) - 1) == 0;
    if (fits) {
        group = (unsigned)strtoul(request + sizeof(wanted) - 1, NULL, 10);
        depth = after ? (unsigned)strtoul(after + 7, NULL, 10) : 0;
    }
    if (!fits || group >= n_groups || depth >= pages_of(group))
        return write(fd, missing, sizeof(missing) - 1) == (ssize_t)sizeof(missing) - 1;
    if (depth + 1 < pages_of(group)) {
        (void)snprintf(next, sizeof(next),
                       "link: <http://127.0.0.1:%u/api/v1/groups/" GROUP_FORM
                       "/users?after=c%06u&limit=1000>; rel=\"next\"\r\n",
                       port, group, depth + 1);
    }
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                     "x-okta-request-id: bench\r\ncontent-length: %zu\r\n%s\r\n",
                     pages[depth].len, next);
    struct iovec parts[] = {{head, (size_t)n}, {pages[depth].text, pages[depth].len}};
    return send_all(fd, parts, 2);
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char request[8192];
    size_t have = 0;

    for (;;) {
        ssize_t got = read(fd, request + have, sizeof(request) - 1 - have);
        if (got <= 0)
            break;
        have += (size_t)got;
        request[have] = '\0';
        char *end = strstr(request, "\r\n\r\n");
        if (!end)
            continue;
        *strchr(request, '\r') = '\0'; /* the request line is all that counts */
        if (!answer(fd, request))
            break;
        end += 4;
        have -= (size_t)(end - request);
        memmove(request, end, have);
    }
    close(fd);
    return NULL;
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, size) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        stop("listen");
    port = ntohs(address.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: %s GROUPS PAGES USERS BYTES\n", argv[0]);
        return 2;
    }
    n_groups = (unsigned)strtoul(argv[1], NULL, 10);
    n_pages = (unsigned)strtoul(argv[2], NULL, 10);
    unsigned deepest = (n_pages + n_groups - 1) / n_groups;
    pages = calloc(deepest, sizeof(*pages));
    if (!pages)
        stop("memory");
    unsigned users = (unsigned)strtoul(argv[3], NULL, 10);
    unsigned bytes = (unsigned)strtoul(argv[4], NULL, 10);
    for (unsigned i = 0; i < deepest; i++)
        render(&pages[i], i, users, bytes);
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_somewhere();
    printf("{\"port\": %u, \"page_bytes\": %zu}\n", port, pages[0].len);
    (void)fflush(stdout);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;
        int on = 1;
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0) {
            close(fd);
        } else {
            pthread_detach(thread);
        }
    }
}
