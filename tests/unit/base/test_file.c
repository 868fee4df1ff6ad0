#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static char folder[32], path[64];

static int make_folder(void **state)
{
    (void)state;
    (void)state;
    strcpy(folder, "/tmp/spoold-file-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/note", folder);
    return 0;
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    buf_put(&buf, STR("> "));
    assert_int_equal(file_write(path, STR("first"), 0600, NULL), SPD_OK);
    assert_int_equal(file_write(path, STR("second"), 0600, NULL), SPD_OK);
    assert_int_equal(file_read(path, 6, &buf, NULL), SPD_OK);
    assert_true(str_is(buf_str(&buf), "> second"));
    buf_fini(&buf);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    unlink(path);
}

static void nothing_is_left_beside_a_written_file(void **state)
{
    (void)state;
    file_write(path, STR("text"), 0600, NULL);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    struct spd_error err;
    assert_int_equal(file_read(path, 100, &buf, &err), SPD_ENOTFOUND);
    assert_non_null(strstr(err.text, path));
    buf_fini(&buf);
}

static void a_file_larger_than_allowed_is_refused(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    struct spd_error err;
    char *much = mem_new(20001);
    memset(much, 'x', 20000);
    file_write(path, str_of(much), 0600, NULL);
    assert_int_equal(file_read(path, 19999, &buf, &err), SPD_EINVAL);
    assert_non_null(strstr(err.text, "19999"));
    buf_clear(&buf);
    assert_int_equal(file_read(path, 20000, &buf, &err), SPD_OK);
    assert_int_equal(buf.len, 20000);
    buf_fini(&buf);
    free(much);
    unlink(path);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct spd_error err;
    assert_int_equal(file_write("/nowhere/at/all", STR("x"), 0600, &err),
                     SPD_EIO);
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
    assert_int_equal(file_sync_folder("/nowhere", &err), SPD_EIO);
}

static void a_link_laid_in_the_way_is_not_followed(void **state)
{
    (void)state;
    char beside[80], victim[80];
    snprintf(beside, sizeof(beside), "%s.new", path);
    snprintf(victim, sizeof(victim), "%s/victim", folder);
    assert_int_equal(symlink(victim, beside), 0);
    assert_int_equal(file_write(path, STR("x"), 0600, NULL), SPD_EIO);
    assert_int_not_equal(access(victim, F_OK), 0);
    unlink(beside);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(nothing_is_left_beside_a_written_file),
        cmocka_unit_test(a_file_that_is_not_there_is_not_found),
        cmocka_unit_test(a_file_larger_than_allowed_is_refused),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
        cmocka_unit_test(a_link_laid_in_the_way_is_not_followed),
    };
    return cmocka_run_group_tests(tests, make_folder, NULL);
}
