/* Reports that real printers sent, where a copy of them is at hand: the files
 * say in their names what state they show. */
#include "status.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loose.h"
#include "testhost.h"

#ifndef SPOOLD_SOURCE_DIR
#define SPOOLD_SOURCE_DIR "."
#endif

enum { SAMPLE_MAX_BYTES = 1 << 20 };

static const char *folder(void)
{
    static char path[1024];
    const char *shared = getenv("SPOOLD_SHARED");
    if (shared == NULL)
        shared = SPOOLD_SOURCE_DIR "/../shared";
    (void)snprintf(path, sizeof(path), "%s/bambu/reports", shared);
    return path;
}

static spd_json *load(const char *name)
{
    char path[1400];
    struct spd_error err = { 0 };
    (void)snprintf(path, sizeof(path), "%s/%s", folder(), name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, SAMPLE_MAX_BYTES);
    size_t len = fread(text, 1, SAMPLE_MAX_BYTES, file);
    (void)fclose(file);
    spd_json *doc = testhost_json()->parse((spd_str){ text, len }, &err);
    if (doc == NULL)
        fail_msg("%s: %s", name, err.text);
    free(text);
    return doc;
}

struct run {
    struct report report;
    struct job job;
    struct status status;
    size_t whole;
};

static void hear(struct run *run, const spd_json *message)
{
    const struct spd_json_api *json = testhost_json();
    const spd_json *payload = json->member(message, "payload");
    const spd_json *print = json->member(payload, "print");
    const spd_json *info = json->member(payload, "info");
    int64_t at_ms = json->as_int(json->member(message, "t_ms"), 0) + 1000;
    if (json->type(info) == SPD_JSON_OBJECT)
        report_merge_version(&run->report, json, info);
    if (json->type(print) != SPD_JSON_OBJECT ||
        json->type(json->member(print, "result")) != SPD_JSON_NULL)
        return;
    run->whole += report_merge(&run->report, json, print);
    (void)job_update(&run->job, &run->report, at_ms);
}

static struct run play(const char *name)
{
    const struct spd_json_api *json = testhost_json();
    struct run run = { 0 };
    spd_json *doc = load(name);
    const spd_json *messages = json->member(doc, "messages");
    report_init(&run.report);
    for (size_t i = 0; i < json->count(messages); i++)
        hear(&run, json->item(messages, i));
    spd_str named = json->as_str(
        json->member(json->member(doc, "meta"), "model"), (spd_str){ "", 0 });
    const struct model *model = model_find(named);
    if (model == NULL)
        fail_msg("%s: no model %.*s", name, (int)named.len, named.ptr);
    status_derive(&run.status, &run.report, &run.job, model);
    json->free(doc);
    return run;
}

/* The name's second word is the state: "p1p-failed-ams.json". */
static const struct {
    const char *part, *state;
} states[] = {
    { "never-starts", "unknown" }, /* deltas alone: no state was ever told */
    { "stop-failed", "failed" },   { "-pause-", "paused" },
    { "-idle-", "idle" },          { "-running-", "printing" },
    { "-finish-", "finished" },    { "-failed-", "failed" },
};

static const char *expected_state(const char *name)
{
    for (size_t i = 0; i < SPD_COUNT(states); i++)
        if (strstr(name, states[i].part) != NULL)
            return states[i].state;
    return NULL;
}

/* ------------------------------------------- what the payload says ---- */

static const spd_json *print_of(const spd_json *message)
{
    const struct spd_json_api *json = testhost_json();
    const spd_json *print =
        json->member(json->member(message, "payload"), "print");
    bool is_answer = json->type(json->member(print, "result")) != SPD_JSON_NULL;
    return is_answer ? NULL : print;
}

static const spd_json *last_told(const spd_json *doc, const char *name)
{
    const struct spd_json_api *json = testhost_json();
    const spd_json *messages = json->member(doc, "messages"), *told = NULL;
    for (size_t i = 0; i < json->count(messages); i++) {
        const spd_json *print = print_of(json->item(messages, i));
        const spd_json *value =
            print != NULL ? json->member(print, name) : NULL;
        if (value != NULL && json->type(value) != SPD_JSON_NULL)
            told = value;
    }
    return told;
}

