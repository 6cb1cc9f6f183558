#include <string.h>

#include "base/vec.h"
#include "cli/book.h"
#include "cli/commands.h"
#include "cli/cost_use.h"
#include "core/money.h"

/* What seats cost: as the ledger knows them since the last run. */

#define MONTHS_AROUND \
    12 /* the ledger forgets what is longer ago, and nobody knows what is farther */
#define IDLE_DAYS_MOST 3650

/* ---- months ---- */

struct month {
    int64_t from_ms, until_ms; /* UTC */
};

static bool parse_first(struct str text, int64_t *out)
{
    char day[sizeof("2026-05-01T00:00:00Z")];

    if (text.len != sizeof("2026-05") - 1)
        return false;
    (void)snprintf(day, sizeof(day), "%.*s-01T00:00:00Z", STR_ARG(text));
    return time_parse_iso(str_of(day), out);
}

/* `2026-05`: the longest month is over after 31 days, and the next one has not ended by then. */
static bool parse_month(struct str text, struct month *out)
{
    char next[TIME_ISO_SIZE];

    return parse_first(text, &out->from_ms) &&
           parse_first(str_sub(str_of(time_iso(out->from_ms + 31 * TIME_DAY, next)), 0, text.len),
                       &out->until_ms);
}

static struct month month_of(int64_t ms)
{
    struct month month = {0};
    char text[TIME_ISO_SIZE];

    (void)parse_month(str_sub(str_of(time_iso(ms, text)), 0, sizeof("2026-05") - 1), &month);
    return month;
}

static bool choose_month(const char *text, int64_t now_ms, struct month *out, struct err *err)
{
    int64_t around = (int64_t)31 * MONTHS_AROUND * TIME_DAY;

    *out = month_of(now_ms);
    if (!text)
        return true;
    if (!parse_month(str_of(text), out))
        return err_set(err, ERR_USAGE, "--month `%.40s` is no month; one looks like 2026-05", text);
    if (out->until_ms < now_ms - around || out->from_ms > now_ms + around) {
        return err_set(err, ERR_USAGE,
                       "--month %.40s is too far away: the ledger tells of %d months back and "
                       "ahead",
                       text, MONTHS_AROUND);
    }
    return true;
}

/* ---- seats ---- */

struct costing {
    struct cli *cli;
    struct book book;
    struct cost_use use;
    struct month month;
    bool is_past, is_ahead; /* the month; neither: it goes on */
    struct map seen;        /* entitlement, plan, person of `seats` */
    VEC_OF(struct money_seat) seats;
    size_t n_others; /* in the groups by other hands */
};

static bool is_seen_before(struct costing *costing, const struct money_seat *seat)
{
    struct str key =
        arena_printf(&costing->cli->arena, "%.*s %.*s %.*s", STR_ARG(seat->entitlement),
                     STR_ARG(seat->plan), STR_ARG(seat->person));
    bool was_there = map_has(&costing->seen, key);

    if (!was_there)
        (void)map_put(&costing->seen, &costing->cli->arena, key, costing);
    return was_there;
}

/* The service's own word; else the run that saw it come into use. A seat that was in use when it
 * was seen first may have been so for long. */
static int64_t first_use(const struct costing *costing, const struct hop_row *row)
{
    int64_t told = cost_first_use(&costing->use, row->person, row->plan);
    int64_t subscribed = row->memory[HOP_SEAT].since_ms;
    int64_t used = row->memory[HOP_IN_USE].since_ms;
    bool was_pending = row->memory[HOP_SEAT].state == HOP_REACHED && subscribed < used;

    if (told != 0)
        return told;
    return was_pending ? used : 0;
}

/* What the remembered hops say of its use. Memory, because it outlasts a run that could not read.
 * False: it is gone, and this month is not billed for it either. */
static bool take_use(const struct costing *costing, const struct hop_row *row,
                     struct money_seat *out)
{
    const struct hop_memory *seat = &row->memory[HOP_SEAT];
    bool is_used = row->memory[HOP_IN_USE].state == HOP_REACHED;

