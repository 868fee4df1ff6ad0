/* The driver against a simulated printer: a real broker over TLS, a real FTPS
 * server, the driver as the host runs it.  Skipped where there is no
 * simulator. */
#include <curl/curl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "testhost.h"

extern const struct spd_plugin_desc spd_plugin_desc;

#define SERIAL "01PTEST"
#define ADDRESS "127.0.0.61"
#define ATTEMPT(submission) ATTEMPT_FROM(submission, "0")
#define ATTEMPT_FROM(submission, slot)                                         \
    "{'id': 3, 'submission': '" submission "', 'file': '%s', 'size': %d, "     \
    "'md5': '', 'remote_name': 'j3.gcode.3mf', 'plate': 1, 'name': 'Cup', "    \
    "'filaments': [{'filament': 1, 'slot': " slot "}]}"

enum { EVENT_MS = 20000, FILE_BYTES = 300 * 1000 };

/* -------------------------------------------------------- simulator --- */

struct sim {
    pid_t pid;
    int mqtt_port, ftps_port, control_port;
};

static const char *simulator(void)
{
    const char *path = getenv("BAMBU_SIM");
#ifdef BAMBU_SIM_PATH
    if (path == NULL)
        path = BAMBU_SIM_PATH;
#endif
    return path != NULL && access(path, X_OK) == 0 ? path : NULL;
}

static void run_simulator(const struct sim *sim, const char *model, int out)
{
    char printer[128], control[64];
    (void)snprintf(printer, sizeof(printer), "%s:%s:%s:%d:%d:12345678", model,
                   SERIAL, ADDRESS, sim->mqtt_port, sim->ftps_port);
    (void)snprintf(control, sizeof(control), "127.0.0.1:%d", sim->control_port);
    (void)prctl(PR_SET_PDEATHSIG,
                SIGTERM); /* a test that dies takes it along */
    (void)dup2(out, STDOUT_FILENO);
    (void)execl(simulator(), "bambu-sim", "--printer", printer, "--control",
                control, "--speed", "60", "--print-seconds", "120",
                "--report-ms", "50", (char *)NULL);
    _exit(127);
}

static struct sim sim_start(const char *model)
{
    static int round;
    /* Below the ports that the kernel gives to outgoing connections. */
    int base = 10000 + (int)(getpid() % 7000) + 3 * round++;
    struct sim sim = { 0, base, base + 7000, base + 14000 };
    char line[256] = "";
    int out[2];
    assert_int_equal(pipe(out), 0);
    sim.pid = fork();
    assert_true(sim.pid >= 0);
    if (sim.pid == 0)
        run_simulator(&sim, model, out[1]);
    (void)close(out[1]);
    ssize_t got = read(out[0], line, sizeof(line) - 1);
    (void)close(out[0]);
    if (got <= 0 || strncmp(line, "READY", 5) != 0)
        fail_msg("the simulator did not get ready: %s", line);
    return sim;
}

static void sim_stop(const struct sim *sim)
{
    int status = 0;
    (void)kill(sim->pid, SIGTERM);
    (void)waitpid(sim->pid, &status, 0);
}

static size_t ignore(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static void sim_tell(const struct sim *sim, const char *action,
                     const char *json)
{
    char url[128];
    long status = 0;
    CURL *curl = curl_easy_init();
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/printers/%s/%s",
                   sim->control_port, SERIAL, action);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (status / 100 != 2)
        fail_msg("the simulator answered %ld to %s", status, action);
}

/* ----------------------------------------------------------- scene ---- */

struct scene {
    struct sim sim;
    struct testhost *host;
    spd_printer *printer;
    char file[64];
};

static void write_file(struct scene *s)
{
    (void)snprintf(s->file, sizeof(s->file), "/tmp/bambu-test-XXXXXX");
    int fd = mkstemp(s->file);
    char *bytes = calloc(1, FILE_BYTES);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, FILE_BYTES), FILE_BYTES);
    free(bytes);
    (void)close(fd);
}