static double number_of(const spd_json *value)
{
    const struct spd_json_api *json = testhost_json();
    char text[64] = "";
    if (json->type(value) != SPD_JSON_STR)
        return json->as_real(value, (double)json->as_int(value, 0));
    text_copy(text, sizeof(text), json->as_str(value, text_of("")));
    return strtod(text, NULL); /* "-45dBm" is -45 */
}

/* Members that a status repeats as they are. With two nozzles each has its
 * own word. */
static const struct {
    const char *told, *shown;
    bool of_one_nozzle;
} numbers[] = {
    { "mc_percent", "progress_pct", false },
    { "mc_remaining_time", "remaining_minutes", false },
    { "total_layer_num", "layers", false },
    { "spd_lvl", "speed_level", false },
    { "spd_mag", "speed_pct", false },
    { "wifi_signal", "wifi_dbm", false },
    { "nozzle_temper", "nozzle_celsius", true },
    { "nozzle_target_temper", "nozzle_target_celsius", true },
    { "bed_temper", "bed_celsius", false },
    { "bed_target_temper", "bed_target_celsius", false },
    { "nozzle_diameter", "nozzle_diameter_mm", true },
};

struct sheet {
    const char *name;
    const spd_json *doc, *status;
    size_t facts;
};

static void check_number(struct sheet *s, const char *what, double told,
                         const spd_json *shown)
{
    const struct spd_json_api *json = testhost_json();
    double is = json->as_real(shown, (double)json->as_int(shown, -9999));
    if (fabs(told - is) > 0.0501)
        fail_msg("%s: %s is %g and is shown as %g", s->name, what, told, is);
    s->facts++;
}

static void check_text(struct sheet *s, const char *what, spd_str told,
                       const spd_json *shown)
{
    spd_str is = testhost_json()->as_str(shown, text_of(""));
    if (told.len != is.len || memcmp(told.ptr, is.ptr, is.len) != 0)
        fail_msg("%s: %s is %.*s and is shown as %.*s", s->name, what,
                 (int)told.len, told.ptr, (int)is.len, is.ptr);
    s->facts++;
}

static bool is_blank(const spd_json *value)
{
    const struct spd_json_api *json = testhost_json();
    return json->type(value) == SPD_JSON_STR &&
           json->as_str(value, text_of("")).len == 0;
}

/* What the source of a report had blanked is no fact. */
static void check_plain_members(struct sheet *s)
{
    const struct spd_json_api *json = testhost_json();
    size_t nozzles = json->count(json->member(s->status, "nozzles"));
    for (size_t i = 0; i < SPD_COUNT(numbers); i++) {
        const spd_json *told = last_told(s->doc, numbers[i].told);
        if (told != NULL && !is_blank(told) &&
            !(numbers[i].of_one_nozzle && nozzles > 1))
            check_number(s, numbers[i].told, number_of(told),
                         json->member(s->status, numbers[i].shown));
    }
    const spd_json *name = last_told(s->doc, "subtask_name");
    if (name != NULL)
        check_text(s, "subtask_name", json->as_str(name, text_of("")),
                   json->member(s->status, "job_name"));
}

static const spd_json *slot_shown(const struct sheet *s, int64_t number)
{
    const struct spd_json_api *json = testhost_json();
    const spd_json *slots = json->member(s->status, "slots");
    for (size_t i = 0; i < json->count(slots); i++)
        if (json->as_int(json->member(json->item(slots, i), "slot"), -1) ==
            number)
            return json->item(slots, i);
    return NULL;
}

static bool has_digit(spd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '0')
            return true;
    return false;
}

static void check_spool(struct sheet *s, const spd_json *tray,
                        const spd_json *slot)
{
    const struct spd_json_api *json = testhost_json();
    const spd_str none = { "", 0 };
    char color[8] = "#";
    spd_str told = json->as_str(json->member(tray, "tray_color"), none);
    spd_str uuid = json->as_str(json->member(tray, "tray_uuid"), none);
    double remain = number_of(json->member(tray, "remain"));
    text_copy(color + 1, sizeof(color) - 1, told);
    check_text(s, "tray_type",
               json->as_str(json->member(tray, "tray_type"), none),
               json->member(slot, "material_type"));
    check_text(s, "tray_color", text_of(color), json->member(slot, "color"));
    check_text(s, "tray_uuid", has_digit(uuid) ? uuid : none,
               json->member(slot, "tray_uuid"));
    if (remain > 0)
        check_number(s, "remain", remain, json->member(slot, "remaining_pct"));
    else if (remain < 0)
        check_text(s, "remain", none, json->member(slot, "remaining_pct"));
}

