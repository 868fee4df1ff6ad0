#include "mqtt_packet.h"

#include <string.h>

struct reader {
    const uint8_t *at, *end;
    bool ok;
};

static struct reader reader_of(struct mqtt_slice body)
{
    return (struct reader){ body.at, body.at + body.len, true };
}

static struct mqtt_slice take(struct reader *in, size_t len)
{
    if (!in->ok || (size_t)(in->end - in->at) < len) {
        in->ok = false;
        return (struct mqtt_slice){ NULL, 0 };
    }
    struct mqtt_slice slice = { in->at, len };
    in->at += len;
    return slice;
}

static uint8_t take_u8(struct reader *in)
{
    struct mqtt_slice byte = take(in, 1);
    return in->ok ? byte.at[0] : 0;
}

static uint16_t take_u16(struct reader *in)
{
    struct mqtt_slice pair = take(in, 2);
    return (uint16_t)(in->ok ? pair.at[0] << 8 | pair.at[1] : 0);
}

static struct mqtt_slice take_string(struct reader *in)
{
    return take(in, take_u16(in));
}

/* The variable-length number of [2.2.3]; false while bytes are missing. */
static enum mqtt_verdict take_length(struct reader *in, size_t *length)
{
    *length = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte = take_u8(in);
        if (!in->ok)
            return MQTT_MORE;
        *length |= (size_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return MQTT_WHOLE;
    }
    return MQTT_BAD;
}

/* Flags a client may set, by packet type; 0xff: type not for clients. [2.2.2]
 */
static bool flags_are_legal(uint8_t type, uint8_t flags)
{
    static const uint8_t legal[16] = {
        [0] = 0xff,
        [MQTT_CONNACK] = 0xff,
        [5] = 0xff,
        [6] = 0xff,
        [7] = 0xff,
        [MQTT_SUBSCRIBE] = 2,
        [MQTT_SUBACK] = 0xff,
        [MQTT_UNSUBSCRIBE] = 2,
        [MQTT_UNSUBACK] = 0xff,
        [MQTT_PINGRESP] = 0xff,
        [15] = 0xff,
    };
    return type == MQTT_PUBLISH || flags == legal[type];
}

enum mqtt_verdict mqtt_packet_parse(struct mqtt_packet *packet, size_t *used,
                                    const uint8_t *data, size_t len,
                                    size_t max_bytes)
{
    struct reader in = { data, data + len, true };
    uint8_t first = take_u8(&in);
    if (!in.ok)
        return MQTT_MORE;
    if (!flags_are_legal(first >> 4, first & 0x0f))
        return MQTT_BAD;
    size_t length;
    enum mqtt_verdict verdict = take_length(&in, &length);
    if (verdict != MQTT_WHOLE)
        return verdict;
    if (length > max_bytes)
        return MQTT_BAD;
    struct mqtt_slice body = take(&in, length);
    if (!in.ok)
        return MQTT_MORE;
    *packet = (struct mqtt_packet){
        .type = (enum mqtt_type)(first >> 4),
        .flags = first & 0x0f,
        .body = body,
    };
    *used = (size_t)(in.at - data);
    return MQTT_WHOLE;
}

enum connect_flag {
    CONNECT_RESERVED = 0x01,
    CONNECT_WILL = 0x04,
    CONNECT_PASSWORD = 0x40,
    CONNECT_USER = 0x80,
};

bool mqtt_parse_connect(struct mqtt_connect *out,
                        const struct mqtt_packet *packet)
{
    struct reader in = reader_of(packet->body);
    *out = (struct mqtt_connect){ 0 };
    struct mqtt_slice protocol = take_string(&in);
    uint8_t level = take_u8(&in);
    uint8_t flags = take_u8(&in);
    out->keepalive_s = take_u16(&in);
    if (!in.ok || !mqtt_slice_is(protocol, "MQTT") || level != 4 ||
        (flags & CONNECT_RESERVED) != 0)
        return false;
    out->client_id = take_string(&in);
    if ((flags & CONNECT_WILL) != 0) { /* topic and message, unused here */
        take_string(&in);
        take_string(&in);
    }
    if ((flags & CONNECT_USER) != 0)
        out->user = take_string(&in);
    if ((flags & CONNECT_PASSWORD) != 0)
        out->password = take_string(&in);
    return in.ok && in.at == in.end;
}

