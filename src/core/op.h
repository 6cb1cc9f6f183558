#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/request.h"

/*
 * An op: one change to one remote. Its id is the digest of what it does and to whom, so the same
 * change has the same id in every run.
 */

enum op_kind { OP_OKTA_ADD, OP_OKTA_REMOVE, OP_IDC_ADD, OP_IDC_REMOVE };

enum op_state { OP_PLANNED, OP_HELD, OP_SENT, OP_UNKNOWN, OP_DONE, OP_FAILED, OP_SKIPPED };

const char *op_kind_name(enum op_kind kind); /* "okta.add" */
bool op_kind_parse(struct str word, enum op_kind *out);
const char *op_state_name(enum op_state state);
bool op_state_parse(struct str word, enum op_state *out);
bool op_is_add(enum op_kind kind);
/* After it the person has less. A leave after a proved move up does not count. */
bool op_is_removal(enum op_kind kind);

struct op {
    struct str id; /* SHA-256, hex */
    enum op_kind kind;
    enum cause cause;
    struct str group, person, entitlement, plan; /* ids, and names of the settings */
    struct str login;                            /* label for people; may be empty */
    struct str group_name;
    struct str reason;      /* one sentence: why; in arena */
    struct str request;     /* id of the request that explains it, or empty */
    int64_t request_number; /* 0: none */
    int64_t explained_at;   /* when that request was filed; 0: none */
    int64_t due_ms;         /* since when it is owed: end of the grant, start of the grant, ... */
    int64_t order_ms;       /* oldest accepted first */
    bool is_renewal;        /* the person held a seat here already */
    bool to_assignment;     /* into or out of the assignment group */
    bool follows;           /* out of the Identity Store, after us having taken the person out of
                               the plan's Okta group: whatever let that go lets this go */
    bool takes_nothing;     /* a removal after which the person has no less: the seat's end was
                               counted in Okta, or a move up is proved. Not in the budget */
    bool is_proved;         /* a leave after a move: the new plan's seat is known to be there */
    int64_t cost_minor;     /* what a month changes by; may be negative */
};

struct str op_make_id(enum op_kind kind, struct str group, struct str person,
                      struct str entitlement, struct str plan, struct arena *arena);
/* Canonical order: adds before removals, assignment groups first among adds and last among
 * removals, Okta before Identity Center, then entitlement, group, person. */
int op_compare(const struct op *a, const struct op *b);
/* SHA-256, hex, over the sorted ids: what a plan is, and what a release is for. */
struct str ops_digest(const struct op *const *ops, size_t n, struct arena *arena);
