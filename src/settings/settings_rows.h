#pragma once

#include "settings/settings_table.h"

/* The rows of the table, in three files; only settings_table.c puts them together. */

extern const struct setting rows_site[], rows_daemon[], rows_entitlement[];
extern const size_t rows_site_n, rows_daemon_n, rows_entitlement_n;

/* Where a row's value goes. */
#define TO(type, member)                                       \
    {                                                          \
        offsetof(type, member), sizeof(((type *)0)->member), 0 \
    }
#define TO_MANY(type, member, count)                                  \
    {                                                                 \
        offsetof(type, member), sizeof(void *), offsetof(type, count) \
    }
#define TOP(member)    TO(struct bound, settings.member)
#define TOP_MANY(m, n) TO_MANY(struct bound, settings.m, settings.n)
#define POLICY(member) TO(struct bound, settings.policy.member)

#define COUNT_MAX 1000000
#define MONEY_MAX INT64_C(1000000000000)
#define YEARS(n)  (TIME_DAY * 365 * (n))
