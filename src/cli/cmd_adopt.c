#include "base/csv.h"
#include "base/file.h"
#include "cli/adopt.h"
#include "cli/commands.h"

/* Seats that were there before: the list of them, and what both halves of adopting agree on. */

#define REVOKED_LATELY_MS (90 * TIME_DAY)

const char *const adopt_columns[ADOPT_COLUMNS] = {
    [ADOPT_OKTA_ID] = "okta_id",     [ADOPT_LOGIN] = "login",   [ADOPT_FIRST_NAME] = "first_name",
    [ADOPT_LAST_NAME] = "last_name", [ADOPT_STATUS] = "status", [ADOPT_ENTITLEMENT] = "entitlement",
    [ADOPT_PLAN] = "plan",           [ADOPT_UNTIL] = "until",   [ADOPT_OWNER] = "owner",
    [ADOPT_NOTE] = "note",
};

/* ---- who is not adopted ---- */

static struct str not_active(const struct person_row *row, struct arena *arena)
{
    enum user_status status = row->person.status;

    if (row->blocked_at != 0)
        return STR("blocked here");
    if (row->gone_since != 0 || status == USER_GONE)
        return STR("no longer known to Okta");
    if (status == USER_SUSPENDED || status == USER_DEPROVISIONED)
        return arena_printf(arena, "inactive in Okta (%s)", user_status_name(status));
    return (struct str){0};
}

/* Only what the ledger knows argues: a listing brings no profile, and who is in a group of
 * eligibility is a run's knowledge. */
static struct str not_eligible(const struct book *book, const struct entitlement *ent,
                               const struct person *person)
{
    struct arena *arena = &book->cli->arena;
    struct profile_value *known = arena_array(arena, struct profile_value, ent->eligible.n_profile);
    struct entitlement part = *ent;
    const struct named_groups none = {0};

    part.eligible.n_profile = 0;
    part.eligible.n_okta_groups = 0;
    for (size_t i = 0; i < ent->eligible.n_profile; i++) {
        if (person_profile(person, ent->eligible.profile[i].name).len > 0)
            known[part.eligible.n_profile++] = ent->eligible.profile[i];
    }
    part.eligible.profile = known;
    if (person->login.len == 0)
        part.eligible.n_domains = 0;
    struct eligible answer = eligible_check(&part, person, &none, arena);
    if (answer.answer != ELIGIBLE_NO)
        return (struct str){0};
    return arena_printf(arena, "not eligible: %.*s", STR_ARG(answer.why));
}

static bool is_revocation(enum cause cause)
{
    return cause == CAUSE_REVOKED || cause == CAUSE_RETURNED || cause == CAUSE_BLOCKED;
}

static struct str lately_revoked(const struct book *book, const struct entitlement *ent,
                                 struct str person)
{
    size_t n;
    const struct grant *grants = grants_of(book->grants, book->n_grants, ent->name, person, &n);

    for (size_t i = 0; i < n; i++) {
        if (grants[i].ended_at > book->now_ms - REVOKED_LATELY_MS &&
            is_revocation(grants[i].end_cause)) {
            return arena_printf(&book->cli->arena, "revoked on %.*s",
                                STR_ARG(date_str(grants[i].ended_at, &book->cli->arena)));
        }
    }
    return (struct str){0};
}

const struct grant *adopt_grant(const struct book *book, const struct entitlement *ent,
                                struct str person)
{
    size_t n;
    const struct grant *grants = grants_of(book->grants, book->n_grants, ent->name, person, &n);

    for (size_t i = 0; i < n; i++) {
        if (grant_is_live(&grants[i], book->now_ms) || grant_is_ahead(&grants[i], book->now_ms))
            return &grants[i];
    }
    return NULL;
}

/* A grant of the same plan fits: adopting then takes over the place in the group alone. */
static struct str granted_otherwise(const struct book *book, const struct entitlement *ent,
                                    struct str plan, struct str person)
{
    const struct grant *grant = adopt_grant(book, ent, person);

    if (!grant || (grant_is_live(grant, book->now_ms) && str_eq(grant->plan, plan)))
        return (struct str){0};
    return arena_printf(&book->cli->arena, "granted %.*s from %.*s", STR_ARG(grant->plan),
                        STR_ARG(date_str(grant->from_ms, &book->cli->arena)));
}

struct str adopt_obstacle(const struct book *book, const struct entitlement *ent, struct str plan,
                          struct str person)
{
    const struct person_row *row = book_person(book, person);
    struct str why;

    if (!row)
        return STR("not known to the ledger");
    if ((why = not_active(row, &book->cli->arena)).len > 0 ||
        (why = lately_revoked(book, ent, person)).len > 0 ||
        (why = granted_otherwise(book, ent, plan, person)).len > 0)
        return why;
    return not_eligible(book, ent, &row->person);
}

/* ---- the list ---- */

/* In how many of the groups each person is. */
static struct map count_places(const struct book *book, const struct book_seat *seats, size_t n)
{
    struct map places = {0};

