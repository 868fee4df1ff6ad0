#include "fault.h"

#include <stdio.h>
#include <string.h>

static const struct fault_row {
    const char *name;
    const char *argument;
    long otherwise;
} rows[FAULT_COUNT] = {
    [FAULT_REFUSE_START] = { "refuse-start", NULL, 0 },
    [FAULT_NEVER_START] = { "ack-and-never-start", "echo_ids", 0 },
    [FAULT_NO_ACK] = { "no-ack", NULL, 0 },
    [FAULT_DEAF] = { "deaf", NULL, 0 },
    [FAULT_VERIFY_FAILED] = { "verify-failed", NULL, 0 },
    [FAULT_DROP_AFTER_START] = { "drop-after-start", NULL, 0 },
    [FAULT_REFUSE_CODE] = { "refuse-code", "connack", 5 },
    [FAULT_SILENT] = { "silent", NULL, 0 },
    [FAULT_GARBAGE_REPORT] = { "garbage-report", NULL, 0 },
    [FAULT_ODD_REPORT] = { "odd-report", NULL, 0 },
    [FAULT_HUGE_REPORT] = { "huge-report", "bytes", 1 << 20 },
    [FAULT_OLD_REPORT] = { "old-report", NULL, 0 },
    [FAULT_FLOOD] = { "flood", "count", 1000 },
    [FAULT_VAGUE_ACK] = { "vague-ack", NULL, 0 },
    [FAULT_LIE] = { "lie", "percent", 0 },
    [FAULT_FAIL_PRINT] = { "fail-print", "percent", 50 },
    [FAULT_RUNOUT] = { "filament-runout", "percent", 50 },
    [FAULT_STALL_UPLOAD] = { "stall-upload", "bytes", 0 },
    [FAULT_CUT_UPLOAD] = { "cut-upload", "bytes", -1 },
    [FAULT_FULL_STORAGE] = { "full-storage", NULL, 0 },
    [FAULT_CLEAR_DATA_ONLY] = { "clear-data-only", NULL, 0 },
};

enum fault fault_find(const char *name)
{
    int fault = 0;
    while (fault < FAULT_COUNT && strcmp(rows[fault].name, name) != 0)
        fault++;
    return (enum fault)fault;
}

const char *fault_name(enum fault fault)
{
    return rows[fault].name;
}

const char *fault_argument(enum fault fault, long *otherwise)
{
    *otherwise = rows[fault].otherwise;
    return rows[fault].argument;
}

void fault_arm(struct faults *faults, enum fault fault, int times, long value,
               const char *text)
{
    struct armed_fault *armed = &faults->armed[fault];
    armed->times = times;
    armed->value = value;
    snprintf(armed->text, sizeof armed->text, "%s", text ? text : "");
}

const struct armed_fault *fault_peek(const struct faults *faults,
                                     enum fault fault)
{
    const struct armed_fault *armed = &faults->armed[fault];
    return armed->times != 0 ? armed : NULL;
}

const struct armed_fault *fault_take(struct faults *faults, enum fault fault)
{
    struct armed_fault *armed = &faults->armed[fault];
    if (armed->times == 0)
        return NULL;
    if (armed->times > 0)
        armed->times--;
    return armed;
}
