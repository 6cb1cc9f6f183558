#include "unit/settings/help.h"

/* What is wrong, line by line: one change each to a file that is right. */

struct wrong {
    unsigned line;    /* of SMALL_FILE, replaced; 0: added at the end */
    const char *with; /* what stands there instead */
    const char *problems;
};

static const struct wrong wrong_keys[] = {
    {7, "    mdoe: observe\n",
     "6 entitlements[0].mode: is required: observe, add or enforce\n"
     "7 entitlements[0].mdoe: unknown key: did you mean `mode`?\n"},
    {7, "    mode: Observe\n",
     "7 entitlements[0].mode: must be observe, add or enforce, not `Observe`\n"},
    {7, "", "6 entitlements[0].mode: is required: observe, add or enforce\n"},
    {1, "legder: l.db\n",
     "1 ledger: is required: the ledger, a file on a local disk\n"
     "1 legder: unknown key: did you mean `ledger`?\n"},
    {1,
     "ledger: l.db\n"
     "mode: add\n",
     "2 mode: unknown key here: it belongs under `entitlements[]`\n"},
    {1,
     "ledger: l.db\n"
     "wombat: 1\n",
     "2 wombat: unknown key\n"},
    {1, "ledger:\n", "1 ledger: must be one value, not nothing\n"},
    {1,
     "ledger: l.db\n"
     "ledger: m.db\n",
     "2 ledger: is given twice: the first is on line 1\n"},
    {1, "ledger: [l.db]\n", "1 ledger: must be a single value, not a list\n"},
    {1, "ledger: \"\"\n", "1 ledger: must not be empty\n"},
    {1,
     "ledger: l.db\n"
     "timezone: Europe/Atlantis\n",
     "2 timezone: must be a time zone of this system, such as Europe/Berlin or UTC, not `Europe/Atlantis`\n"},
    {1,
     "ledger: l.db\n"
     "timezone: ../../../etc/passwd\n",
     "2 timezone: must be a time zone of this system, such as Europe/Berlin or UTC, not `../../../etc/passwd`\n"},
    {1,
     "ledger: l.db\n"
     "name: two words\n",
     "2 name: must be a short name: letters, digits, `-`, `_` and `.`, at most 64, not `two words`\n"},
    {1,
     "ledger: l.db\n"
     "schedule: 5m\n",
     "2 schedule: must be a map of keys, not a single value\n"},
    {1,
     "ledger: l.db\n"
     "schedule: {every: 5 minutes, jitter: 2h}\n",
     "2 schedule.every: must be a duration, such as 30s, 5m, 2h or 7d, not `5 minutes`\n"
     "2 schedule.jitter: must be 0s to 1h, not 2h\n"},
    {1,
     "ledger: l.db\n"
     "safety: {removals_per_run: many, removals_per_day: 0, removals_per_week: 1.5}\n",
     "2 safety.removals_per_run: must be a whole number, not `many`\n"
     "2 safety.removals_per_day: must be 1 to 1000000, not 0\n"
     "2 safety.removals_per_week: must be a whole number, not `1.5`\n"},
    {1,
     "ledger: l.db\n"
     "safety: {protected: Board}\n",
     "2 safety.protected: must be a list, as in [ONE, TWO], not a single value\n"},
    {1,
     "ledger: l.db\n"
     "safety: {protected: [{group: Board}, {okta_group: [A]}, a b]}\n",
     "2 safety.protected[0]: must be a login, or {okta_group: NAME} and nothing else\n"
     "2 safety.protected[1].okta_group: must be a single value, not a list\n"
     "2 safety.protected[2]: must be one Okta login, such as ada@example.com, not `a b`\n"},
    {1,
     "ledger: l.db\n"
     "slack:\n",
     "2 slack: must be a map of keys, not nothing\n"},
    {1,
     "ledger: l.db\n"
     "roles: {admin: [a@b.c]}\n",
     "2 roles.admin: must be one login, or {okta_group: NAME}, not a list\n"},
};

