#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "crash/kill_at.h"

/*
 * A VFS in front of the unix one. Only what changes the disk is counted; everything else is handed
 * on. Methods of version 1: no shared memory and no memory map, so SQLite uses neither.
 */

struct kill_file {
    sqlite3_file base;
    sqlite3_file *real; /* directly behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct kill_file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *into, int n, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), into, n, at);
}

static int file_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
    if (kill_tears(KILL_WRITE)) {
        (void)real_of(file)->pMethods->xWrite(real_of(file), from, n / 2, at);
        kill_now();
    }
    return real_of(file)->pMethods->xWrite(real_of(file), from, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    kill_point(KILL_TRUNCATE);
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    kill_point(KILL_SYNC);
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static sqlite3_vfs *unix_vfs;

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct kill_file *mine = (struct kill_file *)(void *)file;

    (void)vfs;
    mine->real = (sqlite3_file *)(void *)(mine + 1);
    mine->base.pMethods = NULL;
    int rc = unix_vfs->xOpen(unix_vfs, name, mine->real, flags, out);
    if (mine->real->pMethods)
        mine->base.pMethods = &methods;
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    kill_point(KILL_DELETE);
    return unix_vfs->xDelete(unix_vfs, name, sync_folder);
}

void kill_vfs_install(void)
{
    static sqlite3_vfs vfs;

    if (unix_vfs)
        return;
    unix_vfs = sqlite3_vfs_find(NULL);
    if (!unix_vfs)
        abort();
    vfs = *unix_vfs;
    vfs.pNext = NULL;
    vfs.zName = "kill";
    vfs.szOsFile = (int)sizeof(struct kill_file) + unix_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}
