#include "cli/adopt.h"
#include "okta/okta.h"

/* Who answers for an adopted seat: the manager, as the profile says, which a listing does not show.
 */

struct seeking {
    struct book *book;
    struct cli *cli;
    bool dry;
    bool connected, away; /* away: Okta cannot be asked; said already */
};

static bool say_away(struct seeking *seek, struct err *err)
{
    if (err->kind == ERR_CANCELLED)
        return false;
    cli_say(seek->cli, "managers could not be looked up in Okta: %s", err->msg);
    seek->away = true;
    *err = (struct err){0};
    return true;
}

/* A look at who is there comes before the credential, as in a run. */
static bool connect(struct seeking *seek, struct err *err)
{
    struct cli *cli = seek->cli;
    struct str scopes, known;
    struct okta_org org;

    if (seek->connected)
        return true;
    seek->connected = true;
    if (!cli_connect(cli, err))
        return say_away(seek, err);
    if (!ledger_meta_get(cli->ledger, "okta_org", &cli->arena, &known, err))
        return false;
    if (!okta_read_org(cli->world.okta, &cli->arena, &org, err))
        return say_away(seek, err);
    if (org.id.len == 0 || !str_eq(org.id, known)) {
        (void)err_set(err, ERR_REMOTE, "it is not the one that the ledger knows, or is away");
        return say_away(seek, err);
    }
    return okta_login(cli->world.okta, &cli->arena, &scopes, err) || say_away(seek, err);
}

/* One batch of people by id or login; remembered like everybody whom a run looks up. */
static bool look_up(struct seeking *seek, const struct str *keys, size_t n, bool by_id,
                    struct okta_user **out, struct err *err)
{
    struct cli *cli = seek->cli;
    struct okta_user *users = arena_array(&cli->arena, struct okta_user, n);
    struct person *people = arena_array(&cli->arena, struct person, n);
    size_t n_people = 0;

    *out = users;
    if (n > 0 && !connect(seek, err))
        return false;
    if (n == 0 || seek->away)
        return true;
    if (!okta_find_users(cli->world.okta, keys, n, by_id, &cli->arena, users, err))
        return say_away(seek, err);
    for (size_t i = 0; i < n; i++) {
        if (users[i].answer == OKTA_FOUND)
            people[n_people++] = users[i].person;
    }
    return seek->dry || n_people == 0 ||
           ledger_see_people(cli->ledger, people, n_people, seek->book->now_ms, err);
}

/* The words of the manager attribute, per item; asked of Okta where the ledger has no profile. */
static bool read_words(struct seeking *seek, const struct adopt_managed *items, size_t n,
                       struct str *words, struct err *err)
{
    struct arena *arena = &seek->cli->arena;
    struct str attribute = seek->cli->settings.policy.manager_attribute;
    struct str *unknown = arena_array(arena, struct str, n);
    size_t *at = arena_array(arena, size_t, n);
    size_t n_unknown = 0;
    struct okta_user *users;

    for (size_t i = 0; i < n; i++) {
        const struct person_row *row = book_person(seek->book, items[i].person);
        words[i] = row ? person_profile(&row->person, attribute) : (struct str){0};
        if (words[i].len == 0) {
            at[n_unknown] = i;
            unknown[n_unknown++] = items[i].person;
        }
    }
    if (!look_up(seek, unknown, n_unknown, true, &users, err))
        return false;
    for (size_t i = 0; i < n_unknown; i++) {
        if (users[i].answer == OKTA_FOUND)
            words[at[i]] = person_profile(&users[i].person, attribute);
    }
    return true;
}

/* What the attribute holds differs by organisation: an Okta id, or a login. */
static bool find_in_ledger(struct seeking *seek, struct str word, struct adopt_managed *item,
                           struct err *err)
{
    const struct person_row *rows;
    size_t n;

    if (word.len == 0)
        return true;
    if (!ledger_find_people(seek->cli->ledger, word, &seek->cli->arena, &rows, &n, err))
        return false;
    if (n == 1) {
        item->manager = rows[0].person.id;
        item->login = rows[0].person.login;
    }
    return true;
}

static bool find_in_okta(struct seeking *seek, const struct str *words, struct adopt_managed *items,
                         size_t n, struct err *err)
{
    struct arena *arena = &seek->cli->arena;

    for (int by_id = 0; by_id < 2; by_id++) {
        struct str *keys = arena_array(arena, struct str, n);
        struct okta_user *users;
        size_t n_keys = 0;
        for (size_t i = 0; i < n; i++) {
            if (items[i].manager.len == 0 && words[i].len > 0 &&
                str_has(words[i], '@') == (by_id == 0))
                keys[n_keys++] = words[i];
        }
        n_keys = str_sort_unique(keys, n_keys);
        if (!look_up(seek, keys, n_keys, by_id == 1, &users, err))
            return false;
        for (size_t k = 0; k < n_keys; k++) {
            for (size_t i = 0; users[k].answer == OKTA_FOUND && i < n; i++) {
                if (!str_eq(words[i], keys[k]))
                    continue;
                items[i].manager = users[k].person.id;
                items[i].login = users[k].person.login;
            }
        }
    }
    return true;
}

bool adopt_find_managers(struct book *book, struct adopt_managed *items, size_t n, bool dry,
                         struct err *err)
{
    struct seeking seek = {.book = book, .cli = book->cli, .dry = dry};
    struct str *words = arena_array(&book->cli->arena, struct str, n);

    if (n == 0 || book->cli->settings.policy.manager_attribute.len == 0)
        return true;
    if (!read_words(&seek, items, n, words, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!find_in_ledger(&seek, words[i], &items[i], err))
            return false;
    }
    return find_in_okta(&seek, words, items, n, err);
}
