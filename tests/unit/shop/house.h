/* A shop for a test, without an engine: a real store, the operations of all
 * nouns, and a fleet whose one driver only listens. */
#ifndef TESTS_SHOP_HOUSE_H
#define TESTS_SHOP_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shop/shop.h"

struct house {
    struct fake_clock clock;
    struct shop shop;
    spd_printer *printer; /* of the connection opened last; NULL: closed */
    unsigned opens;
    char settings[512]; /* what it was opened with */
    int status;         /* of the last call */
    struct buf reply, news;
    int64_t read_seq;
    char root[64];
};
extern struct house the;

int house_set_up(void **state);
int house_tear_down(void **state); /* checks the store and the shop */

void settle(void);
/* As an administrator, one flat object; the reply is borrowed. */
const char *call(const char *op, const char *fmt, ...) SPD_PRINTF(2, 3);
/* The last reply has this status, and this text in it. */
void assert_reply(int status, const char *part);

/* A report of the printer whose connection was opened last. */
void say(const char *json);
/* Topics of the journal since the last time. */
const char *news(void);

/* A P1S, "Left"; id 1. And a file of one plate, 1, with filaments 1 and 3. */
void add_printer(void);
int64_t add_file(const char *model);

#define A_TEST(name)                                                           \
    cmocka_unit_test_setup_teardown(name, house_set_up, house_tear_down)

#endif