static const struct wrong wrong_okta[] = {
    {4, "",
     "3 okta: does not say how to sign in: give `client_id`, `key_file` and `key_id`, or `token_file`\n"},
    {4, "  token: 00secretsecret\n",
     "4 okta.token: a secret has no place in the settings: use `token_file` or `token_env`, and replace what stood here\n"},
    {4,
     "  token_file: t\n"
     "  token_env: OKTA_TOKEN\n",
     "5 okta.token_env: give either `token_file` or `token_env`, not both\n"},
    {4,
     "  token_file: t\n"
     "  client_id: c\n",
     "3 okta: signs in twice: give either the application (`client_id`, `key_file`, `key_id`) or `token_file`, not both\n"},
    {4, "  client_id: c\n",
     "3 okta.key_id: is required to sign in as an OAuth service application\n"
     "3 okta.key: is required to sign in as an OAuth service application: `key_file` or `key_env`\n"},
    {4,
     "  key: |\n"
     "    -----BEGIN\n"
     "  client_id: c\n"
     "  key_id: k\n",
     "4 okta.key: a secret has no place in the settings: use `key_file` or `key_env`, and replace what stood here\n"},
    {4, "  token_env: 00secret/secret\n",
     "4 okta.token_env: must be the name of an environment variable, not a value\n"},
    {3, "  url: http://acme.okta.com\n",
     "3 okta.url: must begin with https://, as plain http is for loopback addresses only\n"},
    {3, "  url: https://acme-admin.okta.com\n",
     "3 okta.url: is the address of the administrators' pages: leave out `-admin`\n"},
    {3, "  url: acme.okta.com\n", "3 okta.url: must be a URL that begins with https://\n"},
    {3, "  url: https://user:secret@acme.okta.com\n",
     "3 okta.url: must be a URL without a user name or password in it\n"},
    {3, "  url: https://acme.okta.com?x=1\n",
     "3 okta.url: must be a base URL, without `?` or `#`\n"},
    {3,
     "  url: https://acme.okta.com\n"
     "  dpop: yes\n"
     "  rate_share: 101\n",
     "4 okta.dpop: must be true or false, not `yes`\n"
     "5 okta.rate_share: must be 1 to 100, not 101\n"},
    {3, "",
     "3 okta.url: is required: where the organisation answers, such as https://acme.okta.com\n"},
};

