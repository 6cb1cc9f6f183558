#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "unit/base/prop.h"

static char folder[] = "/tmp/seatkeeper-file-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    static struct arena arena;

    arena_init(&arena, (size_t)4 << 20);
    *state = &arena;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/f", folder);
    return 0;
}

static int drop_folder(void **state)
{
    arena_fini(*state);
    unlink(path);
    return rmdir(folder);
}

static unsigned mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 07777u;
}

static void test_what_was_written_is_read(void **state)
{
    struct err err = {0};
    struct str text;

    assert_true(file_write(str_of(path), STR("one\0two\n"), 0640, &err));
    assert_int_equal(mode_of(path), 0640);
    assert_true(file_read(str_of(path), 100, FILE_ANY, *state, &text, &err));
    assert_true(str_eq(text, STR("one\0two\n")));
    assert_int_equal(text.ptr[text.len], 0);
    assert_true(file_write(str_of(path), STR(""), 0600, &err));
    assert_true(file_read(str_of(path), 100, FILE_ANY, *state, &text, &err));
    assert_int_equal(text.len, 0);
    assert_int_equal(mode_of(path), 0600);
}

static void test_writing_leaves_no_temporary_behind(void **state)
{
    struct err err = {0};
    unsigned n = 0;

    (void)state;
    assert_true(file_write(str_of(path), STR("x"), 0600, &err));
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    assert_int_equal(n, 3); /* itself, the one above, the file */
}

static void test_the_limit_is_exact(void **state)
{
    struct err err = {0};
    struct str text = STR("untouched");

    assert_true(file_write(str_of(path), STR("12345"), 0600, &err));
    assert_false(file_read(str_of(path), 4, FILE_ANY, *state, &text, &err));
    assert_int_equal(err.kind, ERR_SETTINGS);
    assert_non_null(strstr(err.msg, "larger than 4 bytes"));
    assert_true(str_is(text, "untouched"));
    assert_true(file_read(str_of(path), 5, FILE_ANY, *state, &text, &err));
    assert_true(str_is(text, "12345"));
}

static void test_shared_files_are_not_trusted(void **state)
{
    static const struct {
        unsigned mode;
        bool ok;
    } cases[] = {{0600, true}, {0644, true}, {0664, false}, {0646, false}};
    struct err err = {0};
    struct str text;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(file_write(str_of(path), STR("x"), cases[i].mode, &err));
        assert_int_equal(file_read(str_of(path), 9, FILE_UNSHARED, *state, &text, &err),
                         cases[i].ok);
        assert_true(file_read(str_of(path), 9, FILE_ANY, *state, &text, &err));
    }
    assert_true(file_write(str_of(path), STR("x"), 0666, &err));
    assert_false(file_read(str_of(path), 9, FILE_UNSHARED, *state, &text, &err));
    assert_int_equal(err.kind, ERR_SETTINGS);
    assert_non_null(strstr(err.msg, "may be written by group or others (mode 0666)"));
}

static void test_errors_name_the_path(void **state)
{
    struct err err = {0};
    struct str text;

    assert_false(file_read(STR("/nonexistent/f"), 9, FILE_ANY, *state, &text, &err));
    assert_string_equal(err.msg, "/nonexistent/f: No such file or directory");
    assert_int_equal(err.kind, ERR_SETTINGS);
    assert_false(file_read(str_of(folder), 9, FILE_ANY, *state, &text, &err));
    assert_non_null(strstr(err.msg, "not a regular file"));
    assert_false(file_write(STR("/nonexistent/f"), STR("x"), 0600, &err));
    assert_non_null(strstr(err.msg, "/nonexistent/f"));
    assert_false(file_exists(STR("/nonexistent/f")));
}

static void test_creating_never_overwrites(void **state)
{
    struct err err = {0};
    struct str text;

    unlink(path);
    assert_false(file_exists(str_of(path)));
    assert_true(file_create(str_of(path), STR("first"), 0600, &err));
    assert_true(file_exists(str_of(path)));
    assert_int_equal(mode_of(path), 0600);
    assert_false(file_create(str_of(path), STR("second"), 0600, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_non_null(strstr(err.msg, "is there already"));
    assert_true(file_read(str_of(path), 9, FILE_ANY, *state, &text, &err));
    assert_true(str_is(text, "first"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_writing_leaves_no_temporary_behind),
        cmocka_unit_test(test_the_limit_is_exact),
        cmocka_unit_test(test_shared_files_are_not_trusted),
        cmocka_unit_test(test_errors_name_the_path),
        cmocka_unit_test(test_creating_never_overwrites),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
