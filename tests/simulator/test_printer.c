/* A printer's behaviour, from request to report, without a wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(member) ? member->valuestring : "";
}

static void arm(struct rig *rig, enum fault fault, long value)
{
    fault_arm(&rig->machine->faults, fault, 1, value, NULL);
    printer_reconsider(rig->machine->printer);
}

static void a_start_is_acknowledged_with_what_was_sent(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_start(rig, "4711");

    const cJSON *ack = rig_next_ack(rig);
    assert_non_null(ack);
    assert_string_equal(text_of(ack, "command"), "project_file");
    assert_string_equal(text_of(ack, "sequence_id"), "1");
    assert_string_equal(text_of(ack, "result"), "success");
    assert_string_equal(text_of(ack, "subtask_id"), "4711");
    rig_free(rig);
}

static void the_name_changes_while_the_old_state_is_still_shown(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_start(rig, "1");
    rig_advance(rig, 200000);
    rig_start(rig, "2");
    rig_advance(rig, 500);

    assert_string_equal(rig_status(rig)->subtask_name, "part 2");
    assert_string_equal(rig_status(rig)->subtask_id, "2");
    assert_int_equal(rig_status(rig)->state, STATE_FINISH);
    assert_int_equal(rig_status(rig)->percent, 100);
    rig_free(rig);
}

static void a_print_goes_through_prepare_and_running_to_finish(void **state)
{
    (void)state;
    struct rig *rig = rig_new("X1C");
    rig_start(rig, "1");
    rig_advance(rig, 200000);

    assert_string_equal(rig_values(rig, "gcode_state"),
                        "IDLE PREPARE RUNNING FINISH");
    assert_int_equal(rig_status(rig)->layer, 100);
    assert_string_equal(rig_last_start(rig)->outcome, "finished");
    rig_free(rig);
}

static void an_a1_mini_shows_no_prepare(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_start(rig, "1");
    rig_advance(rig, 200000);

    assert_string_equal(rig_values(rig, "gcode_state"), "IDLE RUNNING FINISH");
    rig_free(rig);
}

static void the_old_layer_is_shown_when_the_next_print_begins(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_start(rig, "1");
    rig_advance(rig, 200000);
    printer_set_size(rig->machine->printer,
                     &(struct print_size){ 100000, 50, 10 });
    rig_start(rig, "2");
    rig_advance(rig, 3000);

    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    assert_int_equal(rig_status(rig)->layer, 100);
    assert_int_equal(rig_status(rig)->total_layers, 10);
    rig_advance(rig, 1500);
    assert_true(rig_status(rig)->layer <= 1);
    rig_free(rig);
}

static void progress_and_time_left_follow_the_clock(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_start(rig, "1");
    rig_advance(rig, 2900 + 25000);

    assert_int_equal(rig_status(rig)->percent, 25);
    assert_int_equal(rig_status(rig)->layer, 25);
    assert_int_equal(rig_status(rig)->remaining_minutes, 2);
    rig_free(rig);
}

static void a_pause_stops_the_progress_until_resumed(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_start(rig, "1");
    rig_advance(rig, 2900 + 30000);
    rig_send(rig, "{\"print\":{\"command\":\"pause\",\"param\":\"\"}}");
    rig_advance(rig, 1000000);
    assert_int_equal(rig_status(rig)->state, STATE_PAUSE);
    assert_int_equal(rig_status(rig)->percent, 30);

    rig_send(rig, "{\"print\":{\"command\":\"resume\",\"param\":\"\"}}");
    rig_advance(rig, 69999);
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    rig_advance(rig, 1);
    assert_int_equal(rig_status(rig)->state, STATE_FINISH);
    rig_free(rig);
}

static void ludicrous_speed_prints_faster(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_send(rig, "{\"print\":{\"command\":\"print_speed\",\"param\":\"4\"}}");
    rig_start(rig, "1");
    rig_advance(rig, 2900 + 60300);

    assert_int_equal(rig_status(rig)->state, STATE_FINISH);
    rig_free(rig);
}

static void a_stop_shows_failed_then_the_cancel_code_then_none(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_start(rig, "1");
    rig_advance(rig, 20000);
    rig_send(rig, "{\"print\":{\"command\":\"stop\",\"param\":\"\"}}");
    rig_advance(rig, 600);
    assert_int_equal(rig_status(rig)->state, STATE_FAILED);
    assert_int_equal(rig_status(rig)->print_error, 0);

    rig_advance(rig, 4600);
    assert_int_equal(rig_status(rig)->print_error, ERROR_CANCELLED);
    rig_advance(rig, 2000);
    assert_int_equal(rig_status(rig)->print_error, 0);
    assert_string_equal(rig_last_start(rig)->outcome, "stopped");
    rig_free(rig);
}

/* Start `file` at `url` with md5, and let it come to something. */
static void try_start(struct rig *rig, const char *url, const char *md5,
                      const char *ams)
{
    char request[512];
    snprintf(request, sizeof request,
             "{\"print\":{\"command\":\"project_file\","
             "\"param\":\"Metadata/plate_1.gcode\",\"url\":\"%s\","
             "\"md5\":\"%s\",%s}}",
             url, md5, ams);
    rig_send(rig, request);
    rig_advance(rig, 30000);
}