static const struct wrong wrong_entitlements[] = {
    {8, "    default_plan: kiro-power\n",
     "8 entitlements[0].default_plan: is not one of this entitlement's plans\n"},
    {9, "    plans: [{plan: kiro-por, okta_group: Kiro_Pro}]\n",
     "9 entitlements[0].plans[0].plan: is not a plan of the catalogue: did you mean `kiro-pro`?\n"},
    {9, "    plans: [{plan: kiro-pro, okta_group: A}, {plan: kiro-pro, okta_group: B}]\n",
     "9 entitlements[0].plans[1].plan: is listed twice in this entitlement\n"},
    {9, "    plans: [{plan: kiro-pro, okta_group: A}, {plan: kiro-power, okta_group: A}]\n",
     "9 entitlements[0].plans[1].okta_group: already serves kiro-pro of `kiro`: a group serves exactly one plan of one entitlement\n"},
    {9, "    plans: [{plan: kiro-pro, okta_group: A, okta_group_id: 00g1}]\n",
     "9 entitlements[0].plans[0].okta_group_id: give either `okta_group` or `okta_group_id`, not both\n"},
    {9, "    plans: [{plan: kiro-pro}]\n",
     "9 entitlements[0].plans[0].okta_group: is required: the group whose members hold this plan, or its `okta_group_id`\n"},
    {9, "    plans: []\n",
     "9 entitlements[0].plans: must not be an empty list: leave it out or fill it\n"},
    {9, "    plans: [kiro-pro]\n",
     "9 entitlements[0].plans[0]: must be a map of keys, not a single value\n"},
    {10, "    approval: approvers\n",
     "10 entitlements[0].approval: asks `approvers`, but `approvers` names nobody\n"},
    {10, "    approval: {kiro-power: none}\n",
     "10 entitlements[0].approval: says nothing about `kiro-pro`: every plan needs a word\n"
     "10 entitlements[0].approval.kiro-power: is not one of this entitlement's plans\n"},
    {10, "    approval: {kiro-pro: anybody}\n",
     "10 entitlements[0].approval.kiro-pro: must be none, approvers or manager, not `anybody`\n"},
    {10, "    approval: [none]\n",
     "10 entitlements[0].approval: must be one word, or a map from each plan to a word, not a list\n"},
    {0, "    renewal_approval: approvers\n",
     "11 entitlements[0].renewal_approval: asks `approvers`, but `approvers` names nobody\n"},
    {0, "    approvers: []\n",
     "11 entitlements[0].approvers: must not be an empty list: leave it out or fill it\n"},
    {0, "    assignment_group: Kiro_Pro\n",
     "11 entitlements[0].assignment_group: is the group of kiro-pro of `kiro`: the group that assigns must not be one that is pushed\n"},
    {0, "    assignment_leave: true\n",
     "11 entitlements[0].assignment_leave: has no meaning without `assignment_group`\n"},
    {0, "    max_duration: 30d\n",
     "11 entitlements[0].max_duration: must not be less than `default_duration`, which is 180d when left out\n"},
    {0, "    default_duration: 400d\n",
     "11 entitlements[0].default_duration: must not be more than `max_duration`, which is 365d when left out\n"},
    {0, "    max_duration: 30x\n",
     "11 entitlements[0].max_duration: must be a duration, such as 30s, 5m, 2h or 7d, not `30x`\n"},
    {0, "    unmanaged: remove\n",
     "11 entitlements[0].unmanaged: `remove` needs `mode: enforce`; this entitlement is in `observe`\n"},
    {0, "    plan_by: claim\n",
     "11 entitlements[0].plan_by: `claim` is not in this version: use `group`, with one Okta group for each plan\n"},
    {0,
     "    plan_by: assignment\n"
     "    provisioning: direct\n",
     "11 entitlements[0].plan_by: `assignment` is not in this version: use `group`, with one Okta group for each plan\n"
     "12 entitlements[0].provisioning: `direct` needs `aws`: this program then writes the groups of Identity Center itself\n"},
    {0, "    provisioning: push\n",
     "11 entitlements[0].provisioning: must be scim, direct or none, not `push`\n"},
    {0,
     "    provisioning: direct\n"
     "aws: nowhere\n",
     "12 aws: must be a map of keys, not a single value\n"},
    {0, "    hop_deadline: {user: 0s, pushed: 366d, seat: off}\n",
     "11 entitlements[0].hop_deadline.user: must be 1s to 365d, not 0s\n"
     "11 entitlements[0].hop_deadline.pushed: must be 1s to 365d, not 366d\n"
     "11 entitlements[0].hop_deadline.seat: must be a duration, such as 30s, 5m, 2h or 7d, not `off`\n"},
    {0, "    approval_fallback: {after: 1d}\n",
     "11 entitlements[0].approval_fallback.to: is required: who is asked then\n"},
    {0, "    eligible: {domains: [], okta_groups: [Kiro_Pro], profile: {}}\n",
     "11 entitlements[0].eligible.domains: must not be an empty list: leave it out or fill it\n"
     "11 entitlements[0].eligible.okta_groups[0]: is the group of a plan here: nobody new could ever be eligible\n"
     "11 entitlements[0].eligible.profile: must not be an empty map: leave it out or fill it\n"},
    {0, "    eligible: {domains: ['@example.com', example.com], profile: {a: [b]}}\n",
     "11 entitlements[0].eligible.domains[0]: must be a domain without `@`, not `@example.com`\n"
     "11 entitlements[0].eligible.profile.a: must be a single value, not a list\n"},
    {0,
     "    max_seats: 0\n"
     "    max_monthly_cost: \"12.345\"\n"
     "    removals_percent: 200\n",
     "11 entitlements[0].max_seats: must be 1 to 1000000, not 0\n"
     "12 entitlements[0].max_monthly_cost: must be an amount such as \"20.00\", not `12.345`\n"
     "13 entitlements[0].removals_percent: must be 1 to 100, not 200\n"},
    {0, "    inactive_grace: {deprovisioned: never, suspended: off}\n",
     "11 entitlements[0].inactive_grace.deprovisioned: must be a duration, such as 30s, 5m, 2h or 7d, or off, not `never`\n"},
    {0, "    approval_expires: off\n",
     "11 entitlements[0].approval_expires: must be a duration, such as 30s, 5m, 2h or 7d, not `off`\n"},
    {0,
     "  - name: Kiro\n"
     "    mode: observe\n"
     "    default_plan: kiro-pro\n"
     "    plans: [{plan: kiro-pro, okta_group: Kiro_Pro}]\n"
     "    approval: none\n",
     "11 entitlements[1].name: is the name of another entitlement too\n"
     "14 entitlements[1].plans[0].okta_group: already serves kiro-pro of `kiro`: a group serves exactly one plan of one entitlement\n"},
    {0,
     "    ask_for: [kiro ide]\n"
     "  - name: other\n"
     "    ask_for: [Kiro IDE, kiro]\n"
     "    mode: observe\n"
     "    default_plan: kiro-pro\n"
     "    plans: [{plan: kiro-pro, okta_group: Other}]\n"
     "    approval: none\n",
     "13 entitlements[1].ask_for[0]: is already what people call `kiro`\n"
     "13 entitlements[1].ask_for[1]: is the name of another entitlement\n"},
    {0, "safety: {protected: [{okta_group: Kiro_Pro}]}\n",
     "11 safety.protected[0]: is the group of kiro-pro of `kiro`: nobody could ever be removed from it; use `mode: add` for that\n"},
    {5,
     "entitlements: []\n"
     "x:\n",
     "5 entitlements: must not be an empty list: leave it out or fill it\n"
     "6 x: unknown key\n"},
};