static void open_with(struct scene *s, const char *code, const char *pin)
{
    char settings[512];
    (void)snprintf(settings, sizeof(settings),
                   "{'host': '%s', 'serial': '%s', 'access_code': '%s', "
                   "'mqtt_port': %d, 'ftps_port': %d%s%s%s}",
                   ADDRESS, SERIAL, code, s->sim.mqtt_port, s->sim.ftps_port,
                   pin[0] != '\0' ? ", 'pin': '" : "", pin,
                   pin[0] != '\0' ? "'" : "");
    s->printer = testhost_printer_open(s->host, "bambu", settings);
}

static struct scene the_scene;

static struct scene *scene_begin(const char *model)
{
    struct scene *s = &the_scene;
    if (simulator() == NULL) {
        print_message("skipped: no simulator (BAMBU_SIM)\n");
        skip();
    }
    s->sim = sim_start(model);
    s->host = testhost_new(&spd_plugin_desc, NULL);
    testhost_go_real(s->host);
    write_file(s);
    return s;
}

/* Also after a test that failed. */
static int scene_end(void **state)
{
    struct scene *s = &the_scene;
    (void)state;
    if (s->host != NULL)
        testhost_free(s->host);
    if (s->sim.pid > 0)
        sim_stop(&s->sim);
    if (s->file[0] != '\0')
        (void)unlink(s->file);
    *s = (struct scene){ 0 };
    return 0;
}

struct wish {
    spd_printer *printer;
    const char *member, *value;
};

static bool is_told(void *arg)
{
    const struct wish *wish = arg;
    return strcmp(testhost_printer_is(wish->printer, wish->member),
                  wish->value) == 0;
}

static void await(struct scene *s, const char *member, const char *value)
{
    struct wish wish = { s->printer, member, value };
    if (!testhost_wait(s->host, is_told, &wish, EVENT_MS))
        fail_msg("%s is %s instead of %s\n%s", member,
                 testhost_printer_is(s->printer, member), value,
                 testhost_log(s->host));
}

static bool is_shown(void *arg)
{
    const struct wish *wish = arg;
    return strstr(testhost_printer_is(wish->printer, wish->member),
                  wish->value) != NULL;
}

static void await_part(struct scene *s, const char *member, const char *part)
{
    struct wish wish = { s->printer, member, part };
    if (!testhost_wait(s->host, is_shown, &wish, EVENT_MS))
        fail_msg("%s is %s without %s", member,
                 testhost_printer_is(s->printer, member), part);
}

static bool is_done(void *arg)
{
    return testhost_is_finished(arg);
}

static spd_err outcome(struct scene *s, spd_ticket *ticket)
{
    if (!testhost_wait(s->host, is_done, ticket, EVENT_MS))
        fail_msg("a step did not end");
    return testhost_outcome(ticket);
}

