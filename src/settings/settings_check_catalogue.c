#include "base/vec.h"
#include "settings/settings_check.h"

struct plans {
    VEC_OF(struct catalogue_plan) list;
};

static struct catalogue_plan *find_plan(struct plans *plans, struct str name)
{
    for (size_t i = 0; i < plans->list.n; i++) {
        if (str_eq(plans->list.items[i].plan, name))
            return &plans->list.items[i];
    }
    return NULL;
}

/* -- Families -- */

static void replace_family(struct catalogue_family *families, size_t *n,
                           const struct catalogue_family *with)
{
    for (size_t i = 0; i < *n; i++) {
        if (str_eq(families[i].family, with->family)) {
            families[i] = *with;
            return;
        }
    }
    families[(*n)++] = *with;
}

static struct spot family_spot(const struct checker *checker, size_t i)
{
    struct spot catalogue = spot_key(checker, spot_top(checker), "catalogue");

    return spot_item(checker, spot_key(checker, catalogue, "families"), i);
}

static void merge_families(struct checker *checker, struct catalogue *catalogue)
{
    const struct bound *bound = checker->bound;
    const struct catalogue *shipped = catalogue_shipped();
    size_t n = shipped->n_families;
    struct catalogue_family *families =
        arena_array(checker->arena, struct catalogue_family, n + bound->n_families);

    memcpy(families, shipped->families, n * sizeof(*families));
    for (size_t i = 0; i < bound->n_families; i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(bound->families[j].family, bound->families[i].family) &&
                bound->families[i].family.len > 0)
                spot_complain(checker, family_spot(checker, i), "a family is described twice");
        }
        if (bound->families[i].family.len > 0)
            replace_family(families, &n, &bound->families[i]);
    }
    catalogue->families = families;
    catalogue->n_families = n;
}

/* Following one-way moves must lead somewhere, and to an end. */
static void check_one_way(struct checker *checker, const struct catalogue *catalogue, size_t i)
{
    const struct catalogue_family *family = &checker->bound->families[i];
    struct spot spot = spot_key(checker, family_spot(checker, i), "one_way_to");

    if (!spot.is_there || spot_is_bad(spot))
        return;
    for (size_t steps = 0; family && steps <= catalogue->n_families; steps++) {
        if (family->one_way_to.len == 0)
            return;
        family = catalogue_family(catalogue, family->one_way_to);
    }
    spot_complain(checker, spot,
                  family ? "leads back to itself: a one-way move needs an end"
                         : "leads to a family that the catalogue does not know");
}

/* -- Plans -- */

static struct spot plan_spot(const struct checker *checker, size_t i)
{
    struct spot catalogue = spot_key(checker, spot_top(checker), "catalogue");

    return spot_item(checker, spot_key(checker, catalogue, "plans"), i);
}

static void require_new(struct checker *checker, size_t i, const char *key, bool is_given)
{
    struct spot spot = spot_key(checker, plan_spot(checker, i), key);

    if (!is_given && !spot_is_bad(spot))
        spot_complain(checker, spot, "is required for a plan that the program does not know");
}

static void check_new_plan(struct checker *checker, size_t i)
{
    const struct plan_override *plan = &checker->bound->plans[i];

    require_new(checker, i, "family", plan->family.len > 0);
    require_new(checker, i, "rank", plan->rank >= 0);
    require_new(checker, i, "price", plan->price_minor >= 0);
}

static void apply_override(struct catalogue_plan *plan, const struct plan_override *by)
{
    if (by->family.len > 0)
        plan->family = by->family;
    if (by->title.len > 0)
        plan->title = by->title;
    if (by->rank >= 0)
        plan->rank = (int)by->rank;
    if (by->price_minor >= 0)
        plan->price_minor = by->price_minor;
    if (by->credits >= 0)
        plan->credits = by->credits;
}

/* Given spellings take the place of the known ones; an empty list takes those away. */
static void apply_spellings(const struct checker *checker, struct catalogue_plan *plan, size_t i)
{
    const struct plan_override *by = &checker->bound->plans[i];

    if (!spot_key(checker, plan_spot(checker, i), "read_as").is_there)
        return;
    plan->read_as = by->read_as;
    plan->n_read_as = by->n_read_as;
}

static bool is_repeated(const struct bound *bound, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (str_eq(bound->plans[j].plan, bound->plans[i].plan))
            return true;
    }
    return false;
}

static void merge_plan(struct checker *checker, struct plans *plans, size_t i)
{
    const struct plan_override *by = &checker->bound->plans[i];
    struct catalogue_plan *plan = find_plan(plans, by->plan);

    if (by->plan.len == 0)
        return;
    if (is_repeated(checker->bound, i)) {
        spot_complain(checker, plan_spot(checker, i), "a plan is described twice");
        return;
    }
    if (!plan) {
        check_new_plan(checker, i);
        VEC_PUSH(checker->arena, &plans->list,
                 ((struct catalogue_plan){.plan = by->plan, .title = by->plan}));
        plan = &plans->list.items[plans->list.n - 1];
    }
    apply_override(plan, by);
    apply_spellings(checker, plan, i);
}

