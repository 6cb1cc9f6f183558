#include "base/file.h"
#include "base/rng.h"
#include "settings/settings_table.h"
#include "settings/settings_tree.h"
#include "unit/settings/help.h"

/* What is printed reads back to the same: for the example, for what people may write, and for
 * thousands of mutilated copies of it. */

static struct str example(struct arena *arena)
{
    struct str text;
    struct err err = {0};

    assert_true(
        file_read(STR("config/seatkeeper.example.yaml"), 1 << 20, FILE_ANY, arena, &text, &err));
    return text;
}

static void assert_reads_back(const struct settings *settings, struct arena *arena)
{
    const char *printed = help_print(settings, arena);
    struct settings again = help_settings(str_of(printed), arena);

    assert_string_equal(help_print(&again, arena), printed);
    assert_true(str_eq(again.policy.digest, settings->policy.digest));
    assert_true(str_eq(again.ledger, settings->ledger));
    assert_int_equal(again.policy.n_entitlements, settings->policy.n_entitlements);
}

static void test_the_example_prints_and_reads_back(void **state)
{
    struct settings settings = help_settings(example(*state), *state);

    assert_reads_back(&settings, *state);
}

static void test_the_template_is_right_as_it_stands(void **state)
{
    struct settings settings = help_settings(settings_template(), *state);

    assert_int_equal(settings.n_not_used, 0);
    assert_int_equal(settings.policy.n_entitlements, 1);
    assert_int_equal(settings.policy.entitlements[0].mode, MODE_OBSERVE);
    assert_reads_back(&settings, *state);
}

/* `# key: value` or `# - {...}`, and not a sentence: a setting that only waits for its `#` to go.
 */
static bool is_hint(struct str text)
{
    struct str key = str_sub(text, 2, text.len);

    if (!str_starts(text, STR("# ")))
        return false;
    if (str_starts(key, STR("- ")))
        return true;
    if (!str_has(key, ':') || str_starts(key, STR("client_id")) || str_starts(key, STR("key_")))
        return false; /* those three stand instead of the token */
    key = str_trim(str_cut(&key, ':'));
    for (size_t i = 0; i < key.len; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyz_", key.ptr[i]))
            return false;
    }
    return true;
}

static void test_the_template_is_right_with_every_hint_followed(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct str rest = settings_template();

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str text = str_trim(line);
        int indent = (int)(line.len - text.len);

        if (is_hint(text)) {
            buf_printf(&out, "%*s%.*s\n", indent, "", (int)text.len - 2, text.ptr + 2);
        } else {
            buf_printf(&out, "%.*s\n", STR_ARG(line));
        }
    }
    struct settings settings = help_settings(buf_str(&out), *state);

    assert_int_equal(settings.policy.entitlements[0].n_plans, 2);
    assert_int_equal(settings.policy.entitlements[0].max_seats, 100);
    assert_int_equal(settings.policy.entitlements[0].eligible.n_domains, 1);
    assert_int_equal(settings.policy.safety.removals_per_run, 10);
    assert_true(str_is(settings.policy.roles.admin.okta_group, "Seatkeeper_Admins"));
}

static void test_defaults_are_printed(void **state)
{
    struct settings settings = help_settings(STR(SMALL_FILE), *state);

    assert_string_equal(help_print(&settings, *state), "name: default\n"
                                                       "timezone: UTC\n"
                                                       "ledger: l.db\n"
                                                       "okta:\n"
                                                       "  url: \"https://acme.okta.com\"\n"
                                                       "  dpop: true\n"
                                                       "  token_file: t\n"
                                                       "  rate_share: 50\n"
                                                       "  person_fields: []\n"
                                                       "  manager_attribute: managerId\n"
                                                       "schedule:\n"
                                                       "  every: 5m\n"
                                                       "  jitter: 30s\n"
                                                       "audit:\n"
                                                       "  stream: off\n"
                                                       "safety:\n"
                                                       "  removals_per_run: 10\n"
                                                       "  removals_per_day: 20\n"
                                                       "  removals_per_week: 40\n"
                                                       "  clock_tolerance: 5m\n"
                                                       "  protected: []\n"
                                                       "catalogue:\n"
                                                       "  currency: USD\n"
                                                       "entitlements:\n"
                                                       "  - name: kiro\n"
                                                       "    ask_for: []\n"
                                                       "    mode: observe\n"
                                                       "    plan_by: group\n"
                                                       "    provisioning: scim\n"
                                                       "    default_plan: kiro-pro\n"
                                                       "    plans:\n"
                                                       "      - plan: kiro-pro\n"
                                                       "        okta_group: Kiro_Pro\n"
                                                       "    assignment_leave: false\n"
                                                       "    approval: none\n"
                                                       "    approval_expires: 7d\n"
                                                       "    on_ineligible: report\n"
                                                       "    default_duration: 180d\n"
                                                       "    max_duration: 365d\n"
                                                       "    notify_before: [14d, 7d, 1d]\n"
                                                       "    unmanaged: report\n"
                                                       "    removed_outside: hold\n"
                                                       "    removals_per_run: 5\n"
                                                       "    removals_per_day: 20\n"
                                                       "    removals_per_week: 40\n"
                                                       "    removals_percent: 10\n"
                                                       "    shrink_percent: 10\n"
                                                       "    adds_per_run: 200\n"
                                                       "    removal_grace:\n"
                                                       "      inferred: 1d\n"
                                                       "      asked: 0s\n"
                                                       "    inactive_grace:\n"
                                                       "      deprovisioned: 1d\n"
                                                       "      suspended: off\n"
                                                       "    hop_deadline:\n"
                                                       "      user: 1h\n"
                                                       "      pushed: 1h\n"
                                                       "      seat: 1d\n"
                                                       "    unused_after: off\n"
                                                       "    reclaim: report\n");
}

