/* Every model prints, whatever is fitted to it, and tells its filament in its
 * own way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

static const cJSON *at(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* All there is to say, now. */
static const cJSON *whole(struct rig *rig)
{
    machine_report(rig->machine, true);
    return rig->messages[rig->count - 1]->child;
}

static const char *text_at(const cJSON *object, const char *name)
{
    const cJSON *value = at(object, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static int tray_now(struct rig *rig)
{
    int number = -1;
    sscanf(text_at(at(whole(rig), "ams"), "tray_now"), "%d", &number);
    return number;
}

/* What extruder `index` says is loaded. */
static int snow(struct rig *rig, int index)
{
    const cJSON *extruder = at(at(whole(rig), "device"), "extruder");
    const cJSON *entry = cJSON_GetArrayItem(at(extruder, "info"), index);
    return (int)cJSON_GetNumberValue(at(entry, "snow"));
}

static void start(struct rig *rig, const char *url, const char *mapping)
{
    char request[512];
    rig_upload(rig, "part.gcode.3mf", "not a zip, so any plate will do");
    snprintf(request, sizeof request,
             "{\"print\":{\"command\":\"project_file\",\"sequence_id\":\"9\","
             "\"param\":\"Metadata/plate_1.gcode\",\"url\":\"%s\","
             "\"subtask_name\":\"part\",\"subtask_id\":\"7\","
             "\"task_id\":\"7\",\"md5\":\"\",%s}}",
             url, mapping);
    rig_send(rig, request);
}

static bool is_obeyed(struct rig *rig, const char *request)
{
    rig_send(rig, request);
    const cJSON *ack = rig_next_ack(rig);
    assert_non_null(ack);
    return strcasecmp(text_at(ack, "result"), "success") == 0;
}

static void every_model_prints_to_the_end(void **state)
{
    (void)state;
    const struct model *model;
    size_t count = 0;
    for (; (model = model_at(count)) != NULL; count++) {
        struct rig *rig = rig_new(model->name);
        start(rig, "ftp:///part.gcode.3mf",
              "\"use_ams\":false,\"ams_mapping\":[-1]");
        rig_advance(rig, 300000);
        if (strcmp(rig_last_start(rig)->outcome, "finished") != 0)
            fail_msg("%s: %s", model->name, rig_last_start(rig)->outcome);
        rig_free(rig);
    }
    assert_int_equal(count, 14);
}

static void every_model_has_a_code_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; model_at(i) != NULL; i++)
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(model_at(i)->code, model_at(k)->code);
            assert_string_not_equal(model_at(i)->serial_prefix,
                                    model_at(k)->serial_prefix);
        }
}

static void a_model_is_found_with_blanks_and_in_small_letters(void **state)
{
    (void)state;
    assert_ptr_equal(model_find("a1 mini"), model_find("A1mini"));
    assert_ptr_equal(model_find("H2D Pro"), model_find("h2dpro"));
    assert_null(model_find("H2"));
}

static void an_ams_plan_says_what_is_fitted(void **state)
{
    (void)state;
    struct ams_plan plan;
    assert_true(ams_plan_parse(&plan, "ams,ams2pro:left,ht"));
    assert_int_equal(plan.count, 3);
    assert_int_equal(plan.unit[1].extruder, 1);
    assert_int_equal(plan.unit[2].kind, AMS_HT);
    assert_true(ams_plan_parse(&plan, "none"));
    assert_int_equal(plan.count, 0);
    assert_false(ams_plan_parse(&plan, "ams,ams,ams,ams,ams"));
    assert_false(ams_plan_parse(&plan, "ams:up"));
    assert_false(ams_plan_parse(&plan, "tray"));
    assert_false(ams_plan_parse(&plan, ""));
}

static void two_nozzles_count_slots_within_their_unit(void **state)
{
    (void)state;
    struct rig *rig = rig_new("H2D"); /* ams, ams2pro:left, ht */
    start(rig, "ftp:///part.gcode.3mf",
          "\"use_ams\":true,\"ams_mapping\":[-1,6]");
    rig_advance(rig, 20000);
    assert_int_equal(tray_now(rig), 2);
    assert_int_equal(snow(rig, 1), 1 << 8 | 2);
    assert_int_equal(snow(rig, 0), 0xFFFF);
    const cJSON *mapping = at(whole(rig), "mapping");
    assert_int_equal(cJSON_GetArraySize(mapping), 2);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetArrayItem(mapping, 1)), 258);
    rig_free(rig);
}

