/* The documents, and the plugin without and with a real broker.  Judged by
 * tests/e2e/broker.test.mjs: the whole of it, with printers and restarts. */
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

#include "entity.h"
#include "state.h"
#include "testhost.h"

extern const struct spd_plugin_desc spd_plugin_desc;

static const struct naming naming = { "spoold", "homeassistant",
                                      "http://shop.example/", "1.2", true };
static const struct announced printer = { 7, "P1S \"left\"", "P1S" };

/* ---------------------------------------------------------- documents - */

static const char *text_of(spd_jsonw *w)
{
    static char text[4096];
    spd_str view = { "", 0 };
    assert_int_equal(testhost_json()->text(w, &view), SPD_OK);
    (void)snprintf(text, sizeof(text), "%.*s", (int)view.len, view.ptr);
    testhost_json()->writer_free(w);
    return text;
}

static const char *announcement_of(const char *topic_end)
{
    char topic[TOPIC_MAX_CHARS];
    for (size_t i = 0; i < entity_count(); i++) {
        entity_topic(&naming, printer.id, i, topic);
        if (strstr(topic, topic_end) == NULL)
            continue;
        spd_jsonw *w = testhost_json()->writer();
        assert_true(entity_write(&naming, testhost_json(), &printer, i, w));
        return text_of(w);
    }
    fail_msg("nothing is announced at %s", topic_end);
    return "";
}

#define HAS(text, part) assert_non_null(strstr(text, part))
#define LACKS(text, part) assert_null(strstr(text, part))

static void a_sensor_is_announced_with_all_it_needs(void **state)
{
    (void)state;
    const char *text = announcement_of("sensor/spoold_7/nozzle/");
    HAS(text, "\"unique_id\":\"spoold_7_nozzle\"");
    HAS(text, "\"state_topic\":\"spoold/printer/7/state\"");
    HAS(text, "\"value_template\":\"{{ value_json.nozzle }}\"");
    HAS(text, "\"unit_of_measurement\":\"°C\"");
    HAS(text, "\"device_class\":\"temperature\"");
    HAS(text, "\"state_class\":\"measurement\"");
    HAS(text, "\"identifiers\":[\"spoold_7\"]");
    HAS(text, "\"via_device\":\"spoold\"");
    HAS(text, "\"name\":\"P1S \\\"left\\\"\"");
    HAS(text, "\"topic\":\"spoold/status\"");
    HAS(text, "\"topic\":\"spoold/printer/7/availability\"");
}

static void an_enum_has_options_and_no_unit(void **state)
{
    (void)state;
    const char *text = announcement_of("sensor/spoold_7/status/");
    HAS(text, "\"options\":[\"new\",\"idle\"");
    LACKS(text, "unit_of_measurement");
    LACKS(text, "state_class");
}

static void what_tells_of_a_lost_printer_stays_available_without_it(void **st)
{
    (void)st;
    LACKS(announcement_of("/connectivity/"), "spoold/printer/7/availability");
    HAS(announcement_of("/running/"), "spoold/printer/7/availability");
}

static void buttons_are_offered_only_where_commands_are_obeyed(void **state)
{
    (void)state;
    struct naming deaf = naming;
    size_t offered = 0;
    deaf.commands = false;
    HAS(announcement_of("button/spoold_7/pause/"),
        "\"command_topic\":\"spoold/printer/7/command/pause\"");
    for (size_t i = 0; i < entity_count(); i++) {
        spd_jsonw *w = testhost_json()->writer();
        offered += entity_write(&deaf, testhost_json(), &printer, i, w);
        testhost_json()->writer_free(w);
    }
    assert_int_equal(offered, entity_count() - 4);
}

static void topics_are_made_of_what_home_assistant_allows(void **state)
{
    (void)state;
    char topic[TOPIC_MAX_CHARS];
    for (size_t i = 0; i < entity_count(); i++) {
        entity_topic(&naming, INT64_MAX, i, topic);
        assert_int_equal(strspn(topic, "abcdefghijklmnopqrstuvwxyz0123456789"
                                       "_/"),
                         strlen(topic));
    }
}

static const char *state_of(const char *status)
{
    spd_json *doc = testhost_parse(status);
    spd_jsonw *w = testhost_json()->writer();
    int64_t finish_ms = state_finish_ms(testhost_json(), doc, 1767261600000, 0);
    state_write(testhost_json(), doc, finish_ms, w);
    testhost_json()->free(doc);
    return text_of(w);
}

