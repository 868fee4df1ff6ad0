/* What people ask of the outbox: try a channel, raise an alert, see how a
 * message would look. */
#include "base/error.h"
#include "engine/outbox/outbox_internal.h"
#include "shop/template.h"
#include "store/journal.h"

/* -- the test button -- */

static spd_err refuse_test(struct call *call, const struct lane *lane,
                           int64_t channel_id)
{
    if (lane == NULL)
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no channel %lld",
                           (long long)channel_id);
    if (lane->described.len == 0)
        return call_refuse(call, REFUSE_CONFLICT,
                           "the secrets of channel %lld cannot be opened with "
                           "this key file; set them again",
                           (long long)channel_id);
    return call_refuse(call, REFUSE_CONFLICT,
                       "no loaded plugin serves channels of the kind %.*s",
                       STR_ARG(lane->channel.kind));
}

/* Answered when the notifier has: also for one that is switched off, so that
 * it can be tried before it is switched on. */
static spd_err test_channel(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct outbox *outbox = call->self;
    const struct id_param *which = call->params;
    struct lane *lane = lane_find(outbox, which->id);
    if (!outbox->started)
        return call_refuse(call, REFUSE_UNAVAILABLE, "the server is stopping");
    if (lane == NULL || lane->described.len == 0 ||
        notifier_find(outbox->shop->notifiers, lane->channel.kind) == NULL)
        return refuse_test(call, lane, which->id);
    struct trial *trial = mem_new(sizeof(*trial));
    struct trial **last = &lane->trials;
    trial->call = call;
    while (*last != NULL)
        last = &(*last)->next;
    *last = trial;
    lane_pump(lane);
    return SPD_OK;
}

/* -- alerts -- */

struct alert {
    spd_str title, text;
    int severity;
    int64_t printer_id, job_id, order_id;
    struct list channels; /* of spd_str */
};
static const struct field alert_rows[] = {
    FIELD(alert, title, FIELD_TEXT, "one line", .flags = FIELD_REQUIRED,
          .min = 1, .max = 250),
    FIELD(alert, text, FIELD_TEXT, "what is the matter, and what to do",
          .flags = FIELD_NULL, .max = 4000),
    FIELD(alert, severity, FIELD_CHOICE, "how grave it is",
          .choices = severity_names, .fallback = "\"warning\""),
    FIELD(alert, printer_id, FIELD_ID, "about which printer",
          .flags = FIELD_NULL),
    FIELD(alert, job_id, FIELD_ID, "about which job", .flags = FIELD_NULL),
    FIELD(alert, order_id, FIELD_ID, "about which order", .flags = FIELD_NULL),
    FIELD(alert, channels, FIELD_LIST,
          "to the channels of these names; [] for those that want it",
          .max = 64),
};
static const struct fields alert_fields = TABLE("alert", alert, alert_rows);

struct raised {
    int64_t seq;
};
static const struct field raised_rows[] = {
    FIELD(raised, seq, FIELD_INT, "the number of its event in the journal",
          .flags = FIELD_READONLY),
};
static const struct fields raised_fields =
    TABLE("raised_alert", raised, raised_rows);

static void write_alert(const struct alert *alert, spd_jsonw *w)
{
    const spd_str *channels = alert->channels.items;
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "title", alert->title);
    jsonw_put_str(w, "text", alert->text);
    jsonw_put_str(w, "severity", str_of(severity_names[alert->severity]));
    if (alert->printer_id != 0)
        jsonw_put_int(w, "printer_id", alert->printer_id);
    if (alert->job_id != 0)
        jsonw_put_int(w, "job_id", alert->job_id);
    if (alert->order_id != 0)
        jsonw_put_int(w, "order_id", alert->order_id);
    if (alert->channels.count > 0)
        jsonw_begin(w, "channels", SPD_JSON_ARRAY);
    for (size_t i = 0; i < alert->channels.count; i++)
        jsonw_put_str(w, NULL, channels[i]);
    if (alert->channels.count > 0)
        jsonw_end(w);
    jsonw_end(w);
}

struct name_search {
    spd_str name;
    bool found;
};

static bool has_name(void *arg, const void *record)
{
    struct name_search *search = arg;
    search->found =
        str_equal(((const struct channel *)record)->name, search->name);
    return !search->found;
}

