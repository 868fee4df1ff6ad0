/* An outbox on the stage, and a notifier of the test's own: it remembers what
 * it is asked to send and answers what the test says. */
#ifndef TESTS_ENGINE_BOX_H
#define TESTS_ENGINE_BOX_H

#include "engine/outbox/outbox.h"
#include "stage.h"

enum { NOTICES_MAX = 400 };

struct box {
    struct outbox *outbox;
    /* what was sent, oldest first; borrowed: freed by the tear-down */
    spd_json *notices[NOTICES_MAX];
    size_t count;
    spd_ticket *waiting; /* the last one's, while it is not answered */
    bool answers_itself; /* "delivered", at once */
};
extern struct box box;

int box_set_up(void **state);
int box_tear_down(void **state);

/* Stop in good order and start anew; and as after a power cut. */
void box_restart(void);
void box_crash(void);

/* A channel of the kind "pigeon"; more members go into the object. */
int64_t add_channel(const char *name, const char *more);

/* Answer the notice that waits. `beside` is the text with it. */
void answer(spd_err code, const char *beside);

/* A member of the i-th notice, or of the one sent last, as text; "" when it
 * is not there. "channel.name" leads into objects. */
const char *said(size_t i, const char *path);
const char *last_said(const char *path);

void assert_sent(size_t count);
/* state and tries of the delivery of this id, "waiting 2" */
const char *delivery(int64_t id);

#define BOX_TEST(name)                                                         \
    cmocka_unit_test_setup_teardown(name, box_set_up, box_tear_down)

#endif
