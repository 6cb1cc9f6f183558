#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * Scenarios as data: one text file each, in tests/sim/scenarios. A line is a step; `<<END` takes
 * the lines up to `END` as its text. `#` begins a comment.
 *
 *     org <<END             the organisation, as sim/sim_org.h has it
 *     settings <<END        whole settings, in place of rig_settings; also later, as an edit would
 *     set KEY VALUE         sets one key of the entitlement (a line is replaced or added)
 *     aws scim|direct [observe]   adds Identity Center to the settings, with that provisioning,
 *                           and the subscription service, which is then only looked at
 *     token-ends SPAN       the settings say that the SCIM token ends so much later
 *     request KIND LOGIN [plan=P] [until=SPAN] [for=SPAN] [from=SPAN] [key=K] [one-way]
 *                           spans count from now
 *     approve R1 LOGIN      `deny` too; the word of that approver
 *     cancel R1, confirm R1 [LOGIN], block LOGIN, unblock LOGIN
 *     freeze [removals], unfreeze
 *     ack KIND [LOGIN]      acknowledges the open finding of that kind
 *     adopt [until=SPAN]    adopts every unowned present member of every plan group
 *     rollout start FROM TO [waves=W] [bake=SPAN] [halt=H] [only=A,B] [scope=S] [one-way]
 *     rollout pause|resume|abort|confirm
 *                           about the newest one; ` refused` at the end: it must be
 *     restart               the program goes down and comes up again
 *     sim METHOD PATH [BODY]   the cloud's control side
 *     faults <<END, faults off
 *     advance SPAN          time passes, for us and for the cloud
 *     run, plan             one run, dry or not
 *     between SQL           before the next run's first write leaves, runs SQL on the ledger (a
 *                           decision that somebody else makes meanwhile)
 *     meanwhile SPAN SQL    the same before the first request once that much time has passed
 *     keep, restore         copies the ledger's file away, and back again
 *     expect <<END          the latest run, as rig_show has it, is exactly this
 *     hops <<END            how far every seat has come, as rig_show_hops has it
 *     rollouts <<END        how rollouts stand, after what the latest step was refused with
 *     members GROUP: A B    the cloud's members, by the local part of their logins
 *     store GROUP: A B      the same of the Identity Store
 *     writes N              so many membership writes reached the cloud since the last such line
 *     removals N            so many of them took somebody out
 *     audit ok              the audit trail verifies
 */

/* Runs one; on a failed expectation prints the difference with file and line. With `update` the
 * expected texts are rewritten in place. */
bool scenario_run(const char *path, bool update);
