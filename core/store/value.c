#include "store/value.h"

#include <assert.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the store is little-endian, and moves between machines");

enum {
    VALUE_FORMAT = 1,
    FORMAT_AT = 4,
    PACKED_LEN_AT = 8,
    HEAD_BYTES = 12,
};

size_t value_size(const struct value *value)
{
    return HEAD_BYTES + value->packed.len + value->text.len;
}

/* The key is part of it: a value under another's key is damage as well. */
static uint32_t sum_of(const struct crc32c *crc, spd_str key, spd_str bytes)
{
    spd_str rest = { bytes.ptr + FORMAT_AT, bytes.len - FORMAT_AT };
    return crc32c_add(crc, crc32c_add(crc, 0, key), rest);
}

static void put_bytes(char *at, spd_str bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.ptr, bytes.len);
}

void value_write(const struct crc32c *crc, spd_str key,
                 const struct value *value, void *out)
{
    char *at = out;
    uint32_t packed_len = (uint32_t)value->packed.len;
    assert(packed_len == value->packed.len);
    memset(at, 0, HEAD_BYTES);
    at[FORMAT_AT] = VALUE_FORMAT;
    memcpy(at + PACKED_LEN_AT, &packed_len, sizeof(packed_len));
    put_bytes(at + HEAD_BYTES, value->packed);
    put_bytes(at + HEAD_BYTES + packed_len, value->text);
    uint32_t sum = sum_of(crc, key, (spd_str){ at, value_size(value) });
    memcpy(at, &sum, sizeof(sum));
}

bool value_split(spd_str bytes, struct value *value)
{
    uint32_t packed_len;
    if (bytes.len < HEAD_BYTES || bytes.ptr[FORMAT_AT] != VALUE_FORMAT)
        return false;
    memcpy(&packed_len, bytes.ptr + PACKED_LEN_AT, sizeof(packed_len));
    spd_str body = { bytes.ptr + HEAD_BYTES, bytes.len - HEAD_BYTES };
    if (packed_len > body.len)
        return false;
    value->packed = (spd_str){ body.ptr, packed_len };
    value->text = (spd_str){ body.ptr + packed_len, body.len - packed_len };
    return true;
}

uint32_t value_sum(spd_str bytes)
{
    uint32_t sum = 0;
    if (bytes.len >= HEAD_BYTES)
        memcpy(&sum, bytes.ptr, sizeof(sum));
    return sum;
}

bool value_read(const struct crc32c *crc, spd_str key, spd_str bytes,
                struct value *value)
{
    uint32_t sum;
    if (!value_split(bytes, value))
        return false;
    memcpy(&sum, bytes.ptr, sizeof(sum));
    return sum == sum_of(crc, key, bytes);
}
