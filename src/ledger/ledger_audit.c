#include "ledger/ledger_audit.h"

#include <stdlib.h>

#include "base/vec.h"
#include "ledger/ledger_inside.h"

#define COLUMNS "seq, at, who, door, what, subject, person_id, detail, settings_digest, prev, hash"

/* Every field of the row but the hash itself. */
static void hash_row(const struct audit_row *row, char hex[SHA256_HEX])
{
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add_field(&sha, STR("audit"));
    sha256_add_field(&sha, row->prev);
    sha256_add_i64(&sha, row->seq);
    sha256_add_i64(&sha, row->at);
    sha256_add_field(&sha, row->who);
    sha256_add_field(&sha, row->door);
    sha256_add_field(&sha, row->what);
    sha256_add_field(&sha, row->subject);
    sha256_add_field(&sha, row->person);
    sha256_add_field(&sha, row->detail);
    sha256_add_field(&sha, row->settings_digest);
    sha256_done_hex(&sha, hex);
}

static struct audit_row read_row(const struct stmt *stmt, struct arena *arena)
{
    return (struct audit_row){
        .seq = sql_i64(stmt, 0),
        .at = sql_i64(stmt, 1),
        .who = sql_str(stmt, 2, arena),
        .door = sql_str(stmt, 3, arena),
        .what = sql_str(stmt, 4, arena),
        .subject = sql_str(stmt, 5, arena),
        .person = sql_str(stmt, 6, arena),
        .detail = sql_str(stmt, 7, arena),
        .settings_digest = sql_str(stmt, 8, arena),
        .prev = sql_str(stmt, 9, arena),
        .hash = sql_str(stmt, 10, arena),
    };
}

static bool read_last(struct ledger *ledger, struct arena *arena, int64_t *seq, struct str *hash,
                      struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    if (!sql_query(ledger, &stmt, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
                   SQL_NO_VALUES, err) ||
        !sql_next(&stmt, &row, err))
        return false;
    *seq = row ? sql_i64(&stmt, 0) : 0;
    *hash = row ? sql_str(&stmt, 1, arena) : (struct str){0};
    return true;
}

bool audit_append(struct ledger *ledger, const struct actor *actor, const struct note *note,
                  struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct audit_row row = {
        .at = ledger_now(ledger),
        .who = actor->who,
        .door = actor->door,
        .what = str_of(note->what),
        .subject = note->subject,
        .person = note->person,
        .detail = note->detail.len > 0 ? note->detail : STR("{}"),
        .settings_digest = ledger->settings_digest,
    };
    char hash[SHA256_HEX];

    if (!read_last(ledger, scratch.arena, &row.seq, &row.prev, err))
        return false;
    row.seq++;
    hash_row(&row, hash);
    return sql_run(ledger,
                   "INSERT INTO audit (" COLUMNS ")"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   SQL_VALUES(sql_int(row.seq), sql_int(row.at), sql_text(row.who),
                              sql_text(row.door), sql_text(row.what), sql_text(row.subject),
                              sql_text(row.person), sql_text(row.detail),
                              sql_text(row.settings_digest), sql_text(row.prev), sql_word(hash)),
                   NULL, err);
}

/* `%part%` with the wildcards in it made harmless. */
static struct str like_part(struct str part, struct arena *arena)
{
    struct str key = login_key(part, arena);
    char *like = arena_alloc(arena, key.len * 2 + 3, 1);
    size_t n = 0;

    like[n++] = '%';
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == '%' || key.ptr[i] == '_' || key.ptr[i] == '\\')
            like[n++] = '\\';
        like[n++] = key.ptr[i];
    }
    like[n++] = '%';
    return (struct str){like, n};
}

bool ledger_audit_list(struct ledger *ledger, const struct audit_filter *filter,
                       struct arena *arena, const struct audit_row **rows, size_t *n,
                       struct err *err)
{
    static const char sql[] =
        "WITH meant AS (SELECT okta_id FROM person WHERE login_key LIKE $2 ESCAPE '\\')"
        " SELECT " COLUMNS " FROM audit"
        " WHERE seq > $4"
        " AND ($1 = '' OR who = $1 OR person_id = $1"
        "      OR who IN (SELECT okta_id FROM meant)"
        "      OR person_id IN (SELECT okta_id FROM meant))"
        " AND ($3 = '' OR subject = $3)"
        " AND at >= $5 AND ($6 = 0 OR at < $6)"
        " ORDER BY seq LIMIT $7";
    VEC_OF(struct audit_row) found = {0};
    size_t limit = filter->limit > 0 ? filter->limit : LEDGER_PAGE;
    struct str like = filter->who.len > 0 ? like_part(filter->who, arena) : (struct str){0};
    int64_t after = filter->after_seq;

    while (found.n < limit) {
        CLEANUP(sql_done) struct stmt stmt = {0};
        size_t page = limit - found.n < LEDGER_PAGE ? limit - found.n : LEDGER_PAGE;
        size_t before = found.n;
        bool row;

        if (!sql_query(ledger, &stmt, sql,
                       SQL_VALUES(sql_text(filter->who), sql_text(like), sql_text(filter->subject),
                                  sql_int(after), sql_int(filter->since_ms),
                                  sql_int(filter->until_ms), sql_int((int64_t)page)),
                       err))
            return false;
        for (;;) {
            if (!sql_next(&stmt, &row, err))
                return false;
            if (!row)
                break;
            VEC_PUSH(arena, &found, read_row(&stmt, arena));
            after = found.items[found.n - 1].seq;
        }
        if (found.n - before < page)
            break;
    }
    *rows = found.items;
    *n = found.n;
    return true;
}

