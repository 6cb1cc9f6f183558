#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "sim/sim_index.h"

/*
 * SCIM push from the simulated Okta to Identity Center (contract okta.md 10).
 *
 * A change in Okta becomes a push that is due after a lag drawn from the cloud's seed. It carries
 * what Okta knew then. Pushes of one subject arrive in their order. Nothing happens by itself:
 * whoever asks (AWS, the control side, the provisioning part of the System Log) first has what is
 * due carried out. Until then only changes are noted, so a cloud whose AWS side nobody looks at
 * logs nothing and costs nothing.
 *
 * What an organisation file brings counts as pushed long ago.
 */

struct sim;
struct sim_idc;

enum sim_push_kind {
    SIM_PUSH_USER,   /* create, update, enable, or disable */
    SIM_PUSH_MEMBER, /* one membership */
    SIM_PUSH_GROUP,  /* a group whole: what it must be */
    SIM_PUSH_NAME,   /* a group's name */
};

/* What Okta knew about somebody. Texts live as long as the organisation. */
struct sim_scim_view {
    struct str login, email, first_name, last_name;
    bool is_assigned; /* to the application */
    bool is_active;   /* a status that may be provisioned */
    bool is_ended;    /* deactivated or deleted */
    bool is_new;      /* staged: was never active */
};

struct sim_push {
    int64_t made_ms, due_ms; /* by the boot clock */
    uint64_t serial;
    struct sim_scim_view view; /* USER, MEMBER */
    struct str name;           /* NAME, GROUP */
    uint32_t *people;          /* GROUP: the members; on the heap */
    size_t n_people;
    uint32_t person, group; /* Okta's; SIM_NOBODY where there is none */
    enum sim_push_kind kind;
    bool added; /* MEMBER */
    bool is_lost, is_done;
};

/* A person or membership as it was when the organisation was loaded, noted at its first change. */
struct sim_scim_past {
    struct sim_scim_view view;
    uint32_t person, group; /* group SIM_NOBODY: about the person */
    bool was_member;
};

enum sim_mapping_status { SIM_MAPPING_ACTIVE, SIM_MAPPING_INACTIVE, SIM_MAPPING_ERROR };
struct sim_mapping {
    uint32_t group;       /* Okta's */
    uint32_t store_group; /* SIM_NOBODY: none yet */
    enum sim_mapping_status status;
    struct str error;
    bool never_pushed;                /* by the organisation file: the group is not over there */
    int64_t updated_ms, last_push_ms; /* the cloud's clock; 0: since it was made, not told */
    int64_t whole_ms;                 /* when the newest whole push is due */
};

struct sim_scim {
    struct str app_wanted;             /* id, name or label, as the organisation file has it */
    int64_t user_lag[2], group_lag[2]; /* least and most */
    int64_t lost_percent;
    int64_t token_expires_ms; /* by the cloud's clock; 0: never */
    bool broken;
    bool fresh;        /* nothing was pushed before */
    bool silent_clash; /* a group made by hand: the mapping stays ACTIVE and pushes nothing */

    bool loading;      /* an organisation file is being read: nothing of it is a change */
    bool live;         /* the past was made up */
    bool asked;        /* somebody wanted to know: pushes are carried out and logged from now on */
    bool silent;       /* they are carried out, and not logged */
    struct str issuer; /* of the ids that it gives; empty: not yet needed */
    struct sim_mapping *mappings;
    size_t n_mappings, cap_mappings;
    struct sim_push *pushes;
    size_t n_pushes, cap_pushes;
    uint32_t *heap; /* of indexes into pushes, the earliest first */
    size_t n_heap, cap_heap;
    uint64_t serial;
    struct sim_index by_subject; /* pushes that wait, by what they are about */
    struct sim_scim_past *past;
    size_t n_past, cap_past;
    struct sim_index past_by;
    uint32_t (*later)[2]; /* store group and person: joins once the past is made up */
    size_t n_later, cap_later;
    uint32_t *losing; /* people whose pushes get lost */
    size_t n_losing, cap_losing;
    size_t n_carried, n_failed, n_lost;
};

