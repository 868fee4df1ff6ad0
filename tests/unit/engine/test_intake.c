/* From an order to its last piece: what is asked for, what is taken from the
 * shelf, what is made again, and what it cost. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/intake/intake.h"
#include "shop/order.h"
#include "shop/stock.h"

static struct scene {
    struct intake *intake;
    int asked; /* how often the judge was */
    int64_t asked_about;
    struct arena arena;
} scene;

static void up(void)
{
    struct spd_error err = { 0 };
    scene.intake = intake_new(&the.shop);
    if (intake_add_ops(scene.intake, &err) != SPD_OK)
        fail_msg("%s", err.text);
    intake_start(scene.intake);
    settle();
}

static void down(void)
{
    intake_stop(scene.intake);
    intake_free(scene.intake);
}

static int set_up(void **state)
{
    scene = (struct scene){ 0 };
    int rc = stage_set_up(state);
    if (rc == 0)
        up();
    return rc;
}

static int tear_down(void **state)
{
    down();
    arena_fini(&scene.arena);
    return stage_tear_down(state);
}

static void power_cut(void)
{
    take_picture();
    down();
    crash_to_picture();
    up();
}

/* -- the shop's things -- */

/* 20 g of red PLA in an hour; 25 a kilo. */
static int64_t add_product(const char *more)
{
    int64_t file =
        add_file("[{\"index\":1,\"estimated_seconds\":3600,\"grams\":20,"
                 "\"printer_model\":\"P1S\",\"filaments\":[{\"id\":1,\"type\":"
                 "\"PLA\",\"color\":\"#FF0000\",\"grams\":20}]}]");
    return make("products.create",
                "{\"product_name\":\"Dragon\",\"sku\":\"DR\",\"file_id\":%lld"
                "%s}",
                (long long)file, more);
}

static void set_terms(const char *members)
{
    call("terms.update", "{%s}", members);
    assert_int_equal(the.status, 200);
}

static int64_t add_order(int64_t quantity, const char *more)
{
    return make("orders.create",
                "{\"source_id\":\"R1\",\"ship_by\":\"2030-01-05T00:00:00Z\","
                "\"items\":[{\"source_id\":\"t\",\"sku\":\"DR\",\"quantity\":"
                "%lld%s}]}",
                (long long)quantity, more);
}

static void schedule(int64_t order, const char *more)
{
    call("orders.schedule_prints", "{\"order_id\":%lld%s}", (long long)order,
         more);
}

static void assert_said(const char *part)
{
    if (strstr(the.reply.ptr, part) == NULL)
        fail_msg("%s is wanted in %d %s", part, the.status, the.reply.ptr);
}

static struct order order_of(int64_t id)
{
    struct order order;
    struct spd_error err;
    spd_txn *txn = store_read(the.shop.store);
    if (record_get(txn, &order_kind, id, &order, &scene.arena, &err) != SPD_OK)
        fail_msg("%s", err.text);
    store_read_end(txn);
    return order;
}

static void assert_order(int64_t id, enum production production, int64_t good,
                         int64_t missing)
{
    struct order order = order_of(id);
    assert_string_equal(production_names[order.production_status],
                        production_names[production]);
    assert_int_equal(order.pieces_good, good);
    assert_int_equal(order.pieces_missing, missing);
}

static size_t jobs(void)
{
    spd_txn *txn = store_read(the.shop.store);
    size_t count = record_count(txn, &job_kind);
    store_read_end(txn);
    return count;
}

static int64_t on_shelf(int64_t product)
{
    spd_txn *txn = store_read(the.shop.store);
    int64_t pieces =
        stock_on_hand(txn, &(struct stock_of){ product, 1, { NULL, 0 } });
    store_read_end(txn);
    return pieces;
}

/* What waits is printed on this machine, and ends so. */
static void print(int machine, const char *how)
{
    say_idle(machine, "");
    assert_non_null(the.machines[machine].upload);
    answer_upload(machine, SPD_OK);
    answer_start(machine, SPD_OK);
    say_state(machine, "printing", the.machines[machine].submission, 1);
    pass_ms(60 * MINUTE);
    say_state(machine, how, the.machines[machine].submission,
              strcmp(how, "finished") == 0 ? 100 : 50);
    call("printers.plate_cleared", "{\"id\":%d}", machine + 1);
    assert_int_equal(the.status, 200);
}

