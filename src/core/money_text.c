#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "core/money_parts.h"
#include "core/text_table.h"

/* Money in words, for people. */

#define SCRATCH ((size_t)16 << 20)

/* ---- amounts ---- */

/* Digits of the smaller unit; ISO 4217, where it is not two. */
static unsigned digits_of(struct str currency)
{
    static const char *const none[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY",
                                       "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
                                       "VND", "VUV", "XAF", "XOF", "XPF"};
    static const char *const three[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};

    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        if (str_is(currency, none[i]))
            return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(three); i++) {
        if (str_is(currency, three[i]))
            return 3;
    }
    return 2;
}

/* `1,234,567`; written from its end. */
static struct str group_thousands(uint64_t number, struct arena *arena)
{
    char text[32];
    size_t at = sizeof(text);

    for (unsigned digits = 0; number != 0 || digits == 0; digits++, number /= 10) {
        if (digits > 0 && digits % 3 == 0)
            text[--at] = ',';
        text[--at] = (char)('0' + number % 10);
    }
    return arena_str(arena, (struct str){text + at, sizeof(text) - at});
}

struct str money_str(int64_t minor, struct str currency, struct arena *arena)
{
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    unsigned digits = digits_of(currency);
    const char *sign = minor < 0 ? "-" : "";
    uint64_t unit = 1;

    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    struct str whole = group_thousands(size / unit, arena);
    if (digits == 0)
        return arena_printf(arena, "%s%.*s %.*s", sign, STR_ARG(whole), STR_ARG(currency));
    return arena_printf(arena, "%s%.*s.%0*llu %.*s", sign, STR_ARG(whole), (int)digits,
                        (unsigned long long)(size % unit), STR_ARG(currency));
}

bool money_shown(const struct policy *policy, int64_t minor, int64_t *out)
{
    unsigned from = digits_of(policy->catalogue.currency);
    unsigned to = digits_of(policy->show_in.currency);
    int64_t rate = policy->show_in.rate_millionths;
    int64_t shown = minor, rest, unit = 1000000;

    if (policy->show_in.currency.len == 0)
        return false;
    for (; from < to; from++) {
        if (__builtin_mul_overflow(shown, 10, &shown))
            return false;
    }
    for (; from > to; to++)
        unit *= 10;
    /* Split, so that a product only overflows where the result would, or nearly. */
    rest = shown % unit;
    if (__builtin_mul_overflow(shown / unit, rate, &shown) ||
        __builtin_mul_overflow(rest, rate, &rest) ||
        __builtin_add_overflow(shown, rest / unit, &shown))
        return false;
    *out = shown;
    return true;
}

/* ---- what both ways of telling share ---- */

const char *const money_not_included[MONEY_NOT_INCLUDED] = {
    "taxes",
    "overage and add-on credits",
    "discounts",
    "seats that are given in other ways than by these groups",
};

size_t money_count_at(const struct money_line *line, size_t at)
{
    size_t count;

    memcpy(&count, (const char *)line + at, sizeof(count));
    return count;
}

int64_t money_minor_at(const struct money_line *line, size_t at)
{
    int64_t minor;

    memcpy(&minor, (const char *)line + at, sizeof(minor));
    return minor;
}

struct str money_month_str(const struct money *money, struct arena *arena)
{
    return str_sub(time_iso_str(money->month_ms, arena), 0, sizeof("2026-05") - 1);
}

struct money_lines money_lines_by(const struct money *money, const char *by)
{
    if (strcmp(by, "entitlement") == 0)
        return (struct money_lines){money->entitlements, money->n_entitlements, "entitlement"};
    return (struct money_lines){money->plans, money->n_plans, "plan"};
}

/* ---- for people ---- */

struct page {
    const struct money *money;
    const struct policy *policy;
    struct arena *arena;
    struct buf *out;
};

/* `at most 40.00 USD (about 36.80 EUR)`. */
static struct str amount_of(const struct page *page, int64_t minor, bool at_most)
{
    struct str text = money_str(minor, page->money->currency, page->arena);
    int64_t shown;

    if (at_most)
        text = arena_printf(page->arena, "at most %.*s", STR_ARG(text));
    if (!money_shown(page->policy, minor, &shown))
        return text;
    struct str other = money_str(shown, page->policy->show_in.currency, page->arena);
    return arena_printf(page->arena, "%.*s (about %.*s)", STR_ARG(text), STR_ARG(other));
}

static const struct kind {
    const char *label;
    size_t at; /* in struct money_line */
} kinds[] = {
    {"in use", offsetof(struct money_line, active)},
    {"pending", offsetof(struct money_line, pending)},
    {"ended and paid to the end of the month", offsetof(struct money_line, canceled)},
    {"of unknown use", offsetof(struct money_line, unknown)},
};

/* `3: 1 in use, 2 pending`. */
static struct str tell_seats(const struct page *page)
{
    const struct money_line *all = &page->money->all;
    struct str out = arena_printf(page->arena, "%zu", all->seats);
    const char *before = ": ";

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t n = money_count_at(all, kinds[i].at);

        if (n == 0)
            continue;
        out = arena_printf(page->arena, "%.*s%s%zu %s", STR_ARG(out), before, n, kinds[i].label);
        before = ", ";
    }
    return out;
}

static void put_total(struct text_table *table, const char *label, struct str text)
{
    text_table_row(table, (struct str[]){str_of(label), text});
}

