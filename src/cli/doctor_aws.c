#include "aws/aws_creds.h"
#include "cli/doctor.h"
#include "engine/observe_store.h"

/* What happens behind Okta: whose AWS credentials these are, the instance, the groups there, and
 * what Okta says about pushing them. */

#define SKEW_WORTH_A_NOTE TIME_MINUTE
#define TOKEN_SOON        (30 * TIME_DAY)

struct looking {
    struct doctor *doctor;
    struct cli *cli;
    struct roll roll;
    struct seen_groups groups;
    struct seen_store store;
};

static bool observe(struct looking *at, struct err *err)
{
    struct cli *cli = at->cli;

    return observe_groups(&cli->world, true, &cli->actor, &cli->arena, &at->groups, err) &&
           roll_load(&at->roll, &cli->world, true, &cli->arena, err) &&
           observe_store(&cli->world, &at->roll, &at->groups, &cli->actor, &at->store, err);
}

static void check_instance(const struct looking *at)
{
    const struct seen_store *store = &at->store;

    if (store->changed) {
        doctor_add(at->doctor, CHECK_FAIL, "aws.instance",
                   "set `aws` right, or acknowledge the finding instance_changed", "%.*s",
                   STR_ARG(store->why));
        return;
    }
    if (!store->ok) {
        doctor_add(at->doctor, CHECK_FAIL, "aws.instance",
                   "see whether the credentials are those of the settings' account and may call "
                   "sso:ListInstances and the reads of the Identity Store",
                   "%.*s", STR_ARG(store->why));
        return;
    }
    doctor_add(at->doctor, CHECK_OK, "aws.instance", NULL, "account %.*s, %.*s, store %.*s",
               STR_ARG(store->account), STR_ARG(store->instance.arn),
               STR_ARG(store->instance.store_id));
    if (!store->instance.writable) {
        doctor_add(at->doctor, CHECK_NOTE, "aws.instance",
                   "let `aws.region` be the primary region; direct provisioning waits until then",
                   "%.*s", STR_ARG(store->instance.why));
    }
}

static void check_skew(const struct looking *at)
{
    int64_t skew = aws_skew_ms(at->cli->world.aws);
    int64_t size = skew < 0 ? -skew : skew;

    if (size > SKEW_WORTH_A_NOTE) {
        doctor_add(at->doctor, CHECK_NOTE, "aws.clock", "check time synchronisation",
                   "this machine's clock and AWS's are %.*s apart",
                   STR_ARG(duration_words(size, &at->cli->arena)));
    }
}

static void check_group(const struct looking *at, const struct store_group *group)
{
    const struct listing *listing = group->listing;

    if (listing->state == LISTING_ABSENT) {
        doctor_add(at->doctor, CHECK_FAIL, "aws.group",
                   group->direct ? "make the group in Identity Center"
                                 : "push the group: Okta, the application, tab Push Groups",
                   "Identity Center has no group %.*s", STR_ARG(group->okta->name));
    } else if (listing->state != LISTING_SEALED) {
        doctor_add(at->doctor, CHECK_FAIL, "aws.group",
                   "see whether the credentials may list memberships",
                   "the members of %.*s there could not be read: %.*s", STR_ARG(group->okta->name),
                   STR_ARG(listing->why));
    } else if (!group->pin_ok) {
        doctor_add(at->doctor, CHECK_FAIL, "aws.group",
                   "see the finding group_changed, or change `provisioning`", "%.*s",
                   STR_ARG(group->why));
    } else {
        doctor_add(at->doctor, CHECK_OK, "aws.group", NULL, "%.*s (%.*s), %s, %zu members",
                   STR_ARG(group->okta->name), STR_ARG(group->group.id),
                   group->direct ? "written by this program" : "pushed by Okta", listing->n);
    }
}

static void check_conflicts(const struct looking *at)
{
    for (size_t i = 0; i < at->store.conflicts.n; i++) {
        const struct store_conflict *conflict = &at->store.conflicts.items[i];
        doctor_add(at->doctor, CHECK_FAIL, "aws.user",
                   "leave one of the two users in Identity Center", "%.*s: %.*s",
                   STR_ARG(conflict->login), STR_ARG(conflict->why));
    }
}

/* ---- push ---- */

