#include "ledger/ledger_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/ledger_file.h"
#include "ledger/ledger_inside.h"

/* How long to sleep between two looks at a lock that somebody else has. */
#define SLICE_MS 50

bool lock_file_open(const char *ledger_path, int *fd, struct err *err)
{
    char lock_path[LEDGER_PATH_MAX];

    ledger_file_beside(ledger_path, ".lock", lock_path);
    *fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return err_errno(err, ERR_LEDGER, "%s", lock_path);
    ledger_file_give_to_owner(ledger_path, lock_path);
    return true;
}

void lock_file_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int set_lock(int fd, enum ledger_role role, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = role, .l_len = 1};
    int rc;

    do {
        rc = fcntl(fd, F_OFD_SETLK, &lock);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

bool lock_file_take(int fd, enum ledger_role role, bool *taken, struct err *err)
{
    if (set_lock(fd, role, F_WRLCK) == 0) {
        *taken = true;
        return true;
    }
    if (errno != EAGAIN && errno != EACCES)
        return err_errno(err, ERR_LEDGER, "ledger lock");
    *taken = false;
    return true;
}

static bool bump_epoch(struct ledger *ledger, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    char text[24];
    int64_t epoch;

    if (!txn_begin(&txn, ledger, err) ||
        !sql_number(ledger, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'epoch'",
                    SQL_NO_VALUES, &epoch, err))
        return false;
    epoch++;
    (void)snprintf(text, sizeof(text), "%lld", (long long)epoch);
    if (!sql_run(ledger, "UPDATE meta SET value = $1 WHERE key = 'epoch'",
                 SQL_VALUES(sql_word(text)), NULL, err) ||
        !txn_commit(&txn, err))
        return false;
    ledger->epoch = epoch;
    return true;
}

static bool wait_for(struct ledger *ledger, enum ledger_role role, int64_t wait_ms, bool *taken,
                     struct err *err)
{
    int64_t deadline = clock_boot(ledger->clock) + wait_ms;

    for (;;) {
        if (!lock_file_take(ledger->lock_fd, role, taken, err))
            return false;
        int64_t left = deadline - clock_boot(ledger->clock);
        if (*taken || left <= 0)
            return true;
        if (!clock_sleep(ledger->clock, left < SLICE_MS ? left : SLICE_MS, err))
            return err_wrap(err, "waiting for the ledger's lock");
    }
}

bool ledger_lock(struct ledger *ledger, enum ledger_role role, int64_t wait_ms, bool *taken,
                 struct err *err)
{
    bool got = ledger->holds[role];

    if (got) {
        *taken = true;
        return true;
    }
    if (ledger->lock_fd < 0 && !lock_file_open(ledger->path, &ledger->lock_fd, err))
        return false;
    if (!wait_for(ledger, role, wait_ms, &got, err))
        return false;
    ledger->holds[role] = got;
    if (got && role == LEDGER_ROLE_RUN && !bump_epoch(ledger, err)) {
        ledger_unlock(ledger, role);
        return false;
    }
    *taken = got;
    return true;
}

void ledger_unlock(struct ledger *ledger, enum ledger_role role)
{
    if (!ledger->holds[role])
        return;
    (void)set_lock(ledger->lock_fd, role, F_UNLCK);
    ledger->holds[role] = false;
    if (role == LEDGER_ROLE_RUN)
        ledger->epoch = 0;
}

int64_t ledger_epoch(const struct ledger *ledger)
{
    return ledger->epoch;
}
