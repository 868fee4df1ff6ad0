/* Merging reports, and what becomes of them in the host's words. */
#include "status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "loose.h"
#include "testhost.h"

struct printer {
    struct report report;
    struct job job;
    int64_t now_ms;
    bool whole;
};

static struct printer new_printer(void)
{
    struct printer p = { .now_ms = 1000 };
    report_init(&p.report);
    return p;
}

static void hear(struct printer *p, const char *print)
{
    spd_json *doc = testhost_parse(print);
    p->whole = report_merge(&p->report, testhost_json(), doc);
    testhost_json()->free(doc);
    (void)job_update(&p->job, &p->report, p->now_ms);
}

static struct status tell(const struct printer *p, const char *model)
{
    struct status s;
    const struct model *m = model_find(text_of(model));
    status_derive(&s, &p->report, &p->job, m != NULL ? m : model_unknown());
    return s;
}

static const struct slot *slot_of(const struct status *s, int32_t number)
{
    for (int64_t i = 0; i < s->slot_count; i++)
        if (s->slots[i].number == number)
            return &s->slots[i];
    fail_msg("no slot %d", (int)number);
    return NULL;
}

#define WHOLE                                                                  \
    "'msg': 0, 'gcode_state': 'IDLE', 'print_error': 0, 'home_flag': 384, "    \
    "'nozzle_temper': 25.0, 'lights_report': [{'node': 'chamber_light', "      \
    "'mode': 'on'}]"
#define TRAY(id, type)                                                         \
    "{'id': '" id "', 'tray_type': '" type "', 'tray_color': 'FF8000FF', "     \
    "'remain': 40, 'tray_uuid': 'AB', 'tray_weight': '1000'}"
#define AMS(bits, trays)                                                       \
    "'ams': {'ams': [{'id': '0', 'tray': [" trays                              \
    "]}], 'ams_exist_bits': '1', 'tray_exist_bits': '" bits "'}"

/* ------------------------------------------------------------- merging - */

static void
partial_reports_in_unbroken_count_keep_the_picture_complete(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{'msg': 1, 'sequence_id': '6', 'nozzle_temper': 20.0}");
    assert_false(report_is_complete(&p.report));
    hear(&p, "{" WHOLE ", 'sequence_id': '7'}");
    assert_true(report_is_complete(&p.report));
    hear(&p, "{'msg': 1, 'sequence_id': '8', 'nozzle_temper': 21.0}");
    assert_true(report_is_complete(&p.report));
}

static void
a_partial_report_that_was_missed_leaves_the_picture_incomplete(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'sequence_id': '7'}");
    hear(&p, "{'msg': 1, 'sequence_id': '9', 'nozzle_temper': 21.0}");
    assert_false(report_is_complete(&p.report));
    hear(&p, "{'msg': 1, 'sequence_id': '10', 'nozzle_temper': 22.0}");
    assert_false(report_is_complete(&p.report));
}

/* A P2S says "2021" every time. */
static void a_count_that_stands_still_proves_nothing(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'sequence_id': '2021'}");
    hear(&p, "{'msg': 1, 'sequence_id': '2021', 'nozzle_temper': 21.0}");
    assert_false(report_is_complete(&p.report));
}

/* Late, and in the wrong order: a print that had ended ran again. */
static void a_report_that_was_overtaken_changes_nothing(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'sequence_id': '70', 'mc_percent': 50}");
    hear(&p, "{'msg': 1, 'sequence_id': '71', 'mc_percent': 51}");
    hear(&p, "{'msg': 1, 'sequence_id': '69', 'mc_percent': 49, "
             "'gcode_state': 'RUNNING'}");
    assert_int_equal(p.report.mc_percent, 51);
    assert_string_equal(p.report.gcode_state, "IDLE");
    assert_int_equal(p.report.odd, 1);
    assert_true(report_is_complete(&p.report));
    hear(&p, "{" WHOLE ", 'sequence_id': '1', 'mc_percent': 0}");
    assert_int_equal(p.report.mc_percent, 0); /* it was switched off and on */
}

static void a_partial_report_changes_only_what_it_mentions(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'bed_temper': 60.04}");
    assert_true(p.whole);
    hear(&p, "{'msg': 1, 'nozzle_temper': 220.0}");
    assert_false(p.whole);

    struct status s = tell(&p, "P1S");
    assert_string_equal(s.state, "idle");
    assert_true(s.nozzle_celsius == 220.0);
    assert_true(s.bed_celsius == 60.0);
}

