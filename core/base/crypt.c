#include "base/crypt.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "hash fits");

bool crypt_start(void)
{
    return sodium_init() >= 0;
}

void crypt_random(void *out, size_t size)
{
    randombytes_buf(out, size);
}

uint32_t crypt_random_below(uint32_t below)
{
    return randombytes_uniform(below);
}

static const unsigned char *bytes_of(spd_str text)
{
    return (const unsigned char *)(text.ptr == NULL ? "" : text.ptr);
}

struct sha256 sha256_of(spd_str bytes)
{
    struct sha256 sum;
    crypto_hash_sha256(sum.bytes, bytes_of(bytes), bytes.len);
    return sum;
}

struct sha256_stream {
    crypto_hash_sha256_state state;
};

struct sha256_stream *sha256_start(void)
{
    struct sha256_stream *stream = mem_new(sizeof(*stream));
    crypto_hash_sha256_init(&stream->state);
    return stream;
}

void sha256_add(struct sha256_stream *stream, spd_str bytes)
{
    crypto_hash_sha256_update(&stream->state, bytes_of(bytes), bytes.len);
}

struct sha256 sha256_done(struct sha256_stream *stream)
{
    struct sha256 sum;
    crypto_hash_sha256_final(&stream->state, sum.bytes);
    free(stream);
    return sum;
}

static_assert(sizeof(struct tag) == crypto_shorthash_siphashx24_BYTES &&
                  sizeof(struct tag_key) ==
                      crypto_shorthash_siphashx24_KEYBYTES,
              "a tag is what SipHash makes");

struct tag tag_of(const struct tag_key *key, spd_str bytes)
{
    struct tag tag;
    crypto_shorthash_siphashx24(tag.bytes, (const unsigned char *)bytes.ptr,
                                bytes.len, key->bytes);
    return tag;
}

bool crypt_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

void hex_put(struct buf *out, const void *bytes, size_t size)
{
    sodium_bin2hex(buf_room(out, size * 2 + 1), size * 2 + 1, bytes, size);
    out->len += size * 2;
}

bool hex_read(spd_str text, void *out, size_t size)
{
    size_t got = 0;
    return text.len == size * 2 &&
           sodium_hex2bin(out, size, text.ptr, text.len, NULL, &got, NULL) ==
               0 &&
           got == size;
}

void base64url_put(struct buf *out, const void *bytes, size_t size)
{
    int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t room = sodium_base64_encoded_len(size, variant);
    sodium_bin2base64(buf_room(out, room), room, bytes, size, variant);
    out->len += room - 1;
}

struct crypt_key {
    unsigned char bytes[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};

/* Exactly so many bytes, and no more behind them. */
static bool read_exactly(int fd, void *out, size_t size)
{
    char more;
    return read(fd, out, size) == (ssize_t)size && read(fd, &more, 1) == 0;
}

/* A new key is on the disk, whole, before anything is sealed with it. */
static spd_err make_key(const char *path, struct crypt_key *key,
                        struct spd_error *err)
{
    crypto_aead_xchacha20poly1305_ietf_keygen(key->bytes);
    return file_write(path,
                      (spd_str){ (const char *)key->bytes, sizeof(key->bytes) },
                      0600, err);
}

static spd_err load_key(const char *path, struct crypt_key *key,
                        struct spd_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return make_key(path, key, err);
    if (fd < 0)
        return error_set(err, SPD_EIO, "cannot read the key file %s: %s", path,
                         strerror(errno));
    bool whole = read_exactly(fd, key->bytes, sizeof(key->bytes));
    close(fd);
    if (whole)
        return SPD_OK;
    return error_set(err, SPD_EIO,
                     "the key file %s is damaged: it must have %zu bytes; put "
                     "back a copy of it",
                     path, sizeof(key->bytes));
}

struct crypt_key *crypt_key_open(const char *path, struct spd_error *err)
{
    struct crypt_key *key = sodium_malloc(sizeof(*key));
    if (key == NULL) {
        error_set(err, SPD_ENOMEM, "no memory for the key of %s", path);
        return NULL;
    }
    if (load_key(path, key, err) == SPD_OK)
        return key;
    sodium_free(key);
    return NULL;
}

void crypt_key_free(struct crypt_key *key)
{
    sodium_free(key);
}

enum {
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

void crypt_seal(const struct crypt_key *key, spd_str context, spd_str plain,
                struct buf *sealed)
{
    size_t size = NONCE_BYTES + plain.len + TAG_BYTES;
    unsigned char *out = (unsigned char *)buf_room(sealed, size);
    randombytes_buf(out, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + NONCE_BYTES, NULL, bytes_of(plain), plain.len, bytes_of(context),
        context.len, NULL, out, key->bytes);
    sealed->len += size;
}

bool crypt_unseal(const struct crypt_key *key, spd_str context, spd_str sealed,
                  struct buf *plain)
{
    if (sealed.len < NONCE_BYTES + TAG_BYTES)
        return false;
    const unsigned char *in = bytes_of(sealed);
    size_t size = sealed.len - NONCE_BYTES - TAG_BYTES;
    unsigned char *out = (unsigned char *)buf_room(plain, size + 1);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, in + NONCE_BYTES, sealed.len - NONCE_BYTES,
        bytes_of(context), context.len, in, key->bytes);
    plain->len += failed == 0 ? size : 0;
    return failed == 0;
}

struct sha256 crypt_derive(const struct crypt_key *key, spd_str purpose)
{
    struct sha256 derived;
    crypto_generichash(derived.bytes, sizeof(derived.bytes), bytes_of(purpose),
                       purpose.len, key->bytes, sizeof(key->bytes));
    return derived;
}

bool password_hash(spd_str password, char out[PASSWORD_HASH_BYTES])
{
    memset(out, 0, PASSWORD_HASH_BYTES);
    return crypto_pwhash_str_alg(out, password.ptr, password.len,
                                 crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                 crypto_pwhash_MEMLIMIT_INTERACTIVE,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool password_matches(const char *hash, spd_str password)
{
    return crypto_pwhash_str_verify(hash, password.ptr, password.len) == 0;
}
