#include <stdlib.h>

#include "engine/observe.h"
#include "ledger/ledger_person.h"

/* The roll of people: what the ledger remembers of them, under what this run sees. */

#define INACTIVE_APART_MS ((int64_t)60000) /* two sealed reads */

static struct person_facts *enter(struct roll *roll, struct str id)
{
    struct person_facts *facts = map_get(&roll->by_id, id);

    if (!facts) {
        facts = arena_new(roll->arena, struct person_facts);
        facts->person.id = arena_str(roll->arena, id);
        map_put(&roll->by_id, roll->arena, facts->person.id, facts);
    }
    return facts;
}

static void enter_row(struct roll *roll, const struct person_row *row)
{
    struct person_facts *facts = enter(roll, row->person.id);

    facts->person = row->person;
    facts->person.status = USER_UNKNOWN; /* until this run sees it */
    facts->inactive_since_ms = row->inactive_since;
    facts->inactive_twice = row->inactive_last - row->inactive_since >= INACTIVE_APART_MS;
    facts->gone_since_ms = row->gone_since;
    facts->ineligible_since_ms = row->ineligible_since;
    facts->blocked = row->blocked_at != 0;
    facts->version = row->version;
}

static struct str lower(struct str login, struct arena *arena)
{
    char *copy = arena_alloc(arena, login.len + 1, 1);

