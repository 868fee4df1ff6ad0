/* Reports that real printers sent, where a copy of them is at hand: the files
 * say in their names what state they show. */
#include "status.h"

#include <dirent.h>
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

static bool is_here(void)
{
    DIR *dir = opendir(folder());
    if (dir == NULL)
        print_message("skipped: no reports in %s\n", folder());
    else
        (void)closedir(dir);
    return dir != NULL;
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
        cmocka_unit_test(every_report_shows_the_state_its_file_is_named_for),
        cmocka_unit_test(a_stop_told_late_is_known_for_what_it_was),
        cmocka_unit_test(two_nozzles_and_two_units_point_at_the_right_slot),
        cmocka_unit_test(a_loaded_farm_printer_lists_all_its_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
