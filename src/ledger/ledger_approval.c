#include <stdlib.h>

#include "base/vec.h"
#include "ledger/ledger_inside.h"
#include "ledger/ledger_request.h"

static const char *const verdicts[] = {
    [VERDICT_NONE] = "", [VERDICT_APPROVE] = "approve", [VERDICT_DENY] = "deny"};

static bool parse_verdict(struct str word, enum verdict *out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        if (str_is(word, verdicts[i])) {
            *out = (enum verdict)i;
            return true;
        }
    }
    return bad_word("approval.verdict", word, err);
}

struct loading {
    struct arena *arena;
    VEC_OF(struct approval_row) rows;
};

static bool take_approval(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct approval_row row = {
        .approval = {.approver = sql_str(stmt, 0, loading->arena),
                     .reason = sql_str(stmt, 3, loading->arena),
                     .at_ms = sql_i64(stmt, 4)},
        .asked_at = sql_i64(stmt, 1),
    };

    if (!parse_verdict(sql_view(stmt, 2), &row.approval.verdict, err))
        return false;
    VEC_PUSH(loading->arena, &loading->rows, row);
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct approval_row *ra = a;
    const struct approval_row *rb = b;

    return str_cmp(ra->approval.approver, rb->approval.approver);
}

bool ledger_request_approvals(struct ledger *ledger, struct str request, struct arena *arena,
                              const struct approval_row **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT approver_id, asked_at, verdict, reason, decided_at FROM approval"
                      " WHERE request_id = $1 AND approver_id > $2 ORDER BY approver_id LIMIT $3",
                      SQL_VALUES(sql_text(request), sql_text(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_approval, &loading}, &rows, err))
            return err_wrap(err, "loading approvals");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1].approval.approver;
    } while (sql_page_is_full(rows));
    if (loading.rows.n > 1)
        qsort(loading.rows.items, loading.rows.n, sizeof(loading.rows.items[0]), compare_rows);
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

static bool note_asked(struct ledger *ledger, const struct actor *actor,
                       const struct request *request, struct str approver, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "approver", approver);
    return audit_append(ledger, actor,
                        &(struct note){.what = "approval.asked",
                                       .subject = request_label(request->number, scratch.arena),
                                       .person = request->person,
                                       .detail = detail_end(&detail)},
                        err);
}

bool request_ask(struct ledger *ledger, const struct actor *actor, const struct request *request,
                 const struct str *approvers, size_t n, struct err *err)
{
    int64_t now = ledger_now(ledger);

    for (size_t i = 0; i < n; i++) {
        int64_t added;
        if (!sql_run(ledger,
                     "INSERT INTO approval (request_id, approver_id, asked_at) VALUES ($1, $2, $3)"
                     " ON CONFLICT (request_id, approver_id) DO NOTHING",
                     SQL_VALUES(sql_text(request->id), sql_text(approvers[i]), sql_int(now)),
                     &added, err))
            return false;
        if (added > 0 && !note_asked(ledger, actor, request, approvers[i], err))
            return false;
    }
    /* The clocks of an approval start with the first question. */
    return n == 0 ||
           sql_run(ledger, "UPDATE request SET asked_at = $2 WHERE id = $1 AND asked_at = 0",
                   SQL_VALUES(sql_text(request->id), sql_int(now)), NULL, err);
}

bool ledger_ask(struct ledger *ledger, const struct actor *actor, const struct request *request,
                const struct str *approvers, size_t n, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct request row;

    return txn_begin(&txn, ledger, err) &&
           request_read_open(ledger, request->id, scratch.arena, &row, err) &&
           request_ask(ledger, actor, &row, approvers, n, err) && txn_commit(&txn, err);
}

/* ERR_REFUSED when this person was not asked, or has spoken. */
static bool check_answerable(struct ledger *ledger, const struct request *request,
                             struct str approver, struct arena *arena, struct err *err)
{
    const struct approval_row *rows;
    size_t n;

    if (!ledger_request_approvals(ledger, request->id, arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(rows[i].approval.approver, approver))
            continue;
        if (rows[i].approval.verdict == VERDICT_NONE)
            return true;
        return err_set(err, ERR_REFUSED, "R%lld: %.*s has answered already (%s)",
                       (long long)request->number, STR_ARG(approver),
                       verdicts[rows[i].approval.verdict]);
    }
    return err_set(err, ERR_REFUSED, "R%lld: %.*s was not asked to decide it",
                   (long long)request->number, STR_ARG(approver));
}

static bool note_answer(struct ledger *ledger, const struct actor *actor,
                        const struct request *request, const struct approval *approval,
                        struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "approver", approval->approver);
    detail_str(&detail, "verdict", str_of(verdicts[approval->verdict]));
    detail_str(&detail, "reason", approval->reason);
    return audit_append(ledger, actor,
                        &(struct note){.what = "approval.given",
                                       .subject = request_label(request->number, scratch.arena),
                                       .person = request->person,
                                       .detail = detail_end(&detail)},
                        err);
}

bool ledger_answer(struct ledger *ledger, const struct actor *actor, const struct request *request,
                   struct str approver, enum verdict verdict, struct str reason, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct approval approval = {approver, verdict, reason, ledger_now(ledger)};
    struct request row;

    if (verdict != VERDICT_APPROVE && verdict != VERDICT_DENY)
        return err_set(err, ERR_INTERNAL, "ledger: an answer without a verdict");
    return txn_begin(&txn, ledger, err) &&
           request_read_open(ledger, request->id, scratch.arena, &row, err) &&
           check_answerable(ledger, &row, approver, scratch.arena, err) &&
           sql_run(ledger,
                   "UPDATE approval SET verdict = $3, reason = $4, decided_at = $5, door = $6"
                   " WHERE request_id = $1 AND approver_id = $2",
                   SQL_VALUES(sql_text(row.id), sql_text(approver), sql_word(verdicts[verdict]),
                              sql_text(reason), sql_int(approval.at_ms), sql_text(actor->door)),
                   NULL, err) &&
           (row.person.len == 0 || person_bump(ledger, row.person, err)) &&
           note_answer(ledger, actor, &row, &approval, err) && txn_commit(&txn, err);
}

bool ledger_confirm_request(struct ledger *ledger, const struct actor *actor,
                            const struct request *request, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct request row;
    int64_t changed;

    if (!txn_begin(&txn, ledger, err) ||
        !request_read_open(ledger, request->id, scratch.arena, &row, err) ||
        !sql_run(ledger,
                 "UPDATE request SET confirmed_at = $2, confirmed_by = $3"
                 " WHERE id = $1 AND confirmed_at IS NULL",
                 SQL_VALUES(sql_text(row.id), sql_int(ledger_now(ledger)), sql_text(actor->who)),
                 &changed, err))
        return false;
    if (changed == 0)
        return true;
    return (row.person.len == 0 || person_bump(ledger, row.person, err)) &&
           audit_append(ledger, actor,
                        &(struct note){.what = "request.confirmed",
                                       .subject = request_label(row.number, scratch.arena),
                                       .person = row.person},
                        err) &&
           txn_commit(&txn, err);
}

bool ledger_request_confirmed(struct ledger *ledger, struct str request, bool *out, struct err *err)
{
    int64_t n;

    if (!sql_number(ledger,
                    "SELECT count(*) FROM request WHERE id = $1 AND confirmed_at IS NOT NULL",
                    SQL_VALUES(sql_text(request)), &n, err))
        return false;
    *out = n > 0;
    return true;
}