/* -- by hand -- */

static void each_print_is_a_job_behind_the_one_before(void **state)
{
    (void)state;
    add_product(",\"yield\":2,\"nozzle_temp\":215");
    int64_t order = add_order(3, ",\"personalization\":[{\"name\":\"Name\","
                                 "\"value\":\"Ada\"}]");
    assert_int_equal(jobs(), 0);
    schedule(order, ",\"start_offset_minutes\":30,\"material_type\":\"PLA\"");
    assert_int_equal(the.status, 201);
    assert_said("{\"message\":\"2 print jobs of order R1 are scheduled\","
                "\"prints\":[{\"id\":1,");
    struct job first = read_job(1), second = read_job(2);
    int64_t now = shop_now_ms(&the.shop);
    assert_int_equal(jobs(), 2);
    assert_int_equal(first.priority, 10);
    assert_int_equal(second.priority, 9);
    assert_int_equal(first.scheduled_start, now + 30 * MINUTE);
    assert_int_equal(second.scheduled_start, now + (30 + 60 + 15) * MINUTE);
    assert_int_equal(first.yield, 2);
    assert_int_equal(first.nozzle_temp, 215);
    assert_true(str_is(first.notes, "Name: Ada"));
    assert_true(str_is(first.job_name, "Order R1: Dragon"));
    assert_true(first.ship_by == order_of(order).ship_by);
    assert_order(order, PRODUCTION_QUEUED, 0, 0);
}

static void asking_twice_asks_for_no_more(void **state)
{
    (void)state;
    add_product("");
    int64_t order = add_order(2, "");
    schedule(order, "");
    schedule(order, "");
    assert_int_equal(the.status, 200);
    assert_said(
        "{\"message\":\"order R1 needs no more prints\",\"prints\":[]}");
    assert_int_equal(jobs(), 2);
}

static void priorities_of_a_long_chain_stay_above_the_others(void **state)
{
    (void)state;
    add_product("");
    schedule(add_order(12, ""), "");
    assert_int_equal(read_job(10).priority, 1);
    assert_int_equal(read_job(12).priority, 1);
}

static void very_many_prints_are_copies(void **state)
{
    (void)state;
    add_product("");
    schedule(add_order(250, ""), "");
    assert_int_equal(jobs(), 100);
    assert_int_equal(read_job(1).copies, 3);
    assert_int_equal(read_job(100).copies, 2);
}

static void what_cannot_be_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    schedule(9, "");
    assert_int_equal(the.status, 404);
    int64_t order = add_order(1, "");
    schedule(order, "");
    assert_int_equal(the.status, 409);
    assert_said("nobody said yet which products");
    add_product("");
    schedule(order, ",\"printer_id\":7");
    assert_int_equal(the.status, 422);
    assert_said("there is no printer 7");
    call("orders.update", "{\"id\":%lld,\"status\":\"unpaid\"}",
         (long long)order);
    schedule(order, "");
    assert_int_equal(the.status, 409);
    assert_said("order R1 is unpaid");
    assert_int_equal(jobs(), 0);
    assert_order(order, PRODUCTION_NEW, 0, 0);
}

static void an_item_that_nobody_knows_is_left_out_and_said(void **state)
{
    (void)state;
    add_product("");
    int64_t order =
        make("orders.create",
             "{\"source_id\":\"R2\",\"items\":[{\"source_id\":\"a\",\"sku\":"
             "\"DR\"},{\"source_id\":\"b\",\"listing_id\":\"5\"}]}");
    schedule(order, "");
    assert_said("item 2 was left out: nobody said which product it is");
    assert_int_equal(jobs(), 1);
    call("orders.set_product", "{\"id\":%lld,\"number\":2,\"product_id\":1}",
         (long long)order);
    settle();
    assert_int_equal(jobs(), 2); /* the order was asked for */
}

