#include "cli/cost_use.h"

#include "ledger/ledger_hop.h"
#include "ledger/ledger_subs.h"

static struct str key_of(const struct cost_use *use, struct str person, struct str plan)
{
    return arena_printf(use->arena, "%.*s %.*s", STR_ARG(plan), STR_ARG(person));
}

static struct map people_of(const struct idc_user_row *users, size_t n, struct arena *arena)
{
    struct map people = {0};

    for (size_t i = 0; i < n; i++) {
        struct str *person = arena_new(arena, struct str);

        *person = users[i].person;
        if (person->len > 0)
            (void)map_put(&people, arena, users[i].user, person);
    }
    return people;
}

static void take_row(struct cost_use *use, const struct catalogue *catalogue,
                     const struct map *people, const struct subs_row *row)
{
    const struct catalogue_plan *plan = catalogue_read(catalogue, row->raw);
    const struct str *person = map_get(people, row->user);

    if (!plan || !person || !str_is(row->status, "active"))
        return;
    struct str key = key_of(use, *person, plan->plan);
    int64_t *first = map_get(&use->first, key);
    if (!first) {
        first = arena_new(use->arena, int64_t);
        (void)map_put(&use->first, use->arena, key, first);
    }
    if (*first == 0 || row->since < *first)
        *first = row->since;
}

bool cost_use_read(struct cli *cli, struct cost_use *out, struct err *err)
{
    struct cost_use use = {.arena = &cli->arena};
    const struct idc_user_row *users;
    struct subs_memory memory;
    struct str store;
    size_t n;

    if (!ledger_meta_get(cli->ledger, "aws_store", &cli->arena, &store, err))
        return false;
    *out = use;
    if (store.len == 0)
        return true;
    if (!ledger_load_subs(cli->ledger, store, &cli->arena, &memory, err) ||
        !ledger_load_idc_users(cli->ledger, store, &cli->arena, &users, &n, err))
        return false;
    const struct map people = people_of(users, n, &cli->arena);
    for (size_t i = 0; i < memory.n; i++)
        take_row(&use, &cli->settings.policy.catalogue, &people, &memory.rows[i]);
    *out = use;
    return true;
}

int64_t cost_first_use(const struct cost_use *use, struct str person, struct str plan)
{
    arena_mark_t mark = arena_mark(use->arena);
    const int64_t *first = map_get(&use->first, key_of(use, person, plan));

    arena_reset(use->arena, mark);
    return first ? *first : 0;
}