    for (size_t i = 0; i < login.len; i++) {
        char c = login.ptr[i];
        copy[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return (struct str){copy, login.len};
}

bool roll_load(struct roll *roll, const struct world *world, bool dry, struct arena *arena,
               struct err *err)
{
    const struct person_row *rows;
    size_t n;

    *roll = (struct roll){
        .arena = arena, .world = world, .dry = dry, .now_ms = clock_now(world->clock)};
    if (!ledger_load_people(world->ledger, arena, &rows, &n, err))
        return err_wrap(err, "loading people");
    for (size_t i = 0; i < n; i++) {
        enter_row(roll, &rows[i]);
        struct person_row *row = arena_new(arena, struct person_row);
        *row = rows[i];
        map_put(&roll->rows, arena, row->person.id, row);
        map_put(&roll->by_login, arena, lower(rows[i].person.login, arena),
                enter(roll, rows[i].person.id));
    }
    return true;
}

bool roll_refresh(struct roll *roll, struct err *err)
{
    const struct person_row *rows;
    size_t n;

    if (!ledger_load_people(roll->world->ledger, roll->arena, &rows, &n, err))
        return err_wrap(err, "loading people");
    for (size_t i = 0; i < n; i++) {
        struct person_facts *facts = enter(roll, rows[i].person.id);
        facts->blocked = rows[i].blocked_at != 0;
        facts->version = rows[i].version;
    }
    return true;
}

static bool is_inactive(enum user_status status)
{
    return status == USER_SUSPENDED || status == USER_DEPROVISIONED;
}

static void note(struct roll *roll, const struct person *seen)
{
    struct person_facts *facts = enter(roll, seen->id);
    struct person merged = *seen;

    merged.id = facts->person.id;
    if (merged.login.len == 0)
        merged.login = facts->person.login;
    if (merged.email.len == 0)
        merged.email = facts->person.email;
    if (merged.n_profile == 0) { /* a listing shows no profile; the stored one still holds */
        merged.profile = facts->person.profile;
        merged.n_profile = facts->person.n_profile;
    }
    facts->person = merged;
    if (is_inactive(seen->status)) {
        if (facts->inactive_since_ms == 0) {
            facts->inactive_since_ms = roll->now_ms;
        } else if (roll->now_ms - facts->inactive_since_ms >= INACTIVE_APART_MS) {
            facts->inactive_twice = true;
        }
    } else if (seen->status != USER_UNKNOWN && seen->status != USER_GONE) {
        facts->inactive_since_ms = 0;
        facts->inactive_twice = false;
    }
    if (seen->status == USER_GONE) {
        if (facts->gone_since_ms == 0)
            facts->gone_since_ms = roll->now_ms;
    } else if (seen->status != USER_UNKNOWN) {
        facts->gone_since_ms = 0;
    }
}

#define SIGHT_KEPT_MS                                                           \
    TIME_DAY /* how old `seen_at` may grow before an unchanged sight is written \
              */

static bool differs(struct str seen, struct str known)
{
    return seen.len > 0 && !str_eq(seen, known);
}

/* Most people are as they were: a quiet run writes no rows for them. */
static bool is_news(const struct roll *roll, const struct person *seen)
{
    const struct person_row *row = map_get(&roll->rows, seen->id);

    return !row || row->person.status != seen->status || is_inactive(seen->status) ||
           seen->status == USER_GONE || seen->n_profile > 0 ||
           differs(seen->login, row->person.login) || differs(seen->email, row->person.email) ||
           roll->now_ms - row->seen_at > SIGHT_KEPT_MS;
}

static bool remember(struct roll *roll, const struct person *people, size_t n, struct err *err)
{
    struct person *news = arena_array(roll->arena, struct person, n);
    size_t n_news = 0;

    for (size_t i = 0; i < n; i++) {
        note(roll, &people[i]);
        if (is_news(roll, &people[i]))
            news[n_news++] = people[i];
    }
    if (roll->dry || n_news == 0)
        return true;
    return ledger_see_people(roll->world->ledger, news, n_news, roll->now_ms, err);
}

bool roll_see_listing(struct roll *roll, const struct listing *listing, bool keep, struct err *err)
{
    struct person *people;
    size_t n = 0;

    if (!listing_is_sealed(listing))
        return true;
    for (size_t i = 0; i < listing->n; i++)
        n += keep || roll_get(roll, listing->members[i].id) != NULL;
    people = arena_array(roll->arena, struct person, n);
    n = 0;
    for (size_t i = 0; i < listing->n; i++) {
        const struct member *member = &listing->members[i];
        if (keep || roll_get(roll, member->id)) {
            people[n++] =
                (struct person){.id = member->id, .login = member->login, .status = member->status};
        }
    }
    return remember(roll, people, n, err);
}

/* `ids` is sorted in place. Whom Okta showed joins `found` (NULL: nobody asks). */
static bool read_ids(struct roll *roll, struct str *ids, size_t n, struct map *found,
                     struct err *err)
{
    n = str_sort_unique(ids, n);
    if (n == 0)
        return true;
    struct okta_user *users = arena_array(roll->arena, struct okta_user, n);
    struct person *people = arena_array(roll->arena, struct person, n);
    size_t n_people = 0;
    if (!okta_find_users(roll->world->okta, ids, n, true, roll->arena, users, err))
        return err_wrap(err, "looking people up");
    for (size_t i = 0; i < n; i++) {
        if (users[i].answer == OKTA_FOUND)
            people[n_people++] = users[i].person;
        else if (users[i].answer == OKTA_NONE)
            people[n_people++] = (struct person){.id = ids[i], .status = USER_GONE};
        if (users[i].answer == OKTA_FOUND && found)
            map_put(found, roll->arena, users[i].person.id, &users[i]);
    }
    return remember(roll, people, n_people, err);
}

bool roll_look_up(struct roll *roll, const struct str *ids, size_t n, struct err *err)
{
    struct str *unseen = arena_array(roll->arena, struct str, n);
    size_t n_unseen = 0;

    for (size_t i = 0; i < n; i++) {
        const struct person_facts *facts = roll_get(roll, ids[i]);
        if (!facts || facts->person.status == USER_UNKNOWN)
            unseen[n_unseen++] = ids[i];
    }
    return read_ids(roll, unseen, n_unseen, NULL, err);
}

bool roll_read_anew(struct roll *roll, const struct str *ids, size_t n, struct map *found,
                    struct err *err)
{
    struct str *copy = arena_array(roll->arena, struct str, n);

    for (size_t i = 0; i < n; i++)
        copy[i] = ids[i];
    return read_ids(roll, copy, n, found, err);
}

bool roll_find_logins(struct roll *roll, const struct str *logins, size_t n, struct okta_user *out,
                      struct err *err)
{
    if (n == 0)
        return true;
    if (!okta_find_users(roll->world->okta, logins, n, false, roll->arena, out, err))
        return err_wrap(err, "looking logins up");
    struct person *people = arena_array(roll->arena, struct person, n);
    size_t n_people = 0;
    for (size_t i = 0; i < n; i++) {
        if (out[i].answer == OKTA_FOUND)
            people[n_people++] = out[i].person;
    }
    return remember(roll, people, n_people, err);
}

struct str roll_known_as(const struct roll *roll, struct str login)
{
    const struct person_facts *facts = map_get(&roll->by_login, lower(login, roll->arena));

    return facts ? facts->person.id : (struct str){0};
}

struct person_facts *roll_get(const struct roll *roll, struct str id)
{
    return map_get(&roll->by_id, id);
}

static int by_person_id(const void *a, const void *b)
{
    return str_cmp(((const struct person_facts *)a)->person.id,
                   ((const struct person_facts *)b)->person.id);
}

void roll_people(const struct roll *roll, const struct person_facts **out, size_t *n)
{
    struct person_facts *people = arena_array(roll->arena, struct person_facts, roll->by_id.n);

    for (size_t i = 0; i < roll->by_id.n; i++)
        people[i] = *(const struct person_facts *)roll->by_id.entries[i].value;
    if (roll->by_id.n > 1)
        qsort(people, roll->by_id.n, sizeof(*people), by_person_id);
    *out = people;
    *n = roll->by_id.n;
}
