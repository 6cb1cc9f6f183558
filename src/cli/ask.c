#include "cli/ask.h"

#include "base/utf8.h"
#include "core/intake.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

#define WHO_MAX    254 /* the longest address there is */
#define REASON_MAX 2000
#define KEY_MAX    200

/* ---- reading ---- */

static bool read_kind(const char *text, enum request_kind *out, struct err *err)
{
    return request_kind_parse(str_of(text), out) ||
           err_set(err, ERR_USAGE,
                   "there is no request `%s`; there is: grant, revoke, change, renew", text);
}

/* A login or an Okta id: one word, as both are. */
static bool read_who(struct cli *cli, const char *text, struct str *out, struct err *err)
{
    struct str who = str_of(text);
    struct str shown = utf8_printable(who, &cli->arena);
    bool ok = who.len > 0 && who.len <= WHO_MAX && str_eq(who, shown);

    for (size_t i = 0; i < who.len && ok; i++)
        ok = who.ptr[i] != ' ' && who.ptr[i] != ',' && who.ptr[i] != ';';
    if (!ok) {
        return err_set(err, ERR_USAGE, "`%.*s` is neither a login nor an Okta id",
                       STR_ARG(str_sub(shown, 0, WHO_MAX)));
    }
    *out = who;
    return true;
}

static struct str plan_names(const struct entitlement *ent, struct arena *arena)
{
    struct str names = ent->plans[0].plan;

    for (size_t i = 1; i < ent->n_plans; i++)
        names = arena_printf(arena, "%.*s, %.*s", STR_ARG(names), STR_ARG(ent->plans[i].plan));
    return names;
}

/* A plan that is no longer offered can still be given back. */
static bool read_plan(struct cli *cli, const struct entitlement *ent, const char *text,
                      struct request *out, struct err *err)
{
    const struct catalogue *catalogue = &cli->settings.policy.catalogue;
    struct str plan = str_of(text);

    if (!text || entitlement_plan(ent, plan) ||
        (out->kind == REQUEST_REVOKE && catalogue_plan(catalogue, plan))) {
        out->plan = plan;
        return true;
    }
    return err_set(err, ERR_USAGE, "there is no plan `%s` in %.*s; there is: %.*s", text,
                   STR_ARG(ent->name), STR_ARG(plan_names(ent, &cli->arena)));
}

static bool read_from(struct cli *cli, const struct ask_words *words, struct request *out,
                      struct err *err)
{
    int64_t end;

    if (!words->from)
        return true;
    if (out->kind == REQUEST_RENEW)
        return err_set(err, ERR_USAGE, "a renewal begins where the grant ends; leave out `from`");
    if (!date_parse(str_of(words->from), &out->from_ms, &end, err))
        return err_wrap(err, "from");
    return end > clock_now(&cli->clock) ||
           err_set(err, ERR_USAGE, "from: %s has passed", words->from);
}

static bool read_end(struct cli *cli, const struct ask_words *words, struct request *out,
                     struct err *err)
{
    int64_t start;

    if (!words->until && !words->span)
        return true;
    if (out->kind == REQUEST_REVOKE)
        return err_set(err, ERR_USAGE, "a revoke has no end; leave out `until` and `for`");
    if (words->until && words->span)
        return err_set(err, ERR_USAGE, "give `until` or `for`, not both");
    if (words->span)
        return cli_span(words->span, "for", &out->for_ms, err);
    if (!date_parse(str_of(words->until), &start, &out->until_ms, err))
        return err_wrap(err, "until");
    if (out->until_ms <= clock_now(&cli->clock))
        return err_set(err, ERR_USAGE, "until: %s has passed", words->until);
    return out->until_ms > out->from_ms ||
           err_set(err, ERR_USAGE, "until: %s is before `from`, %s", words->until, words->from);
}

static bool read_text(const char *text, const char *name, size_t max, struct str *out,
                      struct err *err)
{
    *out = str_of(text);
    if (text && out->len == 0)
        return err_set(err, ERR_USAGE, "%s: is empty", name);
    if (out->len > max)
        return err_set(err, ERR_USAGE, "%s: is longer than %zu bytes", name, max);
    return utf8_valid(*out) || err_set(err, ERR_USAGE, "%s: is not UTF-8", name);
}

/* What cannot be undone takes a person, whether it is said now or later. */
static bool read_confirmation(struct cli *cli, const struct ask_words *words, struct request *out,
                              struct err *err)
{
    struct str person;

    out->confirm_one_way = words->confirm_one_way;
    if (!words->confirm_one_way)
        return true;
    if (out->kind != REQUEST_GRANT && out->kind != REQUEST_CHANGE)
        return err_set(err, ERR_USAGE, "only a grant or a change can be a one-way move");
    return cli_require_person(cli, &person, err);
}

/* A block is for new requests too. Whoever the ledger does not know yet is the next run's to judge.
 */
static bool check_block(struct cli *cli, const struct request *ask, struct err *err)
{
    const struct person_row *rows;
    size_t n;

    if (ask->kind == REQUEST_REVOKE)
        return true;
    if (!ledger_find_people(cli->ledger, ask->who, &cli->arena, &rows, &n, err))
        return false;
    if (n != 1 || rows[0].blocked_at == 0)
        return true;
    return err_set(err, ERR_REFUSED, "%.*s is blocked since %.*s (%.*s); lift that first: unblock",
                   STR_ARG(ask->who), STR_ARG(date_str(rows[0].blocked_at, &cli->arena)),
                   STR_ARG(rows[0].blocked_reason));
}

