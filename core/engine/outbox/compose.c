/* An event becomes a message: who and what it is about is looked up, and the
 * words are filled in. */
#include <math.h>
#include <stdlib.h>

#include "base/moment.h"
#include "engine/outbox/outbox_internal.h"
#include "shop/attempt.h"
#include "shop/fleet.h"
#include "shop/template.h"

/* -- who and what -- */

struct scene {
    const struct composer *composer;
    spd_txn *txn;
    const struct words *words;
    const struct occurrence *event;
    int64_t printer_id, job_id, order_id;
};

static int64_t id_in(const spd_json *data, const char *member)
{
    return json_as_int(json_member(data, member), 0);
}

/* An attempt's event stands right before that of its job: it knows where. */
static bool note_printer(void *arg, const struct event *event)
{
    struct scene *scene = arg;
    if (event->seq >= scene->event->seq ||
        !str_starts(event->topic, STR("attempt.")))
        return false;
    spd_json *doc = json_parse(event->text, NULL);
    const spd_json *data = json_member(doc, "data");
    if (id_in(data, "job_id") == scene->job_id)
        scene->printer_id = id_in(data, "printer_id");
    json_free(doc);
    return false;
}

static void find_printer_of_job(struct scene *scene)
{
    struct attempt attempt;
    if (scene->event->seq > 1)
        journal_each(scene->txn, scene->event->seq - 2, note_printer, scene);
    if (scene->printer_id == 0 &&
        attempt_of_job(scene->txn, scene->job_id, &attempt,
                       scene->composer->arena))
        scene->printer_id = attempt.printer_id;
    if (scene->printer_id == 0)
        scene->printer_id = id_in(scene->event->data, "printer_id");
}

static void find_parts(struct scene *scene)
{
    const spd_json *data = scene->event->data;
    const char *subject = scene->words->subject;
    scene->printer_id = scene->event->printer_id;
    scene->job_id = id_in(data, "job_id");
    scene->order_id = id_in(data, "order_id");
    if (str_is(str_of(subject), "job"))
        scene->job_id = id_in(data, "id");
    else if (str_is(str_of(subject), "printer"))
        scene->printer_id = id_in(data, "id");
    else if (str_is(str_of(subject), "order"))
        scene->order_id = id_in(data, "id");
    if (scene->printer_id == 0 && scene->job_id != 0)
        find_printer_of_job(scene);
    if (scene->printer_id == 0)
        scene->printer_id = id_in(data, "printer_id");
}

static void put_record(const struct scene *scene, const char *name, int64_t id,
                       spd_jsonw *w)
{
    const struct kind *kind = shop_kind(str_of(name));
    spd_str text;
    if (id == 0 || kind == NULL ||
        str_is(str_of(name), scene->words->subject) ||
        record_text(scene->txn, kind, id, &text, NULL) != SPD_OK)
        return;
    spd_json *record = json_parse(text, NULL);
    message_write_subject(name, record, w);
    json_free(record);
}

/* The notice's "event". */
static spd_str write_event(const struct scene *scene)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    message_write_subject(scene->words->subject, scene->event->data, &w);
    put_record(scene, "printer", scene->printer_id, &w);
    put_record(scene, "job", scene->job_id, &w);
    put_record(scene, "order", scene->order_id, &w);
    jsonw_end(&w);
    spd_str event = arena_str(scene->composer->arena, buf_str(&text));
    buf_fini(&text);
    return event;
}

/* -- words -- */

typedef void fill_fn(spd_str text, const spd_json *root, struct buf *out);

static spd_str filled(const struct composer *composer, fill_fn *fill,
                      const char *text, const spd_json *event, size_t max)
{
    struct buf out = { 0 };
    fill(str_of(text), event, &out);
    spd_str kept = arena_str(composer->arena, str_clip(buf_str(&out), max));
    buf_fini(&out);
    return kept;
}

static spd_str link_to(const struct composer *composer, const char *page,
                       const spd_json *event)
{
    if (composer->url.len == 0 || page == NULL || page[0] == '\0')
        return (spd_str){ NULL, 0 };
    spd_str path = filled(composer, template_line, page, event, 200);
    return arena_printf(composer->arena, "%.*s/%.*s", STR_ARG(composer->url),
                        STR_ARG(path));
}

static void write_facts(const struct composer *composer, const spd_json *event,
                        spd_jsonw *w)
{
    jsonw_begin(w, "facts", SPD_JSON_ARRAY);
    for (const struct fact_words *f = words_facts; f->name != NULL; f++) {
        spd_str value = filled(composer, template_words, f->value, event, 1000);
        if (value.len == 0)
            continue;
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        jsonw_put_str(w, "name", str_of(f->name));
        jsonw_put_str(w, "value", value);
        jsonw_end(w);
    }
    jsonw_end(w);
}

/* How far the print is, of those that have begun. */
static double progress_of(const struct scene *scene)
{
    spd_str topic = scene->event->topic;
    if (scene->job_id == 0 || !str_starts(topic, STR("print.")))
        return NAN;
    if (str_is(topic, "print.started"))
        return 0;
    if (str_is(topic, "print.completed"))
        return 100;
    const struct live *live =
        scene->composer->shop->fleet == NULL
            ? NULL
            : fleet_find(scene->composer->shop->fleet, scene->printer_id);
    return live == NULL ? NAN : live->box.state.progress_pct;
}

