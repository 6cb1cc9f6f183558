/* The Kiro application of Identity Center (contract 4): read only, and never guessed between two.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "subs/subs_page.h"
#include "subs/subs_wire.h"

#define NAMED_AT_MOST 5
#define SHOWN_MAX     80

/* ---- the configured one ---- */

static bool describe(struct subs *subs, struct arena *arena, struct subs_application *out,
                     struct err *err)
{
    struct str arn = subs->options.application_arn;
    struct str body = subs_wire_by_arn(arn, &subs->page);
    struct aws_answer answer;
    struct subs_app app = {0};
    struct err odd = {0};

    if (!subs_ask(subs, SUBS_DESCRIBE_APPLICATION, &body, 1, &answer, err))
        return false;
    if (aws_is_absent(&answer)) {
        out->state = LISTING_ABSENT;
        out->why =
            arena_printf(arena, "the configured application %.*s is not there", STR_ARG(arn));
        return true;
    }
    if (answer.outcome != AWS_OK) {
        out->why = subs_complaint(SUBS_DESCRIBE_APPLICATION, &answer, arena);
        return true;
    }
    if (subs_wire_application(answer.body, &subs->page, &app, &odd) && !str_eq(app.arn, arn))
        (void)err_set(&odd, ERR_REMOTE, "ApplicationArn: the answer is about another one");
    if (odd.kind != ERR_NONE) {
        out->why = subs_oddity(SUBS_DESCRIBE_APPLICATION, &answer, &odd, arena);
        return true;
    }
    out->state = LISTING_SEALED;
    out->arn = arena_str(arena, app.arn);
    out->name = arena_str(arena, app.name);
    return true;
}

/* ---- found by its name ---- */

struct search {
    struct arena *arena;          /* subs->call */
    VEC_OF(struct subs_app) apps; /* those of that name, each once */
};

static bool is_kiro(struct str name)
{
    return str_starts(name, STR("KiroProfile-")) || str_starts(name, STR("QDevProfile-"));
}

static bool is_seen(const struct search *search, struct str arn)
{
    for (size_t i = 0; i < search->apps.n; i++) {
        if (str_eq(search->apps.items[i].arn, arn))
            return true;
    }
    return false;
}

static bool take_apps(struct subs_walk *walk, struct str body, struct arena *scratch,
                      struct str *token, struct err *err)
{
    struct search *search = walk->self;
    struct subs_app_page page;

    if (!subs_wire_applications(body, scratch, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++) {
        const struct subs_app *app = &page.apps[i];
        if (!is_kiro(app->name) || is_seen(search, app->arn))
            continue;
        if (search->apps.n == SUBS_ROUND) {
            return err_set(err, ERR_REMOTE, "more than %d applications have the name of a profile",
                           SUBS_ROUND);
        }
        VEC_PUSH(search->arena, &search->apps,
                 ((struct subs_app){.arn = arena_str(search->arena, app->arn),
                                    .name = arena_str(search->arena, app->name)}));
    }
    *token = page.token;
    return true;
}

static void forget_apps(struct subs_walk *walk)
{
    struct search *search = walk->self;

    search->apps.n = 0;
}

/* Leaves those that ask for an assignment: what is for signing in only does not. False in `told`
 * when that could not be read of every one. */
static bool keep_assigned(struct subs *subs, struct search *search, struct arena *arena, bool *told,
                          struct subs_application *out, struct err *err)
{
    struct str bodies[SUBS_ROUND] = {0};
    struct aws_answer answers[SUBS_ROUND];
    size_t n = search->apps.n;

    *told = false;
    for (size_t i = 0; i < n; i++)
        bodies[i] = subs_wire_by_arn(search->apps.items[i].arn, &subs->page);
    if (!subs_ask(subs, SUBS_GET_ASSIGNMENT, bodies, n, answers, err))
        return false;
    search->apps.n = 0;
    for (size_t i = 0; i < n; i++) {
        struct err odd = {0};
        bool required = false;
        if (answers[i].outcome != AWS_OK) {
            out->why = subs_complaint(SUBS_GET_ASSIGNMENT, &answers[i], arena);
            return true;
        }
        if (!subs_wire_requires_assignment(answers[i].body, &required, &odd)) {
            out->why = subs_oddity(SUBS_GET_ASSIGNMENT, &answers[i], &odd, arena);
            return true;
        }
        if (required)
            search->apps.items[search->apps.n++] = search->apps.items[i];
    }
    *told = true;
    return true;
}

/* `name (ARN), ...`; in arena. */
static struct str names_of(const struct search *search, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf text = {0};

    for (size_t i = 0; i < search->apps.n && i < NAMED_AT_MOST; i++) {
        const struct subs_app *app = &search->apps.items[i];
        struct str name = utf8_printable(str_sub(app->name, 0, SHOWN_MAX), search->arena);
        buf_printf(&text, "%s%.*s (%.*s)", i > 0 ? ", " : "", STR_ARG(name), STR_ARG(app->arn));
    }
    if (search->apps.n > NAMED_AT_MOST)
        buf_printf(&text, " and %zu more", search->apps.n - NAMED_AT_MOST);
    return arena_str(arena, buf_str(&text));
}

static void choose(const struct search *search, size_t n_named, struct arena *arena,
                   struct subs_application *out)
{
    if (search->apps.n == 1) {
        out->state = LISTING_SEALED;
        out->arn = arena_str(arena, search->apps.items[0].arn);
        out->name = arena_str(arena, search->apps.items[0].name);
    } else if (search->apps.n > 1) {
        struct str names = names_of(search, arena);
        out->why = arena_printf(arena,
                                "several applications may be the one, and none is configured: "
                                "%.*s",
                                STR_ARG(names));
    } else {
        out->state = LISTING_ABSENT;
        out->why = n_named > 0 ? STR("no application with the name of a profile asks for an "
                                     "assignment: those are for signing in")
                               : STR("no application is called KiroProfile-... or "
                                     "QDevProfile-...");
    }
}

static bool search_by_name(struct subs *subs, struct arena *arena, struct subs_application *out,
                           struct err *err)
{
    struct search search = {.arena = &subs->call};
    struct subs_walk walk = {
        .operation = SUBS_LIST_APPLICATIONS,
        .body = subs_wire_list_applications(subs->options.instance_arn, subs->options.account,
                                            subs->options.page_size, &subs->call),
        .page = take_apps,
        .forget = forget_apps,
        .self = &search,
    };
    size_t n_named;
    bool told;

    if (!subs_walk(subs, &walk, arena, err))
        return false;
    if (walk.state != SUBS_WALK_WHOLE) {
        out->why = walk.why;
        return true;
    }
    n_named = search.apps.n;
    if (!keep_assigned(subs, &search, arena, &told, out, err))
        return false;
    if (told)
        choose(&search, n_named, arena, out);
    return true;
}

bool subs_seek_application(struct subs *subs, struct arena *arena, struct subs_application *out,
                           struct err *err)
{
    struct subs_application found = {.state = LISTING_UNKNOWN};
    bool ok = subs->options.application_arn.len > 0 ? describe(subs, arena, &found, err)
                                                    : search_by_name(subs, arena, &found, err);

    if (!ok)
        return err_wrap(err, "finding the Kiro application");
    *out = found;
    return true;
}

bool subs_find_application(struct subs *subs, struct arena *arena, struct subs_application *out,
                           struct err *err)
{
    struct str why;

    subs_begin(subs);
    if (subs_may_ask(subs, &why))
        return subs_seek_application(subs, arena, out, err);
    *out = (struct subs_application){.why = why};
    return true;
}