static spd_ticket *step(struct scene *s,
                        spd_ticket *(*fn)(spd_printer *, const char *),
                        const char *format)
{
    char text[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(text, sizeof(text), format, s->file, FILE_BYTES);
#pragma GCC diagnostic pop
    return fn(s->printer, text);
}

static void get_connected(struct scene *s)
{
    open_with(s, "12345678", "");
    await(s, "connection", "\"connected\"");
}

#define SCENE(s, model)                                                        \
    (void)state;                                                               \
    struct scene *s = scene_begin(model)

#define A_TEST(name) cmocka_unit_test_teardown(name, scene_end)

/* -------------------------------------------------------- the line ---- */

static void a_printer_connects_and_tells_all_about_itself(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    await(s, "state", "\"idle\"");
    await(s, "full", "true");
    assert_string_equal(testhost_printer_is(s->printer, "detail"), "\"\"");
    assert_int_equal(strlen(testhost_printer_is(s->printer, "pin")), 66);
    assert_non_null(strstr(testhost_printer_is(s->printer, "slots"),
                           "\"slot\":0,\"name\":\"AMS 1, slot 1\""));
}

static void an_x1c_connects_though_it_speaks_only_tls_1_2(void **state)
{
    SCENE(s, "X1C");
    get_connected(s);
    await(s, "door_open", "false");
}

static void a_wrong_access_code_is_told_with_what_to_do(void **state)
{
    SCENE(s, "P1S");
    open_with(s, "00000000", "");
    await(s, "connection", "\"refused\"");
    assert_non_null(
        strstr(testhost_printer_is(s->printer, "detail"), "access code"));
}

static void a_printer_with_another_key_gets_no_access_code(void **state)
{
    SCENE(s, "P1S");
    open_with(s, "12345678",
              "0123456789012345678901234567890123456789012345678901234567890123"
              "");
    await(s, "connection", "\"key_changed\"");
    assert_string_equal(testhost_printer_is(s->printer, "pin"), "");
}

static void
a_key_that_changes_later_is_noticed_at_the_next_connect(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "change-certificate", "{}");
    sim_tell(&s->sim, "drop-connection", "{}");
    await(s, "connection", "\"key_changed\"");
}

static void another_printer_at_the_address_is_not_ours(void **state)
{
    SCENE(s, "P1S");
    sim_tell(&s->sim, "wrong-serial", "{}");
    open_with(s, "12345678", "");
    await(s, "connection", "\"unreachable\"");
    assert_non_null(
        strstr(testhost_printer_is(s->printer, "detail"), "serial number"));
    assert_string_equal(testhost_printer_is(s->printer, "pin"), "");
}

static void a_printer_that_says_nothing_is_silent_after_15_seconds(void **state)
{
    SCENE(s, "P1S");
    sim_tell(&s->sim, "fault", "{\"fault\": \"silent\", \"times\": -1}");
    open_with(s, "12345678", "");
    struct wish silent = { s->printer, "connection", "\"silent\"" };
    for (int i = 0; i < 60; i++) { /* it must be up before time may jump */
        if (testhost_wait(s->host, is_told, &silent, 50))
            break;
        testhost_advance_ms(s->host, 1000);
    }
    await(s, "connection", "\"silent\"");
    assert_non_null(
        strstr(testhost_printer_is(s->printer, "detail"), "serial number"));
}

static void a_line_that_breaks_comes_back_by_itself(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "drop-connection", "{}");
    await(s, "connection", "\"unreachable\"");
    await(s, "connection", "\"connected\"");
}

static void nobody_at_the_address_is_unreachable(void **state)
{
    SCENE(s, "P1S");
    s->sim.mqtt_port += 1;
    open_with(s, "12345678", "");
    await(s, "connection", "\"unreachable\"");
    s->sim.mqtt_port -= 1;
}

static bool is_odd(void *arg)
{
    return testhost_metric(arg, "odd_members") > 0;
}

static void garbage_is_counted_and_the_line_stays(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"garbage-report\", \"times\": 3}");
    assert_true(testhost_wait(s->host, is_odd, s->host, EVENT_MS));
    assert_string_equal(testhost_printer_is(s->printer, "connection"),
                        "\"connected\"");
    assert_int_equal(testhost_metric(s->host, "reconnects"), 0);
}

static void members_of_wrong_types_change_nothing(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    await(s, "state", "\"idle\"");
    sim_tell(&s->sim, "fault", "{\"fault\": \"odd-report\", \"times\": 3}");
    assert_true(testhost_wait(s->host, is_odd, s->host, EVENT_MS));
    assert_string_equal(testhost_printer_is(s->printer, "state"), "\"idle\"");
    assert_string_equal(testhost_printer_is(s->printer, "error"), "null");
    assert_non_null(strstr(testhost_log(s->host), "told once an hour"));
}

