/* Whom to trust: a printer is known by its key.
 *
 * Printers show certificates nobody vouches for, so the first key seen is
 * remembered (its pin), and from then on no other will do.  Knows
 * certificates, and nothing of connections. */
#ifndef BAMBU_PIN_H
#define BAMBU_PIN_H

#include <openssl/x509.h>
#include <spoold/plugin.h>

enum {
    PIN_CHARS = 65,      /* SHA-256 of the public key in hex, and a NUL */
    CURL_PIN_CHARS = 56, /* "sha256//" and base64, and a NUL */
};

spd_err pin_of(X509 *leaf, char out[PIN_CHARS]);

/* Is it 64 hexadecimal digits? */
bool pin_is_valid(spd_str text);

/* The same pin as curl wants it. `pin` must be valid. */
void pin_for_curl(const char *pin, char out[CURL_PIN_CHARS]);

/* Is the certificate made out for this serial number? */
bool pin_names_serial(X509 *leaf, const char *serial);

/* The leaf in PEM, in memory, to be opened as a file by pin_trust_path.
 * Owned: close(). Below 0 on failure. */
int pin_trust_fd(X509 *leaf);
void pin_trust_path(int fd, char *out, size_t size);

/* Let a certificate in a trust store be trusted although it is nobody's root:
 * for this process, in the role of a client.  It takes nothing from the
 * checks of others, whose stores hold roots only. */
spd_err pin_accept_leaves(struct spd_error *err);

#endif
