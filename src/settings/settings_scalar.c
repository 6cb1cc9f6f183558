#include "settings/settings_scalar.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "settings/settings_problem.h"

/* ISO 4217, where it is not two digits. */
unsigned currency_digits(struct str currency)
{
    static const char none[] =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";

    if (words_find(none, currency) >= 0)
        return 0;
    return words_find(three, currency) >= 0 ? 3 : 2;
}

static bool add_digit(int64_t *value, char c)
{
    if (c < '0' || c > '9')
        return false;
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, c - '0', value);
}

bool decimal_read(struct str text, unsigned digits, int64_t *out)
{
    struct str fraction = text;
    struct str whole = str_cut(&fraction, '.');
    int64_t value = 0;

    if (whole.len == 0 || (fraction.ptr && fraction.len == 0) || fraction.len > digits)
        return false;
    if (!fraction.ptr)
        fraction = STR("");
    for (size_t i = 0; i < whole.len; i++) {
        if (!add_digit(&value, whole.ptr[i]))
            return false;
    }
    for (size_t i = 0; i < fraction.len; i++) {
        if (!add_digit(&value, fraction.ptr[i]))
            return false;
    }
    for (size_t i = fraction.len; i < digits; i++) {
        if (!add_digit(&value, '0'))
            return false;
    }
    *out = value;
    return true;
}

struct str decimal_text(int64_t value, unsigned digits, bool is_short, struct arena *arena)
{
    int64_t unit = 1;
    struct str text;

    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    if (digits == 0)
        return arena_printf(arena, "%lld", (long long)value);
    text = arena_printf(arena, "%lld.%0*lld", (long long)(value / unit), (int)digits,
                        (long long)(value % unit));
    while (is_short && str_ends(text, STR("0")))
        text.len--;
    if (str_ends(text, STR(".")))
        text.len--;
    return text;
}

int words_find(const char *words, struct str word)
{
    struct str rest = str_of(words);

    for (int i = 0; rest.len > 0; i++) {
        if (str_eq(str_cut(&rest, ' '), word))
            return i;
    }
    return -1;
}

static struct str word_at(const char *words, int64_t index)
{
    struct str rest = str_of(words);
    struct str word = str_cut(&rest, ' ');

    for (int64_t i = 0; i < index; i++)
        word = str_cut(&rest, ' ');
    return word;
}

/* The words that this version takes: those of the row without those for later. */
static size_t words_now(const struct setting *row, struct str *words, size_t max)
{
    struct str rest = str_of(row->words);
    size_t n = 0;

    while (rest.len > 0 && n < max) {
        struct str word = str_cut(&rest, ' ');

        if (!row->later || words_find(row->later, word) < 0)
            words[n++] = word;
    }
    return n;
}

struct str words_listed(const struct setting *row, const char *between, const char *last,
                        struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct str words[8];
    size_t n = words_now(row, words, ARRAY_LEN(words));

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add(&out, str_of(i + 1 < n ? between : last));
        buf_add(&out, words[i]);
    }
    return arena_str(arena, buf_str(&out));
}

static bool read_word(const struct scalar_rules *rules, const struct setting *row, struct str text,
                      struct value *out, struct str *wrong)
{
    int index = words_find(row->words, text);
    bool is_for_later = row->later && words_find(row->later, text) >= 0;

    if (index >= 0 && !is_for_later) {
        out->number = index;
        return true;
    }
    if (is_for_later) {
        *wrong = arena_printf(rules->arena, "`%.*s` is not in this version: %s", STR_ARG(text),
                              row->instead);
    } else {
        *wrong = arena_printf(rules->arena, "must be %.*s, not `%.*s`",
                              STR_ARG(words_listed(row, ", ", " or ", rules->arena)),
                              STR_ARG(shown(text, rules->arena)));
    }
    return false;
}

/* `1 to 100`, in the row's own terms. */
static struct str bounds(const struct scalar_rules *rules, const struct setting *row)
{
    struct value low = {.number = row->min};
    struct value high = {.number = row->max};

    return arena_printf(rules->arena, "%.*s to %.*s", STR_ARG(scalar_text(rules, row, &low)),
                        STR_ARG(scalar_text(rules, row, &high)));
}