static const struct wrong wrong_aws[] = {
    {1,
     "ledger: l.db\n"
     "aws: {region: Frankfurt, account: 123, instance_arn: x, subscriptions: apply}\n",
     "2 aws.region: must be an AWS region, such as eu-central-1, not `Frankfurt`\n"
     "2 aws.account: must be an AWS account: twelve digits, not `123`\n"
     "2 aws.instance_arn: must be an ARN, such as arn:aws:sso:::instance/ssoins-0123456789abcdef, not `x`\n"
     "2 aws.subscriptions: `apply` is not in this version: use `off` or `observe`, and attach each plan's subscription to its group once by hand\n"},
    {1,
     "ledger: l.db\n"
     "aws: {}\n",
     "2 aws.region: is required: the primary region of Identity Center\n"
     "2 aws.account: is required: the account that must be met; any other is refused\n"
     "2 aws.instance_arn: is required: the Identity Center instance\n"},
    {1,
     "ledger: l.db\n"
     "aws:\n"
     "  region: eu-central-1\n"
     "  account: \"444455556666\"\n"
     "  instance_arn: arn:aws:iam::444455556666:role/seatkeeper\n"
     "  application_arn: arn:aws:sso:::instance/ssoins-7223example0000\n"
     "  role_arn: arn:aws:iam::444455556666:user/seatkeeper\n"
     "  credentials_file: ~/.aws/credentials\n"
     "  scim_token_expires: 30.11.2026\n"
     "  endpoints: {sts: 'http://sts.example.com', sso: 'sso.example.com', q: 'https://a/?b'}\n",
     "5 aws.instance_arn: is the ARN of another kind of thing: it must be one such as arn:aws:sso:::instance/ssoins-0123456789abcdef\n"
     "6 aws.application_arn: is the ARN of another kind of thing: it must be one such as arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef\n"
     "7 aws.role_arn: is the ARN of another kind of thing: it must be one such as arn:aws:iam::111122223333:role/seatkeeper\n"
     "8 aws.credentials_file: must be a path: `~` has no meaning here\n"
     "9 aws.scim_token_expires: must be a date, such as 2026-11-30, not `30.11.2026`\n"
     "10 aws.endpoints.sts: must begin with https://, as plain http is for loopback addresses only\n"
     "10 aws.endpoints.sso: must be a URL that begins with https://\n"
     "10 aws.endpoints.q: must be a base URL, without `?` or `#`\n"},
    {1,
     "ledger: l.db\n"
     "aws: {region: eu-central-1, account: \"444455556666\", endpoint: {},\n"
     "  instance_arn: 'arn:aws:sso:::instance/ssoins-7223example0000',\n"
     "  role_arn: 'arn:aws:iam::444455556667:role/seatkeeper'}\n",
     "2 aws.endpoint: unknown key: did you mean `endpoints`?\n"
     "4 aws.role_arn: is a role of another account than `account`, which is the one to be met\n"},
};

