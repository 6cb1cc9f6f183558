#include "base/csv.h"

#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"

struct fields {
    struct str *items;
    size_t n, cap;
};

struct csv_reader csv_reader(struct str text)
{
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = str_sub(text, 3, text.len);
    return (struct csv_reader){.rest = text, .next_line = 1};
}

static bool bad(const struct csv_reader *csv, const char *why, struct err *err)
{
    return err_set(err, ERR_USAGE, "line %u: %s", csv->next_line, why);
}

static void advance(struct csv_reader *csv, size_t n)
{
    csv->rest = str_sub(csv->rest, n, csv->rest.len);
}

static char ahead(const struct csv_reader *csv)
{
    if (csv->rest.len == 0)
        return '\0';
    return csv->rest.ptr[0];
}

/* The text between quotes with each `""` made one. */
static struct str undouble(struct str text, struct arena *arena)
{
    char *out = arena_alloc(arena, text.len + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        out[len++] = text.ptr[i];
        if (text.ptr[i] == '"')
            i++;
    }
    return (struct str){out, len};
}

static bool read_quoted(struct csv_reader *csv, struct arena *arena, struct str *out,
                        struct err *err)
{
    struct str rest = csv->rest;
    bool doubled = false;
    unsigned n_breaks = 0;
    size_t i = 1;

    for (;; i++) {
        if (i >= rest.len)
            return bad(csv, "a quote is opened and never closed", err);
        if (rest.ptr[i] == '\n')
            n_breaks++;
        if (rest.ptr[i] != '"')
            continue;
        if (i + 1 >= rest.len || rest.ptr[i + 1] != '"')
            break;
        doubled = true;
        i++;
    }
    *out = str_sub(rest, 1, i);
    if (str_has(*out, '\0'))
        return bad(csv, "a NUL byte; is this UTF-16?", err);
    if (!utf8_valid(*out))
        return bad(csv, "text that is not UTF-8", err);
    if (doubled)
        *out = undouble(*out, arena);
    advance(csv, i + 1);
    csv->next_line += n_breaks;
    return true;
}

static bool read_bare(struct csv_reader *csv, struct str *out, struct err *err)
{
    struct str rest = csv->rest;
    size_t i = 0;

    while (i < rest.len && !strchr(",\n\r\"", rest.ptr[i])) /* stops at a NUL too */
        i++;
    if (i < rest.len && rest.ptr[i] == '"')
        return bad(csv, "a quote inside a field without quotes around it", err);
    if (i < rest.len && rest.ptr[i] == '\0')
        return bad(csv, "a NUL byte; is this UTF-16?", err);
    *out = str_sub(rest, 0, i);
    if (!utf8_valid(*out))
        return bad(csv, "text that is not UTF-8", err);
    advance(csv, i);
    return true;
}

/* What follows a field: a comma, a line break or the end. */
static bool end_field(struct csv_reader *csv, bool *last, struct err *err)
{
    *last = true;
    if (csv->rest.len == 0)
        return true;
    if (ahead(csv) == ',') {
        advance(csv, 1);
        *last = false;
        return true;
    }
    if (str_starts(csv->rest, STR("\r\n"))) {
        advance(csv, 2);
    } else if (ahead(csv) == '\n') {
        advance(csv, 1);
    } else {
        return bad(csv,
                   ahead(csv) == '\r' ? "a carriage return without a line feed"
                                      : "text after a closing quote",
                   err);
    }
    csv->next_line++;
    return true;
}

static bool read_record(struct csv_reader *csv, struct arena *arena, struct fields *fields,
                        struct err *err)
{
    bool last = false;

    while (!last) {
        struct str field;
        bool ok =
            ahead(csv) == '"' ? read_quoted(csv, arena, &field, err) : read_bare(csv, &field, err);
        if (!ok || !end_field(csv, &last, err))
            return false;
        VEC_PUSH(arena, fields, field);
    }
    return true;
}

bool csv_next(struct csv_reader *csv, struct arena *arena, const struct str **fields, size_t *n,
              bool *more, struct err *err)
{
    struct fields record = {0};

    if (csv->rest.len == 0) {
        *fields = NULL;
        *n = 0;
        *more = false;
        return true;
    }
    unsigned line = csv->next_line;
    if (!read_record(csv, arena, &record, err))
        return false;
    if (csv->n_fields == 0)
        csv->n_fields = record.n;
    if (record.n != csv->n_fields) {
        return err_set(err, ERR_USAGE, "line %u: %zu field%s, but the header has %zu", line,
                       record.n, record.n == 1 ? "" : "s", csv->n_fields);
    }
    csv->line = line;
    *fields = record.items;
    *n = record.n;
    *more = true;
    return true;
}

static bool has_any(struct str text, const char *set)
{
    for (const char *c = set; *c; c++) {
        if (str_has(text, *c))
            return true;
    }
    return false;
}

void csv_put(struct buf *out, struct str field, bool last)
{
    bool formula = field.len > 0 && has_any(str_sub(field, 0, 1), "=+-@\t\r");
    bool quoted = has_any(field, ",\"\r\n") ||
                  (field.len > 0 && (field.ptr[0] == ' ' || field.ptr[field.len - 1] == ' '));

    if (quoted)
        buf_add_char(out, '"');
    if (formula)
        buf_add_char(out, '\'');
    while (field.len > 0) {
        size_t before = field.len;
        struct str part = str_cut(&field, '"');
        buf_add(out, part);
        if (part.len < before)
            buf_add(out, STR("\"\""));
    }
    if (quoted)
        buf_add_char(out, '"');
    buf_add(out, last ? STR("\r\n") : STR(","));
}
