#include "base/json.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/json_page.h"
#include "base/json_scan.h"

/*
 * json_scan has read the text before cJSON does, so that cJSON only builds the tree: what it would
 * take wrongly (bad UTF-8, \u0000, leading zeros, text after the value) never reaches it.
 */

/* Inside it the whole document lives; NULL while none is open. */
static _Thread_local struct json_page *open_page;
static pthread_once_t hooks_once = PTHREAD_ONCE_INIT;

static void *hook_malloc(size_t size)
{
    return open_page ? json_page_alloc(open_page, size) : malloc(size);
}

static void hook_free(void *memory)
{
    if (!open_page)
        free(memory);
}

static void install_hooks(void)
{
    cJSON_Hooks hooks = {.malloc_fn = hook_malloc, .free_fn = hook_free};

    cJSON_InitHooks(&hooks);
}

void json_init(void)
{
    pthread_once(&hooks_once, install_hooks);
}

static const cJSON *inside(const struct json *value)
{
    return (const cJSON *)(const void *)value;
}

static const struct json *outside(const cJSON *value)
{
    return (const struct json *)(const void *)value;
}

/* Up to this many members every pair is compared, beyond it keys meet in a table. */
#define FEW_MEMBERS 8

/* Spreads keys well enough for honest documents; hostile ones cost no more than the table's walk,
 * and a page's size is bounded. */
static size_t key_hash(const char *key)
{
    size_t hash = 14695981039346656037u;

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return hash ^ hash >> 29;
}

static int cmp_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* For objects so large that somebody may have chosen their keys to collide. */
static const char *double_among_very_many(const cJSON *object, size_t n)
{
    const char **keys = json_page_alloc(open_page, n * sizeof(*keys));
    size_t i = 0;

    for (const cJSON *member = object->child; member; member = member->next)
        keys[i++] = member->string;
    qsort(keys, n, sizeof(*keys), cmp_keys);
    for (i = 1; i < n; i++) {
        if (strcmp(keys[i - 1], keys[i]) == 0)
            return keys[i];
    }
    return NULL;
}

#define TABLE_SLOTS  256
#define MANY_MEMBERS 128

static const char *double_among_many(const cJSON *object, size_t n)
{
    const char *table[TABLE_SLOTS] = {0};

    if (n > MANY_MEMBERS)
        return double_among_very_many(object, n);
    for (const cJSON *member = object->child; member; member = member->next) {
        size_t slot = key_hash(member->string) % TABLE_SLOTS;
        for (; table[slot]; slot = (slot + 1) % TABLE_SLOTS) {
            if (strcmp(table[slot], member->string) == 0)
                return member->string;
        }
        table[slot] = member->string;
    }
    return NULL;
}

static const char *double_among_few(const cJSON *object)
{
    for (const cJSON *member = object->child; member; member = member->next) {
        for (const cJSON *other = object->child; other != member; other = other->next) {
            if (other->string[0] == member->string[0] && strcmp(other->string, member->string) == 0)
                return member->string;
        }
    }
    return NULL;
}

/* A key that stands twice in one object of the tree, or NULL. The scan bounded the depth. */
static const char *find_double(const cJSON *value)
{
    size_t n = 0;

    for (const cJSON *child = value->child; child; child = child->next) {
        const char *key = child->child ? find_double(child) : NULL;
        if (key)
            return key;
        n++;
    }
    if (!cJSON_IsObject(value) || n < 2)
        return NULL;
    return n > FEW_MEMBERS ? double_among_many(value, n) : double_among_few(value);
}

/* Names of members come from outside: only harmless short ones are repeated in messages. */
static bool is_harmless(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-.:");

    return n > 0 && n <= 64 && name[n] == '\0';
}

/* `copy` lies in the page, with room for the NUL that cJSON wants after it. */
static bool build_tree(char *copy, size_t len, const char *what, const struct json **root,
                       struct err *err)
{
    copy[len] = '\0';
    const cJSON *tree = cJSON_ParseWithLengthOpts(copy, len + 1, NULL, 1);
    if (!tree)
        return err_set(err, ERR_REMOTE, "%s: not readable as JSON", what);
    const char *key = find_double(tree);
    if (key) {
        return err_set(err, ERR_REMOTE, "%s: the key %s stands twice in one object", what,
                       is_harmless(key) ? key : "(odd name)");
    }
    *root = outside(tree);
    return true;
}

