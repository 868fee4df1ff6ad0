#include "world.h"

#include <stdio.h>
#include <string.h>

#include "stage.h"

enum doing { RESTS, PREPARES, PRINTS, PAUSES, FINISHED, FAILED };
static const char *const doing_names[] = { "idle",   "preparing", "printing",
                                           "paused", "finished",  "failed" };

/* What a machine really is, whatever it says. */
struct truth {
    enum doing doing;
    bool is_up, canceled, is_ours;
    double progress;
    char named[16];
    unsigned starts_seen;
    int64_t begins_ms; /* a start was taken and begins then; 0: none */
    char pending[16];
    int fate; /* of the start that is not answered yet */
    spd_printer *printer;
};

struct world world;
static struct truth truths[PRINTERS];

unsigned dice(unsigned below)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return (unsigned)((world.random >> 16) % below);
}

void world_reset(void)
{
    memset(truths, 0, sizeof(truths));
}

static bool at_work(const struct truth *truth)
{
    return truth->doing == PREPARES || truth->doing == PRINTS ||
           truth->doing == PAUSES;
}

/* -- what it says -- */

static const char whole[] =
    ",\"full\":true,\"error\":null,\"slots\":[{\"slot\":0,\"loaded\":true,"
    "\"material_type\":\"PLA\",\"color\":\"#FF0000\",\"weight_grams\":99999,"
    "\"remaining_pct\":100}]";

static void tell(int number, bool full)
{
    const struct truth *truth = &truths[number];
    if (!truth->is_up || the.machines[number].printer == NULL)
        return;
    say(number,
        "{\"connection\":\"connected\",\"state\":\"%s\",\"submission\":\"%s\","
        "\"progress_pct\":%g,\"canceled\":%s%s}",
        doing_names[truth->doing], truth->named, truth->progress,
        truth->canceled ? "true" : "false", full ? whole : "");
}

static void lie(int number)
{
    static const char *const lies[] = {
        "{\"state\":7,\"submission\":null,\"progress_pct\":\"half\"}",
        "{\"full\":true,\"state\":\"unknown\"}",
        "{\"full\":true,\"state\":\"idle\",\"submission\":\"\"}",
        "{\"full\":true,\"state\":\"dancing\",\"slots\":{}}",
        "{\"full\":\"yes\",\"error\":{\"code\":\"1\",\"text\":\"hm\"}}",
        "{\"error\":null,\"progress_pct\":-5,\"layers\":1e300}",
        "{\"connection\":\"silent\"}",
        "{}",
    };
    if (!truths[number].is_up || the.machines[number].printer == NULL)
        return;
    world.lies++;
    say(number, "%s", lies[dice(SPD_COUNT(lies))]);
}

static void connect(int number)
{
    if (the.machines[number].printer == NULL)
        return;
    truths[number].is_up = true;
    say(number, "{\"connection\":\"connected\",\"error\":null}");
    if (dice(4) != 0)
        tell(number, true);
}

static void disconnect(int number)
{
    if (the.machines[number].printer != NULL)
        say_offline(number);
    truths[number].is_up = false;
}

/* -- what it does -- */

static void begin(int number, const char *submission, bool ours)
{
    struct truth *truth = &truths[number];
    truth->doing = dice(2) == 0 ? PREPARES : PRINTS;
    truth->progress = 0;
    truth->canceled = false;
    truth->is_ours = ours;
    truth->begins_ms = 0;
    snprintf(truth->named, sizeof(truth->named), "%s", submission);
    if (the.machines[number].bed_is_taken)
        the.machines[number].faults++;
    the.machines[number].bed_is_taken = true;
    world.begun++;
    tell(number, dice(2) == 0);
}

static void begin_foreign(int number)
{
    char name[16];
    snprintf(name, sizeof(name), "9%u", 10000 + (unsigned)world.foreign++);
    the.machines[number].bed_is_taken = false; /* by whoever begins it */
    begin(number, name, false);
}

static void end_print(int number, enum doing how, bool canceled)
{
    struct truth *truth = &truths[number];
    truth->doing = how;
    truth->canceled = canceled;
    truth->progress = how == FINISHED ? 100 : truth->progress;
    if (how == FINISHED && truth->is_ours)
        world.finished_ours++;
    tell(number, dice(3) != 0);
}

