#include "subs/subs.h"

#include <stdlib.h>

#include "subs/subs_call.h"

/* Address space, not memory: pages are touched only when used. */
#define KEEP_SPACE ((size_t)1 << 20)
#define CALL_SPACE ((size_t)256 << 20)
#define PAGE_SPACE ((size_t)256 << 20)

#define PAGE_SIZE_MAX 100
#define PAGES_DEFAULT 20000u

struct subs *subs_new(const struct subs_options *options, struct aws *aws,
                      const struct clock *clock)
{
    struct subs *subs = calloc(1, sizeof(*subs));

    if (!subs)
        abort();
    *subs = (struct subs){.options = *options, .aws = aws, .clock = clock};
    /* Clients were seen with 1,000 as well; with 100 by all of them. */
    if (subs->options.page_size == 0 || subs->options.page_size > PAGE_SIZE_MAX)
        subs->options.page_size = PAGE_SIZE_MAX;
    if (subs->options.max_pages == 0)
        subs->options.max_pages = PAGES_DEFAULT;
    arena_init(&subs->keep, KEEP_SPACE);
    arena_init(&subs->call, CALL_SPACE);
    arena_init(&subs->page, PAGE_SPACE);
    return subs;
}

void subs_free(struct subs *subs)
{
    if (!subs)
        return;
    arena_fini(&subs->rolls);
    arena_fini(&subs->page);
    arena_fini(&subs->call);
    arena_fini(&subs->keep);
    free(subs);
}

void subs_set_instance(struct subs *subs, struct str arn)
{
    arena_reset(&subs->keep, 0);
    subs->options.instance_arn = arena_str(&subs->keep, arn);
}

const char *subs_status_name(enum subs_status status)
{
    static const char *const names[] = {
        [SUBS_PENDING] = "pending", [SUBS_ACTIVE] = "active", [SUBS_CANCELED] = "canceled"};

    return names[status];
}
