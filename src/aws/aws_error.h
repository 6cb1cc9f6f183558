#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "http/http.h"

/*
 * Error answers of AWS, read: pure. Source: contracts/aws.md 1.3 and 7.2.
 *
 * The code decides, not the status. What comes from the remote is made fit to print; what a refused
 * signature is answered with repeats the request, the session token in it, and is never shown.
 */

struct aws_error {
    struct str code; /* cleaned: letters, digits, `._-`; empty: none was found */
    struct str message, reason, resource_type, request_id;
    int64_t retry_after_ms; /* what the server asks for; 0: nothing */
};

/* `com.amazon#ConflictException`, `ConflictException:http://...` -> `ConflictException`; in arena.
 * Empty when what is left is no word. */
struct str aws_error_clean(struct str code, struct arena *arena);
/* From the headers and a JSON body, which may be anything. All in arena. */
struct aws_error aws_error_json(const struct http_response *res, struct arena *arena);
/* From the headers and an XML body of the Query protocol. */
struct aws_error aws_error_xml(const struct http_response *res, struct arena *arena);

/* Of any answer; in arena. */
struct str aws_error_request_id(const struct http_response *res, struct arena *arena);

/* The reaction to an error of that code and status. */
enum err_kind aws_error_kind(const struct aws_error *error, int status);
/* Is it proved that the request had no effect? Only codes prove something, and the status 429. */
bool aws_error_no_effect(const struct aws_error *error, int status);
/* One sentence without service and operation: `403 AccessDeniedException: ... (request ...)`, with
 * what to do about it where that is known. `skew_ms`: what the remote is ahead. In arena. */
struct str aws_error_words(const struct aws_error *error, int status, int64_t skew_ms,
                           struct arena *arena);
