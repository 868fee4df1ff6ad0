/* Money: whole cents that add up, whatever is done to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shop/money.h"

static struct money eur(int64_t cents)
{
    return (struct money){ cents, 100, STR("EUR") };
}

static void parts_add_up_to_the_whole(void **state)
{
    (void)state;
    const double weights[] = { 1, 1, 1 };
    struct money parts[3], whole = eur(-1000);
    money_share(&whole, weights, parts, 3);
    assert_int_equal(parts[0].amount, -334);
    assert_int_equal(parts[1].amount, -333);
    assert_int_equal(parts[2].amount, -333);
}

static void a_share_of_nothing_at_all_is_even(void **state)
{
    (void)state;
    const double weights[] = { 0, 0 };
    struct money parts[2], whole = eur(5);
    money_share(&whole, weights, parts, 2);
    assert_int_equal(parts[0].amount + parts[1].amount, 5);
    assert_int_equal(parts[0].amount, 3);
}

static void another_currency_is_never_added(void **state)
{
    (void)state;
    struct money sum = eur(100), yen = { 5, 1, STR("JPY") }, cent = eur(1);
    money_add(&sum, &money_none, 3);
    assert_int_equal(sum.amount, 100);
    money_add(&sum, &yen, 1);
    assert_true(money_is_null(&sum));
    money_add(&sum, &cent, 1);
    assert_true(money_is_null(&sum));
}

static void another_divisor_is_reckoned_over(void **state)
{
    (void)state;
    struct money sum = eur(100), mills = { 1505, 1000, STR("eur") };
    money_add(&sum, &mills, 2);
    assert_int_equal(sum.amount, 401);
}

static void people_read_it_with_as_many_digits_as_it_has(void **state)
{
    (void)state;
    char text[MONEY_BYTES];
    struct money yen = { 500, 1, STR("JPY") }, less = eur(-5);
    assert_string_equal(money_text(&yen, text), "500 JPY");
    assert_string_equal(money_text(&less, text), "-0.05 EUR");
    assert_string_equal(money_text(&money_none, text), "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_add_up_to_the_whole),
        cmocka_unit_test(a_share_of_nothing_at_all_is_even),
        cmocka_unit_test(another_currency_is_never_added),
        cmocka_unit_test(another_divisor_is_reckoned_over),
        cmocka_unit_test(people_read_it_with_as_many_digits_as_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
