#include "store/crc32c.h"

#include <string.h>

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

static uint32_t add_by_tables(const struct crc32c *crc, uint32_t sum,
                              spd_str bytes)
{
    for (; bytes.len >= 8; bytes.ptr += 8, bytes.len -= 8)
        sum = add_eight(crc, sum, bytes.ptr);
    for (; bytes.len > 0; bytes.ptr++, bytes.len--)
        sum = sum >> 8 ^ crc->table[0][(sum ^ (unsigned char)*bytes.ptr) & 255];
    return sum;
}

void crc32c_init_tables(struct crc32c *crc)
{
    crc->add = add_by_tables;
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

void crc32c_init(struct crc32c *crc)
{
    crc32c_init_tables(crc);
    crc32c_fn *by_machine = crc32c_of_machine();
    if (by_machine != NULL)
        crc->add = by_machine;
}

uint32_t crc32c_add(const struct crc32c *crc, uint32_t sum, spd_str bytes)
{
    return ~crc->add(crc, ~sum, bytes);
}
