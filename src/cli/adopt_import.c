#include <stdarg.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json_out.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cli/adopt.h"

/* The list of adopted seats, taken back: every row checked, all or none. */

#define FILE_MOST     ((size_t)64 << 20)
#define PROBLEMS_MOST 20 /* more of them are counted only */

struct wish {
    unsigned line;
    const struct entitlement *ent;
    const struct book_group *group;
    struct str person, plan;
    struct str owner, owner_login; /* who answers; empty: nobody known */
    bool by_manager;
    int64_t until_ms; /* 0: by --until or the default */
    bool has_grant;   /* already: only the place in the group is taken over */
};

struct import {
    struct cli *cli;
    const struct adopt_options *options;
    struct book book;
    size_t at[ADOPT_COLUMNS]; /* field of each column, or SIZE_MAX */
    VEC_OF(struct wish) wishes;
    struct map seen; /* entitlement and person */
    size_t n_rows, n_problems, n_left_out, n_ownerless;
};

/* ---- saying what is wrong ---- */

static void complain(struct import *im, unsigned line, const char *fmt, ...) ATTR_PRINTF(3, 4);
static void complain(struct import *im, unsigned line, const char *fmt, ...)
{
    va_list args;

    if (im->n_problems++ >= PROBLEMS_MOST)
        return;
    va_start(args, fmt);
    struct str text = arena_vprintf(&im->cli->arena, fmt, args);
    va_end(args);
    text = utf8_printable(text, &im->cli->arena);
    cli_say(im->cli, "%s:%u: %.*s", im->options->file, line, STR_ARG(text));
}

/* ---- the header ---- */

static bool read_header(struct import *im, const struct str *fields, size_t n, struct err *err)
{
    static const enum adopt_column needed[] = {ADOPT_OKTA_ID, ADOPT_ENTITLEMENT, ADOPT_PLAN};

    for (size_t c = 0; c < ADOPT_COLUMNS; c++)
        im->at[c] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t c = 0;
        while (c < ADOPT_COLUMNS && !str_is(str_trim(fields[i]), adopt_columns[c]))
            c++;
        if (c == ADOPT_COLUMNS) {
            return err_set(err, ERR_USAGE, "%s: there is no column `%.*s`", im->options->file,
                           STR_ARG(str_sub(fields[i], 0, 60)));
        }
        if (im->at[c] != SIZE_MAX) {
            return err_set(err, ERR_USAGE, "%s: the column `%s` is there twice", im->options->file,
                           adopt_columns[c]);
        }
        im->at[c] = i;
    }
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (im->at[needed[i]] == SIZE_MAX) {
            return err_set(err, ERR_USAGE, "%s: the column `%s` is missing", im->options->file,
                           adopt_columns[needed[i]]);
        }
    }
    return true;
}

/* What a spreadsheet might take for a formula was written with an apostrophe before it. */
static struct str cell(const struct import *im, const struct str *fields, enum adopt_column column)
{
    struct str text;

    if (im->at[column] == SIZE_MAX)
        return (struct str){0};
    text = str_trim(fields[im->at[column]]);
    if (text.len > 1 && text.ptr[0] == '\'' && str_has(STR("=+-@"), text.ptr[1]))
        text = str_sub(text, 1, text.len);
    return text;
}

/* ---- one row ---- */

static bool check_place(struct import *im, const struct str *fields, struct wish *wish)
{
    const struct policy *policy = &im->cli->settings.policy;
    struct str name = cell(im, fields, ADOPT_ENTITLEMENT);

    wish->ent = policy_entitlement(policy, name);
    wish->plan = cell(im, fields, ADOPT_PLAN);
    if (!wish->ent) {
        complain(im, wish->line, "there is no entitlement `%.*s`", STR_ARG(name));
        return false;
    }
    if (!entitlement_plan(wish->ent, wish->plan)) {
        complain(im, wish->line, "%.*s has no plan `%.*s`", STR_ARG(name), STR_ARG(wish->plan));
        return false;
    }
    for (size_t i = 0; i < im->book.n_groups && !wish->group; i++) {
        const struct book_group *group = &im->book.groups[i];
        if (group->ent == wish->ent && str_eq(group->pin.plan, wish->plan))
            wish->group = group;
    }
    if (!wish->group)
        complain(im, wish->line, "no run has listed the group of %.*s yet", STR_ARG(wish->plan));
    return wish->group != NULL;
}

