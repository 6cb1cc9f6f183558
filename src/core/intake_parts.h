#pragma once

#include "core/intake.h"

/*
 * The parts of intake, for its own files: one asking goes through a list of checks, in order. A
 * check says true when the step is final, and false to let the next one look.
 */

struct asking {
    const struct intake_facts *f;
    const struct request *r;
    struct arena *arena;
    int64_t now;
    struct str who;  /* how the person is called in sentences */
    struct str plan; /* resolved: asked for, held, or the default */
    struct intake_step step;
    enum request_kind acts_as; /* a grant may turn out to be a change or a renewal */
    bool needs_confirmation;
    struct str outcome; /* one sentence: what being accepted means */
};

/* Each returns true. `rule` is a name like "rule:blocked". */
bool intake_deny(struct asking *a, const char *rule, struct str reason);
bool intake_lapse(struct asking *a, const char *rule, struct str reason);
bool intake_accept(struct asking *a, struct str decided_by);
/* Something stands in the way that may pass. The request stays where it is until its time is up;
 * then it is denied, when what stands in the way is certain, or lapses. */
bool intake_hold(struct asking *a, bool is_certain, const char *rule, struct str reason);
/* Until when a request in that state waits for what stands in its way. */
int64_t intake_patience_ends(const struct asking *a, enum request_state state);
/* Fit for a sentence: printable, and cut where it is longer than a name. */
struct str intake_name(struct str text, struct arena *arena);
/* The last day of a time that ends at `until_ms`. */
struct str intake_last_day(int64_t until_ms, struct arena *arena);

/* What accepting would do: intake_terms.c, and intake_grant.c for grants and changes. */
bool intake_revoke(struct asking *a);
bool intake_renew(struct asking *a);
bool intake_grant(struct asking *a);
/* When the grant ends, by its own time or early. */
int64_t intake_grant_end(const struct grant *grant);
/* Still has something to give at `t` or later. */
bool intake_counts_from(const struct grant *grant, int64_t t);
/* Every grant (of that plan, unless empty) that counts from `t` ends then. */
void intake_end_from(struct asking *a, int64_t t, struct str plan, enum cause cause);
void intake_extend(struct asking *a, const struct grant *grant, int64_t until_ms);
/* Accepted, and nothing changes: the grant is there until then already. Returns true. */
bool intake_keep(struct asking *a, const struct grant *grant, const char *hint);
/* "now", or "on 2026-05-04". */
struct str intake_when(const struct asking *a, int64_t ms);

/* intake_span.c: from when until when. */
enum span_ask { SPAN_DEFAULT, SPAN_FOR, SPAN_UNTIL };
enum span_ask intake_span_asked(const struct request *request);
/* The end that was asked for, or by default; `base` is what a duration counts from, `limit_from`
 * what the longest duration counts from. False: denied, and the step says why. A default is cut to
 * the longest duration; what was asked for never is, silently. */
bool intake_span_end(struct asking *a, int64_t base, int64_t limit_from, int64_t *until_ms);
/* An end was asked for, after `base`, and it is not later than `end_ms`. */
bool intake_span_within(const struct request *request, int64_t base, int64_t end_ms);
/* Later than any date that is meant. */
bool intake_is_far(int64_t ms);

/* intake_approval.c */
bool intake_confirm(struct asking *a);
bool intake_approve(struct asking *a);
/* All checks up to approval; true: decided without it. */
bool intake_examine(struct asking *a);
struct asking intake_asking(const struct intake_facts *facts, struct arena *arena);
enum approval_kind intake_kind_for(const struct asking *a);
