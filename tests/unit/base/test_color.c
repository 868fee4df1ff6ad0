/* How far two colours look apart. */
#include "base/color.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static void assert_near(double value, double wanted, double within)
{
    if (fabs(value - wanted) > within)
        fail_msg("%g is not %g", value, wanted);
}

/* Pairs and distances of the formula's own paper (Sharma, Wu, Dalal 2005):
 * the ones that tell a wrong hue, mean or rotation. */
static void the_distance_is_that_of_the_formulas_paper(void **state)
{
    (void)state;
    static const struct {
        struct color one, other;
        double distance;
    } rows[] = {
        { { 50, 2.6772, -79.7751 }, { 50, 0, -82.7485 }, 2.0425 },
        { { 50, -1.3802, -84.2814 }, { 50, 0, -82.7485 }, 1.0000 },
        { { 50, 0, 0 }, { 50, -1, 2 }, 2.3669 },
        { { 50, 2.4900, -0.0010 }, { 50, -2.4900, 0.0009 }, 7.1792 },
        { { 50, 2.4900, -0.0010 }, { 50, -2.4900, 0.0011 }, 7.2195 },
        { { 50, 2.5, 0 }, { 73, 25, -18 }, 27.1492 },
        { { 50, 2.5, 0 }, { 56, -27, -3 }, 31.9030 },
        { { 60.2574, -34.0099, 36.2677 },
          { 60.4626, -34.1751, 39.4387 },
          1.2644 },
        { { 22.7233, 20.0904, -46.6940 },
          { 23.0331, 14.9730, -42.5619 },
          2.0373 },
        { { 2.0776, 0.0795, -1.1350 }, { 0.9033, -0.0636, -0.5514 }, 0.9082 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_near(color_distance(&rows[i].one, &rows[i].other),
                    rows[i].distance, 0.0001);
        assert_near(color_distance(&rows[i].other, &rows[i].one),
                    rows[i].distance, 0.0001);
    }
}

static double apart(const char *one, const char *other)
{
    struct color a, b;
    assert_true(color_parse(str_of(one), &a));
    assert_true(color_parse(str_of(other), &b));
    return color_distance(&a, &b);
}

static void
the_same_colour_is_at_no_distance_however_it_is_written(void **state)
{
    (void)state;
    assert_near(apart("#c12e1f", "#C12E1FFF"), 0, 1e-9);
    assert_near(apart("#000000", "#FFFFFF"), 100, 0.01);
}

static void two_whites_are_close_and_red_is_far_from_green(void **state)
{
    (void)state;
    assert_true(apart("#FFFFFF", "#FAFAFA") < 2);
    assert_true(apart("#FF0000", "#00FF00") > 50);
}

static void what_is_no_colour_is_not_read_as_one(void **state)
{
    (void)state;
    static const char *const texts[] = { "",         "red",       "#FFF",
                                         "FFFFFF00", "#GG0000",   "#FF00000",
                                         "#FF00 00", "#FF0000000" };
    struct color color;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(color_parse(str_of(texts[i]), &color));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distance_is_that_of_the_formulas_paper),
        cmocka_unit_test(
            the_same_colour_is_at_no_distance_however_it_is_written),
        cmocka_unit_test(two_whites_are_close_and_red_is_far_from_green),
        cmocka_unit_test(what_is_no_colour_is_not_read_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
