#include "shop/channel.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "ops/guest_fields.h"
#include "shop/guest_settings.h"
#include "shop/message.h"
#include "shop/template.h"

enum { TEMPLATE_MAX_BYTES = 16 * 1024 };

static const struct field channel_rows[] = {
    FIELD(channel, id, FIELD_ID, "the channel's id", .flags = FIELD_READONLY),
    FIELD(channel, user_id, FIELD_ID, "who added it", .flags = FIELD_READONLY),
    FIELD(channel, name, FIELD_TEXT, "what the shop calls it",
          .flags = FIELD_REQUIRED, .min = 1, .max = 80,
          .example = "\"Workshop\""),
    FIELD(channel, kind, FIELD_TEXT,
          "how people are told; channels.kinds lists what there is, and with "
          "--json what each asks for",
          .flags = FIELD_REQUIRED, .min = 1, .max = 40,
          .example = "\"webhook\""),
    FIELD(channel, enabled, FIELD_BOOL, "is anything sent to it?",
          .fallback = "true"),
    FIELD(channel, disabled_reason, FIELD_TEXT,
          "why it was switched off; null: a person did it, or it is on",
          .flags = FIELD_READONLY),
    FIELD(channel, allow_private, FIELD_BOOL,
          "may its address lie in a private network? For administrators to "
          "say",
          .fallback = "false"),
    FIELD(channel, printer_id, FIELD_ID,
          "only what is about this printer; null: all", .flags = FIELD_NULL),
    FIELD(channel, topics, FIELD_LIST,
          "exactly these topics (print.*); [] for what the printers' "
          "notifications say",
          .max = 64, .example = "[\"print.failed\"]"),
    FIELD(channel, min_severity, FIELD_CHOICE, "nothing less grave than this",
          .choices = severity_names),
    FIELD(channel, quiet_from, FIELD_TEXT,
          "hold messages from then on, local time; null: never",
          .flags = FIELD_NULL, .max = 5, .example = "\"22:00\""),
    FIELD(channel, quiet_to, FIELD_TEXT, "until then", .flags = FIELD_NULL,
          .max = 5, .example = "\"07:00\""),
    FIELD(channel, digest_minutes, FIELD_INT,
          "gather messages and send them together every so many minutes; "
          "null: at once",
          .flags = FIELD_NULL, .min = 1, .max = 10080),
    FIELD(channel, hold_urgent, FIELD_BOOL,
          "hold and gather errors as well? Else they are sent at once",
          .fallback = "false"),
    FIELD(channel, per_minute, FIELD_INT,
          "more messages than this are gathered into one; 0: no limit; null: "
          "as the other side likes it",
          .flags = FIELD_NULL, .max = 100000),
    FIELD(channel, template, FIELD_JSON,
          "send this instead of the usual form; {{title}}, {{event.job.id}} "
          "and the like are filled in",
          .flags = FIELD_NULL, .max = TEMPLATE_MAX_BYTES,
          .example = "{\"content\":\"{{title}}\"}"),
    FIELD(channel, created_at, FIELD_TIME, "when it was added",
          .flags = FIELD_READONLY),
    FIELD(channel, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
    FIELD(channel, settings, FIELD_JSON, "the notifier's settings",
          .flags = FIELD_INTERNAL),
    FIELD(channel, sealed, FIELD_TEXT, "the secret ones, sealed",
          .flags = FIELD_INTERNAL),
};
const struct fields channel_fields = TABLE("channel", channel, channel_rows);

static bool by_name(const void *record, struct key *key)
{
    key_put_text(key, ((const struct channel *)record)->name);
    return true;
}

static const struct index channel_indexes[] = {
    { .name = "name", .key = by_name, .flags = INDEX_UNIQUE },
};

static void show_settings(const void *record, spd_jsonw *w)
{
    guest_settings_show(((const struct channel *)record)->settings, w);
}

const struct kind channel_kind = {
    .name = "channel",
    .plural = "channels",
    .fields = &channel_fields,
    .indexes = channel_indexes,
    .index_count = SPD_COUNT(channel_indexes),
    .show = show_settings,
};

/* -- settings -- */

/* A new channel has no id yet: its moment of birth binds its secrets. */
static struct guest_settings settings_of(const struct channel *channel,
                                         struct arena *arena)
{
    return (struct guest_settings){
        .own = &channel_fields,
        .plural = "channels",
        .name = channel->name,
        .context =
            arena_printf(arena, "channel/%lld", (long long)channel->created_at),
        .shown = channel->settings,
        .sealed = channel->sealed,
    };
}

spd_err channel_describe(const struct shop *shop, const struct channel *channel,
                         struct buf *json, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct guest_settings of = settings_of(channel, &arena);
    spd_jsonw w;
    jsonw_init(&w, json);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(&w, "id", channel->id);
    jsonw_put_str(&w, "name", channel->name);
    jsonw_put_str(&w, "kind", channel->kind);
    jsonw_put_bool(&w, "allow_private", channel->allow_private);
    spd_err rc = guest_settings_open(shop, &of, &w, err);
    jsonw_end(&w);
    arena_fini(&arena);
    return rc;
}

static spd_err need_notifier(struct call *call, const struct channel *channel,
                             const struct notifier **notifier)
{
    struct shop *shop = call->self;
    struct buf kinds = { 0 };
    *notifier = notifier_find(shop->notifiers, channel->kind);
    if (*notifier != NULL)
        return SPD_OK;
    const struct notifier *n = notifiers_first(shop->notifiers);
    for (; n != NULL; n = n->next)
        buf_printf(&kinds, "%s%s", kinds.len > 0 ? ", " : "", n->row->kind);
    faults_add(call_faults(call), "kind",
               "\"%.*s\" is served by no loaded plugin; there are: %.*s",
               STR_ARG(channel->kind), STR_ARG(buf_str(&kinds)));
    buf_fini(&kinds);
    return call_refuse_faults(call);
}

/* The notifier's own opinion of the settings as they will stand. */
static spd_err ask_notifier(struct call *call, const struct notifier *notifier,
                            const struct channel *channel)
{
    struct shop *shop = call->self;
    struct spd_error err = { 0 };
    struct buf text = { 0 };
    if (notifier->row->check == NULL)
        return SPD_OK;
    spd_err rc = channel_describe(shop, channel, &text, &err);
    spd_json *described =
        rc == SPD_OK ? json_parse(buf_str(&text), &err) : NULL;
    if (described != NULL) {
        const char *before = loop_enter(shop->loop, notifier->who);
        rc = notifier->row->check(notifier->self, described, &err);
        loop_leave(shop->loop, before);
    }
    json_free(described);
    buf_fini(&text);
    return rc == SPD_OK ? SPD_OK
                        : call_refuse(call, REFUSE_CONTENT, "%s", err.text);
}

static spd_err take_settings(struct call *call, const struct notifier *notifier,
                             enum fields_mode mode, const spd_json *given,
                             struct channel *channel)
{
    struct guest_settings of = settings_of(channel, &call->arena);
    of.who = notifier->who;
    of.rows = notifier->row->settings;
    spd_err rc = guest_settings_take(call, mode, given, &of);
    channel->settings = of.shown;
    channel->sealed = of.sealed;
    return rc == SPD_OK ? ask_notifier(call, notifier, channel) : rc;
}

/* -- judging -- */

static bool is_clock(spd_str text)
{
    int64_t hour, minute;
    spd_str hours = str_cut(&text, ':');
    return hours.len == 2 && text.len == 2 && str_to_int(hours, &hour) &&
           str_to_int(text, &minute) && hour >= 0 && hour < 24 && minute >= 0 &&
           minute < 60;
}

static void judge_clock(struct call *call, const char *name, spd_str text)
{
    if (text.len > 0 && !is_clock(text))
        faults_add(call_faults(call), name,
                   "must be a time of day such as \"22:00\"");
}

static void judge_quiet(struct call *call, const struct channel *channel)
{
    judge_clock(call, "quiet_from", channel->quiet_from);
    judge_clock(call, "quiet_to", channel->quiet_to);
    if ((channel->quiet_from.len > 0) != (channel->quiet_to.len > 0))
        faults_add(call_faults(call), "quiet_to",
                   "must be given together with quiet_from, or neither");
    else if (channel->quiet_to.len > 0 &&
             str_equal(channel->quiet_from, channel->quiet_to))
        faults_add(call_faults(call), "quiet_to",
                   "is the same as quiet_from: it would never be quiet");
}

static void judge_topics(struct call *call, const struct channel *channel)
{
    const spd_str *topics = channel->topics.items;
    for (size_t i = 0; i < channel->topics.count; i++)
        if (!words_fit(topics[i]))
            faults_add(call_faults(call), "topics",
                       "\"%.*s\" is nothing that people are told of; "
                       "alerts.topics lists what there is",
                       STR_ARG(str_clip(topics[i], 80)));
}

static void judge_template(struct call *call, const struct notifier *notifier,
                           const struct channel *channel)
{
    struct spd_error err = { 0 };
    if (channel->template.len == 0)
        return;
    if ((notifier->row->flags & SPD_NOTIFIER_CUSTOM) == 0) {
        faults_add(call_faults(call), "template",
                   "channels of the kind %s have a form of their own only",
                   notifier->row->kind);
        return;
    }
    spd_json *template = json_parse(channel->template, &err);
    if (template == NULL ||
        template_check(template, message_knows, &err) != SPD_OK)
        faults_add(call_faults(call), "template", "%s", err.text);
    json_free(template);
}

static spd_err judge_channel(struct call *call, spd_txn *txn,
                             const struct notifier *notifier,
                             const struct channel *channel)
{
    judge_quiet(call, channel);
    judge_topics(call, channel);
    judge_template(call, notifier, channel);
    const struct kind *printers = shop_kind(STR("printer"));
    if (channel->printer_id != 0 &&
        !record_exists(txn, printers, channel->printer_id))
        faults_add(call_faults(call), "printer_id", "there is no printer %lld",
                   (long long)channel->printer_id);
    return call_faults(call)->count == 0 ? SPD_OK : call_refuse_faults(call);
}

/* Whoever may let a channel into the private network also decides what is
 * asked for there. */
static spd_err judge_privacy(struct call *call, bool was_private,
                             const struct channel *channel,
                             const spd_json *given)
{
    if (call->actor->role >= SPD_ADMIN)
        return SPD_OK;
    if (channel->allow_private && !was_private)
        return call_refuse(call, REFUSE_FORBIDDEN,
                           "only an administrator may let a channel into "
                           "private networks");
    if (channel->allow_private && json_count(given) > 0)
        return call_refuse(call, REFUSE_FORBIDDEN,
                           "only an administrator may change the address of a "
                           "channel that may reach private networks");
    return SPD_OK;
}

/* -- operations -- */

static spd_err list_channels(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &channel_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err get_channel(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_record(call, txn, &channel_kind, which->id);
}

static spd_err put_channel(struct call *call, spd_txn *txn,
                           struct channel *channel, const char *topic)
{
    struct spd_error err;
    struct change change = call_change(call, topic);
    channel->updated_at = shop_now_ms(call->self);
    if (record_put(txn, &channel_kind, channel, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &channel_kind, channel->id);
}

/* All that is asked of a channel before it is written. */
static spd_err accept_channel(struct call *call, spd_txn *txn,
                              enum fields_mode mode, bool was_private,
                              struct channel *channel)
{
    const struct notifier *notifier;
    spd_err rc = need_notifier(call, channel, &notifier);
    if (rc == SPD_OK)
        rc = judge_channel(call, txn, notifier, channel);
    if (rc != SPD_OK)
        return rc;
    struct guest_settings of = settings_of(channel, &call->arena);
    spd_json *given = guest_settings_pick(call, &of);
    rc = judge_privacy(call, was_private, channel, given);
    if (rc == SPD_OK)
        rc = take_settings(call, notifier, mode, given, channel);
    json_free(given);
    return rc;
}

static spd_err create_channel(struct call *call, spd_txn *txn)
{
    struct channel channel = *(struct channel *)call->body;
    channel.user_id = call->actor->person_id;
    channel.created_at = shop_now_ms(call->self);
    spd_err rc = accept_channel(call, txn, FIELDS_CREATE, false, &channel);
    return rc == SPD_OK ? put_channel(call, txn, &channel, "channel.created")
                        : rc;
}

static spd_err update_channel(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct channel channel;
    spd_err rc = call_get(call, txn, &channel_kind, which->id, &channel);
    if (rc != SPD_OK)
        return rc;
    spd_str kind = channel.kind;
    bool was_private = channel.allow_private;
    call_patch(call, &channel);
    if (!str_equal(kind, channel.kind))
        return call_refuse(call, REFUSE_CONFLICT,
                           "a channel keeps its kind; make another one");
    if (channel.enabled)
        channel.disabled_reason = (spd_str){ NULL, 0 };
    rc = accept_channel(call, txn, FIELDS_PATCH, was_private, &channel);
    return rc == SPD_OK ? put_channel(call, txn, &channel, "channel.updated")
                        : rc;
}

static spd_err delete_channel(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct spd_error err;
    struct change change = call_change(call, "channel.deleted");
    if (record_del(txn, &channel_kind, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    buf_printf(call_reply_buf(call), "{\"id\":%lld}", (long long)which->id);
    return SPD_OK;
}

static void show_kind(const struct notifier *notifier, spd_jsonw *w)
{
    const struct spd_notifier *row = notifier->row;
    struct fields *settings;
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "kind", str_of(row->kind));
    jsonw_put_str(w, "doc", row->doc == NULL ? STR("") : str_of(row->doc));
    jsonw_put_str(w, "plugin", str_of(notifier->who));
    jsonw_put_bool(w, "templates", (row->flags & SPD_NOTIFIER_CUSTOM) != 0);
    jsonw_put_int(w, "per_minute", row->per_minute);
    if (guest_fields_new(&settings, row->kind, row->settings, NULL) == SPD_OK) {
        fields_schema(settings, true, w, "settings");
        guest_fields_free(settings);
    }
    jsonw_end(w);
}

static spd_err list_kinds(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    const struct notifier *n = notifiers_first(shop->notifiers);
    for (; n != NULL; n = n->next)
        show_kind(n, w);
    jsonw_end(w);
    return SPD_OK;
}

static const struct op channel_ops[] = {
    { .name = "channels.list",
      .route = "GET /api/channels",
      .doc = "All channels",
      .role = SPD_OPERATOR,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &channel_fields,
      .run = list_channels },
    { .name = "channels.get",
      .route = "GET /api/channels/{id}",
      .doc = "One channel",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &channel_fields,
      .run = get_channel },
    { .name = "channels.kinds",
      .route = "GET /api/channel-kinds",
      .doc = "The kinds of channels there are, and what each asks for",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .run = list_kinds },
    { .name = "channels.create",
      .route = "POST /api/channels",
      .doc = "Add a channel; what its kind asks for stands beside the fields",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_CREATE | OP_OPEN,
      .body = &channel_fields,
      .reply = &channel_fields,
      .run = create_channel },
    { .name = "channels.update",
      .route = "PUT /api/channels/{id}",
      .doc = "Change what is given and leave the rest",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_OPEN,
      .params = &id_param_fields,
      .body = &channel_fields,
      .reply = &channel_fields,
      .run = update_channel },
    { .name = "channels.delete",
      .route = "DELETE /api/channels/{id}",
      .doc = "Take a channel away, and what waits for it",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .run = delete_channel },
};

spd_err channel_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, channel_ops, SPD_COUNT(channel_ops), shop, err);
}

/* -- a printer's own channel -- */

static spd_err write_own(struct call *call, spd_txn *txn,
                         struct channel *channel, enum fields_mode mode,
                         spd_str url)
{
    const struct notifier *notifier;
    struct buf text = { 0 };
    spd_jsonw w;
    struct spd_error err;
    spd_err rc = need_notifier(call, channel, &notifier);
    if (rc != SPD_OK)
        return rc;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "url", url);
    jsonw_end(&w);
    spd_json *given = json_parse(buf_str(&text), &err);
    buf_fini(&text);
    rc = take_settings(call, notifier, mode, given, channel);
    json_free(given);
    if (rc != SPD_OK)
        return rc;
    struct change change = call_change(
        call, channel->id == 0 ? "channel.created" : "channel.updated");
    channel->updated_at = shop_now_ms(call->self);
    rc = record_put(txn, &channel_kind, channel, &change, &err);
    return rc == SPD_OK ? SPD_OK : call_fail(call, &err);
}

static spd_err end_own(struct call *call, spd_txn *txn, int64_t *channel_id)
{
    struct spd_error err;
    struct change change = call_change(call, "channel.deleted");
    spd_err rc = SPD_OK;
    if (*channel_id != 0)
        rc = record_del(txn, &channel_kind, *channel_id, &change, &err);
    *channel_id = 0;
    return rc == SPD_OK || rc == SPD_ENOTFOUND ? SPD_OK : call_fail(call, &err);
}

/* Another address is another network: the tick was for the old one. */
spd_err channel_of_printer(struct call *call, spd_txn *txn, int64_t printer_id,
                           spd_str url, int64_t *channel_id)
{
    struct channel channel;
    if (url.len == 0)
        return end_own(call, txn, channel_id);
    bool is_there =
        *channel_id != 0 && record_get(txn, &channel_kind, *channel_id,
                                       &channel, &call->arena, NULL) == SPD_OK;
    if (!is_there) {
        fields_init(&channel_fields, &channel);
        channel.kind = STR("webhook");
        channel.name = arena_printf(&call->arena, "Webhook of printer %lld",
                                    (long long)printer_id);
        channel.printer_id = printer_id;
        channel.user_id = call->actor->person_id;
        channel.created_at = shop_now_ms(call->self);
    }
    channel.enabled = true;
    channel.disabled_reason = (spd_str){ NULL, 0 };
    channel.allow_private &= call->actor->role >= SPD_ADMIN;
    spd_err rc = write_own(call, txn, &channel,
                           is_there ? FIELDS_PATCH : FIELDS_CREATE, url);
    *channel_id = channel.id;
    return rc;
}
