#include "pin.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DIGEST_BYTES = 32, SERIAL_MAX_CHARS = 64 };

spd_err pin_of(X509 *leaf, char out[PIN_CHARS])
{
    unsigned char digest[DIGEST_BYTES], *key = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &key);
    if (len <= 0)
        return SPD_EIO;
    int ok = EVP_Digest(key, (size_t)len, digest, NULL, EVP_sha256(), NULL);
    OPENSSL_free(key);
    if (ok != 1)
        return SPD_EIO;
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return SPD_OK;
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

bool pin_is_valid(spd_str text)
{
    if (text.len != PIN_CHARS - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (hex_value(text.ptr[i]) < 0)
            return false;
    return true;
}

void pin_for_curl(const char *pin, char out[CURL_PIN_CHARS])
{
    unsigned char digest[DIGEST_BYTES];
    for (size_t i = 0; i < sizeof(digest); i++)
        digest[i] = (unsigned char)(hex_value(pin[2 * i]) * 16 +
                                    hex_value(pin[2 * i + 1]));
    memcpy(out, "sha256//", 8);
    (void)EVP_EncodeBlock((unsigned char *)out + 8, digest, sizeof(digest));
}

bool pin_names_serial(X509 *leaf, const char *serial)
{
    char name[SERIAL_MAX_CHARS];
    int len = X509_NAME_get_text_by_NID(X509_get_subject_name(leaf),
                                        NID_commonName, name, sizeof(name));
    return len > 0 && (size_t)len == strlen(serial) &&
           strcmp(name, serial) == 0;
}

int pin_trust_fd(X509 *leaf)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    int fd = -1;
    if (bio == NULL || PEM_write_bio_X509(bio, leaf) != 1)
        goto out;
    long len = BIO_get_mem_data(bio, &text);
    fd = memfd_create("printer-certificate", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, text, (size_t)len) != len) {
        close(fd);
        fd = -1;
    }
out:
    BIO_free(bio);
    return fd;
}

void pin_trust_path(int fd, char *out, size_t size)
{
    (void)snprintf(out, size, "/proc/self/fd/%d", fd);
}

spd_err pin_accept_leaves(struct spd_error *err)
{
    const X509_VERIFY_PARAM *now = X509_VERIFY_PARAM_lookup("ssl_server");
    if (now != NULL &&
        (X509_VERIFY_PARAM_get_flags(now) & X509_V_FLAG_PARTIAL_CHAIN) != 0)
        return SPD_OK;
    X509_VERIFY_PARAM *param = X509_VERIFY_PARAM_new();
    if (param != NULL && X509_VERIFY_PARAM_inherit(param, now) &&
        X509_VERIFY_PARAM_set1_name(param, "ssl_server") &&
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) &&
        X509_VERIFY_PARAM_add0_table(param))
        return SPD_OK;
    X509_VERIFY_PARAM_free(param);
    err->code = SPD_EINTERNAL;
    (void)snprintf(err->text, sizeof(err->text),
                   "OpenSSL did not take the rule for pinned certificates");
    return SPD_EINTERNAL;
}
