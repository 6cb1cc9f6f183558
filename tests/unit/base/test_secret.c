#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "unit/base/prop.h"

static char folder[] = "/tmp/seatkeeper-secret-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/key", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put_file(struct str text, unsigned mode)
{
    struct err err = {0};

    if (!file_write(str_of(path), text, mode, &err))
        fail_msg("%s", err.msg);
}

static void test_the_zeroed_secret_is_empty(void **state)
{
    struct secret secret = {0};

    (void)state;
    assert_false(secret_is_set(&secret));
    assert_int_equal(secret_reveal(&secret).len, 0);
    assert_string_equal(secret_reveal(&secret).ptr, "");
    secret_fini(&secret);
    secret_fini(NULL);
}

static void test_setting_copies_and_replaces(void **state)
{
    struct secret secret = {0};
    char text[] = "hunter2";

    (void)state;
    secret_set(&secret, str_of(text));
    memset(text, 'x', sizeof(text) - 1);
    assert_true(secret_is_set(&secret));
    assert_string_equal(secret_reveal(&secret).ptr, "hunter2");
    secret_set(&secret, str_sub(secret_reveal(&secret), 1, 4)); /* lent by itself */
    assert_string_equal(secret_reveal(&secret).ptr, "unt");
    secret_set(&secret, (struct str){0});
    assert_false(secret_is_set(&secret));
    assert_null(secret.memory);
    secret_fini(&secret);
}

/* The kernel's flags of the mapping that holds `memory`, as in /proc/self/smaps. */
static bool mapping_has(const void *memory, const char *flag)
{
    char line[512];
    bool inside = false, found = false;
    FILE *maps = fopen("/proc/self/smaps", "re");

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        char *dash = NULL, *blank = NULL;
        uintptr_t from = (uintptr_t)strtoull(line, &dash, 16);
        if (dash && *dash == '-') {
            uintptr_t until = (uintptr_t)strtoull(dash + 1, &blank, 16);
            inside = from <= (uintptr_t)memory && (uintptr_t)memory < until;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, flag) != NULL;
        }
    }
    (void)fclose(maps);
    return found;
}

static void test_secrets_stay_out_of_core_dumps(void **state)
{
    CLEANUP(secret_fini) struct secret secret = {0};

    (void)state;
    secret_set(&secret, STR("hunter2"));
    if (access("/proc/self/smaps", R_OK) != 0)
        skip();
    assert_true(mapping_has(secret.memory, " dd"));
}

static void test_files_give_their_first_line_or_the_whole(void **state)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"token", "token"},
        {"token\n", "token"},
        {"token \t\r\nsecond line\n", "token"},
        {"  led by blanks", "  led by blanks"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(secret_fini) struct secret secret = {0};
        struct err err = {0};
        put_file(str_of(cases[i].text), 0600);
        assert_true(secret_from_file(&secret, str_of(path), &err));
        assert_string_equal(secret_reveal(&secret).ptr, cases[i].line);
        assert_true(secret_from_whole_file(&secret, str_of(path), &err));
        assert_string_equal(secret_reveal(&secret).ptr, cases[i].text);
    }
}

static void test_unfit_files_are_refused_without_telling_what_is_in_them(void **state)
{
    char *large = test_malloc((64 << 10) + 2);
    static const struct {
        const char *text;
        unsigned mode;
        const char *says;
    } cases[] = {
        {"", 0600, "empty, expected a secret"},
        {"\nhunter2", 0600, "empty, expected a secret"},
        {" \n", 0600, "empty, expected a secret"},
        {"hunter2", 0640, "holds a secret but is open to group or others (mode 0640); run: chmod"},
        {"hunter2", 0602, "holds a secret but is open to group or others (mode 0602); run: chmod"},
        {"hunter2", 0604, "holds a secret but is open to group or others (mode 0604); run: chmod"},
        {NULL, 0600, "larger than 64 KiB"},
    };

    (void)state;
    memset(large, 'a', (64 << 10) + 1);
    large[(64 << 10) + 1] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct secret secret = {0};
        struct err err = {0};
        put_file(str_of(cases[i].text ? cases[i].text : large), cases[i].mode);
        secret_set(&secret, STR("former"));
        assert_false(secret_from_file(&secret, str_of(path), &err));
        assert_int_equal(err.kind, ERR_SETTINGS);
        assert_non_null(strstr(err.msg, cases[i].says));
        assert_non_null(strstr(err.msg, path));
        assert_null(strstr(err.msg, "hunter2"));
        assert_string_equal(secret_reveal(&secret).ptr, "former");
        secret_fini(&secret);
    }
    large[64 << 10] = '\0'; /* exactly as much as is allowed */
    put_file(str_of(large), 0600);
    struct secret secret = {0};
    assert_true(secret_from_file(&secret, str_of(path), NULL));
    assert_int_equal(secret_reveal(&secret).len, 64 << 10);
    secret_fini(&secret);
    test_free(large);
}

static void test_missing_files_folders_and_nul_bytes_are_refused(void **state)
{
    struct secret secret = {0};
    struct err err = {0};

    (void)state;
    assert_false(secret_from_file(&secret, STR("/nonexistent/key"), &err));
    assert_string_equal(err.msg, "/nonexistent/key: No such file or directory");
    assert_false(secret_from_file(&secret, str_of(folder), &err));
    assert_non_null(strstr(err.msg, "not a regular file"));
    assert_false(secret_from_file(&secret, STR(""), &err));
    put_file(STR("a\0b"), 0600);
    assert_false(secret_from_file(&secret, str_of(path), &err));
    assert_non_null(strstr(err.msg, "NUL"));
    assert_false(secret_is_set(&secret));
}

static void test_the_file_behind_a_link_is_what_is_judged(void **state)
{
    struct secret secret = {0};
    struct err err = {0};
    char link_path[80];

    (void)state;
    (void)snprintf(link_path, sizeof(link_path), "%s/link", folder);
    put_file(STR("hunter2"), 0600);
    assert_int_equal(symlink(path, link_path), 0);
    assert_true(secret_from_file(&secret, str_of(link_path), &err));
    assert_int_equal(chmod(path, 0644), 0);
    assert_false(secret_from_file(&secret, str_of(link_path), &err));
    unlink(link_path);
    secret_fini(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_zeroed_secret_is_empty),
        cmocka_unit_test(test_setting_copies_and_replaces),
        cmocka_unit_test(test_secrets_stay_out_of_core_dumps),
        cmocka_unit_test(test_files_give_their_first_line_or_the_whole),
        cmocka_unit_test(test_unfit_files_are_refused_without_telling_what_is_in_them),
        cmocka_unit_test(test_missing_files_folders_and_nul_bytes_are_refused),
        cmocka_unit_test(test_the_file_behind_a_link_is_what_is_judged),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
