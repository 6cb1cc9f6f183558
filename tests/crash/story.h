#pragma once

#include <sys/types.h>

#include "crash/kill_at.h"
#include "rig/rig.h"

/*
 * A story: an organisation, and what happens to it before each of a few runs. The cloud lives in
 * one process, each run in another, which dies at its 1st, 2nd, 3rd ... point; then a new process
 * starts the run again. Wherever it died, the end must be the one of the story in which nobody
 * died.
 */

struct story {
    const char *org, *settings;         /* NULL: the rig's */
    void (*stages[8])(struct rig *rig); /* what happens before each run; up to the first NULL */
};

/* Dies at every point of the last stage's run. Fails the test at the first point whose end is
 * another; says how many there were. */
void story_die_in_last_stage(const struct story *story);

/* A day: four people and one plan; seats are given; then one ends by itself, one is revoked, one
 * is renewed, one is added. */
extern const char story_org[], story_settings[];
void story_give_seats(struct rig *rig);
void story_end_revoke_renew_add(struct rig *rig);

/* ---- the parts, for tests that tell something else ---- */

/* A cloud on virtual time that outlives and is shared by processes, and a folder for a ledger. */
struct place {
    struct sim *sim;
    char folder[64];
    const char *settings;
    struct shared *shared; /* memory that all processes of the place see */
};
struct shared {
    volatile int64_t now;
    struct kill_count count; /* of the latest run */
    enum kill_kind died_at;  /* of the run that was to die */
    char text[64 * 1024];    /* handed from one process to another */
};
void place_open(struct place *place, const char *org, const char *settings, uint64_t seed);
void place_close(struct place *place);
/* A rig on it, without any process in between; for filing requests and for looking. */
void place_attach(struct place *place, struct rig *rig);
/* The same place with a copy of the folder; the copy goes with place_leave. */
struct place place_copy(const struct place *place);
void place_leave(const struct place *place);

/* A run in a process of its own. */
struct runner {
    pid_t pid;
    int fd; /* where its requests arrive */
};
struct runner runner_start(struct place *place, unsigned long at, bool torn);
/* One that waits for the lock that long. Its sleeps are requests for this URL: it sleeps until they
 * are answered. */
#define RUNNER_SLEEPS "/sleeps"
struct runner runner_start_patient(struct place *place, int64_t wait_ms);
/* Answers one request of its; false once it has hung up. `say` gets what is wrong with it. */
bool runner_serve(struct place *place, const struct runner *runner, struct buf *say);
enum ended { ENDED_WELL, ENDED_WITH_ERROR, ENDED_KILLED, ENDED_BADLY };
/* After the last request. The error of a run is in shared->text. */
enum ended runner_wait(const struct runner *runner);
/* Start to end. */
enum ended place_run(struct place *place, unsigned long at, bool torn, struct buf *say);

/* Everything that has to hold wherever something died: ledger, journal, repeats, removals. */
bool place_is_well(struct rig *rig, struct buf *say);
