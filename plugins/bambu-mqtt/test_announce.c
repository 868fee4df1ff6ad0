/* What printers announce, and what others send to the same place. */
#include "announce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "loose.h"

#define PRINTER                                                                \
    "NT: urn:bambulab-com:device:3dprinter:1\r\n"                              \
    "USN: 01P00A123456789\r\nLocation: 192.168.1.40\r\n"

static bool reads(struct announcement *one, const char *text)
{
    return announce_read(one, text_of(text));
}

static void a_printer_announces_who_and_where_it_is(void **state)
{
    (void)state;
    struct announcement one;
    assert_true(reads(&one,
                      "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1990\r\n"
                      "Server: UPnP/1.0\r\n" PRINTER
                      "DevModel.bambu.com: C12\r\nDevName.bambu.com: Left "
                      "shelf\r\nDevSignal.bambu.com: -44\r\n"
                      "DevConnect.bambu.com: cloud\r\nDevBind.bambu.com: "
                      "occupied\r\nDevVersion.bambu.com: 01.07.00.00\r\n\r\n"));
    assert_string_equal(one.serial, "01P00A123456789");
    assert_string_equal(one.host, "192.168.1.40");
    assert_string_equal(one.code, "C12");
    assert_string_equal(one.name, "Left shelf");
    assert_string_equal(one.firmware, "01.07.00.00");
    assert_true(one.cloud && one.occupied);
}

static void what_is_no_printers_is_passed_by(void **state)
{
    (void)state;
    struct announcement one;
    static const char *const others[] = {
        "",
        "NOTIFY * HTTP/1.1\r\n\r\n",
        "NT: upnp:rootdevice\r\nUSN: uuid:1\r\nLocation: http://x/\r\n",
        "NT: urn:bambulab-com:device:3dprinter:1\r\nUSN: 01P00A1\r\n",
        "NT: urn:bambulab-com:device:3dprinter:1\r\nLocation: 10.0.0.1\r\n",
        "NT: urn:bambulab-com:device:3dprinter:1\r\nUSN: ../../etc\r\n"
        "Location: 10.0.0.1\r\n",
        "NT: urn:bambulab-com:device:3dprinter:1\r\nUSN: 01P00A1\r\n"
        "Location: http://evil.example/\r\n",
        ":::\n:\n::\r\n",
    };
    for (size_t i = 0; i < SPD_COUNT(others); i++)
        assert_false(reads(&one, others[i]));
}

static void a_name_with_control_characters_is_not_taken(void **state)
{
    (void)state;
    struct announcement one;
    assert_true(reads(&one, PRINTER "DevName.bambu.com: a\033[2Jb\r\n"));
    assert_string_equal(one.name, "");
}

static void a_line_that_breaks_off_ends_it(void **state)
{
    (void)state;
    struct announcement one;
    assert_true(reads(&one, PRINTER "DevName.bambu.com: Cut o"));
    assert_string_equal(one.name, "Cut o");
    assert_true(reads(&one, "nt:urn:bambulab-com:device:3dprinter:1\n"
                            "usn:01P00A123456789\nlocation:10.0.0.9"));
    assert_string_equal(one.host, "10.0.0.9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printer_announces_who_and_where_it_is),
        cmocka_unit_test(what_is_no_printers_is_passed_by),
        cmocka_unit_test(a_name_with_control_characters_is_not_taken),
        cmocka_unit_test(a_line_that_breaks_off_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
