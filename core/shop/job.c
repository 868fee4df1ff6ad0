/* The record of a job, and the orders it is found in. */
#include "shop/job.h"

#include <string.h>

const char *const job_status_names[] = {
    "queued", "scheduled", "started", "completed", "failed", "cancelled", NULL,
};
const char *const job_phase_names[] = {
    "waiting",  "claimed", "uploading", "uploaded", "starting",
    "printing", "paused",  "unknown",   "done",     NULL,
};

static const struct field need_rows[] = {
    FIELD(need, filament, FIELD_INT, "a filament's number in the file",
          .flags = FIELD_REQUIRED, .min = 1, .max = 1000),
    FIELD(need, slot, FIELD_INT, "take it from this slot; null: any that fits",
          .flags = FIELD_NULL, .min = 0, .max = 65535),
    FIELD(need, material_type, FIELD_TEXT,
          "to be of this type instead; null: as sliced", .flags = FIELD_NULL,
          .max = 40),
    FIELD(need, color, FIELD_TEXT,
          "to be of this colour instead (#RRGGBB); null: as sliced",
          .flags = FIELD_NULL, .max = 9),
};
static const struct fields need_fields = TABLE("need", need, need_rows);

static const char *const failure_names[] = {
    "stop",
    "retry_here",
    "retry_elsewhere",
    NULL,
};

static const struct field avoid_rows[] = {
    FIELD(avoid, printer_id, FIELD_ID, "a printer that failed the job",
          .flags = FIELD_REQUIRED),
};
static const struct fields avoid_fields = TABLE("avoid", avoid, avoid_rows);

