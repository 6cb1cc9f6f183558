#include "base/json_page.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#    define PAGE_POISON 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define PAGE_POISON 1
#    endif
#endif

#ifdef PAGE_POISON
#    include <sanitizer/asan_interface.h>
#    define POISON(ptr, n)   ASAN_POISON_MEMORY_REGION(ptr, n)
#    define UNPOISON(ptr, n) ASAN_UNPOISON_MEMORY_REGION(ptr, n)
#else
#    define POISON(ptr, n)   ((void)(ptr), (void)(n))
#    define UNPOISON(ptr, n) ((void)(ptr), (void)(n))
#endif

#define BLOCK_SIZE ((size_t)256 << 10)

struct block {
    struct block *next;
    size_t size;
    alignas(max_align_t) char bytes[];
};

struct json_page {
    struct block *first;   /* in order of use */
    struct block *current; /* NULL: nothing used yet */
    size_t used;           /* of `current` */
};

static _Thread_local struct json_page *here;
static pthread_key_t at_thread_end;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void *must(void *memory)
{
    if (!memory) {
        (void)fprintf(stderr, "seatkeeper: json: out of memory\n");
        abort();
    }
    return memory;
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        UNPOISON(block->bytes, block->size);
        free(block);
        block = next;
    }
}

static void free_page(void *arg)
{
    struct json_page *page = arg;

    free_blocks(page->first);
    free(page);
}

static void make_key(void)
{
    if (pthread_key_create(&at_thread_end, free_page) != 0)
        abort();
}

struct json_page *json_page_here(void)
{
    if (!here) {
        pthread_once(&key_once, make_key);
        here = must(calloc(1, sizeof(*here)));
        if (pthread_setspecific(at_thread_end, here) != 0)
            abort();
    }
    return here;
}

/* Makes the next block of at least `size` bytes the current one; one too small is passed over. */
static void next_block(struct json_page *page, size_t size)
{
    struct block **link = page->current ? &page->current->next : &page->first;

    while (*link && (*link)->size < size)
        link = &(*link)->next;
    if (!*link) {
        size_t total = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        *link = must(malloc(sizeof(struct block) + total));
        (*link)->next = NULL;
        (*link)->size = total;
        POISON((*link)->bytes, total);
    }
    page->current = *link;
    page->used = 0;
}

void *json_page_alloc(struct json_page *page, size_t size)
{
    size_t align = alignof(max_align_t);

    if (size > (size_t)1 << 40)
        must(NULL);
    size = (size + align - 1) & ~(align - 1);
    if (!page->current || size > page->current->size - page->used)
        next_block(page, size);
    void *memory = page->current->bytes + page->used;
    page->used += size;
    UNPOISON(memory, size);
    return memory;
}

void json_page_reset(struct json_page *page)
{
    size_t kept = 0;

    for (struct block **link = &page->first; *link; link = &(*link)->next) {
        kept += (*link)->size;
        if (kept > JSON_PAGE_KEEP) {
            free_blocks(*link);
            *link = NULL;
            break;
        }
        POISON((*link)->bytes, (*link)->size);
    }
    page->current = NULL;
    page->used = 0;
}