#define NO_AMS "\"use_ams\":false"

static void a_file_that_is_not_there_is_a_storage_error(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    try_start(rig, "ftp:///nothing.gcode.3mf", "", NO_AMS);

    assert_int_equal(rig_status(rig)->state, STATE_FAILED);
    assert_int_equal(rig_status(rig)->print_error, ERROR_STORAGE);
    assert_string_equal(rig_values(rig, "gcode_state"), "IDLE PREPARE FAILED");
    rig_free(rig);
}

static void half_a_file_is_a_storage_error(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    struct upload *upload = storage_open(rig->machine->storage, "half.3mf");
    upload_write(upload, "half", 4);
    storage_close(upload, false);
    try_start(rig, "ftp:///half.3mf", "", NO_AMS);

    assert_int_equal(rig_status(rig)->print_error, ERROR_STORAGE);
    rig_free(rig);
}

static void two_uploads_at_once_spoil_both(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    struct upload *one = storage_open(rig->machine->storage, "one.3mf");
    struct upload *two = storage_open(rig->machine->storage, "two.3mf");
    assert_true(storage_close(one, true)->mixed_up);
    assert_true(storage_close(two, true)->mixed_up);

    rig_upload(rig, "three.3mf", "alone");
    assert_false(storage_find(rig->machine->storage, "three.3mf")->mixed_up);
    rig_free(rig);
}

static void a_wrong_checksum_is_a_bad_file(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_upload(rig, "a.3mf", "abc");
    try_start(rig, "ftp:///a.3mf", "00000000000000000000000000000000", NO_AMS);
    assert_int_equal(rig_status(rig)->print_error, ERROR_BAD_FILE);

    try_start(rig, "ftp:///a.3mf", "900150983CD24FB0D6963F7D28E17F72", NO_AMS);
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    rig_free(rig);
}

static void a_folder_needs_the_sdcard_url_on_a_p1s(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_upload(rig, "cache/a.3mf", "abc");
    try_start(rig, "ftp:///cache/a.3mf", "", NO_AMS);
    assert_int_equal(rig_status(rig)->print_error, ERROR_STORAGE);

    try_start(rig, "file:///sdcard/cache/a.3mf", "", NO_AMS);
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    rig_free(rig);
}

static void a_mapping_to_an_empty_slot_pauses_until_it_is_stopped(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    tray_clear(ams_tray(printer_ams(rig->machine->printer), 3));
    rig_upload(rig, "a.3mf", "abc");
    try_start(rig, "ftp:///a.3mf", "", "\"use_ams\":true,\"ams_mapping\":[3]");
    assert_int_equal(rig_status(rig)->state, STATE_PAUSE);
    assert_int_equal(rig_status(rig)->print_error, ERROR_NO_MAPPING);

    rig_send(rig, "{\"print\":{\"command\":\"resume\",\"param\":\"\"}}");
    rig_advance(rig, 2000);
    assert_int_equal(rig_status(rig)->state, STATE_PAUSE);
    rig_free(rig);
}

