/* The certificates of the simulated printers, and TLS contexts made of them.
 *
 * A printer has its own certificate (CN = serial, no SAN); RSA keys come from
 * a small pool, for a key takes a tenth of a second and a farm has thousands
 * of printers. It refuses to know what is said over TLS. */
#ifndef SIM_TLS_H
#define SIM_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "model.h"

struct tls_maker;

/* Keys for `printers` printers, at most 8 different ones. with_ca: leaves are
 * signed by a certificate authority made here, else by themselves. NULL:
 * OpenSSL refused. */
struct tls_maker *tls_maker_new(size_t printers, bool with_ca);
void tls_maker_free(struct tls_maker *maker);

/* Write the authority's certificate as PEM. */
bool tls_maker_write_ca(const struct tls_maker *maker, const char *path);

/* A server context with a new certificate for `common_name`, as the model
 * speaks TLS. `key` chooses from the pool. SSL_CTX_free() it; NULL: OpenSSL
 * refused. */
SSL_CTX *tls_context_new(struct tls_maker *maker, const struct model *model,
                         const char *common_name, size_t key);

/* The leaf as PEM; free() it. */
char *tls_context_pem(const SSL_CTX *context);

/* SHA-256 of the leaf's DER, in hex. */
void tls_context_fingerprint(const SSL_CTX *context, char out[static 65]);

#endif