    for (size_t i = 0; i < n; i++) {
        size_t *count = map_get(&places, seats[i].person);
        if (!count) {
            count = arena_new(&book->cli->arena, size_t);
            (void)map_put(&places, &book->cli->arena, seats[i].person, count);
        }
        *count += seats[i].member;
    }
    return places;
}

struct exported {
    size_t rows, left_out;
};

static void put_row(const struct book *book, const struct book_seat *seat, struct str note,
                    struct buf *out)
{
    const struct person_row *row = book_person(book, seat->person);
    struct person person = row ? row->person : (struct person){.id = seat->person};
    const struct str cells[ADOPT_COLUMNS] = {
        [ADOPT_OKTA_ID] = person.id,
        [ADOPT_LOGIN] = person.login,
        [ADOPT_FIRST_NAME] = person.first_name,
        [ADOPT_LAST_NAME] = person.last_name,
        [ADOPT_STATUS] = str_of(user_status_name(person.status)),
        [ADOPT_ENTITLEMENT] = seat->entitlement,
        [ADOPT_PLAN] = seat->plan,
        [ADOPT_NOTE] = note,
    };

    for (size_t i = 0; i < ADOPT_COLUMNS; i++)
        csv_put(out, cells[i], i + 1 == ADOPT_COLUMNS);
}

static struct exported put_list(const struct book *book, const struct entitlement *ent,
                                struct buf *out)
{
    const struct book_query query = {.only = ent->name, .unmanaged = true};
    struct exported sum = {0};
    struct book_seat *seats;
    size_t n;

    for (size_t i = 0; i < ADOPT_COLUMNS; i++)
        csv_put(out, str_of(adopt_columns[i]), i + 1 == ADOPT_COLUMNS);
    book_seats(book, &query, &seats, &n);
    struct map places = count_places(book, seats, n);
    for (size_t i = 0; i < n; i++) {
        if (!seats[i].member || seats[i].owned)
            continue;
        struct str obstacle = adopt_obstacle(book, ent, seats[i].plan, seats[i].person);
        const size_t *count = map_get(&places, seats[i].person);
        struct str note = obstacle;
        if (obstacle.len > 0) {
            note = arena_printf(&book->cli->arena, "not adopted: %.*s", STR_ARG(obstacle));
        } else if (*count > 1) {
            note = STR("in several plans' groups: keep one row");
        }
        put_row(book, &seats[i], note, out);
        sum.rows++;
        sum.left_out += obstacle.len > 0;
    }
    return sum;
}

static bool was_listed(const struct book *book, const struct entitlement *ent)
{
    for (size_t i = 0; i < book->n_groups; i++) {
        if (book->groups[i].ent == ent && book->groups[i].baseline.exists)
            return true;
    }
    return false;
}

bool adopt_export(struct cli *cli, const struct entitlement *ent, const char *path, struct err *err)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct book book;

    if (!book_read(cli, &book, err))
        return false;
    if (!was_listed(&book, ent)) {
        return err_set(err, ERR_USAGE,
                       "no run has listed the groups of %.*s yet; `%s reconcile` does (in `mode: "
                       "observe` it changes nothing)",
                       STR_ARG(ent->name), cli->program);
    }
    struct exported sum = put_list(&book, ent, &out);
    if (sum.rows == 0) {
        cli_say(cli, "every member of the groups of %.*s is managed already; nothing is written",
                STR_ARG(ent->name));
        return true;
    }
    if (!file_create(str_of(path), buf_str(&out), 0600, err))
        return false;
    cli_say(cli, "%s: %zu members by other hands, of whom %zu are not adopted (see `note`)", path,
            sum.rows, sum.left_out);
    cli_say(cli,
            "Take out who is not meant to stay, fill in `until` and `owner` where the usual ones "
            "do not fit, then: %s adopt --file %s --dry-run",
            cli->program, path);
    return true;
}

/* ---- the command ---- */

bool cmd_adopt(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *name = NULL, *out = NULL;
    struct adopt_options options = {0};
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &name},  {"out", 'o', NULL, &out},
        {"file", 'f', NULL, &options.file}, {"until", 0, NULL, &options.until},
        {"owner", 0, NULL, &options.owner}, {"dry-run", 0, &options.dry, NULL},
    };
    const struct entitlement *ent;

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err))
        return false;
    if (options.file && (name || out)) {
        return err_set(err, ERR_USAGE,
                       "--file takes a list back, -e and --out write one; give one or the other");
    }
    if (options.file)
        return adopt_import(cli, &options, err);
    if (!name || !out) {
        return err_set(err, ERR_USAGE,
                       "say which: `-e ENT --out FILE` writes the list, `--file FILE` takes it "
                       "back");
    }
    if (options.until || options.owner || options.dry)
        return err_set(err, ERR_USAGE, "--until, --owner and --dry-run go with --file");
    return cli_entitlement(cli, name, &ent, err) && adopt_export(cli, ent, out, err);
}
