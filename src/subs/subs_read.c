/* Who is subscribed, and what was granted: nothing is sealed that was not read to its end in
 * exactly the expected shape (contract 6.6 rule 2), and nothing that is not sealed is handed out.
 */

#include <stdlib.h>

#include "base/vec.h"
#include "subs/subs_page.h"
#include "subs/subs_wire.h"

/* Memory that a listing leaves to whoever called. */
#define SPARE ((size_t)4 << 20)

/* What a page may add to memory: its texts, which are no longer than it is, and an array that may
 * have to grow. */
static bool has_room(const struct arena *arena, size_t n_entries, size_t entry, size_t body)
{
    return 3 * (n_entries + 8) * entry + 2 * body + SPARE <= arena->budget - arena->used;
}

/* Plans and sources are few words, said again and again. */
struct words {
    struct arena *texts, *tables;
    struct map seen;
};

static struct str word_of(struct words *words, struct str text)
{
    struct str *known = map_get(&words->seen, text);

    if (text.len == 0)
        return (struct str){0};
    if (!known) {
        known = arena_new(words->tables, struct str);
        *known = arena_str(words->texts, text);
        (void)map_put(&words->seen, words->tables, *known, known);
    }
    return *known;
}

/* ---- seats ---- */

struct seat_entry {
    struct subs_seat seat;
    unsigned page;
};

struct seats {
    struct arena *rolls;
    VEC_OF(struct seat_entry) entries;
    size_t n_groups, texts;
    struct subs_extra extra;
};

static void forget_seats(struct subs_walk *walk)
{
    struct seats *all = walk->self;

    all->entries.n = 0;
    all->n_groups = all->texts = 0;
}

static struct subs_seat copy_seat(const struct subs_seat *from, struct arena *arena)
{
    struct subs_seat seat = *from;

    seat.user = arena_str(arena, from->user);
    seat.raw = arena_str(arena, from->raw);
    seat.active_raw = arena_str(arena, from->active_raw);
    seat.source = arena_str(arena, from->source);
    return seat;
}

static bool take_seats(struct subs_walk *walk, struct str body, struct arena *scratch,
                       struct str *token, struct err *err)
{
    struct seats *all = walk->self;
    struct subs_seat_page page;

    if (!subs_wire_seats(body, &all->extra, scratch, &page, err))
        return false;
    if (!has_room(all->rolls, all->entries.n + page.n, sizeof(struct seat_entry), body.len))
        return err_set(err, ERR_REMOTE, "the listing is too large to be read");
    for (size_t i = 0; i < page.n; i++) {
        struct seat_entry entry = {copy_seat(&page.seats[i], all->rolls), walk->pages};
        all->texts += entry.seat.user.len + 1;
        VEC_PUSH(all->rolls, &all->entries, entry);
    }
    all->n_groups += page.n_groups;
    *token = page.token;
    return true;
}

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_seats(const struct subs_seat *a, const struct subs_seat *b)
{
    int by = str_cmp(a->user, b->user);

    by = by ? by : str_cmp(a->raw, b->raw);
    by = by ? by : compare_i64(a->status, b->status);
    by = by ? by : compare_i64(a->created_ms, b->created_ms);
    by = by ? by : compare_i64(a->activated_ms, b->activated_ms);
    by = by ? by : str_cmp(a->active_raw, b->active_raw);
    return by ? by : str_cmp(a->source, b->source);
}

static int compare_entries(const void *a, const void *b)
{
    const struct seat_entry *ea = a;
    const struct seat_entry *eb = b;
    int by = compare_seats(&ea->seat, &eb->seat);

    return by ? by : compare_i64(ea->page, eb->page);
}

/* Pages are no snapshot: what moved from one to the next while they were read is on both. The same
 * row twice on one page is two of them. */
static bool is_echo(const struct seat_entry *entry, const struct seat_entry *before)
{
    return entry->page != before->page && compare_seats(&entry->seat, &before->seat) == 0;
}

static void seal_seats(struct seats *all, struct arena *arena, struct subs_listing *out)
{
    struct seat_entry *entries = all->entries.items;
    struct words words = {.texts = arena, .tables = all->rolls};
    struct subs_seat *seats = arena_array(arena, struct subs_seat, all->entries.n);

    if (all->entries.n > 1)
        qsort(entries, all->entries.n, sizeof(entries[0]), compare_entries);
    for (size_t i = 0; i < all->entries.n; i++) {
        const struct subs_seat *from = &entries[i].seat;
        if (i > 0 && is_echo(&entries[i], &entries[i - 1]))
            continue;
        seats[out->n] = *from;
        seats[out->n].user = arena_str(arena, from->user);
        seats[out->n].raw = word_of(&words, from->raw);
        seats[out->n].active_raw = word_of(&words, from->active_raw);
        seats[out->n].source = word_of(&words, from->source);
        out->n++;
    }
    out->seats = seats;
    out->n_groups = all->n_groups;
    out->state = LISTING_SEALED;
}

