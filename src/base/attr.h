#pragma once

#include <stddef.h>

/* Promises to the compiler, and the few macros that functions cannot replace. */

#define ATTR_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define ATTR_NORETURN           __attribute__((noreturn))
#define ATTR_NODISCARD          __attribute__((warn_unused_result))
#define ATTR_UNUSED             __attribute__((unused))

/* Releases a local at the end of its scope: `CLEANUP(buf_fini) struct buf out = {0};` calls
 * buf_fini(&out). The function takes a pointer to the variable. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
