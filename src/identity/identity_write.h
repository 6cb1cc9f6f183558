#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "identity/identity_call.h"
#include "identity/identity_pairs.h"

/* One change on its way: which call comes next, and what its answer means (contract 3.5, 3.6).
 * identity_write.c says when which task may go on. */

enum identity_step {
    STEP_FIND,  /* a removal: what is the membership's id? */
    STEP_CHECK, /* does that id belong to this group and user? */
    STEP_LIST,  /* both by listing, where the direct way is closed */
    STEP_SEND,
    STEP_LOOK,    /* it met a conflict: read before it goes again */
    STEP_AWAIT,   /* gone out, or said to be so already: read back */
    STEP_SETTLED, /* `out` holds the result */
};

struct identity_task {
    const struct identity_change *change;
    const struct identity_task *before; /* of the same principal in this batch; NULL: none */
    struct identity_result *out;
    enum identity_step step;
    enum identity_side side; /* of STEP_LIST */
    struct str membership;   /* in identity->call */
    unsigned conflicts;
    bool at_once;                   /* STEP_AWAIT: nothing was changed, so it can be read now */
    enum identity_effect otherwise; /* STEP_AWAIT: when no read-back shows it; `out->why` is set */
};

/* The first step; also of another try. */
void identity_task_start(struct identity *identity, struct identity_task *task);
/* The call of STEP_FIND, STEP_CHECK or STEP_SEND; its body in identity->page. */
struct aws_call identity_task_call(struct identity *identity, const struct identity_task *task);
/* Its answer; texts in arena. */
void identity_task_take(struct identity *identity, struct identity_task *task,
                        const struct aws_call *call, const struct aws_answer *answer,
                        struct arena *arena);
/* What STEP_LIST found. */
void identity_task_take_list(struct identity *identity, struct identity_task *task,
                             const struct identity_sought *sought, struct arena *arena);
/* What reading showed in STEP_LOOK or STEP_AWAIT; `why` where it is neither FOUND nor NONE. */
void identity_task_take_look(struct identity *identity, struct identity_task *task,
                             enum identity_answer answer, struct str why, struct arena *arena);
/* Nothing of it was sent, or will be. */
void identity_task_settle(struct identity_task *task, enum identity_effect effect, struct str why);
