#include <stdlib.h>

#include "cli/book.h"
#include "cli/commands.h"
#include "core/explain.h"
#include "core/report.h"
#include "ledger/ledger_request.h"

/* Who holds what, and why: as the ledger knows it since the last run. */

/* ---- seats ---- */

static struct seat_row *rows_of(const struct book *book, const struct book_seat *seats, size_t n)
{
    struct seat_row *rows = arena_array(&book->cli->arena, struct seat_row, n);

    for (size_t i = 0; i < n; i++) {
        const struct book_seat *seat = &seats[i];
        rows[i] = (struct seat_row){
            .login = seat->login,
            .person = seat->person,
            .entitlement = seat->entitlement,
            .plan = seat->plan,
            .owner = book_login(book, seat->owner),
            .until_ms = seat->until_ms,
            .owned = seat->owned,
            .grants = seat->grants,
            .n_grants = seat->n_grants,
            .hops = seat->hops,
            .n_hops = HOP_COUNT,
        };
    }
    return rows;
}

/* People without a grant in the groups are easily forgotten: a list of seats that leaves them out
 * says so. */
static void mention_unmanaged(const struct book *book, struct str only)
{
    const struct policy *policy = &book->cli->settings.policy;

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct book_query query = {.only = policy->entitlements[i].name, .unmanaged = true};
        struct book_seat *seats;
        size_t n, n_others = 0;

        if (only.len > 0 && !str_eq(only, query.only))
            continue;
        book_seats(book, &query, &seats, &n);
        for (size_t k = 0; k < n; k++)
            n_others += !seats[k].desired && !seats[k].owned;
        if (n_others > 0) {
            cli_say(book->cli,
                    "%zu more in the groups of %.*s by other hands; `%s adopt -e %.*s --out FILE` "
                    "lists them",
                    n_others, STR_ARG(query.only), book->cli->program, STR_ARG(query.only));
        }
    }
}

bool cmd_seats(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *name = NULL;
    bool json = false, csv = false;
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &name},
        {"json", 0, &json, NULL},
        {"csv", 0, &csv, NULL},
    };
    const struct entitlement *ent = NULL;
    struct book_query query = {0};
    struct book book;
    struct book_seat *seats;
    size_t n;

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err))
        return false;
    if (json && csv)
        return err_set(err, ERR_USAGE, "--json and --csv are two different things; give one");
    if ((name && !cli_entitlement(cli, name, &ent, err)) || !book_read(cli, &book, err))
        return false;
    if (ent)
        query.only = ent->name;
    book_seats(&book, &query, &seats, &n);
    const struct seat_row *rows = rows_of(&book, seats, n);
    (json ? seats_json : csv ? seats_csv : seats_text)(rows, n, &cli->out);
    if (!book.has_run)
        cli_say(cli, "no run has looked yet; `%s plan` looks and changes nothing", cli->program);
    if (!json && !csv)
        mention_unmanaged(&book, query.only);
    return true;
}

/* ---- explain ---- */

struct telling {
    struct cli *cli;
    struct book book;
    const struct person_row *person; /* NULL: the ledger knows nobody of that name */
    const char *who;
};

static bool is_id(const struct telling *telling, struct str text)
{
    return book_person(&telling->book, text) != NULL;
}

/* People read names, not ids. */
static struct str shown(const struct telling *telling, struct str text)
{
    return is_id(telling, text) ? book_login(&telling->book, text) : text;
}

static bool asks_about(const struct telling *telling, const struct request *request)
{
    if (telling->person && request->person.len > 0)
        return str_eq(request->person, telling->person->person.id);
    if (request->person.len > 0)
        return false;
    return str_ieq(request->who, str_of(telling->who)) ||
           (telling->person && (str_ieq(request->who, telling->person->person.login) ||
                                str_eq(request->who, telling->person->person.id)));
}

