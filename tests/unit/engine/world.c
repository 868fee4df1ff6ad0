#include "world.h"

#include <stdio.h>
#include <string.h>

#include "model.h"

enum doing { RESTS, PREPARES, PRINTS, PAUSES, FINISHED, FAILED };
static const char *const doing_names[] = { "idle",   "preparing", "printing",
                                           "paused", "finished",  "failed" };

enum fate { BEGINS, BEGINS_UNSEEN, REFUSES, FORGETS, GOES_SILENT, DROPS };

enum {
    SAID = 4,
    SAID_BYTES = 200,
    /* Nothing physical is done in no time. */
    PHASE_MS = 12 * SECOND, /* of which a print has five, or more */
    BOOT_MS = 40 * SECOND,
};

/* What a machine really is, whatever it says. */
struct truth {
    enum doing doing;
    bool is_up, canceled, bed_is_taken;
    bool is_known; /* a full report came on this connection */
    int64_t met;   /* the shop's printer that has heard of it; 0: none yet */
    bool is_told;  /* and one has told of the print */
    double progress;
    char named[16];
    int64_t job; /* whose print it is, or was last; 0: not ours */
    bool is_counted, is_replay, is_end_told;
    bool is_end_said; /* and whoever heard it may have died of it */
    struct reel slots[SLOTS];
    double takes[SLOTS]; /* of each slot, by the print */
    unsigned starts_seen;
    int64_t begins_ms; /* a start was taken and begins then; 0: none */
    int64_t goes_on_ms, boots_until_ms, stalls_until_ms;
    char pending[16];
    int64_t pending_job;
    double pending_takes[SLOTS];
    enum fate fate; /* of the start that is not answered yet */
    unsigned opens;
    char said[SAID][SAID_BYTES]; /* on this connection, a ring */
    unsigned said_count;
};

struct world *world;
static struct truth *truths;

unsigned dice(unsigned below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (unsigned)((world->random >> 16) % below);
}

static bool at_work(const struct truth *truth)
{
    return truth->doing == PREPARES || truth->doing == PRINTS ||
           truth->doing == PAUSES;
}

static bool is_linked(int number)
{
    return truths[number].is_up && the.machines[number].printer != NULL;
}

/* -- spools -- */

/* What each machine holds at first, and in the end. */
static const struct reel stock[SLOTS] = {
    { .type = "PLA", .color = "#FF0000" },
    { .type = "PETG", .color = "#0000FF" },
    { .type = "PLA", .color = "#FFFFFF" },
    { .type = "PLA", .color = "#FF0000" },
};

static void load(int number, int64_t slot, const char *type, const char *color,
                 double grams)
{
    truths[number].slots[slot] = (struct reel){
        type, color, grams, true, (unsigned)++world->spools,
    };
}

static void fill(int number)
{
    for (int i = 0; i < SLOTS; i++)
        load(number, i, stock[i].type, stock[i].color, 1000);
}

static const struct reel makes[] = {
    { .type = "PLA", .color = "#FF0000" },
    { .type = "PLA", .color = "#FC0404" },
    { .type = "PLA", .color = "#0000FF" },
    { .type = "PETG", .color = "#0000FF" },
    { .type = "PETG", .color = "#FF0000" },
    { .type = "PLA", .color = "#FFFFFF" },
    { .type = NULL },
};

void world_reset(void)
{
    if (world == NULL) {
        world = shared_new(sizeof(*world));
        truths = shared_new(PRINTERS * sizeof(*truths));
    }
    memset(truths, 0, PRINTERS * sizeof(*truths));
    for (int i = 0; i < PRINTERS; i++)
        fill(i);
}

const struct reel *world_reel(int number, int64_t slot)
{
    return &truths[number].slots[slot];
}

/* -- what it says -- */

static void keep(struct truth *truth, const char *text)
{
    snprintf(truth->said[truth->said_count++ % SAID], SAID_BYTES, "%s", text);
}

static int write_slots(const struct truth *truth, char *out, size_t size)
{
    int len = snprintf(out, size, ",\"full\":true,\"error\":null,\"slots\":[");
    for (int i = 0; i < SLOTS; i++) {
        const struct reel *spool = &truth->slots[i];
        char *at = out + len;
        size_t room = size - (size_t)len;
        if (spool->type == NULL)
            len += snprintf(at, room, "%s{\"slot\":%d,\"loaded\":false}",
                            i > 0 ? "," : "", i);
        else
            len += snprintf(at, room,
                            "%s{\"slot\":%d,\"loaded\":true,"
                            "\"material_type\":\"%s\",\"color\":\"%s\","
                            "\"tray_uuid\":\"%u\",\"weight_grams\":1000,"
                            "\"remaining_pct\":%g}",
                            i > 0 ? "," : "", i, spool->type, spool->color,
                            spool->number, spool->grams / 10);
    }
    return len + snprintf(out + len, size - (size_t)len, "]");
}

