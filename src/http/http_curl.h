#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/http.h"

/*
 * The transport over libcurl's multi interface, on the caller's thread. HTTP/1.1 only, no
 * redirects, https (plain http for loopback addresses only), a ceiling on decoded bytes, gzip.
 *
 * libcurl repeats a request by itself when a reused connection dies unanswered, writes too. Here a
 * second try of a request that is not repeatable is forbidden; that failure comes back as
 * HTTP_LOST.
 *
 * When as many attempts in a row as go side by side end without a byte of an answer, the rest of
 * that send is not tried and comes back as HTTP_NOT_SENT, so a dead remote costs one timeout.
 */

/* Once in main before any thread, and at its end. */
bool http_curl_global_init(struct err *err);
void http_curl_global_fini(void);

struct http_curl_options {
    const char *user_agent;     /* kept */
    const char *ca_file;        /* kept; NULL: the system's */
    int64_t connect_timeout_ms; /* 0: 10 s */
    const struct clock *clock;  /* kept; stamps answered_at; NULL: the system's */
    bool metadata; /* for the cloud's metadata services alone: plain http to their fixed addresses
                      too (url_is_metadata), and never through a proxy */
};

struct http_curl;

/* Given. `cancel` (kept, may be NULL) ends a send within 50 ms. */
struct http_curl *http_curl_new(const struct http_curl_options *options, struct cancel *cancel,
                                struct err *err);
void http_curl_free(struct http_curl *curl);
struct transport http_curl_transport(struct http_curl *curl);