static const struct wrong wrong_unused[] = {
    {1,
     "ledger: l.db\n"
     "slack: {token: xoxb-1, channel: general, daily_digest: 9.30, language: de}\n",
     "2 slack.token: a secret has no place in the settings: use `token_file` or `token_env`, and replace what stood here\n"
     "2 slack.channel: must be the id of a channel, such as C0123456789, not `general`\n"
     "2 slack.daily_digest: must be a time of day, such as \"09:30\", not `9.30`\n"
     "2 slack.language: must be en or ja, not `de`\n"},
    {1,
     "ledger: l.db\n"
     "slack: {token_file: t, app_token_file: a, signing_secret_file: s, channel: C04EXAMPLE1}\n",
     "2 slack: gets its deliveries twice: give either `app_token_file` or `signing_secret_file`, not both\n"},
    {1,
     "ledger: l.db\n"
     "server: {listen: 0.0.0.0:80, local_users: {ada: two words}}\n",
     "2 server.listen: must be a loopback address, such as 127.0.0.1:8437, not `0.0.0.0:80`\n"
     "2 server.local_users.ada: must be one Okta login, such as ada@example.com, not `two words`\n"},
    {1,
     "ledger: l.db\n"
     "server: {listen: \"[::1]\", local_users: [ada]}\n",
     "2 server.listen: must be an address and a port, such as 127.0.0.1:8437, not `[::1]`\n"
     "2 server.local_users: must be a map, as in {NAME: VALUE}, not a list\n"},
    {1,
     "ledger: l.db\n"
     "server:\n"
     "  tokens:\n"
     "    - {name: a, sha256: secret, scopes: [], expires: 2026-02-30}\n"
     "    - {name: a, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, scopes: [all], entitlements: [nope], confirm: none, expires: 2026-02-28}\n",
     "4 server.tokens[0].sha256: must be the SHA-256 of the token: 64 digits 0-9 and a-f\n"
     "4 server.tokens[0].scopes: must not be an empty list: leave it out or fill it\n"
     "4 server.tokens[0].expires: must be a day that the calendar has, not `2026-02-30`\n"
     "5 server.tokens[1].name: is the name of another token too\n"
     "5 server.tokens[1].scopes[0]: must be read, request, decide or admin, not `all`\n"
     "5 server.tokens[1].entitlements[0]: is not an entitlement\n"
     "5 server.tokens[1].confirm: `none` is for a token that is bound to people by `people.logins`\n"},
    {1,
     "ledger: l.db\n"
     "backup: {every: 1s, keep: 0}\n"
     "audit: {stream: file}\n",
     "2 backup.dir: is required: the folder for them\n"
     "2 backup.every: must be 1m to 7d, not 1s\n"
     "2 backup.keep: must be 1 to 10000, not 0\n"
     "3 audit.stream: must be off or journal, not `file`\n"},
};

