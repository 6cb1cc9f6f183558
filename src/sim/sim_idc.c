#include "sim/sim_idc.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ACCOUNT "111122223333"
#define REGION  "ap-northeast-1"

static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Kinds of noise. */
enum { KEY_ID = 1, KEY_SECRET, SESSION_TOKEN, USER_ID, INSTANCE, STORE, APPLICATION, CONTAINER };

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t sim_idc_noise(const struct sim *sim, unsigned kind, uint64_t n)
{
    return mix(mix(sim->seed * UINT64_C(0x9e3779b97f4a7c15) + kind) + n * 977 + 1);
}

struct str sim_idc_word(const struct sim *sim, const char *alphabet, size_t n, unsigned kind,
                        uint64_t number, struct arena *arena)
{
    size_t size = strlen(alphabet);
    char *text = arena_alloc(arena, n + 1, 1);

    for (size_t i = 0; i < n; i++)
        text[i] = alphabet[sim_idc_noise(sim, kind, number * 4096 + i) % size];
    return (struct str){text, n};
}

int64_t sim_boot(const struct sim *sim)
{
    return sim_now(sim) + __atomic_load_n(&sim->boot_shift, __ATOMIC_SEQ_CST);
}

/* ---- the account that is there from the start ---- */

static struct sim_instance make_instance(struct sim *sim, struct str region)
{
    const struct sim_idc *idc = sim->idc;

    return (struct sim_instance){
        .arn = arena_printf(&sim->org, "arn:aws:sso:::instance/ssoins-%016llx",
                            (unsigned long long)sim_idc_noise(sim, INSTANCE, idc->recreated)),
        .store_id = arena_printf(&sim->org, "d-%010llx",
                                 (unsigned long long)sim_idc_noise(sim, STORE, idc->recreated) &
                                     0xffffffffff),
        .owner = idc->account,
        .name = STR("example"),
        .status = STR("ACTIVE"),
        .primary_region = region,
        .created_ms = sim_cloud(sim) - 380 * TIME_DAY,
    };
}

/* `region` empty: the login. */
static struct sim_idc_app make_app(struct sim *sim, size_t number, struct str region)
{
    struct sim_idc *idc = sim->idc;
    struct str instance = idc->instances[0].arn;

    /* The part of the ARN behind the slash: ssoins-... */
    while (str_has(instance, '/'))
        (void)str_cut(&instance, '/');
    return (struct sim_idc_app){
        .arn = arena_printf(&sim->org, "arn:aws:sso::%.*s:application/%.*s/apl-%016llx",
                            STR_ARG(idc->account), STR_ARG(instance),
                            (unsigned long long)sim_idc_noise(sim, APPLICATION, number)),
        .name = region.len > 0 ? arena_printf(&sim->org, "KiroProfile-%.*s", STR_ARG(region))
                               : STR("Kiro Sign-In"),
        .provider = STR("arn:aws:sso::aws:applicationProvider/codewhisperer"),
        .status = STR("ENABLED"),
        .profile = region,
        .assignment_required = region.len > 0,
        .created_ms = sim_cloud(sim) - 300 * TIME_DAY,
    };
}

/* The first profile, the login, the other profiles. */
static void default_apps(struct sim *sim)
{
    struct sim_idc *idc = sim->idc;
    const struct sim_subs *subs = &idc->subs;
    size_t n = subs->n_profiles + 1;

    idc->apps = arena_array(&sim->org, struct sim_idc_app, n);
    idc->n_apps = n;
    idc->apps[0] = make_app(sim, 0, subs->profiles[0].region);
    idc->apps[1] = make_app(sim, 1, (struct str){0});
    for (size_t i = 2; i < n; i++)
        idc->apps[i] = make_app(sim, i, subs->profiles[i - 1].region);
}

void sim_idc_usual_apps(struct sim *sim)
{
    if (!sim->idc->apps_given)
        default_apps(sim);
}

static void default_credentials(struct sim *sim)
{
    struct sim_idc *idc = sim->idc;
    struct sim_key key = {
        .id = arena_printf(&sim->org, "AKIA%.*s",
                           STR_ARG(sim_idc_word(sim, upper, 16, KEY_ID, 0, &sim->scratch))),
        .secret = sim_idc_word(sim, base64, 40, KEY_SECRET, 0, &sim->org),
        .arn = arena_printf(&sim->org, "arn:aws:iam::%.*s:user/seatkeeper", STR_ARG(idc->account)),
        .user_id = arena_printf(&sim->org, "AIDA%.*s",
                                STR_ARG(sim_idc_word(sim, upper, 17, USER_ID, 0, &sim->scratch))),
    };

    (void)sim_idc_add_key(sim, &key);
    idc->roles = arena_new(&sim->org, struct sim_iam_role);
    idc->n_roles = 1;
    idc->roles[0] = (struct sim_iam_role){
        .arn = arena_printf(&sim->org, "arn:aws:iam::%.*s:role/seatkeeper", STR_ARG(idc->account)),
        .web_token = sim_idc_word(sim, base64, 64, CONTAINER, 1, &sim->org),
        .max_ms = 12 * TIME_HOUR,
    };
    idc->container_token = sim_idc_word(sim, base64, 48, CONTAINER, 0, &sim->org);
}

void sim_idc_set_account(struct sim *sim, struct str account)
{
    struct sim_idc *idc = sim->idc;

    if (str_eq(account, idc->account))
        return;
    idc->account = sim_keep(sim, account);
    idc->instances[0].owner = idc->account;
    idc->keys[0].arn =
        arena_printf(&sim->org, "arn:aws:iam::%.*s:user/seatkeeper", STR_ARG(account));
    idc->roles[0].arn =
        arena_printf(&sim->org, "arn:aws:iam::%.*s:role/seatkeeper", STR_ARG(account));
    sim_subs_on_account(sim);
}

