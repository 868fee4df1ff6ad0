#include "people.h"

#include <stdio.h>

#include "model.h"

static int64_t any_job(void)
{
    return 1 + dice((unsigned)model->jobs);
}

/* -- asking for jobs -- */

static const char *const failures[] = { "stop", "retry_here",
                                        "retry_elsewhere" };

/* The members that say where and of what it is printed. */
static int write_place(char *out, size_t size, struct row *row)
{
    int machine = (int)dice(PRINTERS);
    int len = 0;
    out[0] = '\0';
    if (dice(2) == 0 && model->printers[machine] != 0) {
        row->printer = model->printers[machine];
        len = snprintf(out, size, ",\"printer_id\":%lld",
                       (long long)row->printer);
    }
    if (dice(8) == 0 && row->file < 2) {
        row->slot = dice(SLOTS);
        len += snprintf(out + len, size - (size_t)len,
                        ",\"material_slot\":%lld", (long long)row->slot);
    }
    if (dice(4) == 0) {
        row->distance = 10;
        len +=
            snprintf(out + len, size - (size_t)len, ",\"color_distance\":10");
    }
    return len;
}

static void ask_for_job(void)
{
    if (model->jobs + 1 == JOBS_MAX)
        return;
    struct row row = { .file = (int)dice(FILES), .slot = INT_NONE };
    char more[300];
    row.copies = row.most = 1 + dice(2);
    int len = write_place(more, sizeof(more), &row);
    if (dice(5) == 0)
        snprintf(more + len, sizeof(more) - (size_t)len,
                 ",\"scheduled_start\":\"2026-01-01T00:%02u:00Z\"", dice(60));
    model->wanted = row;
    model->asks_for_job = true;
    make("jobs.create",
         "{\"file_id\":%lld,\"copies\":%lld,\"priority\":%u,\"on_failure\":"
         "\"%s\"%s}",
         (long long)files[row.file].id, (long long)row.copies, dice(3),
         failures[dice(3)], more);
    model->asks_for_job = false;
    model->rows[++model->jobs] = row;
}

/* -- changing them -- */

static bool is_granted(void)
{
    return the.status < 300;
}

static void set_status(int64_t job)
{
    static const struct {
        const char *name;
        bool is_over;
    } statuses[] = {
        { "queued", false },   { "queued", false }, { "failed", true },
        { "completed", true }, { "started", true },
    };
    struct row *row = &model->rows[job];
    size_t to = dice(SPD_COUNT(statuses));
    call("jobs.update", "{\"print_id\":%lld,\"status\":\"%s\"}", (long long)job,
         statuses[to].name);
    if (!is_granted())
        return;
    row->is_over = statuses[to].is_over;
    row->is_touched = true;
    row->most += row->copies;
    world_doubt(job);
}

static void note_something(int64_t job)
{
    static const char *const changes[] = { "\"notes\":\"soon\"",
                                           "\"priority\":9",
                                           "\"job_name\":\"part\"" };
    call("jobs.update", "{\"print_id\":%lld,%s}", (long long)job,
         changes[dice(SPD_COUNT(changes))]);
}

/* Also of a job that is on its way to another printer. */
static void reassign(int64_t job)
{
    int64_t printer = model->printers[dice(PRINTERS)];
    if (dice(3) == 0)
        call("jobs.update", "{\"print_id\":%lld,\"printer_id\":null}",
             (long long)job);
    else
        call("jobs.update", "{\"print_id\":%lld,\"printer_id\":%lld}",
             (long long)job, (long long)printer);
    if (is_granted())
        model->rows[job].printer = read_job(job).printer_id;
}

static void choose_slot(int64_t job)
{
    unsigned slot = dice(SLOTS);
    call("jobs.update", "{\"print_id\":%lld,\"material_slot\":%u}",
         (long long)job, slot);
    if (is_granted())
        model->rows[job].slot = model_slot(&model->rows[job], slot);
}

static void cancel(int64_t job)
{
    call("jobs.cancel", "{\"print_id\":%lld,\"stop\":%s}", (long long)job,
         dice(2) == 0 ? "true" : "false");
    if (is_granted())
        model->rows[job].is_over = true;
}

static void hold(int64_t job)
{
    call("jobs.hold", "{\"id\":%lld}", (long long)job);
    if (is_granted())
        model->rows[job].is_held = true;
}

