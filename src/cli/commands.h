#pragma once

#include "cli/cli.h"

/* Every command's function, by the file it lives in. */

/* cmd_setup.c */
bool cmd_init(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_check(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_migrate(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_backup(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_doctor.c */
bool cmd_doctor(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_request.c, cmd_request_file.c */
bool cmd_request(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_queue.c */
bool cmd_requests(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_show(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_decide.c */
bool cmd_approve(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_deny(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_confirm(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_cancel(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_block.c */
bool cmd_block(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_unblock(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_freeze(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_unfreeze(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_run.c */
bool cmd_plan(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_apply(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_reconcile(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_drift.c */
bool cmd_drift(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_ack(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_ignore(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_adopt.c */
bool cmd_adopt(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_rollout.c */
bool cmd_rollout(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_seats.c */
bool cmd_seats(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_explain(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_cost.c */
bool cmd_cost(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_status.c */
bool cmd_status(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_runs.c */
bool cmd_runs(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_audit.c */
bool cmd_audit(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_sim.c, demo.c */
bool cmd_sim(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_demo(struct cli *cli, int argc, char **argv, struct err *err);

/* cmd_help.c */
bool cmd_help(struct cli *cli, int argc, char **argv, struct err *err);
bool cmd_version(struct cli *cli, int argc, char **argv, struct err *err);
