#include "base/utf8.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/known.h"
#include "ledger/ledger_request.h"

/* What people say about requests: approve, deny, confirm, cancel. Where their word was all that was
 * missing, the request is decided at once. */

static bool check_open(const struct request *request, struct err *err)
{
    return request_state_is_open(request->state) ||
           err_set(err, ERR_REFUSED, "R%lld is %s already", (long long)request->number,
                   request_state_name(request->state));
}

/* ---- who may decide ---- */

/* Nobody decides about their own: not the holder, not who asked, under whichever name. */
static bool check_party(const struct cli *cli, const struct request *request, struct str person,
                        struct err *err)
{
    if (str_eq(person, request->person)) {
        return err_set(err, ERR_REFUSED, "R%lld is about you: somebody else has to decide it",
                       (long long)request->number);
    }
    if (str_eq(person, request->requester) || str_eq(cli->actor.who, request->principal)) {
        return err_set(err, ERR_REFUSED, "R%lld was filed by you: somebody else has to decide it",
                       (long long)request->number);
    }
    return true;
}

static bool check_asked(const struct cli *cli, const struct request *request, struct err *err)
{
    if (!check_open(request, err))
        return false;
    if (request->state == REQUEST_FILED) {
        return err_set(
            err, ERR_REFUSED,
            "nobody was asked about R%lld yet: the next run looks the person up and asks",
            (long long)request->number);
    }
    if (request->state == REQUEST_AWAITING_CONFIRMATION) {
        return err_set(err, ERR_REFUSED, "R%lld has to be confirmed first: %s confirm R%lld",
                       (long long)request->number, cli->program, (long long)request->number);
    }
    return true;
}

/* The ledger refuses whoever was not asked; here is who was. */
static bool check_among_asked(struct cli *cli, const struct request *request, struct str person,
                              struct err *err)
{
    const struct approval_row *rows;
    struct str names = STR("nobody");
    size_t n;

    if (!ledger_request_approvals(cli->ledger, request->id, &cli->arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct str name = cli_login_of(cli, rows[i].approval.approver);
        if (str_eq(rows[i].approval.approver, person))
            return true;
        names =
            i == 0 ? name : arena_printf(&cli->arena, "%.*s, %.*s", STR_ARG(names), STR_ARG(name));
    }
    return err_set(err, ERR_REFUSED, "%.*s was not asked to decide R%lld; asked: %.*s",
                   STR_ARG(cli_login_of(cli, person)), (long long)request->number, STR_ARG(names));
}

/* An approver whom the ledger knows as deactivated has no say any more. */
static bool check_active(struct cli *cli, struct str person, struct err *err)
{
    struct person_row row;
    bool found;

    if (!ledger_get_person(cli->ledger, person, &cli->arena, &row, &found, err))
        return false;
    if (!found || row.person.status == USER_UNKNOWN || user_status_is_usable(row.person.status))
        return true;
    return err_set(err, ERR_REFUSED, "%.*s is %s in Okta and decides nothing",
                   STR_ARG(row.person.login), user_status_name(row.person.status));
}

/* Root without a person behind it, in an emergency: asked here, on the record. */
static bool ask_break_glass(struct cli *cli, const struct request *request, struct str approver,
                            struct err *err)
{
    if (cli->person.len > 0)
        return true;
    cli_say(cli, "%s: break-glass: deciding R%lld as root without a person; this is on the record",
            cli->program, (long long)request->number);
    return ledger_ask(cli->ledger, &cli->actor, request, &approver, 1, err);
}

/* ---- what became of it ---- */

static bool decide_now(struct cli *cli, int64_t number, struct request *out, struct err *err)
{
    struct request request;
    struct known known;
    bool taken;

    return ask_get(cli, number, &request, err) && known_gather(cli, &request, &known, err) &&
           known_add_asked(cli, &known, err) && known_decide(cli, &known, &taken, err) &&
           ask_get(cli, number, out, err);
}

/* Something else than what was said may come of it: too late, a rule, somebody was faster. */
static bool settle(struct cli *cli, const struct request *before, enum request_state wanted,
                   const char *recorded, struct err *err)
{
    struct request request;

    if (!decide_now(cli, before->number, &request, err)) {
        /* What was said is durable; only the decision is left to the next run. */
        return err_wrap(err, "%s, but not decided yet", recorded);
    }
    if (request_state_is_open(request.state)) {
        buf_printf(&cli->out, "R%lld: %s. The next run goes on with it.\n",
                   (long long)request.number, recorded);
        return true;
    }
    buf_printf(&cli->out, "R%lld is %s: %.*s\n", (long long)request.number,
               request_state_name(request.state),
               STR_ARG(utf8_printable(request.state_reason, &cli->arena)));
    if (request.state == REQUEST_ACCEPTED)
        buf_printf(&cli->out, "The next run carries it out.\n");
    if (request.state != wanted)
        cli->outcome = EXIT_FAILED;
    return true;
}

/* ---- commands ---- */

static bool answer(struct cli *cli, const char *number, enum verdict verdict, const char *reason,
                   struct err *err)
{
    struct request request;
    struct str person;