static spd_str write_details(const struct scene *scene, spd_str event_text,
                             const spd_json *event)
{
    struct buf text = { 0 };
    spd_jsonw w;
    double progress_pct = progress_of(scene);
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    write_facts(scene->composer, event, &w);
    jsonw_put_raw(&w, "event", event_text);
    if (!isnan(progress_pct))
        jsonw_put_real(&w, "progress_pct", progress_pct);
    jsonw_end(&w);
    spd_str details = arena_str(scene->composer->arena, buf_str(&text));
    buf_fini(&text);
    return details;
}

/* An alert says itself how grave it is. */
static int severity_of(const struct scene *scene)
{
    spd_str said =
        json_as_str(json_member(scene->event->data, "severity"), STR(""));
    if (str_is(str_of(scene->words->subject), "alert"))
        for (int i = 0; severity_names[i] != NULL; i++)
            if (str_is(said, severity_names[i]))
                return i;
    return (int)scene->words->severity;
}

static spd_str topic_of(const struct scene *scene)
{
    return str_is(str_of(scene->words->subject), "alert")
               ? STR("alert")
               : str_of(scene->words->topic);
}

enum { TITLE_MAX = 250, WORDS_MAX = 4000 };

static void fill_message(const struct scene *scene, struct message *message)
{
    const struct composer *composer = scene->composer;
    const struct words *words = scene->words;
    spd_str text = write_event(scene);
    spd_json *event = json_parse(text, NULL);
    *message = (struct message){
        .seq = scene->event->seq,
        .topic = topic_of(scene),
        .at = scene->event->at,
        .severity = severity_of(scene),
        .title =
            filled(composer, template_line, words->title, event, TITLE_MAX),
        .text = filled(composer, template_words, words->text, event, WORDS_MAX),
        .link = link_to(composer, words->page, event),
        .printer_id = scene->printer_id,
        .job_id = scene->job_id,
        .order_id = scene->order_id,
        .details = write_details(scene, text, event),
    };
    json_free(event);
}

static void add_print(const struct scene *scene, struct message *message)
{
    if (scene->job_id == 0)
        return;
    message->thread = arena_printf(scene->composer->arena, "job-%lld",
                                   (long long)scene->job_id);
    if (!str_is(str_of(scene->words->subject), "job"))
        return;
    message->file_id = id_in(scene->event->data, "file_id");
    message->plate = id_in(scene->event->data, "plate");
}

bool compose(const struct composer *composer, spd_txn *txn,
             const struct occurrence *event, struct message *message,
             enum notify_switch *by)
{
    struct scene scene = {
        .composer = composer,
        .txn = txn,
        .words = words_find(event->topic, event->data),
        .event = event,
    };
    if (scene.words == NULL)
        return false;
    find_parts(&scene);
    fill_message(&scene, message);
    add_print(&scene, message);
    *by = scene.words->by;
    return true;
}

/* -- several as one -- */

static void write_item(const struct message *item, spd_jsonw *w)
{
    char at[MOMENT_BYTES];
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "topic", item->topic);
    jsonw_put_str(w, "at", moment_text(item->at, at));
    jsonw_put_str(w, "severity", str_of(severity_names[item->severity]));
    jsonw_put_str(w, "title", item->title);
    jsonw_put_str(w, "text", str_clip(item->text, 500));
    if (item->link.len > 0)
        jsonw_put_str(w, "link", item->link);
    jsonw_end(w);
}

static spd_str write_items(const struct composer *composer,
                           const struct message *items, size_t count)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_begin(&w, "facts", SPD_JSON_ARRAY);
    jsonw_end(&w);
    jsonw_begin(&w, "event", SPD_JSON_OBJECT);
    jsonw_end(&w);
    jsonw_begin(&w, "items", SPD_JSON_ARRAY);
    for (size_t i = 0; i < count; i++)
        write_item(&items[i], &w);
    jsonw_end(&w);
    jsonw_end(&w);
    spd_str details = arena_str(composer->arena, buf_str(&text));
    buf_fini(&text);
    return details;
}

void compose_gathered(const struct composer *composer,
                      const struct words *words, const struct message *items,
                      size_t count, int64_t now_ms, struct message *message)
{
    struct buf lines = { 0 }, number = { 0 };
    *message = (struct message){
        .topic = str_of(words->topic),
        .at = now_ms,
        .link = composer->url,
        .details = write_items(composer, items, count),
    };
    for (size_t i = 0; i < count; i++) {
        buf_printf(&lines, "%s%.*s", i == 0 ? "" : "\n",
                   STR_ARG(items[i].title));
        if (items[i].severity > message->severity)
            message->severity = items[i].severity;
    }
    buf_printf(&number, "{\"count\":%zu}", count);
    spd_json *root = json_parse(buf_str(&number), NULL);
    message->title =
        filled(composer, template_line, words->title, root, TITLE_MAX);
    message->text =
        arena_str(composer->arena, str_clip(buf_str(&lines), WORDS_MAX));
    json_free(root);
    buf_fini(&number);
    buf_fini(&lines);
}
