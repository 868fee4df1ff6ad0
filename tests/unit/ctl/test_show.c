#include "ctl/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/cell.h"
#include "ctl/progress.h"
#include "ctl/table.h"
#include "sample.h"

static struct scene {
    struct buf out;
} the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    setenv("TZ", "XYZ-2", 1); /* two hours east */
    tzset();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&the.out);
    return 0;
}

static void check_shown(const char *value, const char *schema, size_t width,
                        const char *expected)
{
    spd_json *json = sample_json(value);
    spd_json *of = schema == NULL ? NULL : sample_json(schema);
    buf_clear(&the.out);
    show_reply(&the.out, json, of, width);
    check_str(buf_str(&the.out), expected);
    json_free(json);
    json_free(of);
}

/* -- lists -- */

static void a_list_is_a_table_with_numbers_to_the_right(void **state)
{
    (void)state;
    check_shown("[{'id':7,'name':'Left'},{'id':12,'name':'Right shelf'}]", NULL,
                0,
                "id  name\n"
                " 7  Left\n"
                "12  Right shelf\n");
}

static void columns_come_in_the_order_of_the_description(void **state)
{
    (void)state;
    check_shown("[{'b':'2','a':'1','c':'3'}]",
                "{'type':'array','items':{'properties':{'a':{},'b':{}}}}", 0,
                "a  b\n"
                "1  2\n");
}

static void a_column_without_any_value_is_left_out(void **state)
{
    (void)state;
    check_shown("[{'id':1,'x':null,'y':null},{'id':2,'x':null,'y':3}]", NULL, 0,
                "id  y\n"
                " 1  -\n"
                " 2  3\n");
}

static void a_column_of_empty_lists_is_left_out(void **state)
{
    (void)state;
    check_shown("[{'id':1,'tags':[],'notes':''},{'id':2,'tags':[]}]", NULL, 0,
                "id\n"
                " 1\n"
                " 2\n");
}

static void a_long_name_is_shortened_but_never_a_number(void **state)
{
    (void)state;
    check_shown("[{'estimated_duration_minutes':19,'id':1234567890123}]", NULL,
                23,
                "estimat\xE2\x80\xA6             id\n"
                "      19  1234567890123\n");
}

static void a_long_name_is_shortened_before_any_text(void **state)
{
    (void)state;
    check_shown("[{'id':1,'name':'abcdefghijklmnopqrst','has_thumbnail':true}]",
                NULL, 36,
                "id  name                  has_thumb\xE2\x80\xA6\n"
                " 1  abcdefghijklmnopqrst  yes\n");
}

static void what_has_parts_of_its_own_is_not_in_a_table(void **state)
{
    (void)state;
    check_shown("[{'id':1,'plates':[{'index':1}],'tags':['a','b']}]", NULL, 0,
                "id  tags\n"
                " 1  a, b\n");
}

static void an_empty_list_says_so(void **state)
{
    (void)state;
    check_shown("[]", NULL, 80, "none\n");
}

static void long_texts_are_shortened_to_fit(void **state)
{
    (void)state;
    check_shown("[{'id':1,'name':'abcdefghijklmnopqrstuvwxyz'}]", NULL, 24,
                "id  name\n"
                " 1  abcdefghijklmnopqrs\xE2\x80\xA6\n");
}

static void columns_that_say_the_same_everywhere_go_first(void **state)
{
    (void)state;
    check_shown("[{'id':1,'user_id':100,'name':'abc','status':'new'},"
                "{'id':2,'user_id':100,'name':'xyz','status':'old'}]",
                NULL, 20,
                "id  name  status\n"
                " 1  abc   new\n"
                " 2  xyz   old\n");
}

static void then_the_last_columns_go_but_never_the_first(void **state)
{
    (void)state;
    const char *rows = "[{'id':1,'name':'abc','status':'new'},"
                       "{'id':2,'name':'xyz','status':'old'}]";
    check_shown(rows, NULL, 10,
                "id  name\n"
                " 1  abc\n"
                " 2  xyz\n");
    check_shown(rows, NULL, 1,
                "id\n"
                " 1\n"
                " 2\n");
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    spd_json *rows = sample_json(
        "[{'id':1,'a':'Gr\xC3\xB6\xC3\x9F"
        "e und noch viel mehr davon',"
        "'b':'another text that is rather long','c':1.25,'d':'short'},"
        "{'id':2,'a':'x','b':'y','c':3,'d':'z'}]");
    for (size_t width = 4; width < 100; width++) {
        buf_clear(&the.out);
        table_put(&the.out, rows, NULL, width, 0);
        spd_str rest = buf_str(&the.out);
        while (rest.len > 0)
            assert_true(cell_width(str_cut(&rest, '\n')) <= width);
    }
    json_free(rows);
}

/* -- records -- */