static void a_state_names_the_filament_in_use(void **state)
{
    (void)state;
    const char *text = state_of(
        "{'status': 'printing', 'connection': 'connected', 'active_slot': 2,"
        " 'progress_pct': 41, 'error': null, 'slots': [{'slot': 1,"
        " 'material_type': 'ABS'}, {'slot': 2, 'material_type': 'PLA',"
        " 'color': '#FF0000', 'weight_grams': 1000, 'remaining_pct': 25}]}");
    HAS(text, "\"status\":\"printing\"");
    HAS(text, "\"filament\":\"PLA #FF0000\"");
    HAS(text, "\"filament_weight\":250");
    HAS(text, "\"progress\":41");
    HAS(text, "\"problem\":\"OFF\"");
    HAS(text, "\"running\":\"ON\"");
    HAS(text, "\"connectivity\":\"ON\"");
}

static void a_print_says_when_it_will_be_done_and_does_not_waver(void **state)
{
    (void)state;
    const char *text =
        state_of("{'status': 'printing', 'remaining_minutes': 90}");
    HAS(text, "\"finish\":\"2026-01-01T11:30:00+00:00\"");
    HAS(state_of("{'status': 'idle', 'remaining_minutes': 90}"),
        "\"finish\":null");
    spd_json *doc =
        testhost_parse("{'status': 'printing', 'remaining_minutes': 90}");
    int64_t first = state_finish_ms(testhost_json(), doc, 1000000, 0);
    assert_int_equal(first, 1000000 + 90 * 60000);
    assert_int_equal(
        state_finish_ms(testhost_json(), doc, 1000000 + 120000, first), first);
    assert_int_equal(
        state_finish_ms(testhost_json(), doc, 1000000 + 240000, first),
        first + 240000);
    testhost_json()->free(doc);
}

static void what_is_not_known_is_null(void **state)
{
    (void)state;
    const char *text = state_of("{'status': 'new', 'connection': 'none'}");
    HAS(text, "\"chamber\":null");
    HAS(text, "\"filament\":null");
    HAS(text, "\"filament_weight\":null");
    HAS(text, "\"connectivity\":\"OFF\"");
}

static void an_error_is_a_problem_with_a_message(void **state)
{
    (void)state;
    const char *text = state_of("{'status': 'paused', 'error': {'code': "
                                "'0300', 'text': 'The nozzle is cold.'}}");
    HAS(text, "\"problem\":\"ON\"");
    HAS(text, "\"message\":\"The nozzle is cold.\"");
}

static void an_event_tells_only_what_is_listed(void **state)
{
    (void)state;
    spd_json *doc = testhost_parse("{'id': 3, 'status': 'failed', 'notes': "
                                   "'private', 'buyer': 'Ann'}");
    spd_jsonw *w = testhost_json()->writer();
    event_write(testhost_json(), 9, "print.failed", doc, w);
    testhost_json()->free(doc);
    assert_string_equal(text_of(w),
                        "{\"seq\":9,\"topic\":\"print.failed\",\"data\":"
                        "{\"id\":3,\"status\":\"failed\"}}");
}

/* ------------------------------------------------------------ settings - */

static void refuses(const char *key, const char *value, const char *part)
{
    struct spd_error err = { 0 };
    assert_int_not_equal(
        testhost_try(&spd_plugin_desc, &err, "host", "mq", key, value, NULL),
        SPD_OK);
    HAS(err.text, part);
}

static void settings_that_cannot_be_are_refused_in_words(void **state)
{
    (void)state;
    refuses("port", "70000", "port: 1 to 65535");
    refuses("name", "a/b", "name: ");
    refuses("prefix", "+", "prefix: ");
    refuses("password", "secret", "there is no user");
    refuses("ca_file", "/ca.pem", "tls = true");
    refuses("refresh", "10ms", "refresh: ");
}

/* -------------------------------------------------------- with a broker */

struct scene {
    pid_t broker;
    int port;
    struct testhost *host;
    char file[64];
};

static bool has_mosquitto(void)
{
    return system("command -v mosquitto >/dev/null && "
                  "command -v mosquitto_sub >/dev/null") == 0;
}

