#pragma once

#include <stddef.h>

/* A file that the build compiled in (src/embed.cmake); text is followed by a NUL. */
struct embedded_file {
    const char *name;
    const char *text;
    size_t len;
};
