#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "core/text_table.h"
#include "ledger/ledger_audit.h"

/* The audit trail: shown page by page, and verified. */

#define PAGE      500
#define HEADS_MAX ((size_t)16 << 20)

enum form { FORM_TEXT, FORM_JSON, FORM_CSV };

struct audit_words {
    const char *who, *request, *since, *until, *heads;
    bool json, csv, verify;
};

/* ---- rows ---- */

/* The ledger's numbers are times or spans, by name. */
static struct str number_words(struct str key, int64_t number, struct arena *arena)
{
    if (str_ends(key, STR("_ms")))
        return duration_str(number, arena);
    if (number > 1000 * TIME_DAY)
        return time_local_str(number, arena);
    return arena_printf(arena, "%lld", (long long)number);
}

/* `kind=grant plan=kiro-pro`: what the row says besides, for people. */
static struct str detail_words(struct cli *cli, struct str detail)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct arena *arena = &cli->arena;
    struct err ignored = {0};
    struct str words = {0};

    if (!json_parse(detail, "detail", &root, &ignored) || !json_is_obj(root))
        return detail;
    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        const char *key = arena_cstr(arena, json_key(e));
        struct str value = {0};
        int64_t number = 0;
        if (!json_as_str(e, &value, &ignored) && json_i64_opt(root, key, &number, &ignored) &&
            number != 0)
            value = number_words(str_of(key), number, arena);
        if (value.len > 0) {
            words = arena_printf(arena, "%.*s%s%s=%.*s", STR_ARG(words), words.len > 0 ? " " : "",
                                 key, STR_ARG(value));
        }
    }
    return words;
}

static void page_text(struct cli *cli, const struct audit_row *rows, size_t n)
{
    struct arena *arena = &cli->arena;
    struct text_table table = {.arena = arena, .n_cols = 7};

    for (size_t i = 0; i < n; i++) {
        const struct str cells[] = {
            arena_printf(arena, "%lld", (long long)rows[i].seq),
            time_local_str(rows[i].at, arena),
            cli_login_of(cli, rows[i].who),
            rows[i].what,
            rows[i].subject,
            str_eq(rows[i].person, rows[i].subject) ? STR("") : cli_login_of(cli, rows[i].person),
            detail_words(cli, rows[i].detail),
        };
        text_table_row(&table, cells);
    }
    text_table_print(&table, 0, &cli->out);
}

static bool is_json(struct str text)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct err ignored = {0};

    return json_parse(text, "detail", &root, &ignored);
}

