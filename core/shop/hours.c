#include "shop/hours.h"

#include <time.h>

enum { DAYS = 7, DAY_MINUTES = 24 * 60, HOUR_SECONDS = 3600 };

static const char *const kind_names[] = { "quiet", "staffed", NULL };
static const char *const day_names[DAYS] = { "sun", "mon", "tue", "wed",
                                             "thu", "fri", "sat" };

static const struct field hours_rows[] = {
    FIELD(hours, id, FIELD_ID, "the hours' id", .flags = FIELD_READONLY),
    FIELD(hours, name, FIELD_TEXT, "what the shop calls them",
          .flags = FIELD_REQUIRED, .min = 1, .max = 80,
          .example = "\"Neighbours sleep\""),
    FIELD(hours, kind, FIELD_CHOICE,
          "quiet: no print starts in them; staffed: a person is there, so that "
          "jobs that are attended may start",
          .flags = FIELD_REQUIRED, .choices = kind_names),
    FIELD(hours, days, FIELD_LIST,
          "on which days they begin: mon, tue, wed, thu, fri, sat, sun; none: "
          "every day",
          .max = DAYS, .example = "[\"mon\",\"tue\"]"),
    FIELD(hours, from, FIELD_TEXT, "when they begin, local time",
          .flags = FIELD_REQUIRED, .min = 5, .max = 5, .example = "\"22:00\""),
    FIELD(hours, to, FIELD_TEXT,
          "when they end; at or before `from` it is that of the next day",
          .flags = FIELD_REQUIRED, .min = 5, .max = 5, .example = "\"07:00\""),
    FIELD(hours, printer_id, FIELD_ID, "for this printer; null: for all",
          .flags = FIELD_NULL),
    FIELD(hours, location, FIELD_TEXT,
          "only for printers that stand here; null: wherever",
          .flags = FIELD_NULL),
    FIELD(hours, tag, FIELD_TEXT, "only for printers with this tag",
          .flags = FIELD_NULL),
    FIELD(hours, created_at, FIELD_TIME, "when they were added",
          .flags = FIELD_READONLY),
    FIELD(hours, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
};
static const struct fields hours_fields = TABLE("hours", hours, hours_rows);

static bool by_name(const void *record, struct key *key)
{
    key_put_text(key, ((const struct hours *)record)->name);
    return true;
}

static const struct index hours_indexes[] = {
    { .name = "name", .key = by_name, .flags = INDEX_UNIQUE },
};

const struct kind hours_kind = {
    .name = "hours",
    .plural = "hours",
    .fields = &hours_fields,
    .indexes = hours_indexes,
    .index_count = SPD_COUNT(hours_indexes),
};

/* -- whom they are for -- */

static bool has_tag(const struct printer *printer, spd_str tag)
{
    const spd_str *tags = printer->tags.items;
    for (size_t i = 0; i < printer->tags.count; i++)
        if (str_equal(tags[i], tag))
            return true;
    return false;
}

bool hours_are_for(const struct hours *hours, const struct printer *printer)
{
    if (hours->printer_id != 0 && hours->printer_id != printer->id)
        return false;
    if (hours->location.len > 0 &&
        !str_equal_fold(hours->location, printer->location))
        return false;
    return hours->tag.len == 0 || has_tag(printer, hours->tag);
}

/* -- when -- */

/* Minutes since midnight; -1: not a time of day. */
static int minute_of(spd_str text)
{
    int64_t hour, minute;
    spd_str hours = str_cut(&text, ':');
    bool is_clock = hours.len == 2 && text.len == 2 &&
                    str_to_int(hours, &hour) && str_to_int(text, &minute) &&
                    hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
    return is_clock ? (int)(hour * 60 + minute) : -1;
}

/* 0 is Sunday, as in struct tm; -1: not a day. */
static int day_of(spd_str text)
{
    for (int day = 0; day < DAYS; day++)
        if (str_is(text, day_names[day]))
            return day;
    return -1;
}

static bool begin_on(const struct hours *hours, int day)
{
    const spd_str *days = hours->days.items;
    for (size_t i = 0; i < hours->days.count; i++)
        if (day_of(days[i]) == day)
            return true;
    return hours->days.count == 0;
}

static struct tm local_of(time_t at)
{
    struct tm local = { 0 };
    localtime_r(&at, &local);
    return local;
}

/* When the wall clock shows `minute` so many days after `today`.  In the hour
 * that an autumn night has twice, the first of the two. */
static int64_t moment_of(const struct tm *today, int days, int minute)
{
    struct tm local = {
        .tm_year = today->tm_year,
        .tm_mon = today->tm_mon,
        .tm_mday = today->tm_mday + days,
        .tm_hour = minute / 60,
        .tm_min = minute % 60,
        .tm_isdst = -1,
    };
    time_t at = mktime(&local);
    struct tm before = local_of(at - HOUR_SECONDS);
    if (before.tm_hour == local.tm_hour && before.tm_min == local.tm_min)
        at -= HOUR_SECONDS;
    return (int64_t)at * 1000;
}

bool hours_hold(const struct hours *hours, int64_t at_ms, int64_t *changes_ms)
{
    struct tm today = local_of((time_t)(at_ms / 1000));
    int from = minute_of(hours->from), to = minute_of(hours->to);
    int length_days = to <= from ? 1 : 0;
    for (int days = -1; days <= DAYS; days++) {
        if (!begin_on(hours, (today.tm_wday + DAYS + days) % DAYS))
            continue;
        int64_t begin_ms = moment_of(&today, days, from);
        int64_t end_ms = moment_of(&today, days + length_days, to);
        *changes_ms = at_ms < begin_ms ? begin_ms : end_ms;
        if (at_ms < end_ms)
            return at_ms >= begin_ms;
    }
    return false; /* not reached: they come every week */
}

const char *hours_text(int64_t at_ms, char out[HOURS_TEXT_BYTES])
{
    struct tm local = local_of((time_t)(at_ms / 1000));
    strftime(out, HOURS_TEXT_BYTES, "%a %H:%M", &local);
    return out;
}

/* -- operations -- */

static void judge_clock(struct call *call, const char *name, spd_str text)
{
    if (minute_of(text) < 0)
        faults_add(call_faults(call), name,
                   "must be a time of day such as \"22:00\"");
}

static void judge_days(struct call *call, const struct hours *hours)
{
    const spd_str *days = hours->days.items;
    for (size_t i = 0; i < hours->days.count; i++)
        if (day_of(days[i]) < 0)
            faults_add(call_faults(call), "days",
                       "\"%.*s\" is not one of mon, tue, wed, thu, fri, sat, "
                       "sun",
                       STR_ARG(str_clip(days[i], 40)));
}

static spd_err judge_hours(struct call *call, spd_txn *txn,
                           const struct hours *hours)
{
    judge_clock(call, "from", hours->from);
    judge_clock(call, "to", hours->to);
    judge_days(call, hours);
    if (hours->printer_id != 0 &&
        !record_exists(txn, &printer_kind, hours->printer_id))
        faults_add(call_faults(call), "printer_id", "there is no printer %lld",
                   (long long)hours->printer_id);
    return call_faults(call)->count == 0 ? SPD_OK : call_refuse_faults(call);
}

static spd_err list_hours(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &hours_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err get_hours(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_record(call, txn, &hours_kind, which->id);
}

static spd_err put_hours(struct call *call, spd_txn *txn, struct hours *hours,
                         const char *topic)
{
    struct spd_error err;
    struct change change = call_change(call, topic);
    spd_err rc = judge_hours(call, txn, hours);
    if (rc != SPD_OK)
        return rc;
    hours->updated_at = shop_now_ms(call->self);
    if (record_put(txn, &hours_kind, hours, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &hours_kind, hours->id);
}

static spd_err create_hours(struct call *call, spd_txn *txn)
{
    struct hours hours = *(struct hours *)call->body;
    hours.created_at = shop_now_ms(call->self);
    return put_hours(call, txn, &hours, "hours.created");
}

static spd_err update_hours(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct hours hours;
    spd_err rc = call_get(call, txn, &hours_kind, which->id, &hours);
    if (rc != SPD_OK)
        return rc;
    call_patch(call, &hours);
    return put_hours(call, txn, &hours, "hours.updated");
}

static spd_err delete_hours(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct spd_error err;
    struct change change = call_change(call, "hours.deleted");
    if (record_del(txn, &hours_kind, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    buf_printf(call_reply_buf(call), "{\"id\":%lld}", (long long)which->id);
    return SPD_OK;
}

static const struct op hours_ops[] = {
    { .name = "hours.list",
      .route = "GET /api/hours",
      .doc = "All quiet and staffed hours",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &hours_fields,
      .run = list_hours },
    { .name = "hours.get",
      .route = "GET /api/hours/{id}",
      .doc = "One stretch of hours",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &hours_fields,
      .run = get_hours },
    { .name = "hours.create",
      .route = "POST /api/hours",
      .doc = "Say when no print may start, or when a person is there",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_CREATE,
      .body = &hours_fields,
      .reply = &hours_fields,
      .run = create_hours },
    { .name = "hours.update",
      .route = "PUT /api/hours/{id}",
      .doc = "Change what is given and leave the rest",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &hours_fields,
      .reply = &hours_fields,
      .run = update_hours },
    { .name = "hours.delete",
      .route = "DELETE /api/hours/{id}",
      .doc = "Take such hours away",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .run = delete_hours },
};

spd_err hours_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, hours_ops, SPD_COUNT(hours_ops), shop, err);
}

/* -- of a printer that is gone -- */

struct of_printer {
    int64_t printer_id, found_id;
};

static bool note_of_printer(void *arg, const void *record)
{
    struct of_printer *of = arg;
    const struct hours *hours = record;
    if (hours->printer_id == of->printer_id)
        of->found_id = hours->id;
    return of->found_id == 0;
}

spd_err hours_drop(spd_txn *txn, int64_t printer_id,
                   const struct change *change, struct spd_error *err)
{
    spd_err rc = SPD_OK;
    struct of_printer of = { printer_id, 0 };
    do {
        of.found_id = 0;
        record_each(txn, &hours_kind, &(struct span){ 0 }, note_of_printer,
                    &of);
        if (of.found_id != 0)
            rc = record_del(txn, &hours_kind, of.found_id, change, err);
    } while (of.found_id != 0 && rc == SPD_OK);
    return rc;
}
