#include "engine/observe_store.h"

/* Memberships of the Identity Store as a target: the engine speaks of people, the store of its own
 * users. */

struct str store_person(const struct seen_store *store, struct str user)
{
    const struct idc_user_row *row = map_get(&store->by_user, user);

    return row && row->person.len > 0 ? row->person
                                      : arena_printf(store->arena, "idc:%.*s", STR_ARG(user));
}

void store_to_people(const struct seen_store *store, struct listing *listing, struct arena *arena)
{
    struct member *members = arena_array(arena, struct member, listing->n);

    for (size_t i = 0; i < listing->n; i++) {
        const struct idc_user_row *row = map_get(&store->by_user, listing->members[i].id);
        members[i] = (struct member){
            .id = store_person(store, listing->members[i].id),
            .login = row ? row->user_name : (struct str){0},
        };
    }
    listing->members = members;
    listing->n = members_sort_unique(members, listing->n);
}

static bool list(void *self, const struct str *collections, size_t n, struct arena *arena,
                 struct listing *out, struct err *err)
{
    const struct seen_store *store = self;

    if (!identity_list_members(store->identity, collections, n, arena, out, NULL, err))
        return err_wrap(err, "identity center");
    for (size_t i = 0; i < n; i++)
        store_to_people(store, &out[i], arena);
    return true;
}

static struct op_result result_of(const struct identity_result *result)
{
    /* DONE comes from the engine's own look, as with every remote. */
    static const enum op_state states[] = {
        [IDENTITY_DONE] = OP_SENT,       [IDENTITY_SENT] = OP_SENT,
        [IDENTITY_NOTHING] = OP_PLANNED, [IDENTITY_REFUSED] = OP_FAILED,
        [IDENTITY_DOUBT] = OP_UNKNOWN,
    };

    return (struct op_result){
        .state = states[result->effect],
        .group_refuses = result->group_gone || result->stop,
        .why = result->why,
    };
}

static bool apply(void *self, const struct op *const *ops, size_t n, struct arena *arena,
                  struct op_result *out, struct err *err)
{
    const struct seen_store *store = self;
    struct identity_change *changes = arena_array(arena, struct identity_change, n);
    struct identity_result *results = arena_array(arena, struct identity_result, n);
    size_t *at = arena_array(arena, size_t, n);
    size_t n_known = 0;

    for (size_t i = 0; i < n; i++) {
        const struct idc_user_row *row = map_get(&store->by_person, ops[i]->person);
        if (!row) {
            out[i] = (struct op_result){
                .state = OP_FAILED,
                .why = STR("Identity Center does not know this person"),
            };
            continue;
        }
        at[n_known] = i;
        changes[n_known++] = (struct identity_change){
            .verb = op_is_add(ops[i]->kind) ? IDENTITY_ADD : IDENTITY_REMOVE,
            .group = ops[i]->group,
            .user = row->user,
        };
    }
    if (!identity_write(store->identity, changes, n_known, arena, results, err))
        return err_wrap(err, "applying %zu changes", n_known);
    for (size_t i = 0; i < n_known; i++)
        out[at[i]] = result_of(&results[i]);
    return true;
}

struct target engine_store_target(struct seen_store *store)
{
    return (struct target){.source = {store, list}, .apply = apply};
}
