#include "sim/sim_expr.h"

#include <string.h>

#include "base/clock.h"

#define MAX_DEPTH 16
#define MAX_TESTS 100

struct parser {
    struct str rest;
    struct arena *arena;
    unsigned depth, n_tests;
};

static void skip_blanks(struct parser *p)
{
    while (p->rest.len > 0 && p->rest.ptr[0] == ' ')
        p->rest = str_sub(p->rest, 1, p->rest.len);
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static struct str peek_word(struct parser *p)
{
    size_t n = 0;

    skip_blanks(p);
    while (n < p->rest.len && is_word_char(p->rest.ptr[n]))
        n++;
    return str_sub(p->rest, 0, n);
}

static bool take_char(struct parser *p, char c)
{
    skip_blanks(p);
    if (p->rest.len == 0 || p->rest.ptr[0] != c)
        return false;
    p->rest = str_sub(p->rest, 1, p->rest.len);
    return true;
}

static bool take_word(struct parser *p, const char *word)
{
    struct str next = peek_word(p);

    if (!str_ieq(next, str_of(word)))
        return false;
    p->rest = str_sub(p->rest, next.len, p->rest.len);
    return true;
}

/* A JSON string behind its opening quote; only the escapes that a value here needs. */
static bool take_string(struct parser *p, struct str *out)
{
    char *text = arena_alloc(p->arena, p->rest.len + 1, 1);
    size_t n = 0;

    for (size_t i = 0; i < p->rest.len; i++) {
        char c = p->rest.ptr[i];

        if (c == '"') {
            p->rest = str_sub(p->rest, i + 1, p->rest.len);
            *out = (struct str){text, n};
            return true;
        }
        if (c == '\\') {
            if (++i == p->rest.len)
                return false;
            c = p->rest.ptr[i];
            if (c != '"' && c != '\\' && c != '/')
                return false;
        }
        text[n++] = c;
    }
    return false;
}

static bool take_op(struct parser *p, enum sim_op *out)
{
    static const char *const words[] = {"eq", "sw", "co", "gt", "ge", "lt", "le", "pr"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (take_word(p, words[i])) {
            *out = (enum sim_op)i;
            return true;
        }
    }
    return false;
}

static bool parse_or(struct parser *p, const struct sim_expr **out);

static bool parse_test(struct parser *p, const struct sim_expr **out)
{
    struct sim_expr *test = arena_new(p->arena, struct sim_expr);

    test->attribute = peek_word(p);
    p->rest = str_sub(p->rest, test->attribute.len, p->rest.len);
    if (test->attribute.len == 0 || ++p->n_tests > MAX_TESTS || !take_op(p, &test->op))
        return false;
    *out = test;
    if (test->op == SIM_PR)
        return true;
    if (take_char(p, '"'))
        return take_string(p, &test->value);
    /* Plain words, as `true` or a number. */
    test->value = peek_word(p);
    p->rest = str_sub(p->rest, test->value.len, p->rest.len);
    return test->value.len > 0;
}

static bool parse_factor(struct parser *p, const struct sim_expr **out)
{
    bool negated = take_word(p, "not");
    bool ok;

    if (p->depth == MAX_DEPTH)
        return false;
    p->depth++;
    if (take_char(p, '(')) {
        ok = parse_or(p, out) && take_char(p, ')');
    } else {
        ok = !negated && parse_test(p, out);
    }
    p->depth--;
    if (ok && negated) {
        struct sim_expr *inverse = arena_new(p->arena, struct sim_expr);

        inverse->kind = SIM_EXPR_NOT;
        inverse->left = *out;
        *out = inverse;
    }
    return ok;
}

static const struct sim_expr *join(struct parser *p, int kind, const struct sim_expr *left,
                                   const struct sim_expr *right)
{
    struct sim_expr *both = arena_new(p->arena, struct sim_expr);

    both->kind = kind == SIM_EXPR_AND ? SIM_EXPR_AND : SIM_EXPR_OR;
    both->left = left;
    both->right = right;
    return both;
}

static bool parse_and(struct parser *p, const struct sim_expr **out)
{
    if (!parse_factor(p, out))
        return false;
    while (take_word(p, "and")) {
        const struct sim_expr *right;

        if (!parse_factor(p, &right))
            return false;
        *out = join(p, SIM_EXPR_AND, *out, right);
    }
    return true;
}

static bool parse_or(struct parser *p, const struct sim_expr **out)
{
    if (!parse_and(p, out))
        return false;
    while (take_word(p, "or")) {
        const struct sim_expr *right;

        if (!parse_and(p, &right))
            return false;
        *out = join(p, SIM_EXPR_OR, *out, right);
    }
    return true;
}

bool sim_expr_parse(struct str text, struct arena *arena, const struct sim_expr **out)
{
    struct parser p = {.rest = text, .arena = arena};

    if (!parse_or(&p, out))
        return false;
    skip_blanks(&p);
    return p.rest.len == 0;
}

bool sim_expr_allows(const struct sim_expr *expr,
                     bool (*allows)(struct str attribute, enum sim_op op))
{
    if (expr->kind == SIM_EXPR_TEST)
        return allows(expr->attribute, expr->op);
    return sim_expr_allows(expr->left, allows) &&
           (!expr->right || sim_expr_allows(expr->right, allows));
}

/* ---- evaluation ---- */

static bool equal(struct str a, struct str b, bool fold)
{
    return fold ? str_ieq(a, b) : str_eq(a, b);
}

static bool contains(struct str text, struct str part, bool fold)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (equal(str_sub(text, i, i + part.len), part, fold))
            return true;
    }
    return false;
}

static int order(struct str a, struct str b)
{
    int64_t left;
    int64_t right;

    if (time_parse_iso(a, &left) && time_parse_iso(b, &right))
        return left < right ? -1 : left > right;
    return str_cmp(a, b);
}

static bool test_holds(const struct sim_expr *test, struct str value, bool fold)
{
    switch (test->op) {
    case SIM_EQ: return equal(value, test->value, fold);
    case SIM_SW:
        return value.len >= test->value.len &&
               equal(str_sub(value, 0, test->value.len), test->value, fold);
    case SIM_CO: return contains(value, test->value, fold);
    case SIM_GT: return order(value, test->value) > 0;
    case SIM_GE: return order(value, test->value) >= 0;
    case SIM_LT: return order(value, test->value) < 0;
    case SIM_LE: return order(value, test->value) <= 0;
    case SIM_PR: break;
    }
    return value.len > 0;
}

bool sim_expr_holds(const struct sim_expr *expr, const struct sim_thing *thing)
{
    switch (expr->kind) {
    case SIM_EXPR_AND:
        return sim_expr_holds(expr->left, thing) && sim_expr_holds(expr->right, thing);
    case SIM_EXPR_OR:
        return sim_expr_holds(expr->left, thing) || sim_expr_holds(expr->right, thing);
    case SIM_EXPR_NOT: return !sim_expr_holds(expr->left, thing);
    case SIM_EXPR_TEST: break;
    }
    return test_holds(expr, thing->value(thing->self, expr->attribute), thing->fold_case);
}