void sim_idc_reset(struct sim *sim)
{
    sim_idc_fini(sim);
    sim->idc = calloc(1, sizeof(*sim->idc));
    if (!sim->idc)
        abort();

    struct sim_idc *idc = sim->idc;
    idc->account = STR(ACCOUNT);
    idc->region = STR(REGION);
    idc->rng = rng_seed(sim->seed ^ UINT64_C(0x5c1a));
    idc->quirks = (struct sim_idc_quirks){
        .fold_case = false, .user_status = true, .external_ids = true, .metadata = true};
    idc->scim = (struct sim_scim){
        .user_lag = {2 * TIME_SECOND, 40 * TIME_SECOND},
        .group_lag = {5 * TIME_SECOND, 2 * TIME_MINUTE},
    };
    idc->instances = arena_new(&sim->org, struct sim_instance);
    idc->n_instances = 1;
    idc->instances[0] = make_instance(sim, idc->region);
    sim_subs_reset(sim);
    default_credentials(sim);
}

void sim_idc_fini(struct sim *sim)
{
    if (!sim->idc)
        return;
    sim_scim_fini(&sim->idc->scim);
    sim_subs_fini(&sim->idc->subs);
    sim_store_fini(&sim->idc->store);
    free(sim->idc->keys);
    free(sim->idc);
    sim->idc = NULL;
}

void sim_idc_recreate(struct sim *sim)
{
    struct sim_idc *idc = sim->idc;

    sim_subs_on_recreate(sim);
    idc->recreated++;
    idc->instances[0] = make_instance(sim, idc->instances[0].primary_region);
    idc->instances[0].created_ms = sim_cloud(sim);
    sim_store_fini(&idc->store);
    idc->apps_given = false;
    default_apps(sim);
}

/* ---- credentials ---- */

struct sim_key *sim_idc_add_key(struct sim *sim, const struct sim_key *key)
{
    struct sim_idc *idc = sim->idc;

    if (idc->n_keys == idc->cap_keys) {
        idc->cap_keys = idc->cap_keys > 0 ? idc->cap_keys * 2 : 8;
        idc->keys = realloc(idc->keys, idc->cap_keys * sizeof(*idc->keys));
        if (!idc->keys)
            abort();
    }
    idc->keys[idc->n_keys] = *key;
    idc->keys[idc->n_keys].name = arena_cstr(&sim->texts, key->id);
    return &idc->keys[idc->n_keys++];
}

const struct sim_key *sim_idc_find_key(const struct sim *sim, struct str id)
{
    /* The newest session is the likeliest. */
    for (size_t i = sim->idc->n_keys; i-- > 0;) {
        if (str_eq(sim->idc->keys[i].id, id))
            return &sim->idc->keys[i];
    }
    return NULL;
}

const struct sim_iam_role *sim_idc_find_role(const struct sim *sim, struct str arn)
{
    for (size_t i = 0; i < sim->idc->n_roles; i++) {
        if (str_eq(sim->idc->roles[i].arn, arn))
            return &sim->idc->roles[i];
    }
    return NULL;
}

/* `arn:aws:iam::1:role/x` is met as `arn:aws:sts::1:assumed-role/x/SESSION`. */
static struct str session_arn(struct sim *sim, struct str role, struct str session)
{
    struct str name = role;

    while (str_has(name, '/'))
        (void)str_cut(&name, '/');
    return arena_printf(&sim->org, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s",
                        STR_ARG(sim->idc->account), STR_ARG(name), STR_ARG(session));
}

const struct sim_key *sim_idc_issue(struct sim *sim, const struct sim_iam_role *role,
                                    struct str session, int64_t life_ms)
{
    uint64_t n = ++sim->idc->n_issued;
    struct str id = sim_idc_word(sim, upper, 17, USER_ID, 1 + n, &sim->scratch);
    struct sim_key key = {
        .id = arena_printf(&sim->org, "ASIA%.*s",
                           STR_ARG(sim_idc_word(sim, upper, 16, KEY_ID, n, &sim->scratch))),
        .secret = sim_idc_word(sim, base64, 40, KEY_SECRET, n, &sim->org),
        .token =
            arena_printf(&sim->org, "FwoGZXIvYXdz%.*s==",
                         STR_ARG(sim_idc_word(sim, base64, 164, SESSION_TOKEN, n, &sim->scratch))),
        .arn = session_arn(sim, role->arn, session),
        .user_id = arena_printf(&sim->org, "AROA%.*s:%.*s", STR_ARG(id), STR_ARG(session)),
        .expires_ms = sim_cloud(sim) + life_ms,
        .deny = role->deny,
        .n_deny = role->n_deny,
    };

    return sim_idc_add_key(sim, &key);
}

/* ---- for whoever is to find its way here ---- */

struct sim_aws sim_aws(struct sim *sim)
{
    const struct sim_idc *idc;
    struct sim_aws out = {0};

    sim_lock(sim);
    idc = sim->idc;
    out.account = idc->account;
    out.region = idc->region;
    out.instance_arn = idc->instances[0].arn;
    out.store_id = idc->instances[0].store_id;
    out.container_token = idc->container_token;
    if (idc->n_keys > 0) {
        out.access_key = idc->keys[0].id;
        out.secret_key = idc->keys[0].secret;
    }
    if (idc->n_roles > 0) {
        out.role_arn = idc->roles[0].arn;
        out.web_identity_token = idc->roles[0].web_token;
    }
    size_t app = sim_scim_app(sim);
    if (app != SIZE_MAX)
        out.scim_app_id = sim_keep(sim, (struct str){sim->apps[app].id, SIM_ID_LEN});
    sim_unlock(sim);
    return out;
}