static void a_busy_p1s_refuses_and_goes_on_printing(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_start(rig, "1");
    rig_advance(rig, 20000);
    rig_next_ack(rig);
    rig_start(rig, "2");

    assert_string_equal(text_of(rig_next_ack(rig), "result"), "fail");
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    assert_int_equal(rig_status(rig)->print_error, ERROR_BUSY);
    assert_string_equal(rig_status(rig)->subtask_id, "1");
    assert_string_equal(rig_last_start(rig)->outcome, "refused");
    rig_free(rig);
}

static void a_busy_a1_mini_refuses_and_ends_the_running_print(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_start(rig, "1");
    rig_advance(rig, 20000);
    rig_start(rig, "2");

    assert_int_equal(rig_status(rig)->state, STATE_FAILED);
    assert_string_equal(history_start(rig->machine->history, 0)->outcome,
                        "cancelled");
    rig_free(rig);
}

static void the_spool_grows_lighter_by_what_was_printed(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    const struct tray *tray = ams_tray(printer_ams(rig->machine->printer), 1);
    rig_start(rig, "1");
    rig_advance(rig, 200000);

    assert_true(tray->remain_grams > 949.9 && tray->remain_grams < 950.1);
    assert_int_equal(tray_remain_percent(tray), 95);
    rig_free(rig);
}

static void an_empty_spool_pauses_the_print(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    struct tray *tray = ams_tray(printer_ams(rig->machine->printer), 1);
    tray->remain_grams = 25;
    rig_start(rig, "1");
    for (int i = 0; i < 100; i++)
        rig_advance(rig, 1000);

    assert_int_equal(rig_status(rig)->state, STATE_PAUSE);
    assert_int_equal(rig_status(rig)->print_error, ERROR_TRAY_RAN_OUT);
    assert_in_range(rig_status(rig)->percent, 49, 52);
    rig_free(rig);
}

static void an_accepted_start_may_never_begin(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    arm(rig, FAULT_NEVER_START, 0);
    rig_start(rig, "4711");
    assert_string_equal(text_of(rig_next_ack(rig), "result"), "success");
    rig_advance(rig, 1000000);

    assert_string_equal(rig_status(rig)->subtask_name, "part 4711");
    assert_string_equal(rig_status(rig)->subtask_id, "0");
    assert_int_equal(rig_status(rig)->state, STATE_IDLE);
    assert_false(rig_last_start(rig)->began);
    assert_string_equal(rig_last_start(rig)->outcome, "never-started");
    rig_free(rig);
}

static void a_refused_start_says_why(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    fault_arm(&rig->machine->faults, FAULT_REFUSE_START, 1, 0, "door open");
    rig_start(rig, "1");

    const cJSON *ack = rig_next_ack(rig);
    assert_string_equal(text_of(ack, "result"), "fail");
    assert_string_equal(text_of(ack, "reason"), "door open");
    assert_false(rig_last_start(rig)->accepted);
    rig_free(rig);
}

static void an_unanswered_start_prints_all_the_same(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    arm(rig, FAULT_NO_ACK, 0);
    rig_start(rig, "1");
    assert_null(rig_next_ack(rig));
    rig_advance(rig, 30000);

    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    rig_free(rig);
}

static void a_deaf_printer_does_nothing(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    arm(rig, FAULT_DEAF, 0);
    rig_start(rig, "1");
    rig_advance(rig, 30000);

    assert_null(rig_next_ack(rig));
    assert_int_equal(rig_status(rig)->state, STATE_IDLE);
    rig_free(rig);
}

static void a_connection_can_drop_right_after_the_start(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    arm(rig, FAULT_DROP_AFTER_START, 0);
    rig_start(rig, "1");

    assert_int_equal(rig->drops, 1);
    rig_advance(rig, 30000);
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    rig_free(rig);
}

static void a_print_can_fail_at_a_given_percent(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    arm(rig, FAULT_FAIL_PRINT, 40);
    rig_start(rig, "1");
    rig_advance(rig, 2900 + 39999);
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    rig_advance(rig, 1);

    assert_int_equal(rig_status(rig)->state, STATE_FAILED);
    assert_int_equal(rig_status(rig)->print_error, ERROR_MOTOR);
    rig_free(rig);
}

