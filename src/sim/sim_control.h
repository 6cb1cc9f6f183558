#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "sim/sim_request.h"
#include "sim/sim_state.h"

/*
 * The control side. Answers are JSON; bodies are JSON or YAML. Names of people are logins, ids or
 * unambiguous short names; names of groups are names or ids. Verbs of people and members of groups
 * take an `actor`, who did it as the System Log tells: a login, or `system` for a rule. Without it
 * `admin@example.com` or a nameless administrator did.
 *
 * - GET /_sim/state: time, counts, groups, rules, quirks, faults and how often each was played
 * - GET /_sim/people[?group=G&after=N&limit=N]: people with id, login, status, groups
 * - GET /_sim/people/{who}: one, with profile
 * - GET /_sim/groups/{group}/members: the true members with id, login, status, how
 * - GET /_sim/history[?since=SEQ&method=&path=GLOB&status=&principal=&writes=true&faults=true];
 *   AWS's calls have `AWSIdentityStore.ListUsers` for a path
 * - POST /_sim/clock {advance: 5m} {set: TIME} {skew: -1h}: the wall clock and boot time go on; the
 *   wall clock alone jumps; the cloud's clock differs from ours
 * - POST /_sim/faults: a fault script (sim_fault.h), added; DELETE takes all away
 * - POST /_sim/people {login, ...}: as in an organisation file; somebody joins
 * - POST /_sim/people/{who}/VERB: deactivate suspend activate delete unlock lock stage
 * - POST /_sim/people/{who}/rename {login}
 * - POST /_sim/people/{who}/profile {ATTRIBUTE: VALUE, ...}: the empty value takes away
 * - POST /_sim/groups {name, ...}: as in an organisation file
 * - POST /_sim/groups/{group}/members {add: [who], remove: [who], actor}
 * - POST /_sim/groups/{group}/recreate: deleted, and made anew under its name with a fresh id;
 *   {members: keep} puts the people into the new one
 * - POST /_sim/groups/{group}/rename {name}
 * - POST /_sim/groups/{group}/delete
 * - POST /_sim/rules {name, expression, groups: [group], status, exclude}
 * - POST /_sim/rules/{rule}/VERB: activate deactivate delete
 * - GET /_sim/quirks: what they are; POST {quirk: value, ...}: in the same words
 * - POST /_sim/org: an organisation file
 *
 * AWS, on its side only; users and groups of the store by name or id:
 *
 * - GET /_sim/aws/users, /_sim/aws/groups: what is in the Identity Store
 * - GET /_sim/aws/memberships?group=GROUP: the true ones, without any lag
 * - POST /_sim/aws/users, /_sim/aws/groups: one more made by hand, as in an organisation file
 * - POST /_sim/aws/groups/{group}/members {add: [who], remove: [who]}
 * - POST /_sim/aws/groups/{group}/delete
 * - POST /_sim/aws/users/{userName}/VERB: disable enable delete
 * - GET /_sim/aws/instance: account, region, ids, status; POST {recreate: true}: fresh ids, an
 * empty store, everything under way anew; {status: WORD}
 * - GET /_sim/aws/quirks: those of `aws` in an organisation file; POST {quirk: value, ...}
 * - GET /_sim/scim: how the push is
 * - POST /_sim/scim: the keys of `scim` in an organisation file, and deeds. {lose: WHO}: what waits
 *   for somebody and what comes gets lost; {find: WHO}: no longer; {repush: GROUP | WHO | all};
 *   {link: GROUP}: the group made by hand becomes the mapping's
 *
 * Subscriptions; people are Okta's or users of the store by name:
 *
 * - GET /_sim/subscriptions: profiles, claims and seats as they truly are, without any lag
 * - POST /_sim/subscriptions: the keys of `aws: subscriptions:` in an organisation file, where a
 *   claim without `since` is made now; and deeds. {arrive: WHO | all}: what waits, or would never
 *   come, is there now; {lose: WHO}: nothing of a group's comes for somebody; {find: WHO}: again,
 *   after a lag; {cancel: WHO}: the seat is cancelled, whatever gave it; {unclaim: WHO | GROUP}:
 *   the claim goes
 * - POST /_sim/people/{who}/use: the subscription is used; 409 when there is none to use
 * - GET /_sim/bill[?month=2026-05]: what that UTC month costs in cents: total, by plan, by user
 */

/* Without taking the lock; scratch is the caller's to reset. Returns the HTTP status. */
int sim_control_locked(struct sim *sim, enum http_method method, struct str path, struct str body,
                       struct buf *out);

/* ---- looking (sim_show.c): JSON is appended, the status returned ---- */
int sim_show(struct sim *sim, const struct sim_request *req, struct buf *out);
int sim_show_quirks(const struct sim *sim, struct buf *out); /* sim_quirks.c */
int sim_show_clock(struct sim *sim, struct buf *out);
int sim_show_person(struct sim *sim, uint32_t person, struct buf *out);
int sim_show_group(struct sim *sim, uint32_t group, struct buf *out);
