#include "http/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "http/host_name.h"

static struct url url;

static const char *read_url(const char *text)
{
    return url_read(&url, str_of(text));
}

static void assert_text(spd_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static int free_url(void **state)
{
    (void)state;
    url_fini(&url);
    return 0;
}

static void a_path_is_decoded_exactly_once(void **state)
{
    (void)state;
    assert_null(read_url("/a%20b/%2541/c+d"));
    assert_text(url.path, "/a b/%41/c+d");
    assert_int_equal(url.pair_count, 0);
}

static void a_query_is_taken_apart(void **state)
{
    (void)state;
    assert_null(read_url("/a/?x=1+2&y=%26%3D&z&=&q=a=b?c"));
    assert_text(url.path, "/a/");
    assert_text(url_member(&url, "x"), "1 2");
    assert_text(url_member(&url, "y"), "&=");
    assert_text(url_member(&url, "z"), "");
    assert_text(url_member(&url, "q"), "a=b?c");
    assert_null(url_member(&url, "w").ptr);
}

static void what_two_readers_could_read_in_two_ways_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "a",
        "//",
        "/a//b",
        "/.",
        "/..",
        "/a/../",
        "/%2e.",
        "/a%2fb",
        "/a%",
        "/a%4",
        "/a%4g",
        "/%00",
        "/%7f",
        "/\x01",
        "/a b",
        "/\xff",
        "/%c0%af",
        "/?a&a",
        "/?a=%",
        "/?%61=1&a=2",
        "/?a=%0d",
        "/?\xed\xa0\x80",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (read_url(texts[i]) == NULL)
            fail_msg("\"%s\" was taken", texts[i]);
    assert_non_null(url_read(&url, (spd_str){ "/a\0b", 4 }));
}

static void what_is_too_much_is_refused(void **state)
{
    static char text[URL_MAX_BYTES + 2];
    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[0] = '/';
    assert_non_null(read_url(text));
    text[URL_MAX_BYTES] = '\0';
    assert_null(read_url(text));
    char *at = text + 1;
    *at++ = '?';
    for (int i = 0; i <= URL_PAIRS_MAX; i++)
        *at++ = (char)('A' + i), *at++ = '&';
    *at = '\0';
    assert_string_equal(read_url(text), "the query has too many members");
}

static void an_address_and_localhost_are_ours(void **state)
{
    static const char *const names[] = { "127.0.0.1", "192.168.1.7:8080",
                                         "localhost", "LOCALHOST:1",
                                         "[::1]",     "[fe80::1]:80" };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_true(host_name_is_ours(str_of(names[i]), NULL));
}

static void names_are_ours_when_they_are_listed(void **state)
{
    static const char *const hosts[] = { "farm.example", "pi.local", NULL };
    (void)state;
    assert_true(host_name_is_ours(STR("Pi.Local:8080"), hosts));
    assert_false(host_name_is_ours(STR("pi.local.evil.example"), hosts));
    assert_false(host_name_is_ours(STR("pi.local"), NULL));
}

static void other_hosts_are_not(void **state)
{
    static const char *const names[] = {
        "",
        ":",
        ":80",
        "evil.example",
        "127.0.0.1.evil",
        "127.1",
        "1.2.3.4:",
        "1.2.3.4:123456",
        "localhost.",
        "[::1",
        "[::1]x",
        "[::1]:",
        "[127.0.0.1]",
        "[]",
        "::1",
        "localhost:80:80",
        "127.0.0.1@evil",
        "0x7f000001",
        "[::1%lo]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (host_name_is_ours(str_of(names[i]), NULL))
            fail_msg("\"%s\" was taken", names[i]);
    assert_false(host_name_is_ours((spd_str){ "localhost\0", 10 }, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_decoded_exactly_once),
        cmocka_unit_test(a_query_is_taken_apart),
        cmocka_unit_test(what_two_readers_could_read_in_two_ways_is_refused),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(an_address_and_localhost_are_ours),
        cmocka_unit_test(names_are_ours_when_they_are_listed),
        cmocka_unit_test(other_hosts_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, free_url);
}