static bool check_person(struct import *im, const struct str *fields, struct wish *wish)
{
    struct str login = cell(im, fields, ADOPT_LOGIN);
    struct str known;

    wish->person = cell(im, fields, ADOPT_OKTA_ID);
    known = book_login(&im->book, wish->person);
    if (wish->person.len == 0 || !book_person(&im->book, wish->person)) {
        complain(im, wish->line, "the ledger knows nobody with the okta_id `%.*s`",
                 STR_ARG(wish->person));
        return false;
    }
    if (login.len > 0 && !str_ieq(login, known)) {
        complain(im, wish->line, "the okta_id is that of %.*s, the login says %.*s", STR_ARG(known),
                 STR_ARG(login));
        return false;
    }
    struct str key =
        arena_printf(&im->cli->arena, "%.*s %.*s", STR_ARG(wish->ent->name), STR_ARG(wish->person));
    const struct wish *twin = map_put(&im->seen, &im->cli->arena, key, im);
    if (twin) {
        complain(im, wish->line, "%.*s is there twice for %.*s", STR_ARG(known),
                 STR_ARG(wish->ent->name));
    }
    return !twin;
}

static bool check_member(struct import *im, const struct wish *wish)
{
    const struct accepted *accepted = baseline_find(&wish->group->baseline, wish->person);
    struct str login = book_login(&im->book, wish->person);

    if (!accepted || accepted->taken_out) {
        complain(im, wish->line, "%.*s is not in %.*s (any more)", STR_ARG(login),
                 STR_ARG(wish->group->pin.group_name));
        return false;
    }
    if (baseline_owns(&wish->group->baseline, wish->person)) {
        complain(im, wish->line, "%.*s is managed already", STR_ARG(login));
        return false;
    }
    return true;
}

static bool check_until(struct import *im, const struct str *fields, struct wish *wish)
{
    struct str text = cell(im, fields, ADOPT_UNTIL);
    struct err why = {0};
    int64_t start;

    if (text.len == 0)
        return true;
    if (!date_parse(text, &start, &wish->until_ms, &why)) {
        complain(im, wish->line, "until: %s", why.msg);
        return false;
    }
    return true;
}

/* Who answers for the seat, as one person the ledger knows. */
static bool find_owner(struct import *im, struct str who, struct str *owner, struct err *err)
{
    const struct person_row *rows;
    size_t n;

    if (!ledger_find_people(im->cli->ledger, who, &im->cli->arena, &rows, &n, err))
        return false;
    *owner = n == 1 ? rows[0].person.id : (struct str){0};
    return true;
}

static bool check_owner(struct import *im, const struct str *fields, struct wish *wish, bool *good,
                        struct err *err)
{
    struct str who = cell(im, fields, ADOPT_OWNER);

    if (who.len == 0)
        who = im->options->owner ? str_of(im->options->owner) : STR("manager");
    wish->by_manager = str_is(who, "manager");
    if (!wish->by_manager && !find_owner(im, who, &wish->owner, err))
        return false;
    wish->owner_login = book_login(&im->book, wish->owner);
    *good = wish->by_manager || wish->owner.len > 0;
    if (!*good)
        complain(im, wish->line, "owner: the ledger knows nobody called `%.*s`", STR_ARG(who));
    return true;
}