static void an_ams_ht_is_a_slot_of_its_own(void **state)
{
    (void)state;
    struct rig *rig = rig_new("H2D");
    const cJSON *ams = at(whole(rig), "ams");
    assert_string_equal(text_at(ams, "tray_exist_bits"), "100ff");
    assert_string_equal(text_at(ams, "ams_exist_bits"), "13");
    start(rig, "ftp:///part.gcode.3mf",
          "\"use_ams\":true,\"ams_mapping\":[128]");
    rig_advance(rig, 20000);
    assert_int_equal(snow(rig, 0), 128 << 8);
    assert_int_equal(tray_now(rig), 0);
    rig_free(rig);
}

static void the_left_external_spool_feeds_the_left_nozzle(void **state)
{
    (void)state;
    struct rig *rig = rig_new("H2D");
    start(rig, "ftp:///part.gcode.3mf",
          "\"use_ams\":true,\"ams_mapping\":[-1],"
          "\"ams_mapping2\":[{\"ams_id\":254,\"slot_id\":0}]");
    rig_advance(rig, 20000);
    assert_int_equal(snow(rig, 1), 0xFE00);
    assert_int_equal(cJSON_GetArraySize(at(whole(rig), "vir_slot")), 2);
    rig_free(rig);
}

static void an_h2s_calls_its_external_spool_slot_0(void **state)
{
    (void)state;
    struct rig *rig = rig_new("H2S");
    start(rig, "ftp:///part.gcode.3mf",
          "\"use_ams\":false,\"ams_mapping\":[-1]");
    rig_advance(rig, 20000);
    assert_int_equal(tray_now(rig), 0);
    assert_int_equal(snow(rig, 0), 0xFF00);
    rig_free(rig);
}

static void an_a2l_has_its_lite_unit_at_16(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A2L");
    const cJSON *ams = at(whole(rig), "ams");
    const cJSON *unit = cJSON_GetArrayItem(at(ams, "ams"), 0);
    assert_string_equal(text_at(unit, "id"), "16");
    assert_string_equal(text_at(ams, "tray_exist_bits"), "f000000");
    rig_free(rig);
}

static void a_newer_printer_finds_files_on_its_stick(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P2S");
    start(rig, "file:///media/usb0/part.gcode.3mf", "\"use_ams\":false");
    rig_advance(rig, 20000);
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    rig_free(rig);
}

static void a_newer_printer_marks_only_what_was_asked_for(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P2S");
    machine_report(rig->machine, false);
    const cJSON *unasked = rig->messages[rig->count - 1]->child;
    assert_null(at(unasked, "msg"));
    assert_string_equal(text_at(unasked, "sequence_id"), "2021");
    assert_non_null(at(unasked, "device"));
    assert_non_null(at(whole(rig), "msg"));
    rig_free(rig);
}

static void a_unit_dries_for_as_long_as_it_was_told(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P2S");
    assert_true(
        is_obeyed(rig, "{\"print\":{\"command\":\"ams_filament_drying\","
                       "\"ams_id\":0,\"temp\":55,\"duration\":8,\"mode\":1}}"));
    rig_advance(rig, 3600 * 1000);
    const cJSON *unit = cJSON_GetArrayItem(at(at(whole(rig), "ams"), "ams"), 0);
    assert_int_equal(cJSON_GetNumberValue(at(unit, "dry_time")), 420);
    assert_string_equal(text_at(unit, "temp"), "55.0");
    rig_advance(rig, 7 * 3600 * 1000);
    unit = cJSON_GetArrayItem(at(at(whole(rig), "ams"), "ams"), 0);
    assert_int_equal(cJSON_GetNumberValue(at(unit, "dry_time")), 0);
    rig_free(rig);
}

static void a_plain_ams_cannot_dry(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    assert_false(
        is_obeyed(rig, "{\"print\":{\"command\":\"ams_filament_drying\","
                       "\"ams_id\":0,\"temp\":55,\"duration\":8,\"mode\":1}}"));
    rig_free(rig);
}

