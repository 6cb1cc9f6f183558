#include "engine/world.h"

void world_progress(const struct world *world, const char *stage, size_t done, size_t all)
{
    if (world->progress)
        world->progress(world->progress_self, stage, done, all);
}

static bool list(void *self, const struct str *collections, size_t n, struct arena *arena,
                 struct listing *out, struct err *err)
{
    return okta_list_members(self, collections, n, arena, out, err);
}

static struct op_result result_of(const struct okta_result *res)
{
    /* What the remote says it did is not yet what is there: DONE comes from a look, later. */
    static const enum op_state states[] = {
        [EFFECT_DONE] = OP_SENT,
        [EFFECT_NONE] = OP_PLANNED,
        [EFFECT_REFUSED] = OP_FAILED,
        [EFFECT_UNKNOWN] = OP_UNKNOWN,
    };

    return (struct op_result){
        .state = states[res->effect],
        .wait_ms = res->wait_ms,
        .group_refuses = res->group_gone || res->read_only,
        .why = res->why,
    };
}

static bool apply(void *self, const struct op *const *ops, size_t n, struct arena *arena,
                  struct op_result *out, struct err *err)
{
    struct okta_change *changes = arena_array(arena, struct okta_change, n);
    struct okta_result *results = arena_array(arena, struct okta_result, n);

    for (size_t i = 0; i < n; i++) {
        changes[i] = (struct okta_change){
            .verb = ops[i]->kind == OP_OKTA_ADD ? OKTA_ADD : OKTA_REMOVE,
            .group = ops[i]->group,
            .person = ops[i]->person,
        };
    }
    if (!okta_write(self, changes, n, arena, results, err))
        return err_wrap(err, "applying %zu changes", n);
    for (size_t i = 0; i < n; i++)
        out[i] = result_of(&results[i]);
    return true;
}

struct target engine_okta_target(struct okta *okta)
{
    return (struct target){.source = {okta, list}, .apply = apply};
}