static bool is_dropped(void *arg)
{
    return testhost_metric(arg, "dropped_messages") > 0;
}

static void a_message_of_a_megabyte_is_dropped_and_counted(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"huge-report\"}");
    assert_true(testhost_wait(s->host, is_dropped, s->host, EVENT_MS));
    assert_int_equal(testhost_metric(s->host, "reconnects"), 0);
}

static void a_flood_of_reports_harms_nobody(void **state)
{
    SCENE(s, "X1C");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"flood\", \"count\": 2000}");
    sim_tell(&s->sim, "hms",
             "{\"attr\": \"0C000300\", \"code\": \"0002000C\"}");
    await_part(s, "alerts", "HMS_0C00_0300_0002_000C");
    assert_string_equal(testhost_printer_is(s->printer, "connection"),
                        "\"connected\"");
}

static void a_printer_deaf_to_two_commands_is_connected_anew(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"deaf\", \"times\": 2}");
    spd_ticket *first =
        testhost_printer_command(s->printer, "{'command': 'pause'}");
    spd_ticket *second =
        testhost_printer_command(s->printer, "{'command': 'resume'}");
    testhost_advance_ms(s->host, 20000);
    assert_int_equal(testhost_outcome(first), SPD_EIO);
    assert_int_equal(testhost_outcome(second), SPD_EIO);
    assert_string_equal(testhost_printer_is(s->printer, "connection"),
                        "\"unreachable\"");
    await(s, "connection", "\"connected\"");
}

/* ------------------------------------------------------ the steps ----- */

static void a_file_is_uploaded_printed_and_finished(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    spd_ticket *up = step(s, testhost_printer_upload, ATTEMPT("77"));
    if (outcome(s, up) != SPD_OK)
        fail_msg("%s", testhost_outcome_text(up));
    assert_int_equal(testhost_sent_bytes(s->printer), FILE_BYTES);

    spd_ticket *start = step(s, testhost_printer_start, ATTEMPT("77"));
    if (outcome(s, start) != SPD_OK)
        fail_msg("%s", testhost_outcome_text(start));
    await(s, "state", "\"printing\"");
    await(s, "submission", "\"77\"");
    await(s, "state", "\"finished\"");
}

/* One of each kind: what it is called, how it is met, how it reports. */
static void print_on(const char *model, const char *attempt)
{
    struct scene *s = scene_begin(model);
    get_connected(s);
    assert_int_equal(outcome(s, step(s, testhost_printer_upload, attempt)),
                     SPD_OK);
    assert_int_equal(outcome(s, step(s, testhost_printer_start, attempt)),
                     SPD_OK);
    await(s, "state", "\"printing\"");
    await(s, "submission", "\"61\"");
    await(s, "state", "\"finished\"");
}

static void an_a1_prints(void **state)
{
    (void)state;
    print_on("A1", ATTEMPT("61"));
}

static void an_a2l_prints(void **state)
{
    (void)state;
    print_on("A2L", ATTEMPT_FROM("61", "64"));
}

static void a_p2s_prints_though_it_marks_no_report(void **state)
{
    (void)state;
    print_on("P2S", ATTEMPT("61"));
}

static void an_h2s_prints(void **state)
{
    (void)state;
    print_on("H2S", ATTEMPT("61"));
}

static void an_h2d_pro_prints(void **state)
{
    (void)state;
    print_on("H2DPro", ATTEMPT("61"));
}

static void an_x2d_prints(void **state)
{
    (void)state;
    print_on("X2D", ATTEMPT("61"));
}

static void a_printer_at_work_is_not_started_again(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "foreign-print", "{}");
    await(s, "state", "\"printing\"");
    spd_ticket *start = step(s, testhost_printer_start, ATTEMPT("78"));
    assert_int_equal(outcome(s, start), SPD_EBUSY);
}