/* -- by itself -- */

static void nothing_happens_by_itself_unless_the_shop_says_so(void **state)
{
    (void)state;
    add_product("");
    int64_t order = add_order(1, "");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 0);
    set_terms("\"auto_schedule\":true");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 1);
    assert_int_equal(read_job(1).scheduled_start, 0);
    assert_order(order, PRODUCTION_QUEUED, 0, 0);
}

static void an_unpaid_order_waits_until_it_is_paid(void **state)
{
    (void)state;
    add_product("");
    set_terms("\"auto_schedule\":true");
    call("orders.create", "{\"source_id\":\"R\",\"status\":\"unpaid\","
                          "\"items\":[{\"source_id\":\"t\",\"sku\":\"DR\"}]}");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 0);
    call("orders.create", "{\"source_id\":\"R\",\"status\":\"paid\","
                          "\"items\":[{\"source_id\":\"t\",\"sku\":\"DR\"}]}");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 1);
}

static void a_product_that_comes_later_is_found(void **state)
{
    (void)state;
    set_terms("\"auto_schedule\":true");
    add_order(1, "");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 0);
    add_product("");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 1);
}

static void power_cuts_ask_for_nothing_twice(void **state)
{
    (void)state;
    add_product("");
    set_terms("\"auto_schedule\":true");
    add_order(2, "");
    power_cut();
    pass_ms(SECOND);
    assert_int_equal(jobs(), 2);
    power_cut();
    pass_ms(SECOND);
    assert_int_equal(jobs(), 2);
}

/* -- the shelf -- */

static void the_shelf_is_asked_first_and_gets_what_is_left_over(void **state)
{
    (void)state;
    int64_t product = add_product(",\"yield\":4");
    add_printer(0);
    make("stock.count", "{\"product_id\":1,\"pieces\":2}");
    int64_t order = add_order(3, "");
    schedule(order, "");
    assert_int_equal(on_shelf(product), 0);
    assert_int_equal(jobs(), 1);
    assert_order(order, PRODUCTION_QUEUED, 2, 0);
    print(0, "finished");
    assert_int_equal(on_shelf(product), 3);
    assert_order(order, PRODUCTION_PRINTED, 6, 0);
    int64_t next = make("orders.create",
                        "{\"source_id\":\"R2\",\"items\":[{\"source_id\":\"t\","
                        "\"sku\":\"DR\",\"quantity\":3}]}");
    schedule(next, "");
    assert_int_equal(jobs(), 1);
    assert_int_equal(on_shelf(product), 0);
    assert_order(next, PRODUCTION_PRINTED, 3, 0);
}

static void what_a_cancelled_order_had_goes_back_to_the_shelf(void **state)
{
    (void)state;
    int64_t product = add_product("");
    add_printer(0);
    make("stock.count", "{\"product_id\":1,\"pieces\":1}");
    int64_t order = add_order(3, "");
    schedule(order, "");
    print(0, "finished");
    assert_int_equal(on_shelf(product), 0);
    call("orders.update", "{\"id\":%lld,\"status\":\"cancelled\"}",
         (long long)order);
    pass_ms(SECOND);
    assert_int_equal(on_shelf(product), 2);
    assert_job(2, "cancelled", "done");
    assert_order(order, PRODUCTION_NEW, 1, 0);
}

/* -- to the end -- */

