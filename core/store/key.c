#include "store/key.h"

#include <assert.h>

#include "base/crypt.h"

enum {
    TEXT_MAX_BYTES = 88, /* then cut: three texts and numbers fit a key */
    CUT_HASH_BYTES = 16, /* told apart by so many bytes of their SHA-256 */
};

void key_put_byte(struct key *key, unsigned char value)
{
    assert(key->len < KEY_MAX_BYTES);
    key->bytes[key->len++] = value;
}

void key_put_int(struct key *key, int64_t value)
{
    /* With the sign bit turned over, negative numbers come first. */
    uint64_t ordered = (uint64_t)value ^ UINT64_C(1) << 63;
    for (int shift = 56; shift >= 0; shift -= 8)
        key_put_byte(key, (unsigned char)(ordered >> shift));
}

/* Zero ends a text, so a zero within it becomes 1 1, and a one 1 2. */
static void put_escaped(struct key *key, unsigned char c)
{
    if (c > 1) {
        key_put_byte(key, c);
        return;
    }
    key_put_byte(key, 1);
    key_put_byte(key, (unsigned char)(c + 1));
}

static void put_hash(struct key *key, spd_str text)
{
    static const char digits[] = "0123456789abcdef";
    struct sha256 sum = sha256_of(text);
    for (size_t i = 0; i < CUT_HASH_BYTES; i++) {
        key_put_byte(key, (unsigned char)digits[sum.bytes[i] >> 4]);
        key_put_byte(key, (unsigned char)digits[sum.bytes[i] & 15]);
    }
}

void key_put_text(struct key *key, spd_str text)
{
    size_t end = key->len + TEXT_MAX_BYTES;
    size_t i = 0;
    for (; i < text.len && key->len + 1 < end; i++)
        put_escaped(key, (unsigned char)text.ptr[i]);
    if (i < text.len)
        put_hash(key, text);
    key_put_byte(key, 0);
}

void key_put_folded(struct key *key, spd_str text)
{
    enum { LONGEST = 80 };
    char folded[LONGEST];
    size_t len = text.len < LONGEST ? text.len : LONGEST;
    for (size_t i = 0; i < len; i++) {
        char c = text.ptr[i];
        folded[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    key_put_text(key, (spd_str){ folded, len });
}
