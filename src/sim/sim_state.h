#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crypt.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/str.h"
#include "core/model.h"
#include "sim/sim.h"
#include "sim/sim_index.h"

/*
 * The simulated cloud's state, for the files of this folder. Everything here is called with the
 * lock held (sim_lock), except where a comment says otherwise. People and groups are named by
 * number; numbers are never given to somebody else.
 */

#define SIM_ID_LEN   20
#define SIM_NOBODY   UINT32_MAX
#define SIM_PEOPLE   1100000 /* most people one cloud holds */
#define SIM_CHUNK    4096
#define SIM_PROFILE  24 /* most profile values of one person */
#define SIM_EVERYONE STR("Everyone")
#define SIM_FIRST_MS INT64_C(946684800000)    /* the year 2000: no setting the clock before it */
#define SIM_LAST_MS  INT64_C(253402300799000) /* time stands still at the end of the year 9999 */

struct sim_person {
    struct str login, email, first_name, last_name;
    const struct profile_value *profile; /* NULL for generated people: computed from `made` */
    int64_t created_ms, updated_ms, status_ms;
    uint32_t n_profile;
    uint32_t made; /* number in the generator plus one; 0: not generated */
    char id[SIM_ID_LEN];
    uint8_t status; /* enum user_status */
    bool is_deleted;
};

/* A member is a person's number; the top bit says that a rule put him there. */
#define SIM_BY_RULE UINT32_C(0x80000000)
static inline uint32_t sim_member_person(uint32_t member)
{
    return member & ~SIM_BY_RULE;
}

/* A write that listings may not show yet. */
struct sim_change {
    int64_t at_ms, visible_ms;
    uint32_t person;
    bool added;
};

struct sim_role {
    struct str id, type, label;
};

struct sim_group {
    struct str name, description;
    struct str old_name; /* what the lagging search shows until renamed_ms plus the lag */
    struct str source;   /* APP_GROUP: id of the application */
    enum group_type type;
    int64_t created_ms, updated_ms, renamed_ms;
    int64_t membership_ms;       /* the newest change */
    int64_t membership_shown_ms; /* what `lastMembershipUpdated` says at least */
    uint32_t *members;           /* sorted by the people's ids; on the heap */
    size_t n_members, cap_members;
    struct sim_change *changes; /* oldest first; on the heap */
    size_t n_changes, cap_changes;
    const struct sim_role *roles;
    size_t n_roles;
    char id[SIM_ID_LEN];
    bool is_deleted;
};

struct sim_rule {
    char id[SIM_ID_LEN];
    struct str name, expression;
    struct str status;                      /* ACTIVE, INACTIVE, INVALID */
    const struct profile_value *conditions; /* all must hold */
    size_t n_conditions;
    const uint32_t *groups;
    size_t n_groups;
    uint32_t *exclude; /* on the heap; at most 100 */
    size_t n_exclude;
    bool is_deleted;
};

struct sim_app {
    char id[SIM_ID_LEN];
    struct str name, label;
    const uint32_t *groups; /* assigned to it */
    size_t n_groups;
    const uint32_t *users; /* assigned to it by themselves */
    size_t n_users;
    const uint32_t *pushed; /* group push mappings */
    size_t n_pushed;
};

/* Who did something, as the System Log names him. Interned: one per distinct actor. */
enum sim_actor_kind { SIM_ACTOR_PERSON, SIM_ACTOR_CLIENT, SIM_ACTOR_TOKEN, SIM_ACTOR_SYSTEM };
struct sim_actor {
    enum sim_actor_kind kind;
    struct str id, alternate, display;
    struct str token_id; /* SIM_ACTOR_TOKEN */
};