static const struct wrong wrong_catalogue[] = {
    {1,
     "ledger: l.db\n"
     "catalogue: {plans: [{plan: acme}]}\n",
     "2 catalogue.plans[0].family: is required for a plan that the program does not know\n"
     "2 catalogue.plans[0].rank: is required for a plan that the program does not know\n"
     "2 catalogue.plans[0].price: is required for a plan that the program does not know\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {plans: [{plan: acme, family: acme, rank: 1, price: 20}]}\n",
     "2 catalogue.plans[0].family: is a family that the catalogue does not know: add it to `catalogue.families`\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {plans: [{plan: kiro-power, rank: 10}]}\n",
     "2 catalogue.plans[0].rank: is also the rank of `kiro-pro`: within a family each plan needs its own\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {plans: [{plan: kiro-pro, price: 2e1}, {plan: kiro-pro, price: -1}]}\n",
     "2 catalogue.plans[0].price: must be an amount such as \"20.00\", not `2e1`\n"
     "2 catalogue.plans[1]: a plan is described twice\n"
     "2 catalogue.plans[1].price: must be an amount such as \"20.00\", not `-1`\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {currency: usd, show_in: {currency: EUR, rate: 0}}\n",
     "2 catalogue.currency: must be a currency by its three capital letters, such as USD, not `usd`\n"
     "2 catalogue.show_in.rate: must be 0.000001 to 1000000, not 0\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {currency: JPY}\n",
     "2 catalogue.currency: needs a price in JPY for `q-pro`\n"
     "2 catalogue.currency: needs a price in JPY for `kiro-pro`\n"
     "2 catalogue.currency: needs a price in JPY for `kiro-pro-plus`\n"
     "2 catalogue.currency: needs a price in JPY for `kiro-pro-max`\n"
     "2 catalogue.currency: needs a price in JPY for `kiro-power`\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {show_in: {currency: USD, rate: 1}}\n",
     "2 catalogue.show_in.currency: is the catalogue's own currency\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {families: [{family: a, one_way_to: b}, {family: a}, {family: c, one_way_to: d}, {family: d, one_way_to: c}]}\n",
     "2 catalogue.families[0].one_way_to: leads to a family that the catalogue does not know\n"
     "2 catalogue.families[1]: a family is described twice\n"
     "2 catalogue.families[2].one_way_to: leads back to itself: a one-way move needs an end\n"
     "2 catalogue.families[3].one_way_to: leads back to itself: a one-way move needs an end\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {plans: [{plan: q-pro, read_as: [X]}, {plan: kiro-pro, read_as: [Y, X]}]}\n",
     "2 catalogue.plans[1].read_as[1]: already stands for `q-pro`: one spelling means one plan\n"},
    {1,
     "ledger: l.db\n"
     "catalogue: {plans: [{plan: q-pro, read_as: [Y, KIRO_ENTERPRISE_PRO]}]}\n",
     "2 catalogue.plans[0].read_as[1]: stands for `kiro-pro` as the program knows it: give that "
     "plan a `read_as` of its own, without this one\n"},
};

static const struct wrong wrong_yaml[] = {
    {1, "ledger: &a l.db\n",
     "1 ledger: anchors are not allowed: write the value where it is used\n"},
    {1, "ledger: !path l.db\n", "1 ledger: tags are not allowed: leave the `!` word out\n"},
    {1,
     "ledger: l.db\n"
     "name: *a\n",
     "2 name: aliases are not allowed: write the value itself\n"},
    {1,
     "ledger: l.db\n"
     "<<: {name: x}\n",
     "2 <<: unknown key\n"},
    {1,
     "ledger: l.db\n"
     "? [a, b]\n"
     ": c\n",
     "2 : a key must be one word\n"},
    {1,
     "ledger: l.db\n"
     "\tname: x\n",
     "2 : not YAML: found a tab character that violates indentation, while scanning a plain scalar\n"},
    {1, "ledger: \"l.db\n",
     "11 : not YAML: found unexpected end of stream, while scanning a quoted scalar\n"},
    {0,
     "---\n"
     "ledger: other\n",
     "11 : only one document is allowed in a file\n"},
    {1, "ledger: \"a\\0b\"\n", "1 ledger: must be one line without control characters\n"},
    {1, "ledger: \"a\\u202eb\"\n", "1 ledger: must be one line without control characters\n"},
};

