#include "store/record.h"

#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct span by(int index, const struct key *prefix)
{
    return (struct span){ .index = &parcel_indexes[index], .prefix = prefix };
}

static int64_t find(struct shop *shop, int index, struct key key)
{
    spd_txn *txn = store_read(shop->store);
    int64_t id = record_find(txn, &parcel_kind, &parcel_indexes[index], &key);
    store_read_end(txn);
    return id;
}

/* -- one record -- */

static void what_was_put_is_got_back(void **state)
{
    struct shop *shop = *state;
    spd_str marks[] = { STR("fragile"), STR("this \"side\" up") };
    struct parcel put = parcel_new("socks", 3, 7);
    put.marks = (struct list){ marks, 2 };
    put.code = STR("0000");
    int64_t id = shop_put(shop, &put);

    struct arena arena = { 0 };
    struct parcel got;
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_get(txn, &parcel_kind, id, &got, &arena, NULL),
                     SPD_OK);
    store_read_end(txn);
    assert_int_equal(got.id, 1);
    assert_int_equal(got.shelf, 3);
    assert_true(str_is(got.label, "socks"));
    assert_null(got.note.ptr);
    assert_int_equal(got.marks.count, 2);
    assert_true(str_equal(((spd_str *)got.marks.items)[1], marks[1]));
    assert_true(str_is(got.code, "0000"));
    arena_fini(&arena);
}

static void a_record_outlives_the_transaction_it_was_read_in(void **state)
{
    struct shop *shop = *state;
    struct arena arena = { 0 };
    struct parcel got;
    int64_t id = shop_add(shop, "socks", 1, 1);
    spd_txn *txn = store_read(shop->store);
    record_get(txn, &parcel_kind, id, &got, &arena, NULL);
    store_read_end(txn);
    for (int i = 0; i < 50; i++) {
        struct parcel other = parcel_new("shirts", 1, 1);
        other.id = id;
        shop_put(shop, &other);
    }
    assert_true(str_is(got.label, "socks"));
    arena_fini(&arena);
}

static void the_shown_text_has_all_but_the_secret(void **state)
{
    struct shop *shop = *state;
    struct parcel put = parcel_new("socks", 3, 7);
    put.code = STR("0000");
    int64_t id = shop_put(shop, &put);
    spd_str json = { NULL, 0 };
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_text(txn, &parcel_kind, id, &json, NULL), SPD_OK);
    assert_true(str_is(json,
                       "{\"id\":1,\"shelf\":3,\"priority\":7,"
                       "\"label\":\"socks\",\"note\":null,"
                       "\"status\":\"waiting\",\"marks\":[],\"urgent\":true}"));
    store_read_end(txn);
}

static void a_record_that_is_not_there_is_named(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    struct parcel parcel = parcel_new("socks", 1, 1);
    parcel.id = 7;
    assert_int_equal(shop_try_put(shop, &parcel, &err), SPD_ENOTFOUND);
    assert_string_equal(err.text, "there is no parcel 7");
    assert_int_equal(parcel.id, 7);
}

static void ids_go_on_after_the_last_one_was_removed(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "a", 1, 1);
    shop_del(shop, shop_add(shop, "b", 1, 1));
    assert_int_equal(shop_add(shop, "c", 1, 1), 3);
    shop_del(shop, 3);
    shop_close(shop);
    shop_open(shop);
    assert_int_equal(shop_add(shop, "d", 1, 1), 4);
}

static void a_removed_record_is_in_no_index(void **state)
{
    struct shop *shop = *state;
    int64_t id = shop_add(shop, "socks", 1, 1);
    shop_del(shop, id);
    assert_int_equal(find(shop, BY_LABEL, key_of_text("socks")), 0);
    assert_int_equal(find(shop, BY_SHELF, key_of_int(1)), 0);
    spd_txn *txn = store_read(shop->store);
    assert_false(record_exists(txn, &parcel_kind, id));
    assert_int_equal(record_count(txn, &parcel_kind), 0);
    store_read_end(txn);
}

static void a_removed_record_is_not_put_again(void **state)
{
    struct shop *shop = *state;
    struct parcel parcel = parcel_new("socks", 1, 1);
    shop_del(shop, shop_put(shop, &parcel));
    assert_int_equal(shop_try_put(shop, &parcel, NULL), SPD_ENOTFOUND);
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_count(txn, &parcel_kind), 0);
    store_read_end(txn);
}

/* -- indexes -- */