static void a_refused_start_says_so(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"refuse-start\", \"times\": 1}");
    spd_ticket *start = step(s, testhost_printer_start, ATTEMPT("79"));
    assert_int_equal(outcome(s, start), SPD_EBUSY);
}

static void a_printer_without_developer_mode_is_explained(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"verify-failed\", \"times\": -1}");
    spd_ticket *start = step(s, testhost_printer_start, ATTEMPT("80"));
    assert_int_equal(outcome(s, start), SPD_EAUTH);
    assert_non_null(strstr(testhost_outcome_text(start), "Developer Mode"));
}

static void a_refusal_for_want_of_developer_mode_is_kept_in_view(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    await(s, "remote_control", "\"on\""); /* its firmware never asks for it */
    sim_tell(&s->sim, "fault", "{\"fault\": \"verify-failed\"}");
    spd_ticket *speed = testhost_printer_command(
        s->printer, "{'command': 'speed', 'level': 3}");
    assert_int_equal(outcome(s, speed), SPD_EAUTH);
    await(s, "remote_control", "\"off\"");
    assert_non_null(
        strstr(testhost_printer_is(s->printer, "detail"), "Developer Mode"));

    speed = testhost_printer_command(s->printer,
                                     "{'command': 'speed', 'level': 3}");
    assert_int_equal(outcome(s, speed), SPD_OK);
    await(s, "remote_control", "\"on\"");
    await(s, "detail", "\"\"");
}

static void a_newer_printer_says_itself_whether_it_obeys(void **state)
{
    SCENE(s, "H2D");
    get_connected(s);
    await(s, "remote_control", "\"on\"");
    sim_tell(&s->sim, "fault", "{\"fault\": \"verify-failed\", \"times\": -1}");
    await(s, "remote_control", "\"off\"");
}

static bool is_renamed(void *arg)
{
    return strstr(testhost_log(arg), "in the other form next time") != NULL;
}

static void
a_file_the_printer_cannot_read_is_named_otherwise_next_time(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    (void)outcome(s, step(s, testhost_printer_start, ATTEMPT("90")));
    sim_tell(&s->sim, "print-error", "{\"code\": \"0500_C010\"}");
    assert_true(testhost_wait(s->host, is_renamed, s->host, EVENT_MS));
}

static void a_start_nobody_answers_is_not_known_and_not_repeated(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"deaf\", \"times\": -1}");
    spd_ticket *start = step(s, testhost_printer_start, ATTEMPT("81"));
    testhost_advance_ms(s->host, 20000);
    assert_int_equal(outcome(s, start), SPD_EIO);
}

static void pause_resume_and_stop_are_obeyed(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "foreign-print", "{}");
    await(s, "state", "\"printing\"");
    assert_int_equal(outcome(s, testhost_printer_command(
                                    s->printer, "{'command': 'pause'}")),
                     SPD_OK);
    await(s, "state", "\"paused\"");
    assert_int_equal(outcome(s, testhost_printer_command(
                                    s->printer, "{'command': 'resume'}")),
                     SPD_OK);
    await(s, "state", "\"printing\"");
    assert_int_equal(
        outcome(s, testhost_printer_command(s->printer, "{'command': 'stop'}")),
        SPD_OK);
    await(s, "state", "\"failed\"");
    await(s, "canceled", "true");
}

static void light_and_speed_are_set_and_shown(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    assert_int_equal(
        outcome(s, testhost_printer_command(
                       s->printer, "{'command': 'light', 'on': true}")),
        SPD_OK);
    await(s, "light", "true");
    assert_int_equal(
        outcome(s, testhost_printer_command(
                       s->printer, "{'command': 'speed', 'level': 3}")),
        SPD_OK);
    await(s, "speed_level", "3");
}

static spd_err obey(struct scene *s, const char *command)
{
    return outcome(s, testhost_printer_command(s->printer, command));
}