struct sim_event {
    int64_t at_ms;
    uint64_t serial; /* makes the uuid; a double has that of the first */
    const struct sim_actor *actor;
    const char *type;       /* static, e.g. "group.user_membership.add" */
    uint32_t person, group; /* SIM_NOBODY: no such target */
    uint32_t app;           /* in sim->apps, plus one; 0: no such target */
    bool failed;            /* the outcome; else SUCCESS */
    struct str reason;      /* of the outcome; empty: none is told */
};

/* An API client as the organisation registers it. */
struct sim_client {
    struct str id, key_id, label;
    struct key key;    /* public half at least */
    struct str scopes; /* granted; blank separated */
    bool dpop, has_role;
};

struct sim_ssws {
    struct str token, id;
    uint32_t owner; /* a person; SIM_NOBODY: a nameless service account */
    bool has_role;
};

/* One access token that was handed out. */
struct sim_token {
    char text[65];
    const struct sim_client *client;
    char scopes[512];
    int64_t expires_ms;     /* by the cloud's clock */
    char thumb[SHA256_HEX]; /* of the DPoP key; empty: a bearer token */
    char head[640];         /* the header of its last good proof, as it came: the same text means
                               the same key, which need not be read again */
    struct key proof_key;   /* of that header */
};

/* Single-use ids, remembered for a while: two generations of hashes. */
struct sim_seen {
    struct sim_index now, before;
    int64_t turned_ms;
};

struct sim_bucket {
    const char *name; /* static */
    const void *principal;
    int64_t window_ms; /* when it began, by the cloud's clock */
    int64_t used;
};

/* How this organisation differs from the plain case; sim_org.h says what each means. */
struct sim_quirks {
    int64_t page_cap; /* of every list; 0: Okta's own */
    int put_present, delete_absent, put_inactive, read_only_status;
    int64_t stale_ms, stale_percent;
    int64_t search_lag_ms, log_lag_ms;
    int64_t membership_time_lag_ms; /* -1: never moves */
    bool links_joined, headers_lower;
    int64_t concurrency;
    int64_t principal_percent;
    int64_t latency_ms;
    int64_t token_life_ms;
    int logs_status, rules_status, roles_status, schema_status, apps_status, org_status; /* 200 */
    bool log_doubles, log_disorder;
    bool rate_limits;
    bool short_names;
};

#define SIM_LIMITS 16
struct sim_limit {
    const char *name;
    int64_t per_minute;
};

struct sim_history_row {
    uint64_t seq;
    int64_t at_ms;
    const char *method;    /* static */
    char *text;            /* path, NUL, effect, NUL, request id, NUL; on the heap */
    const char *principal; /* in sim->texts; empty: nobody */
    int status;            /* 0: no answer was made */
    bool is_fault, is_write;
};

struct sim_faults;
struct sim_idc;
struct sim_port;

struct sim {
    pthread_mutex_t lock;
    uint64_t seed;
    struct rng rng;

    volatile int64_t *now; /* virtual time; with `ticks` what it is ahead of the system's clock */
    int64_t own_now;
    int64_t boot_shift; /* boot time minus wall time */
    int64_t skew_ms;    /* the cloud's clock minus the host's */
    bool ticks;

    struct arena texts;   /* what lives as long as the cloud */
    struct arena org;     /* what lives as long as the organisation */
    struct arena scratch; /* one request or load */

    struct sim_person **chunks;
    size_t n_people, cap_chunks, n_deleted;
    size_t n_made;        /* generated so far */
    size_t wanted_people; /* sim_options.people, on top of any organisation */
    struct sim_index by_id, by_login;

    struct sim_group **groups;
    size_t n_groups, cap_groups;
    struct sim_index groups_by_id;
    uint32_t everyone;

    struct sim_rule *rules;
    size_t n_rules, cap_rules;
    struct sim_app *apps;
    size_t n_apps, cap_apps;
    uint64_t next_id;

    struct sim_event *events; /* oldest first; on the heap */
    size_t n_events, cap_events;
    uint64_t dropped_events, n_logged;
    const struct sim_actor **actors;
    size_t n_actors, cap_actors;

