#include "tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum {
    KEYS_MAX = 8,
    KEY_BITS = 2048,
    LIFE_S = 10 * 365 * 24 * 3600,
    SESSIONS_MAX = 32,
    SESSION_S = 7200,
};

struct tls_maker {
    EVP_PKEY *keys[KEYS_MAX];
    size_t key_count;
    EVP_PKEY *ca_key;
    X509 *ca; /* NULL: leaves sign themselves */
    long next_serial;
};

static bool set_name(X509 *leaf, const char *common_name, X509_NAME *issuer)
{
    X509_NAME *name = X509_get_subject_name(leaf);
    if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                   (const unsigned char *)common_name, -1, -1,
                                   0) != 1)
        return false;
    return X509_set_issuer_name(leaf, issuer != NULL ? issuer : name) == 1;
}

static bool add_basic_constraints(X509 *ca)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(
        NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
    bool ok = extension != NULL && X509_add_ext(ca, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static X509 *certificate_new(struct tls_maker *maker, const char *common_name,
                             EVP_PKEY *key, bool v1, bool is_ca)
{
    X509 *leaf = X509_new();
    EVP_PKEY *signer = maker->ca != NULL ? maker->ca_key : key;
    X509_NAME *issuer =
        maker->ca != NULL ? X509_get_subject_name(maker->ca) : NULL;
    if (leaf != NULL && X509_set_version(leaf, v1 ? 0 : 2) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(leaf), maker->next_serial++) ==
            1 &&
        X509_gmtime_adj(X509_getm_notBefore(leaf), -24L * 3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(leaf), LIFE_S) != NULL &&
        X509_set_pubkey(leaf, key) == 1 &&
        set_name(leaf, common_name, issuer) &&
        (!is_ca || add_basic_constraints(leaf)) &&
        X509_sign(leaf, signer, EVP_sha256()) > 0)
        return leaf;
    X509_free(leaf);
    return NULL;
}

static bool make_ca(struct tls_maker *maker)
{
    maker->ca_key = EVP_RSA_gen(KEY_BITS);
    if (maker->ca_key == NULL)
        return false;
    X509 *ca = certificate_new(maker, "BBL CA (simulated)", maker->ca_key,
                               false, true);
    maker->ca = ca;
    return ca != NULL;
}

struct tls_maker *tls_maker_new(size_t printers, bool with_ca)
{
    struct tls_maker *maker = mem_new(1, sizeof *maker);
    maker->next_serial = 1;
    maker->key_count = printers < KEYS_MAX ? printers : KEYS_MAX;
    for (size_t i = 0; i < maker->key_count; i++) {
        maker->keys[i] = EVP_RSA_gen(KEY_BITS);
        if (maker->keys[i] == NULL)
            goto failed;
    }
    if (!with_ca || make_ca(maker))
        return maker;
failed:
    tls_maker_free(maker);
    return NULL;
}

void tls_maker_free(struct tls_maker *maker)
{
    if (maker == NULL)
        return;
    for (size_t i = 0; i < maker->key_count; i++)
        EVP_PKEY_free(maker->keys[i]);
    EVP_PKEY_free(maker->ca_key);
    X509_free(maker->ca);
    free(maker);
}

bool tls_maker_write_ca(const struct tls_maker *maker, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    bool ok = maker->ca != NULL && PEM_write_X509(file, maker->ca) == 1;
    return fclose(file) == 0 && ok;
}

static bool context_set(SSL_CTX *context, const struct model *model)
{
    int newest = model->tls12_only ? TLS1_2_VERSION : TLS1_3_VERSION;
    static const unsigned char session_id[] = "bambu-sim";
    /* curl asks for no tickets, so sessions must be remembered here too: a
     * few, for a printer has a few clients. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, SESSIONS_MAX);
    SSL_CTX_set_timeout(context, SESSION_S);
    /* Clients hang up without a goodbye; that is no protocol error. */
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, newest) == 1 &&
           SSL_CTX_set_session_id_context(context, session_id,
                                          sizeof session_id - 1) == 1;
}

SSL_CTX *tls_context_new(struct tls_maker *maker, const struct model *model,
                         const char *common_name, size_t key)
{
    EVP_PKEY *pair = maker->keys[key % maker->key_count];
    X509 *leaf =
        certificate_new(maker, common_name, pair, model->v1_leaf, false);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool ok =
        leaf != NULL && context != NULL && context_set(context, model) &&
        SSL_CTX_use_certificate(context, leaf) == 1 &&
        SSL_CTX_use_PrivateKey(context, pair) == 1 &&
        (maker->ca == NULL || SSL_CTX_add1_chain_cert(context, maker->ca) == 1);
    X509_free(leaf);
    if (ok)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

char *tls_context_pem(const SSL_CTX *context)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long len = 0;
    if (memory != NULL &&
        PEM_write_bio_X509(memory, SSL_CTX_get0_certificate(context)) == 1)
        len = BIO_get_mem_data(memory, &bytes);
    char *pem = mem_new(1, (size_t)len + 1);
    if (len > 0)
        memcpy(pem, bytes, (size_t)len);
    BIO_free(memory);
    return pem;
}

void tls_context_fingerprint(const SSL_CTX *context, char out[static 65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    X509_digest(SSL_CTX_get0_certificate(context), EVP_sha256(), digest, &len);
    for (unsigned i = 0; i < len; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
}