static void put_totals(const struct page *page)
{
    struct text_table table = {.arena = page->arena, .n_cols = 2};
    const struct money_line *all = &page->money->all;
    struct arena *arena = page->arena;

    put_total(&table, "Seats", tell_seats(page));
    put_total(&table, "Now",
              arena_printf(arena, "%.*s a month",
                           STR_ARG(amount_of(page, all->now_minor, all->at_most))));
    if (all->committed_minor > 0) {
        put_total(&table, "Committed",
                  arena_printf(arena, "%.*s a month more, once what is pending is used",
                               STR_ARG(amount_of(page, all->committed_minor, false))));
    }
    put_total(&table, "Forecast",
              arena_printf(arena, "%.*s for %.*s (UTC)",
                           STR_ARG(amount_of(page, all->forecast_minor, all->forecast_at_most)),
                           STR_ARG(money_month_str(page->money, arena))));
    if (all->unused > 0) {
        put_total(&table, "Unused",
                  arena_printf(arena, "%zu %s not used in time; giving back saves %.*s a month",
                               all->unused, all->unused == 1 ? "seat" : "seats",
                               STR_ARG(amount_of(page, all->unused_minor, false))));
    }
    if (all->twice > 0) {
        put_total(&table, "Twice",
                  arena_printf(arena, "%zu %s paid twice, %.*s a month", all->twice,
                               all->twice == 1 ? "seat is" : "seats are",
                               STR_ARG(amount_of(page, all->twice_minor, false))));
    }
    text_table_print(&table, 0, page->out);
}

/* A column of the lines; empty where no line has anything to say in it. */
enum column { COL_COUNT, COL_AMOUNT, COL_NOW, COL_FORECAST };
static const struct {
    const char *head;
    enum column kind;
    size_t at;
} columns[] = {
    {"seats", COL_COUNT, offsetof(struct money_line, seats)},
    {"in use", COL_COUNT, offsetof(struct money_line, active)},
    {"pending", COL_COUNT, offsetof(struct money_line, pending)},
    {"ended", COL_COUNT, offsetof(struct money_line, canceled)},
    {"use unknown", COL_COUNT, offsetof(struct money_line, unknown)},
    {"now", COL_NOW, offsetof(struct money_line, now_minor)},
    {"committed", COL_AMOUNT, offsetof(struct money_line, committed_minor)},
    {"forecast", COL_FORECAST, offsetof(struct money_line, forecast_minor)},
    {"unused", COL_COUNT, offsetof(struct money_line, unused)},
    {"twice", COL_COUNT, offsetof(struct money_line, twice)},
};
#define COLUMNS (1 + ARRAY_LEN(columns))

static bool is_empty(const struct money_line *all, size_t column)
{
    return columns[column].kind == COL_COUNT ? money_count_at(all, columns[column].at) == 0
                                             : money_minor_at(all, columns[column].at) == 0;
}

static struct str cell_of(const struct page *page, const struct money_line *line, size_t column)
{
    struct str text;

    if (is_empty(&page->money->all, column))
        return (struct str){0};
    if (columns[column].kind == COL_COUNT)
        return arena_printf(page->arena, "%zu", money_count_at(line, columns[column].at));
    text = money_str(money_minor_at(line, columns[column].at), page->money->currency, page->arena);
    if ((columns[column].kind == COL_NOW && line->at_most) ||
        (columns[column].kind == COL_FORECAST && line->forecast_at_most))
        text = arena_printf(page->arena, "at most %.*s", STR_ARG(text));
    return text;
}

static void put_lines(const struct page *page, const struct money_lines *lines)
{
    struct text_table table = {.arena = page->arena, .n_cols = COLUMNS};
    struct str cells[COLUMNS] = {str_of(lines->head)};

    for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
        if (!is_empty(&page->money->all, c))
            cells[1 + c] = str_of(columns[c].head);
    }
    text_table_row(&table, cells);
    for (size_t i = 0; i < lines->n; i++) {
        if (lines->items[i].seats == 0)
            continue;
        cells[0] = lines->items[i].name;
        for (size_t c = 0; c < ARRAY_LEN(columns); c++)
            cells[1 + c] = cell_of(page, &lines->items[i], c);
        text_table_row(&table, cells);
    }
    text_table_print(&table, 0, page->out);
}

static void put_small_print(const struct page *page)
{
    if (page->money->all.at_most || page->money->all.forecast_at_most) {
        buf_add(page->out, STR("At most: where use, or its first day, is not observed, the whole "
                               "month counts.\n"));
    }
    buf_add(page->out, STR("Not included: "));
    for (size_t i = 0; i < MONEY_NOT_INCLUDED; i++) {
        buf_printf(page->out, "%s%s",
                   i == 0                        ? ""
                   : i + 1 == MONEY_NOT_INCLUDED ? ", and "
                                                 : ", ",
                   money_not_included[i]);
    }
    buf_add(page->out, STR(".\n"));
}

void money_text(const struct money *money, const struct policy *policy, const char *by,
                struct buf *out)
{
    struct arena scratch;
    struct money_lines lines = money_lines_by(money, by);

    if (money->all.seats == 0) {
        buf_add(out, STR("Nobody holds a seat, and nothing is paid.\n"));
        return;
    }
    arena_init(&scratch, SCRATCH);
    struct page page = {money, policy, &scratch, out};
    put_totals(&page);
    buf_add_char(out, '\n');
    put_lines(&page, &lines);
    buf_add_char(out, '\n');
    put_small_print(&page);
    arena_fini(&scratch);
}
