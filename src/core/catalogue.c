#include "core/catalogue.h"

#include "base/attr.h"

#define LITERAL(text)            \
    {                            \
        (text), sizeof(text) - 1 \
    }

/* Both are sold by one service, which bills from first use and lowers a plan with the month. */
static const struct catalogue_family families[] = {
    {LITERAL("q"), LITERAL("kiro"), .downgrade_next_month = true, .billed_from_first_use = true},
    {LITERAL("kiro"), LITERAL(""), .downgrade_next_month = true, .billed_from_first_use = true},
};

/* What the service calls them when it lists, as far as that is sure. What a seat of Q Developer Pro
 * reads back as could not be established, and Power is spelt in both ways. */
static const struct str read_pro[] = {LITERAL("KIRO_ENTERPRISE_PRO")};
static const struct str read_pro_plus[] = {LITERAL("KIRO_ENTERPRISE_PRO_PLUS")};
static const struct str read_pro_max[] = {LITERAL("KIRO_ENTERPRISE_PRO_MAX")};
static const struct str read_power[] = {LITERAL("KIRO_ENTERPRISE_POWER"),
                                        LITERAL("KIRO_ENTERPRISE_PRO_POWER")};

#define READ_AS(spellings) (spellings), ARRAY_LEN(spellings)

/* Prices as published on 2026-08-30. Ranks leave room for plans in between. */
static const struct catalogue_plan plans[] = {
    {LITERAL("q-pro"), LITERAL("q"), LITERAL("Amazon Q Developer Pro"), 10, 1900, 0, NULL, 0},
    {LITERAL("kiro-pro"), LITERAL("kiro"), LITERAL("Kiro Pro"), 10, 2000, 1000, READ_AS(read_pro)},
    {LITERAL("kiro-pro-plus"), LITERAL("kiro"), LITERAL("Kiro Pro+"), 20, 4000, 2000,
     READ_AS(read_pro_plus)},
    {LITERAL("kiro-pro-max"), LITERAL("kiro"), LITERAL("Kiro Pro Max"), 30, 10000, 5000,
     READ_AS(read_pro_max)},
    {LITERAL("kiro-power"), LITERAL("kiro"), LITERAL("Kiro Power"), 40, 20000, 10000,
     READ_AS(read_power)},
};

static const struct catalogue shipped = {LITERAL("USD"), families, ARRAY_LEN(families), plans,
                                         ARRAY_LEN(plans)};

const struct catalogue *catalogue_shipped(void)
{
    return &shipped;
}

const struct catalogue_plan *catalogue_plan(const struct catalogue *catalogue, struct str plan)
{
    for (size_t i = 0; i < catalogue->n_plans; i++) {
        if (str_eq(catalogue->plans[i].plan, plan))
            return &catalogue->plans[i];
    }
    return NULL;
}

const struct catalogue_family *catalogue_family(const struct catalogue *catalogue,
                                                struct str family)
{
    for (size_t i = 0; i < catalogue->n_families; i++) {
        if (str_eq(catalogue->families[i].family, family))
            return &catalogue->families[i];
    }
    return NULL;
}

const struct catalogue_plan *catalogue_read(const struct catalogue *catalogue, struct str raw)
{
    for (size_t i = 0; raw.len > 0 && i < catalogue->n_plans; i++) {
        for (size_t k = 0; k < catalogue->plans[i].n_read_as; k++) {
            if (str_eq(catalogue->plans[i].read_as[k], raw))
                return &catalogue->plans[i];
        }
    }
    return NULL;
}

/* One-way moves it takes from one family to the other; 0 when there is no such way. A circle of
 * families would be a mistake in the settings; walking at most as far as there are families keeps
 * even that finite. */
static size_t one_way_steps(const struct catalogue *catalogue, struct str from, struct str to)
{
    const struct catalogue_family *family = catalogue_family(catalogue, from);

    for (size_t steps = 1; family && steps <= catalogue->n_families; steps++) {
        if (family->one_way_to.len == 0)
            return 0;
        if (str_eq(family->one_way_to, to))
            return steps;
        family = catalogue_family(catalogue, family->one_way_to);
    }
    return 0;
}

/* The longest way that ends in this family: what people move into is higher than where they came
 * from, and unrelated families still have one order. */
static size_t height(const struct catalogue *catalogue, struct str family)
{
    size_t highest = 0;

    for (size_t i = 0; i < catalogue->n_families; i++) {
        size_t steps = one_way_steps(catalogue, catalogue->families[i].family, family);

        if (steps > highest)
            highest = steps;
    }
    return highest;
}

int catalogue_compare(const struct catalogue *catalogue, struct str a, struct str b)
{
    const struct catalogue_plan *pa = catalogue_plan(catalogue, a);
    const struct catalogue_plan *pb = catalogue_plan(catalogue, b);

    if (!pa || !pb)
        return (pa != NULL) - (pb != NULL);
    if (!str_eq(pa->family, pb->family)) {
        size_t ha = height(catalogue, pa->family);
        size_t hb = height(catalogue, pb->family);

        return ha != hb ? (ha > hb) - (ha < hb) : str_cmp(pa->family, pb->family);
    }
    return (pa->rank > pb->rank) - (pa->rank < pb->rank);
}

enum move catalogue_move(const struct catalogue *catalogue, struct str from, struct str to)
{
    const struct catalogue_plan *pf = catalogue_plan(catalogue, from);
    const struct catalogue_plan *pt = catalogue_plan(catalogue, to);

    if (str_eq(from, to))
        return MOVE_SAME;
    if (!pf || !pt)
        return MOVE_FORBIDDEN; /* nobody is moved off or onto what we do not know */
    if (!str_eq(pf->family, pt->family)) {
        bool is_ahead = one_way_steps(catalogue, pf->family, pt->family) > 0;

        return is_ahead ? MOVE_ONE_WAY : MOVE_FORBIDDEN;
    }
    if (pf->rank == pt->rank)
        return MOVE_FORBIDDEN; /* neither up nor down: the catalogue does not say what it means */
    return pt->rank > pf->rank ? MOVE_UP : MOVE_DOWN;
}
