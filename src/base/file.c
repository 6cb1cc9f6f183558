#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static bool check_trust(int fd, struct str path, enum file_trust trust, size_t *size,
                        struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return err_errno(err, ERR_SETTINGS, "%.*s", STR_ARG(path));
    *size = (size_t)st.st_size;
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_SETTINGS, "%.*s: not a regular file", STR_ARG(path));
    if (trust == FILE_ANY)
        return true;
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        return err_set(err, ERR_SETTINGS,
                       "%.*s: may be written by group or others (mode %04o); run: chmod go-w %.*s",
                       STR_ARG(path), st.st_mode & 07777u, STR_ARG(path));
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return err_set(err, ERR_SETTINGS, "%.*s: belongs to uid %u, neither root nor who runs this",
                       STR_ARG(path), (unsigned)st.st_uid);
    }
    return true;
}

bool file_read(struct str path, size_t max, enum file_trust trust, struct arena *arena,
               struct str *out, struct err *err)
{
    const char *name = arena_cstr(arena, path);
    CLEANUP(close_fd) int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return err_errno(err, ERR_SETTINGS, "%s", name);
    size_t size;
    if (!check_trust(fd, path, trust, &size, err))
        return false;
    if (size > max)
        return err_set(err, ERR_SETTINGS, "%s: larger than %zu bytes", name, max);
    char *text = arena_alloc(arena, size + 1, 1);
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, text + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, ERR_SETTINGS, "%s", name);
        if (got == 0)
            break;
        len += (size_t)got;
    }
    text[len] = '\0';
    *out = (struct str){text, len};
    return true;
}

static bool write_all(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t put = write(fd, text.ptr, text.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        text = str_sub(text, (size_t)put, text.len);
    }
    return true;
}

/* After a rename only a synced folder keeps the new name through a power cut. */
static bool sync_folder_of(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 1;

    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash && len == 0 ? 1 : len),
                   slash ? path : ".");
    CLEANUP(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

bool file_write(struct str path, struct str text, unsigned mode, struct err *err)
{
    char name[4096], temporary[4096 + 32];

    if (path.len >= sizeof(name))
        return err_set(err, ERR_INTERNAL, "path too long");
    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
    (void)snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", name, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_errno(err, ERR_INTERNAL, "%s", temporary);
    bool ok = fchmod(fd, mode) == 0 && write_all(fd, text) && fsync(fd) == 0;
    if (close(fd) != 0)
        ok = false;
    if (ok && rename(temporary, name) == 0 && sync_folder_of(name))
        return true;
    (void)err_errno(err, ERR_INTERNAL, "%s", name);
    unlink(temporary);
    return false;
}

bool file_create(struct str path, struct str text, unsigned mode, struct err *err)
{
    char name[4096];

    if (path.len >= sizeof(name))
        return err_set(err, ERR_INTERNAL, "path too long");
    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_USAGE, "%s is there already; it was not touched", name);
    if (fd < 0)
        return err_errno(err, ERR_USAGE, "%s", name);
    bool ok = fchmod(fd, mode) == 0 && write_all(fd, text) && fsync(fd) == 0;
    if (close(fd) != 0)
        ok = false;
    if (ok && sync_folder_of(name))
        return true;
    (void)err_errno(err, ERR_INTERNAL, "%s", name);
    unlink(name);
    return false;
}

bool file_exists(struct str path)
{
    char name[4096];

    if (path.len >= sizeof(name))
        return false;
    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
    return access(name, F_OK) == 0;
}
