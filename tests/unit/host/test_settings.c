#include "host/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

static const char *say_here(const void *arg, const char *key,
                            char out[HOST_PLACE_BYTES])
{
    (void)arg, (void)key, (void)out;
    return "here";
}

static const struct host_place here = { say_here, NULL };

static void durations_are_numbers_with_a_unit(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "0s", 0 },       { "250ms", 250 },
        { "30s", 30000 },  { "5m", 300000 },
        { "2h", 7200000 }, { "1d", 86400000 },
        { "10 s", 10000 }, { "999999999d", 999999999 * 86400000LL },
    };
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        int64_t ms = -1;
        assert_true(duration_parse(str_of(rows[i].text), &ms));
        assert_int_equal(ms, rows[i].ms);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "s", "30", "-5s", "5 weeks", "1.5h", "5s5s", "9999999999d", "s5",
    };
    for (size_t i = 0; i < SPD_COUNT(texts); i++) {
        int64_t ms;
        if (duration_parse(str_of(texts[i]), &ms))
            fail_msg("\"%s\" was read", texts[i]);
    }
}

struct conf {
    bool flag;
    int64_t count, wait;
    double factor;
    const char *text, *absent;
};

static const struct spd_key keys[] = {
    SPD_KEY(struct conf, flag, .doc = "a flag", .fallback = "true"),
    SPD_KEY(struct conf, count, .doc = "a count", .fallback = "7"),
    SPD_KEY(struct conf, wait, .doc = "a time", .fallback = "2s",
            .flags = SPD_KEY_DURATION),
    SPD_KEY(struct conf, factor, .doc = "a factor", .fallback = "1.5"),
    SPD_KEY(struct conf, text, .doc = "a text", .fallback = "as it is"),
    SPD_KEY(struct conf, absent, .doc = "no text"),
};

static struct image image_with(const struct spd_key *rows, uint32_t count)
{
    return (struct image){ .name = "test",
                           .desc = { .key_count = count,
                                     .conf_size = sizeof(struct conf) },
                           .keys = rows };
}

static void fallbacks_are_read_as_the_user_would_write_them(void **state)
{
    (void)state;
    struct image image = image_with(keys, SPD_COUNT(keys));
    struct conf *conf = settings_new(&image, NULL, NULL, NULL);
    assert_non_null(conf);
    assert_true(conf->flag);
    assert_int_equal(conf->count, 7);
    assert_int_equal(conf->wait, 2000);
    assert_true(conf->factor == 1.5);
    assert_string_equal(conf->text, "as it is");
    assert_null(conf->absent);
    settings_free(conf);
}

static void texts_outlive_the_document_they_came_from(void **state)
{
    (void)state;
    struct image image = image_with(keys, SPD_COUNT(keys));
    spd_json *json = json_parse(STR("{\"absent\":\"here\"}"), NULL);
    struct conf *conf = settings_new(&image, json, NULL, NULL);
    json_free(json);
    assert_non_null(conf);
    assert_string_equal(conf->absent, "here");
    settings_free(conf);
}

static void a_fallback_that_does_not_read_is_the_plugins_mistake(void **state)
{
    (void)state;
    static const struct spd_key bad[] = {
        SPD_KEY(struct conf, count, .doc = "a count", .fallback = "many"),
    };
    struct image image = image_with(bad, 1);
    struct spd_error err = { 0 };
    assert_null(settings_new(&image, NULL, &here, &err));
    assert_string_equal(err.text,
                        "here: test.count must be built with a readable "
                        "fallback");
}

static void a_fraction_is_no_whole_number(void **state)
{
    (void)state;
    struct image image = image_with(keys, SPD_COUNT(keys));
    spd_json *json = json_parse(STR("{\"count\":1.5}"), NULL);
    struct spd_error err = { 0 };
    assert_null(settings_new(&image, json, &here, &err));
    assert_string_equal(err.text, "here: test.count must be a whole number");
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_numbers_with_a_unit),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(fallbacks_are_read_as_the_user_would_write_them),
        cmocka_unit_test(texts_outlive_the_document_they_came_from),
        cmocka_unit_test(a_fallback_that_does_not_read_is_the_plugins_mistake),
        cmocka_unit_test(a_fraction_is_no_whole_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
