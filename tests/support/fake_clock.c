#include "support/fake_clock.h"

static int64_t fake_now(void *self)
{
    const struct fake_clock *fake = self;

    return fake->now;
}

static int64_t fake_boot(void *self)
{
    const struct fake_clock *fake = self;

    return fake->boot;
}

static bool fake_sleep(void *self, int64_t ms, struct err *err)
{
    struct fake_clock *fake = self;

    fake->n_sleeps++;
    if (fake->n_sleeps == fake->cancel_at)
        return err_set(err, ERR_CANCELLED, "cancelled");
    fake->slept += ms;
    if (ms > fake->longest)
        fake->longest = ms;
    fake_clock_pass(fake, ms);
    return true;
}

void fake_clock_init(struct fake_clock *fake)
{
    *fake = (struct fake_clock){.now = FAKE_CLOCK_START, .boot = TIME_HOUR};
}

struct clock fake_clock(struct fake_clock *fake)
{
    return (struct clock){
        .self = fake, .now_ms = fake_now, .boot_ms = fake_boot, .sleep_ms = fake_sleep};
}

void fake_clock_pass(struct fake_clock *fake, int64_t ms)
{
    fake->now += ms;
    fake->boot += ms;
}
