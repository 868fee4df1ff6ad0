/* What people do in the random test, each told to the model when granted. */
#ifndef TESTS_ENGINE_PEOPLE_H
#define TESTS_ENGINE_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

void people_do_something(void);

/* A shop that has printers for all machines; none of them is off. */
void people_set_up_printers(void);
void people_clear_plate(int machine);
/* So that the job can be printed, whatever was done to it. */
void people_let_go(int64_t job);
/* They cannot tell how it went. */
void people_give_up(int64_t job);

#endif