static void broker_start(struct scene *s, const char *more)
{
    (void)snprintf(s->file, sizeof(s->file), "/tmp/mqtt-events-XXXXXX");
    int fd = mkstemp(s->file);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "listener %d 127.0.0.1\n%s\n%s", s->port, more,
                        geteuid() == 0 ? "user root\n" : "") > 0);
    (void)close(fd);
    s->broker = fork();
    if (s->broker == 0) {
        /* A test that dies takes it along. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)freopen("/dev/null", "w", stderr);
        (void)execlp("mosquitto", "mosquitto", "-c", s->file, (char *)NULL);
        _exit(127);
    }
}

static void broker_stop(struct scene *s)
{
    (void)kill(s->broker, SIGKILL);
    (void)waitpid(s->broker, NULL, 0);
    (void)unlink(s->file);
}

struct expected {
    struct testhost *host;
    const char *words;
};

static bool was_logged(void *arg)
{
    const struct expected *expected = arg;
    return strstr(testhost_log(expected->host), expected->words) != NULL;
}

static void waits_for(struct testhost *host, const char *words)
{
    struct expected expected = { host, words };
    if (!testhost_wait(host, was_logged, &expected, 20000))
        fail_msg("\"%s\" was not logged, but:\n%s", words, testhost_log(host));
}

static struct testhost *host_at(const struct scene *s, const char *password)
{
    char port[16];
    (void)snprintf(port, sizeof(port), "%d", s->port);
    struct testhost *host =
        testhost_new(&spd_plugin_desc, "host", "localhost", "port", port,
                     "user", password != NULL ? "ann" : "", "password",
                     password != NULL ? password : "", NULL);
    testhost_go_real(host);
    return host;
}

static struct scene new_scene(void)
{
    static int round;
    return (struct scene){ .port = 20000 + getpid() % 3000 * 4 + round++ };
}

static void a_broker_that_comes_late_and_goes_is_found_again(void **state)
{
    (void)state;
    if (!has_mosquitto()) {
        print_message("no mosquitto: skipped\n");
        skip();
    }
    struct scene s = new_scene();
    s.host = host_at(&s, NULL);
    waits_for(s.host, "no line to the broker");
    broker_start(&s, "allow_anonymous true");
    waits_for(s.host, "info: connected to the broker");
    broker_stop(&s);
    waits_for(s.host, "The connection was lost.");
    testhost_free(s.host);
}

static void a_broker_that_refuses_us_is_reported_with_its_reason(void **state)
{
    (void)state;
    if (!has_mosquitto())
        skip();
    struct scene s = new_scene();
    broker_start(&s, "allow_anonymous false");
    s.host = host_at(&s, "wrong");
    waits_for(s.host, "not authorised");
    LACKS(testhost_log(s.host), "wrong");
    broker_stop(&s);
    testhost_free(s.host);
}

static void events_while_the_line_is_down_are_counted_and_let_go(void **state)
{
    (void)state;
    struct testhost *host =
        testhost_new(&spd_plugin_desc, "host", "127.0.0.1", "port", "1", NULL);
    assert_true(testhost_deliver(host, "print.failed", "{'id': 1}") > 0);
    assert_int_equal(testhost_deliver(host, "token.created", "{'id': 1}"), 0);
    assert_true(testhost_metric(host, "dropped_events") == 1);
    testhost_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sensor_is_announced_with_all_it_needs),
        cmocka_unit_test(an_enum_has_options_and_no_unit),
        cmocka_unit_test(
            what_tells_of_a_lost_printer_stays_available_without_it),
        cmocka_unit_test(buttons_are_offered_only_where_commands_are_obeyed),
        cmocka_unit_test(topics_are_made_of_what_home_assistant_allows),
        cmocka_unit_test(a_state_names_the_filament_in_use),
        cmocka_unit_test(a_print_says_when_it_will_be_done_and_does_not_waver),
        cmocka_unit_test(what_is_not_known_is_null),
        cmocka_unit_test(an_error_is_a_problem_with_a_message),
        cmocka_unit_test(an_event_tells_only_what_is_listed),
        cmocka_unit_test(settings_that_cannot_be_are_refused_in_words),
        cmocka_unit_test(a_broker_that_comes_late_and_goes_is_found_again),
        cmocka_unit_test(a_broker_that_refuses_us_is_reported_with_its_reason),
        cmocka_unit_test(events_while_the_line_is_down_are_counted_and_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
