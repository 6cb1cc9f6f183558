/*
 * What a run costs in calls when everything is in place: a hundred people, all granted and added;
 * then one more run. `bench_quiet okta`: five groups, and Okta is all there is. `bench_quiet aws`:
 * one group, which Okta pushes to Identity Center, where everybody has arrived. Prints the calls of
 * that run, from the history of the simulated cloud. Exit code 1 if it sent anything but reads.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "ledger/ledger_request.h"
#include "rig/rig.h"

#define PEOPLE   100
#define APP      "0oabenchscimaaaaaaa1"
#define REGION   "eu-central-1"
#define ACCOUNT  "111122223333"
#define INSTANCE "arn:aws:sso:::instance/ssoins-be0c4be0c4be0c40"
#define NOWHERE  "http://127.0.0.1:9" /* everything stays in the process */

static const char head[] = "name: bench\n"
                           "timezone: UTC\n"
                           "ledger: ledger.db\n"
                           "okta: {url: '" NOWHERE "', token_env: BENCH_TOKEN%s}\n"
                           "%s"
                           "entitlements:\n";
static const char app_id[] = ", scim_app_id: " APP;
static const char aws[] =
    "aws:\n"
    "  region: " REGION "\n"
    "  account: '" ACCOUNT "'\n"
    "  instance_arn: " INSTANCE "\n"
    "  endpoints: {identitystore: '" NOWHERE "', sso: '" NOWHERE "', sts: '" NOWHERE "'}\n";

/* What is to be measured. */
struct quiet {
    bool with_aws;
    int n_groups;
};

static const char *make_settings(const struct quiet *quiet, struct arena *arena)
{
    struct str text =
        arena_printf(arena, head, quiet->with_aws ? app_id : "", quiet->with_aws ? aws : "");

    for (int i = 0; i < quiet->n_groups; i++) {
        text = arena_printf(arena,
                            "%.*s"
                            "  - name: seat-%d\n"
                            "    mode: enforce\n"
                            "    provisioning: %s\n"
                            "    default_plan: kiro-pro\n"
                            "    plans: [{plan: kiro-pro, okta_group: Seat_%d}]\n"
                            "    approval: none\n",
                            STR_ARG(text), i, quiet->with_aws ? "scim" : "none", i);
    }
    return text.ptr;
}

static const char *make_org(const struct quiet *quiet, struct arena *arena)
{
    struct str text = STR("people:\n");

    for (int i = 0; i < PEOPLE; i++) {
        text = arena_printf(arena,
                            "%.*s  - {login: person%03d@example.com, first_name: Given, "
                            "last_name: Family}\n",
                            STR_ARG(text), i);
    }
    text = arena_printf(arena, "%.*sgroups:\n", STR_ARG(text));
    for (int i = 0; i < quiet->n_groups; i++)
        text = arena_printf(arena, "%.*s  - Seat_%d\n", STR_ARG(text), i);
    if (!quiet->with_aws)
        return text.ptr;
    return arena_printf(
               arena,
               "%.*s  - Assigned\n"
               "memberships: [{group: Assigned, members: all}]\n"
               "apps: [{name: amazon_aws_sso, id: " APP ", groups: [Assigned], pushed: [Seat_0]}]\n"
               "aws: {region: " REGION ", account: '" ACCOUNT "', instance_arn: '" INSTANCE "'}\n",
               STR_ARG(text))
        .ptr;
}

static void file_all(struct rig *rig, const struct quiet *quiet)
{
    struct actor actor = {STR("os:0"), STR("cli")};
    struct err err = {0};

    for (int i = 0; i < PEOPLE; i++) {
        struct request filed,
            ask = {
                .kind = REQUEST_GRANT,
                .who = arena_printf(&rig->arena, "person%03d@example.com", i),
                .entitlement = arena_printf(&rig->arena, "seat-%d", i % quiet->n_groups),
                .principal = STR("os:0"),
                .may_decide = true,
                .door = STR("cli"),
            };
        enum filed how;
        if (!ledger_file_requests(rig->ledger, &actor, &ask, 1, &rig->arena, &filed, &how, &err)) {
            (void)fprintf(stderr, "bench_quiet: filing: %s\n", err.msg);
            exit(1);
        }
    }
}

static void run(struct rig *rig)
{
    if (!rig_run(rig, false)) {
        (void)fprintf(stderr, "bench_quiet: run: %s\n", rig->err.msg);
        exit(1);
    }
}

/* Seq of the latest request that reached the cloud. */
static int64_t latest(struct rig *rig)
{
    struct str text = rig_sim(rig, HTTP_GET, "/_sim/history?writes=true", NULL);
    CLEANUP(json_close) const struct json *root = NULL;
    struct err err = {0};
    int64_t seq;

    if (!json_parse(text, "history", &root, &err) || !json_i64(root, "last", &seq, &err)) {
        (void)fprintf(stderr, "bench_quiet: %s\n", err.msg);
        exit(1);
    }
    return seq;
}

/* Is it in place: no op, as many members as were granted, and nobody still on the way? */
static bool is_converged(struct rig *rig, const struct quiet *quiet)
{
    const char *hops = rig_show_hops(rig);
    size_t owned = 0, arrived = 0;

    for (size_t i = 0; i < rig->report.n_ents; i++)
        owned += rig->report.ents[i].owned;
    for (const char *at = hops; (at = strstr(at, " pushed=reached")) != NULL; at++)
        arrived++;
    return rig->report.n_ops == 0 && owned == PEOPLE && arrived == (quiet->with_aws ? PEOPLE : 0);
}

/* Until whatever a first look only learns is learned, and Okta has pushed. */
static void settle(struct rig *rig)
{
    run(rig);
    for (int i = 0; i < 2; i++) {
        (void)rig_sim(rig, HTTP_POST, "/_sim/clock", "{advance: 10m}");
        run(rig);
    }
}

int main(int argc, char **argv)
{
    struct arena arena;
    struct rig rig;
    struct quiet quiet = {.n_groups = 5};

    if (argc != 2 || (strcmp(argv[1], "okta") != 0 && strcmp(argv[1], "aws") != 0)) {
        (void)fprintf(stderr, "usage: %s okta|aws\n", argv[0]);
        return 2;
    }
    if (strcmp(argv[1], "aws") == 0)
        quiet = (struct quiet){.with_aws = true, .n_groups = 1};
    arena_init(&arena, (size_t)64 << 20);
    rig_init(&rig, make_org(&quiet, &arena), make_settings(&quiet, &arena));
    file_all(&rig, &quiet);
    settle(&rig);
    int64_t seq = latest(&rig);
    size_t writes = rig_writes(&rig);
    run(&rig);
    if (!is_converged(&rig, &quiet)) {
        (void)fprintf(stderr, "bench_quiet: not everything is in place:\n%s%s", rig_show(&rig),
                      rig_show_hops(&rig));
        return 1;
    }
    const char *path = arena_printf(&arena, "/_sim/history?since=%lld", (long long)seq).ptr;
    printf("%.*s\n", STR_ARG(rig_sim(&rig, HTTP_GET, path, NULL)));
    bool is_quiet = rig_writes(&rig) == writes;
    rig_fini(&rig);
    arena_fini(&arena);
    return is_quiet ? 0 : 1;
}
