#include "shop/message.h"

#include "base/moment.h"

static const struct field message_rows[] = {
    FIELD(message, id, FIELD_ID, "the message's id", .flags = FIELD_READONLY),
    FIELD(message, seq, FIELD_INT, "the number of the event it tells of",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(message, topic, FIELD_TEXT, "of the event", .flags = FIELD_READONLY),
    FIELD(message, at, FIELD_TIME, "when it happened", .flags = FIELD_READONLY),
    FIELD(message, severity, FIELD_CHOICE, "how grave it is",
          .flags = FIELD_READONLY, .choices = severity_names),
    FIELD(message, title, FIELD_TEXT, "one line", .flags = FIELD_READONLY),
    FIELD(message, text, FIELD_TEXT, "some lines", .flags = FIELD_READONLY),
    FIELD(message, link, FIELD_TEXT, "where something can be done about it",
          .flags = FIELD_READONLY),
    FIELD(message, thread, FIELD_TEXT, "the same for all about one print",
          .flags = FIELD_READONLY),
    FIELD(message, printer_id, FIELD_ID, "about which printer",
          .flags = FIELD_READONLY),
    FIELD(message, job_id, FIELD_ID, "about which job",
          .flags = FIELD_READONLY),
    FIELD(message, order_id, FIELD_ID, "about which order",
          .flags = FIELD_READONLY),
    FIELD(message, details, FIELD_JSON, "what else a notice says",
          .flags = FIELD_INTERNAL),
    FIELD(message, file_id, FIELD_ID, "the file with the picture",
          .flags = FIELD_INTERNAL),
    FIELD(message, plate, FIELD_INT, "its plate", .flags = FIELD_INTERNAL),
};
const struct fields message_fields = TABLE("message", message, message_rows);

static bool by_event(const void *record, struct key *key)
{
    const struct message *message = record;
    key_put_int(key, message->seq);
    return message->seq != 0;
}

static const struct index message_indexes[] = {
    { .name = "event", .key = by_event, .flags = INDEX_UNIQUE },
};

const struct kind message_kind = {
    .name = "message",
    .plural = "messages",
    .fields = &message_fields,
    .indexes = message_indexes,
    .index_count = SPD_COUNT(message_indexes),
};

bool message_of_event(spd_txn *txn, int64_t seq)
{
    struct key key = { 0 };
    key_put_int(&key, seq);
    return record_find(txn, &message_kind, &message_indexes[0], &key) != 0;
}

spd_err message_put(spd_txn *txn, struct message *message,
                    struct spd_error *err)
{
    struct change change = { "message.created", STR("spoold") };
    return record_put(txn, &message_kind, message, &change, err);
}

static void put_text(spd_jsonw *w, const char *name, spd_str text)
{
    if (text.len > 0)
        jsonw_put_str(w, name, text);
}

void message_write(const struct message *message, spd_jsonw *w)
{
    char at[MOMENT_BYTES];
    jsonw_put_str(w, "topic", message->topic);
    jsonw_put_str(w, "at", moment_text(message->at, at));
    jsonw_put_str(w, "severity", str_of(severity_names[message->severity]));
    jsonw_put_str(w, "title", message->title);
    jsonw_put_str(w, "text", message->text);
    put_text(w, "link", message->link);
    put_text(w, "thread", message->thread);
    spd_json *details =
        message->details.len == 0 ? NULL : json_parse(message->details, NULL);
    for (const spd_json *m = json_first(details); m != NULL; m = json_next(m))
        jsonw_put_json(w, json_name(m).ptr, m);
    json_free(details);
}

/* -- what events are about -- */

static const char *const printer_members[] = {
    "id",
    "name",
    "model",
    "location",
    "status",
    "plate_clear",
    "nozzle_diameter_mm",
    "maintenance_interval_days",
    "maintenance_interval_hours",
    "last_maintenance_at",
    NULL,
};
static const char *const job_members[] = {
    "id",
    "job_name",
    "file_name",
    "status",
    "phase",
    "failed_reason",
    "priority",
    "copies",
    "copies_done",
    "scheduled_start",
    "started_at",
    "completed_at",
    "estimated_duration_minutes",
    "material_type",
    "notes",
    "tags",
    "ship_by",
    "printer_id",
    "order_id",
    "file_id",
    "plate",
    NULL,
};
/* Nothing of the buyer: what leaves the shop here may go anywhere. */
static const char *const order_members[] = {
    "id",        "number",         "kind",    "source",   "shop_id",
    "source_id", "status",         "ship_by", "priority", "url",
    "problem",   "pieces_missing", NULL,
};
static const char *const source_members[] = { "source", "error", NULL };
static const char *const material_members[] = {
    "id",
    "slot",
    "material_type",
    "color",
    "remaining_grams",
    "remaining_pct",
    "weight_grams",
    "vendor",
    "printer_id",
    NULL,
};
static const char *const spool_members[] = {
    "id",
    "material",
    "color",
    "vendor",
    "remaining_grams",
    "low_stock_threshold",
    "location",
    NULL,
};
static const char *const channel_members[] = { "id", "name", "kind",
                                               "disabled_reason", NULL };
static const char *const delivery_members[] = { "id",    "channel_id", "topic",
                                                "title", "error",      "tries",
                                                NULL };
static const char *const alert_members[] = { "title", "text", "severity",
                                             NULL };

static const char *const rule_members[] = { "name", "reason", NULL };

static const struct subject {
    const char *name;
    const char *const *members;
} subjects[] = {
    { "printer", printer_members },   { "job", job_members },
    { "order", order_members },       { "material", material_members },
    { "spool", spool_members },       { "channel", channel_members },
    { "delivery", delivery_members }, { "alert", alert_members },
    { "source", source_members },
    { "rule", rule_members },
};

static const struct subject *find_subject(spd_str name)
{
    for (size_t i = 0; i < SPD_COUNT(subjects); i++)
        if (str_is(name, subjects[i].name))
            return &subjects[i];
    return NULL;
}

void message_write_subject(const char *name, const spd_json *data, spd_jsonw *w)
{
    const struct subject *subject = find_subject(str_of(name));
    jsonw_begin(w, name, SPD_JSON_OBJECT);
    for (size_t i = 0; subject->members[i] != NULL; i++) {
        const spd_json *value = json_member(data, subject->members[i]);
        if (json_type(value) != SPD_JSON_NULL)
            jsonw_put_json(w, subject->members[i], value);
    }
    jsonw_end(w);
}

/* -- what a template may name -- */

static bool is_among(const char *const *names, spd_str name)
{
    while (*names != NULL && !str_is(name, *names))
        names++;
    return *names != NULL;
}

bool message_knows(spd_str path)
{
    static const char *const plain[] = {
        "id",           "topic", "at",    "try",          "severity",
        "title",        "text",  "link",  "thread",       "first",
        "facts",        "items", "event", "progress_pct", "channel.id",
        "channel.name", NULL,
    };
    if (is_among(plain, path))
        return true;
    if (!str_is(str_cut(&path, '.'), "event"))
        return false;
    const struct subject *subject = find_subject(str_cut(&path, '.'));
    return subject != NULL &&
           (path.len == 0 || is_among(subject->members, path));
}
