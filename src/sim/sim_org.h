#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "sim/sim_state.h"
#include "sim/sim_yaml.h"

/*
 * An organisation as YAML. It takes the place of the one that was there (generated people are made
 * anew on top of it), unless `merge: true` adds to it. All keys but a person's `login` and a
 * group's `name` are optional.
 *
 *     merge: false
 *     people:
 *       - {login: alice@example.com, id: 00u1aliceaaaaaaaaaa1, status: ACTIVE, email:
 * a@example.com, first_name: Alice, last_name: Sato, created: 2024-02-01T00:00:00Z, profile:
 * {department: Engineering, managerId: lead@example.com}}
 *       - bob@example.com                    # a login alone will do
 *     groups:
 *       - {name: AWS_kiro_JP_Users, id: 00g1kirojpaaaaaaaa01, type: OKTA_GROUP, description: ...,
 *          members: [alice@example.com], roles: [USER_ADMIN], source: 0oa...}
 *       - Employees
 *     memberships:
 *       - {group: Employees, members: all}   # all, or a list of logins, ids, short names
 *     rules:
 *       - {name: JP engineers, expression: 'user.countryCode=="JP"', groups: [Employees],
 *          status: ACTIVE, exclude: [bob@example.com]}
 *     apps:
 *       - {name: amazon_aws_sso, label: AWS IAM Identity Center, id: 0oa..., groups: [Assigned],
 *          pushed: [AWS_kiro_JP_Users]}
 *     # users: [alice@example.com] at an application: assigned by themselves, not by a group
 *     roles: {AWS_kiro_JP_Users: [APP_ADMIN]}
 *     schema: {self_editable: [department]}
 *     credentials:
 *       clients: [{client_id: 0oa..., key_id: k, public_key: PEM, scopes: [...], dpop: true,
 *                  role: true}]              # of the client that is known from the start: what
 *                                            # is given changes, the key may be left out
 *       tokens: [{id: 00T..., token: TEXT, owner: alice@example.com, role: true}]
 *     quirks:
 *       page_cap: 200            # no page of any list is longer; 0: Okta's own limits
 *       put_present: 204         # 204 | 404: adding who is there
 *       delete_absent: 204       # 204 | 404: removing who is not there
 *       put_inactive: 403        # 403 | 204 | another 4xx: adding a DEPROVISIONED person
 *       read_only: 403           # 403 | 501: a write to an APP_GROUP or BUILT_IN group
 *       stale: 0s                # member lists show a write only that much later
 *       stale_percent: 100       # that share of the writes
 *       membership_time: 0s      # how late lastMembershipUpdated moves; `never`
 *       search_lag: 0s           # `search` shows new and renamed things only that much later
 *       log_lag: 0s              # the System Log too
 *       log_doubles: false       # every third event comes twice
 *       log_disorder: false      # every second event is persisted before the one it follows
 *       links: separate          # separate | joined: Link headers
 *       headers: lower           # lower | title: how names are written
 *       short_names: true        # people are found by the part of a login before the @
 *       latency: 0s              # of every answer
 *       token_life: 1h           # of access tokens
 *       concurrency: 75          # requests side by side before a 429 without a bucket
 *       principal_percent: 50    # of a bucket, for one client or token
 *       rate_limits: true
 *       limits: {"/api/v1/groups": 500}     # a minute, for the organisation; `oauth2` too
 *       logs, rules, roles, schema, apps, org: 200     # 403, 404 or 5xx: as if not to be had
 *
 *     aws:                       # the account that every cloud has; what is given changes
 *       account: "111122223333"
 *       region: ap-northeast-1   # that calls are signed for; its primary one, unless:
 *       primary_region: us-east-1        # then ours is an additional one: the Store is read-only
 *       instance_arn: arn:aws:sso:::instance/ssoins-0123456789abcdef
 *       store_id: d-1234567890
 *       owner: "111122223333"    # the account that owns the instance
 *       name: example
 *       status: ACTIVE           # CREATE_IN_PROGRESS CREATE_FAILED DELETE_IN_PROGRESS ACTIVE
 *       instances:               # others that are visible too, with empty stores
 *         - {instance_arn: ..., store_id: ..., owner, name, status, primary_region}
 *       keys:                    # long-lived; without `id`: the one that is there from the start
 *         - {id: AKIA..., secret: TEXT, user: seatkeeper, expires: TIME, off: false,
 *            deny: ["identitystore:List*", "sso:*"]}
 *       roles:                   # without `arn`: arn:aws:iam::ACCOUNT:role/seatkeeper
 *         - {arn: ..., external_id: TEXT, max_session: 12h, web_token: TEXT, web_expires: TIME,
 *            deny: [...]}
 *       container_token: TEXT    # that /v2/credentials/ANYTHING asks for
 *       applications:            # instead of KiroProfile-us-east-1 and Kiro Sign-In
 *         - {name: KiroProfile-us-east-1, arn: ..., provider: ..., status: ENABLED,
 *            assignment_required: true, assigned: [group or user name]}
 *       # profile: us-east-1 at an application: whose it is; else told by a name such as
 *       # KiroProfile-us-east-1 or QDevProfile-us-east-1
 *       users:                   # made by hand; ExternalIds only where given
 *         - {user_name: x@example.com, id: ..., display_name: X, first_name: X, last_name: Y,
 *            email: x@example.com, status: ENABLED, external_id: 00u..., issuer: ...,
 *            link: true}         # false: SCIM may not take the user over: 409
 *         - y@example.com
 *       groups:                  # made by hand
 *         - {name: Kiro, id: ..., description: ..., external_id: 00g..., issuer: ...,
 *            members: [user name or login], strange: 2}     # so many members that are no users
 *       quirks:
 *         page_cap: 100          # no page is longer; 0: what MaxResults says
 *         write_lag: 0s          # reads show a write through the API only that much later
 *         tps: 0                 # calls a second in all before a ThrottlingException; 0: no limit
 *         kms: KMS_ACCESS_DENIED # the Store's key cannot be used, and why; empty: it can
 *         statuses: plain        # plain: 400 for every client error | modelled: 403, 404, 409 ...
 *         fold_case: false       # GetUserId ignores case
 *         user_status: true      # users tell UserStatus
 *         external_ids: true     # users and groups tell ExternalIds
 *         member_account: false  # ListApplications needs the filter ApplicationAccount
 *         metadata: true         # IMDS is on
 *       subscriptions:           # of Kiro and Amazon Q Developer (sim_subs.h)
 *         region: us-east-1      # of the usual profile, whose application is KiroProfile-us-east-1
 *         materialise: [5m, 6h]  # how late a group's claim reaches a member who joins: least and
 *                                # most, one duration, or never
 *         use_percent_a_day: 0   # of those who hold a seat use it for the first time each day
 *         spellings:             # how lists and claims spell a plan; the rest as usual
 *           {q-pro: Q_DEVELOPER_STANDALONE, kiro-power: KIRO_ENTERPRISE_PRO_POWER}
 *         claims:                # of what is in the store, or comes there later under that name
 *           - {group: AWS_kiro_JP_Users, plan: kiro-pro, materialise: never}
 *           - {user: x@example.com, plan: q-pro, status: ACTIVE, since: TIME, used: TIME}
 *           - {orphan: 1234567890-..., plan: kiro-pro, status: ACTIVE}   # a user of no store
 *           # plan: q-pro kiro-pro kiro-pro-plus kiro-pro-max kiro-power
 *           # since: the members from before have it since then; left out: for 90 days
 *           # status: what those have, whatever `materialise` says: PENDING ACTIVE CANCELED
 *           # used: their first use; left out: with status ACTIVE at `since`
 *           # region: another profile; raw: TEXT, how this claim's plan reads back
 *         quirks:
 *           eligibility: ""      # management | blocked | ineligible: nobody can be subscribed
 *           profile: ready       # missing: none in this Region | direct: tied to Okta, lists empty
 *           unknown_spelling: 0  # percent of seats whose plan reads back as no known word
 *           missing_field: ""    # that member is not told: principal type amazonQ status ...
 *           extra_field: ""      # one more member is told
 *           older_names: false   # UserSubscriptions, PrincipalId, SubscriptionType, Status
 *           cancelled: CANCELED  # how it is spelt
 *           hide_canceled: false # they are not listed at all
 *           disabled_cancels: false    # disabling a user cancels, enabling him subscribes anew
 *           group_rows: false    # claimed groups are listed among the subscribed too
 *           times: number        # number: seconds | text: ISO 8601
 *           page_cap: 0          # no page is longer; 0: what maxResults says
 *           read_lag: 0s         # lists show everything only that much later
 *     scim:                      # push from Okta to Identity Center
 *       app: amazon_aws_sso      # name, label or id of the application that pushes
 *       user_lag: [2s, 40s]      # least and most, or one duration
 *       group_lag: [5s, 2m]
 *       lost_percent: 0          # of the pushes of users and single memberships never arrive
 *       token_expires: never     # TIME: every push fails from then on
 *       broken: false            # true: every push fails
 *       fresh: false             # true: nothing was pushed before; all of it is under way
 *       clash: error             # a group made by hand bears the name: error | silent, where the
 *                                # mapping stays ACTIVE and nothing is pushed
 *       mappings:                # ACTIVE, INACTIVE, ERROR; `pushed: false`: not over there yet
 *         AWS_kiro_JP_Users: {status: ERROR, error: TEXT, pushed: false}
 *         Other: INACTIVE
 */