static void tell(int number, bool full)
{
    struct truth *truth = &truths[number];
    char state[SAID_BYTES], slots[1000] = "";
    if (!is_linked(number))
        return;
    snprintf(state, sizeof(state),
             "\"connection\":\"connected\",\"state\":\"%s\",\"submission\":"
             "\"%s\",\"progress_pct\":%g,\"canceled\":%s",
             doing_names[truth->doing], truth->named, truth->progress,
             truth->canceled ? "true" : "false");
    if (full)
        write_slots(truth, slots, sizeof(slots));
    keep(truth, state);
    truth->is_end_said = true;
    say(number, "{%s%s}", state, slots);
    truth->is_end_told = true;
    truth->is_told |= full;
    if (full)
        truth->met = model->printers[number];
    truth->is_known |= full;
}

/* An older one of this connection, once more or out of its turn. */
static void repeat(int number)
{
    const struct truth *truth = &truths[number];
    if (!is_linked(number) || !truth->is_known)
        return;
    unsigned known = truth->said_count < SAID ? truth->said_count : SAID;
    world->repeats++;
    say(number, "{%s%s}", truth->said[dice(known)],
        dice(2) == 0 ? "" : ",\"full\":true");
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
    if (!is_linked(number) || !truths[number].is_known)
        return;
    world->lies++;
    say(number, "%s", lies[dice(SPD_COUNT(lies))]);
}

static void hang_up(struct truth *truth)
{
    truth->is_up = truth->is_known = false;
    truth->said_count = 0;
}

static void connect(int number)
{
    struct truth *truth = &truths[number];
    if (the.machines[number].printer == NULL ||
        the.clock.mono_now_ms < truth->boots_until_ms)
        return;
    truth->is_up = true;
    truth->opens = the.machines[number].opens; /* on this very connection */
    say(number, "{\"connection\":\"connected\",\"error\":null}");
    if (dice(4) != 0)
        tell(number, true);
}

static void disconnect(int number)
{
    hang_up(&truths[number]);
    if (the.machines[number].printer != NULL)
        say_offline(number);
}

bool world_change_spool(int number, int64_t slot)
{
    struct truth *truth = &truths[number];
    const struct reel *make = &makes[dice(SPD_COUNT(makes))];
    if (at_work(truth) || truth->begins_ms != 0)
        return false;
    load(number, slot, make->type, make->color, dice(3) == 0 ? 12 : 1000);
    tell(number, true);
    return true;
}

static bool is_full(const struct reel *reel, const struct reel *wanted)
{
    return reel->type != NULL && strcmp(reel->type, wanted->type) == 0 &&
           strcmp(reel->color, wanted->color) == 0 && reel->is_sure &&
           reel->grams > 100;
}

void world_load_all(int number)
{
    struct truth *truth = &truths[number];
    bool is_short = false;
    for (int i = 0; i < SLOTS; i++)
        is_short |= !is_full(&truth->slots[i], &stock[i]);
    if (!is_short || at_work(truth) || truth->begins_ms != 0)
        return;
    fill(number);
    tell(number, true);
}

static void doubt(struct truth *truth)
{
    for (int i = 0; i < SLOTS; i++)
        if (truth->takes[i] > 0)
            truth->slots[i].is_sure = false;
}

void world_doubt(int64_t job)
{
    for (int i = 0; i < PRINTERS; i++)
        if (truths[i].job == job)
            doubt(&truths[i]);
}

/* -- what it does -- */

static void begin(int number, const char *submission, int64_t job)
{
    struct truth *truth = &truths[number];
    truth->doing = dice(2) == 0 ? PREPARES : PRINTS;
    truth->progress = 0;
    truth->canceled = truth->is_told = truth->is_replay = false;
    truth->is_counted = false;
    truth->job = job;
    truth->begins_ms = 0;
    truth->goes_on_ms = the.clock.mono_now_ms + PHASE_MS;
    snprintf(truth->named, sizeof(truth->named), "%s", submission);
    if (truth->bed_is_taken)
        violate(TAKEN_PLATE, "machine %d begins on a taken plate", number);
    truth->bed_is_taken = true;
    trace("machine %d begins %s, job %lld", number, submission, (long long)job);
    world->begun++;
    if (job != 0 && ++model->rows[job].begun - model->rows[job].spoiled >
                        model->rows[job].most)
        violate(DOUBLE_START, "job %lld is printed %lld times of %lld",
                (long long)job, (long long)model->rows[job].begun,
                (long long)model->rows[job].most);
}

