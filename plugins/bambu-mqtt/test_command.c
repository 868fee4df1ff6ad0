/* The words of the command language, as they go to the printer. */
#include "command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "loose.h"
#include "testhost.h"

#define PLACE                                                                  \
    "'id': 5, 'submission': '12', 'md5': 'ABCD', 'remote_name': "              \
    "'j5.gcode.3mf', 'plate': 2, 'name': 'Cup'"

static spd_err read_order(struct print_order *order, spd_json **doc,
                          const char *attempt, struct spd_error *err)
{
    *doc = testhost_parse(attempt);
    return print_order_read(order, testhost_json(), *doc, err);
}

/* The start for this attempt; "!..." when it was refused. */
static const char *start(const char *attempt, enum url_form url, bool dual)
{
    static char text[4096];
    struct spd_error err = { 0 };
    struct print_order order;
    spd_json *doc = NULL;
    spd_str out = { 0 };
    if (read_order(&order, &doc, attempt, &err) != SPD_OK) {
        (void)snprintf(text, sizeof(text), "!%s", err.text);
    } else {
        spd_jsonw *w = command_start(testhost_json(), 9, &order, url, dual);
        assert_int_equal(testhost_json()->text(w, &out), SPD_OK);
        text_copy(text, sizeof(text), out);
        testhost_json()->writer_free(w);
    }
    testhost_json()->free(doc);
    return text;
}

static void check_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s in %s", part, text);
}

static void a_start_names_plate_file_and_submission(void **state)
{
    (void)state;
    const char *text = start("{" PLACE "}", URL_FTP, false);
    check_has(text, "{\"print\":{\"sequence_id\":\"9\",\"command\":"
                    "\"project_file\",\"param\":\"Metadata/plate_2.gcode\","
                    "\"url\":\"ftp:///j5.gcode.3mf\","
                    "\"file\":\"j5.gcode.3mf\",\"md5\":\"ABCD\"");
    check_has(text, "\"task_id\":\"12\",\"subtask_id\":\"12\","
                    "\"subtask_name\":\"Cup\"");
    check_has(start("{" PLACE "}", URL_SDCARD, false),
              "\"url\":\"file:///sdcard/j5.gcode.3mf\"");
}

static void sparse_filament_ids_leave_holes_in_the_mapping(void **state)
{
    (void)state;
    const char *text = start("{" PLACE ", 'filaments': [{'filament': 1, "
                             "'slot': 3}, {'filament': 4, 'slot': 6}]}",
                             URL_FTP, false);
    check_has(text, "\"use_ams\":true,\"ams_mapping\":[3,-1,-1,6],"
                    "\"ams_mapping2\":[{\"ams_id\":0,\"slot_id\":3},"
                    "{\"ams_id\":255,\"slot_id\":255},"
                    "{\"ams_id\":255,\"slot_id\":255},"
                    "{\"ams_id\":1,\"slot_id\":2}]");
}

static void the_only_external_spool_needs_no_ams(void **state)
{
    (void)state;
    const char *text = start("{" PLACE ", 'filaments': [{'filament': 1, "
                             "'slot': 254}]}",
                             URL_FTP, false);
    check_has(text, "\"use_ams\":false,\"ams_mapping\":[-1],"
                    "\"ams_mapping2\":[{\"ams_id\":255,\"slot_id\":0}]");
}

static void of_two_external_spools_the_left_one_is_254(void **state)
{
    (void)state;
    const char *text = start("{" PLACE ", 'filaments': [{'filament': 1, "
                             "'slot': 254}, {'filament': 2, 'slot': 255}, "
                             "{'filament': 3, 'slot': 128}]}",
                             URL_FTP, true);
    check_has(text, "\"ams_mapping\":[-1,-1,128],\"ams_mapping2\":["
                    "{\"ams_id\":254,\"slot_id\":0},"
                    "{\"ams_id\":255,\"slot_id\":0},"
                    "{\"ams_id\":128,\"slot_id\":0}]");
}

