/*
 * What a run costs in calls when everything is in place: five groups, a hundred people, all granted
 * and added; then one more run. Prints the calls of that run by kind, from the history of the
 * simulated cloud. Exit code 1 if it sent anything but reads.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "ledger/ledger_request.h"
#include "rig/rig.h"

#define GROUPS 5
#define PEOPLE 20 /* of each group */

static const char head[] = "name: bench\n"
                           "timezone: UTC\n"
                           "ledger: ledger.db\n"
                           "okta: {url: 'http://127.0.0.1:9', token_env: BENCH_TOKEN}\n"
                           "entitlements:\n";

static const char *make_settings(struct arena *arena)
{
    struct str text = str_of(head);

    for (int i = 0; i < GROUPS; i++) {
        text = arena_printf(arena,
                            "%.*s"
                            "  - name: seat-%d\n"
                            "    mode: enforce\n"
                            "    provisioning: none\n"
                            "    default_plan: kiro-pro\n"
                            "    plans: [{plan: kiro-pro, okta_group: Seat_%d}]\n"
                            "    approval: none\n",
                            STR_ARG(text), i, i);
    }
    return text.ptr;
}

static const char *make_org(struct arena *arena)
{
    struct str text = STR("people:\n");

    for (int i = 0; i < GROUPS * PEOPLE; i++)
        text = arena_printf(arena, "%.*s  - person%03d@example.com\n", STR_ARG(text), i);
    text = arena_printf(arena, "%.*sgroups:\n", STR_ARG(text));
    for (int i = 0; i < GROUPS; i++)
        text = arena_printf(arena, "%.*s  - Seat_%d\n", STR_ARG(text), i);
    return text.ptr;
}

static void file_all(struct rig *rig)
{
    struct actor actor = {STR("os:0"), STR("cli")};
    struct err err = {0};

    for (int i = 0; i < GROUPS * PEOPLE; i++) {
        struct request filed, ask = {
                                  .kind = REQUEST_GRANT,
                                  .who = arena_printf(&rig->arena, "person%03d@example.com", i),
                                  .entitlement = arena_printf(&rig->arena, "seat-%d", i % GROUPS),
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

/* Is it in place: no op, and as many members as were granted? */
static bool is_converged(const struct rig *rig)
{
    size_t owned = 0;

    for (size_t i = 0; i < rig->report.n_ents; i++)
        owned += rig->report.ents[i].owned;
    return rig->report.n_ops == 0 && owned == (size_t)GROUPS * PEOPLE;
}

int main(void)
{
    struct arena arena;
    struct rig rig;

    arena_init(&arena, (size_t)64 << 20);
    rig_init(&rig, make_org(&arena), make_settings(&arena));
    file_all(&rig);
    run(&rig);
    run(&rig); /* whatever a first look only learns is learned now */
    int64_t seq = latest(&rig);
    size_t writes = rig_writes(&rig);
    run(&rig);
    if (!is_converged(&rig)) {
        (void)fprintf(stderr, "bench_quiet: not everything is in place:\n%s", rig_show(&rig));
        return 1;
    }
    const char *path = arena_printf(&arena, "/_sim/history?since=%lld", (long long)seq).ptr;
    printf("%.*s\n", STR_ARG(rig_sim(&rig, HTTP_GET, path, NULL)));
    bool quiet = rig_writes(&rig) == writes;
    rig_fini(&rig);
    arena_fini(&arena);
    return quiet ? 0 : 1;
}