static void an_index_lists_in_the_order_of_its_key(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "a", 1, 5);
    shop_add(shop, "b", 2, 9);
    shop_add(shop, "c", 1, 8);
    shop_add(shop, "d", 1, 5);
    struct key shelf = key_of_int(1);
    struct span span = by(BY_SHELF, &shelf);
    assert_string_equal(shop_ids(shop, &span), "[3,1,4]");
    assert_string_equal(shop_list(shop, &span, NULL), "[3,1,4]");
    span.backwards = true;
    assert_string_equal(shop_ids(shop, &span), "[4,1,3]");
    assert_string_equal(shop_list(shop, &span, NULL), "[4,1,3]");
}

static void a_changed_record_moves_in_its_indexes(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "a", 1, 5);
    shop_add(shop, "b", 1, 5);
    struct parcel moved = parcel_new("b", 1, 9);
    moved.id = 2;
    shop_put(shop, &moved);
    struct span span = by(BY_SHELF, NULL);
    assert_string_equal(shop_ids(shop, &span), "[2,1]");
    moved.shelf = SHELF_NONE;
    shop_put(shop, &moved);
    assert_string_equal(shop_ids(shop, &span), "[1]");
    moved.shelf = 0;
    shop_put(shop, &moved);
    assert_string_equal(shop_ids(shop, &span), "[2,1]");
}

static void a_list_shows_the_last_text_in_every_order(void **state)
{
    struct shop *shop = *state;
    struct parcel parcel = parcel_new("a", 1, 5);
    shop_put(shop, &parcel);
    parcel.note = STR("new"); /* and its place stays the same */
    shop_put(shop, &parcel);
    for (int index = 0; index < PARCEL_INDEXES; index++) {
        struct span span = by(index, NULL);
        struct buf out = { 0 };
        spd_txn *txn = store_read(shop->store);
        record_list(txn, &parcel_kind, &span, NULL, NULL, &out);
        store_read_end(txn);
        buf_put_char(&out, '\0');
        assert_non_null(strstr(out.ptr, "\"note\":\"new\""));
        buf_fini(&out);
    }
}

static void negative_numbers_come_before_positive_ones(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "a", 10, 1);
    shop_add(shop, "b", INT64_MIN + 1, 1);
    shop_add(shop, "c", 0, 1);
    shop_add(shop, "d", -2, 1);
    struct span span = by(BY_SHELF, NULL);
    assert_string_equal(shop_ids(shop, &span), "[2,4,3,1]");
}

static void texts_sort_by_their_bytes_and_a_prefix_first(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "abc", 1, 1);
    shop_add(shop, "b", 1, 1);
    shop_add(shop, "ab", 1, 1);
    shop_add(shop, "ab\001c", 1, 1);
    shop_add(shop, "", 1, 1);
    struct span span = by(BY_LABEL, NULL);
    assert_string_equal(shop_ids(shop, &span), "[5,3,4,1,2]");
}

static void long_texts_that_differ_late_are_told_apart(void **state)
{
    struct shop *shop = *state;
    char a[1000], b[1000];
    memset(a, 'x', sizeof(a));
    a[sizeof(a) - 1] = '\0';
    memcpy(b, a, sizeof(b));
    b[sizeof(b) - 2] = 'y';
    assert_int_equal(shop_add(shop, a, 1, 1), 1);
    assert_int_equal(shop_add(shop, b, 1, 1), 2);
    assert_int_equal(find(shop, BY_LABEL, key_of_text(a)), 1);
    assert_int_equal(find(shop, BY_LABEL, key_of_text(b)), 2);
}

static void a_second_record_of_a_unique_key_is_refused(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    shop_add(shop, "socks", 1, 1);
    struct parcel second = parcel_new("socks", 2, 2);
    assert_int_equal(shop_try_put(shop, &second, &err), SPD_EEXIST);
    assert_string_equal(err.text, "parcel 1 has the same label already");
    assert_int_equal(second.id, 0);
    struct span all = { 0 };
    assert_string_equal(shop_ids(shop, &all), "[1]");
}

static void a_unique_key_is_free_again_once_its_record_let_go(void **state)
{
    struct shop *shop = *state;
    struct parcel first = parcel_new("socks", 1, 1);
    shop_put(shop, &first);
    shop_put(shop, &first);    /* one's own key is no hindrance */
    first.label = STR("sock"); /* and a longer one is another */
    shop_put(shop, &first);
    assert_int_equal(shop_add(shop, "socks", 1, 1), 2);
    shop_del(shop, 2);
    assert_int_equal(shop_add(shop, "socks", 1, 1), 3);
}

