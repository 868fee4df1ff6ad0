#include "history.h"

#include <stdlib.h>

#include "memory.h"

struct start_row {
    struct start_record record;
    /* What the record points to. */
    char *subtask_id, *task_id, *name, *file, *ams_mapping;
};

struct upload_row {
    struct upload_record record;
    char *name;
};

struct history {
    struct start_row *starts;
    size_t start_count, start_cap;
    struct upload_row *uploads;
    size_t upload_count, upload_cap;
    struct command_record commands[HISTORY_COMMANDS];
    size_t command_total;
};

struct history *history_new(void)
{
    return mem_new(1, sizeof(struct history));
}

void history_free(struct history *history)
{
    if (history == NULL)
        return;
    for (size_t i = 0; i < history->start_count; i++) {
        free(history->starts[i].subtask_id);
        free(history->starts[i].task_id);
        free(history->starts[i].name);
        free(history->starts[i].file);
        free(history->starts[i].ams_mapping);
    }
    for (size_t i = 0; i < history->upload_count; i++)
        free(history->uploads[i].name);
    free(history->starts);
    free(history->uploads);
    free(history);
}

size_t history_add_start(struct history *history,
                         const struct start_record *start)
{
    history->starts = mem_grow(history->starts, history->start_count,
                               &history->start_cap, sizeof *history->starts);
    struct start_row *row = &history->starts[history->start_count];
    row->record = *start;
    row->record.subtask_id = row->subtask_id = mem_text(start->subtask_id);
    row->record.task_id = row->task_id = mem_text(start->task_id);
    row->record.name = row->name = mem_text(start->name);
    row->record.file = row->file = mem_text(start->file);
    row->record.ams_mapping = row->ams_mapping = mem_text(start->ams_mapping);
    return history->start_count++;
}

void history_add_upload(struct history *history,
                        const struct upload_record *upload)
{
    history->uploads = mem_grow(history->uploads, history->upload_count,
                                &history->upload_cap, sizeof *history->uploads);
    struct upload_row *row = &history->uploads[history->upload_count++];
    row->record = *upload;
    row->record.name = row->name = mem_text(upload->name);
}

void history_add_command(struct history *history,
                         const struct command_record *command)
{
    history->commands[history->command_total++ % HISTORY_COMMANDS] = *command;
}

struct start_record *history_start(const struct history *history, size_t i)
{
    return i < history->start_count ? &history->starts[i].record : NULL;
}

const struct upload_record *history_upload(const struct history *history,
                                           size_t i)
{
    return i < history->upload_count ? &history->uploads[i].record : NULL;
}

const struct command_record *history_command(const struct history *history,
                                             size_t i)
{
    size_t forgotten = history->command_total > HISTORY_COMMANDS
                           ? history->command_total - HISTORY_COMMANDS
                           : 0;
    if (i >= history->command_total - forgotten)
        return NULL;
    return &history->commands[(forgotten + i) % HISTORY_COMMANDS];
}

size_t history_command_total(const struct history *history)
{
    return history->command_total;
}