static void a_record_is_lines_of_name_and_value(void **state)
{
    (void)state;
    check_shown("{'id':7,'job_name':'Bracket','notes':null,'done':true}", NULL,
                80,
                "id        7\n"
                "job_name  Bracket\n"
                "notes     -\n"
                "done      yes\n");
}

static void what_is_within_a_record_stands_below(void **state)
{
    (void)state;
    check_shown("{'id':7,'plates':[{'index':1,'grams':2.5}],"
                "'cost':{'amount':3}}",
                NULL, 80,
                "id  7\n"
                "plates:\n"
                "  index  grams\n"
                "      1    2.5\n"
                "cost:\n"
                "  amount  3\n");
}

/* -- values -- */

static void moments_are_shown_in_local_time(void **state)
{
    (void)state;
    check_shown("{'at':'2026-11-22T23:30:15.123Z'}", NULL, 0,
                "at  2026-11-23 01:30\n");
}

static void a_text_that_looks_like_a_moment_stays_a_text(void **state)
{
    (void)state;
    check_shown("{'at':'2026-99-22T23:30:15.123Z'}", NULL, 0,
                "at  2026-99-22T23:30:15.123Z\n");
}

static void large_ids_keep_all_their_digits(void **state)
{
    (void)state;
    check_shown("{'id':9007199254740991,'grams':0.1}", NULL, 0,
                "id     9007199254740991\n"
                "grams  0.1\n");
}

/* Names of files and notes of buyers are strangers' texts. */
static void a_strangers_text_cannot_drive_the_terminal(void **state)
{
    (void)state;
    check_shown("{'name':'a\\u001b[2Jb\\nc\\u009bd\\u202ee\\u007f'}", NULL, 0,
                "name  a?[2Jb c?d?e?\n");
    check_shown("[{'\\u001bname':'x'}]", NULL, 0,
                "?name\n"
                "x\n");
}

static void wide_characters_keep_the_columns_straight(void **state)
{
    (void)state;
    check_shown("[{'a':'Gr\xC3\xB6\xC3\x9F"
                "e','b':'x'},"
                "{'a':'plain','b':'y'}]",
                NULL, 0,
                "a      b\n"
                "Gr\xC3\xB6\xC3\x9F"
                "e  x\n"
                "plain  y\n");
}

/* -- refusals -- */

static void check_refusal(const char *body, int status, const char *expected)
{
    buf_clear(&the.out);
    show_refusal(&the.out, str_of(body), status);
    check_str(buf_str(&the.out), expected);
}

static void a_refusal_says_the_sentence_and_each_fields(void **state)
{
    (void)state;
    check_refusal("{\"error\":\"That is not a job\",\"code\":\"invalid\","
                  "\"fields\":{\"plate\":\"is not in the file\"}}",
                  400,
                  "That is not a job\n"
                  "  plate: is not in the file\n");
}

static void a_refusal_of_another_server_says_its_number(void **state)
{
    (void)state;
    check_refusal("<html>Bad Gateway</html>", 502,
                  "the server answered 502 and did not say why\n");
}

/* -- uploads -- */

static void the_bar_grows_with_the_upload(void **state)
{
    (void)state;
    progress_put(&the.out, 1000000, 2000000);
    check_str(buf_str(&the.out), "\r[###############...............]  50 %"
                                 "  1.0 of 2.0 MB");
    buf_clear(&the.out);
    progress_put(&the.out, 0, 0);
    check_contains(buf_str(&the.out), "100 %");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_is_a_table_with_numbers_to_the_right),
        TEST(columns_come_in_the_order_of_the_description),
        TEST(a_column_without_any_value_is_left_out),
        TEST(a_column_of_empty_lists_is_left_out),
        TEST(a_long_name_is_shortened_but_never_a_number),
        TEST(a_long_name_is_shortened_before_any_text),
        TEST(what_has_parts_of_its_own_is_not_in_a_table),
        TEST(an_empty_list_says_so),
        TEST(long_texts_are_shortened_to_fit),
        TEST(columns_that_say_the_same_everywhere_go_first),
        TEST(then_the_last_columns_go_but_never_the_first),
        TEST(no_line_is_wider_than_the_terminal),
        TEST(a_record_is_lines_of_name_and_value),
        TEST(what_is_within_a_record_stands_below),
        TEST(moments_are_shown_in_local_time),
        TEST(a_text_that_looks_like_a_moment_stays_a_text),
        TEST(large_ids_keep_all_their_digits),
        TEST(a_strangers_text_cannot_drive_the_terminal),
        TEST(wide_characters_keep_the_columns_straight),
        TEST(a_refusal_says_the_sentence_and_each_fields),
        TEST(a_refusal_of_another_server_says_its_number),
        TEST(the_bar_grows_with_the_upload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
