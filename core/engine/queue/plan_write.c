/* The plan as people read it. */
#include <stdlib.h>
#include <string.h>

#include "engine/queue/plan.h"

/* -- the words -- */

static const struct field stay_rows[] = {
    FIELD(stay, job_id, FIELD_ID, "which job", .flags = FIELD_READONLY),
    FIELD(stay, job_name, FIELD_TEXT, "its name", .flags = FIELD_READONLY),
    FIELD(stay, starts_at, FIELD_TIME, "when it would begin",
          .flags = FIELD_READONLY),
    FIELD(stay, ends_at, FIELD_TIME, "when it would be done",
          .flags = FIELD_READONLY),
    FIELD(stay, ship_by, FIELD_TIME, "when it has to leave the shop",
          .flags = FIELD_READONLY),
    FIELD(stay, late_minutes, FIELD_INT, "minutes too late for that; else 0",
          .flags = FIELD_READONLY),
};
static const struct fields stay_fields = TABLE("stay", stay, stay_rows);

struct row {
    int64_t printer_id;
    spd_str printer_name;
    int64_t free_at;
    struct list jobs;
};
static const struct field row_rows[] = {
    FIELD(row, printer_id, FIELD_ID, "which printer", .flags = FIELD_READONLY),
    FIELD(row, printer_name, FIELD_TEXT, "its name", .flags = FIELD_READONLY),
    FIELD(row, free_at, FIELD_TIME, "when it would be free again",
          .flags = FIELD_READONLY),
    FIELD(row, jobs, FIELD_LIST, "what it would print, in order",
          .of = &stay_fields),
};
static const struct fields row_fields = TABLE("row", row, row_rows);

static const struct field absence_rows[] = {
    FIELD(absence, printer_id, FIELD_ID, "which printer",
          .flags = FIELD_READONLY),
    FIELD(absence, printer_name, FIELD_TEXT, "its name",
          .flags = FIELD_READONLY),
    FIELD(absence, code, FIELD_TEXT, "why it is not planned with",
          .flags = FIELD_READONLY),
    FIELD(absence, text, FIELD_TEXT, "the same in words, with what to do",
          .flags = FIELD_READONLY),
};
static const struct fields absence_fields =
    TABLE("absence", absence, absence_rows);

static const struct field load_rows[] = {
    FIELD(load, by, FIELD_TIME, "when it has to be loaded",
          .flags = FIELD_READONLY),
    FIELD(load, printer_id, FIELD_ID, "in which printer",
          .flags = FIELD_READONLY),
    FIELD(load, slot, FIELD_INT, "in which slot", .flags = FIELD_READONLY),
    FIELD(load, material_type, FIELD_TEXT, "PLA, PETG, ...",
          .flags = FIELD_READONLY),
    FIELD(load, color, FIELD_TEXT, "as #RRGGBB", .flags = FIELD_READONLY),
    FIELD(load, grams, FIELD_REAL, "grams that would be used of it",
          .flags = FIELD_READONLY),
    FIELD(load, job_id, FIELD_ID, "the first job that needs it",
          .flags = FIELD_READONLY),
};
static const struct fields load_fields = TABLE("load", load, load_rows);

struct late {
    int64_t job_id, ship_by, ends_at;
};
static const struct field late_rows[] = {
    FIELD(late, job_id, FIELD_ID, "which job", .flags = FIELD_READONLY),
    FIELD(late, ship_by, FIELD_TIME, "when it has to leave the shop",
          .flags = FIELD_READONLY),
    FIELD(late, ends_at, FIELD_TIME,
          "when it would be done; null: not before the plan ends",
          .flags = FIELD_READONLY),
};
static const struct fields late_fields = TABLE("late", late, late_rows);

