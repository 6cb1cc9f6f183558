#include "settings/settings.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "settings/settings_bind.h"
#include "settings/settings_check.h"
#include "settings/settings_digest.h"
#include "settings/settings_problem.h"
#include "settings/settings_tree.h"

/* What a path begins with, up to its last slash; empty for a bare name. Lent by `path`. */
static struct str folder_of(struct str path)
{
    size_t len = path.len;

    while (len > 0 && path.ptr[len - 1] != '/')
        len--;
    return str_sub(path, 0, len);
}

/* The first problem, and how many more. */
static bool sum_up(struct str path, const struct settings_problems *problems, struct err *err)
{
    const struct settings_problem *first = &problems->items[0];
    const char *colon = first->path.len > 0 ? ": " : "";

    if (problems->n == 1) {
        return err_set(err, ERR_SETTINGS, "%.*s:%u: %.*s%s%.*s", STR_ARG(path), first->line,
                       STR_ARG(first->path), colon, STR_ARG(first->text));
    }
    return err_set(err, ERR_SETTINGS, "%.*s:%u: %.*s%s%.*s (and %zu more)", STR_ARG(path),
                   first->line, STR_ARG(first->path), colon, STR_ARG(first->text), problems->n - 1);
}

/* Binds and checks; the result counts only while there are no problems. */
static void build(struct binder *binder, struct settings_node *top, struct bound *bound)
{
    struct settings *settings = &bound->settings;
    struct checker checker = {binder->rules.arena, binder->problems, top, bound};

    settings->effective = bind_settings(binder, top, bound);
    check_catalogue(&checker);
    check_entitlements(&checker);
    check_site(&checker);
    settings->not_used = binder->unused.items;
    settings->n_not_used = binder->unused.n;
}

/* `shown_path` is what the user called the file, `path` where it is. */
static bool parse(struct str shown_path, struct str path, struct str text, struct arena *arena,
                  struct settings *out, struct settings_problems *problems, struct err *err)
{
    struct problems found = {.arena = arena};
    struct bound *bound = arena_new(arena, struct bound);
    struct binder binder = {
        .problems = &found, .rules = {.arena = arena}, .folder = folder_of(path)};
    struct settings_node *top = tree_read(text, &found);

    if (top)
        build(&binder, top, bound);
    *problems = problems_sorted(&found);
    if (problems->n > 0)
        return sum_up(shown_path, problems, err);
    bound->settings.path = path;
    bound->settings.policy.digest =
        settings_digest(bound->settings.effective, &bound->settings.policy.catalogue, arena);
    *out = bound->settings;
    return true;
}

bool settings_parse(struct str path, struct str text, struct arena *arena, struct settings *out,
                    struct settings_problems *problems, struct err *err)
{
    path = arena_str(arena, path);
    return parse(path, path, text, arena, out, problems, err);
}

/* Where a relative path is now, so that it stays true when the program changes its folder. */
static struct str absolute(struct str path, struct arena *arena)
{
    char here[4096];

    if (str_starts(path, STR("/")) || !getcwd(here, sizeof(here)))
        return arena_str(arena, path);
    return arena_printf(arena, "%s/%.*s", here, STR_ARG(path));
}

bool settings_load(struct str path, struct arena *arena, struct settings *out,
                   struct settings_problems *problems, struct err *err)
{
    struct str text;
    struct err why = {0};

    if (file_read(path, TREE_MAX_BYTES, FILE_UNSHARED, arena, &text, &why))
        return parse(path, absolute(path, arena), text, arena, out, problems, err);

    struct settings_problem *problem = arena_new(arena, struct settings_problem);
    *problem = (struct settings_problem){
        .line = 1, .column = 1, .text = arena_str(arena, str_of(why.msg))};
    *problems = (struct settings_problems){problem, 1};
    return err_set(err, ERR_SETTINGS, "%s", why.msg);
}

int64_t settings_scim_token_expires_ms(const struct settings *settings)
{
    int64_t from, until;

    if (settings->aws.scim_token_expires.len == 0 ||
        !date_parse(settings->aws.scim_token_expires, &from, &until, NULL))
        return 0;
    return until;
}
