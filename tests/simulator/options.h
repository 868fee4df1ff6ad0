/* The command line of bambu-sim, checked. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine.h"
#include "net.h"

/* One printer of the fleet. */
struct printer_option {
    const struct model *model;
    char serial[SERIAL_MAX], access_code[ACCESS_CODE_MAX];
    char address[NET_ADDRESS_MAX];
    unsigned mqtt_port, ftps_port;
};

struct options {
    struct printer_option *printers; /* options_fini frees them */
    size_t printer_count;
    char control_address[NET_ADDRESS_MAX]; /* "": no control port */
    unsigned control_port;
    double speed;
    struct print_size size;
    uint32_t seed;
    unsigned report_ms;
    const char *storage; /* borrowed from argv, or NULL */
    const char *notify;  /* borrowed from argv, or NULL */
    const char *ca_out;  /* borrowed from argv, or NULL */
    const char *ams;     /* borrowed from argv; NULL: as usual */
};

enum options_verdict { OPTIONS_RUN, OPTIONS_HELPED, OPTIONS_WRONG };

/* OPTIONS_HELPED: --help was asked for and printed. OPTIONS_WRONG: a sentence
 * went to stderr. Call options_fini in every case. */
enum options_verdict options_parse(struct options *options, int argc,
                                   char **argv);
void options_fini(struct options *options);

#endif
