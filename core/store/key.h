/* Keys whose byte order is the order wanted: the store's indexes. */
#ifndef SPOOLD_STORE_KEY_H
#define SPOOLD_STORE_KEY_H

#include <stdbool.h>

#include "base/str.h"

enum { KEY_MAX_BYTES = 400 }; /* LMDB takes 511 with the id behind */

struct key {
    unsigned char bytes[KEY_MAX_BYTES];
    size_t len;
};

/* Numbers sort as numbers, also negative ones. */
void key_put_int(struct key *key, int64_t value);
/* Texts sort byte by byte and end in a zero byte, so that "ab" < "abc" also
 * when more follows; longer ones are cut and told apart by their hash. */
void key_put_text(struct key *key, spd_str text);
/* Alike, whatever the case of their ASCII letters; cut, and not told apart,
 * behind 80 bytes. */
void key_put_folded(struct key *key, spd_str text);
void key_put_byte(struct key *key, unsigned char value);

static inline spd_str key_str(const struct key *key)
{
    return (spd_str){ (const char *)key->bytes, key->len };
}

#endif
