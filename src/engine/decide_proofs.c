#include "base/vec.h"
#include "engine/decide_internal.h"
#include "engine/follow.h"
#include "engine/rollout_run.h"

/*
 * The proof that a move needs before the former plan's group is left (design, section 3): the new
 * plan's subscription where subscriptions are looked at; else a whole day in the new plan's group
 * of Identity Center, in this run's listing too; without either only a person's word, for the one
 * removal or for the wave of a rollout.
 */

#define SETTLED_MS TIME_DAY

struct prover {
    const struct decide_input *in;
    const struct hop_row *rows;
    size_t n_rows;
    const struct rollout_word *words;
    size_t n_words;
};

static bool is_subscribed(const struct prover *prover, const struct grant *grant)
{
    const struct decide_input *in = prover->in;
    struct subs_sight sight = subs_of(in->world, in->store, in->subs, grant->person);

    return sight.is_known && sight.plan && sight.seat->status != SUBS_CANCELED &&
           str_eq(sight.plan->plan, grant->plan);
}

static bool is_settled(const struct prover *prover, const struct grant *grant)
{
    const struct decide_input *in = prover->in;
    const struct store_group *there = store_group_of(in->store, grant->entitlement, grant->plan);
    const struct hop_row *row =
        follow_row(prover->rows, prover->n_rows, grant->entitlement, grant->plan, grant->person);

    return in->store->ok && there && listing_is_sealed(there->listing) &&
           listing_find(there->listing, grant->person) && row && row->desired &&
           row->memory[HOP_PUSHED].state == HOP_REACHED &&
           in->roll->now_ms - row->memory[HOP_PUSHED].since_ms >= SETTLED_MS;
}

/* A rollout's move takes a person's word for its wave besides, where no subscription is seen. */
static bool is_proved(const struct prover *prover, const struct grant *grant)
{
    const struct rollout_word *word = rollout_word_of(
        prover->words, prover->n_words, grant->entitlement, grant->person, grant->plan);

    if (prover->in->world->subs)
        return is_subscribed(prover, grant);
    if (!prover->in->store->wanted)
        return word && word->given;
    return (!word || word->given) && is_settled(prover, grant);
}

bool decide_proofs(const struct decide_input *in, struct arena *arena,
                   const struct proved_move **out, size_t *n, struct err *err)
{
    struct prover prover = {.in = in};
    VEC_OF(struct proved_move) moves = {0};

    if (!ledger_load_hops(in->world->ledger, arena, &prover.rows, &prover.n_rows, err) ||
        !rollout_words(in->world->ledger, arena, &prover.words, &prover.n_words, err))
        return false;
    for (size_t i = 0; i < in->intake->n_grants; i++) {
        const struct grant *grant = &in->intake->grants[i];
        if (grant_is_live(grant, in->roll->now_ms) && is_proved(&prover, grant)) {
            VEC_PUSH(arena, &moves,
                     ((struct proved_move){grant->person, grant->entitlement, grant->plan}));
        }
    }
    proved_moves_sort(moves.items, moves.n);
    *out = moves.items;
    *n = moves.n;
    return true;
}