static bool parse_number(const struct scalar_rules *rules, const struct setting *row,
                         struct str text, int64_t *out)
{
    switch (row->type) {
    case SETTING_SPAN: return duration_parse(text, out);
    case SETTING_MONEY: return decimal_read(text, rules->minor_digits, out);
    case SETTING_RATE: return decimal_read(text, 6, out);
    default: return str_to_i64(text, out);
    }
}

static const char *number_wanted(const struct scalar_rules *rules, const struct setting *row)
{
    switch (row->type) {
    case SETTING_SPAN: return "a duration, such as 30s, 5m, 2h or 7d";
    case SETTING_RATE: return "a number with at most six digits behind the point, such as \"155\"";
    case SETTING_MONEY:
        if (rules->minor_digits == 0)
            return "an amount without a point, as this currency has no smaller unit";
        return rules->minor_digits == 3 ? "an amount such as \"20.000\""
                                        : "an amount such as \"20.00\"";
    default: return "a whole number";
    }
}

static bool read_number(const struct scalar_rules *rules, const struct setting *row,
                        struct str text, struct value *out, struct str *wrong)
{
    bool may_be_off = (row->flags & SETTING_OFF) != 0;
    int64_t number = 0;

    if (may_be_off && str_is(text, "off")) {
        out->number = POLICY_OFF;
        return true;
    }
    if (!parse_number(rules, row, text, &number)) {
        *wrong = arena_printf(rules->arena, "must be %s%s, not `%.*s`", number_wanted(rules, row),
                              may_be_off ? ", or off" : "", STR_ARG(shown(text, rules->arena)));
        return false;
    }
    if (number < row->min || number > row->max) {
        *wrong = arena_printf(rules->arena, "must be %.*s, not %.*s", STR_ARG(bounds(rules, row)),
                              STR_ARG(shown(text, rules->arena)));
        return false;
    }
    out->number = number;
    return true;
}

static bool read_bool(const struct scalar_rules *rules, struct str text, struct value *out,
                      struct str *wrong)
{
    out->number = str_is(text, "true");
    if (out->number || str_is(text, "false"))
        return true;
    *wrong = arena_printf(rules->arena, "must be true or false, not `%.*s`",
                          STR_ARG(shown(text, rules->arena)));
    return false;
}

static bool read_text(const struct scalar_rules *rules, const struct setting *row, struct str text,
                      struct value *out, struct str *wrong)
{
    const char *complaint = NULL;

    if (text.len > 0) {
        complaint = row->form->wrong(text);
    } else if (!(row->flags & SETTING_EMPTY)) {
        complaint = "must not be empty";
    }
    if (!complaint) {
        /* One spelling of a base URL: a doubled slash further on would break signatures. */
        while (row->form == &form_url && str_ends(text, STR("/")))
            text.len--;
        out->text = text;
        return true;
    }
    if (row->form->is_private || text.len == 0) {
        *wrong = str_of(complaint);
    } else {
        *wrong = arena_printf(rules->arena, "%s, not `%.*s`", complaint,
                              STR_ARG(shown(text, rules->arena)));
    }
    return false;
}

bool scalar_read(const struct scalar_rules *rules, const struct setting *row, struct str text,
                 struct value *out, struct str *wrong)
{
    struct value value = {0};
    bool is_fine = false;

    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_PATH: is_fine = read_text(rules, row, text, &value, wrong); break;
    case SETTING_BOOL: is_fine = read_bool(rules, text, &value, wrong); break;
    case SETTING_WORD:
    case SETTING_APPROVAL: is_fine = read_word(rules, row, text, &value, wrong); break;
    default: is_fine = read_number(rules, row, text, &value, wrong); break;
    }
    if (is_fine)
        *out = value;
    return is_fine;
}

struct str scalar_text(const struct scalar_rules *rules, const struct setting *row,
                       const struct value *value)
{
    switch (row->type) {
    case SETTING_BOOL: return value->number ? STR("true") : STR("false");
    case SETTING_INT: return arena_printf(rules->arena, "%lld", (long long)value->number);
    case SETTING_SPAN:
        return value->number == POLICY_OFF ? STR("off") : duration_str(value->number, rules->arena);
    case SETTING_WORD:
    case SETTING_APPROVAL: return word_at(row->words, value->number);
    case SETTING_MONEY:
        return decimal_text(value->number, rules->minor_digits, false, rules->arena);
    case SETTING_RATE: return decimal_text(value->number, 6, true, rules->arena);
    default: return value->text;
    }
}
