#pragma once

#include <stddef.h>

/* The kernel's randomness, for everything secret or unique. Never fails: ends the process if the
 * kernel has none. */
void entropy_bytes(void *out, size_t n);
/* `n` bytes as lower-case hex into out[2n + 1]. */
void entropy_hex(char *out, size_t n);