    out->active_since_ms = is_used ? first_use(costing, row) : 0;
    if (is_used && costing->is_ahead && out->active_since_ms == 0)
        out->active_since_ms = costing->book.now_ms; /* long before that month at any rate */
    switch (seat->state) {
    case HOP_REACHED:
        out->use = is_used ? MONEY_ACTIVE : MONEY_PENDING;
        out->idle_since_ms = is_used ? 0 : seat->since_ms;
        return true;
    case HOP_LEAVING: out->use = is_used ? MONEY_ACTIVE : MONEY_PENDING; return true;
    case HOP_ON_ITS_WAY: out->use = MONEY_PENDING; return true;
    default: break;
    }
    if (seat->since_ms == 0) /* subscriptions are not observed */
        return true;
    out->use = MONEY_CANCELED;
    return is_used && seat->since_ms >= costing->month.from_ms;
}

/* Put into the group by us, after the month. Of anybody else we only know when we saw them first.
 */
static bool has_begun_since(const struct costing *costing, const struct book_seat *seat)
{
    if (!seat->member || !seat->owned)
        return false;
    for (size_t i = 0; i < seat->n_grants; i++) {
        if (seat->grants[i].request.len == 0) /* adopted */
            return false;
    }
    return seat->hops[HOP_OKTA].since_ms >= costing->month.until_ms;
}

/* As it stood at the end of a month that is over; false: it was not there. */
static bool take_back(const struct costing *costing, const struct book_seat *seat,
                      struct money_seat *out)
{
    if (has_begun_since(costing, seat))
        return false;
    if (out->active_since_ms >= costing->month.until_ms) {
        out->use = MONEY_PENDING;
        out->active_since_ms = 0;
    }
    if (out->idle_since_ms >= costing->month.until_ms)
        out->idle_since_ms = 0;
    return seat->member || out->use != MONEY_PENDING;
}

static bool goes_on(const struct costing *costing, const struct book_seat *seat)
{
    bool is_ending = !seat->desired && seat->owned;

    return !is_ending && (seat->until_ms == 0 || seat->until_ms > costing->month.from_ms);
}

static void add_seat(struct costing *costing, const struct book_seat *seat)
{
    const struct hop_row *row = follow_row(costing->book.hops, costing->book.n_hops,
                                           seat->entitlement, seat->plan, seat->person);
    struct money_seat out = {.person = seat->person,
                             .entitlement = seat->entitlement,
                             .plan = seat->plan,
                             .until_ms = seat->until_ms};

    bool is_on_its_way = seat->desired && !seat->member;
    bool is_there = !row || take_use(costing, row, &out);
    if (is_on_its_way && out.use == MONEY_UNKNOWN)
        out.use = MONEY_PENDING;
    if (is_seen_before(costing, &out) || !is_there ||
        (costing->is_past && !take_back(costing, seat, &out)) ||
        (costing->is_ahead && (out.use == MONEY_CANCELED || !goes_on(costing, seat))))
        return;
    costing->n_others += !seat->desired && !seat->owned;
    VEC_PUSH(&costing->cli->arena, &costing->seats, out);
}

/* Seats that nobody holds now and grants tell of: those that ended in the month, or were there in
 * one that is over, and those to come. */
static void add_grant(struct costing *costing, const struct grant *grant)
{
    int64_t end = grant_end(grant), now = costing->book.now_ms;
    bool overlaps = grant->from_ms < costing->month.until_ms && end > costing->month.from_ms;
    struct money_seat out = {
        .person = grant->person, .entitlement = grant->entitlement, .plan = grant->plan};

    if (!overlaps || end <= grant->from_ms)
        return;
    if (costing->is_past) {
        out.use = MONEY_UNKNOWN;
    } else if (grant_is_ahead(grant, now)) {
        out.use = MONEY_PENDING;
    } else if (end <= now) {
        out.use = MONEY_CANCELED;
    } else {
        return; /* live: among the seats, or nobody wants it any more */
    }
    if (!is_seen_before(costing, &out))
        VEC_PUSH(&costing->cli->arena, &costing->seats, out);
}