/* Titles and group names that YAML would take for something else. */
static void test_awkward_texts_survive_printing(void **state)
{
    static const char *const texts[] = {
        "'null'",
        "'~'",
        "'true'",
        "'off'",
        "'123'",
        "'12:30'",
        "'# no'",
        "'a: b'",
        "'a #b'",
        "\"a\\\\b\"",
        "\"say \\\"hi\\\"\"",
        "'- a'",
        "'[a]'",
        "'{a}'",
        "'&a'",
        "'*a'",
        "'!a'",
        "'%a'",
        "'@a'",
        "'`a`'",
        "'? a'",
        "'a, b'",
        "\xe7\x94\xb3\xe8\xab\x8b",
        "'it''s'",
        "\"\\u00e9\"",
        "'a:'",
        "'---'",
        "'...'",
        "'=' ",
        "\"\\U0001F600\"",
        "'2026-01-01'",
        "'.5'",
        "'0x1F'",
        "'a|b'",
        "'>'",
        "\"\\xa0x\"",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str line = arena_printf(*state,
                                       "    title: %s\n    ask_for: [%s]\n"
                                       "    eligible: {okta_groups: [%s, x], profile: {%s: %s}}\n"
                                       "    approvers: [{okta_group: %s}]\n",
                                       texts[i], texts[i], texts[i], texts[i], texts[i], texts[i]);
        struct settings settings = help_settings(help_changed(0, line.ptr, *state), *state);
        const struct entitlement *ent = settings.policy.entitlements;

        assert_true(str_eq(ent->title, ent->eligible.profile[0].name));
        assert_reads_back(&settings, *state);
    }
}

/* -- Mutations -- */

struct span {
    size_t from, to;
};

static struct span any_line(struct str text, struct rng *rng)
{
    size_t at = rng_below(rng, text.len);
    size_t from = at;
    size_t to = at;

    while (from > 0 && text.ptr[from - 1] != '\n')
        from--;
    while (to < text.len && text.ptr[to++] != '\n')
        continue;
    return (struct span){from, to};
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct span any_word(struct str text, struct rng *rng)
{
    size_t from = rng_below(rng, text.len);
    size_t to;

    while (from < text.len && !is_word(text.ptr[from]))
        from++;
    while (from > 0 && is_word(text.ptr[from - 1]))
        from--;
    for (to = from; to < text.len && is_word(text.ptr[to]);)
        to++;
    return (struct span){from, to};
}

static struct str splice(struct str text, struct span span, struct str with, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};

    buf_add(&out, str_sub(text, 0, span.from));
    buf_add(&out, with);
    buf_add(&out, str_sub(text, span.to, text.len));
    return arena_str(arena, buf_str(&out));
}

static struct str mutate(struct str text, struct rng *rng, struct arena *arena)
{
    static const char *const words[] = {"",        "0",    "-1", "off",     "none",
                                        "true",    "[]",   "{}", "[a, b]",  "{a: b}",
                                        "&a",      "*a",   "!x", "1d",      "99999999999999999999",
                                        "\"\\0\"", "null", "~",  "enforce", "x y",
                                        ": ",      "\t",   "#",  "'",       "\"",
                                        "\xff",    "kiro", "- ", "? ",      "claim"};
    struct span line = any_line(text, rng);
    struct str line_text = str_sub(text, line.from, line.to);