static void check_tray(struct sheet *s, int64_t unit, const spd_json *tray,
                       uint64_t bits)
{
    const struct spd_json_api *json = testhost_json();
    int64_t slot = -1;
    (void)loose_int(json, tray, "id", &slot);
    const spd_json *shown = slot_shown(s, status_slot_number(unit, slot));
    if (shown == NULL)
        fail_msg("%s: unit %d, slot %d is not shown", s->name, (int)unit,
                 (int)slot);
    bool is_in = (bits >> report_slot_bit(unit, slot) & 1) != 0;
    bool loaded = json->as_bool(json->member(shown, "loaded"), false);
    if (loaded != is_in)
        fail_msg("%s: unit %d, slot %d is shown as %s", s->name, (int)unit,
                 (int)slot, loaded ? "loaded" : "empty");
    s->facts++;
    if (loaded && json->count(tray) > 2)
        check_spool(s, tray, shown);
}

static void check_units(struct sheet *s)
{
    const struct spd_json_api *json = testhost_json();
    const spd_json *ams = last_told(s->doc, "ams");
    const spd_json *units = json->member(ams, "ams");
    uint64_t bits = 0;
    (void)loose_hex(json, ams, "tray_exist_bits", &bits);
    for (size_t i = 0; i < json->count(units); i++) {
        const spd_json *unit = json->item(units, i);
        const spd_json *trays = json->member(unit, "tray");
        int64_t id = -1;
        (void)loose_int(json, unit, "id", &id);
        for (size_t k = 0; k < json->count(trays); k++)
            check_tray(s, id, json->item(trays, k), bits);
    }
}

static bool is_here(void)
{
    DIR *dir = opendir(folder());
    if (dir == NULL)
        print_message("skipped: no reports in %s\n", folder());
    else
        (void)closedir(dir);
    return dir != NULL;
}

/* ------------------------------------ what is to be known beyond that ---- */