static void collect(struct costing *costing)
{
    const struct book_query everybody = {.unmanaged = true};
    const struct book *book = &costing->book;
    struct book_seat *seats;
    size_t n;

    costing->is_past = costing->month.until_ms <= book->now_ms;
    costing->is_ahead = costing->month.from_ms > book->now_ms;
    book_seats(book, &everybody, &seats, &n);
    for (size_t i = 0; i < n; i++)
        add_seat(costing, &seats[i]);
    for (size_t i = 0; i < book->n_grants; i++)
        add_grant(costing, &book->grants[i]);
}

/* ---- the command ---- */

struct asked {
    const char *month, *by, *unused;
    bool json, csv;
};

/* `--unused DAYS` in the place of every `unused_after`. */
static bool change_unused(struct cli *cli, const char *days, struct policy *policy, struct err *err)
{
    struct entitlement *ents = arena_array(&cli->arena, struct entitlement, policy->n_entitlements);
    int64_t n = 0;

    if (!days)
        return true;
    if (!cli_number(days, "--unused", 1, IDLE_DAYS_MOST, &n, err))
        return false;
    for (size_t i = 0; i < policy->n_entitlements; i++) {
        ents[i] = policy->entitlements[i];
        ents[i].unused_after_ms = n * TIME_DAY;
    }
    policy->entitlements = ents;
    return true;
}

static int64_t moment_of(const struct costing *costing)
{
    if (costing->is_past)
        return costing->month.until_ms - 1;
    return costing->is_ahead ? costing->month.from_ms : costing->book.now_ms;
}

static void print(struct costing *costing, const struct asked *asked, const struct policy *policy)
{
    struct money money = money_of(policy, costing->seats.items, costing->seats.n,
                                  moment_of(costing), &costing->cli->arena);

    if (asked->json) {
        money_json(&money, policy, &costing->cli->out);
    } else if (asked->csv) {
        money_csv(&money, asked->by, &costing->cli->out);
    } else {
        money_text(&money, policy, asked->by, &costing->cli->out);
    }
}

/* What the numbers rest on. */
static void say_basis(const struct costing *costing)
{
    const struct cli *cli = costing->cli;
    const struct run_row *run = &costing->book.run;

    if (!costing->book.has_run) {
        cli_say(cli, "no run has looked yet; `%s plan` looks and changes nothing", cli->program);
    } else {
        struct str when = time_local_str(run->finished_at, &costing->cli->arena);
        cli_say(cli, "as of run %lld, %.*s", (long long)run->number, STR_ARG(when));
    }
    if (costing->is_past) {
        cli_say(cli, "that month is over: it is told by the grants it had and the seats that are "
                     "still there, and `now` is its last day");
    } else if (costing->is_ahead) {
        cli_say(cli, "that month is ahead: known ends count before it, and `now` is its first day");
    }
    if (costing->n_others > 0) {
        cli_say(cli, "%zu of the seats %s there by other hands, and counted all the same",
                costing->n_others, costing->n_others == 1 ? "is" : "are");
    }
}

bool cmd_cost(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct asked asked = {0};
    const struct opt opts[] = {
        {"month", 0, NULL, &asked.month},   {"by", 0, NULL, &asked.by},
        {"unused", 0, NULL, &asked.unused}, {"json", 0, &asked.json, NULL},
        {"csv", 0, &asked.csv, NULL},
    };
    struct costing costing = {.cli = cli};
    struct policy policy = cli->settings.policy;

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err))
        return false;
    if (asked.json && asked.csv)
        return err_set(err, ERR_USAGE, "--json and --csv are two different things; give one");
    if (!asked.by)
        asked.by = "plan";
    if (strcmp(asked.by, "plan") != 0 && strcmp(asked.by, "entitlement") != 0) {
        return err_set(err, ERR_USAGE, "--by is plan or entitlement, not `%.40s`", asked.by);
    }
    if (!choose_month(asked.month, clock_now(&cli->clock), &costing.month, err) ||
        !change_unused(cli, asked.unused, &policy, err) || !book_read(cli, &costing.book, err) ||
        !cost_use_read(cli, &costing.use, err))
        return false;
    collect(&costing);
    print(&costing, &asked, &policy);
    say_basis(&costing);
    return true;
}