bool ask_read(struct cli *cli, const struct ask_words *words, struct request *out, struct err *err)
{
    const struct entitlement *ent;

    *out = (struct request){
        .principal = cli->actor.who,
        .requester = cli->person,
        .may_decide = true, /* direct use of the ledger is its owner's */
        .door = cli->actor.door,
    };
    if (!read_kind(words->kind, &out->kind, err) || !read_who(cli, words->who, &out->who, err) ||
        !cli_entitlement(cli, words->ent, &ent, err))
        return false;
    out->entitlement = ent->name;
    return read_plan(cli, ent, words->plan, out, err) && read_from(cli, words, out, err) &&
           read_end(cli, words, out, err) &&
           read_text(words->reason, "reason", REASON_MAX, &out->reason, err) &&
           read_text(words->key, "key", KEY_MAX, &out->key, err) &&
           read_confirmation(cli, words, out, err) && check_block(cli, out, err);
}

struct str ask_plan(const struct request *request, const struct entitlement *ent)
{
    bool takes_default = request->kind == REQUEST_GRANT || request->kind == REQUEST_CHANGE;

    return request->plan.len == 0 && takes_default && ent ? ent->default_plan : request->plan;
}

/* ---- finding ---- */

bool ask_get(struct cli *cli, int64_t number, struct request *out, struct err *err)
{
    bool found;

    if (!ledger_get_request(cli->ledger, number, &cli->arena, out, &found, err))
        return false;
    return found ||
           err_set(err, ERR_USAGE, "there is no request R%lld; `%s requests --all` lists them",
                   (long long)number, cli->program);
}

bool ask_find(struct cli *cli, const char *text, struct request *out, struct err *err)
{
    int64_t number;

    return cli_request_number(text, &number, err) && ask_get(cli, number, out, err);
}

/* ---- words ---- */

struct str ask_whom(struct cli *cli, const struct request *request)
{
    struct str login = cli_login_of(cli, request->person);

    return utf8_printable(login.len > 0 ? login : request->who, &cli->arena);
}

struct str ask_title(struct cli *cli, const struct request *request)
{
    static const struct {
        const char *verb, *whom;
    } words[] = {
        [REQUEST_GRANT] = {"grant", "to"},
        [REQUEST_REVOKE] = {"revoke", "from"},
        [REQUEST_CHANGE] = {"change to", "for"},
        [REQUEST_RENEW] = {"renew", "for"},
    };
    struct arena *arena = &cli->arena;
    const struct entitlement *ent = policy_entitlement(&cli->settings.policy, request->entitlement);
    struct str plan = ask_plan(request, ent);
    struct str what = request->entitlement;
    struct str whom = ask_whom(cli, request);

    if (plan.len > 0)
        what = arena_printf(arena, "%.*s in %.*s", STR_ARG(plan), STR_ARG(what));
    what = utf8_printable(what, arena);
    return arena_printf(arena, "%s %.*s %s %.*s", words[request->kind].verb, STR_ARG(what),
                        words[request->kind].whom, STR_ARG(whom));
}

struct str ask_term(struct cli *cli, const struct request *request)
{
    struct arena *arena = &cli->arena;
    struct str from = {0}, end = {0};

    if (request->from_ms != 0)
        from = arena_printf(arena, "from %.*s", STR_ARG(date_str(request->from_ms, arena)));
    if (request->until_ms != 0)
        end = arena_printf(arena, "until %.*s", STR_ARG(date_str(request->until_ms - 1, arena)));
    if (request->for_ms != 0)
        end = arena_printf(arena, "for %.*s", STR_ARG(duration_str(request->for_ms, arena)));
    if (from.len == 0 || end.len == 0)
        return from.len > 0 ? from : end;
    return arena_printf(arena, "%.*s %.*s", STR_ARG(from), STR_ARG(end));
}

void ask_json(struct cli *cli, struct json_out *json, const struct request *request)
{
    json_put_i64(json, "number", request->number);
    json_put_str(json, "id", request->id);
    json_put_str(json, "kind", str_of(request_kind_name(request->kind)));
    json_put_str(json, "state", str_of(request_state_name(request->state)));
    json_put_str_or_null(json, "state_reason", request->state_reason);
    json_put_str(json, "who", request->who);
    json_put_str_or_null(json, "login", cli_login_of(cli, request->person));
    json_put_str_or_null(json, "okta_id", request->person);
    json_put_str(json, "entitlement", request->entitlement);
    json_put_str_or_null(json, "plan", request->plan);
    json_put_time(json, "from", request->from_ms);
    json_put_time(json, "until", request->until_ms);
    json_put_str_or_null(json, "for",
                         request->for_ms != 0 ? duration_str(request->for_ms, &cli->arena)
                                              : (struct str){0});
    json_put_str_or_null(json, "reason", request->reason);
    json_put_bool(json, "confirm_one_way", request->confirm_one_way);
    json_put_str(json, "principal", request->principal);
    json_put_str_or_null(json, "requester", request->requester);
    json_put_str(json, "door", request->door);
    json_put_str_or_null(json, "key", request->key);
    json_put_time(json, "filed_at", request->filed_at);
    json_put_time(json, "asked_at", request->asked_at);
    json_put_time(json, "decided_at", request->decided_at);
    json_put_str_or_null(json, "decided_by", request->decided_by);
}
