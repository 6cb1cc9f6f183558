#include "base/csv.h"
#include "base/file.h"
#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cli/ask.h"
#include "core/text_table.h"
#include "ledger/ledger_request.h"

/* A list of requests: all or none. Every mistake is named with its line before anything is filed.
 */

#define LIST_MAX   ((size_t)4 << 20)
#define ROWS_MAX   2000
#define FAULTS_MAX 50

enum column { COL_KIND, COL_WHO, COL_ENT, COL_PLAN, COL_UNTIL, COL_REASON, COL_KEY, COL_COUNT };

static const char *const columns[COL_COUNT] = {
    [COL_KIND] = "kind",   [COL_WHO] = "who",       [COL_ENT] = "entitlement", [COL_PLAN] = "plan",
    [COL_UNTIL] = "until", [COL_REASON] = "reason", [COL_KEY] = "key",
};

struct list {
    struct cli *cli;
    const char *path;
    struct csv_reader csv;
    size_t at[COL_COUNT]; /* position of the column + 1; 0: there is none */
    VEC_OF(struct request) asks;
    struct map seen, keys; /* to the line, as a number in arena */
    struct map used;       /* keys in the ledger, to the requests they were used for */
    size_t n_faults;
};

static void fault(struct list *list, unsigned line, const struct err *why)
{
    struct str text = utf8_printable(str_of(why->msg), &list->cli->arena);

    if (list->n_faults++ < FAULTS_MAX)
        cli_say(list->cli, "%s:%u: %.*s", list->path, line, STR_ARG(text));
}

/* ---- header ---- */

static bool find_column(struct str name, enum column *out)
{
    for (size_t i = 0; i < COL_COUNT; i++) {
        if (str_is(name, columns[i])) {
            *out = (enum column)i;
            return true;
        }
    }
    return false;
}

static bool read_header(struct list *list, struct err *err)
{
    const struct str *fields;
    enum column column;
    size_t n;
    bool more;

    if (!csv_next(&list->csv, &list->cli->arena, &fields, &n, &more, err))
        return err_wrap(err, "%s", list->path);
    for (size_t i = 0; more && i < n; i++) {
        struct str name = str_trim(fields[i]);
        if (!find_column(name, &column)) {
            return err_set(err, ERR_USAGE,
                           "%s:1: there is no column `%.*s`; there is: kind, who, "
                           "entitlement, plan, until, reason, key",
                           list->path, STR_ARG(name));
        }
        if (list->at[column] != 0) {
            return err_set(err, ERR_USAGE, "%s:1: the column `%s` is there twice", list->path,
                           columns[column]);
        }
        list->at[column] = i + 1;
    }
    for (size_t i = COL_KIND; i <= COL_ENT; i++) {
        if (list->at[i] == 0) {
            return err_set(err, ERR_USAGE,
                           "%s:1: the column `%s` is missing; a list begins with "
                           "kind,who,entitlement,plan,until,reason",
                           list->path, columns[i]);
        }
    }
    return true;
}

/* The ledger refuses a key that was used for other content, but it knows no lines. */
static bool load_used_keys(struct list *list, struct err *err)
{
    struct cli *cli = list->cli;
    const struct request_filter all = {0};
    const struct request *known;
    size_t n;

    if (list->at[COL_KEY] == 0)
        return true;
    if (!ledger_list_requests(cli->ledger, &all, &cli->arena, &known, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (known[i].key.len == 0 || !str_eq(known[i].principal, cli->actor.who))
            continue;
        struct request *copy = arena_new(&cli->arena, struct request);
        *copy = known[i];
        map_put(&list->used, &cli->arena, copy->key, copy);
    }
    return true;
}

/* ---- lines ---- */

/* An empty cell is one that was not given. */
static const char *cell(const struct list *list, const struct str *fields, enum column column)
{
    struct str text = {0};

    if (list->at[column] != 0)
        text = str_trim(fields[list->at[column] - 1]);
    return text.len > 0 ? arena_cstr(&list->cli->arena, text) : NULL;
}

/* Where it was before; else remembers that it was here. */
static unsigned seen_before(struct list *list, struct map *map, struct str what, unsigned line)
{
    unsigned *before = map_get(map, what);

    if (before)
        return *before;
    unsigned *here = arena_new(&list->cli->arena, unsigned);
    *here = line;
    map_put(map, &list->cli->arena, what, here);
    return 0;
}

static struct str lower(struct str text, struct arena *arena)
{
    char *bytes = arena_alloc(arena, text.len, 1);

    for (size_t i = 0; i < text.len; i++) {
        bytes[i] = text.ptr[i];
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] - 'A' + 'a');
    }
    return (struct str){bytes, text.len};
}

/* The same thing for the same person twice is a mistake, however it is spelled. */
static bool check_double(struct list *list, const struct request *ask, unsigned line,
                         struct err *err)
{
    struct arena *arena = &list->cli->arena;
    const struct entitlement *ent =
        policy_entitlement(&list->cli->settings.policy, ask->entitlement);
    struct str plan = ask_plan(ask, ent);
    struct str same = arena_printf(arena, "%d %.*s %.*s %.*s", (int)ask->kind, STR_ARG(plan),
                                   STR_ARG(ask->entitlement), STR_ARG(ask->who));
    unsigned before = seen_before(list, &list->seen, lower(same, arena), line);

    return before == 0 || err_set(err, ERR_USAGE, "asks for the same as line %u", before);
}

