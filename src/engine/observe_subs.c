#include "engine/observe_subs.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/vec.h"
#include "ledger/ledger_finding.h"

/* A drop of a tenth, and of three at least, is not believed (contracts/aws.md 6.6 rule 4). */
#define SHRINK_LEAST   3
#define SHRINK_PERCENT 10

#define UNTOUCHABLE "subs_untouchable" /* meta: Okta ids, a line each */

static bool is_live(const struct subs_seat *seat)
{
    return seat->status != SUBS_CANCELED;
}

/* The better of two rows of one user: one that counts, then the higher plan. */
static bool is_better(const struct catalogue *catalogue, const struct subs_seat *a,
                      const struct subs_seat *b)
{
    const struct catalogue_plan *pa = catalogue_read(catalogue, a->raw);
    const struct catalogue_plan *pb = catalogue_read(catalogue, b->raw);

    if (is_live(a) != is_live(b))
        return is_live(a);
    /* What nobody has mapped makes the person untouchable, so it is what is shown. */
    if (!pa || !pb)
        return !pa;
    return catalogue_compare(catalogue, pa->plan, pb->plan) > 0;
}

static void index_seats(const struct world *world, struct seen_subs *subs)
{
    const struct catalogue *catalogue = &world->settings->policy.catalogue;

    for (size_t i = 0; i < subs->listing.n; i++) {
        const struct subs_seat *seat = &subs->listing.seats[i];
        const struct subs_seat *known = map_get(&subs->by_user, seat->user);
        struct subs_seat *copy = arena_new(subs->arena, struct subs_seat);
        if (known && !is_better(catalogue, seat, known))
            continue;
        *copy = *seat;
        map_put(&subs->by_user, subs->arena, copy->user, copy);
    }
}

static bool is_acked(const struct ack *acks, size_t n, struct str subject)
{
    for (size_t i = 0; i < n; i++) {
        if (acks[i].kind == FINDING_SHRUNK_LISTING && str_eq(acks[i].subject, subject))
            return true;
    }
    return false;
}

/* Held against the last listing that was believed; a cancelled one may go at any month's end. */
static bool judge_shrink(const struct world *world, struct seen_subs *subs, struct err *err)
{
    const struct ack *acks;
    size_t n_acks, before = 0, lost = 0;

    for (size_t i = 0; i < subs->memory.n; i++) {
        const struct subs_row *row = &subs->memory.rows[i];
        if (str_is(row->status, "canceled"))
            continue;
        before++;
        lost += !map_has(&subs->by_user, row->user);
    }
    bool is_many = lost >= SHRINK_LEAST && lost * 100 >= before * SHRINK_PERCENT;
    if (!is_many && !(before > 0 && subs->listing.n == 0))
        return true;
    subs->shrunk_why = arena_printf(
        subs->arena, "the list of subscriptions lost %zu of %zu at once", lost, before);
    subs->shrunk_subject = arena_printf(subs->arena, "subscriptions %lld %zu of %zu",
                                        (long long)subs->memory.accepted_at, lost, before);
    if (!ledger_load_acks(world->ledger, subs->arena, &acks, &n_acks, err))
        return false;
    if (is_acked(acks, n_acks, subs->shrunk_subject)) {
        subs->shrunk_subject = (struct str){0};
    } else {
        subs->ok = false;
        subs->why = subs->shrunk_why;
    }
    return true;
}

/* By this listing, or, while there is none, by the last one. */
static bool find_untouchable(const struct world *world, const struct seen_store *store,
                             const struct roll *roll, struct seen_subs *subs, struct err *err)
{
    VEC_OF(struct str) ids = {0};
    struct str known;
    size_t n;

    if (subs->ok) {
        const struct sub_row *rows = subs_rows(world, store, subs, roll, subs->arena, &n);
        subs->untouchable = sub_untouchable(rows, n, subs->arena);
        return true;
    }
    if (!ledger_meta_get(world->ledger, UNTOUCHABLE, subs->arena, &known, err))
        return false;
    while (known.len > 0)
        VEC_PUSH(subs->arena, &ids, str_cut(&known, '\n'));
    subs->untouchable = (struct people){ids.items, ids.n};
    return true;
}

static bool list(const struct world *world, const struct seen_store *store, struct seen_subs *out,
                 struct err *err)
{
    struct err why = {0};

    if (!ledger_load_subs(world->ledger, store->instance.store_id, out->arena, &out->memory, err))
        return false;
    subs_set_instance(world->subs, store->instance.arn);
    if (!subs_list(world->subs, out->arena, &out->listing, &why)) {
        if (why.kind == ERR_CANCELLED) {
            *err = why;
            return false;
        }
        out->listing = (struct subs_listing){.state = LISTING_UNKNOWN,
                                             .why = arena_str(out->arena, str_of(why.msg))};
    }
    out->ok = out->listing.state == LISTING_SEALED;
    if (!out->ok) {
        out->unreadable = true;
        out->why = arena_printf(out->arena, "the subscriptions could not be read: %.*s",
                                STR_ARG(out->listing.why));
        return true;
    }
    if (out->listing.extra.len > 0)
        log_info("subs.new_members", "names=%s", log_q(&out->listing.extra));
    index_seats(world, out);
    return judge_shrink(world, out, err);
}