static void a_slot_is_told_its_filament_and_shows_it(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    assert_int_equal(obey(s, "{'command': 'filament', 'slot': 2, "
                             "'material_type': 'ASA', 'color': '#123456'}"),
                     SPD_OK);
    await_part(s, "slots", "\"material_type\":\"ASA\",\"color\":\"#123456\"");
    assert_int_equal(obey(s, "{'command': 'filament', 'slot': 254, "
                             "'material_type': 'TPU', 'color': '#654321'}"),
                     SPD_OK);
    await_part(s, "slots", "\"material_type\":\"TPU\",\"color\":\"#654321\"");
    assert_int_equal(obey(s, "{'command': 'filament', 'slot': 9, "
                             "'material_type': 'PLA', 'color': '#000000'}"),
                     SPD_EBUSY); /* it has no such slot, and says so */
}

static void filament_is_loaded_and_taken_out_again(void **state)
{
    SCENE(s, "H2D");
    get_connected(s);
    assert_int_equal(obey(s, "{'command': 'load', 'slot': 6}"), SPD_OK);
    await(s, "active_slot", "6");
    await_part(s, "nozzles", "\"slot\":6");
    assert_int_equal(obey(s, "{'command': 'unload'}"), SPD_OK);
    await(s, "active_slot", "null");
}

static void a_unit_dries_and_stops(void **state)
{
    SCENE(s, "P2S");
    get_connected(s);
    await_part(s, "units", "AMS 2 Pro");
    assert_int_equal(
        obey(s, "{'command': 'dry', 'unit': 0, 'celsius': 55, 'hours': 8}"),
        SPD_OK);
    await_part(s, "units", "\"celsius\":55");
    assert_int_equal(obey(s, "{'command': 'stop_drying', 'unit': 0}"), SPD_OK);
    await_part(s, "units", "\"drying_minutes\":0");
    assert_int_equal(
        obey(s, "{'command': 'dry', 'unit': 0, 'celsius': 95, 'hours': 8}"),
        SPD_EINVAL);
}

static void objects_are_skipped_while_it_prints(void **state)
{
    SCENE(s, "X1C");
    get_connected(s);
    assert_int_equal(obey(s, "{'command': 'skip', 'objects': [7]}"), SPD_EBUSY);
    (void)outcome(s, step(s, testhost_printer_upload, ATTEMPT("83")));
    (void)outcome(s, step(s, testhost_printer_start, ATTEMPT("83")));
    await(s, "state", "\"printing\"");
    assert_int_equal(obey(s, "{'command': 'skip', 'objects': [7, 9]}"), SPD_OK);
    await(s, "skipped", "[7,9]");
}

static void an_error_is_closed(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "print-error", "{\"code\": \"0300_8003\"}");
    await_part(s, "error", "0300_8003");
    assert_int_equal(obey(s, "{'command': 'clear_error'}"), SPD_OK);
    await(s, "error", "null");
}

static void both_lights_of_an_h2_are_switched(void **state)
{
    SCENE(s, "H2D");
    get_connected(s);
    assert_int_equal(obey(s, "{'command': 'light', 'on': true}"), SPD_OK);
    await_part(s, "lights", "{\"name\":\"chamber 2\",\"on\":true}");
}

static void an_answer_that_says_neither_is_not_taken_for_yes(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"vague-ack\"}");
    spd_ticket *speed = testhost_printer_command(
        s->printer, "{'command': 'speed', 'level': 3}");
    assert_int_equal(outcome(s, speed), SPD_EIO);
}

static void a_refresh_brings_a_whole_report(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    spd_ticket *asked =
        testhost_printer_command(s->printer, "{'command': 'refresh'}");
    testhost_advance_ms(s->host, 60000);
    assert_int_equal(outcome(s, asked), SPD_OK);
}

static void a_full_card_fails_the_upload_in_words(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"full-storage\", \"times\": -1}");
    spd_ticket *up = step(s, testhost_printer_upload, ATTEMPT("82"));
    assert_int_equal(outcome(s, up), SPD_EIO);
    assert_non_null(strstr(testhost_outcome_text(up), "room on it"));
}

