#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/* UUIDv7 as lower-case text; says nothing reliable about order, and is no secret. */
#define UUID_SIZE 37
void uuid_v7(int64_t now_ms, char out[UUID_SIZE]);
struct str uuid_str(int64_t now_ms, struct arena *arena);