static spd_err judge_alert(struct call *call, spd_txn *txn,
                           const struct alert *alert)
{
    const spd_str *channels = alert->channels.items;
    for (size_t i = 0; i < alert->channels.count; i++) {
        struct name_search search = { channels[i], false };
        record_each(txn, &channel_kind, &(struct span){ 0 }, has_name, &search);
        if (!search.found)
            faults_add(call_faults(call), "channels",
                       "\"%.*s\" is the name of no channel",
                       STR_ARG(str_clip(channels[i], 80)));
    }
    if (alert->printer_id != 0 &&
        !record_exists(txn, shop_kind(STR("printer")), alert->printer_id))
        faults_add(call_faults(call), "printer_id", "there is no printer %lld",
                   (long long)alert->printer_id);
    return call_faults(call)->count == 0 ? SPD_OK : call_refuse_faults(call);
}

static spd_err trigger(struct call *call, spd_txn *txn)
{
    const struct alert *alert = call->body;
    struct buf data = { 0 };
    struct spd_error err;
    spd_jsonw w;
    int64_t seq;
    spd_err rc = judge_alert(call, txn, alert);
    if (rc != SPD_OK)
        return rc;
    jsonw_init(&w, &data);
    write_alert(alert, &w);
    struct change change = call_change(call, "alert.raised");
    rc = journal_append(txn, &change, buf_str(&data), &seq, &err);
    buf_fini(&data);
    if (rc != SPD_OK)
        return call_fail(call, &err);
    buf_printf(call_reply_buf(call), "{\"seq\":%lld}", (long long)seq);
    return SPD_OK;
}

/* -- previews -- */

struct preview {
    spd_str topic;
    int64_t printer_id, job_id, order_id, channel_id;
    spd_str title, text;
    spd_str template;
};
static const struct field preview_rows[] = {
    FIELD(preview, topic, FIELD_TEXT, "of which event",
          .fallback = "\"print.completed\"", .max = 80),
    FIELD(preview, printer_id, FIELD_ID, "of this printer; null: the latest",
          .flags = FIELD_NULL),
    FIELD(preview, job_id, FIELD_ID, "of this job; null: the latest",
          .flags = FIELD_NULL),
    FIELD(preview, order_id, FIELD_ID, "of this order; null: the latest",
          .flags = FIELD_NULL),
    FIELD(preview, channel_id, FIELD_ID, "as this channel would send it",
          .flags = FIELD_NULL),
    FIELD(preview, title, FIELD_TEXT, "of an alert", .flags = FIELD_NULL,
          .max = 250),
    FIELD(preview, text, FIELD_TEXT, "of an alert", .flags = FIELD_NULL,
          .max = 4000),
    FIELD(preview, template, FIELD_JSON,
          "a template to try, in place of the channel's", .flags = FIELD_NULL,
          .max = 16384),
};
static const struct fields preview_fields =
    TABLE("preview", preview, preview_rows);

static bool note_id(void *arg, const void *record)
{
    *(int64_t *)arg = *(const int64_t *)record;
    return false;
}

static int64_t latest_of(spd_txn *txn, const struct kind *kind)
{
    int64_t id = 0;
    struct span span = { .backwards = true, .limit = 1 };
    record_each(txn, kind, &span, note_id, &id);
    return id;
}

static int64_t id_asked(const struct preview *preview, const char *subject)
{
    if (str_is(str_of(subject), "printer"))
        return preview->printer_id;
    if (str_is(str_of(subject), "job"))
        return preview->job_id;
    return str_is(str_of(subject), "order") ? preview->order_id : 0;
}

static const char *sample_of(const char *subject)
{
    static const struct {
        const char *subject, *data;
    } samples[] = {
        { "printer", "{\"id\":1,\"name\":\"Left shelf 3\",\"model\":\"P1S\","
                     "\"location\":\"Workshop\",\"status\":\"idle\"}" },
        { "job", "{\"id\":1,\"job_name\":\"bracket\",\"status\":\"completed\","
                 "\"phase\":\"done\",\"failed_reason\":\"it came off the "
                 "plate\",\"estimated_duration_minutes\":90}" },
        { "material", "{\"id\":1,\"slot\":0,\"material_type\":\"PLA\","
                      "\"color\":\"#FFFFFF\",\"remaining_grams\":80}" },
        { "spool", "{\"id\":1,\"material\":\"PLA\",\"color\":\"#FFFFFF\","
                   "\"remaining_grams\":200,\"low_stock_threshold\":500}" },
        { "source", "{\"source\":\"market\",\"error\":\"it asks to be "
                    "connected again\"}" },
    };
    for (size_t i = 0; i < SPD_COUNT(samples); i++)
        if (str_is(str_of(subject), samples[i].subject))
            return samples[i].data;
    return "{\"id\":1}";
}