/* Which of two is more must be plain within every family. */
static void check_plan(struct checker *checker, const struct catalogue *catalogue, size_t i)
{
    const struct plan_override *by = &checker->bound->plans[i];
    const struct catalogue_plan *plan = catalogue_plan(catalogue, by->plan);
    struct spot spot = plan_spot(checker, i);

    if (!plan || plan->family.len == 0)
        return;
    if (!catalogue_family(catalogue, plan->family)) {
        spot_complain(checker, spot_key(checker, spot, "family"),
                      "is a family that the catalogue does not know: add it to "
                      "`catalogue.families`");
        return;
    }
    for (size_t j = 0; j < catalogue->n_plans; j++) {
        const struct catalogue_plan *other = &catalogue->plans[j];

        if (other == plan || !str_eq(other->family, plan->family) || other->rank != plan->rank)
            continue;
        spot_complain(checker, spot_key(checker, spot, "rank"),
                      "is also the rank of `%.*s`: within a family each plan needs its own",
                      STR_ARG(other->plan));
        return;
    }
}

static bool has_price(const struct bound *bound, struct str plan)
{
    for (size_t i = 0; i < bound->n_plans; i++) {
        if (str_eq(bound->plans[i].plan, plan) && bound->plans[i].price_minor >= 0)
            return true;
    }
    return false;
}

/* A price in dollars is wrong in any other currency, so none is carried over. */
static void check_currency(struct checker *checker, const struct catalogue *catalogue)
{
    const struct catalogue *shipped = catalogue_shipped();
    struct spot section = spot_key(checker, spot_top(checker), "catalogue");
    struct spot currency = spot_key(checker, section, "currency");
    struct spot second = spot_key(checker, spot_key(checker, section, "show_in"), "currency");

    if (second.is_there && !spot_is_bad(second) && !spot_is_bad(currency) &&
        str_eq(checker->bound->settings.policy.show_in.currency, catalogue->currency))
        spot_complain(checker, second, "is the catalogue's own currency");
    if (spot_is_bad(currency) || str_eq(catalogue->currency, shipped->currency))
        return;
    for (size_t i = 0; i < shipped->n_plans; i++) {
        if (!has_price(checker->bound, shipped->plans[i].plan)) {
            spot_complain(checker, currency, "needs a price in %.*s for `%.*s`",
                          STR_ARG(catalogue->currency), STR_ARG(shipped->plans[i].plan));
        }
    }
}

/* What the program knows another plan by: whoever says otherwise has to say it of both. */
static bool is_known_otherwise(struct checker *checker, const struct catalogue *catalogue, size_t i,
                               size_t k, struct str text)
{
    const struct catalogue_plan *known = catalogue_read(catalogue_shipped(), text);
    const struct catalogue_plan *now = known ? catalogue_plan(catalogue, known->plan) : NULL;
    struct spot mine = spot_key(checker, plan_spot(checker, i), "read_as");

    if (!now || now->read_as != known->read_as || str_eq(now->plan, checker->bound->plans[i].plan))
        return false;
    spot_complain(checker, spot_item(checker, mine, k),
                  "stands for `%.*s` as the program knows it: give that plan a `read_as` of its "
                  "own, without this one",
                  STR_ARG(now->plan));
    return true;
}

/* One spelling must not stand for two plans. */
static void check_spelling(struct checker *checker, size_t i, size_t k, struct str text)
{
    for (size_t j = 0; j < i; j++) {
        struct spot read_as = spot_key(checker, plan_spot(checker, j), "read_as");

        for (size_t l = 0; read_as.is_there && l < read_as.node->entries.n; l++) {
            if (!str_eq(read_as.node->entries.items[l].value->text, text))
                continue;
            struct spot mine = spot_key(checker, plan_spot(checker, i), "read_as");
            spot_complain(checker, spot_item(checker, mine, k),
                          "already stands for `%.*s`: one spelling means one plan",
                          STR_ARG(checker->bound->plans[j].plan));
            return;
        }
    }
}

static void check_spellings(struct checker *checker, const struct catalogue *catalogue, size_t i)
{
    struct spot read_as = spot_key(checker, plan_spot(checker, i), "read_as");

    for (size_t k = 0; read_as.is_there && k < read_as.node->entries.n; k++) {
        const struct settings_node *node = read_as.node->entries.items[k].value;

        if (node->kind == NODE_SCALAR && !node->is_bad &&
            !is_known_otherwise(checker, catalogue, i, k, node->text))
            check_spelling(checker, i, k, node->text);
    }
}

void check_catalogue(struct checker *checker)
{
    const struct catalogue *shipped = catalogue_shipped();
    struct catalogue *catalogue = &checker->bound->settings.policy.catalogue;
    struct plans plans = {0};

    merge_families(checker, catalogue);
    for (size_t i = 0; i < shipped->n_plans; i++)
        VEC_PUSH(checker->arena, &plans.list, shipped->plans[i]);
    for (size_t i = 0; i < checker->bound->n_plans; i++)
        merge_plan(checker, &plans, i);
    catalogue->plans = plans.list.items;
    catalogue->n_plans = plans.list.n;

    for (size_t i = 0; i < checker->bound->n_families; i++)
        check_one_way(checker, catalogue, i);
    for (size_t i = 0; i < checker->bound->n_plans; i++) {
        check_plan(checker, catalogue, i);
        check_spellings(checker, catalogue, i);
    }
    check_currency(checker, catalogue);
}