/* "slots.3.color" of the status, as JSON writes it; "-": not told. */
static const struct {
    const char *file, *path, *text;
} facts[] = {
    { "a-series", "state", "paused" },
    { "a-series", "error.code", "0300_8015" },
    { "a1-idle", "slots.0.vendor",
      "-" }, /* a mask says original, no tag does */
    { "a1-idle", "slots.0.remaining_pct", "100" },
    { "a1-idle", "slots.4.external", "true" },
    { "a1-idle", "chamber_celsius", "-" }, /* the constant 5 */
    { "a1-idle", "units.0.kind", "AMS lite" },
    { "a1-idle", "door_open", "-" },
    { "a1-idle", "nozzle_type", "stainless steel" },
    { "a1-project", "state", "unknown" },
    { "a1-project", "submission", "" },
    { "a1mini-idle", "firmware", "01.07.02.00" },
    { "a1mini-idle", "slots.0.product", "PLA Matte" },
    { "a1mini-idle", "slots.0.remaining_pct", "-" }, /* 0 of full spools */
    { "a1mini-idle", "wifi_dbm", "-" },
    { "h2d-idle", "units.1.drying_minutes", "692" },
    { "h2d-idle", "units.1.kind", "AMS 2 Pro" },
    { "h2d-idle", "units.2.name", "HT 1" },
    { "h2d-idle", "units.2.dryness", "-" },
    { "h2d-idle", "units.2.humidity_pct", "8" },
    { "h2d-idle", "active_slot", "null" },
    { "h2d-idle", "nozzles.1.name", "left" },
    { "h2d-idle", "door_open", "false" },
    { "h2d-running-ams", "door_open", "true" }, /* by the last change */
    { "h2d-running-ams", "stage", "cleaning the nozzle" },
    { "h2d-running-ams", "nozzles.0.slot", "128" },
    { "h2d-running-ams", "nozzles.0.target_celsius", "225" },
    { "h2d-running-ams", "nozzle_celsius", "40" }, /* the left one works */
    { "h2d-running-ams", "nozzles.1.diameter_mm", "0.6" },
    { "h2d-running-local", "active_slot", "7" }, /* tray_now says 3 */
    { "h2d-running-local", "nozzles.0.slot", "7" },
    { "h2d-running-local", "nozzles.1.slot", "null" },
    { "h2d-running-local", "submission", "5013" },
    { "h2d-running-local", "fans.2.pct", "27" },
    { "h2d-running-local", "lights.2.name", "chamber 2" },
    { "h2dpro-idle", "chamber_celsius", "23" },
    { "h2dpro-idle", "slots.4.slot", "128" },
    { "h2dpro-idle", "slots.4.remaining_pct", "87" },
    { "h2dpro-idle", "slots.5.slot", "255" },
    { "h2dpro-idle", "slots.5.material_type", "TPU" },
    { "h2dpro-idle", "nozzle_type", "tungsten carbide" },
    { "misc-running", "active_slot", "128" },
    { "misc-running", "alerts.0.code", "HMS_0C00_0300_0003_0007" },
    { "misc-running", "alerts.0.severity", "common" },
    { "misc-running", "submission", "" }, /* a cloud job */
    { "misc-running", "door_open", "true" },
    { "p1-running", "slots.0.remaining_pct", "-" }, /* -1 of a tagged one */
    { "p1-running", "slots.1.weight_grams", "250" },
    { "p1-running", "active_slot", "1" },
    { "p1-running", "layer", "66" },
    { "p1p-failed", "state", "failed" },
    { "p1p-failed", "canceled", "false" },
    { "p1p-failed", "slots.0.vendor", "-" },
    { "p1p-failed", "nozzle_type", "hardened steel" },
    { "p1p-finish", "active_slot", "254" },
    { "p1p-finish", "slots.0.material_type", "PETG" },
    { "p1s-finish", "slots.0.vendor", "Bambu Lab" },
    { "p1s-finish", "layers", "260" },
    { "p2s-running", "active_slot", "3" },
    { "p2s-running", "slots.4.slot", "254" }, /* the list calls it 255 */
    { "p2s-running", "units.0.humidity_pct", "16" },
    { "p2s-running", "chamber_celsius", "47" },
    { "p2s-running", "submission", "4086" },
    { "p2s-start", "canceled", "true" },
    { "p2s-start", "error", "null" },
    { "p2s-start", "layers", "94" },
    { "x1-idle", "units.0.dryness", "4" },
    { "x1-idle", "slots.0.loaded", "false" },
    { "x1-idle", "chamber_celsius", "24" },
    { "x1c-finish", "slots.8.loaded", "false" }, /* bits 10eff */
    { "x1c-finish", "slots.12.slot", "128" },
    { "x1c-finish", "slots.12.product", "PAHT-CF" },
    { "x1c-finish", "units.2.drying_minutes", "583" },
    { "x1c-finish", "door_open", "false" },
    { "x1c-finish", "active_slot", "null" },
};

static const spd_json *follow(const spd_json *at, const char *path)
{
    const struct spd_json_api *json = testhost_json();
    char part[32];
    while (*path != '\0') {
        size_t len = strcspn(path, ".");
        text_copy(part, sizeof(part), (spd_str){ path, len });
        at = json->type(at) == SPD_JSON_ARRAY
                 ? json->item(at, (size_t)strtoul(part, NULL, 10))
                 : json->member(at, part);
        path += path[len] == '.' ? len + 1 : len;
    }
    return at;
}

static void write_value(const spd_json *value, char *out, size_t size)
{
    const struct spd_json_api *json = testhost_json();
    switch (json->type(value)) {
    case SPD_JSON_STR:
        text_copy(out, size, json->as_str(value, text_of("")));
        return;
    case SPD_JSON_BOOL:
        text_copy(out, size,
                  text_of(json->as_bool(value, false) ? "true" : "false"));
        return;
    case SPD_JSON_INT:
    case SPD_JSON_REAL:
        (void)snprintf(out, size, "%g", number_of(value));
        return;
    default:
        text_copy(out, size, text_of("null"));
    }
}

/* Null is a value where the member is there. */
static bool is_told(const spd_json *status, const char *path)
{
    static const char *const nullable[] = { "active_slot", "error" };
    for (size_t i = 0; i < SPD_COUNT(nullable); i++)
        if (strcmp(path, nullable[i]) == 0)
            return true;
    const spd_json *value = follow(status, path);
    return testhost_json()->type(value) != SPD_JSON_NULL ||
           strncmp(path, "nozzles.", 8) == 0;
}