    switch (rng_below(rng, 6)) {
    case 0: return splice(text, line, STR(""), arena);
    case 1: return splice(text, (struct span){line.to, line.to}, line_text, arena);
    case 2: return str_sub(text, 0, rng_below(rng, text.len));
    case 3: {
        struct span other = any_line(text, rng);
        return splice(text, line, str_sub(text, other.from, other.to), arena);
    }
    case 4: {
        struct span other = any_word(text, rng);
        return splice(text, any_word(text, rng), str_sub(text, other.from, other.to), arena);
    }
    default:
        return splice(text, any_word(text, rng), str_of(words[rng_below(rng, ARRAY_LEN(words))]),
                      arena);
    }
}

#define ROUNDS 10000
#define SEED   20260830

static void test_mutilated_files_are_right_or_say_where_they_are_wrong(void **state)
{
    struct arena *arena = *state;
    struct str text = example(arena);
    unsigned n_right = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        arena_mark_t mark = arena_mark(arena);
        struct rng rng = rng_seed(SEED + i);
        struct settings settings = {0};
        struct str mutant = text;

        for (uint64_t n = 1 + rng_below(&rng, 3); n > 0 && mutant.len > 0; n--)
            mutant = mutate(mutant, &rng, arena);
        /* Renders nothing, or problems whose lines are all above zero. */
        if (*help_problems(mutant, arena, &settings) == '\0') {
            n_right++;
            assert_reads_back(&settings, arena);
        }
        arena_reset(arena, mark);
    }
    /* Both ends of the property are really exercised. */
    assert_in_range(n_right, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

/* -- The example and the reference know every row -- */

static void test_the_example_names_every_setting(void **state)
{
    const char *text = arena_cstr(*state, example(*state));
    const struct setting *row;

    for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
        struct str key = setting_key(row);
        const char *ending = row->type == SETTING_SECRET ? "_" : ":";
        struct str wanted = arena_printf(*state, "%.*s%s", STR_ARG(key), ending);

        if (!strstr(text, wanted.ptr))
            fail_msg("the example does not mention %s", row->path);
    }
}

static void test_the_reference_has_a_row_for_every_setting(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    size_t lines = 0;

    (void)state;
    settings_reference(&out);
    for (struct str rest = buf_str(&out); rest.len > 0; lines++) {
        struct str line = str_cut(&rest, '\n');

        assert_true(str_starts(line, STR("|")));
        assert_true(str_ends(line, STR("|")));
    }
    assert_int_equal(lines, settings_count() + 2);
    assert_non_null(strstr(out.ptr, "| `okta.rate_share` | whole number, 1 to 100 | `50` |"));
    assert_non_null(strstr(out.ptr, "| `okta.key_file`, `okta.key_env` |"));
    assert_non_null(strstr(out.ptr, "| `entitlements[].mode` | `observe` `add` `enforce` | "
                                    "**required** |"));
    assert_non_null(strstr(out.ptr, "| list: duration, 1m to 365d | `[14d, 7d, 1d]` |"));
}

/* A row says what it means in one sentence, and fits itself. */
static void test_rows_are_well_formed(void **state)
{
    const struct setting *row;

    (void)state;
    for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
        assert_true(str_ends(str_of(row->meaning), STR(".")));
        assert_null(strchr(row->meaning, '|'));
        assert_true((row->type == SETTING_WORD || row->type == SETTING_APPROVAL) ==
                    (row->words != NULL));
        assert_true((row->later != NULL) == (row->instead != NULL));
        if (row->type == SETTING_TEXT || row->type == SETTING_PATH || row->type == SETTING_DICT)
            assert_non_null(row->form);
        assert_false((row->flags & SETTING_REQUIRED) && row->initial);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(settings_row(k)->path, row->path);
    }
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, help_setup, help_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(test_the_example_prints_and_reads_back),
        WITH_ARENA(test_the_template_is_right_as_it_stands),
        WITH_ARENA(test_the_template_is_right_with_every_hint_followed),
        WITH_ARENA(test_defaults_are_printed),
        WITH_ARENA(test_awkward_texts_survive_printing),
        WITH_ARENA(test_mutilated_files_are_right_or_say_where_they_are_wrong),
        WITH_ARENA(test_the_example_names_every_setting),
        WITH_ARENA(test_the_reference_has_a_row_for_every_setting),
        WITH_ARENA(test_rows_are_well_formed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