/* -- orders -- */

enum fate { BEGINS, BEGINS_UNSEEN, REFUSES, FORGETS, GOES_SILENT };

static void take_start(int number)
{
    struct machine *machine = &the.machines[number];
    struct truth *truth = &truths[number];
    truth->starts_seen = machine->starts;
    truth->fate = at_work(truth) ? REFUSES : (int)dice(5);
    if (truth->fate == REFUSES || truth->fate == FORGETS)
        return;
    snprintf(truth->pending, sizeof(truth->pending), "%s", machine->submission);
    truth->begins_ms = the.clock.mono_now_ms + dice(90 * SECOND) + 1;
}

static void answer_pending_start(int number)
{
    static const spd_err answers[] = {
        [BEGINS] = SPD_OK,  [BEGINS_UNSEEN] = SPD_EIO, [REFUSES] = SPD_EBUSY,
        [FORGETS] = SPD_OK, [GOES_SILENT] = SPD_EIO,
    };
    int fate = truths[number].fate;
    world.refused += fate == REFUSES;
    world.never_began += fate == FORGETS;
    if (fate != GOES_SILENT)
        answer_start(number, answers[fate]);
}

void world_take_orders(void)
{
    for (int i = 0; i < PRINTERS; i++) {
        struct truth *truth = &truths[i];
        if (truth->printer != the.machines[i].printer)
            truth->is_up = false; /* another connection, not heard of yet */
        truth->printer = the.machines[i].printer;
        if (truth->starts_seen != the.machines[i].starts)
            take_start(i);
        if (truth->begins_ms != 0 &&
            the.clock.mono_now_ms >= truth->begins_ms && !at_work(truth))
            begin(i, truth->pending, true);
    }
}

static void answer_something(int number)
{
    static const spd_err codes[] = { SPD_OK, SPD_OK, SPD_OK,
                                     SPD_OK, SPD_OK, SPD_EIO };
    struct machine *machine = &the.machines[number];
    if (machine->upload != NULL)
        answer_upload(number, codes[dice(SPD_COUNT(codes))]);
    else if (machine->start != NULL)
        answer_pending_start(number);
    else if (machine->stop != NULL) {
        bool taken = dice(4) != 0;
        answer_stop(number, taken ? SPD_OK : SPD_EIO);
        if (taken && at_work(&truths[number]))
            end_print(number, FAILED, true);
    }
}

static void go_on(int number)
{
    struct truth *truth = &truths[number];
    if (truth->doing == PREPARES || truth->doing == PAUSES)
        truth->doing = PRINTS;
    else if (truth->doing == PRINTS && dice(6) == 0)
        truth->doing = PAUSES;
    else if (truth->doing == PRINTS && truth->progress < 90)
        truth->progress += 30;
    else if (truth->doing == PRINTS)
        end_print(number, dice(5) == 0 ? FAILED : FINISHED, false);
    tell(number, dice(3) == 0);
}

/* A foreign print is told at once, or done out of sight: one that begins
 * between two reports is the printer's to refuse. */
static void print_foreign(int number)
{
    struct truth *truth = &truths[number];
    if (!at_work(truth) && truth->begins_ms == 0 &&
        the.machines[number].start == NULL && dice(4) == 0)
        begin_foreign(number);
}

void world_move(int number)
{
    switch (dice(16)) {
    case 0:
        disconnect(number);
        break;
    case 1:
    case 2:
        connect(number);
        break;
    case 3:
        print_foreign(number);
        break;
    case 4:
        lie(number);
        break;
    case 5:
    case 6:
    case 7:
        go_on(number);
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        answer_something(number);
        break;
    default:
        tell(number, true);
    }
}

void world_behave(int number)
{
    struct truth *truth = &truths[number];
    connect(number);
    answer_something(number);
    if (at_work(truth))
        end_print(number, FINISHED, false);
    tell(number, true);
}

bool world_clear_plate(int number)
{
    if (at_work(&truths[number]) || truths[number].begins_ms != 0)
        return false;
    the.machines[number].bed_is_taken = false;
    return true;
}
