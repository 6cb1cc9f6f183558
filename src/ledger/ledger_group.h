#pragma once

#include "core/observation.h"
#include "ledger/ledger.h"

/* Groups: what is pinned, and the accepted membership. */

enum pin_role {
    PIN_PLAN,
    PIN_ASSIGNMENT,
    PIN_NAMED,
    PIN_STORE, /* the group of a plan in the Identity Store */
};

struct group_pin {
    enum pin_role role;
    struct str entitlement, plan; /* empty for PIN_NAMED; no plan for PIN_ASSIGNMENT */
    struct str ref;               /* the settings' words: a name or an id */
    struct str group_id, group_name;
    int64_t pinned_at;
};

bool ledger_load_pins(struct ledger *ledger, struct arena *arena, const struct group_pin **items,
                      size_t *n, struct err *err);
/* Pins at first sight, or replaces after an acknowledgement; audited either way. */
bool ledger_pin_group(struct ledger *ledger, const struct actor *actor, const struct group_pin *pin,
                      struct err *err);

bool ledger_load_baseline(struct ledger *ledger, struct str group, struct arena *arena,
                          struct baseline *out, struct err *err);
/*
 * Makes a sealed listing the group's baseline. Members that vanished: those in `removed_by_us` are
 * forgotten, the others become `taken_out` (which re-appearing, `ledger_give_back` or an own
 * removal ends). Ownership is kept, but for who comes back without a live grant. Writes only what
 * differs. `accepted_at` becomes the listing's time. Own adds younger than the overlay's window are
 * not missed; a listing older than the accepted one changes nothing.
 */
bool ledger_accept_listing(struct ledger *ledger, struct str run, const struct listing *listing,
                           const struct people *removed_by_us, struct err *err);
/* Somebody's place in every accepted membership goes over to the id he is known by now; where that
 * id has a place already, the former one is forgotten. */
bool ledger_rename_member(struct ledger *ledger, struct str from, struct str to, struct err *err);
/* Forgets that somebody was taken out, so that an add may go on. Audited. */
bool ledger_give_back(struct ledger *ledger, const struct actor *actor, struct str group,
                      struct str person, struct err *err);
