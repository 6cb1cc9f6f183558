#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/catalogue.h"

/*
 * Requests and the grants they become. A request is an ask filed in the ledger: never edited, only
 * decided. A grant is what an accepted request stands for.
 */

enum request_kind { REQUEST_GRANT, REQUEST_REVOKE, REQUEST_CHANGE, REQUEST_RENEW };

enum request_state {
    REQUEST_FILED,
    REQUEST_AWAITING_CONFIRMATION,
    REQUEST_AWAITING_APPROVAL,
    REQUEST_ACCEPTED,
    REQUEST_DENIED,
    REQUEST_LAPSED,
    REQUEST_CANCELLED,
};

/* The words of the ledger and of JSON: "grant", "awaiting_approval". False for any other word. */
const char *request_kind_name(enum request_kind kind);
bool request_kind_parse(struct str word, enum request_kind *out);
const char *request_state_name(enum request_state state);
bool request_state_parse(struct str word, enum request_state *out);
bool request_state_is_open(enum request_state state);
/* The table of allowed moves; only open states have any. */
bool request_may_move(enum request_state from, enum request_state to);

struct request {
    struct str id;
    int64_t number; /* R17 */
    enum request_kind kind;
    enum request_state state;
    struct str who;    /* as asked: a login, or an Okta id */
    struct str person; /* Okta id once resolved, else empty */
    struct str entitlement;
    struct str plan;  /* empty: the default plan; of a revoke: every plan */
    int64_t from_ms;  /* 0: when decided */
    int64_t until_ms; /* 0: by for_ms */
    int64_t for_ms;   /* 0: the entitlement's default duration */
    struct str reason;
    bool confirm_one_way;
    struct str principal; /* who filed: "os:1000", "token:slack-agent" */
    struct str requester; /* Okta id of the person behind the principal, or empty */
    bool may_decide;      /* the principal had the scope `decide` */
    struct str door;      /* "cli", "api", "slack", "mcp", "run" */
    struct str key;       /* idempotency key, or empty */
    int64_t filed_at;
    int64_t asked_at; /* when the approval question was delivered; 0 before */
    int64_t decided_at;
    struct str decided_by;   /* person id, principal, or "rule:..." */
    struct str state_reason; /* one sentence for the asker */
};

/* SHA-256 of what was asked, hex: two requests under one idempotency key must agree on it. */
struct arena;
struct str request_content_digest(const struct request *request, struct arena *arena);

/* Why somebody has less after an op, or has it at all. Order is the order of the budget. */
enum cause {
    CAUSE_GRANTED, /* an add */
    CAUSE_BLOCKED,
    CAUSE_REVOKED,  /* asked by name, by somebody else */
    CAUSE_RETURNED, /* asked by the holder */
    CAUSE_INACTIVE, /* deactivated or deleted in Okta */
    CAUSE_EXPIRED,
    CAUSE_MOVED, /* the lower or former plan's group after a move */
    CAUSE_INELIGIBLE,
    CAUSE_UNMANAGED,
    CAUSE_ASSIGNMENT, /* leaving the assignment group */
};
const char *cause_name(enum cause cause);
bool cause_parse(struct str word, enum cause *out);
/* Asked for by a person by name: these are never inferred. */
bool cause_is_asked(enum cause cause);
/* Argued from absence or state, so two sealed reads are needed: inactive, ineligible, unmanaged. */
bool cause_is_inferred(enum cause cause);

struct grant {
    struct str id;
    struct str person, entitlement, plan;
    int64_t from_ms, until_ms; /* desired while from <= t < until and not ended */
    int64_t ended_at;          /* 0: not ended early */
    enum cause end_cause;      /* when ended early */
    struct str owner;          /* Okta id of who answers for it, or empty */
    struct str request;        /* id of the request that opened it; empty for an adoption */
    int64_t created_at;
};

bool grant_is_live(const struct grant *grant, int64_t t);  /* counts at t */
bool grant_is_ahead(const struct grant *grant, int64_t t); /* not ended, begins later */
