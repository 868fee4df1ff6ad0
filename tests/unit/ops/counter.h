/* A counter that sells notes: a real store with one kind of record, a table of
 * operations over it, and a way to call them. */
#ifndef TESTS_OPS_COUNTER_H
#define TESTS_OPS_COUNTER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/ops.h"

struct counter {
    struct fake_clock clock;
    struct loop *loop;
    struct store *store;
    struct ops *ops;
    struct call *waiting; /* of notes.wait */
    int runs;             /* how often notes.create ran */
    int status;
    int done; /* how many calls have been answered */
    struct buf reply;
    char headers[512]; /* "Name: value\n" of the last reply */
    char root[64];
};
extern struct counter the;

extern const struct op note_ops[];
extern const size_t note_op_count;

int counter_set_up(void **state);
int counter_tear_down(void **state);

/* How the next calls are made. */
struct asking {
    enum spd_role role;
    const char *who, *key; /* NULL: "person/1", no Idempotency-Key */
};

/* Through the flat door; does not turn the loop. */
void ask_flat(struct asking how, const char *op, const char *json);
/* Through the door of HTTP: parameters are texts. */
void ask_http(struct asking how, const char *op, const char *params,
              const char *body);
void settle(void);

/* As an administrator, flat, to its end; the reply is borrowed. */
const char *ask(const char *op, const char *json);
size_t count_notes(void);

#define A_TEST(name)                                                           \
    cmocka_unit_test_setup_teardown(name, counter_set_up, counter_tear_down)

#endif
