#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int64_t clock_now(const struct clock *clock)
{
    return clock->now_ms(clock->self);
}

int64_t clock_boot(const struct clock *clock)
{
    return clock->boot_ms(clock->self);
}

bool clock_sleep(const struct clock *clock, int64_t ms, struct err *err)
{
    return clock->sleep_ms(clock->self, ms, err);
}

bool cancel_init(struct cancel *cancel, struct err *err)
{
    cancel->on = 0;
    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel->fd < 0)
        return err_errno(err, ERR_INTERNAL, "eventfd");
    return true;
}

void cancel_fini(struct cancel *cancel)
{
    if (cancel->fd >= 0)
        close(cancel->fd);
    cancel->fd = -1;
}

void cancel_throw(struct cancel *cancel)
{
    int saved = errno; /* may run in a signal handler */
    uint64_t one = 1;

    __atomic_store_n(&cancel->on, 1, __ATOMIC_RELEASE);
    /* The counter can only be full if it was thrown already. */
    ssize_t put = write(cancel->fd, &one, sizeof(one));
    (void)put;
    errno = saved;
}

bool cancel_is_on(const struct cancel *cancel)
{
    return cancel && __atomic_load_n(&cancel->on, __ATOMIC_ACQUIRE) != 0;
}

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_now(void *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_boot(void *self)
{
    (void)self;
    return read_clock(CLOCK_BOOTTIME);
}

static bool system_sleep(void *self, int64_t ms, struct err *err)
{
    struct cancel *cancel = self;
    struct pollfd fd = {.fd = cancel ? cancel->fd : -1, .events = POLLIN};
    int64_t end;

    if (__builtin_add_overflow(system_boot(NULL), ms, &end))
        end = INT64_MAX;
    for (;;) {
        if (cancel_is_on(cancel))
            return err_set(err, ERR_CANCELLED, "cancelled");
        int64_t left = end - system_boot(NULL);
        if (left <= 0)
            return true;
        /* Short slices: poll's own clock does not count a suspended machine. */
        if (poll(&fd, 1, (int)(left < 60000 ? left : 60000)) < 0 && errno != EINTR)
            return err_errno(err, ERR_INTERNAL, "poll");
    }
}

struct clock clock_system(struct cancel *cancel)
{
    return (struct clock){cancel, system_now, system_boot, system_sleep};
}