static void an_attempt_that_could_hurt_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{'submission': '12', 'remote_name': '../etc/x.3mf'}",
        "{'submission': '12', 'remote_name': 'a b.3mf'}",
        "{'submission': '12', 'remote_name': 'a.gcode'}",
        "{'submission': '12', 'remote_name': '.3mf'}",
        "{'submission': '2147483648', 'remote_name': 'a.3mf'}",
        "{'submission': '', 'remote_name': 'a.3mf'}",
        "{'submission': '-3', 'remote_name': 'a.3mf'}",
        "{'submission': '1', 'remote_name': 'a.3mf', 'plate': 0}",
        "{'submission': '1', 'remote_name': 'a.3mf', 'filaments': [{}]}",
        "{'submission': '1', 'remote_name': 'a.3mf', 'filaments': "
        "[{'filament': 65, 'slot': 1}]}",
        "{'submission': '1', 'remote_name': 'a.3mf', 'filaments': "
        "[{'filament': 1, 'slot': 256}]}",
        "{}",
    };
    for (size_t i = 0; i < SPD_COUNT(bad); i++)
        assert_int_equal(start(bad[i], URL_FTP, false)[0], '!');
}

/* The printer the commands go to. */
static struct report the_report;

static void meet(const char *print)
{
    spd_json *doc = testhost_parse(print);
    report_init(&the_report);
    (void)report_merge(&the_report, testhost_json(), doc);
    testhost_json()->free(doc);
}

static const char *host_command(const char *command)
{
    static char text[512];
    struct spd_error err = { 0 };
    spd_json *doc = testhost_parse(command);
    const struct surroundings at = {
        .two_externals = the_report.external_known[1],
        .nozzle_celsius = 240,
        .report = &the_report,
    };
    spd_jsonw *w = command_from_host(testhost_json(), 3, doc, &at, &err);
    spd_str out = { 0 };
    text_copy(text, sizeof(text), text_of(err.text));
    if (w != NULL && testhost_json()->text(w, &out) == SPD_OK)
        text_copy(text, sizeof(text), out);
    testhost_json()->writer_free(w);
    testhost_json()->free(doc);
    return text;
}

static void the_hosts_commands_become_the_printers(void **state)
{
    (void)state;
    assert_string_equal(host_command("{'command': 'pause'}"),
                        "{\"print\":{\"sequence_id\":\"3\",\"command\":"
                        "\"pause\",\"param\":\"\"}}");
    assert_string_equal(host_command("{'command': 'speed', 'level': 3}"),
                        "{\"print\":{\"sequence_id\":\"3\",\"command\":"
                        "\"print_speed\",\"param\":\"3\"}}");
    assert_string_equal(
        host_command("{'command': 'light', 'on': false}"),
        "{\"system\":{\"sequence_id\":\"3\",\"command\":\"ledctrl\","
        "\"led_node\":\"chamber_light\",\"led_mode\":\"off\","
        "\"led_on_time\":500,\"led_off_time\":500,\"loop_times\":0,"
        "\"interval_time\":0}}");
}

#define PRINT(command, members)                                                \
    "{\"print\":{\"sequence_id\":\"3\",\"command\":\"" command "\"," members   \
    "}}"

static void a_slot_is_given_the_generic_profile_of_its_material(void **state)
{
    (void)state;
    meet("{}");
    assert_string_equal(
        host_command("{'command': 'filament', 'slot': 6, 'material_type': "
                     "'PETG', 'color': '#ff8000'}"),
        PRINT("ams_filament_setting",
              "\"ams_id\":1,\"tray_id\":2,\"slot_id\":2,"
              "\"tray_color\":\"FF8000FF\",\"tray_info_idx\":\"GFG99\","
              "\"tray_type\":\"PETG\",\"tray_sub_brands\":\"\","
              "\"nozzle_temp_min\":220,\"nozzle_temp_max\":270"));
    check_has(host_command("{'command': 'filament', 'slot': 128, "
                           "'material_type': 'PEEK', 'color': '#000000', "
                           "'nozzle_celsius_least': 380, "
                           "'nozzle_celsius_most': 420}"),
              "\"ams_id\":128,\"tray_id\":0,\"slot_id\":0");
    assert_string_equal(
        host_command("{'command': 'filament', 'slot': 0, 'material_type': "
                     "'PEEK', 'color': '#000000'}"),
        "filament: state nozzle_celsius_least and _most, for PEEK is not known "
        "here");
    assert_string_equal(
        host_command("{'command': 'filament', 'slot': 0, 'material_type': "
                     "'PLA', 'color': 'red'}"),
        "filament: color must be #RRGGBB");
}

static void the_only_external_spool_goes_by_a_number_of_its_own(void **state)
{
    (void)state;
    meet("{}");
    check_has(host_command("{'command': 'filament', 'slot': 254, "
                           "'material_type': 'TPU', 'color': '#000000'}"),
              "\"ams_id\":255,\"tray_id\":254,\"slot_id\":0");
    check_has(host_command("{'command': 'load', 'slot': 254}"),
              "\"ams_id\":255,\"slot_id\":0,\"target\":254");
    meet("{'vir_slot': [{'id': '254'}, {'id': '255'}]}");
    check_has(host_command("{'command': 'filament', 'slot': 254, "
                           "'material_type': 'TPU', 'color': '#000000'}"),
              "\"ams_id\":254,\"tray_id\":0,\"slot_id\":0");
}