/* The label's bytes as they are: one key may begin another. */
static bool key_raw(const void *record, struct key *key)
{
    spd_str label = ((const struct parcel *)record)->label;
    for (size_t i = 0; i < label.len; i++)
        key_put_byte(key, (unsigned char)label.ptr[i]);
    return true;
}

static const struct index raw_index = { "label", key_raw, INDEX_UNIQUE };
static struct kind raw_kind;

static spd_err run_raw(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "parcel.put", STR("person/1") };
    struct parcel parcel = parcel_new(arg, 1, 1);
    return record_put(txn, &raw_kind, &parcel, &change, err);
}

static spd_err put_raw(struct shop *shop, char *label)
{
    return store_write_now(shop->store, run_raw, label, NULL);
}

static void a_key_that_begins_another_is_not_the_same(void **state)
{
    struct shop *shop = *state;
    char a[] = "a", ab[] = "ab";
    raw_kind = parcel_kind;
    raw_kind.indexes = &raw_index;
    raw_kind.index_count = 1;
    shop_close(shop);
    assert_non_null(shop_open_as(shop, &raw_kind, 0, NULL));
    assert_int_equal(put_raw(shop, ab), SPD_OK);
    assert_int_equal(put_raw(shop, a), SPD_OK);
    assert_int_equal(put_raw(shop, a), SPD_EEXIST);
    assert_int_equal(put_raw(shop, ab), SPD_EEXIST);
}

/* -- paging -- */

static void fill(struct shop *shop, int count)
{
    for (int i = 0; i < count; i++) {
        char label[16];
        snprintf(label, sizeof(label), "p%d", i);
        shop_add(shop, label, i % 2, i % 3);
    }
}

static void assert_pages(struct shop *shop, struct span span,
                         const char *const *pages)
{
    for (; *pages != NULL; pages++) {
        assert_string_equal(shop_list(shop, &span, &span.after_id), *pages);
        assert_true((span.after_id == 0) == (pages[1] == NULL));
    }
}

static void pages_by_id_follow_each_other(void **state)
{
    struct shop *shop = *state;
    fill(shop, 7);
    static const char *const on[] = { "[1,2,3]", "[4,5,6]", "[7]", NULL };
    static const char *const back[] = { "[7,6,5]", "[4,3,2]", "[1]", NULL };
    assert_pages(shop, (struct span){ .limit = 3 }, on);
    assert_pages(shop, (struct span){ .limit = 3, .backwards = true }, back);
}

static void pages_of_an_index_follow_each_other_both_ways(void **state)
{
    struct shop *shop = *state;
    fill(shop, 8); /* shelf 0: 1 3 5 7 of priorities 0 2 1 0 */
    struct key shelf = key_of_int(0);
    struct span span = by(BY_SHELF, &shelf);
    span.limit = 2;
    static const char *const on[] = { "[3,5]", "[1,7]", NULL };
    static const char *const back[] = { "[7,1]", "[5,3]", NULL };
    assert_pages(shop, span, on);
    span.backwards = true;
    assert_pages(shop, span, back);
}

static void nothing_follows_a_record_that_left_the_stretch(void **state)
{
    struct shop *shop = *state;
    fill(shop, 4);
    struct key shelf = key_of_int(0);
    struct span span = by(BY_SHELF, &shelf);
    span.after_id = 2; /* on the other shelf */
    assert_string_equal(shop_list(shop, &span, NULL), "[]");
    span.after_id = 99;
    assert_string_equal(shop_list(shop, &span, NULL), "[]");
}

static void a_stretch_may_begin_at_a_key_that_nothing_has(void **state)
{
    struct shop *shop = *state;
    fill(shop, 8); /* shelf 0: 1 3 5 7 of priorities 0 2 1 0 */
    struct key shelf = key_of_int(0), from = key_of_int(0);
    struct span span = by(BY_SHELF, &shelf);
    span.from = &from;
    key_put_int(&from, -1);
    assert_string_equal(shop_list(shop, &span, NULL), "[5,1,7]");
    key_put_byte(&from, 0xff); /* behind all of that key */
    assert_string_equal(shop_list(shop, &span, NULL), "[1,7]");
    from = key_of_int(0);
    key_put_int(&from, 1);
    assert_string_equal(shop_list(shop, &span, NULL), "[]");
}

static void a_page_by_id_goes_on_behind_a_removed_record(void **state)
{
    struct shop *shop = *state;
    fill(shop, 5);
    shop_del(shop, 3);
    struct span span = { .after_id = 3 };
    assert_string_equal(shop_list(shop, &span, NULL), "[4,5]");
    span.backwards = true;
    assert_string_equal(shop_list(shop, &span, NULL), "[2,1]");
}

