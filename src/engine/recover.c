#include "engine/recover.h"

#include "core/verify.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_run.h"

static const struct listing *listing_of(const struct seen_groups *groups, struct str group)
{
    for (size_t i = 0; i < groups->n; i++) {
        if (str_eq(groups->items[i].id, group))
            return groups->items[i].listing;
    }
    return NULL;
}

bool settle_consequences(const struct world *world, const struct actor *actor, enum cause cause,
                         enum op_kind kind, struct str person, struct str entitlement,
                         struct err *err)
{
    if (kind != OP_OKTA_REMOVE || (cause != CAUSE_INACTIVE && cause != CAUSE_INELIGIBLE))
        return true;
    return ledger_end_grants(world->ledger, actor, person, entitlement, cause, err);
}

/* A group of the Identity Store that this program writes no more: nobody looks at it for this op.
 */
static bool is_given_up(const struct seen_store *store, const struct op_row *row,
                        const struct listing *listing)
{
    return !listing && (row->kind == OP_IDC_ADD || row->kind == OP_IDC_REMOVE) &&
           (!store->wanted || store->ok);
}

bool recover_ops(const struct world *world, const struct seen_groups *groups,
                 const struct seen_store *store, const struct actor *actor, struct arena *arena,
                 size_t *n_open, struct err *err)
{
    const struct op_row *rows;
    size_t n;

    *n_open = 0;
    if (!ledger_unsettled_ops(world->ledger, arena, &rows, &n, err))
        return err_wrap(err, "recovering");
    for (size_t i = 0; i < n; i++) {
        const struct op_row *row = &rows[i];
        const struct listing *listing = listing_of(groups, row->group);
        enum proof proof =
            listing ? verify_op(row->kind, row->person, row->sent_at, listing) : PROOF_OPEN;
        struct settled settled = {.seq = row->seq};
        /* The Identity Store promises no read after a write: that nothing happened takes two looks
         * (design, section 6). */
        if (proof == PROOF_NOT_DONE && row->state == OP_SENT &&
            (row->kind == OP_IDC_ADD || row->kind == OP_IDC_REMOVE))
            proof = PROOF_OPEN;
        if (is_given_up(store, row, listing)) {
            settled.state = OP_SKIPPED;
            settled.reason = STR("its group is not written any more; what became of it is unknown");
            if (!ledger_settle_ops(world->ledger, actor, row->run, &settled, 1, err))
                return err_wrap(err, "recovering");
            continue;
        }
        switch (proof) {
        case PROOF_REACHED: settled.state = OP_DONE; break;
        case PROOF_NOT_DONE:
            settled.state = OP_FAILED;
            settled.reason = STR("it did not arrive; planned anew where still wanted");
            break;
        case PROOF_OPEN: settled.state = OP_UNKNOWN; break;
        }
        if (proof == PROOF_OPEN)
            ++*n_open;
        if (proof == PROOF_OPEN && row->state == OP_UNKNOWN)
            continue;
        if (!ledger_settle_ops(world->ledger, actor, row->run, &settled, 1, err))
            return err_wrap(err, "recovering");
        if (proof == PROOF_REACHED && !settle_consequences(world, actor, row->cause, row->kind,
                                                           row->person, row->entitlement, err))
            return err_wrap(err, "recovering");
    }
    return true;
}
