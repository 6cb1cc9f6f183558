#include "base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#    define ARENA_POISON 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define ARENA_POISON 1
#    endif
#endif

#ifdef ARENA_POISON
#    include <sanitizer/asan_interface.h>
#    define POISON(ptr, n)   ASAN_POISON_MEMORY_REGION(ptr, n)
#    define UNPOISON(ptr, n) ASAN_UNPOISON_MEMORY_REGION(ptr, n)
#else
#    define POISON(ptr, n)   ((void)(ptr), (void)(n))
#    define UNPOISON(ptr, n) ((void)(ptr), (void)(n))
#endif

#ifdef ARENA_POISON
static const size_t red_zone = 16; /* so that an overrun meets poison, not the neighbour */
#else
static const size_t red_zone = 0;
#endif

/* What a reset keeps of dirty pages, so that a loop does not fault the same ones in each round. */
#define KEEP_DIRTY ((size_t)1 << 20)

/* Poison costs an eighth of what it covers, so only a stretch ahead of what is used has it. */
#define AHEAD ((size_t)1 << 20)

static size_t poisoned_to(const struct arena *arena)
{
    size_t to = (arena->high / AHEAD + 2) * AHEAD;

    return to < arena->budget ? to : arena->budget;
}

static void die(const char *what, size_t wanted, size_t budget)
{
    (void)fprintf(stderr, "seatkeeper: arena: %s (%zu bytes wanted, budget %zu)\n", what, wanted,
                  budget);
    abort();
}

void arena_init(struct arena *arena, size_t budget)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    budget = (budget + page - 1) / page * page;
    void *base = mmap(NULL, budget, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        die("no address space", budget, budget);
    *arena = (struct arena){.base = base, .budget = budget};
    POISON(base, poisoned_to(arena));
}

void arena_fini(struct arena *arena)
{
    if (!arena || !arena->base)
        return;
    UNPOISON(arena->base, poisoned_to(arena));
    munmap(arena->base, arena->budget);
    *arena = (struct arena){0};
}

void *arena_alloc(struct arena *arena, size_t size, size_t align)
{
    size_t start = (arena->used + align - 1) & ~(align - 1);

    if (start > arena->budget || size > arena->budget - start ||
        red_zone > arena->budget - start - size)
        die("over its budget", size, arena->budget);
    char *memory = arena->base + start;
    size_t poisoned = poisoned_to(arena);
    size_t dirty = start < arena->high ? arena->high - start : 0;
    arena->used = start + size + red_zone;
    if (arena->used > arena->high)
        arena->high = arena->used;
    POISON(arena->base + poisoned, poisoned_to(arena) - poisoned);
    UNPOISON(memory, size);
    /* Beyond what was ever used the pages are as the system gave them: zero. */
    if (dirty > 0)
        memset(memory, 0, dirty < size ? dirty : size);
    return memory;
}

void *arena_calloc(struct arena *arena, size_t n, size_t size, size_t align)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        die("size overflow", n, arena->budget);
    return arena_alloc(arena, total, align);
}

struct str arena_str(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1, 1);

    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}

const char *arena_cstr(struct arena *arena, struct str s)
{
    return arena_str(arena, s).ptr;
}

struct str arena_vprintf(struct arena *arena, const char *fmt, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    assert(n >= 0);
    char *text = arena_alloc(arena, (size_t)n + 1, 1);
    (void)vsnprintf(text, (size_t)n + 1, fmt, args);
    return (struct str){text, (size_t)n};
}

struct str arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    struct str text = arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

arena_mark_t arena_mark(const struct arena *arena)
{
    return arena->used;
}

void arena_reset(struct arena *arena, arena_mark_t mark)
{
    assert(mark <= arena->used);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t keep = (mark + KEEP_DIRTY + page - 1) / page * page;

    POISON(arena->base + mark, arena->used - mark);
    arena->used = mark;
    if (arena->high > keep) {
        size_t poisoned = poisoned_to(arena);
        madvise(arena->base + keep, (arena->high - keep + page - 1) / page * page, MADV_DONTNEED);
        arena->high = keep;
        UNPOISON(arena->base + poisoned_to(arena), poisoned - poisoned_to(arena));
    }
}
