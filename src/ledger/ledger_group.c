#include "ledger/ledger_group.h"

#include <stdlib.h>

#include "base/vec.h"
#include "core/overlay.h"
#include "ledger/ledger_inside.h"

static const char *const roles[] = {[PIN_PLAN] = "plan",
                                    [PIN_ASSIGNMENT] = "assignment",
                                    [PIN_NAMED] = "named",
                                    [PIN_STORE] = "store"};

/* ---- pins ---- */

static void begin_digest(struct row_digest *digest, const struct group_pin *pin)
{
    row_digest_begin(digest, "group_pin");
    row_digest_text(digest, str_of(roles[pin->role]));
    row_digest_text(digest, pin->entitlement);
    row_digest_text(digest, pin->plan);
    row_digest_text(digest, pin->ref);
    row_digest_text(digest, pin->group_id);
    row_digest_text(digest, pin->group_name);
    row_digest_int(digest, pin->pinned_at);
}

static bool parse_role(struct str word, enum pin_role *out)
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (str_is(word, roles[i])) {
            *out = (enum pin_role)i;
            return true;
        }
    }
    return false;
}

struct loading_pins {
    struct arena *arena;
    VEC_OF(struct group_pin) rows;
};

static bool take_pin(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_pins *loading = self;
    struct arena *arena = loading->arena;
    struct row_digest digest;
    struct str role = sql_view(stmt, 0);
    struct group_pin pin = {
        .entitlement = sql_str(stmt, 1, arena),
        .plan = sql_str(stmt, 2, arena),
        .ref = sql_str(stmt, 3, arena),
        .group_id = sql_str(stmt, 4, arena),
        .group_name = sql_str(stmt, 5, arena),
        .pinned_at = sql_i64(stmt, 6),
    };

    if (!parse_role(role, &pin.role))
        return bad_word("group_pin.role", role, err);
    begin_digest(&digest, &pin);
    if (!row_digest_fits(&digest, sql_view(stmt, 7), "group pin", pin.ref, err))
        return false;
    VEC_PUSH(arena, &loading->rows, pin);
    return true;
}

static int compare_pins(const void *a, const void *b)
{
    const struct group_pin *pa = a;
    const struct group_pin *pb = b;
    int order = (pa->role > pb->role) - (pa->role < pb->role);

    if (order == 0)
        order = str_cmp(pa->entitlement, pb->entitlement);
    if (order == 0)
        order = str_cmp(pa->plan, pb->plan);
    return order != 0 ? order : str_cmp(pa->ref, pb->ref);
}

bool ledger_load_pins(struct ledger *ledger, struct arena *arena, const struct group_pin **items,
                      size_t *n, struct err *err)
{
    struct loading_pins loading = {.arena = arena};
    struct group_pin last = {0};
    size_t rows;

    do {
        const char *role = loading.rows.n > 0 ? roles[last.role] : "";
        if (!sql_each(ledger,
                      "SELECT role, entitlement, plan, ref, group_id, group_name, pinned_at, digest"
                      " FROM group_pin WHERE (role, entitlement, plan, ref) > ($1, $2, $3, $4)"
                      " ORDER BY role, entitlement, plan, ref LIMIT $5",
                      SQL_VALUES(sql_word(role), sql_text(last.entitlement), sql_text(last.plan),
                                 sql_text(last.ref), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_pin, &loading}, &rows, err))
            return err_wrap(err, "loading pinned groups");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1];
    } while (sql_page_is_full(rows));
    if (loading.rows.n > 1)
        qsort(loading.rows.items, loading.rows.n, sizeof(loading.rows.items[0]), compare_pins);
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

static bool read_pin(struct ledger *ledger, const struct group_pin *like, struct arena *arena,
                     struct group_pin *out, struct err *err)
{
    struct loading_pins loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger,
                  "SELECT role, entitlement, plan, ref, group_id, group_name, pinned_at, digest"
                  " FROM group_pin WHERE role = $1 AND entitlement = $2 AND plan = $3 AND ref = $4",
                  SQL_VALUES(sql_word(roles[like->role]), sql_text(like->entitlement),
                             sql_text(like->plan), sql_text(like->ref)),
                  (struct sql_sink){take_pin, &loading}, &rows, err))
        return false;
    *out = rows > 0 ? loading.rows.items[0] : (struct group_pin){0};
    return true;
}