static void a_whole_report_forgets_what_it_does_not_mention(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'bed_temper': 60, " AMS("1", TRAY("0", "PLA")) "}");
    hear(&p, "{" WHOLE "}");
    assert_int_equal(p.report.unit_count, 0);
    assert_true(p.report.bed_celsius == CELSIUS_UNKNOWN);
}

static void an_old_printer_sends_whole_reports_without_saying_so(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{'gcode_state': 'IDLE', 'print_error': 0, 'home_flag': 0, "
             "'nozzle_temper': 25, 'lights_report': []}");
    assert_true(p.whole);
    hear(&p, "{'home_flag': -1066934785}");
    assert_false(p.whole);
    assert_string_equal(p.report.gcode_state, "IDLE");
}

static void units_and_trays_are_matched_by_their_ids(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p,
         "{" WHOLE ", " AMS("3", TRAY("0", "PLA") ", " TRAY("1", "PETG")) "}");
    hear(&p, "{'msg': 1, 'ams': {'ams': [{'id': '0', 'tray': [{'id': '1', "
             "'tray_type': 'ABS', 'remain': 7}]}]}}");

    struct status s = tell(&p, "P1S");
    assert_string_equal(slot_of(&s, 0)->material_type, "PLA");
    assert_string_equal(slot_of(&s, 1)->material_type, "ABS");
    assert_int_equal(slot_of(&s, 1)->remaining_pct, 7);
}

static void a_tray_that_is_only_an_id_has_been_emptied(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE
             ", 'ams': {'ams': [{'id': 0, 'tray': [" TRAY("0", "PLA") "]}]}}");
    hear(&p, "{'msg': 1, 'ams': {'ams': [{'id': 0, 'tray': [{'id': 0, "
             "'state': 9}]}]}}");
    struct status s = tell(&p, "P1S");
    assert_false(slot_of(&s, 0)->loaded);
    assert_string_equal(slot_of(&s, 0)->material_type, "");
}

static void the_exist_bits_know_better_than_the_text(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p,
         "{" WHOLE ", " AMS("1", TRAY("0", "PLA") ", " TRAY("1", "PLA")) "}");
    struct status s = tell(&p, "P1S");
    assert_true(slot_of(&s, 0)->loaded);
    assert_false(slot_of(&s, 1)->loaded);
    assert_string_equal(slot_of(&s, 1)->material_type, "");

    hear(&p, "{'msg': 1, 'ams': {'tray_exist_bits': '2'}}");
    s = tell(&p, "P1S");
    assert_false(slot_of(&s, 0)->loaded);
    assert_true(slot_of(&s, 1)->loaded);
}

static void a_printer_that_switches_off_does_not_empty_its_slots(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", " AMS("1", TRAY("0", "PLA")) "}");
    hear(&p, "{'msg': 1, 'ams': {'ams_exist_bits': '0', 'tray_exist_bits': "
             "'0', 'power_on_flag': false}}");
    struct status s = tell(&p, "P1S");
    assert_true(slot_of(&s, 0)->loaded);
}

static void a_drying_unit_has_one_slot_and_its_own_bit(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'ams': {'ams': [{'id': '129', 'tray': [" TRAY(
                 "0", "PA") "]}], 'tray_exist_bits': '20000', 'tray_now': "
                            "'129'}}");
    struct status s = tell(&p, "X1C");
    assert_int_equal(s.slot_count, 1);
    assert_true(slot_of(&s, 129)->loaded);
    assert_int_equal(s.active_slot, 129);
}

static void numbers_may_come_as_text_and_text_as_numbers(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'mc_percent': '42', 'task_id': 77, 'subtask_id': "
             "'77', 'nozzle_diameter': '0.4'}");
    struct status s = tell(&p, "P1S");
    assert_int_equal(s.progress_pct, 42);
    assert_string_equal(s.submission, "77");
    assert_true(s.nozzle_diameter_mm == 0.4);
    assert_int_equal(p.report.odd, 0);
}

static void nonsense_is_counted_and_skipped(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'mc_percent': 30}");
    hear(&p, "{'msg': 1, 'mc_percent': 4000, 'stg_cur': [], 'gcode_state': "
             "{}, 'bed_temper': 'warm', 'ams': {'ams': [{'id': 'x'}, 7, "
             "null]}, 'hms': [{'attr': -1}], 'vt_tray': 3, 'device': 'yes'}");
    assert_int_equal(p.report.mc_percent, 30);
    assert_string_equal(p.report.gcode_state, "IDLE");
    assert_int_equal(p.report.odd, 10);
}

