/* What was done to one printer, kept for the test that asks afterwards: every
 * start, every upload, the latest commands.
 *
 * Starts and uploads are never forgotten, for they are the evidence of a
 * double start; commands are a ring. It judges nothing. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_COMMANDS 64

struct start_record {
    int64_t at_ms; /* simulated */
    const char *subtask_id, *task_id, *name, *file;
    const char *ams_mapping; /* as it was sent, "[0,-1,3]" */
    int plate;
    char sha256[65]; /* of the file at that moment; "" when it was missing */
    bool accepted;   /* acknowledged, or would have been */
    bool began;      /* the printer showed PREPARE or RUNNING for it */
    bool foreign;    /* begun at the printer, by nobody's command */
    const char *outcome; /* static */
};

struct upload_record {
    int64_t at_ms;
    const char *name;
    uint64_t bytes;
    char sha256[65];
    bool complete;
};

struct command_record {
    int64_t at_ms;
    char name[32]; /* "print.pause" */
    char sequence_id[24];
};

struct history;

struct history *history_new(void);
void history_free(struct history *history);

/* Strings are copied, NULL is "". The index stays good for ever. */
size_t history_add_start(struct history *history,
                         const struct start_record *start);
void history_add_upload(struct history *history,
                        const struct upload_record *upload);
void history_add_command(struct history *history,
                         const struct command_record *command);

/* Borrowed until the next history_add_start; NULL behind the last. */
struct start_record *history_start(const struct history *history, size_t i);
const struct upload_record *history_upload(const struct history *history,
                                           size_t i);
/* The i-th oldest that is still remembered. */
const struct command_record *history_command(const struct history *history,
                                             size_t i);

/* All commands ever, forgotten ones too. */
size_t history_command_total(const struct history *history);

#endif
