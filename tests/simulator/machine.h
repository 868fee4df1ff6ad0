/* What one simulated printer is made of, for those who serve it.
 *
 * The parts know nothing of each other but what their headers say; a machine
 * puts them in one place. It refuses to know sockets: what goes out goes
 * through `out`. */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "history.h"
#include "model.h"
#include "printer.h"
#include "report.h"
#include "storage.h"

#define SERIAL_MAX 32
#define ACCESS_CODE_MAX 32

struct machine_out {
    /* One message to every client that listens to device/<serial>/report. */
    void (*publish)(void *user, const char *text, size_t len);
    /* All connections end now, whatever is still unsent. */
    void (*drop)(void *user);
    /* The printer's state has changed: report soon. */
    void (*changed)(void *user);
    void *user;
};

struct machine {
    const struct model *model;
    char serial[SERIAL_MAX], access_code[ACCESS_CODE_MAX];
    char wire_serial[SERIAL_MAX]; /* on topics; another one when it lies */
    struct faults faults;
    struct history *history;
    struct storage *storage;
    struct printer *printer;
    struct report_memory told;
    char *last_report; /* as it was published; NULL: none yet */
    struct machine_out out;
};

struct machine_setup {
    const struct model *model;
    const char *serial, *access_code;
    const char *storage_folder; /* NULL: none */
    uint32_t seed;
    const char *ams; /* see ams_plan_parse; NULL: the model's usual ones */
    struct print_size size;
    struct machine_out out;
};

struct machine *machine_new(const struct machine_setup *setup);
void machine_free(struct machine *machine);

/* Publish a report: everything, or what the model tells unasked. */
void machine_report(struct machine *machine, bool full);

/* The serial for printer number `index` of a fleet made from `seed`. */
void machine_make_serial(const struct model *model, uint32_t seed,
                         unsigned index, char out[static SERIAL_MAX]);

#endif