static void all_is_printed_and_reckoned_to_the_cent_and_the_gram(void **state)
{
    (void)state;
    add_printer(0);
    set_terms("\"labor_per_hour\":30,\"energy_per_kwh\":0.5,"
              "\"printer_watts\":200,\"auto_schedule\":true");
    make("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\","
                          "\"cost\":25}");
    say_idle(0, "");
    make("materials.update", "{\"material_id\":1,\"spool_id\":1}");
    add_product(",\"labor_minutes\":6,\"overhead_cost\":0.3,\"bill\":[{"
                "\"name\":\"ring\",\"count\":2,\"unit_cost\":0.11}]");
    int64_t order = make(
        "orders.create",
        "{\"source_id\":\"R\",\"total\":{\"amount\":2690,\"currency\":\"EUR\"},"
        "\"tax\":{\"amount\":429,\"currency\":\"EUR\"},\"fees\":[{\"name\":"
        "\"sale\",\"amount\":{\"amount\":175,\"currency\":\"EUR\"}}],"
        "\"items\":[{\"source_id\":\"t\",\"sku\":\"DR\",\"quantity\":2,"
        "\"price\":{\"amount\":1000,\"currency\":\"EUR\"}}]}");
    call("orders.update",
         "{\"id\":%lld,\"postage\":{\"amount\":300,\"currency\":\"EUR\"}}",
         (long long)order);
    print(0, "finished");
    assert_order(order, PRODUCTION_PRINTING, 1, 0);
    print(0, "finished");
    assert_order(order, PRODUCTION_PRINTED, 2, 0);
    struct order done = order_of(order);
    assert_grams(done.grams, 40);
    assert_int_equal(llround(done.print_minutes), 120);
    assert_int_equal(llround(done.estimated_minutes), 120);
    assert_int_equal(done.filament.amount, 100); /* 40 g at 25 a kilo */
    assert_int_equal(done.energy.amount, 20);    /* 0.4 kWh at 0.50 */
    assert_int_equal(done.labor.amount, 600);
    assert_int_equal(done.overhead.amount, 60);
    assert_int_equal(done.bought.amount, 44);
    assert_int_equal(done.revenue.amount, 2690 - 429);
    assert_int_equal(done.profit.amount,
                     2261 - 100 - 20 - 600 - 60 - 44 - 175 - 300);
    assert_int_equal(llround(done.margin_pct * 100), 4255);
    const struct order_item *item = done.items.items;
    assert_int_equal(item->profit.amount, done.profit.amount);
}

static void items_share_what_belongs_to_none_of_them(void **state)
{
    (void)state;
    int64_t order = make(
        "orders.create",
        "{\"source_id\":\"R\",\"total\":{\"amount\":1000,\"currency\":\"EUR\"},"
        "\"fees\":[{\"amount\":{\"amount\":100,\"currency\":\"EUR\"}}],"
        "\"items\":[{\"source_id\":\"a\",\"price\":{\"amount\":200,"
        "\"currency\":\"EUR\"}},{\"source_id\":\"b\",\"quantity\":2,\"price\":{"
        "\"amount\":200,\"currency\":\"EUR\"}}]}");
    struct order done = order_of(order);
    const struct order_item *item = done.items.items;
    assert_int_equal(item[0].revenue.amount, 333);
    assert_int_equal(item[1].revenue.amount, 667);
    assert_int_equal(item[0].profit.amount, 333 - 33);
    assert_int_equal(item[1].profit.amount, 667 - 67);
    assert_int_equal(done.profit.amount, 900);
}

static void two_currencies_give_no_profit_rather_than_a_wrong_one(void **state)
{
    (void)state;
    set_terms("\"labor_per_hour\":30");
    add_product(",\"labor_minutes\":6");
    int64_t order = make(
        "orders.create",
        "{\"source_id\":\"R\",\"total\":{\"amount\":1000,\"currency\":\"USD\"},"
        "\"items\":[{\"source_id\":\"t\",\"sku\":\"DR\"}]}");
    struct order done = order_of(order);
    assert_int_equal(done.revenue.amount, 1000);
    assert_true(money_is_null(&done.profit));
    assert_true(isnan(done.margin_pct));
}

static void what_fails_is_made_again_so_often_and_no_more(void **state)
{
    (void)state;
    add_product("");
    add_printer(0);
    set_terms("\"auto_schedule\":true,\"remakes_max\":2");
    int64_t order = add_order(1, "");
    pass_ms(SECOND);
    print(0, "failed");
    assert_int_equal(jobs(), 2);
    assert_order(order, PRODUCTION_QUEUED, 0, 0);
    pass_ms(30 * MINUTE); /* the printer rests after a failure */
    print(0, "failed");
    assert_int_equal(jobs(), 3);
    pass_ms(30 * MINUTE);
    print(0, "failed");
    assert_int_equal(jobs(), 3);
    assert_order(order, PRODUCTION_FAILED, 0, 1);
    assert_grams(order_of(order).grams, 30); /* three halves */
    schedule(order, "");
    assert_int_equal(the.status, 201);
    assert_order(order, PRODUCTION_QUEUED, 0, 0);
}