/* A record of the shop as the event's data; made up where there is none. */
static spd_err find_data(struct call *call, spd_txn *txn,
                         const struct words *words, spd_str *data)
{
    const struct preview *preview = call->body;
    const struct kind *kind = shop_kind(str_of(words->subject));
    int64_t id = id_asked(preview, words->subject);
    struct spd_error err;
    if (str_is(str_of(words->subject), "alert")) {
        struct buf text = { 0 };
        spd_jsonw w;
        struct alert alert = { .title = preview->title,
                               .text = preview->text,
                               .severity = SEVERITY_WARNING };
        jsonw_init(&w, &text);
        write_alert(&alert, &w);
        *data = arena_str(&call->arena, buf_str(&text));
        buf_fini(&text);
        return SPD_OK;
    }
    if (kind != NULL && id == 0)
        id = latest_of(txn, kind);
    *data = str_of(sample_of(words->subject));
    if (kind == NULL || id == 0)
        return SPD_OK;
    return record_text(txn, kind, id, data, &err) == SPD_OK
               ? SPD_OK
               : call_fail(call, &err);
}

static void show_message(const struct message *message, spd_jsonw *w)
{
    jsonw_put_str(w, "topic", message->topic);
    jsonw_put_str(w, "severity", str_of(severity_names[message->severity]));
    jsonw_put_str(w, "title", message->title);
    jsonw_put_str(w, "text", message->text);
    if (message->link.len > 0)
        jsonw_put_str(w, "link", message->link);
}

/* As the channel's notifier would send it. */
static spd_err show_sent(struct call *call, struct lane *lane,
                         const struct message *message, spd_jsonw *w)
{
    const struct preview *preview = call->body;
    struct shop *shop = lane->outbox->shop;
    struct spd_error err = { 0 };
    const struct notifier *notifier =
        notifier_find(shop->notifiers, lane->channel.kind);
    if (notifier == NULL || notifier->row->preview == NULL)
        return SPD_OK;
    struct lane as = *lane;
    if (preview->template.len > 0)
        as.channel.template = preview->template;
    struct delivery delivery = { .created_at = message->at };
    struct buf text = { 0 };
    lane_write_notice(&as, message, &delivery, NULL, &text);
    spd_json *notice = json_parse(buf_str(&text), &err);
    buf_fini(&text);
    spd_err rc = err.code;
    jsonw_begin(w, "sent", SPD_JSON_OBJECT);
    if (notice != NULL) {
        const char *before = loop_enter(shop->loop, notifier->who);
        rc = notifier->row->preview(notifier->self, notice, w, &err);
        loop_leave(shop->loop, before);
    }
    jsonw_end(w);
    json_free(notice);
    return rc == SPD_OK ? SPD_OK : call_fail(call, &err);
}

static void show_custom(const struct preview *preview,
                        const struct message *message, spd_jsonw *w)
{
    struct buf text = { 0 };
    spd_jsonw notice;
    jsonw_init(&notice, &text);
    jsonw_begin(&notice, NULL, SPD_JSON_OBJECT);
    message_write(message, &notice);
    jsonw_end(&notice);
    spd_json *root = json_parse(buf_str(&text), NULL);
    spd_json *template = json_parse(preview->template, NULL);
    template_fill(template, root, w, "custom");
    json_free(root);
    json_free(template);
    buf_fini(&text);
}

static spd_err judge_template(struct call *call, const struct preview *preview)
{
    struct spd_error err;
    if (preview->template.len == 0)
        return SPD_OK;
    spd_json *template = json_parse(preview->template, &err);
    spd_err rc = template == NULL
                     ? err.code
                     : template_check(template, message_knows, &err);
    json_free(template);
    if (rc == SPD_OK)
        return SPD_OK;
    faults_add(call_faults(call), "template", "%s", err.text);
    return call_refuse_faults(call);
}

