#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The catalogue of plans: rows the program ships, overridden or added to by the settings.
 * Source of ranks, prices and credits: contracts/aws.md 6.4.
 */

struct catalogue_family {
    struct str family;     /* "q", "kiro" */
    struct str one_way_to; /* the family people may move to and never come back from, or empty */
    bool downgrade_next_month;  /* else at once */
    bool billed_from_first_use; /* else from the grant */
};

struct catalogue_plan {
    struct str plan; /* "kiro-pro" */
    struct str family;
    struct str title;          /* for people */
    int rank;                  /* higher is more, within a family */
    int64_t price_minor;       /* a month, in the catalogue's currency */
    int64_t credits;           /* a month; 0: not counted */
    const struct str *read_as; /* raw spellings of the subscription service that mean this plan */
    size_t n_read_as;
};

struct catalogue {
    struct str currency; /* ISO 4217 */
    const struct catalogue_family *families;
    size_t n_families;
    const struct catalogue_plan *plans;
    size_t n_plans;
};

/* Static. */
const struct catalogue *catalogue_shipped(void);
/* NULL when unknown. */
const struct catalogue_plan *catalogue_plan(const struct catalogue *catalogue, struct str plan);
const struct catalogue_family *catalogue_family(const struct catalogue *catalogue,
                                                struct str family);

/* The plan that a raw spelling of the subscription service means; NULL: nobody has said. */
const struct catalogue_plan *catalogue_read(const struct catalogue *catalogue, struct str raw);

/* Which of two plans counts as more: by family (one that another moves into is higher), then rank.
 * Unknown plans are lowest. */
int catalogue_compare(const struct catalogue *catalogue, struct str a, struct str b);

/* May somebody on `from` be put on `to`? */
enum move {
    MOVE_SAME,
    MOVE_UP,        /* at once */
    MOVE_DOWN,      /* allowed; when it takes effect is the family's rule */
    MOVE_ONE_WAY,   /* needs the explicit one-way confirmation */
    MOVE_FORBIDDEN, /* back over a one-way move, or between unrelated families */
};
enum move catalogue_move(const struct catalogue *catalogue, struct str from, struct str to);