static bool parse(struct str text, const char *what, const struct json_keys *keys,
                  const struct json **root, struct err *err)
{
    struct json_fault fault;
    size_t len = text.len;

    assert(!open_page);
    json_init();
    open_page = json_page_here();
    char *copy = json_page_alloc(open_page, text.len + 1);
    bool ok = keys ? json_scan_keys(text, keys, copy, &len, &fault) : json_scan(text, &fault);
    if (!ok) {
        (void)err_set(err, ERR_REMOTE, "%s: not valid JSON: %s (byte %zu)", what, fault.why,
                      fault.at);
    } else if (!keys && len > 0) {
        memcpy(copy, text.ptr, len);
    }
    if (ok && build_tree(copy, len, what, root, err))
        return true;
    json_free();
    return false;
}

bool json_parse(struct str text, const char *what, const struct json **root, struct err *err)
{
    return parse(text, what, NULL, root, err);
}

bool json_parse_keys(struct str text, const char *what, const char *const *keys, size_t n,
                     const struct json **root, struct err *err)
{
    return parse(text, what, &(struct json_keys){keys, n}, root, err);
}

void json_free(void)
{
    if (!open_page)
        return;
    json_page_reset(open_page);
    open_page = NULL;
}

void json_close(const struct json **root)
{
    if (!*root)
        return; /* the open document, if any, is somebody else's */
    *root = NULL;
    json_free();
}

bool json_is_obj(const struct json *value)
{
    return cJSON_IsObject(inside(value));
}

bool json_is_arr(const struct json *value)
{
    return cJSON_IsArray(inside(value));
}

bool json_is_str(const struct json *value)
{
    return cJSON_IsString(inside(value));
}

/* `obj.key: trouble`, as far as the names are known. */
static void set_member_error(const struct json *obj, const char *key, const char *trouble,
                             struct err *err)
{
    const char *name = obj ? inside(obj)->string : NULL;

    if (name && is_harmless(name)) {
        (void)err_set(err, ERR_REMOTE, "%s.%s: %s", name, key, trouble);
    } else {
        (void)err_set(err, ERR_REMOTE, "%s: %s", key, trouble);
    }
}

/* A constant false, like err_set: the compiler then knows which results stay unset. */
#define member_error(...) (set_member_error(__VA_ARGS__), false)

/* The member, NULL when it is absent or null. */
static bool find_member(const struct json *obj, const char *key, const cJSON **out, struct err *err)
{
    if (!json_is_obj(obj))
        return member_error(obj, key, "expected inside an object", err);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(inside(obj), key);
    *out = cJSON_IsNull(member) ? NULL : member;
    return true;
}

static bool find_required(const struct json *obj, const char *key, const cJSON **out,
                          struct err *err)
{
    const cJSON *member;

    if (!find_member(obj, key, &member, err))
        return false;
    if (!member)
        return member_error(obj, key, "missing", err);
    *out = member;
    return true;
}

static bool read_str(const struct json *obj, const char *key, const cJSON *member, struct str *out,
                     struct err *err)
{
    if (!cJSON_IsString(member))
        return member_error(obj, key, "expected a string", err);
    *out = str_of(member->valuestring);
    return true;
}

bool json_str(const struct json *obj, const char *key, struct str *out, struct err *err)
{
    const cJSON *member;

    return find_required(obj, key, &member, err) && read_str(obj, key, member, out, err);
}

bool json_str_opt(const struct json *obj, const char *key, struct str *out, struct err *err)
{
    const cJSON *member;

    if (!find_member(obj, key, &member, err))
        return false;
    if (member)
        return read_str(obj, key, member, out, err);
    *out = (struct str){0};
    return true;
}

/* cJSON keeps numbers as doubles: from 2^53 on, two integers may look the same. */
#define FIRST_DOUBTFUL 9007199254740992.0

