#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "mqtt_packet.h"

enum { MAX = 1024 };

/* CONNECT of client "c", user "bblp", password "12345678", keepalive 30. */
static const uint8_t connect_bytes[] =
    "\x10\x1d\x00\x04MQTT\x04\xc2\x00\x1e\x00\x01"
    "c\x00\x04"
    "bblp\x00\x08"
    "12345678";

static struct mqtt_slice slice_of(const char *text)
{
    return (struct mqtt_slice){ (const uint8_t *)text, strlen(text) };
}

static struct mqtt_packet whole(const uint8_t *bytes, size_t len)
{
    struct mqtt_packet packet = { 0 };
    size_t used = 0;
    assert_int_equal(mqtt_packet_parse(&packet, &used, bytes, len, MAX),
                     MQTT_WHOLE);
    assert_int_equal(used, len);
    return packet;
}

static void a_connect_gives_id_user_and_password(void **state)
{
    (void)state;
    struct mqtt_packet packet = whole(connect_bytes, sizeof connect_bytes - 1);
    struct mqtt_connect connect;

    assert_true(mqtt_parse_connect(&connect, &packet));
    assert_true(mqtt_slice_is(connect.client_id, "c"));
    assert_true(mqtt_slice_is(connect.user, "bblp"));
    assert_true(mqtt_slice_is(connect.password, "12345678"));
    assert_int_equal(connect.keepalive_s, 30);
}

/* Copied to the heap at its exact size, so that the sanitizer sees a read
 * beyond the end. */
static void every_beginning_of_a_packet_waits_for_more(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof connect_bytes - 1; len++) {
        uint8_t *part = mem_new(len, 1);
        struct mqtt_packet packet;
        size_t used;
        memcpy(part, connect_bytes, len);
        assert_int_equal(mqtt_packet_parse(&packet, &used, part, len, MAX),
                         MQTT_MORE);
        free(part);
    }
}

static void a_body_cut_anywhere_is_malformed(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof connect_bytes - 3; len++) {
        uint8_t *body = mem_new(len, 1);
        struct mqtt_packet packet = { .type = MQTT_CONNECT,
                                      .body = { body, len } };
        struct mqtt_connect connect;
        memcpy(body, connect_bytes + 2, len);
        assert_false(mqtt_parse_connect(&connect, &packet));
        free(body);
    }
}

static void a_packet_above_the_limit_is_bad_before_it_has_come(void **state)
{
    (void)state;
    static const uint8_t head[] = { MQTT_PUBLISH << 4, 0x81, 0x08 }; /* 1025 */
    struct mqtt_packet packet;
    size_t used;
    assert_int_equal(mqtt_packet_parse(&packet, &used, head, 3, MAX), MQTT_BAD);
}

static void a_length_of_five_bytes_is_bad(void **state)
{
    (void)state;
    static const uint8_t head[] = { 0xc0, 0x80, 0x80, 0x80, 0x80, 0x01 };
    struct mqtt_packet packet;
    size_t used;
    assert_int_equal(mqtt_packet_parse(&packet, &used, head, 6, SIZE_MAX),
                     MQTT_BAD);
}

static void packets_only_brokers_send_are_bad(void **state)
{
    (void)state;
    static const uint8_t types[] = { 0x00, 0x20, 0x90, 0xb0, 0xd0, 0xf0 };
    for (size_t i = 0; i < sizeof types; i++) {
        uint8_t bytes[] = { types[i], 0 };
        struct mqtt_packet packet;
        size_t used;
        assert_int_equal(mqtt_packet_parse(&packet, &used, bytes, 2, MAX),
                         MQTT_BAD);
    }
}

static void a_publish_of_qos_1_carries_its_id(void **state)
{
    (void)state;
    static const uint8_t bytes[] = "\x32\x08\x00\x02"
                                   "ab\x12\x34"
                                   "hi";
    struct mqtt_packet packet = whole(bytes, sizeof bytes - 1);
    struct mqtt_publish publish;

    assert_true(mqtt_parse_publish(&publish, &packet));
    assert_int_equal(publish.qos, 1);
    assert_int_equal(publish.id, 0x1234);
    assert_true(mqtt_slice_is(publish.topic, "ab"));
    assert_true(mqtt_slice_is(publish.payload, "hi"));
}

static void a_subscribe_gives_all_its_filters(void **state)
{
    (void)state;
    static const uint8_t bytes[] = "\x82\x0a\x00\x07\x00\x01"
                                   "a\x00\x00\x01"
                                   "b\x01";
    struct mqtt_packet packet = whole(bytes, sizeof bytes - 1);
    struct mqtt_filters filters;

    assert_true(mqtt_parse_filters(&filters, &packet));
    assert_int_equal(filters.id, 7);
    assert_int_equal(filters.count, 2);
    assert_true(mqtt_slice_is(filters.filter[1], "b"));
}

static void what_is_published_can_be_parsed(void **state)
{
    (void)state;
    char payload[300];
    uint8_t bytes[400];
    memset(payload, 'x', sizeof payload);
    size_t head = mqtt_write_publish(bytes, sizeof bytes, "device/S/report",
                                     sizeof payload);
    memcpy(bytes + head, payload, sizeof payload);
    struct mqtt_packet packet = whole(bytes, head + sizeof payload);
    struct mqtt_publish publish;

    assert_true(mqtt_parse_publish(&publish, &packet));
    assert_true(mqtt_slice_is(publish.topic, "device/S/report"));
    assert_int_equal(publish.payload.len, sizeof payload);
}

static void wildcards_match_as_the_standard_says(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *topic;
        bool matches;
    } rows[] = {
        { "device/S/report", "device/S/report", true },
        { "device/S/request", "device/S/report", false },
        { "device/+/report", "device/S/report", true },
        { "device/S/+", "device/S/report", true },
        { "+/+", "device/S/report", false },
        { "#", "device/S/report", true },
        { "device/#", "device/S/report", true },
        { "device/S/reportx", "device/S/report", false },
        { "device/S", "device/S/report", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            mqtt_filter_matches(slice_of(rows[i].filter), rows[i].topic),
            rows[i].matches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_gives_id_user_and_password),
        cmocka_unit_test(every_beginning_of_a_packet_waits_for_more),
        cmocka_unit_test(a_body_cut_anywhere_is_malformed),
        cmocka_unit_test(a_packet_above_the_limit_is_bad_before_it_has_come),
        cmocka_unit_test(a_length_of_five_bytes_is_bad),
        cmocka_unit_test(packets_only_brokers_send_are_bad),
        cmocka_unit_test(a_publish_of_qos_1_carries_its_id),
        cmocka_unit_test(a_subscribe_gives_all_its_filters),
        cmocka_unit_test(what_is_published_can_be_parsed),
        cmocka_unit_test(wildcards_match_as_the_standard_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
