#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Views of text: pointer and length, not NUL-terminated, owned by somebody else. The zeroed view
 * is the empty string. Print with "%.*s", STR_ARG(s). Ids are compared as bytes.
 */

struct str {
    const char *ptr; /* may be NULL when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_ARG(s)   (int)(s).len, ((s).ptr ? (s).ptr : "")

/* View of a C string; NULL gives the empty view. Lent by `text`. */
static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *text);     /* equal to a C string */
bool str_ieq(struct str a, struct str b);        /* ASCII case is ignored */
int str_cmp(struct str a, struct str b);         /* byte order; a prefix comes first */
int str_cmp_qsort(const void *a, const void *b); /* of struct str, for qsort and bsearch */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_has(struct str s, char c);
struct str str_sub(struct str s, size_t from, size_t to); /* clamped to the text */
struct str str_trim(struct str s);                        /* ASCII white space at both ends */

/* Cuts at the first `sep`: returns what is before it and leaves in `*rest` what comes after. With
 * no `sep` in it the whole text is returned and `*rest` becomes empty with a NULL pointer. */
struct str str_cut(struct str *rest, char sep);

/* Decimal, whole text, no sign tricks: false on anything else or overflow. */
bool str_to_i64(struct str s, int64_t *out);

/* Sorts an array of views and drops doubles; returns the new count. */
size_t str_sort_unique(struct str *items, size_t n);
/* In a sorted array without doubles. */
bool str_in_sorted(const struct str *items, size_t n, struct str needle);