    char org_id[SIM_ID_LEN];
    struct str *self_editable; /* base attributes a person may edit */
    size_t n_self_editable;
    struct sim_quirks quirks;
    struct sim_limit limits[SIM_LIMITS]; /* org-wide, a minute */
    size_t n_limits;
    struct sim_bucket *buckets;
    size_t n_buckets, cap_buckets;
    unsigned in_flight; /* requests under way side by side */

    struct sim_client **clients; /* on the heap, each by itself */
    size_t n_clients;
    struct sim_ssws *ssws;
    size_t n_ssws;
    struct sim_token **tokens;
    size_t n_tokens, cap_tokens;
    struct sim_seen assertions, proofs;

    struct sim_idc *idc; /* the AWS side (sim_idc.h) */

    struct key own_key;
    struct secret own_pem;

    struct sim_faults *faults;
    struct sim_history_row *history;
    size_t n_history, cap_history;
    uint64_t seq, n_writes, dropped_history;

    struct sim_port *ports; /* in-process transports */
};

void sim_lock(struct sim *sim);
void sim_unlock(struct sim *sim);

/* ---- time; safe without the lock ---- */
int64_t sim_now(const struct sim *sim);         /* the host's wall clock */
int64_t sim_cloud(const struct sim *sim);       /* the cloud's own: what its answers say */
void sim_set_time(struct sim *sim, int64_t ms); /* the wall clock jumps, boot time does not */

/* A fresh id with that three-letter prefix; ascending within one prefix. */
void sim_make_id(struct sim *sim, const char *prefix, char out[SIM_ID_LEN]);
struct str sim_keep(struct sim *sim, struct str text); /* into sim->org */
/* Everything an organisation is made of goes; clock, credentials, faults and history stay. Leaves
 * the built-in group Everyone. */
void sim_clear_org(struct sim *sim);

/* ---- people (sim_people.c) ---- */
struct sim_person *sim_person(const struct sim *sim, uint32_t number);
struct str sim_person_id(const struct sim_person *person);
/* SIM_NOBODY when unknown or deleted. */
uint32_t sim_find_id(const struct sim *sim, struct str id);
uint32_t sim_find_login(const struct sim *sim, struct str login); /* without case */
uint32_t sim_find_short(const struct sim *sim, struct str name);  /* only if unambiguous */
uint32_t sim_find_anybody(const struct sim *sim, struct str key); /* id, login or short name */
void sim_people_reserve(struct sim *sim, size_t n);
/* Adds and indexes; joins Everyone. Texts are kept, not copied. SIM_NOBODY when the cloud is full
 * or id or login are taken. */
uint32_t sim_person_add(struct sim *sim, const struct sim_person *person);
void sim_person_status(struct sim *sim, uint32_t number, enum user_status status);
bool sim_person_rename(struct sim *sim, uint32_t number, struct str login); /* false: taken */
void sim_person_delete(struct sim *sim, uint32_t number, const struct sim_actor *actor);
/* All profile values, login and names apart. */
size_t sim_person_profile(const struct sim *sim, const struct sim_person *person,
                          struct profile_value out[SIM_PROFILE]);
/* One value of the profile, `login`, `email`, `firstName`, `lastName` included. */
struct str sim_person_value(const struct sim *sim, const struct sim_person *person,
                            struct str name);
bool sim_person_set(struct sim *sim, uint32_t number, struct str name, struct str value);

/* ---- groups and memberships (sim_groups.c) ---- */
struct sim_group *sim_group(const struct sim *sim, uint32_t number);
struct str sim_group_id(const struct sim_group *group);
uint32_t sim_find_group_id(const struct sim *sim, struct str id);
uint32_t sim_find_group(const struct sim *sim, struct str name_or_id); /* first of that name */
uint32_t sim_group_add(struct sim *sim, struct str name, enum group_type type);
/* Of a group nobody has seen yet; false when the id is taken or no id. */
bool sim_group_set_id(struct sim *sim, uint32_t number, struct str id);
void sim_group_rename(struct sim *sim, uint32_t number, struct str name);
void sim_group_delete(struct sim *sim, uint32_t number);
bool sim_is_member(const struct sim *sim, const struct sim_group *group, uint32_t person,
                   bool *by_rule);
