#include "settings/settings_digest.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/vec.h"

static struct str canonical(const struct settings_node *node, struct arena *arena);

/* `key=value`, or nothing when no rule is in it. The length keeps a key apart from what follows. */
static struct str canonical_entry(const struct node_entry *entry, struct arena *arena)
{
    struct str value = canonical(entry->value, arena);

    if (value.len == 0 || entry->key.len == 0)
        return value;
    return arena_printf(arena, "%zu:%.*s=%.*s", entry->key.len, STR_ARG(entry->key),
                        STR_ARG(value));
}

/* Everything that holds something is a set here: which approver or domain comes first, or in what
 * order keys stand, decides nothing. */
static struct str canonical_set(const struct settings_node *node, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct str *parts = arena_array(arena, struct str, node->entries.n);
    size_t n = 0;

    for (size_t i = 0; i < node->entries.n; i++) {
        struct str part = canonical_entry(&node->entries.items[i], arena);

        if (part.len > 0)
            parts[n++] = part;
    }
    if (n == 0)
        return (struct str){0};
    n = str_sort_unique(parts, n);
    buf_add_char(&out, node->kind == NODE_MAP ? '{' : '[');
    for (size_t i = 0; i < n; i++) {
        buf_add(&out, parts[i]);
        buf_add_char(&out, ';');
    }
    buf_add_char(&out, node->kind == NODE_MAP ? '}' : ']');
    return arena_str(arena, buf_str(&out));
}

static struct str canonical(const struct settings_node *node, struct arena *arena)
{
    if (node->kind != NODE_SCALAR)
        return canonical_set(node, arena);
    if (!node->is_rule)
        return (struct str){0};
    return arena_printf(arena, "%zu:%.*s", node->text.len, STR_ARG(node->text));
}

/* Names hold no blanks, so the fields cannot run into each other. */
static struct str canonical_plan(const struct catalogue_plan *plan, struct arena *arena)
{
    return arena_printf(arena, "plan %.*s %.*s %d %lld %lld", STR_ARG(plan->plan),
                        STR_ARG(plan->family), plan->rank, (long long)plan->price_minor,
                        (long long)plan->credits);
}

static struct str canonical_family(const struct catalogue_family *family, struct arena *arena)
{
    return arena_printf(arena, "family %.*s %.*s %d %d", STR_ARG(family->family),
                        STR_ARG(family->one_way_to), family->downgrade_next_month,
                        family->billed_from_first_use);
}

/* Spellings come from outside and may hold anything: the length keeps them apart. */
static struct str canonical_spelling(const struct catalogue_plan *plan, struct str spelling,
                                     struct arena *arena)
{
    return arena_printf(arena, "read %.*s %zu:%.*s", STR_ARG(plan->plan), spelling.len,
                        STR_ARG(spelling));
}

static void add_catalogue(struct sha256 *sha, const struct catalogue *catalogue,
                          struct arena *arena)
{
    VEC_OF(struct str) list = {0};

    for (size_t i = 0; i < catalogue->n_plans; i++) {
        const struct catalogue_plan *plan = &catalogue->plans[i];

        VEC_PUSH(arena, &list, canonical_plan(plan, arena));
        for (size_t k = 0; k < plan->n_read_as; k++)
            VEC_PUSH(arena, &list, canonical_spelling(plan, plan->read_as[k], arena));
    }
    for (size_t i = 0; i < catalogue->n_families; i++)
        VEC_PUSH(arena, &list, canonical_family(&catalogue->families[i], arena));
    size_t n = list.n > 0 ? str_sort_unique(list.items, list.n) : 0;
    sha256_add_field(sha, catalogue->currency);
    for (size_t i = 0; i < n; i++)
        sha256_add_field(sha, list.items[i]);
}

struct str settings_digest(const struct settings_node *effective, const struct catalogue *catalogue,
                           struct arena *arena)
{
    struct sha256 sha;
    char hex[SHA256_HEX];

    sha256_init(&sha);
    sha256_add_field(&sha, STR("seatkeeper policy 1"));
    sha256_add_field(&sha, canonical(effective, arena));
    add_catalogue(&sha, catalogue, arena);
    sha256_done_hex(&sha, hex);
    return arena_str(arena, str_of(hex));
}
