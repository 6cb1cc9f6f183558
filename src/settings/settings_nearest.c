#include "settings/settings_nearest.h"

#include <ctype.h>
#include <stdint.h>

#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int lower(struct str s, size_t i)
{
    return tolower((unsigned char)s.ptr[i]);
}

/* Optimal string alignment, by three rows of the usual table. */
size_t edit_distance(struct str a, struct str b)
{
    size_t table[3][WORD_MAX + 1];

    if (a.len > WORD_MAX || b.len > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        table[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = table[i % 3];
        const size_t *last = table[(i + 2) % 3];
        const size_t *before = table[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = lower(a, i - 1) != lower(b, j - 1);

            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + change);
            if (i > 1 && j > 1 && lower(a, i - 1) == lower(b, j - 2) &&
                lower(a, i - 2) == lower(b, j - 1))
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return table[a.len % 3][b.len];
}

struct nearest nearest_to(struct str wanted)
{
    /* A third of the word may be wrong; beyond that the guess says more about us than about it. */
    return (struct nearest){.wanted = wanted, .distance = wanted.len / 3 + 2};
}

void nearest_try(struct nearest *nearest, struct str candidate)
{
    size_t distance = edit_distance(nearest->wanted, candidate);

    if (distance < nearest->distance && distance < candidate.len) {
        nearest->distance = distance;
        nearest->found = candidate;
    }
}
