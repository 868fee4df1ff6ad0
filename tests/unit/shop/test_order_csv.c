/* Orders from tables as people have them. */
#include "shop/order_csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct csv_orders table;
static struct spd_error err;

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    arena = (struct arena){ 0 };
    return 0;
}

static spd_err read_text(const char *text)
{
    err = (struct spd_error){ 0 };
    return order_csv_read(str_of(text), &table, &arena, &err);
}

static const struct csv_order *order(size_t i)
{
    assert_true(i < table.orders.count);
    return (const struct csv_order *)table.orders.items + i;
}

static const struct order_item *item(size_t i, size_t k)
{
    assert_true(k < order(i)->said.items.count);
    return (const struct order_item *)order(i)->said.items.items + k;
}

static const struct csv_line *line(size_t i)
{
    assert_true(i < table.lines.count);
    return (const struct csv_line *)table.lines.items + i;
}

static void assert_text(spd_str text, const char *wanted)
{
    if (!str_is(text, wanted))
        fail_msg("\"%s\" is wanted: \"%.*s\"", wanted, STR_ARG(text));
}

static void lines_of_one_order_come_together(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("Order ID;Item name;SKU;Quantity;Price;Currency;Variation: "
                  "Color;Personalization: Name;Sale Date;Ship Name;Total\n"
                  "A1;Dragon;DR;3;12,50;EUR;Red;;31.12.2026;Ada;37,50\n"
                  "A2;Sign;;1;1.234,50;EUR;;Bob;12/31/26;;\n"
                  "A1;Cat;;;5;EUR;;;;;\n"),
        SPD_OK);
    assert_int_equal(table.orders.count, 2);
    assert_int_equal(table.lines.count, 3);
    assert_int_equal(order(0)->said.items.count, 2);
    assert_text(order(0)->said.source_id, "A1");
    assert_text(order(0)->said.ship_to.name, "Ada");
    assert_int_equal(order(0)->said.total.amount, 3750);
    assert_text(item(0, 0)->sku, "DR");
    assert_int_equal(item(0, 0)->quantity, 3);
    assert_int_equal(item(0, 0)->price.amount, 1250);
    assert_text(((const struct variation *)item(0, 0)->variations.items)->value,
                "Red");
    assert_int_equal(item(0, 1)->quantity, 1);
    assert_text(item(0, 1)->source_id, "2");
    assert_int_equal(item(1, 0)->price.amount, 123450);
    assert_text(
        ((const struct variation *)item(1, 0)->personalization.items)->name,
        "Name");
    assert_true(order(0)->said.ordered_at == order(1)->said.ordered_at);
    assert_true(order(0)->said.ordered_at != 0);
}

static void amounts_are_exact_in_any_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *text, *currency;
        int64_t amount;
    } rows[] = {
        { "12.5", "EUR", 1250 },           { "12", "EUR", 1200 },
        { "\"1,234.56\"", "USD", 123456 }, { "\"1.234,56\"", "EUR", 123456 },
        { "\"1,234\"", "USD", 123400 },    { "500", "JPY", 500 },
        { "\"1,500\"", "JPY", 1500 },      { "1.234", "KWD", 1234 },
        { "-3.10", "EUR", -310 },          { "$ 0.07", "USD", 7 },
    };
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        spd_str text = arena_printf(&arena, "order,price,currency\nA,%s,%s\n",
                                    rows[i].text, rows[i].currency);
        assert_int_equal(read_text(text.ptr), SPD_OK);
        assert_int_equal(item(0, 0)->price.amount, rows[i].amount);
    }
}

static void a_bad_line_refuses_its_order_and_no_other(void **state)
{
    (void)state;
    assert_int_equal(read_text("order,title,quantity,price\n"
                               "A,x,1,1\n"
                               "A,y,1,cheap\n"
                               "B,x,-3,1\n"
                               "C,x,two,1\n"
                               ",x,1,1\n"
                               "D,x,1,1\n"),
                     SPD_OK);
    assert_text(order(0)->refusal,
                "line 3: price \"cheap\" is no amount of money");
    assert_text(line(0)->refusal, "");
    assert_text(order(1)->refusal, "quantity must be between 1 and 10000");
    assert_text(order(2)->refusal, "quantity must be a whole number");
    assert_text(line(4)->refusal, "it does not say of which order it is");
    assert_text(order(3)->refusal, "");
    assert_int_equal(table.orders.count, 4);
}

static void statuses_are_known_or_kept(void **state)
{
    (void)state;
    assert_int_equal(read_text("order,status\nA,Completed\nB,In "
                               "Limbo\nC,\nD,CANCELED\n"),
                     SPD_OK);
    assert_int_equal(order(0)->said.status, ORDER_SHIPPED);
    assert_int_equal(order(1)->said.status, ORDER_OTHER);
    assert_text(order(1)->said.source_status, "In Limbo");
    assert_int_equal(order(2)->said.status, ORDER_PAID);
    assert_int_equal(order(3)->said.status, ORDER_CANCELLED);
}

static void dates_that_are_none_are_said(void **state)
{
    (void)state;
    assert_int_equal(read_text("order,date\nA,tomorrow\nB,2026-01-05\n"
                               "C,2026-01-05 13:45\nD,25/12/2026\n"
                               "E,2026-02-30\n"),
                     SPD_OK);
    assert_text(order(0)->refusal, "ordered_at must be a time like "
                                   "2026-11-22T21:10:00Z");
    assert_true(order(2)->said.ordered_at - order(1)->said.ordered_at ==
                (13 * 60 + 45) * 60000);
    assert_true(order(3)->said.ordered_at != 0);
    assert_true(order(4)->refusal.len > 0);
}

static void what_is_no_such_table_is_said(void **state)
{
    (void)state;
    assert_int_equal(read_text(""), SPD_EINVAL);
    assert_string_equal(err.text, "the table is empty");
    assert_int_equal(read_text("name,colour\nx,y\n"), SPD_EINVAL);
    assert_non_null(strstr(err.text, "one of them \"order\""));
    assert_int_equal(read_text("order\n\"A\n"), SPD_EINVAL);
    assert_non_null(strstr(err.text, "line 2 is never closed"));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_of_one_order_come_together),
        TEST(amounts_are_exact_in_any_spelling),
        TEST(a_bad_line_refuses_its_order_and_no_other),
        TEST(statuses_are_known_or_kept),
        TEST(dates_that_are_none_are_said),
        TEST(what_is_no_such_table_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
