#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "sim/sim_request.h"
#include "sim/sim_yaml.h"

/* What the files of the control side share: one request, and the two ways to end it. */

struct sim_control {
    struct sim *sim;
    const struct sim_request *req;
    const struct sim_node *body; /* a map, or a list where one is due; never NULL */
    struct buf *out;
    struct err err;
};

/* `{"error": ...}` with what `err` says, else `what`; returns the status. */
int sim_control_fail(struct sim_control *c, int status, const char *what);
int sim_control_done(struct sim_control *c); /* {"ok":true} */

/* /_sim/aws/... and /_sim/scim (sim_aws_control.c) */
int sim_show_aws(struct sim *sim, const struct sim_request *req, struct buf *out);
int sim_control_aws(struct sim_control *c);
int sim_control_scim(struct sim_control *c);

/* /_sim/subscriptions, /_sim/bill and /_sim/people/{who}/use (sim_subs_control.c) */
int sim_show_subs(struct sim *sim, const struct sim_request *req, struct buf *out);
int sim_control_subs(struct sim_control *c);
int sim_control_use(struct sim_control *c);
