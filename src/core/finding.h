#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Findings: what a person should know. One thing in the world is one finding, run after run, by its
 * key; its short id is for people.
 */

enum finding_kind {
    FINDING_UNMANAGED_MEMBER,
    FINDING_MISSING_MEMBER,
    FINDING_OVERDUE_REMOVAL,
    FINDING_REMOVED_OUTSIDE,
    FINDING_LATE_HOP,
    FINDING_LINGERING_SEAT,
    FINDING_ORPHAN_SUBSCRIPTION,
    FINDING_ORPHAN_GRANT,
    FINDING_WRONG_PLAN,
    FINDING_UNKNOWN_PLAN,
    FINDING_DOUBLE_SEAT,
    FINDING_UNUSED_SEAT,
    FINDING_INACTIVE_PERSON,
    FINDING_PERSON_GONE,
    FINDING_INELIGIBLE_HOLDER,
    FINDING_IDENTITY_CONFLICT,
    FINDING_GROUP_CHANGED,
    FINDING_RULE_ON_GROUP,
    FINDING_SCIM_BROKEN,
    FINDING_SCIM_EXPIRING,
    FINDING_SHRUNK_LISTING,
    FINDING_HELD_REMOVALS,
    FINDING_SETTINGS_CHANGED,
    FINDING_FOREIGN_SELF,
    FINDING_INSTANCE_CHANGED,
    FINDING_CLOCK,
    FINDING_FLAPPING,
    FINDING_HALTED_ROLLOUT,
    FINDING_REMOTE_UNAVAILABLE,
    FINDING_KIND_COUNT,
};

enum severity { SEVERITY_INFO, SEVERITY_TICKET, SEVERITY_PAGE };

const char *finding_kind_name(enum finding_kind kind);
bool finding_kind_parse(struct str word, enum finding_kind *out);
const char *severity_name(enum severity severity);
bool severity_parse(struct str word, enum severity *out);

struct finding {
    enum finding_kind kind;
    enum severity severity;
    struct str entitlement, person, login, group; /* what it is about; any may be empty */
    struct str hop;
    struct str variant; /* tells apart what is otherwise the same thing, e.g. a hop's cause; part
                         * of the key only when not empty */
    int64_t since_ms;
    struct str detail;  /* what is the case, one sentence */
    struct str remedy;  /* what would help, one sentence */
    struct str actor;   /* who did it, when known */
    int64_t cost_minor; /* a month; 0: none */
    struct str subject; /* digest or text of the exact state that an acknowledgement is for */
    bool may_ack;       /* an ack releases something */

    struct str key;     /* SHA-256 of kind, entitlement, person, group, hop and variant */
    struct str id;      /* F-3K7: by the ledger, which knows which short ones are taken */
    struct str command; /* the literal next command; by finding_complete once id is known */
};

/* Fills `key`. */
void finding_make_key(struct finding *finding, struct arena *arena);
/* The id's letters for a try: 3 letters of the key at first, one more each time they are taken. */
struct str finding_make_id(struct str key, unsigned tries, struct arena *arena);
/* The literal command that comes next, e.g. `seatkeeper ack F-3K7 --reason "..."`; in arena. */
struct str finding_make_command(const struct finding *finding, struct arena *arena);

/* A name as one word of a shell's command line: names come from outside and commands are pasted, so
 * what is not plain is quoted, and what cannot be shown is not in it. Lent, or in arena. */
struct str command_word(struct str word, struct arena *arena);
/* The same for a person: the login reads better; the id is taken where the login would need quotes
 * or looks like an option. Both are understood. Empty when both are. */
struct str command_person(struct str login, struct str id, struct arena *arena);

/* By severity (worst first), kind, entitlement, login; then the rest of what it is about. */
int finding_compare(const struct finding *a, const struct finding *b);