static void an_upload_that_is_cut_is_noticed_by_its_size(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault",
             "{\"fault\": \"cut-upload\", \"times\": 1, \"bytes\": 100000}");
    spd_ticket *up = step(s, testhost_printer_upload, ATTEMPT("83"));
    assert_int_equal(outcome(s, up), SPD_EIO);
    up = step(s, testhost_printer_upload, ATTEMPT("83"));
    assert_int_equal(outcome(s, up), SPD_OK);
}

static void an_upload_can_be_ended(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault",
             "{\"fault\": \"stall-upload\", \"times\": 1, \"bytes\": 1000}");
    spd_ticket *up = step(s, testhost_printer_upload, ATTEMPT("84"));
    spd_ticket *second = step(s, testhost_printer_upload, ATTEMPT("85"));
    assert_int_equal(testhost_outcome(second), SPD_EBUSY);
    testhost_printer_upload_abort(s->printer);
    assert_int_equal(outcome(s, up), SPD_ECANCELED);
}

static void closing_a_printer_cancels_what_it_was_at(void **state)
{
    SCENE(s, "P1S");
    get_connected(s);
    sim_tell(&s->sim, "fault", "{\"fault\": \"deaf\", \"times\": -1}");
    spd_ticket *pause =
        testhost_printer_command(s->printer, "{'command': 'pause'}");
    testhost_printer_close(s->printer);
    assert_int_equal(testhost_outcome(pause), SPD_ECANCELED);
}

/* ------------------------------------------------------ looking first - */

/* What a check of these settings finds, as JSON. */
static const char *checked(struct scene *s, const char *code, int mqtt_port,
                           int ftps_port)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{'host': '%s', 'serial': '%s', 'access_code': '%s', "
                   "'mqtt_port': %d, 'ftps_port': %d, 'model': ''}",
                   ADDRESS, SERIAL, code, mqtt_port, ftps_port);
    spd_json *settings = testhost_parse(text);
    spd_ticket *ticket = testhost_ticket(s->host);
    testhost_driver(s->host, "bambu")
        ->check(testhost_plugin(s->host), settings, ticket);
    testhost_json()->free(settings);
    if (outcome(s, ticket) != SPD_OK)
        fail_msg("%s", testhost_outcome_text(ticket));
    return testhost_outcome_cursor(ticket);
}

static void check_says(const char *found, const char *step, const char *ok)
{
    char part[64];
    (void)snprintf(part, sizeof(part), "{\"step\":\"%s\",\"ok\":%s", step, ok);
    if (strstr(found, part) == NULL)
        fail_msg("no %s in %s", part, found);
}

static void a_sound_printer_passes_every_step(void **state)
{
    SCENE(s, "H2D");
    const char *found =
        checked(s, "12345678", s->sim.mqtt_port, s->sim.ftps_port);
    assert_int_equal(strncmp(found, "{\"ok\":true", 10), 0);
    check_says(found, "access_code", "true");
    check_says(found, "storage", "true");
    check_says(found, "commands", "true");
    check_says(found, "uploads", "true");
}

static void a_check_says_which_of_the_settings_is_wrong(void **state)
{
    SCENE(s, "H2D");
    int mqtt = s->sim.mqtt_port, ftps = s->sim.ftps_port;
    const char *found = checked(s, "00000000", mqtt, ftps);
    check_says(found, "serial", "true");
    check_says(found, "access_code", "false");
    check_says(found, "reports", "null");
    found = checked(s, "12345678", 1, ftps);
    check_says(found, "address", "true");
    check_says(found, "port", "false");
    found = checked(s, "12345678", mqtt, 1);
    check_says(found, "reports", "true");
    check_says(found, "uploads", "false");
    sim_tell(&s->sim, "fault", "{\"fault\": \"verify-failed\", \"times\": -1}");
    found = checked(s, "12345678", mqtt, ftps);
    check_says(found, "commands", "false");
    assert_non_null(strstr(found, "Developer Mode"));
    sim_tell(&s->sim, "fault", "{\"fault\": \"wrong-serial\"}");
    found = checked(s, "12345678", mqtt, ftps);
    check_says(found, "serial", "false");
}

