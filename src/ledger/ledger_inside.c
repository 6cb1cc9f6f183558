#include "ledger/ledger_inside.h"

void detail_begin(struct detail *detail)
{
    *detail = (struct detail){0};
    detail->out.buf = &detail->buf;
    json_open(&detail->out, NULL, '{');
}

void detail_str(struct detail *detail, const char *key, struct str value)
{
    if (value.len > 0)
        json_put_str(&detail->out, key, value);
}

void detail_i64(struct detail *detail, const char *key, int64_t value)
{
    if (value != 0)
        json_put_i64(&detail->out, key, value);
}

struct str detail_end(struct detail *detail)
{
    json_end(&detail->out, '}');
    return buf_str(&detail->buf);
}

void detail_fini(struct detail *detail)
{
    buf_fini(&detail->buf);
}

struct str request_label(int64_t number, struct arena *arena)
{
    return arena_printf(arena, "R%lld", (long long)number);
}

void row_digest_begin(struct row_digest *digest, const char *table)
{
    sha256_init(&digest->sha);
    sha256_add_field(&digest->sha, str_of(table));
}

void row_digest_text(struct row_digest *digest, struct str value)
{
    sha256_add_field(&digest->sha, value);
}

void row_digest_int(struct row_digest *digest, int64_t value)
{
    sha256_add_i64(&digest->sha, value);
}

struct str row_digest_end(struct row_digest *digest)
{
    sha256_done_hex(&digest->sha, digest->hex);
    return str_of(digest->hex);
}

bool row_digest_fits(struct row_digest *digest, struct str stored, const char *table,
                     struct str row, struct err *err)
{
    if (str_eq(row_digest_end(digest), stored))
        return true;
    return err_set(err, ERR_LEDGER,
                   "ledger: row digest of %s %.*s does not fit: it was changed by other hands",
                   table, STR_ARG(row));
}

struct str login_key(struct str login, struct arena *arena)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    char *key = arena_alloc(arena, login.len + 1, 1);

    for (size_t i = 0; i < login.len; i++) {
        char c = login.ptr[i];
        key[i] = c;
        if (c >= 'A' && c <= 'Z')
            key[i] = letters[c - 'A'];
    }
    return (struct str){key, login.len};
}

bool bad_word(const char *column, struct str word, struct err *err)
{
    return err_set(err, ERR_LEDGER, "ledger: `%.*s` is no word for %s", STR_ARG(word), column);
}

bool mode_parse_word(struct str word, enum mode *out)
{
    static const enum mode modes[] = {MODE_OBSERVE, MODE_ADD, MODE_ENFORCE};

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (str_is(word, mode_name(modes[i]))) {
            *out = modes[i];
            return true;
        }
    }
    return false;
}
