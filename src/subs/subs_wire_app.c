/* Applications of Identity Center: a published interface, so only what is needed is looked at. */

#include "base/attr.h"
#include "base/json.h"
#include "subs/subs_wire.h"

#define TEXT_MAX 4096
#define PAGE_MAX ((size_t)10000)

/* ARNs are compared, shown and sent, never taken apart: one line of printable ASCII. */
static bool is_application(struct str text)
{
    static const char mark[] = ":application/";

    if (!text.ptr || !str_starts(text, STR("arn:")) || text.len > TEXT_MAX ||
        !memmem(text.ptr, text.len, mark, sizeof(mark) - 1))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    }
    return true;
}

static bool read_text(const struct json *value, const char *key, struct arena *arena,
                      struct str *out, struct err *err)
{
    struct str text;

    if (!json_str_opt(value, key, &text, err))
        return false;
    if (text.len > TEXT_MAX)
        return err_set(err, ERR_REMOTE, "%s: longer than %d bytes", key, TEXT_MAX);
    *out = text.len > 0 ? arena_str(arena, text) : (struct str){0};
    return true;
}

static bool read_app(const struct json *value, struct arena *arena, struct subs_app *out,
                     struct err *err)
{
    struct subs_app app = {0};

    if (!read_text(value, "ApplicationArn", arena, &app.arn, err) ||
        !read_text(value, "Name", arena, &app.name, err) ||
        !read_text(value, "ApplicationAccount", arena, &app.account, err) ||
        !read_text(value, "Status", arena, &app.status, err))
        return false;
    if (!is_application(app.arn))
        return err_set(err, ERR_REMOTE, "ApplicationArn: missing, or not that of an application");
    *out = app;
    return true;
}

bool subs_wire_applications(struct str body, struct arena *arena, struct subs_app_page *out,
                            struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct subs_app_page page = {0};
    struct str token;

    if (!json_parse(body, "applications", &root, err) ||
        !json_arr(root, "Applications", &list, err) ||
        !json_str_opt(root, "NextToken", &token, err))
        return false;
    if (json_count(list) > PAGE_MAX)
        return err_set(err, ERR_REMOTE, "Applications: more than %zu entries on a page", PAGE_MAX);
    page.token = token.len > 0 ? arena_str(arena, token) : (struct str){0};
    page.apps = arena_array(arena, struct subs_app, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e), page.n++) {
        if (!read_app(e, arena, &page.apps[page.n], err))
            return err_wrap(err, "Applications: entry %zu", page.n + 1);
    }
    *out = page;
    return true;
}

bool subs_wire_application(struct str body, struct arena *arena, struct subs_app *out,
                           struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    return json_parse(body, "application", &root, err) && read_app(root, arena, out, err);
}

bool subs_wire_requires_assignment(struct str body, bool *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    bool if_absent_no = false;
    bool if_absent_yes = false;

    if (!json_parse(body, "assignment configuration", &root, err) ||
        !json_bool_opt(root, "AssignmentRequired", false, &if_absent_no, err) ||
        !json_bool_opt(root, "AssignmentRequired", true, &if_absent_yes, err))
        return false;
    if (if_absent_no != if_absent_yes)
        return err_set(err, ERR_REMOTE, "AssignmentRequired: missing");
    *out = if_absent_no;
    return true;
}