static bool note_pin(struct ledger *ledger, const struct actor *actor, const struct group_pin *pin,
                     const struct group_pin *before, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "role", str_of(roles[pin->role]));
    detail_str(&detail, "entitlement", pin->entitlement);
    detail_str(&detail, "plan", pin->plan);
    detail_str(&detail, "ref", pin->ref);
    detail_str(&detail, "group", pin->group_id);
    detail_str(&detail, "name", pin->group_name);
    detail_str(&detail, "before", before->group_id);
    return audit_append(ledger, actor,
                        &(struct note){.what = "group.pinned",
                                       .subject = pin->group_id,
                                       .detail = detail_end(&detail)},
                        err);
}

bool ledger_pin_group(struct ledger *ledger, const struct actor *actor, const struct group_pin *pin,
                      struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct group_pin row = *pin, before;
    struct row_digest digest;

    if (!txn_begin(&txn, ledger, err) || !read_pin(ledger, pin, scratch.arena, &before, err))
        return false;
    if (str_eq(before.group_id, pin->group_id) && str_eq(before.group_name, pin->group_name))
        return true;
    row.pinned_at = ledger_now(ledger);
    begin_digest(&digest, &row);
    return sql_run(ledger,
                   "INSERT INTO group_pin (role, entitlement, plan, ref, group_id, group_name,"
                   " pinned_at, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                   " ON CONFLICT (role, entitlement, plan, ref) DO UPDATE SET"
                   " group_id = excluded.group_id, group_name = excluded.group_name,"
                   " pinned_at = excluded.pinned_at, digest = excluded.digest",
                   SQL_VALUES(sql_word(roles[row.role]), sql_text(row.entitlement),
                              sql_text(row.plan), sql_text(row.ref), sql_text(row.group_id),
                              sql_text(row.group_name), sql_int(row.pinned_at),
                              sql_text(row_digest_end(&digest))),
                   NULL, err) &&
           note_pin(ledger, actor, &row, &before, err) && txn_commit(&txn, err);
}

/* ---- baselines ---- */

struct loading_members {
    struct arena *arena;
    VEC_OF(struct accepted) rows;
};

static bool take_member(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_members *loading = self;
    struct str state = sql_view(stmt, 1);
    struct accepted row = {
        .person = sql_str(stmt, 0, loading->arena),
        .taken_out = str_is(state, "taken_out"),
        .owned = sql_i64(stmt, 2) != 0,
        .since_ms = sql_i64(stmt, 3),
    };

    if (!row.taken_out && !str_is(state, "present"))
        return bad_word("membership.state", state, err);
    VEC_PUSH(loading->arena, &loading->rows, row);
    return true;
}

static int compare_accepted(const void *a, const void *b)
{
    const struct accepted *ma = a;
    const struct accepted *mb = b;

    return str_cmp(ma->person, mb->person);
}

static bool load_members(struct ledger *ledger, struct str group, struct loading_members *loading,
                         struct err *err)
{
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT person_id, state, owned, since FROM membership"
                      " WHERE group_id = $1 AND person_id > $2 ORDER BY person_id LIMIT $3",
                      SQL_VALUES(sql_text(group), sql_text(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_member, loading}, &rows, err))
            return err_wrap(err, "loading the accepted membership");
        if (rows > 0)
            last = loading->rows.items[loading->rows.n - 1].person;
    } while (sql_page_is_full(rows));
    if (loading->rows.n > 1) {
        qsort(loading->rows.items, loading->rows.n, sizeof(loading->rows.items[0]),
              compare_accepted);
    }
    return true;
}

/* -1 when the group has none. */
static bool accepted_at(struct ledger *ledger, struct str group, int64_t *out, struct err *err)
{
    return sql_number(ledger,
                      "SELECT COALESCE(MAX(accepted_at), -1) FROM baseline WHERE group_id = $1",
                      SQL_VALUES(sql_text(group)), out, err);
}

