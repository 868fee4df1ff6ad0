/* A plugin that keeps the rules: loaded, configured, called, stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "house.h"

#define SETTINGS "{'password': 'open sesame'}"

static void hang_bell(struct house *house)
{
    struct spd_error err = { 0 };
    spd_err rc = house_load(house, "bell", SETTINGS, &err);
    if (rc != SPD_OK)
        print_error("%s\n", err.text);
    assert_int_equal(rc, SPD_OK);
}

static void a_plugin_loads_starts_answers_and_stops(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);

    assert_string_equal(
        house_call(&house, "bell.ring", "{'door': 2, 'times': 3}"),
        "{\"door\":2,\"times\":3,\"sound\":\"ding\"}");
    assert_int_equal(house.status, 200);

    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_loads_starts_answers_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
