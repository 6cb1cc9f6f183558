#include "core/verify.h"

enum proof verify_op(enum op_kind kind, struct str person, int64_t sent_at,
                     const struct listing *listing)
{
    bool is_sealed = listing_is_sealed(listing);

    /* What was asked for before the write left cannot be its effect. */
    if (!listing || listing->state == LISTING_ABSENT || listing->at_ms < sent_at)
        return PROOF_OPEN;

    bool is_there = listing_find(listing, person) != NULL;
    bool is_wanted = is_there == (op_is_add(kind));

    /* Somebody who is shown is there, however the rest of the listing fared; somebody who is not
     * shown is away only when the listing is whole. */
    if (is_wanted && (is_sealed || is_there))
        return PROOF_REACHED;
    if (!is_wanted && is_sealed && listing->at_ms - sent_at >= VERIFY_SETTLE_MS)
        return PROOF_NOT_DONE;
    return PROOF_OPEN;
}