bool ledger_load_baseline(struct ledger *ledger, struct str group, struct arena *arena,
                          struct baseline *out, struct err *err)
{
    struct loading_members loading = {.arena = arena};
    int64_t at;

    if (!accepted_at(ledger, group, &at, err) || !load_members(ledger, group, &loading, err))
        return false;
    *out = (struct baseline){.group = arena_str(arena, group),
                             .exists = at >= 0,
                             .accepted_at = at >= 0 ? at : 0,
                             .people = loading.rows.items,
                             .n = loading.rows.n};
    return true;
}

/* One pass over two sorted lists; writes only where they differ. */
struct merge {
    const struct listing *listing;
    const struct people *removed_by_us;
    struct stmt insert, mark, forget;
};

static bool write_row(struct stmt *stmt, const struct sql_value *values, size_t n, struct err *err)
{
    sql_bind(stmt, values, n);
    return sql_finish(stmt, NULL, err);
}

static bool accept_newcomer(struct merge *merge, struct str person, struct err *err)
{
    /* A listing that still shows somebody we took out meanwhile: that one is on the way out. Should
     * the person stay, the next listing says so. */
    if (people_has(merge->removed_by_us, person))
        return true;
    return write_row(&merge->insert,
                     SQL_VALUES(sql_text(merge->listing->collection), sql_text(person),
                                sql_int(merge->listing->at_ms)),
                     err);
}

static bool accept_return(struct merge *merge, const struct accepted *row, struct err *err)
{
    if (!row->taken_out)
        return true;
    return write_row(&merge->mark,
                     SQL_VALUES(sql_text(merge->listing->collection), sql_text(row->person),
                                sql_word("present"), sql_int(merge->listing->at_ms)),
                     err);
}

static bool accept_absence(struct merge *merge, const struct accepted *row, struct err *err)
{
    const struct listing *listing = merge->listing;

    if (people_has(merge->removed_by_us, row->person)) {
        return write_row(&merge->forget,
                         SQL_VALUES(sql_text(listing->collection), sql_text(row->person)), err);
    }
    /* Our own add of just now, which the listing could not show yet. */
    if (row->taken_out || (row->owned && row->since_ms > listing->at_ms - OVERLAY_WINDOW_MS))
        return true;
    return write_row(&merge->mark,
                     SQL_VALUES(sql_text(listing->collection), sql_text(row->person),
                                sql_word("taken_out"), sql_int(listing->at_ms)),
                     err);
}

static bool merge_rows(struct merge *merge, const struct accepted *rows, size_t n, struct err *err)
{
    const struct listing *listing = merge->listing;
    size_t i = 0, j = 0;

    while (i < listing->n || j < n) {
        int order = i == listing->n ? 1
                    : j == n        ? -1
                                    : str_cmp(listing->members[i].id, rows[j].person);
        bool ok = order < 0   ? accept_newcomer(merge, listing->members[i].id, err)
                  : order > 0 ? accept_absence(merge, &rows[j], err)
                              : accept_return(merge, &rows[j], err);
        if (!ok)
            return false;
        i += order <= 0;
        j += order >= 0;
    }
    return true;
}

static bool prepare_merge(struct ledger *ledger, struct merge *merge, struct err *err)
{
    return sql_prepare(ledger, &merge->insert,
                       "INSERT INTO membership (group_id, person_id, state, owned, since)"
                       " VALUES ($1, $2, 'present', 0, $3)",
                       err) &&
           sql_prepare(ledger, &merge->mark,
                       /* Who comes back by other hands is ours only while a grant says so. */
                       "UPDATE membership SET state = $3, since = $4,"
                       " owned = CASE WHEN $3 = 'taken_out' OR EXISTS (SELECT 1 FROM seat_grant g"
                       " JOIN group_pin p ON p.entitlement = g.entitlement"
                       " WHERE p.group_id = $1 AND g.person_id = $2 AND g.ended_at IS NULL"
                       " AND g.until_at > $4) THEN owned ELSE 0 END"
                       " WHERE group_id = $1 AND person_id = $2",
                       err) &&
           sql_prepare(ledger, &merge->forget,
                       "DELETE FROM membership WHERE group_id = $1 AND person_id = $2", err);
}

