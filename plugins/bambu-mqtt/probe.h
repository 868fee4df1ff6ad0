/* Who is there?  A TLS handshake that sends nothing and comes back with the
 * peer's certificate, before anything secret is said.
 *
 * Runs on the loop without blocking it, so that a farm of switched-off
 * printers costs no threads; only a host name goes to the pool. */
#ifndef BAMBU_PROBE_H
#define BAMBU_PROBE_H

#include <openssl/x509.h>
#include <spoold/plugin.h>

enum { PROBE_TIMEOUT_MS = 8000, PROBE_ADDRESS_CHARS = 64 };

enum probe_end {
    PROBE_ANSWERED,
    PROBE_NO_SUCH_NAME,
    PROBE_NO_ANSWER,
    PROBE_NO_TLS,
};

struct probe;

/* Told once, unless canceled; the probe is gone when this is called.
 * `leaf` is borrowed and NULL unless answered; `address` is numeric. */
typedef void probe_fn(void *arg, enum probe_end end, X509 *leaf,
                      const char *address);

/* NULL when there is not even memory to try.  Owned until told:
 * probe_cancel. `host` and `sni` are copied. */
struct probe *probe_start(spd_plugin *self, const char *host, int port,
                          const char *sni, bool only_tls12, probe_fn *done,
                          void *arg);
void probe_cancel(struct probe *probe);

#endif
