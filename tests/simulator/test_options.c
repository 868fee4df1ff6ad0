#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "options.h"

enum { WORDS_MAX = 32 };

/* Options from one line; words live until the test ends. */
static enum options_verdict parse(struct options *options, const char *line)
{
    static char words[1024];
    char *argv[WORDS_MAX + 1] = { NULL };
    char *rest = NULL;
    int argc = 0;
    strncpy(words, line, sizeof words - 1);
    for (char *word = strtok_r(words, " ", &rest);
         word != NULL && argc < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    return options_parse(options, argc, argv);
}

static void one_p1s_needs_no_options(void **state)
{
    (void)state;
    struct options options;
    assert_int_equal(parse(&options, "bambu-sim"), OPTIONS_RUN);
    assert_int_equal(options.printer_count, 1);
    assert_string_equal(options.printers[0].model->name, "P1S");
    assert_string_equal(options.printers[0].address, "127.0.0.10");
    assert_int_equal(options.printers[0].mqtt_port, 8883);
    options_fini(&options);
}

static void a_fleet_counts_its_addresses_up(void **state)
{
    (void)state;
    struct options options;
    assert_int_equal(parse(&options, "bambu-sim --model P1S,X1C --count 300"),
                     OPTIONS_RUN);
    assert_int_equal(options.printer_count, 300);
    assert_string_equal(options.printers[299].address, "127.0.1.53");
    assert_string_equal(options.printers[299].model->name, "X1C");
    options_fini(&options);
}

static void serials_are_unique_and_the_same_for_the_same_seed(void **state)
{
    (void)state;
    struct options one, two;
    parse(&one, "bambu-sim --count 2000 --seed 7");
    parse(&two, "bambu-sim --count 2000 --seed 7");
    for (size_t i = 0; i < 2000; i++) {
        const char *serial = one.printers[i].serial;
        assert_int_equal(strlen(serial), 15);
        assert_memory_equal(serial, "01P", 3);
        assert_string_equal(serial, two.printers[i].serial);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(serial, one.printers[j].serial);
    }
    options_fini(&one);
    options_fini(&two);
}

static void ports_can_be_counted_instead(void **state)
{
    (void)state;
    struct options options;
    parse(&options, "bambu-sim --count 3 --port-step --mqtt-port 2000 "
                    "--ftps-port 3000");
    assert_string_equal(options.printers[2].address, "127.0.0.10");
    assert_int_equal(options.printers[2].mqtt_port, 2002);
    assert_int_equal(options.printers[2].ftps_port, 3002);
    options_fini(&options);
}

static void a_named_printer_is_as_it_was_named(void **state)
{
    (void)state;
    struct options options;
    assert_int_equal(parse(&options,
                           "bambu-sim --printer "
                           "a1MINI:0301:127.0.0.9:1883:1990:87654321"),
                     OPTIONS_RUN);
    assert_int_equal(options.printer_count, 1);
    assert_string_equal(options.printers[0].model->name, "A1mini");
    assert_string_equal(options.printers[0].serial, "0301");
    assert_string_equal(options.printers[0].access_code, "87654321");
    assert_int_equal(options.printers[0].ftps_port, 1990);
    options_fini(&options);
}

static void a_lan_address_needs_permission(void **state)
{
    (void)state;
    struct options options;
    assert_int_equal(parse(&options, "bambu-sim --address 192.168.1.10"),
                     OPTIONS_WRONG);
    options_fini(&options);
    assert_int_equal(
        parse(&options, "bambu-sim --address 192.168.1.10 --allow-lan"),
        OPTIONS_RUN);
    options_fini(&options);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "bambu-sim --model P9",
        "bambu-sim --count many",
        "bambu-sim --speed -1",
        "bambu-sim --nonsense",
        "bambu-sim --seed",
        "bambu-sim extra",
        "bambu-sim --printer P1S:1",
        "bambu-sim --count 0",
        "bambu-sim --control 127.0.0.1",
        "bambu-sim --address here",
        "bambu-sim --control 10.0.0.1:1",
        "bambu-sim --speed nan",
        "bambu-sim --count 9 --port-step --mqtt-port 65530",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct options options;
        assert_int_equal(parse(&options, lines[i]), OPTIONS_WRONG);
        options_fini(&options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_p1s_needs_no_options),
        cmocka_unit_test(a_fleet_counts_its_addresses_up),
        cmocka_unit_test(serials_are_unique_and_the_same_for_the_same_seed),
        cmocka_unit_test(ports_can_be_counted_instead),
        cmocka_unit_test(a_named_printer_is_as_it_was_named),
        cmocka_unit_test(a_lan_address_needs_permission),
        cmocka_unit_test(wrong_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
