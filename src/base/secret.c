#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/attr.h"

#define SECRET_MAX ((size_t)64 << 10)

/* Pages of its own, so that locking, wiping and leaving out of dumps touch nothing else. */
static void *map_pages(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        (void)fprintf(stderr, "seatkeeper: secret: out of memory\n");
        abort();
    }
    /* Both are best effort: RLIMIT_MEMLOCK may be small, and an old kernel may know no better. */
    (void)mlock(memory, size);
    (void)madvise(memory, size, MADV_DONTDUMP);
    return memory;
}

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}

/* The empty secret with room for `len` bytes and a NUL. */
static struct secret with_room(size_t len)
{
    size_t size = whole_pages(len + 1);

    return (struct secret){.memory = map_pages(size), .size = size};
}

void secret_fini(struct secret *secret)
{
    if (!secret || !secret->memory)
        return;
    OPENSSL_cleanse(secret->memory, secret->size);
    munmap(secret->memory, secret->size);
    *secret = (struct secret){0};
}

void secret_set(struct secret *secret, struct str text)
{
    struct secret fresh = with_room(text.len); /* first: `text` may be lent by `secret` itself */

    if (text.len > 0)
        memcpy(fresh.memory, text.ptr, text.len);
    fresh.len = text.len;
    secret_fini(secret);
    if (fresh.len > 0) {
        *secret = fresh;
    } else {
        secret_fini(&fresh);
    }
}

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static bool check_file(int fd, struct str path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return err_errno(err, ERR_SETTINGS, "%.*s", STR_ARG(path));
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_SETTINGS, "%.*s: not a regular file", STR_ARG(path));
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        return err_set(err, ERR_SETTINGS,
                       "%.*s: holds a secret but is open to group or others (mode %04o); "
                       "run: chmod 600 %.*s",
                       STR_ARG(path), (unsigned)st.st_mode & 07777u, STR_ARG(path));
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return err_set(err, ERR_SETTINGS, "%.*s: belongs to uid %u, neither root nor who runs this",
                       STR_ARG(path), (unsigned)st.st_uid);
    }
    return true;
}

/* Reads what is there, up to one byte past the limit, straight into locked pages. */
static bool read_all(int fd, struct str path, struct secret *out, struct err *err)
{
    struct secret room = with_room(SECRET_MAX + 1);
    char *bytes = room.memory;

    while (room.len <= SECRET_MAX) {
        ssize_t got = read(fd, bytes + room.len, SECRET_MAX + 1 - room.len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            (void)err_errno(err, ERR_SETTINGS, "%.*s", STR_ARG(path));
            secret_fini(&room);
            return false;
        }
        if (got == 0)
            break;
        room.len += (size_t)got;
    }
    if (room.len > SECRET_MAX) {
        secret_fini(&room);
        return err_set(err, ERR_SETTINGS, "%.*s: larger than 64 KiB", STR_ARG(path));
    }
    *out = room;
    return true;
}

static bool read_file(struct str path, struct secret *out, struct err *err)
{
    char name[4096];

    if (path.len == 0 || path.len >= sizeof(name) || str_has(path, '\0'))
        return err_set(err, ERR_SETTINGS, "%.*s: no usable file name", STR_ARG(path));
    memcpy(name, path.ptr, path.len);
    name[path.len] = '\0';
    CLEANUP(close_fd) int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_errno(err, ERR_SETTINGS, "%.*s", STR_ARG(path));
    return check_file(fd, path, err) && read_all(fd, path, out, err);
}

static bool take_text(struct secret *secret, struct str text, struct str path, struct err *err)
{
    if (text.len == 0)
        return err_set(err, ERR_SETTINGS, "%.*s: empty, expected a secret", STR_ARG(path));
    if (memchr(text.ptr, '\0', text.len))
        return err_set(err, ERR_SETTINGS, "%.*s: holds a NUL byte, expected text", STR_ARG(path));
    secret_set(secret, text);
    return true;
}

bool secret_from_file(struct secret *secret, struct str path, struct err *err)
{
    CLEANUP(secret_fini) struct secret all = {0};

    if (!read_file(path, &all, err))
        return false;
    struct str rest = secret_reveal(&all);
    struct str line = str_cut(&rest, '\n');
    size_t len = line.len;
    while (len > 0 &&
           (line.ptr[len - 1] == ' ' || line.ptr[len - 1] == '\t' || line.ptr[len - 1] == '\r'))
        len--;
    return take_text(secret, str_sub(line, 0, len), path, err);
}

bool secret_from_whole_file(struct secret *secret, struct str path, struct err *err)
{
    CLEANUP(secret_fini) struct secret all = {0};

    return read_file(path, &all, err) && take_text(secret, secret_reveal(&all), path, err);
}

bool secret_is_set(const struct secret *secret)
{
    return secret->len > 0;
}

struct str secret_reveal(const struct secret *secret)
{
    return (struct str){secret->memory ? secret->memory : "", secret->len};
}
