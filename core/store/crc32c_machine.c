/* SSE 4.2 has CRC32C.  Other machines use the tables until somebody measures
 * one of theirs. */
#include "store/crc32c.h"

#if defined(__x86_64__)

#include <nmmintrin.h>
#include <string.h>

__attribute__((target("sse4.2"))) static uint32_t
add_by_machine(const struct crc32c *crc, uint32_t sum, spd_str bytes)
{
    (void)crc;
    uint64_t wide = sum;
    for (; bytes.len >= 8; bytes.ptr += 8, bytes.len -= 8) {
        uint64_t word;
        memcpy(&word, bytes.ptr, sizeof(word));
        wide = _mm_crc32_u64(wide, word);
    }
    sum = (uint32_t)wide;
    for (; bytes.len > 0; bytes.ptr++, bytes.len--)
        sum = _mm_crc32_u8(sum, (unsigned char)*bytes.ptr);
    return sum;
}

crc32c_fn *crc32c_of_machine(void)
{
    return __builtin_cpu_supports("sse4.2") ? add_by_machine : NULL;
}

#else

crc32c_fn *crc32c_of_machine(void)
{
    return NULL;
}

#endif