static void check(const struct wrong *cases, size_t n, struct arena *arena)
{
    for (size_t i = 0; i < n; i++) {
        arena_mark_t mark = arena_mark(arena);
        struct settings settings = {0};
        struct str text = help_changed(cases[i].line, cases[i].with, arena);

        assert_string_equal(help_problems(text, arena, &settings), cases[i].problems);
        arena_reset(arena, mark);
    }
}

static void test_keys_and_values_are_checked_by_their_rows(void **state)
{
    check(wrong_keys, ARRAY_LEN(wrong_keys), *state);
}

static void test_okta_is_signed_in_to_in_one_whole_way(void **state)
{
    check(wrong_okta, ARRAY_LEN(wrong_okta), *state);
}

static void test_entitlements_make_sense_alone_and_together(void **state)
{
    check(wrong_entitlements, ARRAY_LEN(wrong_entitlements), *state);
}

static void test_identity_center_is_named_by_the_right_names(void **state)
{
    check(wrong_aws, ARRAY_LEN(wrong_aws), *state);
}

static void test_sections_without_effect_are_checked_all_the_same(void **state)
{
    check(wrong_unused, ARRAY_LEN(wrong_unused), *state);
}

static void test_the_catalogue_stays_whole(void **state)
{
    check(wrong_catalogue, ARRAY_LEN(wrong_catalogue), *state);
}

static void test_the_surprises_of_yaml_are_refused(void **state)
{
    check(wrong_yaml, ARRAY_LEN(wrong_yaml), *state);
}

/* A file with as many kinds of mistakes as fit: they all come back, by line. */
static void test_all_mistakes_are_reported_at_once(void **state)
{
    static const char text[] = "nmae: prod\n"
                               "timezone: Mars/Olympus\n"
                               "okta:\n"
                               "  url: http://acme.okta.com\n"
                               "  token: 00abcdef\n"
                               "  rate_share: lots\n"
                               "schedule: {every: 5}\n"
                               "safety:\n"
                               "  removals_per_run: 0\n"
                               "  removals_per_run: 1\n"
                               "entitlements:\n"
                               "  - name: kiro\n"
                               "    mode: enforced\n"
                               "    default_plan: kiro-power\n"
                               "    plans:\n"
                               "      - {plan: kiro-pro, okta_group: A}\n"
                               "      - {plan: kiro-pro-plus, okta_grup: B}\n"
                               "    approval: {kiro-pro: approvers}\n"
                               "    max_duration: 1d\n"
                               "  - name: kiro\n"
                               "    mode: add\n"
                               "    default_plan: acme-pro\n"
                               "    plans: [{plan: acme-pro, okta_group: A}]\n"
                               "    approval: none\n"
                               "    plan_by: claim\n"
                               "    unmanaged: remove\n";
    static const char expected[] =
        "1 ledger: is required: the ledger, a file on a local disk\n"
        "1 nmae: unknown key: did you mean `name`?\n"
        "2 timezone: must be a time zone of this system, such as Europe/Berlin or UTC, not "
        "`Mars/Olympus`\n"
        "4 okta.url: must begin with https://, as plain http is for loopback addresses only\n"
        "5 okta.token: a secret has no place in the settings: use `token_file` or `token_env`, and "
        "replace what stood here\n"
        "6 okta.rate_share: must be a whole number, not `lots`\n"
        "7 schedule.every: must be a duration, such as 30s, 5m, 2h or 7d, not `5`\n"
        "9 safety.removals_per_run: must be 1 to 1000000, not 0\n"
        "10 safety.removals_per_run: is given twice: the first is on line 9\n"
        "13 entitlements[0].mode: must be observe, add or enforce, not `enforced`\n"
        "14 entitlements[0].default_plan: is not one of this entitlement's plans\n"
        "17 entitlements[0].plans[1].okta_group: is required: the group whose members hold this "
        "plan, or its `okta_group_id`\n"
        "17 entitlements[0].plans[1].okta_grup: unknown key: did you mean `okta_group`?\n"
        "18 entitlements[0].approval: says nothing about `kiro-pro-plus`: every plan needs a "
        "word\n"
        "18 entitlements[0].approval: asks `approvers`, but `approvers` names nobody\n"
        "19 entitlements[0].max_duration: must not be less than `default_duration`, which is 180d "
        "when left out\n"
        "20 entitlements[1].name: is the name of another entitlement too\n"
        "23 entitlements[1].plans[0].plan: is not a plan of the catalogue: add it to "
        "`catalogue.plans`\n"
        "23 entitlements[1].plans[0].okta_group: already serves kiro-pro of `kiro`: a group serves "
        "exactly one plan of one entitlement\n"
        "25 entitlements[1].plan_by: `claim` is not in this version: use `group`, with one Okta "
        "group for each plan\n"
        "26 entitlements[1].unmanaged: `remove` needs `mode: enforce`; this entitlement is in "
        "`add`\n";
    struct settings settings = {0};

    assert_string_equal(help_problems(str_of(text), *state, &settings), expected);
}