/* A change by somebody: log, times, staleness. False when it was so already. */
bool sim_member_add(struct sim *sim, uint32_t group, uint32_t person, bool by_rule,
                    const struct sim_actor *actor);
bool sim_member_remove(struct sim *sim, uint32_t group, uint32_t person,
                       const struct sim_actor *actor);
/* Silent filling of a fresh organisation: no log, no staleness. Twice is once. */
void sim_member_push(struct sim *sim, uint32_t group, uint32_t person);
/* Groups of one person in order of their numbers, in `arena`. */
size_t sim_groups_of(const struct sim *sim, uint32_t person, struct arena *arena, uint32_t **out);
/* The members a listing shows now, sorted by id: lent by the group or in `arena`. `as_of_ms`: the
 * list as it was before writes newer than that; 0: by the quirks alone. */
const uint32_t *sim_members_seen(struct sim *sim, const struct sim_group *group, int64_t as_of_ms,
                                 struct arena *arena, size_t *n);
/* What `lastMembershipUpdated` shows. */
int64_t sim_membership_time(const struct sim *sim, const struct sim_group *group);
/* Makes the newest change of that person visible `ms` after it was made. */
void sim_delay_change(struct sim *sim, uint32_t group, uint32_t person, int64_t ms);

/* ---- rules (sim_rules.c) ---- */
/* `user.ATTR=="VALUE"`, several joined by AND or &&. */
bool sim_rule_parse(struct sim *sim, struct str expression, struct sim_rule *rule, struct err *err);
uint32_t sim_rule_add(struct sim *sim, const struct sim_rule *rule);
void sim_rule_status(struct sim *sim, uint32_t number, struct str status);
void sim_rules_apply(struct sim *sim, uint32_t person); /* after a change of that profile */
/* Somebody took a rule-managed member out: the rules must not bring him back. */
void sim_rules_exclude(struct sim *sim, uint32_t group, uint32_t person);
bool sim_rule_targets(const struct sim_rule *rule, uint32_t group);
uint32_t sim_find_rule(const struct sim *sim, struct str name_or_id);

/* Lent until the next one is added. */
struct sim_app *sim_app_add(struct sim *sim, struct str name, struct str label);

/* ---- the System Log (sim_log.c) ---- */
const struct sim_actor *sim_actor(struct sim *sim, const struct sim_actor *like);
const struct sim_actor *sim_actor_system(struct sim *sim);
const struct sim_actor *sim_actor_person(struct sim *sim, uint32_t person);
void sim_log(struct sim *sim, const char *type, const struct sim_actor *actor, uint32_t person,
             uint32_t group);
/* A whole event: only its serial is given here. */
void sim_log_event(struct sim *sim, const struct sim_event *event);

/* ---- generated people (sim_gen.c) ---- */
void sim_generate(struct sim *sim, size_t n);
size_t sim_made_profile(const struct sim *sim, const struct sim_person *person,
                        struct profile_value out[SIM_PROFILE]);
/* The organisation that is there when none is loaded (sim_default.c). */
void sim_default_org(struct sim *sim);
void sim_default_quirks(struct sim *sim);

/* ---- history (sim_history.c) ---- */
/* Takes number and time itself; texts are copied. */
void sim_history_add(struct sim *sim, const struct sim_history_row *row, struct str path,
                     struct str effect, struct str request_id);
const char *sim_history_effect(const struct sim_history_row *row);
const char *sim_history_request_id(const struct sim_history_row *row);
void sim_history_fini(struct sim *sim);
