#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "http/http.h"
#include "sim/sim_fault.h"
#include "sim/sim_state.h"

/*
 * The one shape in which requests reach the cloud and answers leave it, whatever they travel on.
 * The in-process transport and the HTTP server only translate.
 */

#define SIM_SEGMENTS 10
#define SIM_QUERY    24
#define SIM_HEADERS  24

struct sim_pair {
    struct str name, value; /* decoded */
};

struct sim_request {
    enum http_method method;
    struct str origin; /* `http://127.0.0.1:8080`: what links and proofs are about */
    struct str target; /* path and query as sent */
    struct str path;   /* as sent, without query */
    struct str segments[SIM_SEGMENTS]; /* decoded, non-empty; `raw_slash`: one held %2F */
    size_t n_segments;
    bool raw_slash;
    struct sim_pair query[SIM_QUERY];
    size_t n_query;
    const struct http_header *headers;
    size_t n_headers;
    struct str body;
    bool has_length; /* a Content-Length came with it */
};

/* What the wire does with the answer. */
enum sim_wire {
    SIM_WIRE_WHOLE,
    SIM_WIRE_REFUSED, /* no connection: nothing of the request arrived */
    SIM_WIRE_CLOSED,  /* the connection ends without an answer */
    SIM_WIRE_CUT,     /* the body ends after `cut` bytes, short of its Content-Length */
    SIM_WIRE_GARBAGE, /* bytes that are no HTTP */
    SIM_WIRE_SILENT,  /* no answer until the client gives up */
};

struct sim_answer {
    int status;
    struct http_header headers[SIM_HEADERS]; /* text in the arena handed to sim_handle */
    size_t n_headers;
    struct buf body; /* owned by the caller, emptied by sim_handle */
    enum sim_wire wire;
    size_t cut;
    int64_t delay_ms; /* before the answer begins */
};

/* Reads a target (`/path?query`) into a request; false when it is none: not absolute, a bad percent
 * escape, too many parts. Borrows `arena`; parts are lent by it and by `target`. */
bool sim_request_parse(struct str target, struct arena *arena, struct sim_request *out);
/* A part of a query or form, where a plus is a blank; false on a bad escape. In arena. */
bool sim_form_decode(struct str raw, struct arena *arena, struct str *out);
struct str sim_request_header(const struct sim_request *req, const char *name);
/* The first value of that query parameter; `*given` (may be NULL) tells absent from empty. */
struct str sim_request_query(const struct sim_request *req, const char *name, bool *given);

/* The whole cloud: takes the lock, plays faults, answers, writes history. */
void sim_handle(struct sim *sim, const struct sim_request *req, struct arena *arena,
                struct sim_answer *out);

struct sim_aws_name;

/* One request on its way through the cloud. */
struct sim_call {
    struct sim *sim;
    const struct sim_request *req;
    struct sim_answer *out;
    struct arena *arena;           /* of the answer's headers */
    const struct sim_play *play;   /* what the fault script says about this call */
    struct str param[3];           /* path segments that stand for something */
    const struct sim_actor *actor; /* whose write it would be; NULL before authentication */
    const void *principal;         /* rate budgets are kept by this */
    const char *principal_name;    /* in sim->texts; never a secret */
    struct str scopes;             /* of the token; NULL pointer: an SSWS token, no scopes */
    bool has_role;
    struct str effect;              /* for the history */
    const struct sim_aws_name *aws; /* NULL: a call of Okta's (sim_aws.h) */
    char request_id[40];
};

void sim_answer_header(struct sim_call *call, const char *name, struct str value);
/* The content type, unless the answer has one. */
void sim_answer_type(struct sim_call *call, const char *type);
/* Sets the status and Okta's error body. */
void sim_answer_error(struct sim_call *call, int status, const char *code, struct str summary,
                      struct str cause);
