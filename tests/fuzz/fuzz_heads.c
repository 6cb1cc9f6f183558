#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/ledger_audit.h"

/* A file of earlier heads is handed to `audit --verify` by whoever kept it. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ledger *ledger;
static struct str head;
static struct arena arena;
static struct clock system_clock;

static void require(bool ok, const struct err *err)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s\n", err->msg);
    abort();
}

static void open_once(void)
{
    static char dir[] = "/tmp/seatkeeper-heads-XXXXXX";
    static const struct actor actor = {.who = STR("os:1"), .door = STR("cli")};
    struct err err = {0};

    arena_init(&arena, (size_t)64 << 20);
    system_clock = clock_system(NULL);
    if (!mkdtemp(dir))
        abort();
    struct ledger_options options = {.path = arena_printf(&arena, "%s/ledger", dir),
                                     .clock = &system_clock,
                                     .program = "fuzz",
                                     .may_create = true};
    require(ledger_open(&options, &ledger, &err), &err);
    for (int i = 0; i < 3; i++)
        require(ledger_meta_set(ledger, &actor, "key", arena_printf(&arena, "%d", i), &err), &err);
    require(ledger_audit_head(ledger, &arena, &head, &err), &err);
    (void)unlink(options.path.ptr);
    (void)unlink(arena_printf(&arena, "%s-journal", options.path.ptr).ptr);
    (void)rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct audit_check check;
    struct err err = {0};

    if (!ledger)
        open_once();
    arena_mark_t mark = arena_mark(&arena);
    if (ledger_audit_verify(ledger, text, &arena, &check, &err)) {
        /* The chain itself is whole: only a head that says otherwise can break it. */
        if (check.rows != 3 && check.intact)
            abort();
        if (check.anchored_seq > check.rows || (check.intact && check.bad_seq != 0))
            abort();
    } else if (err.kind != ERR_USAGE) {
        abort();
    }
    arena_reset(&arena, mark);
    return 0;
}
