/* Messages of a printer.  The bytes are lines, each a message on one line's
 * topic, heard one after the other, as a driver hears them: whatever they
 * are, merging them and telling the result stays within bounds, and what is
 * told is JSON. */
#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "loose.h"
#include "status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct spd_json_api json = {
    .size = sizeof(json),
    .type = json_type,
    .member = json_member,
    .item = json_item,
    .count = json_count,
    .as_bool = json_as_bool,
    .as_int = json_as_int,
    .as_real = json_as_real,
    .as_str = json_as_str,
    .parse = json_parse,
    .free = json_free,
    .writer = jsonw_new,
    .begin = jsonw_begin,
    .end = jsonw_end,
    .put_bool = jsonw_put_bool,
    .put_int = jsonw_put_int,
    .put_real = jsonw_put_real,
    .put_str = jsonw_put_str,
    .text = jsonw_text,
    .writer_free = jsonw_free,
    .put_null = jsonw_put_null,
};

struct printer {
    struct report report;
    struct job job;
    struct status told;
    int64_t now_ms;
};

static void tell(struct printer *p)
{
    struct status now;
    struct spd_error err = { 0 };
    spd_str text = { 0 };
    const struct model *model = model_find(text_of(p->report.product));
    status_derive(&now, &p->report, &p->job,
                  model != NULL ? model : model_unknown());
    spd_jsonw *w = jsonw_new();
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    size_t news = status_write(&now, &p->told, &json, w);
    jsonw_end(w);
    assert(jsonw_text(w, &text) == SPD_OK);
    spd_json *again = json_parse(text, &err);
    assert(again != NULL && json_count(again) == news);
    json_free(again);
    jsonw_free(w);
    memcpy(&p->told, &now, sizeof(now));
}

static void hear(struct printer *p, spd_str line)
{
    struct spd_error err = { 0 };
    spd_json *doc = json_parse(line, &err);
    if (doc == NULL)
        return;
    p->now_ms += 1000;
    report_merge_version(&p->report, &json, json_member(doc, "info"));
    (void)report_merge(&p->report, &json, json_member(doc, "print"));
    (void)job_update(&p->job, &p->report, p->now_ms);
    tell(p);
    json_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct printer p = { .now_ms = 1000 };
    const char *at = (const char *)data;
    report_init(&p.report);
    status_init(&p.told);
    while (size > 0) {
        const char *end = memchr(at, '\n', size);
        size_t len = end != NULL ? (size_t)(end - at) : size;
        hear(&p, (spd_str){ at, len });
        len += end != NULL;
        at += len;
        size -= len;
    }
    return 0;
}