static void release(int64_t job)
{
    call("jobs.release", "{\"id\":%lld}", (long long)job);
    if (is_granted())
        model->rows[job].is_held = false;
}

static void move(int64_t job)
{
    call("jobs.move", "{\"id\":%lld,\"%s\":%lld}", (long long)job,
         dice(2) == 0 ? "before" : "after", (long long)any_job());
}

/* Whatever the machine is at that is not ours; what it comes to is no print of
 * the job that the model knows of. */
static void adopt(int64_t job)
{
    int64_t printer = model->printers[dice(PRINTERS)];
    if (printer == 0)
        return;
    call("jobs.adopt", "{\"id\":%lld,\"printer_id\":%lld}", (long long)job,
         (long long)printer);
    if (!is_granted())
        return;
    model->rows[job].is_touched = true;
    model->rows[job].is_over = false;
    model->adopted++;
}

static void do_to_job(void (*what)(int64_t job))
{
    if (model->jobs == 0)
        return;
    model->asked_of = any_job();
    what(model->asked_of);
    model->asked_of = 0;
}

/* -- printers -- */

static void set_up_printer(int machine)
{
    if (model->printers[machine] == 0)
        model->printers[machine] = make_printer(
            machine,
            world_bed_is_taken(machine) ? "\"plate_clear\":false" : "");
    if (!model->is_off[machine])
        return;
    make("printers.update", "{\"id\":%lld,\"enabled\":true}",
         (long long)model->printers[machine]);
    model->is_off[machine] = false;
}

void people_set_up_printers(void)
{
    for (int i = 0; i < PRINTERS; i++)
        set_up_printer(i);
}

static void switch_off(int machine)
{
    make("printers.update", "{\"id\":%lld,\"enabled\":false}",
         (long long)model->printers[machine]);
    model->is_off[machine] = true;
}

static void take_out(int machine)
{
    call("printers.delete", "{\"id\":%lld}",
         (long long)model->printers[machine]);
    if (!is_granted())
        return;
    model->printers[machine] = 0;
    model->is_said_taken[machine] = false;
}

void people_clear_plate(int machine)
{
    if (model->printers[machine] == 0 || !world_clear_plate(machine))
        return;
    model->is_said_taken[machine] = false;
    make("printers.plate_cleared", "{\"id\":%lld}",
         (long long)model->printers[machine]);
}

static void say_plate_is_taken(int machine)
{
    make("printers.update", "{\"id\":%lld,\"plate_clear\":false}",
         (long long)model->printers[machine]);
    model->is_said_taken[machine] = true;
}

static void do_to_printer(int machine)
{
    unsigned number = dice(20);
    if (model->printers[machine] == 0 || model->is_off[machine])
        set_up_printer(machine);
    else if (number == 0)
        switch_off(machine);
    else if (number < 3)
        take_out(machine);
    else if (number == 3)
        say_plate_is_taken(machine);
    else if (number < 9)
        world_change_spool(machine, dice(SLOTS));
    else
        people_clear_plate(machine);
}

/* Mostly forward, so that every hour comes. */
static void set_clock(void)
{
    the.clock.wall_now_ms += dice(3) == 0 ? -(int64_t)dice(20) * MINUTE
                                          : (int64_t)dice(360) * MINUTE;
}

void people_do_something(void)
{
    static void (*const deeds[])(int64_t job) = {
        note_something, set_status, reassign, choose_slot, cancel, cancel,
        hold,           release,    move,     adopt,       adopt,
    };
    unsigned number = dice(30);
    if (dice(200) == 0)
        set_clock();
    if (number < 12)
        ask_for_job();
    else if (number < 20)
        do_to_job(deeds[dice(SPD_COUNT(deeds))]);
    else
        do_to_printer((int)dice(PRINTERS));
}

/* -- in the end -- */

void people_let_go(int64_t job)
{
    model->asked_of = job;
    release(job);
    if (model->rows[job].slot != INT_NONE) {
        call("jobs.update", "{\"print_id\":%lld,\"material_slot\":null}",
             (long long)job);
        if (is_granted())
            model->rows[job].slot = INT_NONE;
    }
    model->asked_of = 0;
}

void people_give_up(int64_t job)
{
    model->asked_of = job;
    call("jobs.update", "{\"print_id\":%lld,\"status\":\"failed\"}",
         (long long)job);
    if (is_granted())
        model->rows[job].is_touched = model->rows[job].is_over = true;
    model->asked_of = 0;
}
