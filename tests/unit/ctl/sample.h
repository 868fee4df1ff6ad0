/* A small server's description of itself, in the shape that spoold gives. */
#ifndef SPOOLD_TESTS_SAMPLE_H
#define SPOOLD_TESTS_SAMPLE_H

#include "ctl/description.h"

/* Owned: description_free. */
struct description *sample_description(void);

/* `text` is JSON with ' for ". Owned: json_free. */
spd_json *sample_json(const char *text);

/* Fails the test unless both are the same. */
void check_str(spd_str got, const char *expected);
void check_contains(spd_str got, const char *part);

#endif
