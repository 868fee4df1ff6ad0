/* Datagrams that anybody may send: reading them stays within bounds, and what
 * is taken for a printer's has a serial number and an address of plain
 * letters. */
#include <assert.h>
#include <string.h>

#include "announce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ')
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct announcement one;
    if (!announce_read(&one, (spd_str){ (const char *)data, size }))
        return 0;
    assert(strlen(one.serial) >= 4 && one.host[0] != '\0');
    assert(is_plain(one.serial) && is_plain(one.host) && is_plain(one.name));
    return 0;
}
