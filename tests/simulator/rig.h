/* A machine on a test bench: its clock is the test's, and what it would
 * publish is kept. No sockets. */
#ifndef SIM_RIG_H
#define SIM_RIG_H

#include <cjson/cJSON.h>

#include "machine.h"

#define RIG_MESSAGES_MAX 1024

struct rig {
    struct machine *machine;
    int64_t now_ms;
    cJSON *messages[RIG_MESSAGES_MAX]; /* parsed, in order */
    size_t count, read;
    size_t drops;
    size_t unreadable; /* messages that were no JSON */
};

/* A machine whose prints take 100 simulated seconds, 50 g and 100 layers. */
struct rig *rig_new(const char *model);
void rig_free(struct rig *rig);

void rig_advance(struct rig *rig, int64_t ms);
void rig_send(struct rig *rig, const char *request);

/* The next message with `result`, or NULL; borrowed. */
const cJSON *rig_next_ack(struct rig *rig);

/* A complete upload of these bytes. */
void rig_upload(struct rig *rig, const char *path, const char *bytes);

/* Upload part.gcode.3mf and start its plate 1 as subtask `id`. */
void rig_start(struct rig *rig, const char *id);

/* The value of print.<name> in each report since the last call that had it,
 * as "IDLE PREPARE RUNNING"; repeats are left out. Borrowed until the next
 * call. */
const char *rig_values(struct rig *rig, const char *name);

const struct status *rig_status(const struct rig *rig);
const struct start_record *rig_last_start(const struct rig *rig);

#endif
