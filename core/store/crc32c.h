/* CRC32C: the checksum of what lies in the store.
 *
 * By the machine's own instruction where it has one that we know, else by
 * tables, eight bytes a step.  Both give the same sums. */
#ifndef SPOOLD_STORE_CRC32C_H
#define SPOOLD_STORE_CRC32C_H

#include "base/str.h"

struct crc32c;

/* Of bytes, onto an inverted sum. */
typedef uint32_t crc32c_fn(const struct crc32c *crc, uint32_t sum,
                           spd_str bytes);

/* Made once and then read only. */
struct crc32c {
    crc32c_fn *add;
    uint32_t table[8][256];
};

void crc32c_init(struct crc32c *crc);
/* The same without the machine's instruction. */
void crc32c_init_tables(struct crc32c *crc);

/* `sum` is 0 at first, then what the piece before gave. */
uint32_t crc32c_add(const struct crc32c *crc, uint32_t sum, spd_str bytes);

/* For crc32c_init: this machine's; NULL: none that we know. */
crc32c_fn *crc32c_of_machine(void);

#endif