static void more_units_than_exist_are_not_taken(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{'ams': {'ams': [{'id': 0}, {'id': 1}, {'id': 2}, {'id': 3}, "
             "{'id': 4}, {'id': 5}, {'id': 6}, {'id': 7}, {'id': 8}, {'id': "
             "9}, {'id': 10}, {'id': 11}, {'id': 12}, {'id': 13}, {'id': 14}, "
             "{'id': 15}, {'id': 16}, {'id': 128}, {'id': 99}]}}");
    assert_int_equal(p.report.unit_count, REPORT_UNITS_MAX);
    struct status s = tell(&p, "A1");
    assert_int_equal(s.slot_count, STATUS_SLOTS_MAX);
}

/* -------------------------------------------------------- the words ---- */

static void
an_untagged_spool_with_nothing_left_is_one_nobody_measured(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'ams': {'ams': [{'id': 0, 'tray': [{'id': 0, "
             "'tray_type': 'PLA', 'remain': 0, 'tray_uuid': '0000'}, {'id': "
             "1, 'tray_type': 'PLA', 'remain': 0, 'tray_uuid': 'A0'}]}]}}");
    struct status s = tell(&p, "P1S");
    assert_int_equal(slot_of(&s, 0)->remaining_pct, -1);
    assert_string_equal(slot_of(&s, 0)->tray_uuid, "");
    assert_int_equal(slot_of(&s, 1)->remaining_pct, 0);
}

/* Seen on an A1 mini: four tagged spools, fresh and not, and all at zero. */
static void an_ams_lite_that_says_zero_has_not_measured(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'ams': {'ams': [{'id': 0, 'tray': [{'id': 0, "
             "'tray_type': 'PLA', 'remain': 0, 'tray_uuid': 'A0'}]}]}}");
    struct status s = tell(&p, "A1 mini");
    assert_int_equal(slot_of(&s, 0)->remaining_pct, -1);
}

static void the_fake_chamber_temperature_is_not_told(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'chamber_temper': 5}");
    assert_true(tell(&p, "P1S").chamber_celsius == CELSIUS_UNKNOWN);
    assert_true(tell(&p, "X1C").chamber_celsius == 5);
}

static void with_two_nozzles_the_working_one_is_shown(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'ams': {'tray_now': '3'}, "
             "'device': {'extruder': {'state': 2, 'info': [{'id': 0, 'snow': "
             "259, 'temp': 14745864}, {'id': 1, 'snow': 65279, 'temp': 40}]}, "
             "'ctc': {'info': {'temp': 3932208}}}}");
    struct status s = tell(&p, "H2D");
    assert_true(s.nozzle_celsius == 264 && s.nozzle_target_celsius == 225);
    assert_true(s.chamber_celsius == 48);
    assert_int_equal(s.active_slot, 7); /* unit 1, slot 3: not tray_now */
}

static void
the_only_external_spool_is_254_whatever_its_list_calls_it(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'vir_slot': [{'id': '255', 'tray_type': 'TPU'}]}");
    struct status s = tell(&p, "P2S");
    assert_true(slot_of(&s, 254)->loaded && slot_of(&s, 254)->external);

    hear(&p, "{" WHOLE ", 'vir_slot': [{'id': '254'}, {'id': '255', "
             "'tray_type': 'TPU'}]}");
    s = tell(&p, "H2D");
    assert_false(slot_of(&s, 254)->loaded);
    assert_true(slot_of(&s, 255)->loaded);
}

static void
a_status_code_is_not_an_error_and_a_stop_is_not_one_either(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{'print_error': 50348044}");
    assert_int_equal(tell(&p, "P1S").error, 0);
    hear(&p, "{'print_error': 83886081}");
    assert_int_equal(tell(&p, "P1S").error, 0);
    hear(&p, "{'print_error': 83918908}");
    assert_int_equal(tell(&p, "P1S").error, 0x0500803C);
}

static void a_farm_printer_tells_its_fans_lights_and_nozzle(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE "}");
    hear(&p, "{'msg': 1, 'cooling_fan_speed': '15', 'big_fan1_speed': '0', "
             "'spd_mag': 124, 'nozzle_type': 'hardened_steel', 'sdcard': true, "
             "'lights_report': [{'node': 'chamber_light', 'mode': 'on'}, "
             "{'node': 'work_light', 'mode': 'flashing'}, {'node': "
             "'moon_light', 'mode': 'off'}], 's_obj': [44, 81]}");
    struct status s = tell(&p, "X1C");
    assert_int_equal(s.fans[FAN_PART], 100);
    assert_int_equal(s.fans[FAN_AUX], 0);
    assert_int_equal(s.fans[FAN_HOTEND], -1);
    assert_int_equal(s.speed_pct, 124);
    assert_int_equal(s.light, 1);
    assert_int_equal(s.lamp_count, 3);
    assert_string_equal(s.lamps[1].name, "work light");
    assert_string_equal(s.lamps[2].name, "moon_light");
    assert_string_equal(s.nozzle_type, "hardened steel");
    assert_int_equal(s.skipped_count, 2);
    assert_int_equal(s.storage_ready, 1);
}

static void a_card_taken_out_or_damaged_is_seen(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{'home_flag': 0}");
    assert_int_equal(tell(&p, "P1S").storage_ready, 0);
    hear(&p, "{'home_flag': 768}"); /* present, and not sound */
    assert_int_equal(tell(&p, "P1S").storage_ready, 0);
    hear(&p, "{'home_flag': -2147483392}"); /* signed, and present */
    assert_int_equal(tell(&p, "P1S").storage_ready, 1);
}

static void a_nozzle_code_is_put_in_words(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{'nozzle_type': 'HH01'}");
    assert_string_equal(tell(&p, "P2S").nozzle_type,
                        "hardened steel, high flow");
    hear(&p, "{'nozzle_type': 'diamond_9'}");
    assert_string_equal(tell(&p, "P2S").nozzle_type, "diamond 9");
}

static void a_unit_tells_how_dry_it_is_and_how_long_it_dries(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'ams': {'ams': [{'id': '1', 'info': '1123', "
             "'humidity': '5', 'humidity_raw': '8', 'temp': '55.9', "
             "'dry_time': 692}, {'id': '128', 'info': '2004', 'humidity': "
             "'0', 'humidity_raw': '0', 'temp': '0.0'}]}}");
    struct status s = tell(&p, "H2D");
    assert_int_equal(s.feeder_count, 2);
    assert_string_equal(s.feeders[0].kind, "AMS 2 Pro");
    assert_int_equal(s.feeders[0].dry_minutes, 692);
    assert_int_equal(s.feeders[0].humidity_pct, 8);
    assert_string_equal(s.feeders[1].kind, "AMS HT");
    assert_int_equal(s.feeders[1].humidity_index, -1);
    assert_true(s.feeders[1].celsius == CELSIUS_UNKNOWN);
}

/* Its tray_now counts within a unit, and of the external spool it says 0. */
static void an_h2s_on_its_external_spool_charges_no_ams_slot(void **state)
{
    (void)state;
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'ams': {'tray_now': '0'}, 'mapping': [65280]}");
    assert_int_equal(tell(&p, "H2S").active_slot, 254);
    hear(&p, "{" WHOLE ", 'ams': {'tray_now': '0'}}");
    assert_int_equal(tell(&p, "H2S").active_slot, STATUS_NO_SLOT);
    assert_int_equal(tell(&p, "P1S").active_slot, 0);
}

static void check_error(uint32_t code, const char *expected)
{
    char text[CODE_TEXT_CHARS];
    error_text(code, text, sizeof(text));
    if (strstr(text, expected) == NULL)
        fail_msg("%08X is \"%s\"", (unsigned)code, text);
}

static void check_notice(uint32_t attr, uint32_t code, const char *expected)
{
    char text[CODE_TEXT_CHARS];
    hms_text(&(struct hms){ attr, code }, text, sizeof(text));
    if (strstr(text, expected) == NULL)
        fail_msg("%08X %08X is \"%s\"", (unsigned)attr, (unsigned)code, text);
}

static void errors_and_notices_are_put_in_words(void **state)
{
    (void)state;
    check_error(0x03008003, "spaghetti");
    check_error(0x07018011, "AMS 2: the filament has run out");
    check_error(0x12008001, "AMS lite 1: the filament could not be cut");
    check_error(0x07FF8012, "External spool: a filament of the file");
    check_error(0x05024007, "Developer Mode");
    check_error(0x0300DEAD, "0300_DEAD"); /* nobody knows it yet */
    check_notice(0x07012100, 0x00020001, "AMS 2, slot 2 has run out");
    check_notice(0x18002000, 0x00020002, "AMS HT 1, slot 1 is empty");
    check_notice(0x0C000300, 0x0001001E, "Smoke");
    check_notice(0x05000500, 0x00010007, "Developer Mode");
    check_notice(0x05000600, 0x00020070, "mainboard: HMS_0500_0600_0002_0070");
    check_notice(0x7F000000, 0x00020070, "message of the printer");
}

static void a_notice_leads_to_its_makers_page(void **state)
{
    (void)state;
    char link[CODE_TEXT_CHARS];
    hms_link(&(struct hms){ 0x07012100, 0x00020001 }, link, sizeof(link));
    assert_non_null(strstr(link, "/hmscode/0701_2100_0002_0001"));
}

static void firmware_is_compared_number_by_number(void **state)
{
    (void)state;
    assert_true(firmware_reaches("01.10.00.00", "01.09.99.99"));
    assert_false(firmware_reaches("01.08.02.00", "01.08.50.32"));
    assert_true(firmware_reaches("", ""));
    assert_false(firmware_reaches("new", "01.00.00.00"));
}

static void only_news_are_written(void **state)
{
    (void)state;
    const struct spd_json_api *json = testhost_json();
    struct printer p = new_printer();
    hear(&p, "{" WHOLE ", 'mc_percent': 3}");
    struct status before = tell(&p, "P1S");
    hear(&p, "{'msg': 1, 'mc_percent': 4, 'nozzle_temper': 25.01}");
    struct status now = tell(&p, "P1S");

    spd_jsonw *w = json->writer();
    spd_str text = { 0 };
    json->begin(w, NULL, SPD_JSON_OBJECT);
    assert_int_equal(status_write(&now, &before, json, w), 1);
    json->end(w);
    assert_int_equal(json->text(w, &text), SPD_OK);
    assert_true(text_equals(text, "{\"progress_pct\":4}"));
    json->writer_free(w);
}

static void a_model_is_known_by_each_of_its_names(void **state)
{
    (void)state;
    assert_string_equal(model_find(text_of("N2S"))->name, "A1");
    assert_string_equal(model_find(text_of("Bambu Lab X1-Carbon"))->name,
                        "X1C");
    assert_string_equal(model_find(text_of("p1s"))->slicer_id, "C12");
    assert_string_equal(model_find(text_of("O2D"))->name, "H2D Pro");
    assert_null(model_find(text_of("Bambu Lab")));
    assert_null(model_find(text_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            partial_reports_in_unbroken_count_keep_the_picture_complete),
        cmocka_unit_test(
            a_partial_report_that_was_missed_leaves_the_picture_incomplete),
        cmocka_unit_test(a_count_that_stands_still_proves_nothing),
        cmocka_unit_test(a_report_that_was_overtaken_changes_nothing),
        cmocka_unit_test(a_partial_report_changes_only_what_it_mentions),
        cmocka_unit_test(a_whole_report_forgets_what_it_does_not_mention),
        cmocka_unit_test(an_old_printer_sends_whole_reports_without_saying_so),
        cmocka_unit_test(units_and_trays_are_matched_by_their_ids),
        cmocka_unit_test(a_tray_that_is_only_an_id_has_been_emptied),
        cmocka_unit_test(the_exist_bits_know_better_than_the_text),
        cmocka_unit_test(a_printer_that_switches_off_does_not_empty_its_slots),
        cmocka_unit_test(a_drying_unit_has_one_slot_and_its_own_bit),
        cmocka_unit_test(numbers_may_come_as_text_and_text_as_numbers),
        cmocka_unit_test(nonsense_is_counted_and_skipped),
        cmocka_unit_test(more_units_than_exist_are_not_taken),
        cmocka_unit_test(
            an_untagged_spool_with_nothing_left_is_one_nobody_measured),
        cmocka_unit_test(an_ams_lite_that_says_zero_has_not_measured),
        cmocka_unit_test(the_fake_chamber_temperature_is_not_told),
        cmocka_unit_test(with_two_nozzles_the_working_one_is_shown),
        cmocka_unit_test(
            the_only_external_spool_is_254_whatever_its_list_calls_it),
        cmocka_unit_test(
            a_status_code_is_not_an_error_and_a_stop_is_not_one_either),
        cmocka_unit_test(a_farm_printer_tells_its_fans_lights_and_nozzle),
        cmocka_unit_test(a_card_taken_out_or_damaged_is_seen),
        cmocka_unit_test(a_nozzle_code_is_put_in_words),
        cmocka_unit_test(a_unit_tells_how_dry_it_is_and_how_long_it_dries),
        cmocka_unit_test(an_h2s_on_its_external_spool_charges_no_ams_slot),
        cmocka_unit_test(errors_and_notices_are_put_in_words),
        cmocka_unit_test(a_notice_leads_to_its_makers_page),
        cmocka_unit_test(firmware_is_compared_number_by_number),
        cmocka_unit_test(only_news_are_written),
        cmocka_unit_test(a_model_is_known_by_each_of_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