static void a_liar_is_stuck_at_its_percent_until_cleared(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    fault_arm(&rig->machine->faults, FAULT_LIE, -1, 30, NULL);
    rig_start(rig, "1");
    rig_advance(rig, 1000000);
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    assert_int_equal(rig_status(rig)->percent, 30);

    fault_arm(&rig->machine->faults, FAULT_LIE, 0, 0, NULL);
    printer_reconsider(rig->machine->printer);
    rig_advance(rig, 1);
    assert_int_equal(rig_status(rig)->state, STATE_FINISH);
    rig_free(rig);
}

static void a_rebooted_printer_may_repeat_its_last_print(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_start(rig, "4711");
    rig_advance(rig, 20000);
    printer_reboot(rig->machine->printer, 30000, REBOOT_RESTART);
    assert_true(printer_is_off(rig->machine->printer));
    assert_string_equal(rig_last_start(rig)->outcome, "lost");
    rig_advance(rig, 40000);

    assert_false(printer_is_off(rig->machine->printer));
    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    assert_string_equal(rig_status(rig)->subtask_id, "4711");
    assert_true(rig_last_start(rig)->foreign);
    assert_true(rig_last_start(rig)->began);
    rig_free(rig);
}

static void a_file_that_never_started_prints_after_a_power_cycle(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    arm(rig, FAULT_NEVER_START, 0);
    rig_start(rig, "4711");
    rig_advance(rig, 60000);
    printer_reboot(rig->machine->printer, 30000, REBOOT_RESTART);
    rig_advance(rig, 60000);

    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    assert_string_equal(rig_status(rig)->subtask_id, "4711");
    assert_false(history_start(rig->machine->history, 0)->began);
    assert_true(rig_last_start(rig)->began);
    rig_free(rig);
}

static void a_reboot_can_leave_the_print_as_it_was(void **state)
{
    (void)state;
    struct rig *rig = rig_new("A1mini");
    rig_start(rig, "1");
    rig_advance(rig, 2900 + 20000);
    printer_reboot(rig->machine->printer, 500000, REBOOT_KEEP);
    rig_advance(rig, 500000);
    assert_int_equal(rig_status(rig)->percent, 20);
    rig_advance(rig, 80000);

    assert_int_equal(rig_status(rig)->state, STATE_FINISH);
    rig_free(rig);
}

static void a_print_begun_at_the_printer_carries_no_ids(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    assert_true(printer_start_foreign(rig->machine->printer, "Benchy"));
    rig_advance(rig, 30000);

    assert_int_equal(rig_status(rig)->state, STATE_RUNNING);
    assert_string_equal(rig_status(rig)->subtask_id, "0");
    assert_string_equal(rig_status(rig)->subtask_name, "Benchy");
    assert_true(rig_last_start(rig)->foreign);
    rig_free(rig);
}

static void a_p1s_cannot_count_beyond_31_bits(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_start(rig, "1771905381333");
    rig_advance(rig, 1000);

    assert_string_equal(rig_status(rig)->subtask_id, "2147483647");
    rig_free(rig);
}

static void an_x1c_always_tells_everything(void **state)
{
    (void)state;
    struct rig *rig = rig_new("X1C");
    machine_report(rig->machine, false);

    const cJSON *print = rig->messages[rig->count - 1]->child;
    assert_true(cJSON_HasObjectItem(print, "vt_tray"));
    assert_true(cJSON_HasObjectItem(print, "gcode_state"));
    assert_int_equal(cJSON_GetObjectItem(print, "msg")->valuedouble, 0);
    rig_free(rig);
}

static void a_p1s_tells_what_changed(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    rig_send(rig, "{\"system\":{\"command\":\"ledctrl\","
                  "\"led_node\":\"chamber_light\",\"led_mode\":\"off\"}}");
    machine_report(rig->machine, false);

    const cJSON *print = rig->messages[rig->count - 1]->child;
    assert_int_equal(cJSON_GetArraySize(print), 4); /* and the envelope */
    assert_true(cJSON_HasObjectItem(print, "lights_report"));
    assert_int_equal(cJSON_GetObjectItem(print, "msg")->valuedouble, 1);
    rig_free(rig);
}