bool subs_list(struct subs *subs, struct arena *arena, struct subs_listing *out, struct err *err)
{
    struct seats all = {.rolls = subs_rolls(subs), .extra = {.arena = &subs->call}};
    struct subs_walk walk = {
        .operation = SUBS_LIST_SEATS, .page = take_seats, .forget = forget_seats, .self = &all};
    struct subs_listing listing = {.at_ms = clock_now(subs->clock)};

    subs_begin(subs);
    if (!subs_may_ask(subs, &listing.why)) {
        *out = listing;
        return true;
    }
    walk.body = subs_wire_list(subs->options.instance_arn, subs->options.kiro_region,
                               subs->options.page_size, &subs->call);
    bool ok = subs_walk(subs, &walk, arena, err);
    if (ok) {
        listing.at_ms = walk.asked_at;
        listing.why = walk.why;
        listing.extra = subs_extra_str(&all.extra, arena);
        if (walk.state == SUBS_WALK_WHOLE) {
            if (has_room(arena, all.entries.n, sizeof(struct subs_seat), all.texts)) {
                seal_seats(&all, arena, &listing);
            } else {
                listing.why = STR("the listing is too large for the memory that is left");
            }
        }
        *out = listing;
    }
    arena_reset(&subs->rolls, 0);
    return ok || err_wrap(err, "listing subscriptions");
}

/* ---- claims ---- */

struct claims {
    struct arena *rolls;
    VEC_OF(struct subs_claim) entries;
    size_t texts;
    struct subs_extra extra;
};

static void forget_claims(struct subs_walk *walk)
{
    struct claims *all = walk->self;

    all->entries.n = 0;
    all->texts = 0;
}

static struct subs_claim copy_claim(const struct subs_claim *from, struct arena *arena)
{
    return (struct subs_claim){
        .identifier = arena_str(arena, from->identifier),
        .user = arena_str(arena, from->user),
        .group = arena_str(arena, from->group),
        .raw = arena_str(arena, from->raw),
    };
}

static bool take_claims(struct subs_walk *walk, struct str body, struct arena *scratch,
                        struct str *token, struct err *err)
{
    struct claims *all = walk->self;
    struct subs_claim_page page;

    if (!subs_wire_claims(body, &all->extra, scratch, &page, err))
        return false;
    if (!has_room(all->rolls, all->entries.n + page.n, sizeof(struct subs_claim), body.len))
        return err_set(err, ERR_REMOTE, "the listing is too large to be read");
    for (size_t i = 0; i < page.n; i++)
        VEC_PUSH(all->rolls, &all->entries, copy_claim(&page.claims[i], all->rolls));
    all->texts += body.len;
    *token = page.token;
    return true;
}

static int compare_claims(const void *a, const void *b)
{
    const struct subs_claim *ca = a;
    const struct subs_claim *cb = b;
    int by = str_cmp(ca->identifier, cb->identifier);

    by = by ? by : str_cmp(ca->user, cb->user);
    by = by ? by : str_cmp(ca->group, cb->group);
    return by ? by : str_cmp(ca->raw, cb->raw);
}

/* An identifier is one claim's: seen twice it is the same one, or it changed while we read. */
static bool seal_claims(struct claims *all, struct arena *arena, struct subs_claims *out)
{
    struct subs_claim *entries = all->entries.items;
    struct subs_claim *claims = arena_array(arena, struct subs_claim, all->entries.n);
    size_t n = 0;

    if (all->entries.n > 1)
        qsort(entries, all->entries.n, sizeof(entries[0]), compare_claims);
    for (size_t i = 0; i < all->entries.n; i++) {
        if (i > 0 && compare_claims(&entries[i], &entries[i - 1]) == 0)
            continue;
        if (i > 0 && str_eq(entries[i].identifier, entries[i - 1].identifier)) {
            out->why = arena_printf(arena, "%s: %.*s is listed twice, and not as the same",
                                    subs_operation_row(SUBS_LIST_CLAIMS)->name,
                                    STR_ARG(entries[i].identifier));
            return false;
        }
        claims[n++] = copy_claim(&entries[i], arena);
    }
    out->claims = claims;
    out->n = n;
    out->state = LISTING_SEALED;
    return true;
}

static bool walk_claims(struct subs *subs, struct arena *arena, struct subs_claims *out,
                        struct err *err)
{
    struct claims all = {.rolls = subs_rolls(subs), .extra = {.arena = &subs->call}};
    struct subs_walk walk = {
        .operation = SUBS_LIST_CLAIMS, .page = take_claims, .forget = forget_claims, .self = &all};

    walk.body = subs_wire_list_claims(out->application, subs->options.kiro_region,
                                      subs->options.page_size, &subs->call);
    bool ok = subs_walk(subs, &walk, arena, err);
    if (ok) {
        out->at_ms = walk.asked_at;
        out->why = walk.why;
        out->extra = subs_extra_str(&all.extra, arena);
        if (walk.state == SUBS_WALK_WHOLE) {
            if (has_room(arena, all.entries.n, sizeof(struct subs_claim), all.texts)) {
                (void)seal_claims(&all, arena, out);
            } else {
                out->why = STR("the listing is too large for the memory that is left");
            }
        }
    }
    arena_reset(&subs->rolls, 0);
    return ok;
}

bool subs_list_claims(struct subs *subs, struct arena *arena, struct subs_claims *out,
                      struct err *err)
{
    struct subs_claims claims = {.at_ms = clock_now(subs->clock)};
    struct subs_application application;

    subs_begin(subs);
    if (subs_may_ask(subs, &claims.why)) {
        if (!subs_seek_application(subs, arena, &application, err))
            return err_wrap(err, "listing claims");
        claims.state = application.state;
        claims.application = application.arn;
        claims.why = application.why;
        if (application.state == LISTING_SEALED) {
            claims.state = LISTING_UNKNOWN;
            if (!walk_claims(subs, arena, &claims, err))
                return err_wrap(err, "listing claims");
        }
    }
    *out = claims;
    return true;
}
