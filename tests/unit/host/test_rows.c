#include "host/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct short_row {
    int64_t a;
};
struct row {
    int64_t a, b;
};
struct long_row {
    int64_t a, b, c;
};

static void short_rows_are_filled_with_zeros(void **state)
{
    (void)state;
    const struct short_row theirs[] = { { 1 }, { 2 } };
    struct row *ours =
        rows_new(theirs, 2, sizeof(theirs[0]), sizeof(struct row));
    assert_non_null(ours);
    assert_int_equal(ours[0].a, 1);
    assert_int_equal(ours[1].a, 2);
    assert_int_equal(ours[1].b, 0);
    rows_free(ours);
}

static void long_rows_are_taken_when_the_rest_is_zero(void **state)
{
    (void)state;
    const struct long_row theirs[] = { { 1, 2, 0 }, { 3, 4, 0 } };
    struct row *ours =
        rows_new(theirs, 2, sizeof(theirs[0]), sizeof(struct row));
    assert_non_null(ours);
    assert_int_equal(ours[1].a, 3);
    assert_int_equal(ours[1].b, 4);
    rows_free(ours);
}

static void a_row_that_says_more_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    const struct long_row theirs[] = { { 1, 2, 0 }, { 3, 4, 5 } };
    assert_null(rows_new(theirs, 2, sizeof(theirs[0]), sizeof(struct row)));
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    const struct row theirs = { 1, 2 };
    assert_null(rows_new(&theirs, 1, 0, sizeof(theirs)));
    assert_null(rows_new(NULL, 1, sizeof(theirs), sizeof(theirs)));
    assert_null(rows_new(&theirs, 5000, sizeof(theirs), sizeof(theirs)));
    assert_null(rows_new(&theirs, 1, 1 << 20, sizeof(theirs)));
}

static void no_rows_are_an_empty_array(void **state)
{
    (void)state;
    void *ours = rows_new(NULL, 0, 0, sizeof(struct row));
    assert_non_null(ours);
    rows_free(ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_rows_are_filled_with_zeros),
        cmocka_unit_test(long_rows_are_taken_when_the_rest_is_zero),
        cmocka_unit_test(a_row_that_says_more_is_refused_wherever_it_stands),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(no_rows_are_an_empty_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