static spd_err show_preview(struct call *call, spd_txn *txn, struct lane *lane,
                            const spd_json *data)
{
    struct outbox *outbox = call->self;
    const struct preview *preview = call->body;
    struct composer composer = outbox_composer(outbox, &call->arena);
    struct occurrence event = { .at = shop_now_ms(outbox->shop),
                                .topic = preview->topic,
                                .data = data,
                                .printer_id = preview->printer_id };
    struct message message;
    enum notify_switch by;
    if (!compose(&composer, txn, &event, &message, &by))
        return call_refuse(call, REFUSE_CONTENT,
                           "of such data nobody is told by %.*s",
                           STR_ARG(preview->topic));
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    show_message(&message, w);
    if (preview->template.len > 0)
        show_custom(preview, &message, w);
    spd_err rc = lane == NULL ? SPD_OK : show_sent(call, lane, &message, w);
    jsonw_end(w);
    return rc;
}

static const struct words *words_of(spd_str topic)
{
    const struct words *words;
    for (size_t i = 0; (words = words_at(i)) != NULL; i++)
        if (str_is(topic, words->topic))
            return words;
    return NULL;
}

static spd_err preview_alert(struct call *call, spd_txn *txn)
{
    struct outbox *outbox = call->self;
    struct preview *preview = arena_new(&call->arena, sizeof(*preview));
    fields_init(&preview_fields, preview);
    call_patch(call, preview);
    call->body = preview;
    const struct words *words = words_of(preview->topic);
    struct lane *lane = lane_find(outbox, preview->channel_id);
    spd_str text;
    if (words == NULL) {
        faults_add(call_faults(call), "topic",
                   "is nothing that people are told of; alerts.topics lists "
                   "what there is");
        return call_refuse_faults(call);
    }
    if (preview->channel_id != 0 && lane == NULL)
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no channel %lld",
                           (long long)preview->channel_id);
    spd_err rc = judge_template(call, preview);
    if (rc == SPD_OK)
        rc = find_data(call, txn, words, &text);
    if (rc != SPD_OK)
        return rc;
    spd_json *data = json_parse(text, NULL);
    rc = show_preview(call, txn, lane, data);
    json_free(data);
    return rc;
}

static const char *switch_name(enum notify_switch by)
{
    static const char *const names[] = {
        [NOTIFY_ALWAYS] = "always",
        [NOTIFY_ASKED] = "only channels that list it",
        [NOTIFY_START] = "notify_print_start",
        [NOTIFY_COMPLETE] = "notify_print_complete",
        [NOTIFY_FAILED] = "notify_print_failed",
        [NOTIFY_MATERIAL] = "notify_material_change",
        [NOTIFY_MAINTENANCE] = "notify_maintenance",
    };
    return names[by];
}

static spd_err list_topics(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct words *words;
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    for (size_t i = 0; (words = words_at(i)) != NULL; i++) {
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        jsonw_put_str(w, "topic", str_of(words->topic));
        jsonw_put_str(w, "when", str_of(words->doc));
        jsonw_put_str(w, "told", str_of(switch_name(words->by)));
        jsonw_put_str(w, "severity", str_of(severity_names[words->severity]));
        jsonw_end(w);
    }
    jsonw_end(w);
    return SPD_OK;
}

static const struct op outbox_op_rows[] = {
    { .name = "channels.test",
      .route = "POST /api/channels/{id}/test",
      .doc = "Send a test message to a channel, and say what became of it",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = test_channel },
    { .name = "alerts.trigger",
      .route = "POST /api/alerts/trigger",
      .doc = "Tell people something",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &alert_fields,
      .reply = &raised_fields,
      .run = trigger },
    { .name = "alerts.preview",
      .route = "POST /api/alerts/preview",
      .doc = "How a message would read, and be sent; sends nothing",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .body = &preview_fields,
      .run = preview_alert },
    { .name = "alerts.topics",
      .route = "GET /api/alerts/topics",
      .doc = "What people can be told of, and what decides whether they are",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = list_topics },
};

spd_err outbox_add_ops(struct outbox *outbox, struct spd_error *err)
{
    return ops_add(outbox->shop->ops, outbox_op_rows, SPD_COUNT(outbox_op_rows),
                   outbox, err);
}
