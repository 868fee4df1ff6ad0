/* MQTT 3.1.1 control packets, broker side: bytes to struct and back.
 *
 * Every slice points into the caller's buffer and lives as long as it does.
 * It refuses to know sockets, sessions and printers. Numbers in brackets are
 * sections of the OASIS standard "MQTT Version 3.1.1". */
#ifndef SIM_MQTT_PACKET_H
#define SIM_MQTT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_type {
    MQTT_CONNECT = 1,
    MQTT_CONNACK = 2,
    MQTT_PUBLISH = 3,
    MQTT_PUBACK = 4,
    MQTT_SUBSCRIBE = 8,
    MQTT_SUBACK = 9,
    MQTT_UNSUBSCRIBE = 10,
    MQTT_UNSUBACK = 11,
    MQTT_PINGREQ = 12,
    MQTT_PINGRESP = 13,
    MQTT_DISCONNECT = 14,
};

enum mqtt_verdict { MQTT_MORE, MQTT_BAD, MQTT_WHOLE };

#define MQTT_HEADER_MAX 5 /* type byte and four length bytes */
#define MQTT_ACK_BYTES 4
#define MQTT_SUBACK_MAX 64 /* filters answered in one SUBACK */

struct mqtt_slice {
    const uint8_t *at;
    size_t len;
};

struct mqtt_packet {
    enum mqtt_type type;
    uint8_t flags;
    struct mqtt_slice body;
};

struct mqtt_connect {
    struct mqtt_slice client_id, user, password;
    uint16_t keepalive_s;
};

struct mqtt_publish {
    struct mqtt_slice topic, payload;
    unsigned qos;
    uint16_t id; /* 0 at QoS 0 */
};

struct mqtt_filters {
    uint16_t id;
    size_t count;
    struct mqtt_slice filter[MQTT_SUBACK_MAX];
};

/* Cut one packet from `data`. *used is its length when MQTT_WHOLE. MQTT_BAD
 * when it is no packet of a client, or longer than max_bytes. [2.2] */
enum mqtt_verdict mqtt_packet_parse(struct mqtt_packet *packet, size_t *used,
                                    const uint8_t *data, size_t len,
                                    size_t max_bytes);

/* False: malformed; the standard wants the connection closed. [3.1, 3.3, 3.8]
 * A protocol other than "MQTT" level 4 counts as malformed. */
bool mqtt_parse_connect(struct mqtt_connect *out,
                        const struct mqtt_packet *packet);
bool mqtt_parse_publish(struct mqtt_publish *out,
                        const struct mqtt_packet *packet);
/* For SUBSCRIBE and UNSUBSCRIBE. */
bool mqtt_parse_filters(struct mqtt_filters *out,
                        const struct mqtt_packet *packet);

/* Writers: the answer is the number of bytes put into `out`. */
size_t mqtt_write_connack(uint8_t out[static MQTT_ACK_BYTES], uint8_t code);
size_t mqtt_write_id(uint8_t out[static MQTT_ACK_BYTES], enum mqtt_type type,
                     uint16_t id);
/* All filters are granted QoS 0. */
size_t mqtt_write_suback(uint8_t out[static 5 + MQTT_SUBACK_MAX], uint16_t id,
                         size_t count);
/* All of a QoS 0 PUBLISH but its payload, or 0 when `cap` is too small. */
size_t mqtt_write_publish(uint8_t *out, size_t cap, const char *topic,
                          size_t payload_len);

/* Does `filter`, wildcards and all, match `topic`? [4.7] */
bool mqtt_filter_matches(struct mqtt_slice filter, const char *topic);

bool mqtt_slice_is(struct mqtt_slice slice, const char *text);

#endif