static void filament_is_loaded_and_unloaded(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    assert_true(is_obeyed(rig,
                          "{\"print\":{\"command\":\"ams_change_filament\","
                          "\"ams_id\":0,\"slot_id\":2,\"target\":2}}"));
    assert_int_equal(rig_status(rig)->stage, 24);
    rig_advance(rig, 30000);
    assert_int_equal(rig_status(rig)->tray_now, 2);
    assert_true(is_obeyed(rig,
                          "{\"print\":{\"command\":\"ams_change_filament\","
                          "\"ams_id\":0,\"slot_id\":255,\"target\":255}}"));
    rig_advance(rig, 30000);
    assert_int_equal(rig_status(rig)->tray_now, AMS_NO_TRAY);
    rig_free(rig);
}

static void skipped_objects_are_told_until_the_next_print(void **state)
{
    (void)state;
    static const char skip_two[] =
        "{\"print\":{\"command\":\"skip_objects\",\"obj_list\":[44,81]}}";
    struct rig *rig = rig_new("X1C");
    assert_false(is_obeyed(rig, skip_two));
    rig_start(rig, "1");
    rig_advance(rig, 30000);
    (void)rig_next_ack(rig);
    assert_true(is_obeyed(rig, skip_two));
    assert_int_equal(cJSON_GetArraySize(at(whole(rig), "s_obj")), 2);
    rig_advance(rig, 300000);
    rig_start(rig, "2");
    rig_advance(rig, 30000);
    assert_int_equal(cJSON_GetArraySize(at(whole(rig), "s_obj")), 0);
    rig_free(rig);
}

static void developer_mode_is_a_bit_where_a_model_tells_it(void **state)
{
    (void)state;
    struct rig *rig = rig_new("H2D");
    assert_string_equal(text_at(whole(rig), "fun"), "418FFF9CFF");
    fault_arm(&rig->machine->faults, FAULT_VERIFY_FAILED, -1, 0, NULL);
    rig_advance(rig, 1000);
    assert_string_equal(text_at(whole(rig), "fun"), "41AFFF9CFF");
    rig_free(rig);
}

static void an_open_door_is_a_bit(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P2S");
    uint64_t shut = rig_status(rig)->stat;
    printer_set_door(rig->machine->printer, true);
    assert_true((shut ^ rig_status(rig)->stat) == 1 << 23);
    rig_free(rig);
}

static void a_late_report_repeats_the_one_before(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    machine_report(rig->machine, true);
    fault_arm(&rig->machine->faults, FAULT_OLD_REPORT, 1, 0, NULL);
    machine_report(rig->machine, true);
    const cJSON *late = rig->messages[rig->count - 1]->child;
    const cJSON *first = rig->messages[rig->count - 3]->child;
    assert_true(cJSON_Compare(late, first, true));
    rig_free(rig);
}

static void an_odd_report_is_json_all_the_same(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    fault_arm(&rig->machine->faults, FAULT_ODD_REPORT, 1, 0, NULL);
    fault_arm(&rig->machine->faults, FAULT_HUGE_REPORT, 1, 300000, NULL);
    size_t before = rig->count;
    machine_report(rig->machine, false);
    assert_int_equal(rig->count - before, 3);
    assert_int_equal(rig->unreadable, 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_prints_to_the_end),
        cmocka_unit_test(every_model_has_a_code_of_its_own),
        cmocka_unit_test(a_model_is_found_with_blanks_and_in_small_letters),
        cmocka_unit_test(an_ams_plan_says_what_is_fitted),
        cmocka_unit_test(two_nozzles_count_slots_within_their_unit),
        cmocka_unit_test(an_ams_ht_is_a_slot_of_its_own),
        cmocka_unit_test(the_left_external_spool_feeds_the_left_nozzle),
        cmocka_unit_test(an_h2s_calls_its_external_spool_slot_0),
        cmocka_unit_test(an_a2l_has_its_lite_unit_at_16),
        cmocka_unit_test(a_newer_printer_finds_files_on_its_stick),
        cmocka_unit_test(a_newer_printer_marks_only_what_was_asked_for),
        cmocka_unit_test(a_unit_dries_for_as_long_as_it_was_told),
        cmocka_unit_test(a_plain_ams_cannot_dry),
        cmocka_unit_test(filament_is_loaded_and_unloaded),
        cmocka_unit_test(skipped_objects_are_told_until_the_next_print),
        cmocka_unit_test(developer_mode_is_a_bit_where_a_model_tells_it),
        cmocka_unit_test(an_open_door_is_a_bit),
        cmocka_unit_test(a_late_report_repeats_the_one_before),
        cmocka_unit_test(an_odd_report_is_json_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
