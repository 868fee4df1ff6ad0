/* Allocation that does not fail: the simulator is a test tool, and a machine
 * without memory is the end of the test. Sizes come from our own code; bytes
 * from the network are bounded before they get here. */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stddef.h>

/* Zeroed; free() it. */
void *mem_new(size_t count, size_t bytes);

/* Make room for element number `used` in an array of *cap elements. */
void *mem_grow(void *array, size_t used, size_t *cap, size_t bytes);

/* NULL is copied as "". */
char *mem_text(const char *text);

#endif
