/* Misbehaviours of one printer: what is armed, how often, with which number.
 *
 * A fault is only a promise to misbehave; who meets the situation asks
 * fault_take() and acts. This file knows names and counts, and refuses to know
 * what any of them does. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum fault {
    FAULT_REFUSE_START,
    FAULT_NEVER_START,
    FAULT_NO_ACK,
    FAULT_DEAF,
    FAULT_VERIFY_FAILED,
    FAULT_DROP_AFTER_START,
    FAULT_REFUSE_CODE,
    FAULT_SILENT,
    FAULT_GARBAGE_REPORT,
    FAULT_ODD_REPORT,
    FAULT_HUGE_REPORT,
    FAULT_OLD_REPORT,
    FAULT_FLOOD,
    FAULT_VAGUE_ACK,
    FAULT_LIE,
    FAULT_FAIL_PRINT,
    FAULT_RUNOUT,
    FAULT_STALL_UPLOAD,
    FAULT_CUT_UPLOAD,
    FAULT_FULL_STORAGE,
    FAULT_CLEAR_DATA_ONLY,
    FAULT_COUNT
};

#define FAULT_TEXT_MAX 128

struct armed_fault {
    int times;  /* 0 = not armed, -1 = until cleared */
    long value; /* percent, bytes, code: see fault_argument() */
    char text[FAULT_TEXT_MAX];
};

struct faults {
    struct armed_fault armed[FAULT_COUNT];
};

/* The fault called `name`, or FAULT_COUNT. */
enum fault fault_find(const char *name);

const char *fault_name(enum fault fault);

/* The JSON member that carries its number ("percent", "bytes"), or NULL, and
 * the number meant when the member is left out. */
const char *fault_argument(enum fault fault, long *otherwise);

/* text may be NULL and is cut to FAULT_TEXT_MAX - 1 bytes. */
void fault_arm(struct faults *faults, enum fault fault, int times, long value,
               const char *text);

/* Armed? Takes nothing away. */
const struct armed_fault *fault_peek(const struct faults *faults,
                                     enum fault fault);

/* As fault_peek, and one of a counted fault is used up. The answer is
 * borrowed until the next fault_arm. */
const struct armed_fault *fault_take(struct faults *faults, enum fault fault);

#endif
