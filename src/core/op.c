#include "core/op.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/crypt.h"

static const char *const kind_names[] = {[OP_OKTA_ADD] = "okta.add",
                                         [OP_OKTA_REMOVE] = "okta.remove",
                                         [OP_IDC_ADD] = "idc.add",
                                         [OP_IDC_REMOVE] = "idc.remove"};
static const char *const state_names[] = {
    [OP_PLANNED] = "planned", [OP_HELD] = "held", [OP_SENT] = "sent",
    [OP_UNKNOWN] = "unknown", [OP_DONE] = "done", [OP_FAILED] = "failed",
    [OP_SKIPPED] = "skipped"};

const char *op_kind_name(enum op_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kind_names) ? kind_names[kind] : "invalid";
}

bool op_kind_parse(struct str word, enum op_kind *out)
{
    for (size_t i = 0; i < ARRAY_LEN(kind_names); i++) {
        if (str_is(word, kind_names[i])) {
            *out = (enum op_kind)i;
            return true;
        }
    }
    return false;
}

const char *op_state_name(enum op_state state)
{
    return (size_t)state < ARRAY_LEN(state_names) ? state_names[state] : "invalid";
}

bool op_state_parse(struct str word, enum op_state *out)
{
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
        if (str_is(word, state_names[i])) {
            *out = (enum op_state)i;
            return true;
        }
    }
    return false;
}

bool op_is_add(enum op_kind kind)
{
    return kind == OP_OKTA_ADD || kind == OP_IDC_ADD;
}

bool op_is_removal(enum op_kind kind)
{
    return kind == OP_OKTA_REMOVE || kind == OP_IDC_REMOVE;
}

struct str op_make_id(enum op_kind kind, struct str group, struct str person,
                      struct str entitlement, struct str plan, struct arena *arena)
{
    struct sha256 sha;
    char hex[SHA256_HEX];

    sha256_init(&sha);
    sha256_add_field(&sha, str_of(op_kind_name(kind)));
    sha256_add_field(&sha, group);
    sha256_add_field(&sha, person);
    sha256_add_field(&sha, entitlement);
    sha256_add_field(&sha, plan);
    sha256_done_hex(&sha, hex);
    return arena_str(arena, str_of(hex));
}

/* People who are joined to the assignment first arrive; people who lose it last lose nothing
 * early. */
static int stage(const struct op *op)
{
    switch (op->kind) {
    case OP_OKTA_ADD: return op->to_assignment ? 0 : 1;
    case OP_IDC_ADD: return 2;
    case OP_OKTA_REMOVE: return op->to_assignment ? 5 : 3;
    case OP_IDC_REMOVE: return 4;
    }
    return 6;
}

int op_compare(const struct op *a, const struct op *b)
{
    const struct {
        struct str a, b;
    } fields[] = {{a->entitlement, b->entitlement},
                  {a->group, b->group},
                  {a->person, b->person},
                  {a->plan, b->plan}};

    if (stage(a) != stage(b))
        return stage(a) - stage(b);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        int order = str_cmp(fields[i].a, fields[i].b);

        if (order != 0)
            return order;
    }
    return 0;
}

struct str ops_digest(const struct op *const *ops, size_t n, struct arena *arena)
{
    struct str *ids = arena_array(arena, struct str, n);
    struct sha256 sha;
    char hex[SHA256_HEX];

    for (size_t i = 0; i < n; i++)
        ids[i] = ops[i]->id;
    if (n > 1)
        qsort(ids, n, sizeof(ids[0]), str_cmp_qsort);

    sha256_init(&sha);
    for (size_t i = 0; i < n; i++)
        sha256_add_field(&sha, ids[i]);
    sha256_done_hex(&sha, hex);
    return arena_str(arena, str_of(hex));
}