static void merge_done(struct merge *merge)
{
    sql_done(&merge->insert);
    sql_done(&merge->mark);
    sql_done(&merge->forget);
}

/* Room for every member twice over, so that a million of them need no setting. */
static bool scratch_for(struct ledger *ledger, const struct listing *listing, struct arena *arena,
                        struct err *err)
{
    int64_t n;

    if (!sql_number(ledger, "SELECT count(*) FROM membership WHERE group_id = $1",
                    SQL_VALUES(sql_text(listing->collection)), &n, err))
        return false;
    arena_init(arena, ((size_t)n + 16384) * 512);
    return true;
}

static bool merge_listing(struct ledger *ledger, const struct listing *listing,
                          const struct people *removed_by_us, struct err *err)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    CLEANUP(merge_done) struct merge merge = {.listing = listing, .removed_by_us = removed_by_us};
    struct loading_members loading = {.arena = &arena};

    return scratch_for(ledger, listing, &arena, err) &&
           load_members(ledger, listing->collection, &loading, err) &&
           prepare_merge(ledger, &merge, err) &&
           merge_rows(&merge, loading.rows.items, loading.rows.n, err);
}

bool ledger_accept_listing(struct ledger *ledger, struct str run, const struct listing *listing,
                           const struct people *removed_by_us, struct err *err)
{
    static const struct people nobody = {0};
    CLEANUP(txn_end) struct txn txn = {0};
    int64_t at;

    if (!listing_is_sealed(listing))
        return err_set(err, ERR_INTERNAL, "ledger: only a sealed listing can be accepted");
    if (!txn_begin(&txn, ledger, err) || !accepted_at(ledger, listing->collection, &at, err))
        return false;
    if (listing->at_ms < at) /* a later one was accepted already */
        return true;
    return merge_listing(ledger, listing, removed_by_us ? removed_by_us : &nobody, err) &&
           sql_run(
               ledger,
               "INSERT INTO baseline (group_id, accepted_at, run_id) VALUES ($1, $2, $3)"
               " ON CONFLICT (group_id) DO UPDATE SET accepted_at = excluded.accepted_at,"
               " run_id = excluded.run_id",
               SQL_VALUES(sql_text(listing->collection), sql_int(listing->at_ms), sql_text(run)),
               NULL, err) &&
           txn_commit(&txn, err);
}

bool ledger_give_back(struct ledger *ledger, const struct actor *actor, struct str group,
                      struct str person, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail = {0};
    CLEANUP(txn_end) struct txn txn = {0};
    int64_t changed;

    if (!txn_begin(&txn, ledger, err) ||
        !sql_run(ledger,
                 "DELETE FROM membership"
                 " WHERE group_id = $1 AND person_id = $2 AND state = 'taken_out'",
                 SQL_VALUES(sql_text(group), sql_text(person)), &changed, err))
        return false;
    if (changed == 0)
        return true;
    detail_begin(&detail);
    detail_str(&detail, "group", group);
    return audit_append(ledger, actor,
                        &(struct note){.what = "member.given_back",
                                       .subject = group,
                                       .person = person,
                                       .detail = detail_end(&detail)},
                        err) &&
           txn_commit(&txn, err);
}

bool ledger_rename_member(struct ledger *ledger, struct str from, struct str to, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    return txn_begin(&txn, ledger, err) &&
           sql_run(ledger,
                   "DELETE FROM membership WHERE person_id = $1 AND group_id IN"
                   " (SELECT x.group_id FROM membership x WHERE x.person_id = $2)",
                   SQL_VALUES(sql_text(from), sql_text(to)), NULL, err) &&
           sql_run(ledger, "UPDATE membership SET person_id = $2 WHERE person_id = $1",
                   SQL_VALUES(sql_text(from), sql_text(to)), NULL, err) &&
           txn_commit(&txn, err);
}