/* ---- verify ---- */

struct head {
    int64_t seq;
    struct str hash;
};

static int compare_heads(const void *a, const void *b)
{
    const struct head *ha = a;
    const struct head *hb = b;

    return (ha->seq > hb->seq) - (ha->seq < hb->seq);
}

static bool is_hash(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text.len == SHA256_HEX - 1;
}

static bool parse_heads(struct str text, struct arena *arena, const struct head **out, size_t *n,
                        struct err *err)
{
    VEC_OF(struct head) heads = {0};

    for (size_t line_number = 1; text.len > 0; line_number++) {
        struct str line = str_trim(str_cut(&text, '\n'));
        struct head head = {0};

        if (line.len == 0)
            continue;
        struct str hash = line;
        struct str seq = str_cut(&hash, ' ');
        head.hash = str_trim(hash);
        if (!str_to_i64(seq, &head.seq) || head.seq < 1 || !is_hash(head.hash))
            return err_set(err, ERR_USAGE, "heads: line %zu: expected `seq hash`", line_number);
        VEC_PUSH(arena, &heads, head);
    }
    if (heads.n > 1)
        qsort(heads.items, heads.n, sizeof(heads.items[0]), compare_heads);
    *out = heads.items;
    *n = heads.n;
    return true;
}

struct walk {
    const struct head *heads;
    size_t n_heads, next_head;
    struct audit_check check;
    char head[SHA256_HEX];
    struct arena *arena;
};

static bool break_at(struct walk *walk, int64_t seq, struct str why)
{
    walk->check.intact = false;
    walk->check.bad_seq = seq;
    walk->check.why = why;
    return false;
}

/* Does this row continue the chain? Stops the walk where it does not. */
static bool check_row(struct walk *walk, const struct audit_row *row)
{
    char hash[SHA256_HEX];
    int64_t expected = walk->check.rows + 1;

    if (row->seq != expected) {
        return break_at(walk, expected,
                        arena_printf(walk->arena, "row %lld is missing", (long long)expected));
    }
    if (!str_is(row->prev, walk->head))
        return break_at(walk, row->seq, STR("it does not continue the row before"));
    hash_row(row, hash);
    if (!str_is(row->hash, hash))
        return break_at(walk, row->seq, STR("its hash does not fit its fields"));
    for (; walk->next_head < walk->n_heads; walk->next_head++) {
        const struct head *head = &walk->heads[walk->next_head];
        if (head->seq != row->seq)
            break;
        if (!str_eq(head->hash, row->hash))
            return break_at(walk, row->seq, STR("an earlier head says otherwise"));
        walk->check.anchored_seq = row->seq;
    }
    for (size_t i = 0; i < SHA256_HEX; i++)
        walk->head[i] = hash[i];
    walk->check.rows++;
    return true;
}

static bool walk_page(struct ledger *ledger, struct walk *walk, size_t *rows, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    *rows = 0;
    if (!sql_query(ledger, &stmt,
                   "SELECT " COLUMNS " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
                   SQL_VALUES(sql_int(walk->check.rows), sql_int(LEDGER_PAGE)), err))
        return false;
    while (walk->check.intact) {
        if (!sql_next(&stmt, &row, err))
            return false;
        if (!row)
            break;
        struct audit_row item = read_row(&stmt, scratch.arena);
        (void)check_row(walk, &item);
        ++*rows;
    }
    return true;
}

/* Rows that the chain from 1 on never meets. */
static bool check_below(struct ledger *ledger, struct walk *walk, struct err *err)
{
    int64_t below;

    if (!sql_number(ledger, "SELECT count(*) FROM audit WHERE seq < 1", SQL_NO_VALUES, &below, err))
        return false;
    if (below > 0)
        (void)break_at(walk, 0, STR("there are rows before the first one"));
    return true;
}

bool ledger_audit_verify(struct ledger *ledger, struct str heads, struct arena *arena,
                         struct audit_check *out, struct err *err)
{
    struct walk walk = {.arena = arena, .check.intact = true};
    size_t rows;

    if (!parse_heads(heads, arena, &walk.heads, &walk.n_heads, err) ||
        !check_below(ledger, &walk, err))
        return false;
    do {
        if (!walk_page(ledger, &walk, &rows, err))
            return false;
    } while (walk.check.intact && sql_page_is_full(rows));
    if (walk.check.intact && walk.next_head < walk.n_heads) {
        (void)break_at(&walk, walk.check.rows + 1,
                       arena_printf(arena, "the trail ends at row %lld, an earlier head is of %lld",
                                    (long long)walk.check.rows,
                                    (long long)walk.heads[walk.n_heads - 1].seq));
    }
    walk.check.head = arena_str(arena, str_of(walk.head));
    *out = walk.check;
    return true;
}

bool ledger_audit_head(struct ledger *ledger, struct arena *arena, struct str *out, struct err *err)
{
    int64_t seq;
    struct str hash;

    if (!read_last(ledger, arena, &seq, &hash, err))
        return false;
    *out =
        seq > 0 ? arena_printf(arena, "%lld %.*s", (long long)seq, STR_ARG(hash)) : (struct str){0};
    return true;
}