static bool take_row(struct import *im, unsigned line, const struct str *fields, struct err *err)
{
    struct wish wish = {.line = line};
    bool good = true;

    im->n_rows++;
    if (!check_place(im, fields, &wish) || !check_person(im, fields, &wish) ||
        !check_member(im, &wish) || !check_until(im, fields, &wish))
        return true;
    struct str obstacle = adopt_obstacle(&im->book, wish.ent, wish.plan, wish.person);
    if (obstacle.len > 0) {
        im->n_left_out++;
        cli_say(im->cli, "%s:%u: %.*s is left out: %.*s", im->options->file, line,
                STR_ARG(utf8_printable(book_login(&im->book, wish.person), &im->cli->arena)),
                STR_ARG(utf8_printable(obstacle, &im->cli->arena)));
        return true;
    }
    if (!check_owner(im, fields, &wish, &good, err))
        return false;
    wish.has_grant = adopt_grant(&im->book, wish.ent, wish.person) != NULL;
    if (good)
        VEC_PUSH(&im->cli->arena, &im->wishes, wish);
    return true;
}

static bool read_rows(struct import *im, struct str text, struct err *err)
{
    struct csv_reader csv = csv_reader(text);
    const struct str *fields;
    bool more, is_header = true;
    size_t n;

    for (;;) {
        if (!csv_next(&csv, &im->cli->arena, &fields, &n, &more, err))
            return err_wrap(err, "%s", im->options->file);
        if (!more)
            return !is_header || err_set(err, ERR_USAGE, "%s is empty", im->options->file);
        if (is_header ? !read_header(im, fields, n, err) : !take_row(im, csv.line, fields, err))
            return false;
        is_header = false;
    }
}

static bool ask_managers(struct import *im, struct err *err)
{
    struct adopt_managed *asked = arena_array(&im->cli->arena, struct adopt_managed, im->wishes.n);
    size_t n = 0;

    for (size_t i = 0; i < im->wishes.n; i++) {
        if (im->wishes.items[i].by_manager)
            asked[n++].person = im->wishes.items[i].person;
    }
    if (!adopt_find_managers(&im->book, asked, n, im->options->dry, err))
        return false;
    n = 0;
    for (size_t i = 0; i < im->wishes.n; i++) {
        struct wish *wish = &im->wishes.items[i];
        if (wish->by_manager) {
            wish->owner = asked[n].manager;
            wish->owner_login = asked[n++].login;
        }
        im->n_ownerless += wish->owner.len == 0;
    }
    return true;
}

/* ---- ends ---- */

/* Those without an end of their own share the days of --until. */
static bool spread(struct import *im, struct err *err)
{
    struct arena *arena = &im->cli->arena;
    struct adopt_end *ends = arena_array(arena, struct adopt_end, im->wishes.n);
    size_t n = 0;

    if (!im->options->until)
        return true;
    for (size_t i = 0; i < im->wishes.n; i++) {
        const struct wish *wish = &im->wishes.items[i];
        if (wish->until_ms == 0 && !wish->has_grant)
            ends[n++] = (struct adopt_end){.person = wish->person, .index = i};
    }
    if (!adopt_spread(im->options->until, ends, n, arena, err))
        return false;
    for (size_t i = 0; i < n; i++)
        im->wishes.items[ends[i].index].until_ms = ends[i].until_ms;
    return true;
}

static void check_ends(struct import *im)
{
    for (size_t i = 0; i < im->wishes.n; i++) {
        struct wish *wish = &im->wishes.items[i];
        int64_t now = im->book.now_ms, most = wish->ent->max_duration_ms;
        if (wish->has_grant)
            continue;
        if (wish->until_ms == 0)
            wish->until_ms = now + wish->ent->default_duration_ms;
        if (wish->until_ms <= now) {
            complain(im, wish->line, "until: that day has passed");
        } else if (most > 0 && wish->until_ms > now + most) {
            complain(im, wish->line, "until: %.*s is given for at most %.*s: %.*s or earlier",
                     STR_ARG(wish->ent->name), STR_ARG(duration_str(most, &im->cli->arena)),
                     STR_ARG(date_str(now + most - TIME_DAY, &im->cli->arena)));
        }
    }
}

