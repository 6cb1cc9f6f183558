#pragma once

#include <stddef.h>

/*
 * The memory of one thread's open JSON document: a bump allocator whose blocks outlive the
 * document and serve the next one. json.c's own; everybody else sees json.h.
 *
 * The blocks go when their thread ends; what a huge document left beyond JSON_PAGE_KEEP goes at
 * once.
 */

#define JSON_PAGE_KEEP ((size_t)16 << 20)

struct json_page;

/* This thread's page, made at first use. */
struct json_page *json_page_here(void);
/* Aligned for every type, not zeroed. Never fails: out of memory ends the process. */
void *json_page_alloc(struct json_page *page, size_t size);
/* Gives up everything that was allocated. */
void json_page_reset(struct json_page *page);