static void row_json(struct cli *cli, const struct audit_row *row)
{
    struct json_out json = {.buf = &cli->out};

    json_open(&json, NULL, '{');
    json_put_i64(&json, "seq", row->seq);
    json_put_time(&json, "at", row->at);
    json_put_str(&json, "who", row->who);
    json_put_str(&json, "door", row->door);
    json_put_str(&json, "what", row->what);
    json_put_str_or_null(&json, "subject", row->subject);
    json_put_str_or_null(&json, "okta_id", row->person);
    if (is_json(row->detail)) { /* somebody may have put something else there */
        json_put_raw(&json, "detail", row->detail);
    } else {
        json_put_str(&json, "detail", row->detail);
    }
    json_put_str_or_null(&json, "settings_digest", row->settings_digest);
    json_put_str(&json, "prev", row->prev);
    json_put_str(&json, "hash", row->hash);
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static void row_csv(struct cli *cli, const struct audit_row *row)
{
    const struct str fields[] = {
        arena_printf(&cli->arena, "%lld", (long long)row->seq),
        time_iso_str(row->at, &cli->arena),
        row->who,
        row->door,
        row->what,
        row->subject,
        row->person,
        row->detail,
        row->settings_digest,
        row->prev,
        row->hash,
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        csv_put(&cli->out, fields[i], i + 1 == ARRAY_LEN(fields));
}

static void put_page(struct cli *cli, const struct audit_row *rows, size_t n, enum form form)
{
    if (form == FORM_TEXT)
        page_text(cli, rows, n);
    for (size_t i = 0; i < n && form == FORM_JSON; i++)
        row_json(cli, &rows[i]);
    for (size_t i = 0; i < n && form == FORM_CSV; i++)
        row_csv(cli, &rows[i]);
}

/* A page is read whole before any of it is written: nobody waits for a slow reader. */
static bool list(struct cli *cli, struct audit_filter *filter, enum form form, struct err *err)
{
    arena_mark_t mark = arena_mark(&cli->arena);
    const struct audit_row *rows;
    size_t n;

    if (form == FORM_CSV) {
        buf_add(&cli->out, STR("seq,at,who,door,what,subject,okta_id,detail,settings_digest,prev,"
                               "hash\r\n"));
    }
    filter->limit = PAGE;
    do {
        arena_reset(&cli->arena, mark);
        if (!ledger_audit_list(cli->ledger, filter, &cli->arena, &rows, &n, err))
            return false;
        put_page(cli, rows, n, form);
        if (n > 0)
            filter->after_seq = rows[n - 1].seq;
        if (!cli_write(cli, err))
            return false;
        if (cancel_is_on(cli->cancel))
            return err_set(err, ERR_CANCELLED, "interrupted");
    } while (n == PAGE && !cli->closed);
    return true;
}

/* ---- verify ---- */

static void verify_json(struct cli *cli, const struct audit_check *check)
{
    struct json_out json = {.buf = &cli->out};

    json_open(&json, NULL, '{');
    json_put_bool(&json, "intact", check->intact);
    json_put_i64(&json, "rows", check->rows);
    json_put_str_or_null(&json, "head", check->head);
    json_put_i64(&json, "anchored_seq", check->anchored_seq);
    json_put_i64(&json, "not_anchored", check->rows - check->anchored_seq);
    if (!check->intact) {
        json_put_i64(&json, "bad_seq", check->bad_seq);
        json_put_str(&json, "why", check->why);
    }
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static const char *rows_word(int64_t n)
{
    return n == 1 ? "row" : "rows";
}

static void verify_text(struct cli *cli, const struct audit_check *check)
{
    int64_t loose = check->rows - check->anchored_seq;

    if (!check->intact) {
        buf_printf(&cli->out, "broken at row %lld: %.*s; %lld %s before it\n",
                   (long long)check->bad_seq, STR_ARG(check->why), (long long)check->rows,
                   check->rows == 1 ? "row fits" : "rows fit");
    } else if (check->rows == 0) {
        buf_printf(&cli->out, "intact: 0 rows, nothing was written yet\n");
    } else {
        buf_printf(&cli->out,
                   "intact: %lld %s, head %.*s; anchored up to row %lld, %lld %s not anchored\n",
                   (long long)check->rows, rows_word(check->rows), STR_ARG(check->head),
                   (long long)check->anchored_seq, (long long)loose,
                   loose == 1 ? "row is" : "rows are");
    }
}

static bool verify(struct cli *cli, const struct audit_words *words, struct err *err)
{
    struct audit_check check;
    struct str heads = {0};

    if (words->heads &&
        !file_read(str_of(words->heads), HEADS_MAX, FILE_ANY, &cli->arena, &heads, err)) {
        err->kind = ERR_USAGE;
        return false;
    }
    if (!ledger_audit_verify(cli->ledger, heads, &cli->arena, &check, err))
        return words->heads ? err_wrap(err, "%s", words->heads) : false;
    if (words->json) {
        verify_json(cli, &check);
    } else {
        verify_text(cli, &check);
    }
    if (check.intact && check.rows > 0 && !words->heads) {
        cli_say(cli,
                "Without --heads this shows that nothing was changed by hand, not that nothing "
                "was written anew: keep `%lld %.*s` elsewhere.",
                (long long)check.rows, STR_ARG(check.head));
    }
    cli->outcome = check.intact ? EXIT_DONE : EXIT_FAILED;
    return true;
}

/* ---- words ---- */

static bool check_words(const struct audit_words *words, struct err *err)
{
    if (words->json && words->csv)
        return err_set(err, ERR_USAGE, "give --json or --csv, not both");
    if (words->heads && !words->verify)
        return err_set(err, ERR_USAGE, "--heads goes with --verify");
    if (words->verify &&
        (words->csv || words->who || words->request || words->since || words->until)) {
        return err_set(err, ERR_USAGE,
                       "--verify looks at the whole trail; only --heads and --json "
                       "go with it");
    }
    return true;
}

static bool read_filter(struct cli *cli, const struct audit_words *words, struct audit_filter *out,
                        struct err *err)
{
    int64_t number;

    *out = (struct audit_filter){.who = str_of(words->who)};
    if (words->request) {
        if (!cli_request_number(words->request, &number, err))
            return false;
        out->subject = arena_printf(&cli->arena, "R%lld", (long long)number);
    }
    int64_t end;
    if (words->since && !date_parse(str_of(words->since), &out->since_ms, &end, err))
        return err_wrap(err, "--since");
    if (words->until && !cli_until(words->until, &out->until_ms, err))
        return false;
    return !words->since || !words->until || out->since_ms < out->until_ms ||
           err_set(err, ERR_USAGE, "--until %s is before --since %s", words->until, words->since);
}

bool cmd_audit(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct audit_words words = {0};
    struct audit_filter filter;
    const struct opt opts[] = {
        {"who", 0, NULL, &words.who},       {"request", 0, NULL, &words.request},
        {"since", 0, NULL, &words.since},   {"until", 0, NULL, &words.until},
        {"json", 0, &words.json, NULL},     {"csv", 0, &words.csv, NULL},
        {"verify", 0, &words.verify, NULL}, {"heads", 0, NULL, &words.heads},
    };

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) ||
        !check_words(&words, err))
        return false;
    if (words.verify)
        return verify(cli, &words, err);
    return read_filter(cli, &words, &filter, err) && list(cli, &filter,
                                                          words.json  ? FORM_JSON
                                                          : words.csv ? FORM_CSV
                                                                      : FORM_TEXT,
                                                          err);
}
