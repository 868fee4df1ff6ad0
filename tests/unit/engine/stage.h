/* A whole shop for a test, without doors and processes: a real store in a
 * folder of its own, a loop under a clock that stands still, operations, fleet
 * and engine; and behind a driver of the test's own a few machines that do
 * what the test says (machine.h). */
#ifndef TESTS_ENGINE_STAGE_H
#define TESTS_ENGINE_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "engine/engine.h"
#include "shop/attempt.h"
#include "shop/job.h"
#include "shop/material.h"
#include "shop/printer.h"

#include "machine.h"

enum { MACHINES = 4, SECOND = 1000, MINUTE = 60 * SECOND };

struct stage {
    struct fake_clock clock;
    struct shop shop;
    struct engine *engine;
    struct engine_options options; /* taken at the next build */
    struct machine machines[MACHINES];
    int64_t file_id;   /* plate 1: 20 g of red PLA, for a P1S */
    int64_t read_seq;  /* the journal, as far as news() has told it */
    int status;        /* of the last call */
    bool power_is_off; /* nothing reaches a machine any more */
    /* Looks at each start as it is sent; may be NULL. */
    void (*judge_start)(int machine, const spd_json *order);
    struct buf reply, news;
    struct arena arena; /* texts of records that were read */
    char root[64];
};
/* In memory that outlives a process which dies on it (death.h). */
extern struct stage *the_stage;
#define the (*the_stage)

/* For cmocka.  The tear-down checks the store and the shop's invariants. */
int stage_set_up(void **state);
int stage_tear_down(void **state);

/* Open the store and begin to work; stop in good order; both: start anew. */
void build(void);
void take_down(void);
void restart(void);
/* Zeros that outlive a child process which writes there. */
void *shared_new(size_t size);
/* Keep a picture of what is on the disk now... */
void take_picture(void);
/* ...and go on from it, as after a power cut at that moment. */
void crash_to_picture(void);
/* Both: nothing that was not committed by now survives. */
void crash(void);

/* Let time pass, second by second, and what follows from it happen. */
void pass_ms(int64_t ms);
/* What is due now happens, without time passing. */
void settle(void);

/* Call an operation with one flat object; the reply's body is borrowed until
 * the next call, its status is in the.status. */
const char *call(const char *op, const char *fmt, ...) SPD_PRINTF(2, 3);
/* The same, asserted to succeed; returns the reply's id. */
int64_t make(const char *op, const char *fmt, ...) SPD_PRINTF(2, 3);

/* A printer of the shop for each machine: made enabled, a P1S, plate clear,
 * and reporting red PLA (1000 g, all of it) in slot 0. */
int64_t add_printer(int machine);
/* The same, and it has not said a word yet. */
int64_t make_printer(int machine, const char *more);
/* A job for the file; more members go into the object ("\"copies\":2"). */
int64_t add_job(const char *more);
/* The same shop file, but of these plates (JSON). */
int64_t add_file(const char *plates);

/* Bring a new job to this point on the machine; return it. */
int64_t job_uploading(int machine);
int64_t job_starting(int machine);
int64_t job_printing(int machine);

/* -- what is in the store -- */
struct job read_job(int64_t id);
struct printer read_printer(int64_t id);
/* The latest of the job. */
struct attempt read_attempt(int64_t job_id);
/* Those of jobs. */
size_t count_attempts(void);
double grams_in(int64_t printer_id, int64_t slot);
/* Topics of the journal since the last time, joined by blanks. */
const char *news(void);

void assert_job(int64_t id, const char *status, const char *phase);
/* How often its machine was asked to start it, ever. */
#define assert_starts(number, times)                                           \
    assert_int_equal(the.machines[number].starts, times)

/* With SPOOLD_TRACE set: what is asked, said and sent, line by line. */
void trace(const char *fmt, ...) SPD_PRINTF(1, 2);

/* To the milligram. */
#define assert_grams(a, b)                                                     \
    assert_int_equal(llround((a)*1000), llround((b)*1000))

#define A_TEST(name)                                                           \
    cmocka_unit_test_setup_teardown(name, stage_set_up, stage_tear_down)

#endif
