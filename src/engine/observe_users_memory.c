#include <inttypes.h>

#include "base/buf.h"
#include "engine/observe_users_inside.h"

/* Who is who in Identity Center, from one run to the next: the ledger's rows, and the conflicts. */

#define CONFLICTS "idc_users_conflicts" /* what the last look at everybody showed: only it can */

/* Two users that could be one person are seen in the whole directory alone; between two looks at it
 * they are remembered, a line each. */
static bool keep_conflicts(struct users *users, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};

    for (size_t i = 0; i < users->store->conflicts.n; i++) {
        const struct store_conflict *conflict = &users->store->conflicts.items[i];
        buf_printf(&text, "%.*s\t%.*s\t%.*s\n", STR_ARG(conflict->person), STR_ARG(conflict->login),
                   STR_ARG(conflict->why));
    }
    return ledger_meta_note(users->world->ledger, CONFLICTS, buf_str(&text), err);
}

static bool recall_conflicts(struct users *users, struct err *err)
{
    struct str text;

    if (!ledger_meta_get(users->world->ledger, CONFLICTS, users->arena, &text, err))
        return false;
    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');
        struct str person = str_cut(&line, '\t');
        struct str login = str_cut(&line, '\t');
        if (!users_is_bound(users, person))
            users_note_conflict(users, person, login, line);
    }
    return true;
}

void users_index_row(struct seen_store *store, const struct idc_user_row *row, struct arena *arena)
{
    struct idc_user_row *copy = arena_new(arena, struct idc_user_row);

    *copy = *row;
    map_put(&store->by_user, arena, copy->user, copy);
    if (copy->person.len > 0)
        map_put(&store->by_person, arena, copy->person, copy);
    if (copy->issuer.len > 0)
        store->issuer = copy->issuer;
}

/* What is known now: the former rows without who is gone, and the fresh ones over them. */
static void index_anew(struct users *users)
{
    struct seen_store *store = users->store;
    const struct map before = store->by_user;

    store->by_user = store->by_person = (struct map){0};
    users->gone.n = str_sort_unique(users->gone.items, users->gone.n);
    for (size_t i = 0; i < before.n; i++) {
        if (!str_in_sorted(users->gone.items, users->gone.n, before.entries[i].key))
            users_index_row(store, before.entries[i].value, users->arena);
    }
    for (size_t i = 0; i < users->fresh.n; i++)
        users_index_row(store, &users->fresh.items[i], users->arena);
}

/* Members that were nobody until now are known by their person in what was accepted before, too. */
static bool rename_members(struct users *users, const struct map *before, struct err *err)
{
    for (size_t i = 0; i < users->fresh.n; i++) {
        const struct idc_user_row *row = &users->fresh.items[i];
        const struct idc_user_row *was = map_get(before, row->user);
        if (row->person.len > 0 && (!was || was->person.len == 0) &&
            !ledger_rename_member(users->world->ledger,
                                  arena_printf(users->arena, "idc:%.*s", STR_ARG(row->user)),
                                  row->person, err))
            return false;
    }
    return true;
}

bool users_remember(struct users *users, struct err *err)
{
    struct ledger *ledger = users->world->ledger;
    const struct map before = users->store->by_user;
    const struct str *conflicts = NULL;
    size_t n_conflicts = 0;

    index_anew(users);
    if (users->roll->dry)
        return users->whole || recall_conflicts(users, err);
    if (!ledger_store_idc_users(ledger, users->store->instance.store_id, users->fresh.items,
                                users->fresh.n, users->gone.items, users->gone.n,
                                users->roll->now_ms, users->arena, &conflicts, &n_conflicts, err))
        return err_wrap(err, "users of Identity Center");
    if (n_conflicts > 0) { /* bound otherwise while this run looked */
        return err_set(err, ERR_LEDGER, "the user %.*s of Identity Center was bound meanwhile",
                       STR_ARG(conflicts[0]));
    }
    if (!rename_members(users, &before, err))
        return false;
    if (!users->whole)
        return recall_conflicts(users, err);
    return keep_conflicts(users, err) &&
           ledger_meta_note(ledger, STORE_USERS_LISTED_AT,
                            arena_printf(users->arena, "%" PRId64, users->roll->now_ms), err);
}