    return ask_find(cli, number, &request, err) && cli_require_person(cli, &person, err) &&
           check_asked(cli, &request, err) &&
           (cli->person.len == 0 || (check_party(cli, &request, person, err) &&
                                     check_among_asked(cli, &request, person, err))) &&
           check_active(cli, person, err) && ask_break_glass(cli, &request, person, err) &&
           ledger_answer(cli->ledger, &cli->actor, &request, person, verdict, str_of(reason),
                         err) &&
           settle(cli, &request, verdict == VERDICT_APPROVE ? REQUEST_ACCEPTED : REQUEST_DENIED,
                  verdict == VERDICT_APPROVE ? "the approval is recorded" : "the no is recorded",
                  err);
}

bool cmd_approve(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *number[1], *reason = NULL;
    const struct opt opts[] = {{"reason", 'r', NULL, &reason}};

    return cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), number, 1, 1, NULL, err) &&
           answer(cli, number[0], VERDICT_APPROVE, reason, err);
}

bool cmd_deny(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *number[1], *reason = NULL;
    const struct opt opts[] = {{"reason", 'r', NULL, &reason}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), number, 1, 1, NULL, err))
        return false;
    if (!reason || !*reason)
        return err_set(err, ERR_USAGE, "--reason is missing: say why, the asker reads it");
    return answer(cli, number[0], VERDICT_DENY, reason, err);
}

/* Something to confirm is there once a run has said what cannot be undone. */
static bool check_confirmable(const struct request *request, struct err *err)
{
    if (!check_open(request, err))
        return false;
    if (request->kind != REQUEST_GRANT && request->kind != REQUEST_CHANGE) {
        return err_set(err, ERR_REFUSED, "R%lld needs no confirmation: a %s can be undone",
                       (long long)request->number, request_kind_name(request->kind));
    }
    return request->state != REQUEST_FILED ||
           err_set(err, ERR_REFUSED,
                   "R%lld was not looked at yet: the next run says what there is to confirm",
                   (long long)request->number);
}

bool cmd_confirm(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *number[1];
    struct request request;
    struct str person;

    return cli_parse(cli, argc, argv, NULL, 0, number, 1, 1, NULL, err) &&
           ask_find(cli, number[0], &request, err) && cli_require_person(cli, &person, err) &&
           check_confirmable(&request, err) &&
           ledger_confirm_request(cli->ledger, &cli->actor, &request, err) &&
           settle(cli, &request, REQUEST_ACCEPTED, "the one-way move is confirmed", err);
}

bool cmd_cancel(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *number[1], *reason = NULL;
    struct request request;
    const struct opt opts[] = {{"reason", 'r', NULL, &reason}};

    /* Whoever gets here owns the ledger, who may take back anybody's request. */
    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), number, 1, 1, NULL, err) ||
        !ask_find(cli, number[0], &request, err) || !check_open(&request, err) ||
        !ledger_cancel_request(cli->ledger, &cli->actor, &request,
                               reason ? str_of(reason) : STR("Taken back."), err))
        return false;
    buf_printf(&cli->out, "R%lld is cancelled: %.*s. Nothing changes.\n", (long long)request.number,
               STR_ARG(ask_title(cli, &request)));
    return true;
}