static void an_emptied_slot_is_only_an_id_in_the_next_delta(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    struct ams *ams = printer_ams(rig->machine->printer);
    tray_clear(ams_tray(ams, 2));
    ams_touch(ams, 2);
    printer_reconsider(rig->machine->printer);
    machine_report(rig->machine, false);

    const cJSON *print = rig->messages[rig->count - 1]->child;
    char *told = cJSON_PrintUnformatted(cJSON_GetObjectItem(print, "ams"));
    assert_non_null(strstr(told, "\"tray\":[{\"id\":\"2\"}]"));
    assert_non_null(strstr(told, "\"tray_exist_bits\":\"b\""));
    cJSON_free(told);
    rig_free(rig);
}

static void garbage_is_no_json(void **state)
{
    (void)state;
    struct rig *rig = rig_new("P1S");
    fault_arm(&rig->machine->faults, FAULT_GARBAGE_REPORT, 1, 0, NULL);
    machine_report(rig->machine, false);
    machine_report(rig->machine, false);

    assert_int_equal(rig->unreadable, 1);
    rig_free(rig);
}

static void nonsense_on_the_request_topic_is_ignored(void **state)
{
    (void)state;
    static const char *const nonsense[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"print\":7}",
        "{\"print\":{}}",
        "{\"print\":{\"command\":9}}",
        "{\"print\":{\"command\":\"fly\"}}",
    };
    struct rig *rig = rig_new("P1S");
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        rig_send(rig, nonsense[i]);

    assert_int_equal(rig->count, 1); /* the report at the beginning */
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_is_acknowledged_with_what_was_sent),
        cmocka_unit_test(the_name_changes_while_the_old_state_is_still_shown),
        cmocka_unit_test(a_print_goes_through_prepare_and_running_to_finish),
        cmocka_unit_test(an_a1_mini_shows_no_prepare),
        cmocka_unit_test(the_old_layer_is_shown_when_the_next_print_begins),
        cmocka_unit_test(progress_and_time_left_follow_the_clock),
        cmocka_unit_test(a_pause_stops_the_progress_until_resumed),
        cmocka_unit_test(ludicrous_speed_prints_faster),
        cmocka_unit_test(a_stop_shows_failed_then_the_cancel_code_then_none),
        cmocka_unit_test(a_file_that_is_not_there_is_a_storage_error),
        cmocka_unit_test(half_a_file_is_a_storage_error),
        cmocka_unit_test(two_uploads_at_once_spoil_both),
        cmocka_unit_test(a_wrong_checksum_is_a_bad_file),
        cmocka_unit_test(a_folder_needs_the_sdcard_url_on_a_p1s),
        cmocka_unit_test(a_mapping_to_an_empty_slot_pauses_until_it_is_stopped),
        cmocka_unit_test(a_busy_p1s_refuses_and_goes_on_printing),
        cmocka_unit_test(a_busy_a1_mini_refuses_and_ends_the_running_print),
        cmocka_unit_test(the_spool_grows_lighter_by_what_was_printed),
        cmocka_unit_test(an_empty_spool_pauses_the_print),
        cmocka_unit_test(an_accepted_start_may_never_begin),
        cmocka_unit_test(a_refused_start_says_why),
        cmocka_unit_test(an_unanswered_start_prints_all_the_same),
        cmocka_unit_test(a_deaf_printer_does_nothing),
        cmocka_unit_test(a_connection_can_drop_right_after_the_start),
        cmocka_unit_test(a_print_can_fail_at_a_given_percent),
        cmocka_unit_test(a_liar_is_stuck_at_its_percent_until_cleared),
        cmocka_unit_test(a_rebooted_printer_may_repeat_its_last_print),
        cmocka_unit_test(a_file_that_never_started_prints_after_a_power_cycle),
        cmocka_unit_test(a_reboot_can_leave_the_print_as_it_was),
        cmocka_unit_test(a_print_begun_at_the_printer_carries_no_ids),
        cmocka_unit_test(a_p1s_cannot_count_beyond_31_bits),
        cmocka_unit_test(an_x1c_always_tells_everything),
        cmocka_unit_test(a_p1s_tells_what_changed),
        cmocka_unit_test(an_emptied_slot_is_only_an_id_in_the_next_delta),
        cmocka_unit_test(garbage_is_no_json),
        cmocka_unit_test(nonsense_on_the_request_topic_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
