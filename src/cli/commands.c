#include "cli/commands.h"

/* A new command is a row here, a function in a file, and a golden test. */

#define NEEDS_LOOK (NEEDS_SETTINGS | NEEDS_LEDGER)
#define NEEDS_RUN  (NEEDS_SETTINGS | NEEDS_LEDGER | NEEDS_OKTA)

const struct command cli_commands[] = {
    {"init", "[DIR]", "Write commented settings and an empty ledger", cmd_init, 0},
    {"check", "[--print]", "Check the settings: every problem at once", cmd_check, 0},
    {"doctor", "[--json]", "Check credentials, groups, rules and clocks against the live services",
     cmd_doctor, NEEDS_SETTINGS},
    {"request",
     "grant|revoke|change|renew WHO -e ENT [--plan P] [--from DATE] [--until DATE|--for 90d] "
     "[--reason R] [--key K] [--confirm-one-way] [--json] | --file LIST.csv",
     "File a request", cmd_request, NEEDS_LOOK},
    {"requests", "[--all] [-e ENT] [--json]", "List the queue", cmd_requests, NEEDS_LOOK},
    {"show", "R17 [--json]", "Show one request", cmd_show, NEEDS_LOOK},
    {"approve", "R17 [--reason R]", "Approve a request you were asked about", cmd_approve,
     NEEDS_LOOK},
    {"deny", "R17 --reason R", "Deny a request you were asked about", cmd_deny, NEEDS_LOOK},
    {"confirm", "R17", "Confirm a one-way move", cmd_confirm, NEEDS_LOOK},
    {"cancel", "R17 [--reason R]", "Take a request back", cmd_cancel, NEEDS_LOOK},
    {"block", "WHO --reason R", "End every seat of a person and refuse new ones", cmd_block,
     NEEDS_LOOK},
    {"unblock", "WHO [--reason R]", "Allow a blocked person to ask again", cmd_unblock, NEEDS_LOOK},
    {"plan", "[-e ENT] [--out FILE] [--json] [--exit-code]",
     "Show what a run would change, and why", cmd_plan, NEEDS_RUN},
    {"apply", "FILE [--json] [--wait 30s]", "Apply what a saved plan and a fresh one agree on",
     cmd_apply, NEEDS_RUN},
    {"reconcile", "[-e ENT] [--dry-run] [--json] [--wait 30s]", "Reconcile once and stop",
     cmd_reconcile, NEEDS_RUN},
    {"drift", "[-e ENT] [--json|--csv] [--all] [--exit-code]", "List what a person should know",
     cmd_drift, NEEDS_LOOK},
    {"ack", "F-3K7 --reason R", "Acknowledge a finding and let go what it holds", cmd_ack,
     NEEDS_LOOK},
    {"ignore", "F-3K7 --until DATE --reason R", "Put a finding aside for a while", cmd_ignore,
     NEEDS_LOOK},
    {"adopt", "-e ENT --out FILE | --file FILE [--until D..D] [--owner manager|LOGIN] [--dry-run]",
     "Take over members that were there before", cmd_adopt, NEEDS_LOOK},
    {"rollout",
     "start -e ENT --from PLAN --to PLAN [--waves 3,5%,25%,100%] [--bake 24h] [--halt-on 2%] "
     "[--confirm-one-way] [--file LOGINS] --reason R [--json] | status [W3] [-e ENT] [--all] "
     "[--json] | pause|resume|abort|confirm [W3] [-e ENT] --reason R",
     "Move people from one plan to another, in waves", cmd_rollout, NEEDS_LOOK},
    {"seats", "[-e ENT] [--json|--csv]", "List who holds what", cmd_seats, NEEDS_LOOK},
    {"cost", "[--month M] [--by plan|entitlement] [--unused DAYS] [--json|--csv]",
     "Say what the seats cost, and what is paid for nothing", cmd_cost, NEEDS_LOOK},
    {"explain", "WHO", "Say why somebody has, or lacks, a seat", cmd_explain, NEEDS_LOOK},
    {"runs", "[RUN] [--json]", "List runs, or the ops of one", cmd_runs, NEEDS_LOOK},
    {"status", "[--json]", "Say how things are", cmd_status, NEEDS_LOOK},
    {"audit",
     "[--who W] [--request R17] [--since DATE] [--until DATE] [--json|--csv] [--verify [--heads "
     "FILE]]",
     "Show or verify the audit trail", cmd_audit, NEEDS_LOOK},
    {"freeze", "[-e ENT] [--removals] --reason R [--until DATE]", "Stop changes", cmd_freeze,
     NEEDS_LOOK},
    {"unfreeze", "[-e ENT] [--reason R]", "Let changes go on", cmd_unfreeze, NEEDS_LOOK},
    {"migrate", "[--status]", "Bring the ledger up to this program", cmd_migrate, NEEDS_SETTINGS},
    {"backup", "FILE", "Write a verified copy of the ledger", cmd_backup, NEEDS_LOOK},
    {"sim",
     "[--listen ADDR] [--people N] [--seed S] [--org FILE] [--faults NAME|FILE] [--list-faults] "
     "[--settings-out DIR]",
     "Run the simulated cloud on loopback until interrupted", cmd_sim, 0},
    {"demo", "", "Tell the whole story on the simulated cloud", cmd_demo, 0},
    {"version", "", "Print the version", cmd_version, 0},
    {"help", "[COMMAND]", "Explain the commands", cmd_help, 0},
    {0},
};