bool observe_subs(const struct world *world, const struct roll *roll,
                  const struct seen_store *store, struct seen_subs *out, struct err *err)
{
    *out = (struct seen_subs){.wanted = world->subs && store->wanted && store->ok,
                              .arena = roll->arena};
    return (!out->wanted || list(world, store, out, err)) &&
           (!world->subs || find_untouchable(world, store, roll, out, err));
}

static bool keep_untouchable(const struct world *world, const struct seen_subs *subs,
                             struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};

    for (size_t i = 0; i < subs->untouchable.n; i++)
        buf_printf(&text, "%.*s\n", STR_ARG(subs->untouchable.ids[i]));
    return ledger_meta_note(world->ledger, UNTOUCHABLE, buf_str(&text), err);
}

bool remember_subs(const struct world *world, const struct seen_store *store,
                   const struct seen_subs *subs, int64_t now_ms, struct err *err)
{
    struct subs_row *rows;

    if (!subs->ok)
        return true;
    rows = arena_array(subs->arena, struct subs_row, subs->listing.n);
    for (size_t i = 0; i < subs->listing.n; i++) {
        const struct subs_seat *seat = &subs->listing.seats[i];
        rows[i] = (struct subs_row){
            .user = seat->user,
            .raw = seat->raw,
            .status = str_of(subs_status_name(seat->status)),
            .since = seat->status == SUBS_ACTIVE    ? seat->activated_ms
                     : seat->status == SUBS_PENDING ? seat->created_ms
                                                    : 0,
            .seen_at = now_ms,
        };
    }
    return ledger_store_subs(world->ledger, store->instance.store_id, rows, subs->listing.n, now_ms,
                             err) &&
           keep_untouchable(world, subs, err);
}

static int by_user(const void *a, const void *b)
{
    return str_cmp(((const struct subs_row *)a)->user, ((const struct subs_row *)b)->user);
}

/* Since when it is as it is: as remembered, else as the service says, else now. */
static int64_t since_of(const struct seen_subs *subs, const struct subs_seat *seat, int64_t now_ms)
{
    const struct subs_row key = {.user = seat->user};
    const struct subs_memory *memory = &subs->memory;
    const struct subs_row *row =
        memory->n > 0 ? bsearch(&key, memory->rows, memory->n, sizeof(key), by_user) : NULL;
    int64_t told = seat->status == SUBS_ACTIVE ? seat->activated_ms : seat->created_ms;

    while (row && row > memory->rows && str_eq(row[-1].user, seat->user))
        row--;
    for (; row && row < memory->rows + memory->n && str_eq(row->user, seat->user); row++) {
        if (str_eq(row->raw, seat->raw) && str_is(row->status, subs_status_name(seat->status)))
            return row->since;
    }
    return told > 0 ? told : now_ms;
}

struct subs_sight subs_of(const struct world *world, const struct seen_store *store,
                          const struct seen_subs *subs, struct str person)
{
    const struct idc_user_row *user = map_get(&store->by_person, person);
    struct subs_sight sight = {.is_known = subs->ok && user != NULL};

    if (!sight.is_known)
        return sight;
    sight.seat = map_get(&subs->by_user, user->user);
    if (!sight.seat)
        return sight;
    sight.plan = catalogue_read(&world->settings->policy.catalogue, sight.seat->raw);
    sight.since_ms = since_of(subs, sight.seat, clock_now(world->clock));
    return sight;
}

static enum sub_status told(enum subs_status status)
{
    switch (status) {
    case SUBS_PENDING: return SUB_PENDING;
    case SUBS_ACTIVE: return SUB_ACTIVE;
    case SUBS_CANCELED: break;
    }
    return SUB_CANCELED;
}

const struct sub_row *subs_rows(const struct world *world, const struct seen_store *store,
                                const struct seen_subs *subs, const struct roll *roll,
                                struct arena *arena, size_t *n)
{
    struct sub_row *rows;

    *n = subs->ok ? subs->listing.n : 0;
    rows = arena_array(arena, struct sub_row, *n);
    for (size_t i = 0; i < *n; i++) {
        const struct subs_seat *seat = &subs->listing.seats[i];
        const struct catalogue_plan *plan =
            catalogue_read(&world->settings->policy.catalogue, seat->raw);
        const struct idc_user_row *user = map_get(&store->by_user, seat->user);
        struct str person = user ? user->person : (struct str){0};
        const struct person_facts *facts = person.len > 0 ? roll_get(roll, person) : NULL;
        rows[i] = (struct sub_row){
            .user = seat->user,
            .person = person,
            .login = facts  ? facts->person.login
                     : user ? user->user_name
                            : (struct str){0},
            .raw = seat->raw,
            .plan = plan ? plan->plan : (struct str){0},
            .status = told(seat->status),
            .since_ms = since_of(subs, seat, roll->now_ms),
        };
    }
    return rows;
}
