#include "base/utf8.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/known.h"
#include "ledger/ledger_request.h"

/* Filing one request, and saying what happens next. */

static struct str who_name(const struct who *who, struct arena *arena)
{
    if (who->okta_group.len > 0)
        return arena_printf(arena, "the group %.*s", STR_ARG(who->okta_group));
    return who->login;
}

static struct str approver_names(const struct entitlement *ent, struct arena *arena)
{
    struct str names = {0};

    for (size_t i = 0; i < ent->n_approvers; i++) {
        struct str name = who_name(&ent->approvers[i], arena);
        names = i == 0 ? name : arena_printf(arena, "%.*s, %.*s", STR_ARG(names), STR_ARG(name));
    }
    return utf8_printable(names, arena);
}

/* Whose word is missing once the next run has looked the person up. */
static void put_approval(struct cli *cli, const struct intake_facts *facts, enum approval_kind kind,
                         struct str whom)
{
    buf_printf(&cli->out, "The next run looks %.*s up in Okta and asks ", STR_ARG(whom));
    if (kind == APPROVAL_MANAGER) {
        buf_printf(&cli->out, "their manager to approve it.\n");
    } else {
        buf_printf(&cli->out, "one of the approvers (%.*s) to approve it.\n",
                   STR_ARG(approver_names(facts->ent, &cli->arena)));
    }
}

/* The login alone says whether the domain fits; the rest of the rule is Okta's to tell. */
static void check_domain(struct cli *cli, struct known *known)
{
    const struct person *person = &known->person.person;
    const struct named_groups none = {0};

    if (!known->facts.ent || !str_has(person->login, '@'))
        return;
    struct entitlement part = *known->facts.ent;
    part.eligible.n_okta_groups = 0;
    part.eligible.n_profile = 0;
    struct eligible answer = eligible_check(&part, person, &none, &cli->arena);
    if (answer.answer == ELIGIBLE_NO)
        known->facts.eligible = answer;
}

/*
 * The same rules that the run will apply, with what is known now. Whoever the ledger has not met is
 * taken for somebody active without a grant; the run may learn otherwise.
 */
static bool put_next(struct cli *cli, const struct request *request, struct err *err)
{
    struct known known;
    struct str whom = ask_whom(cli, request);

    if (!known_gather(cli, request, &known, err))
        return false;
    if (!known.has_person)
        known.person.person = (struct person){.id = STR("-"), .login = request->who};
    if (known.person.person.status == USER_UNKNOWN)
        known.person.person.status = USER_ACTIVE;
    known.facts.resolution = RESOLVE_FOUND;
    known.facts.person = &known.person.person;
    check_domain(cli, &known);
    struct intake_step step = intake_decide(&known.facts, &cli->arena);
    enum approval_kind kind = intake_approval_needed(&known.facts, &cli->arena);
    struct str reason = utf8_printable(step.reason, &cli->arena);

    if (step.state == REQUEST_DENIED || step.state == REQUEST_LAPSED) {
        buf_printf(&cli->out, "As things are, the next run denies it: %.*s\n", STR_ARG(reason));
    } else if (step.state == REQUEST_ACCEPTED) {
        buf_printf(&cli->out, "No approval is needed. The next run accepts it: %.*s\n",
                   STR_ARG(reason));
    } else if (step.state == REQUEST_AWAITING_CONFIRMATION) {
        buf_printf(&cli->out, "%.*s After the next run: %s confirm R%lld\n", STR_ARG(reason),
                   cli->program, (long long)request->number);
    } else if (kind != APPROVAL_NONE) {
        put_approval(cli, &known.facts, kind, whom);
    } else {
        buf_printf(&cli->out, "%.*s\n", STR_ARG(reason));
    }
    if (known.facts.ent && known.facts.ent->mode == MODE_OBSERVE) {
        buf_printf(&cli->out, "%.*s is in mode observe: nothing is written to Okta.\n",
                   STR_ARG(known.facts.ent->name));
    }
    return true;
}

static bool put_text(struct cli *cli, const struct request *request, enum filed how,
                     struct err *err)
{
    struct str title = ask_title(cli, request);
    struct str term = ask_term(cli, request);

    buf_printf(&cli->out, "R%lld %s: %.*s%s%.*s\n", (long long)request->number,
               how == FILED_NEW ? "filed" : "is that request already", STR_ARG(title),
               term.len > 0 ? " " : "", STR_ARG(term));
    if (request->state == REQUEST_FILED)
        return put_next(cli, request, err);
    buf_printf(&cli->out, "It is %s: %.*s\n", request_state_name(request->state),
               STR_ARG(utf8_printable(request->state_reason, &cli->arena)));
    return true;
}

static void put_json(struct cli *cli, const struct request *request, enum filed how)
{
    struct json_out json = {.buf = &cli->out};

    json_open(&json, NULL, '{');
    json_put_i64(&json, "number", request->number);
    json_put_str(&json, "id", request->id);
    json_put_str(&json, "state", str_of(request_state_name(request->state)));
    json_put_str(&json, "how", how == FILED_NEW ? STR("new") : STR("same"));
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static bool file_one(struct cli *cli, const struct ask_words *words, bool json, struct err *err)
{
    struct request ask, filed;
    enum filed how;

    if (!ask_read(cli, words, &ask, err) ||
        !ledger_file_requests(cli->ledger, &cli->actor, &ask, 1, &cli->arena, &filed, &how, err))
        return false;
    if (!json)
        return put_text(cli, &filed, how, err);
    put_json(cli, &filed, how);
    return true;
}

/* A list says everything itself. */
static bool check_alone(const struct ask_words *words, size_t n_words, struct err *err)
{
    if (n_words == 0 && !words->ent && !words->plan && !words->from && !words->until &&
        !words->span && !words->reason && !words->key && !words->confirm_one_way)
        return true;
    return err_set(err, ERR_USAGE,
                   "--file says everything in the list; only --json may be with it");
}

bool cmd_request(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct ask_words words = {0};
    const char *given[2] = {0}, *file = NULL;
    bool json = false;
    size_t n;
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &words.ent},
        {"plan", 'p', NULL, &words.plan},
        {"from", 0, NULL, &words.from},
        {"until", 0, NULL, &words.until},
        {"for", 0, NULL, &words.span},
        {"reason", 'r', NULL, &words.reason},
        {"key", 0, NULL, &words.key},
        {"confirm-one-way", 0, &words.confirm_one_way, NULL},
        {"file", 'f', NULL, &file},
        {"json", 0, &json, NULL},
    };

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), given, 0, 2, &n, err))
        return false;
    if (file)
        return check_alone(&words, n, err) && ask_file(cli, file, json, err);
    if (n < 2) {
        return err_set(err, ERR_USAGE, "say what and for whom: %s request grant LOGIN -e %.*s",
                       cli->program, STR_ARG(cli->settings.policy.entitlements[0].name));
    }
    words.kind = given[0];
    words.who = given[1];
    if (!words.ent)
        return err_set(err, ERR_USAGE, "-e ENTITLEMENT is missing");
    return file_one(cli, &words, json, err);
}
