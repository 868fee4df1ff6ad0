/* How a value lies in the store: whole, or known to be damaged.
 *
 *   u32 checksum   CRC32C of the key and of all that follows
 *   u8  format     VALUE_FORMAT; then three zero bytes
 *   u32 packed_len
 *   packed bytes, then the shown text up to the end
 *
 * Little-endian and unaligned.  Knows nothing of LMDB. */
#ifndef SPOOLD_STORE_VALUE_H
#define SPOOLD_STORE_VALUE_H

#include <stdbool.h>

#include "base/str.h"
#include "store/crc32c.h"

struct value {
    spd_str packed;
    spd_str text; /* may be empty */
};

size_t value_size(const struct value *value);

/* Into `out`, which has value_size bytes. */
void value_write(const struct crc32c *crc, spd_str key,
                 const struct value *value, void *out);

/* The checksum as it stands there; 0: not a value. */
uint32_t value_sum(spd_str bytes);

/* Views into `bytes`, without a look at the checksum. False: not a value. */
bool value_split(spd_str bytes, struct value *value);

/* The same, and the checksum holds. */
bool value_read(const struct crc32c *crc, spd_str key, spd_str bytes,
                struct value *value);

#endif