static bool is_sent(void *arg, const void *record)
{
    (void)arg;
    return ((const struct parcel *)record)->status == PARCEL_SENT;
}

static void a_page_of_wanted_ones_tells_whether_more_are_wanted(void **state)
{
    struct shop *shop = *state;
    for (int i = 0; i < 9; i++) {
        char label[16];
        snprintf(label, sizeof(label), "p%d", i);
        struct parcel parcel = parcel_new(label, 1, 1);
        parcel.status = i % 3 == 0 ? PARCEL_SENT : PARCEL_WAITING;
        shop_put(shop, &parcel);
    }
    struct buf out = { 0 };
    struct span span = { .limit = 2 };
    spd_txn *txn = store_read(shop->store);
    int64_t next = record_list(txn, &parcel_kind, &span, is_sent, NULL, &out);
    assert_int_equal(next, 4);
    span.after_id = next;
    buf_clear(&out);
    next = record_list(txn, &parcel_kind, &span, is_sent, NULL, &out);
    assert_int_equal(next, 0);
    buf_put_char(&out, 0);
    assert_non_null(strstr(out.ptr, "\"id\":7"));
    buf_fini(&out);
    store_read_end(txn);
}

static void an_empty_list_is_an_empty_array(void **state)
{
    struct shop *shop = *state;
    struct key shelf = key_of_int(5);
    struct span spans[] = {
        { 0 }, { .backwards = true }, by(BY_SHELF, &shelf), by(BY_LABEL, NULL)
    };
    for (size_t i = 0; i < FIELD_COUNT(spans); i++)
        assert_string_equal(shop_list(shop, &spans[i], NULL), "[]");
}

static bool count_others(void *arg, const void *record)
{
    spd_txn *txn = arg;
    const struct parcel *parcel = record;
    struct key shelf = key_of_int(parcel->shelf);
    struct span span = by(BY_SHELF, &shelf);
    struct buf out = { 0 };
    record_list(txn, &parcel_kind, &span, NULL, NULL, &out);
    assert_true(out.len > 2);
    buf_fini(&out);
    return true;
}

static void walks_may_be_nested(void **state)
{
    struct shop *shop = *state;
    fill(shop, 9);
    struct span span = by(BY_SHELF, NULL);
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_each(txn, &parcel_kind, &span, count_others, txn),
                     9);
    assert_ptr_equal(store_read(shop->store), txn);
    store_read_end(txn);
    store_read_end(txn);
}

static void large_records_are_kept_whole(void **state)
{
    struct shop *shop = *state;
    char *note = mem_new(90001);
    memset(note, 'n', 90000);
    struct parcel parcel = parcel_new("big", 1, 1);
    parcel.note = (spd_str){ note, 90000 };
    shop_put(shop, &parcel);
    struct arena arena = { 0 };
    struct parcel got;
    spd_txn *txn = store_read(shop->store);
    record_get(txn, &parcel_kind, parcel.id, &got, &arena, NULL);
    store_read_end(txn);
    assert_true(str_equal(got.note, parcel.note));
    arena_fini(&arena);
    free(note);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, shop_set_up, shop_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_got_back),
        TEST(a_record_outlives_the_transaction_it_was_read_in),
        TEST(the_shown_text_has_all_but_the_secret),
        TEST(a_record_that_is_not_there_is_named),
        TEST(ids_go_on_after_the_last_one_was_removed),
        TEST(a_removed_record_is_in_no_index),
        TEST(a_removed_record_is_not_put_again),
        TEST(an_index_lists_in_the_order_of_its_key),
        TEST(a_changed_record_moves_in_its_indexes),
        TEST(a_list_shows_the_last_text_in_every_order),
        TEST(negative_numbers_come_before_positive_ones),
        TEST(texts_sort_by_their_bytes_and_a_prefix_first),
        TEST(long_texts_that_differ_late_are_told_apart),
        TEST(a_second_record_of_a_unique_key_is_refused),
        TEST(a_unique_key_is_free_again_once_its_record_let_go),
        TEST(a_key_that_begins_another_is_not_the_same),
        TEST(pages_by_id_follow_each_other),
        TEST(pages_of_an_index_follow_each_other_both_ways),
        TEST(nothing_follows_a_record_that_left_the_stretch),
        TEST(a_stretch_may_begin_at_a_key_that_nothing_has),
        TEST(a_page_by_id_goes_on_behind_a_removed_record),
        TEST(a_page_of_wanted_ones_tells_whether_more_are_wanted),
        TEST(an_empty_list_is_an_empty_array),
        TEST(walks_may_be_nested),
        TEST(large_records_are_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
