#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "http/http_curl.h"

/*
 * One attempt of one request on one of libcurl's handles; part of http_curl. Sets the handle up,
 * collects head and body, and says in the end what became of it.
 */

struct transfer {
    CURL *easy; /* kept over many attempts, with its connections */
    bool busy;

    /* Of this attempt; borrowed until transfer_end. */
    const struct http_curl_options *options;
    const struct http_request *req;
    struct http_response *res;
    struct buf *body;
    struct arena *arena;

    struct curl_slist *lines; /* request headers; wiped when freed, they hold tokens */
    VEC_OF(struct http_header) headers;
    size_t head_bytes;
    int64_t length;   /* Content-Length; -1: not said */
    int head_status;  /* of the head that is being read; an interim one may come first */
    bool encoded;     /* so that `length` does not count what we store */
    bool head_done;   /* of the final answer */
    unsigned sends;   /* how often libcurl began to send it */
    const char *stop; /* why we broke it off; static */
    char error[CURL_ERROR_SIZE];
};

/* Makes the handle ready to be added to a multi. False: nothing is sent, and `res` is filled. Takes
 * nothing; `transfer->easy` must be there. */
bool transfer_begin(struct transfer *transfer, const struct http_curl_options *options,
                    const struct http_request *req, struct http_response *res, struct buf *body,
                    struct arena *arena);
/* Fills `res`. The handle must have left the multi. */
void transfer_end(struct transfer *transfer, CURLcode code);
/* Gives up without an answer, for a cancelled send. */
void transfer_drop(struct transfer *transfer);
