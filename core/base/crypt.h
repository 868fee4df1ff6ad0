/* Cryptography, in the few words spoold needs.  The only user of libsodium.
 *
 * [any] thread, after crypt_start. */
#ifndef SPOOLD_BASE_CRYPT_H
#define SPOOLD_BASE_CRYPT_H

#include "base/buf.h"
#include "base/str.h"

/* Once, before anything else here. False: no source of randomness. */
bool crypt_start(void);

void crypt_random(void *out, size_t size);
/* Uniform in [0, below). */
uint32_t crypt_random_below(uint32_t below);

struct sha256 {
    unsigned char bytes[32];
};

struct sha256 sha256_of(spd_str bytes);

/* Piece by piece; owned: ended by sha256_done. */
struct sha256_stream;
struct sha256_stream *sha256_start(void);
void sha256_add(struct sha256_stream *stream, spd_str bytes);
struct sha256 sha256_done(struct sha256_stream *stream);

/* A keyed sum (SipHash-2-4): whoever does not know the key can neither find a
 * text for a sum nor two texts of one sum.  Ten times faster than sha256_of. */
struct tag {
    unsigned char bytes[16];
};
struct tag_key {
    unsigned char bytes[16];
};
struct tag tag_of(const struct tag_key *key, spd_str bytes);

/* Takes the same time wherever they differ. */
bool crypt_equal(const void *a, const void *b, size_t size);

/* Lower-case hex, appended. */
void hex_put(struct buf *out, const void *bytes, size_t size);
/* Exactly `size` bytes, or false. */
bool hex_read(spd_str text, void *out, size_t size);

/* URL-safe base64 without padding, appended. */
void base64url_put(struct buf *out, const void *bytes, size_t size);

/* -- secrets at rest: XChaCha20-Poly1305 --
 *
 * A sealed text opens only with the key and the `context` it was sealed with
 * ("printer/7"), so that it cannot be moved to another record. */
struct crypt_key;

/* Read the 0600 key file, or make it when there is none. Owned. */
struct crypt_key *crypt_key_open(const char *path, struct spd_error *err);
void crypt_key_free(struct crypt_key *key);
void crypt_seal(const struct crypt_key *key, spd_str context, spd_str plain,
                struct buf *sealed);
/* False when the key or the context is another one or bytes were changed. */
bool crypt_unseal(const struct crypt_key *key, spd_str context, spd_str sealed,
                  struct buf *plain);

/* A secret made of the key for one purpose: always the same, and telling
 * nothing of the key or of other secrets. */
struct sha256 crypt_derive(const struct crypt_key *key, spd_str purpose);

/* -- passwords: Argon2id, 64 MiB, about 0.1 s: [pool], not the loop -- */
enum { PASSWORD_HASH_BYTES = 128 };
bool password_hash(spd_str password, char out[PASSWORD_HASH_BYTES]);
bool password_matches(const char *hash, spd_str password);

#endif
