#include "aws/aws_ini.h"

struct reader {
    enum aws_ini_form form;
    struct arena *arena;
    struct aws_ini ini;
    struct str profile; /* of the section; NULL pointer: none of ours */
    bool in_section;
    bool has_key;  /* in this section, so that a line may go on */
    size_t indent; /* of that key */
    unsigned line;
};

static bool refuse(const struct reader *r, const char *why, struct err *err)
{
    return err_set(err, ERR_SETTINGS, "line %u: %s", r->line, why);
}

static struct str unquoted(struct str name)
{
    if (name.len >= 2 && (name.ptr[0] == '"' || name.ptr[0] == '\'') &&
        name.ptr[name.len - 1] == name.ptr[0])
        return str_sub(name, 1, name.len - 1);
    return name;
}

/* The profile a section is about; a NULL pointer when it is about something else. */
static struct str profile_of(const struct reader *r, struct str section)
{
    struct str rest = section;
    size_t word = 0;

    if (r->form == AWS_INI_CREDENTIALS || str_is(section, "default"))
        return unquoted(section);
    while (word < rest.len && rest.ptr[word] != ' ' && rest.ptr[word] != '\t')
        word++;
    bool is_profile = word < rest.len && str_is(str_sub(rest, 0, word), "profile");
    if (is_profile)
        return unquoted(str_trim(str_sub(rest, word, rest.len)));
    return r->form == AWS_INI_EITHER ? unquoted(section) : (struct str){0};
}

static bool read_section(struct reader *r, struct str line, struct err *err)
{
    size_t end = 1;

    while (end < line.len && line.ptr[end] != ']')
        end++;
    struct str behind = str_trim(str_sub(line, end + 1, line.len));
    struct str section = str_trim(str_sub(line, 1, end));
    if (end == line.len || section.len == 0 ||
        (behind.len > 0 && behind.ptr[0] != '#' && behind.ptr[0] != ';'))
        return refuse(r, "a section is [name] and nothing else", err);
    r->in_section = true;
    r->has_key = false;
    r->profile = profile_of(r, section);
    if (r->profile.len > 0) {
        VEC_PUSH(r->arena, &r->ini.entries,
                 ((struct aws_ini_entry){.profile = r->profile, .line = r->line}));
    }
    return true;
}

static struct str lower(struct str text, struct arena *arena)
{
    char *out = arena_alloc(arena, text.len + 1, 1);

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        out[i] = c;
    }
    return (struct str){out, text.len};
}

static bool read_key(struct reader *r, struct str line, struct err *err)
{
    struct str value = line;
    struct str key = str_trim(str_cut(&value, '='));

    if (!value.ptr || key.len == 0)
        return refuse(r, "neither [section], comment nor key = value", err);
    if (!r->in_section)
        return refuse(r, "a key before the first [section]", err);
    r->has_key = true;
    if (r->profile.len == 0)
        return true;

    struct aws_ini_entry entry = {.profile = r->profile,
                                  .key = lower(key, r->arena),
                                  .value = str_trim(value),
                                  .line = r->line};
    const char *name = arena_cstr(r->arena, entry.key);
    if (aws_ini_find(&r->ini, r->profile, name))
        return refuse(r, "this key is there twice in its profile", err);
    VEC_PUSH(r->arena, &r->ini.entries, entry);
    return true;
}

static size_t indent_of(struct str line)
{
    size_t n = 0;

    while (n < line.len && (line.ptr[n] == ' ' || line.ptr[n] == '\t'))
        n++;
    return n;
}

static bool read_line(struct reader *r, struct str line, struct err *err)
{
    struct str text = str_trim(line);
    size_t indent = indent_of(line);

    if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';')
        return true;
    if (r->has_key && indent > r->indent) {
        if (r->profile.len > 0)
            r->ini.entries.items[r->ini.entries.n - 1].goes_on = true;
        return true;
    }
    r->indent = indent;
    return text.ptr[0] == '[' ? read_section(r, text, err) : read_key(r, text, err);
}

bool aws_ini_read(struct str text, enum aws_ini_form form, struct arena *arena, struct aws_ini *out,
                  struct err *err)
{
    struct reader r = {.form = form, .arena = arena};
    struct str rest = text;

    if (str_starts(rest, STR("\xEF\xBB\xBF")))
        rest = str_sub(rest, 3, rest.len);
    if (str_has(rest, '\0'))
        return err_set(err, ERR_SETTINGS, "it holds a NUL byte, expected text");
    while (rest.len > 0) {
        r.line++;
        if (!read_line(&r, str_cut(&rest, '\n'), err))
            return false;
    }
    *out = r.ini;
    return true;
}

bool aws_ini_has(const struct aws_ini *ini, struct str profile)
{
    for (size_t i = 0; i < ini->entries.n; i++) {
        if (str_eq(ini->entries.items[i].profile, profile))
            return true;
    }
    return false;
}

const struct aws_ini_entry *aws_ini_find(const struct aws_ini *ini, struct str profile,
                                         const char *key)
{
    for (size_t i = 0; i < ini->entries.n; i++) {
        const struct aws_ini_entry *entry = &ini->entries.items[i];
        if (entry->key.len > 0 && str_eq(entry->profile, profile) && str_is(entry->key, key))
            return entry;
    }
    return NULL;
}