static bool read_i64(const struct json *obj, const char *key, const cJSON *member, int64_t *out,
                     struct err *err)
{
    if (!cJSON_IsNumber(member))
        return member_error(obj, key, "expected a whole number", err);
    double value = member->valuedouble;
    if (!(value > -FIRST_DOUBTFUL && value < FIRST_DOUBTFUL))
        return member_error(obj, key, "too large for an exact number", err);
    int64_t whole = (int64_t)value;
    if ((double)whole != value)
        return member_error(obj, key, "expected a whole number", err);
    *out = whole;
    return true;
}

bool json_i64(const struct json *obj, const char *key, int64_t *out, struct err *err)
{
    const cJSON *member;

    return find_required(obj, key, &member, err) && read_i64(obj, key, member, out, err);
}

bool json_i64_opt(const struct json *obj, const char *key, int64_t *out, struct err *err)
{
    const cJSON *member;

    if (!find_member(obj, key, &member, err))
        return false;
    if (member)
        return read_i64(obj, key, member, out, err);
    *out = 0;
    return true;
}

#define SECONDS_MAX 253402300799.0 /* the last one of the year 9999 */

bool json_seconds_opt(const struct json *obj, const char *key, int64_t *out_ms, struct err *err)
{
    const cJSON *member;

    if (!find_member(obj, key, &member, err))
        return false;
    if (!member) {
        *out_ms = 0;
        return true;
    }
    if (!cJSON_IsNumber(member))
        return member_error(obj, key, "expected a number", err);
    if (!(member->valuedouble >= 0 && member->valuedouble <= SECONDS_MAX))
        return member_error(obj, key, "not a time in seconds", err);
    *out_ms = (int64_t)(member->valuedouble * 1000 + 0.5);
    return true;
}

bool json_bool_opt(const struct json *obj, const char *key, bool fallback, bool *out,
                   struct err *err)
{
    const cJSON *member;

    if (!find_member(obj, key, &member, err))
        return false;
    if (member && !cJSON_IsBool(member))
        return member_error(obj, key, "expected true or false", err);
    *out = member ? cJSON_IsTrue(member) : fallback;
    return true;
}

bool json_obj(const struct json *obj, const char *key, const struct json **out, struct err *err)
{
    const cJSON *member;

    if (!find_required(obj, key, &member, err))
        return false;
    if (!cJSON_IsObject(member))
        return member_error(obj, key, "expected an object", err);
    *out = outside(member);
    return true;
}

bool json_obj_opt(const struct json *obj, const char *key, const struct json **out, struct err *err)
{
    const cJSON *member;

    if (!find_member(obj, key, &member, err))
        return false;
    if (member && !cJSON_IsObject(member))
        return member_error(obj, key, "expected an object", err);
    *out = outside(member);
    return true;
}

bool json_arr(const struct json *obj, const char *key, const struct json **out, struct err *err)
{
    const cJSON *member;

    if (!find_required(obj, key, &member, err))
        return false;
    if (!cJSON_IsArray(member))
        return member_error(obj, key, "expected an array", err);
    *out = outside(member);
    return true;
}

bool json_arr_opt(const struct json *obj, const char *key, const struct json **out, struct err *err)
{
    const cJSON *member;

    if (!find_member(obj, key, &member, err))
        return false;
    if (member && !cJSON_IsArray(member))
        return member_error(obj, key, "expected an array", err);
    *out = outside(member);
    return true;
}

const struct json *json_get(const struct json *obj, const char *key)
{
    if (!json_is_obj(obj))
        return NULL;
    return outside(cJSON_GetObjectItemCaseSensitive(inside(obj), key));
}

bool json_as_str(const struct json *value, struct str *out, struct err *err)
{
    if (!json_is_str(value)) {
        const char *name = value ? inside(value)->string : NULL;
        return err_set(err, ERR_REMOTE, "%s: expected a string",
                       name && is_harmless(name) ? name : "an element");
    }
    *out = str_of(inside(value)->valuestring);
    return true;
}

const struct json *json_first(const struct json *value)
{
    return value ? outside(inside(value)->child) : NULL;
}

const struct json *json_next(const struct json *element)
{
    return element ? outside(inside(element)->next) : NULL;
}

struct str json_key(const struct json *member)
{
    return str_of(member ? inside(member)->string : NULL);
}

size_t json_count(const struct json *value)
{
    size_t n = 0;

    for (const struct json *e = json_first(value); e; e = json_next(e))
        n++;
    return n;
}