/* Newest first. Those that no run has resolved yet are found by the words they were filed with. */
static bool take_requests(struct telling *telling, struct explain_input *in, struct err *err)
{
    const struct request *mine = NULL, *open = NULL;
    struct request_filter filter = {.open_only = true};
    size_t n_mine = 0, n_open = 0, n = 0;

    if (!ledger_list_requests(telling->cli->ledger, &filter, &telling->cli->arena, &open, &n_open,
                              err))
        return false;
    if (telling->person) {
        filter = (struct request_filter){.person = telling->person->person.id};
        if (!ledger_list_requests(telling->cli->ledger, &filter, &telling->cli->arena, &mine,
                                  &n_mine, err))
            return false;
    }
    struct request *all = arena_array(&telling->cli->arena, struct request, n_mine + n_open);
    for (size_t i = n_open; i-- > 0;) {
        if (open[i].person.len == 0 && asks_about(telling, &open[i]))
            all[n++] = open[i];
    }
    for (size_t i = n_mine; i-- > 0;)
        all[n++] = mine[i];
    for (size_t i = 0; i < n; i++) {
        all[i].principal = shown(telling, all[i].principal);
        all[i].decided_by = shown(telling, all[i].decided_by);
    }
    in->requests = all;
    in->n_requests = n;
    return true;
}

static bool take_grants(struct telling *telling, struct explain_input *in, struct err *err)
{
    struct grant *grants;

    if (!ledger_person_grants(telling->cli->ledger, telling->person->person.id,
                              &telling->cli->arena, &grants, &in->n_grants, err))
        return false;
    for (size_t i = 0; i < in->n_grants; i++)
        grants[i].owner = shown(telling, grants[i].owner);
    in->grants = grants;
    return true;
}

static void take_seats(struct telling *telling, struct explain_input *in)
{
    const struct book_query query = {.person = telling->person->person.id, .unmanaged = true};
    struct book_seat *seats;

    book_seats(&telling->book, &query, &seats, &in->n_seats);
    struct explain_seat *out = arena_array(&telling->cli->arena, struct explain_seat, in->n_seats);
    for (size_t i = 0; i < in->n_seats; i++) {
        out[i] = (struct explain_seat){
            .entitlement = seats[i].entitlement,
            .plan = seats[i].plan,
            .group_name = seats[i].group->pin.group_name,
            .hops = seats[i].hops,
            .n_hops = HOP_COUNT,
            .owned = seats[i].owned,
            .until_ms = seats[i].until_ms,
        };
    }
    in->seats = out;
}

static void take_findings(struct telling *telling, struct explain_input *in)
{
    const struct book *book = &telling->book;
    struct finding *out = arena_array(&telling->cli->arena, struct finding, book->n_findings);

    for (size_t i = 0; i < book->n_findings; i++) {
        if (str_eq(book->findings[i].finding.person, telling->person->person.id))
            out[in->n_findings++] = book->findings[i].finding;
    }
    in->findings = out;
}

/* Nobody by that name is an answer too; two people by that name need another question. */
static bool find(struct telling *telling, struct err *err)
{
    const struct person_row *rows;
    struct person_row one;
    size_t n;

    if (!ledger_find_people(telling->cli->ledger, str_of(telling->who), &telling->cli->arena, &rows,
                            &n, err))
        return false;
    if (n > 1)
        return cli_find_person(telling->cli, telling->who, &one, err);
    telling->person = n == 1 ? book_person(&telling->book, rows[0].person.id) : NULL;
    return true;
}

bool cmd_explain(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct telling telling = {.cli = cli};
    const char *words[1];

    if (!cli_parse(cli, argc, argv, NULL, 0, words, 1, 1, NULL, err))
        return false;
    telling.who = words[0];
    if (!book_read(cli, &telling.book, err) || !find(&telling, err))
        return false;
    struct explain_input in = {
        .policy = &cli->settings.policy, .now_ms = telling.book.now_ms, .who = str_of(words[0])};
    if (!take_requests(&telling, &in, err))
        return false;
    if (telling.person) {
        in.person = &telling.person->person;
        in.blocked = telling.person->blocked_at != 0;
        if (!take_grants(&telling, &in, err))
            return false;
        take_seats(&telling, &in);
        take_findings(&telling, &in);
    }
    explain_text(&in, &cli->out);
    if (!telling.book.has_run)
        cli_say(cli, "no run has looked yet; `%s plan` looks and changes nothing", cli->program);
    return true;
}