static void begin_foreign(int number)
{
    struct truth *truth = &truths[number];
    char name[16];
    snprintf(name, sizeof(name), "9%u", 10000 + (unsigned)world->foreign++);
    truth->bed_is_taken = false; /* by whoever begins it */
    for (int i = 0; i < SLOTS; i++) {
        truth->takes[i] = 0;
        truth->slots[i].is_sure = false;
    }
    begin(number, name, 0);
    tell(number, dice(2) == 0);
}

static void begin_pending(int number)
{
    struct truth *truth = &truths[number];
    memcpy(truth->takes, truth->pending_takes, sizeof(truth->takes));
    begin(number, truth->pending, truth->pending_job);
    tell(number, dice(2) == 0);
}

static void end_print(int number, enum doing how, bool canceled)
{
    struct truth *truth = &truths[number];
    struct row *row = &model->rows[truth->job];
    truth->doing = how;
    truth->canceled = canceled;
    truth->progress = how == FINISHED ? 100 : truth->progress;
    truth->is_end_told = truth->is_end_said = false;
    bool counts = truth->job != 0 && !truth->is_counted;
    truth->is_counted = true;
    trace("machine %d ends job %lld: %s%s", number, (long long)truth->job,
          doing_names[how], counts ? "" : ", once more");
    if (how == FAILED)
        doubt(truth);
    for (int i = 0; how == FINISHED && i < SLOTS; i++)
        truth->slots[i].grams -= truth->takes[i];
    if (counts && how == FINISHED)
        row->finished++;
    else if (counts)
        row->spoiled++;
    tell(number, dice(3) != 0);
}

/* For all who look on, a print that begins again before anybody heard of its
 * end goes on. */
static void uncount(struct truth *truth)
{
    struct row *row = &model->rows[truth->job];
    if (!truth->is_counted || truth->is_end_told || truth->job == 0)
        return;
    truth->is_counted = false;
    if (truth->doing == FINISHED || truth->is_end_said)
        row->most++; /* there may be two of it now */
    if (truth->is_end_said)
        return;
    if (truth->doing == FAILED)
        row->spoiled--;
    else
        row->finished--;
}

/* Power off and on: it may have forgotten all, go on, or begin the last file
 * again by itself, whatever lies on its plate.  What nobody was told of it does
 * not forget: no one could know then. */
static void reboot(int number)
{
    struct truth *truth = &truths[number];
    unsigned after = dice(4);
    disconnect(number);
    world->reboots++;
    model->rows[truth->pending_job].never_began += truth->begins_ms != 0;
    truth->begins_ms = 0;
    if (after == 0 && truth->is_told) {
        doubt(truth);
        truth->doing = RESTS;
        truth->named[0] = '\0';
    } else if (after == 1 && truth->named[0] != '\0') {
        doubt(truth);
        trace("machine %d begins its last file again", number);
        world->by_itself++;
        uncount(truth);
        truth->doing = PREPARES;
        truth->progress = 0;
        truth->is_replay = truth->bed_is_taken = true;
        truth->is_told = truth->canceled = false;
    }
    truth->boots_until_ms = the.clock.mono_now_ms + BOOT_MS;
    truth->goes_on_ms = truth->boots_until_ms + PHASE_MS;
}

/* -- orders -- */

static int64_t job_of(int64_t attempt_id)
{
    struct attempt attempt;
    struct arena arena = { 0 };
    spd_txn *txn = store_read(the.shop.store);
    spd_err rc =
        record_get(txn, &attempt_kind, attempt_id, &attempt, &arena, NULL);
    store_read_end(txn);
    arena_fini(&arena);
    return rc == SPD_OK ? attempt.job_id : 0;
}

static void note_takes(struct truth *truth, const char *order)
{
    spd_json *json = json_parse(str_of(order), NULL);
    const struct filament *filaments =
        files[model->rows[truth->pending_job].file].filaments;
    memset(truth->pending_takes, 0, sizeof(truth->pending_takes));
    const spd_json *feed = json_first(json_member(json, "filaments"));
    for (; feed != NULL; feed = json_next(feed)) {
        int64_t filament = json_as_int(json_member(feed, "filament"), 1);
        int64_t slot = json_as_int(json_member(feed, "slot"), 0);
        truth->pending_takes[slot] += filaments[filament - 1].grams;
    }
    json_free(json);
}

