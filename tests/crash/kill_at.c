#include "crash/kill_at.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/attr.h"

static struct {
    struct kill_count *count;
    unsigned long at;
    bool torn;
} armed;

const char *kill_kind_name(enum kill_kind kind)
{
    static const char *const names[] = {"request",  "answer", "write",  "sync",
                                        "truncate", "delete", "rename", "end"};
    _Static_assert(ARRAY_LEN(names) == KILL_KINDS, "every kind has its name");

    return names[kind];
}

void kill_arm(struct kill_count *count, unsigned long at, bool torn)
{
    *count = (struct kill_count){0};
    armed.count = count;
    armed.at = at;
    armed.torn = torn;
}

void kill_now(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static bool is_due(enum kill_kind kind)
{
    if (!armed.count)
        return false;
    armed.count->by_kind[kind]++;
    if (++armed.count->seen != armed.at)
        return false;
    armed.count->died_at = kind;
    return true;
}

void kill_point(enum kill_kind kind)
{
    if (is_due(kind))
        kill_now();
}

bool kill_tears(enum kill_kind kind)
{
    if (!is_due(kind))
        return false;
    if (!armed.torn)
        kill_now();
    return true;
}

/* ---- files that are put in place by their name (linked with --wrap=rename) ---- */

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

int __wrap_rename(const char *from, const char *to)
{
    kill_point(KILL_RENAME);
    return __real_rename(from, to);
}