static void a_check_under_way_ends_with_the_plugin(void **state)
{
    SCENE(s, "P1S");
    spd_json *settings =
        testhost_parse("{'host': '127.0.0.1', 'serial': '01P00A000000001', "
                       "'access_code': '1', 'model': 'P1S'}");
    spd_ticket *ticket = testhost_ticket(s->host);
    testhost_driver(s->host, "bambu")
        ->check(testhost_plugin(s->host), settings, ticket);
    testhost_json()->free(settings);
    assert_false(testhost_is_finished(ticket));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_printer_connects_and_tells_all_about_itself),
        A_TEST(an_x1c_connects_though_it_speaks_only_tls_1_2),
        A_TEST(a_wrong_access_code_is_told_with_what_to_do),
        A_TEST(a_printer_with_another_key_gets_no_access_code),
        A_TEST(a_key_that_changes_later_is_noticed_at_the_next_connect),
        A_TEST(another_printer_at_the_address_is_not_ours),
        A_TEST(a_printer_that_says_nothing_is_silent_after_15_seconds),
        A_TEST(a_line_that_breaks_comes_back_by_itself),
        A_TEST(nobody_at_the_address_is_unreachable),
        A_TEST(garbage_is_counted_and_the_line_stays),
        A_TEST(members_of_wrong_types_change_nothing),
        A_TEST(a_message_of_a_megabyte_is_dropped_and_counted),
        A_TEST(a_flood_of_reports_harms_nobody),
        A_TEST(a_printer_deaf_to_two_commands_is_connected_anew),
        A_TEST(a_file_the_printer_cannot_read_is_named_otherwise_next_time),
        A_TEST(a_file_is_uploaded_printed_and_finished),
        A_TEST(an_a1_prints),
        A_TEST(an_a2l_prints),
        A_TEST(a_p2s_prints_though_it_marks_no_report),
        A_TEST(an_h2s_prints),
        A_TEST(an_h2d_pro_prints),
        A_TEST(an_x2d_prints),
        A_TEST(a_printer_at_work_is_not_started_again),
        A_TEST(a_refused_start_says_so),
        A_TEST(a_printer_without_developer_mode_is_explained),
        A_TEST(a_refusal_for_want_of_developer_mode_is_kept_in_view),
        A_TEST(a_newer_printer_says_itself_whether_it_obeys),
        A_TEST(a_start_nobody_answers_is_not_known_and_not_repeated),
        A_TEST(pause_resume_and_stop_are_obeyed),
        A_TEST(light_and_speed_are_set_and_shown),
        A_TEST(a_slot_is_told_its_filament_and_shows_it),
        A_TEST(filament_is_loaded_and_taken_out_again),
        A_TEST(a_unit_dries_and_stops),
        A_TEST(objects_are_skipped_while_it_prints),
        A_TEST(an_error_is_closed),
        A_TEST(both_lights_of_an_h2_are_switched),
        A_TEST(an_answer_that_says_neither_is_not_taken_for_yes),
        A_TEST(a_refresh_brings_a_whole_report),
        A_TEST(a_full_card_fails_the_upload_in_words),
        A_TEST(an_upload_that_is_cut_is_noticed_by_its_size),
        A_TEST(an_upload_can_be_ended),
        A_TEST(closing_a_printer_cancels_what_it_was_at),
        A_TEST(a_sound_printer_passes_every_step),
        A_TEST(a_check_says_which_of_the_settings_is_wrong),
        A_TEST(a_check_under_way_ends_with_the_plugin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