static void check_mapping(const struct looking *at, const struct seen_group *group,
                          const struct okta_push *push)
{
    static const char open[] = "Okta, the application AWS IAM Identity Center, tab Push Groups";

    if (push->answer == OKTA_NONE) {
        doctor_add(at->doctor, CHECK_FAIL, "okta.push", open, "%.*s is not pushed",
                   STR_ARG(group->name));
    } else if (push->answer != OKTA_FOUND) {
        doctor_add(at->doctor, CHECK_NOTE, "okta.push",
                   "grant the scope okta.apps.read; causes of late seats are not known without it",
                   "whether %.*s is pushed could not be read: %.*s", STR_ARG(group->name),
                   STR_ARG(push->why));
    } else if (str_is(push->status, "ACTIVE")) {
        doctor_add(at->doctor, CHECK_OK, "okta.push", NULL, "%.*s is pushed", STR_ARG(group->name));
    } else {
        doctor_add(at->doctor, CHECK_FAIL, "okta.push", open, "the push of %.*s is %.*s%s%.*s",
                   STR_ARG(group->name), STR_ARG(push->status), push->error.len > 0 ? ": " : "",
                   STR_ARG(push->error));
    }
}

static bool check_push(struct looking *at, struct err *err)
{
    struct cli *cli = at->cli;
    struct str app = cli->settings.okta.scim_app_id;
    struct str *ids = arena_array(&cli->arena, struct str, at->store.n_groups);
    const struct seen_group **groups =
        arena_array(&cli->arena, const struct seen_group *, at->store.n_groups);
    struct okta_push *pushes = arena_array(&cli->arena, struct okta_push, at->store.n_groups);
    size_t n = 0;

    for (size_t i = 0; i < at->store.n_groups; i++) {
        if (!at->store.groups[i].direct && at->store.groups[i].okta->id.len > 0) {
            groups[n] = at->store.groups[i].okta;
            ids[n++] = at->store.groups[i].okta->id;
        }
    }
    if (n == 0)
        return true;
    if (app.len == 0) {
        doctor_add(at->doctor, CHECK_NOTE, "okta.push",
                   "set `okta.scim_app_id`; causes of late seats are not known without it",
                   "the settings do not name the application that pushes");
        return true;
    }
    if (!okta_group_pushes(cli->world.okta, app, ids, n, &cli->arena, pushes, err))
        return false;
    for (size_t i = 0; i < n; i++)
        check_mapping(at, groups[i], &pushes[i]);
    return true;
}

static void check_token(const struct looking *at)
{
    int64_t ends = settings_scim_token_expires_ms(&at->cli->settings);
    int64_t left = ends - at->roll.now_ms;
    struct arena *arena = &at->cli->arena;
    static const char remedy[] =
        "make a new token in Identity Center (Settings, Automatic provisioning), give it to Okta's "
        "application, and set `aws.scim_token_expires`";

    if (ends == 0) {
        doctor_add(at->doctor, CHECK_NOTE, "aws.scim_token", "set `aws.scim_token_expires`",
                   "when the SCIM token ends is not told; pushes then stop without a word");
    } else if (left <= 0) {
        doctor_add(at->doctor, CHECK_FAIL, "aws.scim_token", remedy, "the SCIM token ended on %.*s",
                   STR_ARG(date_str(ends - 1, arena)));
    } else {
        doctor_add(at->doctor, left < TOKEN_SOON ? CHECK_NOTE : CHECK_OK, "aws.scim_token", remedy,
                   "the SCIM token ends in %.*s", STR_ARG(duration_words(left, arena)));
    }
}

bool doctor_aws(struct doctor *doctor, struct err *err)
{
    struct looking at = {.doctor = doctor, .cli = doctor->cli};

    if (!doctor->cli->world.aws)
        return true;
    if (!observe(&at, err))
        return doctor_failed(doctor, "aws.instance", NULL, err);
    if (!at.store.wanted)
        return true;
    check_instance(&at);
    check_skew(&at);
    for (size_t i = 0; at.store.ok && i < at.store.n_groups; i++)
        check_group(&at, &at.store.groups[i]);
    check_conflicts(&at);
    check_token(&at);
    return check_push(&at, err) || doctor_failed(doctor, "okta.push", NULL, err);
}
