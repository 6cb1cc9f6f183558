#include "identity/identity.h"

#include <stdlib.h>

#include "base/attr.h"
#include "identity/identity_call.h"

/* Address space, not memory: pages are touched only when used. */
#define RUN_SPACE  ((size_t)1 << 20)
#define MAY_SPACE  ((size_t)8 << 20)
#define CALL_SPACE ((size_t)256 << 20)
#define PAGE_SPACE ((size_t)256 << 20)

#define PAGE_SIZE_MAX 100
#define PAGES_DEFAULT 20000u

static void set_defaults(struct identity_options *options)
{
    static const int64_t usual[] = {TIME_SECOND, 2 * TIME_SECOND, 4 * TIME_SECOND, 8 * TIME_SECOND};
    bool chosen = false;

    if (options->page_size == 0 || options->page_size > PAGE_SIZE_MAX)
        options->page_size = PAGE_SIZE_MAX;
    if (options->max_pages == 0)
        options->max_pages = PAGES_DEFAULT;
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        chosen |= options->look_again_ms[i] != 0;
    for (size_t i = 0; !chosen && i < ARRAY_LEN(usual); i++)
        options->look_again_ms[i] = usual[i];
}

struct identity *identity_new(const struct identity_options *options, struct aws *aws,
                              const struct clock *clock)
{
    struct identity *identity = calloc(1, sizeof(*identity));

    if (!identity)
        abort();
    *identity = (struct identity){.options = *options, .aws = aws, .clock = clock};
    set_defaults(&identity->options);
    arena_init(&identity->run, RUN_SPACE);
    arena_init(&identity->may, MAY_SPACE);
    arena_init(&identity->call, CALL_SPACE);
    arena_init(&identity->page, PAGE_SPACE);
    return identity;
}

void identity_free(struct identity *identity)
{
    if (!identity)
        return;
    arena_fini(&identity->rolls);
    arena_fini(&identity->page);
    arena_fini(&identity->call);
    arena_fini(&identity->may);
    arena_fini(&identity->run);
    free(identity);
}

struct str identity_denied(const struct identity *identity)
{
    return identity->denied;
}

void identity_allow_writes(struct identity *identity, const struct str *groups, size_t n)
{
    struct str *ids;

    arena_reset(&identity->may, 0);
    ids = arena_array(&identity->may, struct str, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = arena_str(&identity->may, groups[i]);
    identity->n_writable = str_sort_unique(ids, n);
    identity->writable = ids;
}