static void what_a_person_cancels_is_not_made_again(void **state)
{
    (void)state;
    add_product("");
    set_terms("\"auto_schedule\":true");
    int64_t order = add_order(2, "");
    pass_ms(SECOND);
    call("jobs.cancel", "{\"print_id\":1}");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 2);
    assert_order(order, PRODUCTION_QUEUED, 0, 1);
    call("jobs.cancel", "{\"print_id\":2}");
    pass_ms(SECOND);
    assert_order(order, PRODUCTION_FAILED, 0, 2);
    schedule(order, "");
    assert_int_equal(jobs(), 4);
}

static void a_piece_that_is_no_good_is_printed_again(void **state)
{
    (void)state;
    add_product("");
    add_printer(0);
    set_terms("\"auto_schedule\":true");
    int64_t order = add_order(1, "");
    pass_ms(SECOND);
    print(0, "finished");
    assert_order(order, PRODUCTION_PRINTED, 1, 0);
    call("jobs.review", "{\"id\":1,\"scrap\":1}");
    assert_int_equal(the.status, 200);
    pass_ms(SECOND);
    assert_int_equal(jobs(), 2);
    assert_order(order, PRODUCTION_QUEUED, 0, 0);
    assert_int_equal(order_of(order).pieces_scrap, 1);
    print(0, "finished");
    assert_order(order, PRODUCTION_PRINTED, 1, 0);
}

static void more_of_it_is_asked_for_when_the_buyer_wants_more(void **state)
{
    (void)state;
    add_product("");
    set_terms("\"auto_schedule\":true,\"remakes_max\":0");
    add_order(1, "");
    pass_ms(SECOND);
    call("orders.create", "{\"source_id\":\"R1\",\"items\":[{\"source_id\":"
                          "\"t\",\"sku\":\"DR\",\"quantity\":3}]}");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 3);
}

static void shipped_is_shipped_and_a_person_may_say_what_he_sees(void **state)
{
    (void)state;
    add_product("");
    int64_t order = add_order(1, "");
    schedule(order, "");
    call("orders.update", "{\"id\":%lld,\"production_status\":\"PRINTED\"}",
         (long long)order);
    pass_ms(SECOND);
    assert_order(order, PRODUCTION_PRINTED, 0, 0);
    call("orders.update", "{\"id\":%lld,\"production_status\":\"QUEUED\"}",
         (long long)order);
    pass_ms(SECOND);
    assert_order(order, PRODUCTION_QUEUED, 0, 0);
    call("orders.update", "{\"id\":%lld,\"status\":\"shipped\"}",
         (long long)order);
    pass_ms(SECOND);
    assert_order(order, PRODUCTION_SHIPPED, 0, 1);
    assert_job(1, "cancelled", "done");
    assert_true(str_is(read_job(1).failed_reason, "its order was shipped"));
}

/* -- colours, files, priorities -- */

#define COLORED                                                                \
    ",\"variations\":[{\"name\":\"color\",\"value\":\" Forest green\"}]"