static bool check_key(struct list *list, const struct request *ask, unsigned line, struct err *err)
{
    struct arena *arena = &list->cli->arena;

    if (ask->key.len == 0)
        return true;
    unsigned before = seen_before(list, &list->keys, ask->key, line);
    if (before != 0)
        return err_set(err, ERR_USAGE, "has the key of line %u", before);
    const struct request *used = map_get(&list->used, ask->key);
    if (!used || str_eq(request_content_digest(used, arena), request_content_digest(ask, arena)))
        return true;
    return err_set(err, ERR_USAGE, "the key was used for R%lld, which asks for other things",
                   (long long)used->number);
}

static bool read_ask(struct list *list, const struct str *fields, struct request *ask,
                     struct err *err)
{
    const struct ask_words words = {
        .kind = cell(list, fields, COL_KIND),
        .who = cell(list, fields, COL_WHO),
        .ent = cell(list, fields, COL_ENT),
        .plan = cell(list, fields, COL_PLAN),
        .until = cell(list, fields, COL_UNTIL),
        .reason = cell(list, fields, COL_REASON),
        .key = cell(list, fields, COL_KEY),
    };

    if (!words.kind || !words.who || !words.ent) {
        return err_set(err, ERR_USAGE, "%s is empty",
                       !words.kind  ? columns[COL_KIND]
                       : !words.who ? columns[COL_WHO]
                                    : columns[COL_ENT]);
    }
    return ask_read(list->cli, &words, ask, err);
}

static bool read_line(struct list *list, const struct str *fields, unsigned line, struct err *err)
{
    struct err why = {0};
    struct request ask;

    if (list->asks.n == ROWS_MAX) {
        return err_set(err, ERR_USAGE, "%s: more than %d requests; cut the list", list->path,
                       ROWS_MAX);
    }
    if (read_ask(list, fields, &ask, &why) && check_double(list, &ask, line, &why) &&
        check_key(list, &ask, line, &why)) {
        VEC_PUSH(&list->cli->arena, &list->asks, ask);
        return true;
    }
    if (why.kind == ERR_LEDGER)
        return err_set(err, why.kind, "%s", why.msg);
    fault(list, line, &why);
    return true;
}

static bool read_lines(struct list *list, struct err *err)
{
    const struct str *fields;
    size_t n;
    bool more;

    for (;;) {
        if (!csv_next(&list->csv, &list->cli->arena, &fields, &n, &more, err))
            return err_wrap(err, "%s", list->path);
        if (!more)
            return true;
        if (!read_line(list, fields, list->csv.line, err))
            return false;
    }
}

/* ---- the answer ---- */

static void put_json(struct cli *cli, const struct request *filed, const enum filed *how, size_t n)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    json_open(&json, NULL, '{');
    json_open(&json, "requests", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&json, NULL, '{');
        json_put_i64(&json, "number", filed[i].number);
        json_put_str(&json, "id", filed[i].id);
        json_put_str(&json, "state", str_of(request_state_name(filed[i].state)));
        json_put_str(&json, "how", how[i] == FILED_NEW ? STR("new") : STR("same"));
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static void put_text(struct cli *cli, const struct request *filed, const enum filed *how, size_t n)
{
    struct text_table table = {.arena = &cli->arena, .n_cols = 4};
    size_t n_new = 0;

    for (size_t i = 0; i < n; i++) {
        n_new += how[i] == FILED_NEW;
        text_table_row(&table, (const struct str[]){
                                   arena_printf(&cli->arena, "R%lld", (long long)filed[i].number),
                                   how[i] == FILED_NEW ? STR("filed") : STR("known"),
                                   ask_title(cli, &filed[i]), ask_term(cli, &filed[i])});
    }
    text_table_print(&table, 0, &cli->out);
    buf_printf(&cli->out, "%zu filed, %zu known before. The next run looks at them.\n", n_new,
               n - n_new);
}

static bool file_all(struct list *list, bool json, struct err *err)
{
    struct cli *cli = list->cli;
    size_t n = list->asks.n;
    struct request *filed = arena_array(&cli->arena, struct request, n);
    enum filed *how = arena_array(&cli->arena, enum filed, n);

    if (!ledger_file_requests(cli->ledger, &cli->actor, list->asks.items, n, &cli->arena, filed,
                              how, err))
        return err_wrap(err, "%s: nothing was filed", list->path);
    if (json) {
        put_json(cli, filed, how, n);
    } else {
        put_text(cli, filed, how, n);
    }
    return true;
}

bool ask_file(struct cli *cli, const char *path, bool json, struct err *err)
{
    struct list list = {.cli = cli, .path = path};
    struct str text;

    if (!file_read(str_of(path), LIST_MAX, FILE_ANY, &cli->arena, &text, err)) {
        err->kind = ERR_USAGE;
        return false;
    }
    list.csv = csv_reader(text);
    if (!read_header(&list, err) || !load_used_keys(&list, err) || !read_lines(&list, err))
        return false;
    if (list.n_faults > FAULTS_MAX)
        cli_say(cli, "%s: and %zu more", path, list.n_faults - FAULTS_MAX);
    if (list.n_faults > 0) {
        return err_set(err, ERR_USAGE, "nothing was filed: %zu line%s of %s cannot be",
                       list.n_faults, list.n_faults == 1 ? "" : "s", path);
    }
    if (list.asks.n == 0)
        return err_set(err, ERR_USAGE, "%s: there is no request in it", path);
    return file_all(&list, json, err);
}
