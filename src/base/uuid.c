#include "base/uuid.h"

#include <stdio.h>

#include "base/entropy.h"

void uuid_v7(int64_t now_ms, char out[UUID_SIZE])
{
    unsigned char b[16];
    uint64_t ms = now_ms > 0 ? (uint64_t)now_ms : 0;

    entropy_bytes(b, sizeof(b));
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0F));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
    (void)snprintf(out, UUID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

struct str uuid_str(int64_t now_ms, struct arena *arena)
{
    char text[UUID_SIZE];

    uuid_v7(now_ms, text);
    return arena_str(arena, (struct str){text, UUID_SIZE - 1});
}