/* Loads; all or nothing is not promised: after a mistake the organisation is a part of it. */
bool sim_org_load(struct sim *sim, struct str yaml, struct err *err);

/* Single things, for the control side too. */
bool sim_org_person(struct sim *sim, const struct sim_node *node, uint32_t *out, struct err *err);
bool sim_org_group(struct sim *sim, const struct sim_node *node, uint32_t *out, struct err *err);
bool sim_org_rule(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_credentials(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_quirks(struct sim *sim, const struct sim_node *node, struct err *err);

/* Names in a list, as numbers in sim->org. */
bool sim_org_people(struct sim *sim, const struct sim_node *list, uint32_t **out, size_t *n,
                    struct err *err);
bool sim_org_groups(struct sim *sim, const struct sim_node *list, uint32_t **out, size_t *n,
                    struct err *err);

/* The AWS side (sim_aws_org.c, sim_scim_org.c). What is given changes, the rest stays. */
bool sim_org_aws(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_aws_quirks(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_store_user(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_store_group(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_scim(struct sim *sim, const struct sim_node *node, struct err *err);
/* Subscriptions (sim_subs_org.c): claims without `since` are old, or are made now. */
bool sim_org_subs(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_subs_now(struct sim *sim, const struct sim_node *node, struct err *err);
bool sim_org_claim(struct sim *sim, const struct sim_node *node, int64_t since_ms, struct err *err);
