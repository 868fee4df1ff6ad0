#include "sign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MIN = 24, KEY_MAX = 64, NEW_KEY = 32 };
static const char prefix[] = "whsec_";

/* The next secret off the front of `rest`; false: none is left. */
static bool next_secret(spd_str *rest, spd_str *secret)
{
    while (rest->len > 0 && rest->ptr[0] == ' ')
        *rest = (spd_str){ rest->ptr + 1, rest->len - 1 };
    const char *space =
        rest->len == 0 ? NULL : memchr(rest->ptr, ' ', rest->len);
    size_t len = space == NULL ? rest->len : (size_t)(space - rest->ptr);
    *secret = (spd_str){ rest->ptr, len };
    *rest = (spd_str){ rest->ptr + len, rest->len - len };
    return len > 0;
}

/* The key is what the base64 behind the prefix stands for. */
static bool read_key(spd_str secret, unsigned char key[KEY_MAX], size_t *len)
{
    size_t skip = sizeof(prefix) - 1;
    if (secret.len <= skip || memcmp(secret.ptr, prefix, skip) != 0)
        return false;
    return sodium_base642bin(key, KEY_MAX, secret.ptr + skip, secret.len - skip,
                             NULL, len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           *len >= KEY_MIN;
}

spd_err secrets_check(spd_str secrets, struct spd_error *err)
{
    unsigned char key[KEY_MAX];
    size_t len;
    spd_str secret;
    while (next_secret(&secrets, &secret)) {
        if (read_key(secret, key, &len))
            continue;
        err->code = SPD_EINVAL;
        snprintf(err->text, sizeof(err->text),
                 "secret: must be \"whsec_\" and 24 to 64 bytes in base64, as "
                 "webhook.secret makes one");
        return SPD_EINVAL;
    }
    sodium_memzero(key, sizeof(key));
    return SPD_OK;
}

static void put_base64(struct text *out, const unsigned char *bytes, size_t len)
{
    char encoded[128];
    sodium_bin2base64(encoded, sizeof(encoded), bytes, len,
                      sodium_base64_VARIANT_ORIGINAL);
    text_puts(out, encoded);
}

static void sign_with(spd_str secret, spd_str head, spd_str body,
                      struct text *out)
{
    unsigned char key[KEY_MAX], sum[crypto_auth_hmacsha256_BYTES];
    size_t len;
    crypto_auth_hmacsha256_state state;
    if (!read_key(secret, key, &len))
        return;
    crypto_auth_hmacsha256_init(&state, key, len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head.ptr,
                                  head.len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.ptr,
                                  body.len);
    crypto_auth_hmacsha256_final(&state, sum);
    text_puts(out, out->len > 0 ? " v1," : "v1,");
    put_base64(out, sum, sizeof(sum));
    sodium_memzero(key, sizeof(key));
}

void sign(spd_str secrets, spd_str id, int64_t seconds, spd_str body,
          struct text *out)
{
    struct text head = { 0 };
    spd_str secret;
    text_printf(&head, "%.*s.%lld.", (int)id.len, id.ptr, (long long)seconds);
    while (next_secret(&secrets, &secret))
        sign_with(secret, text_str(&head), body, out);
    text_free(&head);
}

void secret_new(struct text *out)
{
    unsigned char key[NEW_KEY];
    randombytes_buf(key, sizeof(key));
    text_puts(out, prefix);
    put_base64(out, key, sizeof(key));
    sodium_memzero(key, sizeof(key));
}