static void check_facts(struct sheet *s)
{
    for (size_t i = 0; i < SPD_COUNT(facts); i++) {
        char is[128] = "-";
        if (strncmp(facts[i].file, s->name, strlen(facts[i].file)) != 0)
            continue;
        if (is_told(s->status, facts[i].path))
            write_value(follow(s->status, facts[i].path), is, sizeof(is));
        if (strcmp(is, facts[i].text) != 0)
            fail_msg("%s: %s should be %s and is %s", s->name, facts[i].path,
                     facts[i].text, is);
        s->facts++;
    }
}

static spd_json *status_as_json(const struct status *status)
{
    const struct spd_json_api *json = testhost_json();
    struct spd_error err = { 0 };
    spd_jsonw *w = json->writer();
    spd_str text = { 0 };
    json->begin(w, NULL, SPD_JSON_OBJECT);
    (void)status_write(status, NULL, json, w);
    json->end(w);
    assert_int_equal(json->text(w, &text), SPD_OK);
    spd_json *doc = json->parse(text, &err);
    json->writer_free(w);
    return doc;
}

static size_t check_file(const char *name)
{
    struct run run = play(name);
    spd_json *doc = load(name), *status = status_as_json(&run.status);
    struct sheet s = { .name = name, .doc = doc, .status = status };
    check_plain_members(&s);
    check_units(&s);
    check_facts(&s);
    print_message("%-48s %4d facts, %s\n", name, (int)s.facts,
                  run.status.state);
    testhost_json()->free(doc);
    testhost_json()->free(status);
    return s.facts;
}

static void every_report_says_what_its_payload_says(void **state)
{
    (void)state;
    if (!is_here())
        skip();
    size_t sum = 0, files = 0;
    DIR *dir = opendir(folder());
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strstr(e->d_name, ".json") == NULL)
            continue;
        sum += check_file(e->d_name);
        files++;
    }
    (void)closedir(dir);
    print_message("%d files, %d facts\n", (int)files, (int)sum);
    assert_true(sum > 20 * files);
}

static void every_report_shows_the_state_its_file_is_named_for(void **state)
{
    (void)state;
    if (!is_here())
        skip();
    size_t seen = 0;
    DIR *dir = opendir(folder());
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strstr(e->d_name, ".json") == NULL)
            continue;
        const char *expected = expected_state(e->d_name);
        struct run run = play(e->d_name);
        seen++;
        if (expected == NULL || strcmp(run.status.state, expected) != 0)
            fail_msg("%s is shown as %s", e->d_name, run.status.state);
        if (run.report.odd != 0)
            fail_msg("%s: %d members skipped", e->d_name, (int)run.report.odd);
    }
    (void)closedir(dir);
    assert_true(seen >= 10);
}

static void a_stop_told_late_is_known_for_what_it_was(void **state)
{
    (void)state;
    if (!is_here())
        skip();
    struct run run = play("p2s-start-pause-stop-failed-sequence.json");
    assert_int_equal(run.status.canceled, true);
    assert_int_equal(run.status.error, 0);
    assert_int_equal(run.status.layers, 94);
}

static void two_nozzles_and_two_units_point_at_the_right_slot(void **state)
{
    (void)state;
    if (!is_here())
        skip();
    struct run run = play("h2d-running-local-2ams2pro.json");
    assert_int_equal(run.status.active_slot, 7);
    assert_true(run.status.nozzle_target_celsius == 245);
    assert_int_equal(run.whole, 1);
    assert_string_equal(run.status.submission, "5013");
    assert_int_equal(run.status.slot_count, 10);
}

static void a_loaded_farm_printer_lists_all_its_slots(void **state)
{
    (void)state;
    if (!is_here())
        skip();
    struct run run = play("x1c-finish-2ams-ams2pro-amsht.json");
    assert_int_equal(run.status.slot_count, 4 + 4 + 4 + 1 + 1);
    assert_int_equal(run.status.slots[12].number, 128);
    assert_true(run.status.slots[12].loaded);
    assert_false(run.status.slots[8].loaded); /* bits 10eff: unit 2, slot 0 */
    assert_int_equal(run.status.active_slot, STATUS_NO_SLOT);
    assert_string_equal(run.status.firmware, "01.09.00.01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_report_says_what_its_payload_says),
        cmocka_unit_test(every_report_shows_the_state_its_file_is_named_for),
        cmocka_unit_test(a_stop_told_late_is_known_for_what_it_was),
        cmocka_unit_test(two_nozzles_and_two_units_point_at_the_right_slot),
        cmocka_unit_test(a_loaded_farm_printer_lists_all_its_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
