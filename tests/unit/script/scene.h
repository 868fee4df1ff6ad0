/* Rules in their real process, over a real store and a small shop of notes:
 * what a note says when it is written is up to the rules, too. */
#ifndef TESTS_SCRIPT_SCENE_H
#define TESTS_SCRIPT_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script/script.h"

struct scene {
    struct loop *loop;
    struct store *store;
    struct ops *ops;
    struct script *script;
    int status;
    bool answered;
    struct buf reply;
    int vetoes_changed;
    char root[64], folder[80];
};
extern struct scene the;

int scene_set_up(void **state);
int scene_tear_down(void **state);

/* Stop in good order and start anew; and as if spoold had been killed. */
void scene_restart(void);

/* A rule as a file, there and loaded, and that it is gone. */
void write_rule(const char *name, const char *source);
/* The same, but it need not come to run. */
void write_file(const char *name, const char *source);
void remove_rule(const char *name);

/* An event that no rule made. */
void happen(const char *topic, const char *data);

/* Call an operation with one flat object; the body is the reply, its status is
 * in the.status. */
const char *call(const char *op, const char *args);
/* A member of the rule as it is shown, as text: "2", "true", "" for null. */
const char *shown(const char *name, const char *member);
/* Until it is that; fails after a while. */
void wait_for(const char *name, const char *member, const char *value);
/* What all rules wrote, oldest first: texts of notes joined by blanks. */
const char *notes(void);
void wait_for_notes(const char *texts);
/* Everything it logged, joined by '|'. */
const char *log_of(const char *name);
/* Topics of the journal, joined by blanks. */
const char *topics(void);

/* Let what is ready happen, for at most so long. */
void turn(int64_t wait_ms);

#define S_TEST(name)                                                           \
    cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

#endif