struct table {
    int64_t from, until, still_waiting;
    struct list printers, left_out, loads, late;
};
static const struct field table_rows[] = {
    FIELD(table, from, FIELD_TIME, "when it was made", .flags = FIELD_READONLY),
    FIELD(table, until, FIELD_TIME, "where it ends", .flags = FIELD_READONLY),
    FIELD(table, printers, FIELD_LIST, "printer by printer", .of = &row_fields),
    FIELD(table, left_out, FIELD_LIST, "printers it does not count on",
          .of = &absence_fields),
    FIELD(table, loads, FIELD_LIST, "spools to load, and by when",
          .of = &load_fields),
    FIELD(table, late, FIELD_LIST, "jobs that would miss their date",
          .of = &late_fields),
    FIELD(table, still_waiting, FIELD_INT,
          "jobs that would not have begun by the end, or not in all copies",
          .flags = FIELD_READONLY),
};
const struct fields plan_fields = TABLE("plan", table, table_rows);

/* -- lists of them -- */

static struct list stays_of(const struct stand *stand, struct arena *arena)
{
    struct stay *stays = arena_new(arena, stand->stay_count * sizeof(*stays));
    size_t count = 0;
    for (const struct stay *stay = stand->first; stay != NULL;
         stay = stay->next)
        stays[count++] = *stay;
    return (struct list){ stays, count };
}

static struct list rows_of(const struct plan *plan, struct arena *arena)
{
    struct row *rows = arena_new(arena, plan->stand_count * sizeof(*rows));
    for (size_t i = 0; i < plan->stand_count; i++) {
        const struct stand *stand = &plan->stands[i];
        rows[i] = (struct row){ stand->place->printer_id,
                                stand->place->seat.printer.name, stand->free_ms,
                                stays_of(stand, arena) };
    }
    return (struct list){ rows, plan->stand_count };
}

/* The first of each printer first. */
static struct list loads_of(const struct plan *plan, struct arena *arena)
{
    struct load *loads = arena_new(arena, plan->load_count * sizeof(*loads));
    size_t end = plan->load_count;
    for (size_t i = plan->stand_count; i > 0; i--)
        for (const struct load *load = plan->stands[i - 1].loads; load != NULL;
             load = load->next)
            loads[--end] = *load;
    return (struct list){ loads, plan->load_count };
}

/* -- late ones: those that end too late, and those that never began -- */

struct lateness {
    int64_t until_ms;
    struct late *late;
    size_t count, room;
};

static void add_late(struct lateness *lateness, const struct late *late)
{
    if (lateness->count == lateness->room) {
        lateness->room = lateness->room == 0 ? 16 : lateness->room * 2;
        lateness->late =
            mem_resize(lateness->late, lateness->room * sizeof(*late));
    }
    lateness->late[lateness->count++] = *late;
}

static void see_waiter(void *arg, const struct waiter *waiter)
{
    struct lateness *lateness = arg;
    if (waiter->ship_by_ms != 0 && waiter->ship_by_ms < lateness->until_ms)
        add_late(lateness, &(struct late){ waiter->id, waiter->ship_by_ms, 0 });
}

static struct list late_of(const struct plan *plan, struct arena *arena)
{
    struct lateness lateness = { .until_ms = plan->until_ms };
    for (size_t i = 0; i < plan->stand_count; i++)
        for (const struct stay *stay = plan->stands[i].first; stay != NULL;
             stay = stay->next)
            if (stay->late_minutes > 0)
                add_late(&lateness, &(struct late){ stay->job_id, stay->ship_by,
                                                    stay->ends_at });
    waiting_each(plan->waiting, see_waiter, &lateness);
    size_t size = lateness.count * sizeof(struct late);
    struct list list = { arena_new(arena, size), lateness.count };
    if (size > 0)
        memcpy(list.items, lateness.late, size);
    free(lateness.late);
    return list;
}

void plan_write(const struct plan *plan, spd_jsonw *w, struct arena *arena)
{
    const struct table table = {
        .from = plan->from_ms,
        .until = plan->until_ms,
        .still_waiting = (int64_t)waiting_count(plan->waiting),
        .printers = rows_of(plan, arena),
        .left_out = { plan->absences, plan->absence_count },
        .loads = loads_of(plan, arena),
        .late = late_of(plan, arena),
    };
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    fields_write(&plan_fields, &table, w);
    jsonw_end(w);
}
