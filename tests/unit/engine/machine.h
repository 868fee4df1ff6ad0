/* A machine behind the test's driver: remembers what it was asked, and says
 * and answers nothing by itself. */
#ifndef TESTS_ENGINE_MACHINE_H
#define TESTS_ENGINE_MACHINE_H

#include "base/str.h"

struct machine {
    spd_printer *printer; /* NULL: nobody is connected */
    unsigned opens, uploads, aborts, starts, stops, refreshes;
    spd_ticket *upload, *start, *stop; /* not answered; NULL: none */
    int64_t attempt;                   /* of the latest order */
    int64_t last_started;              /* attempt */
    char submission[16];
    char named[16]; /* in what it said last */
    char order[1024];
    bool dies_at_start; /* the power fails as a start is about to be sent:
                          the.power_is_off until crash_to_picture() */
    bool aborts_late;   /* the test answers the upload that is broken off */
    bool bed_is_taken;  /* whoever starts then is a fault */
    unsigned faults;    /* starts on a taken bed, or of an attempt twice */
};

extern const struct spd_printer_driver machine_driver;

/* A report, as JSON; what follows from it happens. */
void say(int machine, const char *fmt, ...) SPD_PRINTF(2, 3);
/* Full reports: at rest after `submission` ("" for none), and at work. */
void say_idle(int machine, const char *submission);
void say_state(int machine, const char *state, const char *submission,
               double progress_pct);
void say_offline(int machine);

/* The answers; SPD_OK: it went well. */
void answer_upload(int machine, spd_err code);
void answer_start(int machine, spd_err code);
void answer_stop(int machine, spd_err code);

#endif