static void filament_is_loaded_by_slot_and_unloaded_warm(void **state)
{
    (void)state;
    meet("{}");
    assert_string_equal(host_command("{'command': 'load', 'slot': 5}"),
                        PRINT("ams_change_filament",
                              "\"ams_id\":1,\"slot_id\":1,\"target\":5,"
                              "\"curr_temp\":-1,\"tar_temp\":-1"));
    assert_string_equal(host_command("{'command': 'unload'}"),
                        PRINT("ams_change_filament",
                              "\"ams_id\":255,\"slot_id\":255,\"target\":255,"
                              "\"curr_temp\":240,\"tar_temp\":240"));
    assert_string_equal(host_command("{'command': 'load', 'slot': 900}"),
                        "slot must be one that printers.status lists");
}

static void a_unit_is_dried_within_what_it_bears(void **state)
{
    (void)state;
    meet("{'ams': {'ams': [{'id': '0', 'info': '1001'}, {'id': '1', 'info': "
         "'1003'}, {'id': '128', 'info': '2004'}]}}");
    check_has(host_command("{'command': 'dry', 'unit': 128, 'celsius': 80, "
                           "'hours': 12}"),
              "\"ams_id\":128,\"temp\":80,\"cooling_temp\":80,\"duration\":12,"
              "\"humidity\":0,\"mode\":1");
    check_has(host_command("{'command': 'stop_drying', 'unit': 1}"),
              "\"ams_id\":1,\"temp\":0,\"cooling_temp\":0,\"duration\":0,"
              "\"humidity\":0,\"mode\":0");
    assert_string_equal(
        host_command(
            "{'command': 'dry', 'unit': 1, 'celsius': 80, 'hours': 12}"),
        "dry: celsius must be 45 to 65 for this unit");
    assert_string_equal(
        host_command(
            "{'command': 'dry', 'unit': 0, 'celsius': 50, 'hours': 12}"),
        "unit 0 of the printer cannot dry");
    assert_string_equal(
        host_command(
            "{'command': 'dry', 'unit': 2, 'celsius': 50, 'hours': 12}"),
        "the printer has no unit 2");
    assert_string_equal(
        host_command(
            "{'command': 'dry', 'unit': 1, 'celsius': 50, 'hours': 99}"),
        "dry: hours must be 1 to 24");
}

static void objects_are_skipped_by_their_numbers(void **state)
{
    (void)state;
    assert_string_equal(
        host_command("{'command': 'skip', 'objects': [44, 81]}"),
        PRINT("skip_objects", "\"obj_list\":[44,81]"));
    assert_string_equal(host_command("{'command': 'skip', 'objects': ['a']}"),
                        "skip: objects must be numbers");
    assert_string_equal(host_command("{'command': 'skip', 'objects': []}"),
                        "skip: objects must be a list of 1 to 64 numbers");
}

static void a_command_that_is_none_is_refused_in_words(void **state)
{
    (void)state;
    assert_string_equal(host_command("{'command': 'dance'}"),
                        "no such command: dance");
    assert_string_equal(host_command("{'command': 'speed', 'level': 5}"),
                        "speed: level must be 1 to 4");
    assert_string_equal(host_command("{'command': 'light'}"),
                        "light: on must be true or false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_names_plate_file_and_submission),
        cmocka_unit_test(sparse_filament_ids_leave_holes_in_the_mapping),
        cmocka_unit_test(the_only_external_spool_needs_no_ams),
        cmocka_unit_test(of_two_external_spools_the_left_one_is_254),
        cmocka_unit_test(an_attempt_that_could_hurt_is_refused),
        cmocka_unit_test(the_hosts_commands_become_the_printers),
        cmocka_unit_test(a_slot_is_given_the_generic_profile_of_its_material),
        cmocka_unit_test(the_only_external_spool_goes_by_a_number_of_its_own),
        cmocka_unit_test(filament_is_loaded_by_slot_and_unloaded_warm),
        cmocka_unit_test(a_unit_is_dried_within_what_it_bears),
        cmocka_unit_test(objects_are_skipped_by_their_numbers),
        cmocka_unit_test(a_command_that_is_none_is_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