static void take_start(int number)
{
    struct machine *machine = &the.machines[number];
    struct truth *truth = &truths[number];
    truth->starts_seen = machine->starts;
    truth->fate = at_work(truth) ? REFUSES : (enum fate)dice(6);
    truth->pending_job = job_of(machine->attempt);
    if (truth->fate == REFUSES || truth->fate == FORGETS) {
        model->rows[truth->pending_job].never_began++;
        return;
    }
    snprintf(truth->pending, sizeof(truth->pending), "%s", machine->submission);
    note_takes(truth, machine->order);
    truth->begins_ms = the.clock.mono_now_ms + dice(90 * SECOND) + 1;
}

static void answer_pending_start(int number)
{
    static const spd_err answers[] = {
        [BEGINS] = SPD_OK,  [BEGINS_UNSEEN] = SPD_EIO, [REFUSES] = SPD_EBUSY,
        [FORGETS] = SPD_OK, [GOES_SILENT] = SPD_EIO,   [DROPS] = SPD_EIO,
    };
    enum fate fate = truths[number].fate;
    world->refused += fate == REFUSES;
    world->never_began += fate == FORGETS;
    world->drops += fate == DROPS;
    if (fate != GOES_SILENT)
        answer_start(number, answers[fate]);
    if (fate == DROPS)
        disconnect(number);
}

void world_take_orders(void)
{
    for (int i = 0; i < PRINTERS; i++) {
        struct truth *truth = &truths[i];
        if (truth->opens != the.machines[i].opens)
            hang_up(truth); /* another connection, not heard of yet */
        truth->opens = the.machines[i].opens;
        if (truth->starts_seen != the.machines[i].starts)
            take_start(i);
        if (truth->begins_ms != 0 &&
            the.clock.mono_now_ms >= truth->boots_until_ms &&
            the.clock.mono_now_ms >= truth->begins_ms && !at_work(truth))
            begin_pending(i);
    }
}

static void answer_upload_somehow(int number)
{
    static const spd_err codes[] = { SPD_OK, SPD_OK, SPD_OK,
                                     SPD_OK, SPD_OK, SPD_EIO };
    struct truth *truth = &truths[number];
    if (the.clock.mono_now_ms < truth->stalls_until_ms)
        return;
    if (dice(20) == 0) {
        world->stalls++;
        truth->stalls_until_ms = the.clock.mono_now_ms + 10 * MINUTE;
        return;
    }
    answer_upload(number, codes[dice(SPD_COUNT(codes))]);
    the.machines[number].aborts_late = dice(3) == 0;
}

static void answer_something(int number)
{
    struct machine *machine = &the.machines[number];
    if (machine->starts != truths[number].starts_seen)
        take_start(number);
    if (machine->upload != NULL)
        answer_upload_somehow(number);
    else if (machine->start != NULL)
        answer_pending_start(number);
    else if (machine->stop != NULL) {
        bool taken = dice(4) != 0;
        if (taken && at_work(&truths[number])) {
            answer_stop(number, SPD_OK);
            end_print(number, FAILED, true);
        } else {
            answer_stop(number, taken ? SPD_OK : SPD_EIO);
        }
    }
}

static void go_on(int number)
{
    struct truth *truth = &truths[number];
    if (the.clock.mono_now_ms < truth->goes_on_ms)
        return;
    truth->goes_on_ms = the.clock.mono_now_ms + PHASE_MS;
    if (truth->is_replay && !truth->is_told)
        ; /* prints take longer than a line is down */
    else if (truth->doing == PREPARES || truth->doing == PAUSES)
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
    /* Before the first word of it nobody could know. */
    if (truth->met == 0 || truth->met != model->printers[number])
        return;
    if (!at_work(truth) && truth->begins_ms == 0 &&
        the.clock.mono_now_ms >= truth->boots_until_ms &&
        the.machines[number].start == NULL && dice(4) == 0)
        begin_foreign(number);
}

void world_move(int number)
{
    switch (dice(20)) {
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
    case 12:
        repeat(number);
        break;
    case 13:
        if (dice(4) == 0)
            reboot(number);
        break;
    default:
        tell(number, true);
    }
}

void world_behave(int number)
{
    struct truth *truth = &truths[number];
    truth->stalls_until_ms = 0;
    connect(number);
    answer_something(number);
    if (at_work(truth) && truth->is_told &&
        the.clock.mono_now_ms >= truth->goes_on_ms)
        end_print(number, FINISHED, false);
    tell(number, true);
}

bool world_bed_is_taken(int number)
{
    return truths[number].bed_is_taken;
}

bool world_clear_plate(int number)
{
    if (at_work(&truths[number]) || truths[number].begins_ms != 0)
        return false;
    truths[number].bed_is_taken = false;
    return true;
}