/* The SCIM application's place in sim->apps; SIZE_MAX: there is none. */
size_t sim_scim_app(const struct sim *sim);
bool sim_scim_assigns(const struct sim *sim, uint32_t group);
/* NULL: this group is not pushed by the SCIM application. Lent until the next one is added. */
struct sim_mapping *sim_scim_mapping(struct sim *sim, uint32_t group);
void sim_scim_fini(struct sim_scim *scim);

/* ---- hooks of the Okta side: before a change, and after it ---- */
void sim_scim_before_member(struct sim *sim, uint32_t group, uint32_t person);
void sim_scim_after_member(struct sim *sim, uint32_t group, uint32_t person, bool added);
void sim_scim_before_person(struct sim *sim, uint32_t person);
void sim_scim_after_person(struct sim *sim, uint32_t person);
void sim_scim_before_group(struct sim *sim, uint32_t group); /* is renamed or deleted */
void sim_scim_after_rename(struct sim *sim, uint32_t group);
void sim_scim_after_delete(struct sim *sim, uint32_t group); /* with its members still there */
/* After an organisation file was added to a cloud whose AWS side was asked for already. */
void sim_scim_merged(struct sim *sim, size_t n_people_before);

/* ---- going on ---- */
/* Carries out what is due; makes up the past first. */
void sim_scim_settle(struct sim *sim);
struct sim_scim_view sim_scim_view(const struct sim *sim, uint32_t person);
bool sim_scim_is_assigned(const struct sim *sim, uint32_t person);
bool sim_scim_is_dead(const struct sim *sim, int64_t at_ms); /* broken or expired at that time */
/* Waits for its lag behind what already waits for the same subject. */
void sim_scim_push_user(struct sim *sim, uint32_t person);
/* A group whole: it becomes what it is in Okta now, whatever was done to it over there. */
void sim_scim_push_group(struct sim *sim, uint32_t group, int64_t not_before_ms);
void sim_scim_push_all(struct sim *sim);
/* Everything about this person gets lost from now on, and what waits; false undoes it. */
void sim_scim_lose(struct sim *sim, uint32_t person, bool on);
bool sim_scim_loses(const struct sim_scim *scim, uint32_t person);
/* Links a group that was made by hand to the mapping: it counts as SCIM's from then on. */
bool sim_scim_link(struct sim *sim, uint32_t group);

/* ---- for the files of this part ---- */
/* Its number among the pushes. */
uint32_t sim_scim_enqueue(struct sim *sim, const struct sim_push *push, int64_t not_before_ms);
/* When the newest waiting push about that subject is due, as things were then; INT64_MIN: none
 * waits. What is carried out late must not see what came later. */
int64_t sim_scim_waits(const struct sim *sim, uint32_t person, uint32_t group, int64_t as_of_ms);
/* One push that is due (sim_scim_push.c). */
void sim_scim_carry(struct sim *sim, const struct sim_push *push);
/* The past, made up (sim_scim_past.c). */
void sim_scim_begin(struct sim *sim);
/* Somebody of Okta's in a group made by hand, who is not there before the past is. */
void sim_scim_join_later(struct sim *sim, uint32_t store_group, uint32_t person);
/* Puts a user there as a push would; SIM_NOBODY with a reason when SCIM refuses him. */
uint32_t sim_scim_put_user(struct sim *sim, uint32_t person, const struct sim_scim_view *view,
                           const char **why);
struct str sim_scim_issuer(struct sim *sim);
uint32_t sim_scim_make_group(struct sim *sim, uint32_t group, struct str name);
/* A group of that name is there that SCIM did not make. */
void sim_scim_clash(struct sim *sim, struct sim_mapping *mapping);
/* A push that is due waits for something else, until then. */
void sim_scim_again(struct sim *sim, const struct sim_push *push, int64_t due_ms);