static void test_an_error_sums_up_with_the_first_problem(void **state)
{
    struct settings_problems problems;
    struct settings settings;
    struct err err = {0};

    assert_false(settings_parse(STR("conf/s.yaml"), STR("okta: {url: x}\nentitlements: 1\n"),
                                *state, &settings, &problems, &err));
    assert_string_equal(err.msg, "conf/s.yaml:1: ledger: is required: the ledger, a file on a "
                                 "local disk (and 3 more)");
    assert_int_equal(err.kind, ERR_SETTINGS);
    assert_int_equal(problems.n, 4);
}

/* What may be a secret by mistake is in no message, whichever key it was given to. */
static void test_no_message_repeats_what_may_be_a_secret(void **state)
{
    static const char text[] = "ledger: ~/s3cret\n"
                               "okta:\n"
                               "  url: https://me:s3cret@acme.okta.com\n"
                               "  token: s3cret\n"
                               "  token_env: s3cret/s3cret\n"
                               "  token_file: \"s3cret\\n\"\n"
                               "slack: {signing_secret: s3cret, app_token_env: s3cret=}\n"
                               "server:\n"
                               "  oidc: {client_secret: s3cret}\n"
                               "  tokens: [{sha256: s3cret}]\n";
    struct settings settings = {0};
    const char *problems = help_problems(str_of(text), *state, &settings);

    assert_null(strstr(problems, "s3cret"));
    assert_non_null(strstr(problems, "10 server.tokens[0].sha256: must be the SHA-256"));
    assert_non_null(strstr(problems, "7 slack.signing_secret: a secret has no place"));
}

static void test_problems_beyond_any_use_are_dropped(void **state)
{
    CLEANUP(buf_fini) struct buf text = {0};
    struct settings_problems problems;
    struct settings settings;
    struct err err = {0};

    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "key%d: 1\n", i);
    assert_false(settings_parse(STR("s"), buf_str(&text), *state, &settings, &problems, &err));
    assert_int_equal(problems.n, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys_and_values_are_checked_by_their_rows, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_okta_is_signed_in_to_in_one_whole_way, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_entitlements_make_sense_alone_and_together, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_identity_center_is_named_by_the_right_names,
                                        help_setup, help_teardown),
        cmocka_unit_test_setup_teardown(test_sections_without_effect_are_checked_all_the_same,
                                        help_setup, help_teardown),
        cmocka_unit_test_setup_teardown(test_the_catalogue_stays_whole, help_setup, help_teardown),
        cmocka_unit_test_setup_teardown(test_the_surprises_of_yaml_are_refused, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_all_mistakes_are_reported_at_once, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_an_error_sums_up_with_the_first_problem, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_no_message_repeats_what_may_be_a_secret, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_problems_beyond_any_use_are_dropped, help_setup,
                                        help_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
