#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void an_error_has_a_code_and_a_sentence(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_int_equal(error_set(&err, SPD_EIO, "cannot read %s", "x"), SPD_EIO);
    assert_int_equal(err.code, SPD_EIO);
    assert_string_equal(err.text, "cannot read x");
}

static void context_is_put_in_front(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    error_set(&err, SPD_EINVAL, "line 3 is too long");
    assert_int_equal(error_in(&err, "%s", "spoold.conf"), SPD_EINVAL);
    assert_string_equal(err.text, "spoold.conf: line 3 is too long");
}

static void nobody_needs_to_want_the_sentence(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, SPD_EBUSY, "busy"), SPD_EBUSY);
    assert_int_not_equal(error_in(NULL, "context"), SPD_OK);
}

static void
long_sentences_are_cut_and_not_written_beyond_their_place(void **state)
{
    (void)state;
    char much[600];
    memset(much, 'x', sizeof(much) - 1);
    much[sizeof(much) - 1] = '\0';
    struct spd_error err = { 0 };
    error_set(&err, SPD_EIO, "%s", much);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    error_in(&err, "%s", much);
    assert_true(strlen(err.text) < sizeof(err.text));
    assert_non_null(strstr(err.text, "x: x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_a_code_and_a_sentence),
        cmocka_unit_test(context_is_put_in_front),
        cmocka_unit_test(nobody_needs_to_want_the_sentence),
        cmocka_unit_test(
            long_sentences_are_cut_and_not_written_beyond_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