static void the_variation_says_the_colour(void **state)
{
    (void)state;
    int64_t file =
        add_file("[{\"index\":1,\"estimated_seconds\":3600,\"grams\":20,"
                 "\"printer_model\":\"P1S\",\"filaments\":[{\"id\":2,\"type\":"
                 "\"PLA\",\"color\":\"#FF0000\",\"grams\":20}]}]");
    make("products.create",
         "{\"product_name\":\"D\",\"sku\":\"DR\",\"parts\":[{\"file_id\":%lld,"
         "\"color_of\":\"Color\"}]}",
         (long long)file);
    int64_t order = add_order(1, COLORED);
    schedule(order, "");
    assert_int_equal(jobs(), 0);
    assert_said("which filament \\\"Forest green\\\" is");
    assert_order(order, PRODUCTION_FAILED, 0, 1);
    call("orders.list", "{\"trouble\":\"true\"}");
    assert_said("\"source_id\":\"R1\"");
    call("products.update", "{\"id\":1,\"colors\":[{\"value\":\"forest green\","
                            "\"color\":\"#00AA00\"}]}");
    pass_ms(SECOND);
    assert_int_equal(jobs(), 1);
    const struct need *need = read_job(1).needs.items;
    assert_int_equal(need->filament, 2);
    assert_true(str_is(need->color, "#00AA00"));
    call("orders.list", "{\"trouble\":\"true\"}");
    assert_string_equal(the.reply.ptr, "[]");
}

static void
a_file_that_is_gone_is_said_before_anything_is_asked_for(void **state)
{
    (void)state;
    add_product("");
    int64_t order = add_order(1, "");
    call("files.delete", "{\"id\":2}");
    assert_int_equal(the.status, 200);
    schedule(order, "");
    assert_said("item 1: the file of part 1 is gone");
    assert_int_equal(jobs(), 0);
}

static void an_absurd_number_is_said_and_not_printed(void **state)
{
    (void)state;
    int64_t product = add_product("");
    call("products.update",
         "{\"id\":%lld,\"file_id\":null,\"parts\":[{\"file_id\":1,\"count\":"
         "1000}]}",
         (long long)product);
    assert_int_equal(the.status, 200);
    schedule(add_order(10000, ""), "");
    assert_said("10000000 pieces of one part are too many");
    assert_int_equal(jobs(), 0);
}

static void the_orders_priority_reaches_its_jobs(void **state)
{
    (void)state;
    add_product("");
    int64_t order = add_order(2, "");
    schedule(order, "");
    call("orders.update", "{\"id\":%lld,\"priority\":100}", (long long)order);
    assert_int_equal(read_job(1).priority, 110);
    assert_int_equal(read_job(2).priority, 109);
}

static void jobs_are_due_when_their_items_are(void **state)
{
    (void)state;
    add_product("");
    int64_t order = add_order(2, "");
    schedule(order, "");
    call("jobs.update",
         "{\"print_id\":2,\"ship_by\":\"2030-01-02T00:00:00Z\"}");
    assert_int_equal(the.status, 200);
    int64_t by_hand = read_job(2).ship_by;
    call("orders.update", "{\"id\":%lld,\"notes\":\"x\"}", (long long)order);
    pass_ms(SECOND);
    assert_true(read_job(2).ship_by == by_hand);
    call("orders.update", "{\"id\":%lld,\"ship_by\":\"2030-01-03T00:00:00Z\"}",
         (long long)order);
    pass_ms(SECOND);
    assert_true(read_job(1).ship_by == order_of(order).ship_by);
    assert_true(read_job(2).ship_by == order_of(order).ship_by);
}

static void an_item_that_is_gone_is_not_printed(void **state)
{
    (void)state;
    add_product("");
    int64_t order = add_order(2, "");
    schedule(order, "");
    call("orders.update",
         "{\"id\":%lld,\"items\":[{\"source_id\":\"u\",\"sku\":\"DR\"}]}",
         (long long)order);
    pass_ms(SECOND);
    assert_job(1, "cancelled", "done");
    assert_job(2, "cancelled", "done");
    assert_job(3, "queued", "waiting"); /* of the other item */
    assert_order(order, PRODUCTION_QUEUED, 0, 0);
}

/* -- the judge -- */

static void on_judge(void *arg, int64_t order_id, spd_str order)
{
    (void)arg;
    assert_non_null(memchr(order.ptr, '{', order.len));
    scene.asked++;
    scene.asked_about = order_id;
}

static void judge(const char *verdict)
{
    spd_json *json = json_parse(str_of(verdict), NULL);
    intake_judged(scene.intake, scene.asked_about, json);
    json_free(json);
    settle();
}

