#include "store/key.h"

#include "shop.h"

#include <string.h>

/* Two parts of a key: a text, and a number behind it. */
static struct key pair(spd_str text, int64_t number)
{
    struct key key = { .len = 0 };
    key_put_text(&key, text);
    key_put_int(&key, number);
    return key;
}

static void assert_before(struct key a, struct key b)
{
    assert_true(str_compare(key_str(&a), key_str(&b)) < 0);
}

static void numbers_sort_as_numbers(void **state)
{
    (void)state;
    static const int64_t sorted[] = {
        INT64_MIN, INT64_MIN + 1, -256, -255, -1, 0, 1, 255, 256, INT64_MAX,
    };
    for (size_t i = 1; i < sizeof(sorted) / sizeof(sorted[0]); i++)
        assert_before(key_of_int(sorted[i - 1]), key_of_int(sorted[i]));
}

static void a_text_sorts_before_its_longer_ones_whatever_follows(void **state)
{
    (void)state;
    assert_before(pair(STR("ab"), INT64_MAX), pair(STR("abc"), INT64_MIN));
    assert_before(pair(STR("ab"), INT64_MAX), pair(STR("ab\1"), INT64_MIN));
    assert_before(pair(STR(""), INT64_MAX), pair(STR("\1"), INT64_MIN));
}

static void zero_bytes_in_a_text_do_not_end_it(void **state)
{
    (void)state;
    assert_before(pair(STR("ab"), INT64_MAX), pair(STR("ab\0"), INT64_MIN));
    assert_before(pair(STR("ab\0c"), 9), pair(STR("ab\1"), 0));
    assert_before(pair(STR("ab\0\1"), 9), pair(STR("ab\1\0"), 0));
}

static void no_text_is_the_empty_text(void **state)
{
    (void)state;
    struct key a = pair((spd_str){ NULL, 0 }, 1), b = pair(STR(""), 1);
    assert_true(str_equal(key_str(&a), key_str(&b)));
}

static void three_long_texts_and_three_numbers_fit_one_key(void **state)
{
    (void)state;
    char text[500];
    memset(text, 'x', sizeof(text));
    struct key key = { .len = 0 };
    for (int i = 0; i < 3; i++) {
        memset(text, i == 1 ? 1 : 'x', sizeof(text));
        key_put_text(&key, (spd_str){ text, sizeof(text) });
        key_put_int(&key, i);
    }
    assert_in_range(key.len, 1, KEY_MAX_BYTES - 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_sort_as_numbers),
        cmocka_unit_test(a_text_sorts_before_its_longer_ones_whatever_follows),
        cmocka_unit_test(zero_bytes_in_a_text_do_not_end_it),
        cmocka_unit_test(no_text_is_the_empty_text),
        cmocka_unit_test(three_long_texts_and_three_numbers_fit_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
