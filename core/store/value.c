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

void crc32c_init(struct crc32c *crc)
{
    const uint32_t castagnoli = 0x82f63b78;
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (castagnoli & (0u - (sum & 1)));
        crc->table[0][byte] = sum;
    }
    for (size_t byte = 0; byte < 256; byte++)
        for (size_t k = 1; k < 8; k++) {
            uint32_t before = crc->table[k - 1][byte];
            crc->table[k][byte] = before >> 8 ^ crc->table[0][before & 255];
        }
}

/* Written out: the eight look-ups do not wait for each other. */
static uint32_t add_eight(const struct crc32c *crc, uint32_t sum,
                          const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    word ^= sum;
    return crc->table[7][word & 255] ^ crc->table[6][word >> 8 & 255] ^
           crc->table[5][word >> 16 & 255] ^ crc->table[4][word >> 24 & 255] ^
           crc->table[3][word >> 32 & 255] ^ crc->table[2][word >> 40 & 255] ^
           crc->table[1][word >> 48 & 255] ^ crc->table[0][word >> 56];
}

uint32_t crc32c_add(const struct crc32c *crc, uint32_t sum, spd_str bytes)
{
    sum = ~sum;
    for (; bytes.len >= 8; bytes.ptr += 8, bytes.len -= 8)
        sum = add_eight(crc, sum, bytes.ptr);
    for (; bytes.len > 0; bytes.ptr++, bytes.len--)
        sum = sum >> 8 ^ crc->table[0][(sum ^ (unsigned char)*bytes.ptr) & 255];
    return ~sum;
}

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

bool value_read(const struct crc32c *crc, spd_str key, spd_str bytes,
                struct value *value)
{
    uint32_t sum;
    if (!value_split(bytes, value))
        return false;
    memcpy(&sum, bytes.ptr, sizeof(sum));
    return sum == sum_of(crc, key, bytes);
}