static int64_t order_before_the_judge(void)
{
    intake_set_judge(scene.intake, on_judge, NULL);
    add_product("");
    set_terms("\"auto_schedule\":true");
    int64_t order = add_order(1, "");
    settle();
    assert_int_equal(scene.asked, 1);
    assert_int_equal(scene.asked_about, order);
    assert_int_equal(jobs(), 0);
    return order;
}

static void a_rule_may_change_an_order(void **state)
{
    (void)state;
    int64_t order = order_before_the_judge();
    judge("{\"priority\":42,\"material_type\":\"PETG\"}");
    assert_int_equal(jobs(), 1);
    assert_int_equal(read_job(1).priority, 42);
    assert_true(str_is(read_job(1).material_type, "PETG"));
    assert_int_equal(order_of(order).priority, 42);
    judge("{}");
    assert_int_equal(jobs(), 1);
}

static void a_rule_may_hold_an_order_until_a_person_lets_it_go(void **state)
{
    (void)state;
    int64_t order = order_before_the_judge();
    judge("{\"hold\":\"the name is rude\"}");
    pass_ms(MINUTE);
    assert_int_equal(jobs(), 0);
    assert_true(str_is(order_of(order).hold_reason, "the name is rude"));
    schedule(order, "");
    assert_int_equal(jobs(), 1);
    assert_false(order_of(order).held);
    assert_int_equal(scene.asked, 1);
}

static void without_an_answer_a_person_decides(void **state)
{
    (void)state;
    int64_t order = order_before_the_judge();
    pass_ms(INTAKE_JUDGED_WITHIN_MS);
    assert_true(order_of(order).held);
    judge("{}");
    assert_int_equal(jobs(), 0);
}

static void a_power_cut_asks_the_judge_again(void **state)
{
    (void)state;
    order_before_the_judge();
    take_picture();
    down();
    crash_to_picture();
    scene.intake = intake_new(&the.shop);
    intake_set_judge(scene.intake, on_judge, NULL);
    intake_start(scene.intake);
    settle();
    assert_int_equal(scene.asked, 2);
    judge("{}");
    assert_int_equal(jobs(), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_print_is_a_job_behind_the_one_before),
        TEST(asking_twice_asks_for_no_more),
        TEST(priorities_of_a_long_chain_stay_above_the_others),
        TEST(very_many_prints_are_copies),
        TEST(what_cannot_be_is_refused_and_leaves_nothing),
        TEST(an_item_that_nobody_knows_is_left_out_and_said),
        TEST(nothing_happens_by_itself_unless_the_shop_says_so),
        TEST(an_unpaid_order_waits_until_it_is_paid),
        TEST(a_product_that_comes_later_is_found),
        TEST(power_cuts_ask_for_nothing_twice),
        TEST(the_shelf_is_asked_first_and_gets_what_is_left_over),
        TEST(what_a_cancelled_order_had_goes_back_to_the_shelf),
        TEST(all_is_printed_and_reckoned_to_the_cent_and_the_gram),
        TEST(items_share_what_belongs_to_none_of_them),
        TEST(two_currencies_give_no_profit_rather_than_a_wrong_one),
        TEST(what_fails_is_made_again_so_often_and_no_more),
        TEST(what_a_person_cancels_is_not_made_again),
        TEST(a_piece_that_is_no_good_is_printed_again),
        TEST(more_of_it_is_asked_for_when_the_buyer_wants_more),
        TEST(shipped_is_shipped_and_a_person_may_say_what_he_sees),
        TEST(the_variation_says_the_colour),
        TEST(a_file_that_is_gone_is_said_before_anything_is_asked_for),
        TEST(an_absurd_number_is_said_and_not_printed),
        TEST(the_orders_priority_reaches_its_jobs),
        TEST(jobs_are_due_when_their_items_are),
        TEST(an_item_that_is_gone_is_not_printed),
        TEST(a_rule_may_change_an_order),
        TEST(a_rule_may_hold_an_order_until_a_person_lets_it_go),
        TEST(without_an_answer_a_person_decides),
        TEST(a_power_cut_asks_the_judge_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