/* ---- carrying it out ---- */

static struct str profile_json(const struct import *im, const struct person *person)
{
    const struct policy *policy = &im->cli->settings.policy;
    CLEANUP(buf_fini) struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    json_open(&out, NULL, '{');
    for (size_t i = 0; i < policy->n_person_fields; i++) {
        struct str value = person_profile(person, policy->person_fields[i]);
        if (value.len > 0)
            json_put_str(&out, arena_cstr(&im->cli->arena, policy->person_fields[i]), value);
    }
    json_end(&out, '}');
    return arena_str(&im->cli->arena, buf_str(&buf));
}

static struct adoption *adoptions_of(const struct import *im)
{
    struct adoption *rows = arena_array(&im->cli->arena, struct adoption, im->wishes.n);

    for (size_t i = 0; i < im->wishes.n; i++) {
        const struct wish *wish = &im->wishes.items[i];
        rows[i] = (struct adoption){
            .person = wish->person,
            .entitlement = wish->ent->name,
            .plan = wish->plan,
            .group = wish->group->pin.group_id,
            .from_ms = im->book.now_ms,
            .until_ms = wish->has_grant ? 0 : wish->until_ms,
            .owner = wish->owner,
            .profile_json = profile_json(im, &book_person(&im->book, wish->person)->person),
        };
    }
    return rows;
}

static void print(struct import *im)
{
    static const char *const heads[] = {"LOGIN", "ENTITLEMENT", "PLAN", "UNTIL", "OWNER"};
    struct arena *arena = &im->cli->arena;
    struct table table = {.n_columns = ARRAY_LEN(heads), .heads = heads};

    for (size_t i = 0; i < im->wishes.n; i++) {
        const struct wish *wish = &im->wishes.items[i];
        table_add(&table, arena, book_login(&im->book, wish->person));
        table_add(&table, arena, wish->ent->name);
        table_add(&table, arena, wish->plan);
        table_add(&table, arena,
                  wish->has_grant ? STR("as granted") : date_str(wish->until_ms - 1, arena));
        table_add(&table, arena, wish->owner_login.len > 0 ? wish->owner_login : STR("-"));
    }
    if (im->wishes.n > 0)
        table_print(&table, &im->cli->out);
    buf_printf(&im->cli->out, "%s %zu of %zu rows, %zu left out.\n",
               im->options->dry ? "Would adopt" : "Adopted", im->wishes.n, im->n_rows,
               im->n_left_out);
    if (im->n_ownerless > 0) {
        cli_say(im->cli,
                "%zu of them have nobody who answers for them: no manager is known; name one in "
                "the column `owner` or with --owner",
                im->n_ownerless);
    }
}

bool adopt_import(struct cli *cli, const struct adopt_options *options, struct err *err)
{
    struct import im = {.cli = cli, .options = options};
    struct str text;

    if (!file_read(str_of(options->file), FILE_MOST, FILE_ANY, &cli->arena, &text, err)) {
        err->kind = ERR_USAGE;
        return false;
    }
    if (!book_read(cli, &im.book, err) || !read_rows(&im, text, err) || !spread(&im, err))
        return false;
    check_ends(&im);
    if (im.n_problems > 0) {
        return err_set(err, ERR_USAGE, "%s: %zu of %zu rows are wrong; nobody was adopted",
                       options->file, im.n_problems, im.n_rows);
    }
    if (!ask_managers(&im, err))
        return false;
    if (!options->dry && im.wishes.n > 0 &&
        !ledger_adopt(cli->ledger, &cli->actor, adoptions_of(&im), im.wishes.n, err))
        return err_wrap(err, "nobody was adopted");
    print(&im);
    return true;
}
