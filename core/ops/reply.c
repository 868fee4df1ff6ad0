/* What an operation answers with. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ops/ops_internal.h"

void reply_reset(struct live_call *live)
{
    buf_clear(&live->reply);
    live->writer_open = false;
    faults_fini(&live->faults);
    live->faults = (struct faults){ 0 };
    live->file_path = live->file_type = NULL;
    live->header_count = 0;
    live->status = 0;
    live->refused = false;
}

spd_jsonw *call_reply(struct call *call)
{
    struct live_call *live = live_of(call);
    if (!live->writer_open)
        jsonw_init(&live->writer, &live->reply);
    live->writer_open = true;
    return &live->writer;
}

struct buf *call_reply_buf(struct call *call)
{
    return &live_of(call)->reply;
}

spd_err call_reply_record(struct call *call, spd_txn *txn,
                          const struct kind *kind, int64_t id)
{
    spd_str json;
    struct spd_error err;
    if (record_text(txn, kind, id, &json, &err) != SPD_OK)
        return call_fail(call, &err);
    buf_put(call_reply_buf(call), json);
    return SPD_OK;
}

/* -- ETag and If-Match -- */

enum { TAG_BYTES = 16 };

static spd_str tag_of(spd_txn *txn, const struct kind *kind, int64_t id,
                      char out[TAG_BYTES])
{
    snprintf(out, TAG_BYTES, "\"%08x\"", record_tag(txn, kind, id));
    return str_of(out);
}

spd_err call_reply_tagged(struct call *call, spd_txn *txn,
                          const struct kind *kind, int64_t id)
{
    char text[TAG_BYTES];
    spd_err rc = call_reply_record(call, txn, kind, id);
    if (rc == SPD_OK)
        call_header(call, "ETag", tag_of(txn, kind, id, text));
    return rc;
}

spd_err call_judge_tag(struct call *call, spd_txn *txn, const struct kind *kind,
                       int64_t id)
{
    char text[TAG_BYTES];
    spd_str wanted = live_of(call)->if_match, tag = tag_of(txn, kind, id, text);
    if (wanted.len == 0 || str_is(wanted, "*"))
        return SPD_OK;
    while (wanted.len > 0)
        if (str_equal(str_trim(str_cut(&wanted, ',')), tag))
            return SPD_OK;
    return call_refuse(call, REFUSE_CHANGED,
                       "somebody changed %s %lld since you read it; read it "
                       "again, and make your change on what it is now",
                       kind->name, (long long)id);
}

void call_reply_file(struct call *call, const char *path, const char *type)
{
    struct live_call *live = live_of(call);
    live->file_path = arena_str(&call->arena, str_of(path)).ptr;
    live->file_type = type;
}

void call_reply_bytes(struct call *call, spd_str bytes, const char *type)
{
    struct live_call *live = live_of(call);
    buf_put(&live->reply, bytes);
    live->file_type = type;
}

void call_status(struct call *call, int status)
{
    live_of(call)->status = status;
}

void call_header(struct call *call, const char *name, spd_str value)
{
    struct live_call *live = live_of(call);
    assert(live->header_count < CALL_HEADERS_MAX);
    live->headers[live->header_count++] =
        (struct reply_header){ name, arena_str(&call->arena, value) };
}

static void put_percent(struct buf *out, spd_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                     (c >= 'a' && c <= 'z') ||
                     (c != '\0' && strchr("-._~", c) != NULL);
        if (plain)
            buf_put_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* The way to the next page: this one's query, from another place on. */
void call_link_next(struct call *call, int64_t after, int64_t limit)
{
    struct buf link = { 0 };
    buf_printf(&link, "<?after=%lld&limit=%lld", (long long)after,
               (long long)limit);
    const spd_json *params = live_of(call)->params;
    for (const spd_json *p = json_first(params); p != NULL; p = json_next(p)) {
        spd_str name = json_name(p);
        if (str_is(name, "after") || str_is(name, "limit") ||
            op_has_in_path(call->op, name.ptr))
            continue;
        buf_printf(&link, "&%s=", name.ptr);
        put_percent(&link, json_as_str(p, STR("")));
    }
    buf_put(&link, STR(">; rel=\"next\""));
    call_header(call, "Link", buf_str(&link));
    buf_fini(&link);
}

bool call_reply_list(struct call *call, spd_txn *txn, const struct kind *kind,
                     struct span span, const struct page *page)
{
    span.limit = (size_t)page->limit;
    span.after_id = page->after;
    struct buf *reply = call_reply_buf(call);
    int64_t last = record_list(txn, kind, &span, NULL, NULL, reply);
    if (last != 0)
        call_link_next(call, last, page->limit);
    return !str_is(buf_str(reply), "[]");
}
