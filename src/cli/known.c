#include "cli/known.h"

#include "base/json_out.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_request.h"

/* ---- facts ---- */

static bool find_person(struct cli *cli, const struct request *request, struct known *out,
                        struct err *err)
{
    struct str who = request->person.len > 0 ? request->person : request->who;
    const struct person_row *rows;
    size_t n;

    if (!ledger_find_people(cli->ledger, who, &cli->arena, &rows, &n, err))
        return false;
    if (n != 1)
        return true;
    out->has_person = true;
    out->person = rows[0];
    out->facts.resolution = RESOLVE_FOUND;
    out->facts.person = &out->person.person;
    out->facts.blocked = rows[0].blocked_at != 0;
    /* Whoever was asked about passed the rules; who is known to have lost them since did not. */
    if (rows[0].ineligible_since != 0)
        out->facts.eligible = (struct eligible){ELIGIBLE_UNKNOWN, STR("it may have been lost")};
    return true;
}

static bool find_grants(struct cli *cli, const struct request *request, struct known *out,
                        struct err *err)
{
    struct grant *grants;
    size_t n, kept = 0;

    if (!ledger_person_grants(cli->ledger, out->person.person.id, &cli->arena, &grants, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(grants[i].entitlement, request->entitlement))
            grants[kept++] = grants[i];
    }
    out->facts.grants = grants;
    out->facts.n_grants = kept;
    return true;
}

/* In one of the groups, put there by other hands, as of the last accepted listing. */
static bool find_membership(struct cli *cli, const struct request *request, struct known *out,
                            struct err *err)
{
    const struct group_pin *pins;
    size_t n;

    if (!ledger_load_pins(cli->ledger, &cli->arena, &pins, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct baseline baseline;
        if (pins[i].role != PIN_PLAN || !str_eq(pins[i].entitlement, request->entitlement))
            continue;
        arena_mark_t mark = arena_mark(&cli->arena);
        if (!ledger_load_baseline(cli->ledger, pins[i].group_id, &cli->arena, &baseline, err))
            return false;
        const struct accepted *member = baseline_find(&baseline, out->person.person.id);
        if (member && !member->taken_out && !member->owned)
            out->facts.member_by_others = true;
        arena_reset(&cli->arena, mark);
    }
    return true;
}

static bool find_confirmation(struct cli *cli, const struct request *request, struct known *out,
                              struct err *err)
{
    bool by_holder = request->requester.len > 0 && out->has_person &&
                     str_eq(request->requester, out->person.person.id);

    /* Said with the request itself, by the holder or here (which took a person), or afterwards. */
    if (request->confirm_one_way &&
        (by_holder || (request->may_decide && str_is(request->door, "cli")))) {
        out->facts.confirmed = true;
        return true;
    }
    return request->id.len == 0 ||
           ledger_request_confirmed(cli->ledger, request->id, &out->facts.confirmed, err);
}

bool known_gather(struct cli *cli, const struct request *request, struct known *out,
                  struct err *err)
{
    const struct policy *policy = &cli->settings.policy;

    *out = (struct known){
        .facts = {.request = request,
                  .policy = policy,
                  .ent = policy_entitlement(policy, request->entitlement),
                  .now_ms = clock_now(&cli->clock),
                  .eligible = {.answer = ELIGIBLE_YES}},
    };
    if (!find_person(cli, request, out, err) || !find_confirmation(cli, request, out, err))
        return false;
    return !out->has_person ||
           (find_grants(cli, request, out, err) && find_membership(cli, request, out, err));
}

static bool is_away(struct cli *cli, struct str id, bool *away, struct err *err)
{
    struct person_row row;
    bool found;

    if (!ledger_get_person(cli->ledger, id, &cli->arena, &row, &found, err))
        return false;
    *away = found && row.person.status != USER_UNKNOWN && !user_status_is_usable(row.person.status);
    return true;
}

bool known_add_asked(struct cli *cli, struct known *known, struct err *err)
{
    const struct approval_row *rows;
    size_t n;

    if (!ledger_request_approvals(cli->ledger, known->facts.request->id, &cli->arena, &rows, &n,
                                  err))
        return false;
    struct approval *approvals = arena_array(&cli->arena, struct approval, n);
    struct str *ids = arena_array(&cli->arena, struct str, n);
    size_t n_ids = 0;
    for (size_t i = 0; i < n; i++) {
        bool away;
        approvals[i] = rows[i].approval;
        if (!is_away(cli, rows[i].approval.approver, &away, err))
            return false;
        if (!away)
            ids[n_ids++] = rows[i].approval.approver;
    }
    known->facts.approvals = approvals;
    known->facts.n_approvals = n;
    known->facts.approvers = (struct approvers){.is_known = n_ids > 0, .ids = ids, .n = n_ids};
    return true;
}

/* ---- deciding ---- */

/* Who answers for a new grant: the manager, if the ledger can tell. */
static bool find_owner(struct cli *cli, const struct person *person, struct str *owner, bool *told,
                       struct err *err)
{
    struct str value = person_profile(person, cli->settings.policy.manager_attribute);
    const struct person_row *rows;
    size_t n;

    *owner = (struct str){0};
    *told = value.len == 0;
    if (*told)
        return true;
    if (!ledger_find_people(cli->ledger, value, &cli->arena, &rows, &n, err))
        return false;
    *told = n == 1;
    if (n == 1)
        *owner = rows[0].person.id;
    return true;
}

/* What of the profile is kept with the grant, for reports. */
static struct str profile_json(struct cli *cli, const struct person *person)
{
    const struct policy *policy = &cli->settings.policy;
    CLEANUP(buf_fini) struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    json_open(&out, NULL, '{');
    for (size_t i = 0; i < policy->n_person_fields; i++) {
        struct str value = person_profile(person, policy->person_fields[i]);
        if (value.len > 0)
            json_put_str(&out, arena_cstr(&cli->arena, policy->person_fields[i]), value);
    }
    json_end(&out, '}');
    return arena_str(&cli->arena, buf_str(&buf));
}

bool known_decide(struct cli *cli, struct known *known, bool *taken, struct err *err)
{
    const struct request *request = known->facts.request;
    struct intake_step step = intake_decide(&known->facts, &cli->arena);
    struct str owner = {0};
    bool told = true;

    *taken = false;
    if (!known->has_person || request->person.len == 0 || request_state_is_open(step.state))
        return true;
    if (step.open_grant && !find_owner(cli, &known->person.person, &owner, &told, err))
        return false;
    return !told ||
           ledger_take_step(cli->ledger, &cli->actor, request, &step, owner,
                            profile_json(cli, &known->person.person), &cli->arena, taken, err);
}