static const struct field job_rows[] = {
    FIELD(job, id, FIELD_ID, "the job's id", .flags = FIELD_READONLY),
    FIELD(job, user_id, FIELD_ID, "who asked for it", .flags = FIELD_READONLY),
    FIELD(job, printer_id, FIELD_ID, "on this printer; null: any that fits",
          .flags = FIELD_NULL),
    FIELD(job, order_id, FIELD_ID, "for which order", .flags = FIELD_NULL),
    FIELD(job, job_name, FIELD_TEXT, "what people call it; else the file's",
          .flags = FIELD_NULL, .max = 200),
    FIELD(job, file_name, FIELD_TEXT, "the file's name", .flags = FIELD_NULL),
    FIELD(job, status, FIELD_CHOICE, "where it stands",
          .choices = job_status_names),
    FIELD(job, scheduled_start, FIELD_TIME, "not before; null: at once",
          .flags = FIELD_NULL),
    FIELD(job, estimated_duration_minutes, FIELD_INT, "minutes; else as sliced",
          .flags = FIELD_NULL, .max = 100000),
    FIELD(job, material_type, FIELD_TEXT, "PLA, PETG, ...; else as sliced",
          .flags = FIELD_NULL, .max = 40),
    FIELD(job, material_slot, FIELD_INT,
          "the slot to take a single filament from; null: any that fits",
          .flags = FIELD_NULL, .max = 65535),
    FIELD(job, nozzle_temp, FIELD_INT, "degrees C, for people",
          .flags = FIELD_NULL, .max = 600),
    FIELD(job, bed_temp, FIELD_INT, "degrees C, for people",
          .flags = FIELD_NULL, .max = 300),
    FIELD(job, print_speed, FIELD_INT, "percent, for people",
          .flags = FIELD_NULL, .max = 1000),
    FIELD(job, started_at, FIELD_TIME, "when the print began",
          .flags = FIELD_READONLY),
    FIELD(job, completed_at, FIELD_TIME, "when it was over",
          .flags = FIELD_READONLY),
    FIELD(job, failed_reason, FIELD_TEXT, "why it failed", .flags = FIELD_NULL,
          .max = 1000),
    FIELD(job, priority, FIELD_INT, "higher goes first", .min = -1000,
          .max = 1000, .fallback = "0"),
    FIELD(job, notes, FIELD_TEXT, "anything worth knowing", .flags = FIELD_NULL,
          .max = 4000),
    FIELD(job, created_at, FIELD_TIME, "when it was asked for",
          .flags = FIELD_READONLY),
    FIELD(job, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
    FIELD(job, phase, FIELD_CHOICE, "the detail of its status",
          .flags = FIELD_READONLY, .choices = job_phase_names),
    FIELD(job, file_id, FIELD_ID, "what to print; null: it is started by hand",
          .flags = FIELD_NULL),
    FIELD(job, plate, FIELD_INT, "which plate of the file; else its first",
          .flags = FIELD_NULL, .min = 1, .max = 1000),
    FIELD(job, needs, FIELD_LIST,
          "filaments that must come from given slots, or be "
          "others than were sliced",
          .of = &need_fields, .max = 64),
    FIELD(job, copies, FIELD_INT, "how often it is to be printed", .min = 1,
          .max = 1000, .fallback = "1"),
    FIELD(job, copies_done, FIELD_INT, "how many of them are",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(job, tags, FIELD_LIST, "only on printers with all of these tags",
          .max = 32),
    FIELD(job, ship_by, FIELD_TIME, "when it has to leave the shop",
          .flags = FIELD_NULL),
    FIELD(job, stop_wanted, FIELD_BOOL, "end it at the printer",
          .flags = FIELD_INTERNAL),
    FIELD(job, refusals, FIELD_INT, "attempts in a row that never began",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(job, rank, FIELD_INT, "the policy's", .flags = FIELD_INTERNAL,
          .fallback = "0"),
    FIELD(job, held, FIELD_BOOL, "not before a person lets it go",
          .fallback = "false"),
    FIELD(job, color_distance, FIELD_REAL,
          "how far a loaded colour may be off (CIEDE2000: 1 is hardly seen, 5 "
          "is another shade); 0: the very colour",
          .max = 100, .fallback = "0"),
    FIELD(job, on_failure, FIELD_CHOICE,
          "what to do when its print fails: fail, or print it again",
          .choices = failure_names),
    FIELD(job, attempts_max, FIELD_INT,
          "so many prints may fail in all before the job has failed", .min = 1,
          .max = 20, .fallback = "3"),
    FIELD(job, failures, FIELD_INT, "how many of its prints failed",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(job, avoids, FIELD_LIST,
          "printers that failed it and are not tried again",
          .flags = FIELD_READONLY, .of = &avoid_fields, .max = 64),
    FIELD(job, stays_on, FIELD_ID, "it is tried again on this printer",
          .flags = FIELD_INTERNAL),
    FIELD(job, attended, FIELD_BOOL,
          "does a person have to be there when it starts? Then it does so "
          "within staffed hours only",
          .fallback = "false"),
    FIELD(job, moved_to, FIELD_ID,
          "a person put it beside this job in the queue; null: it stands where "
          "the policy, its priority, start and age put it",
          .flags = FIELD_READONLY),
    FIELD(job, moved_rank, FIELD_INT, "of its place then",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(job, moved_priority, FIELD_INT, "of its place then",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(job, moved_start, FIELD_INT, "of its place then",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(job, nudge, FIELD_INT, "how far before or behind moved_to",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(job, models, FIELD_LIST,
          "only on printers of one of these models; none: of any that the "
          "file fits",
          .max = 16, .example = "[\"P1S\"]"),
    FIELD(job, nozzle_diameter_mm, FIELD_REAL,
          "only where this nozzle is known to be in; null: as sliced, or where "
          "nobody knows",
          .flags = FIELD_NULL, .min = 0.05, .max = 5),
    FIELD(job, plate_type, FIELD_TEXT,
          "only where this build plate is known to be on; null: as sliced, or "
          "where nobody knows",
          .flags = FIELD_NULL, .max = 40, .example = "\"Textured PEI Plate\""),
    FIELD(job, yield, FIELD_INT, "pieces that one print of it gives", .min = 1,
          .max = 1000, .fallback = "1"),
    FIELD(job, good, FIELD_INT, "pieces that a person found good",
          .flags = FIELD_NULL | FIELD_READONLY),
    FIELD(job, scrap, FIELD_INT, "pieces that a person threw away",
          .flags = FIELD_NULL | FIELD_READONLY),
    FIELD(job, reviewed_at, FIELD_TIME, "when its pieces were looked at",
          .flags = FIELD_READONLY),
    FIELD(job, reviewed_by, FIELD_TEXT, "who looked at them",
          .flags = FIELD_READONLY),
    FIELD(job, scrap_reason, FIELD_TEXT, "what is wrong with the scrap",
          .flags = FIELD_READONLY, .max = 1000),
    FIELD(job, reprint_of, FIELD_ID, "it prints the scrap of this job again",
          .flags = FIELD_READONLY),
    FIELD(job, reprint_id, FIELD_ID, "this job prints its scrap again",
          .flags = FIELD_READONLY),
    FIELD(job, asked_by, FIELD_TEXT, "who asked for it, also if it is nobody",
          .flags = FIELD_READONLY),
    FIELD(job, order_item, FIELD_INT, "for which item of its order",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(job, order_part, FIELD_INT, "which part of the item's product it is",
          .flags = FIELD_READONLY, .fallback = "0"),
};
const struct fields job_fields = TABLE("job", job, job_rows);

spd_str job_asked_by(const struct job *job, struct arena *arena)
{
    if (job->asked_by.len > 0 || job->user_id == 0)
        return job->asked_by;
    return arena_printf(arena, "person/%lld", (long long)job->user_id);
}

bool job_avoids(const struct job *job, int64_t printer_id)
{
    const struct avoid *avoid = job->avoids.items;
    for (size_t i = 0; i < job->avoids.count; i++)
        if (avoid[i].printer_id == printer_id)
            return true;
    return false;
}

void job_avoid(struct job *job, int64_t printer_id, struct arena *arena)
{
    size_t count = job->avoids.count;
    if (job_avoids(job, printer_id))
        return;
    struct avoid *avoids = arena_new(arena, (count + 1) * sizeof(*avoids));
    if (count > 0)
        memcpy(avoids, job->avoids.items, count * sizeof(*avoids));
    avoids[count].printer_id = printer_id;
    job->avoids = (struct list){ avoids, count + 1 };
}

int64_t job_only_printer(const struct job *job)
{
    return job->printer_id != 0 ? job->printer_id : job->stays_on;
}

void job_unmove(struct job *job)
{
    job->moved_to = 0;
    job->moved_rank = job->moved_priority = job->moved_start = job->nudge = 0;
}

bool job_is_waiting(const struct job *job)
{
    return job->phase == PHASE_WAITING &&
           (job->status == JOB_QUEUED || job->status == JOB_SCHEDULED);
}

bool job_is_done(const struct job *job)
{
    return job->status == JOB_COMPLETED || job->status == JOB_FAILED ||
           job->status == JOB_CANCELLED;
}

/* -- orders -- */

struct queue_place job_queue_place(const struct job *job)
{
    if (job->moved_to == 0)
        return (struct queue_place){ job->rank, job->priority,
                                     job->scheduled_start, job->id, 0 };
    return (struct queue_place){ job->moved_rank, job->moved_priority,
                                 job->moved_start, job->moved_to, job->nudge };
}

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

int queue_place_compare(const struct queue_place *a,
                        const struct queue_place *b)
{
    int by[] = {
        compare(a->rank, b->rank),   compare(b->priority, a->priority),
        compare(a->start, b->start), compare(a->id, b->id),
        compare(a->nudge, b->nudge),
    };
    for (size_t i = 0; i < SPD_COUNT(by); i++)
        if (by[i] != 0)
            return by[i];
    return 0;
}

/* In the order of queue_place_compare. */
static void key_put_place(struct key *key, const struct queue_place *place)
{
    key_put_int(key, place->rank);
    key_put_int(key, -place->priority);
    key_put_int(key, place->start);
    key_put_int(key, place->id);
    key_put_int(key, place->nudge);
}

static bool queue_order(const void *record, struct key *key)
{
    const struct job *job = record;
    struct queue_place place = job_queue_place(job);
    key_put_int(key, job->printer_id);
    key_put_place(key, &place);
    return job_is_waiting(job);
}

static bool by_moved_to(const void *record, struct key *key)
{
    const struct job *job = record;
    key_put_int(key, job->moved_to);
    key_put_int(key, job->nudge);
    return job->moved_to != 0 && job_is_waiting(job);
}

static bool by_printer(const void *record, struct key *key)
{
    key_put_int(key, ((const struct job *)record)->printer_id);
    return true;
}

static bool by_printer_status(const void *record, struct key *key)
{
    const struct job *job = record;
    key_put_int(key, job->printer_id);
    key_put_byte(key, (unsigned char)job->status);
    return true;
}

static bool by_status(const void *record, struct key *key)
{
    key_put_byte(key, (unsigned char)((const struct job *)record)->status);
    return true;
}

static bool by_file(const void *record, struct key *key)
{
    const struct job *job = record;
    key_put_int(key, job->file_id);
    return job->file_id != 0;
}

static bool by_order(const void *record, struct key *key)
{
    const struct job *job = record;
    key_put_int(key, job->order_id);
    return job->order_id != 0;
}

enum {
    QUEUE,
    BY_PRINTER,
    BY_PRINTER_STATUS,
    BY_STATUS,
    BY_FILE,
    BY_MOVED,
    BY_ORDER,
};
static const struct index job_indexes[] = {
    [QUEUE] = { .name = "queue",
                .key = queue_order,
                .flags = INDEX_CARRIES_TEXT },
    [BY_PRINTER] = { .name = "printer", .key = by_printer },
    [BY_PRINTER_STATUS] = { .name = "printer_status",
                            .key = by_printer_status },
    [BY_STATUS] = { .name = "status", .key = by_status },
    [BY_FILE] = { .name = "file", .key = by_file },
    [BY_MOVED] = { .name = "moved", .key = by_moved_to },
    [BY_ORDER] = { .name = "order", .key = by_order },
};

const struct kind job_kind = {
    .name = "job",
    .plural = "jobs",
    .fields = &job_fields,
    .indexes = job_indexes,
    .index_count = SPD_COUNT(job_indexes),
    .version = 1,
};

static struct span span_of(int which, struct key *prefix)
{
    return (struct span){ .index = &job_indexes[which], .prefix = prefix };
}

struct span job_queue_span(int64_t printer_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, printer_id);
    return span_of(QUEUE, prefix);
}

/* An entry ends with the record's id, whose first byte is never the highest. */
struct span job_queue_span_behind(int64_t printer_id,
                                  const struct queue_place *place,
                                  struct key *prefix, struct key *from)
{
    struct span span = job_queue_span(printer_id, prefix);
    *from = *prefix;
    key_put_place(from, place);
    key_put_byte(from, 0xff);
    span.from = from;
    return span;
}

struct span job_moved_span(int64_t moved_to, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    if (moved_to != 0)
        key_put_int(prefix, moved_to);
    return span_of(BY_MOVED, prefix);
}

struct span job_printer_span(int64_t printer_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, printer_id);
    return span_of(BY_PRINTER, prefix);
}

struct span job_order_span(int64_t order_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, order_id);
    return span_of(BY_ORDER, prefix);
}

struct span job_status_span(int64_t printer_id, enum job_status status,
                            struct key *prefix)
{
    *prefix = (struct key){ 0 };
    if (printer_id != 0)
        key_put_int(prefix, printer_id);
    key_put_byte(prefix, (unsigned char)status);
    return span_of(printer_id != 0 ? BY_PRINTER_STATUS : BY_STATUS, prefix);
}

static bool any(spd_txn *txn, const struct span *span)
{
    return record_find(txn, &job_kind, span->index, span->prefix) != 0;
}

bool job_holds_printer(spd_txn *txn, int64_t printer_id)
{
    static const enum job_status open[] = { JOB_QUEUED, JOB_SCHEDULED,
                                            JOB_STARTED };
    for (size_t i = 0; i < SPD_COUNT(open); i++) {
        struct key prefix;
        struct span span = job_status_span(printer_id, open[i], &prefix);
        if (any(txn, &span))
            return true;
    }
    return false;
}

bool job_uses_file(spd_txn *txn, int64_t file_id)
{
    struct key prefix = { 0 };
    key_put_int(&prefix, file_id);
    struct span span = span_of(BY_FILE, &prefix);
    return any(txn, &span);
}

/* Jobs that wait for the printer on which they failed, some at a time. */
struct stays {
    int64_t printer_id;
    int64_t ids[64];
    size_t count;
};

static bool note_stay(void *arg, const void *record)
{
    struct stays *stays = arg;
    const struct job *job = record;
    if (job->stays_on == stays->printer_id)
        stays->ids[stays->count++] = job->id;
    return stays->count < SPD_COUNT(stays->ids);
}

static spd_err end_stay(spd_txn *txn, struct shop *shop, int64_t id,
                        const struct change *change, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct job job;
    spd_err rc = record_get(txn, &job_kind, id, &job, &arena, err);
    job.stays_on = 0;
    if (rc == SPD_OK)
        rc = job_put(txn, shop, &job, change, err);
    arena_fini(&arena);
    return rc;
}

spd_err job_leave_printer(spd_txn *txn, struct shop *shop, int64_t printer_id,
                          const struct change *change, struct spd_error *err)
{
    struct stays stays = { .printer_id = printer_id };
    spd_err rc = SPD_OK;
    do {
        struct key prefix;
        struct span span = job_queue_span(0, &prefix);
        stays.count = 0;
        record_each(txn, &job_kind, &span, note_stay, &stays);
        for (size_t i = 0; i < stays.count && rc == SPD_OK; i++)
            rc = end_stay(txn, shop, stays.ids[i], change, err);
    } while (rc == SPD_OK && stays.count == SPD_COUNT(stays.ids));
    return rc;
}

spd_err job_put(spd_txn *txn, struct shop *shop, struct job *job,
                const struct change *change, struct spd_error *err)
{
    job->updated_at = shop_now_ms(shop);
    if (shop->rank != NULL && job_is_waiting(job))
        job->rank = shop->rank(shop->rank_arg, job);
    return record_put(txn, &job_kind, job, change, err);
}