bool mqtt_parse_publish(struct mqtt_publish *out,
                        const struct mqtt_packet *packet)
{
    struct reader in = reader_of(packet->body);
    *out = (struct mqtt_publish){ .qos = (packet->flags >> 1) & 3U };
    out->topic = take_string(&in);
    if (out->qos > 0)
        out->id = take_u16(&in);
    if (!in.ok || out->topic.len == 0 || out->qos == 3 ||
        (out->qos > 0 && out->id == 0))
        return false;
    out->payload = take(&in, (size_t)(in.end - in.at));
    return true;
}

bool mqtt_parse_filters(struct mqtt_filters *out,
                        const struct mqtt_packet *packet)
{
    struct reader in = reader_of(packet->body);
    *out = (struct mqtt_filters){ .id = take_u16(&in) };
    while (in.ok && in.at < in.end) {
        if (out->count == MQTT_SUBACK_MAX)
            return false;
        out->filter[out->count] = take_string(&in);
        if (packet->type == MQTT_SUBSCRIBE && take_u8(&in) > 2)
            return false;
        if (in.ok && out->filter[out->count++].len == 0)
            return false;
    }
    return in.ok && out->id != 0 && out->count > 0;
}

size_t mqtt_write_connack(uint8_t out[static MQTT_ACK_BYTES], uint8_t code)
{
    const uint8_t bytes[] = { MQTT_CONNACK << 4, 2, 0, code };
    memcpy(out, bytes, sizeof bytes);
    return sizeof bytes;
}

static size_t put_u16(uint8_t *out, size_t number)
{
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)(number & 0xff);
    return 2;
}

size_t mqtt_write_id(uint8_t out[static MQTT_ACK_BYTES], enum mqtt_type type,
                     uint16_t id)
{
    out[0] = (uint8_t)(type << 4);
    out[1] = 2;
    return 2 + put_u16(out + 2, id);
}

size_t mqtt_write_suback(uint8_t out[static 5 + MQTT_SUBACK_MAX], uint16_t id,
                         size_t count)
{
    out[0] = MQTT_SUBACK << 4;
    out[1] = (uint8_t)(2 + count); /* below 128: one length byte */
    put_u16(out + 2, id);
    memset(out + 4, 0, count);
    return 4 + count;
}

static size_t put_length(uint8_t *out, size_t length)
{
    size_t used = 0;
    do {
        uint8_t byte = (uint8_t)(length & 0x7f);
        length >>= 7;
        out[used++] = (uint8_t)(byte | (length > 0 ? 0x80 : 0));
    } while (length > 0);
    return used;
}

size_t mqtt_write_publish(uint8_t *out, size_t cap, const char *topic,
                          size_t payload_len)
{
    size_t topic_len = strlen(topic);
    size_t length = 2 + topic_len + payload_len;
    if (topic_len > UINT16_MAX || length >= (size_t)1 << 28 ||
        cap < MQTT_HEADER_MAX + 2 + topic_len)
        return 0;
    size_t used = 0;
    out[used++] = MQTT_PUBLISH << 4;
    used += put_length(out + used, length);
    used += put_u16(out + used, topic_len);
    memcpy(out + used, topic, topic_len);
    return used + topic_len;
}

bool mqtt_filter_matches(struct mqtt_slice filter, const char *topic)
{
    const uint8_t *at = filter.at, *end = filter.at + filter.len;
    while (at < end) {
        if (*at == '#')
            return true;
        if (*at == '+') {
            topic += strcspn(topic, "/");
            at++;
        } else if (*topic != '\0' && *at == (uint8_t)*topic) {
            at++;
            topic++;
        } else {
            return false;
        }
    }
    return *topic == '\0';
}

bool mqtt_slice_is(struct mqtt_slice slice, const char *text)
{
    return slice.len == strlen(text) &&
           (slice.len == 0 || memcmp(slice.at, text, slice.len) == 0);
}
