#include "ctl/events.h"

#include "base/json.h"
#include "ctl/cell.h"

/* -- reading -- */

static void forget_event(struct event_reader *reader)
{
    buf_clear(&reader->name);
    buf_clear(&reader->data);
    reader->too_long = false;
}

void event_reader_restart(struct event_reader *reader)
{
    forget_event(reader);
    buf_clear(&reader->line);
    buf_clear(&reader->id);
    buf_put(&reader->id, buf_str(&reader->last_id));
    reader->after_return = false;
}

void event_reader_fini(struct event_reader *reader)
{
    buf_fini(&reader->line);
    buf_fini(&reader->name);
    buf_fini(&reader->data);
    buf_fini(&reader->id);
    buf_fini(&reader->last_id);
}

static void set(struct buf *buf, spd_str text)
{
    buf_clear(buf);
    buf_put(buf, text);
}

static void end_event(struct event_reader *reader)
{
    set(&reader->last_id, buf_str(&reader->id));
    spd_str data = buf_str(&reader->data);
    if (data.len > 0 && !reader->too_long) {
        data.len--; /* the last line's end */
        reader->on_event(reader->arg, buf_str(&reader->name), data);
    }
    forget_event(reader);
}

static void take_field(struct event_reader *reader, spd_str name, spd_str value)
{
    if (str_is(name, "data")) {
        buf_put(&reader->data, value);
        buf_put_char(&reader->data, '\n');
    } else if (str_is(name, "event")) {
        set(&reader->name, value);
    } else if (str_is(name, "id")) {
        set(&reader->id, value);
    }
}

static void take_line(struct event_reader *reader)
{
    spd_str line = buf_str(&reader->line);
    if (line.len == 0) {
        end_event(reader);
    } else if (line.ptr[0] != ':') { /* else a comment */
        spd_str name = str_cut(&line, ':');
        if (str_starts(line, STR(" "))) {
            line.ptr++;
            line.len--;
        }
        take_field(reader, name, line);
    }
    buf_clear(&reader->line);
}

void event_reader_feed(struct event_reader *reader, spd_str piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        char c = piece.ptr[i];
        bool belongs_to_return = reader->after_return && c == '\n';
        reader->after_return = c == '\r';
        if (belongs_to_return)
            continue;
        if (c == '\n' || c == '\r')
            take_line(reader);
        else if (reader->line.len + reader->data.len < EVENT_MAX_BYTES)
            buf_put_char(&reader->line, c);
        else
            reader->too_long = true;
    }
}

/* -- showing -- */

/* What has parts of its own is not for one line; --json shows it. */
static void put_members(struct buf *out, const spd_json *data)
{
    for (const spd_json *m = json_first(data); m != NULL; m = json_next(m)) {
        struct buf value = { 0 };
        if (json_type(m) != SPD_JSON_NULL && cell_put(&value, m)) {
            buf_put_char(out, ' ');
            cell_put_text(out, json_name(m));
            buf_put_char(out, '=');
            buf_put(out, buf_str(&value));
        }
        buf_fini(&value);
    }
}

static spd_str member(const spd_json *doc, const char *name)
{
    return json_as_str(json_member(doc, name), STR(""));
}

void event_put(struct buf *out, spd_str name, spd_str data)
{
    spd_json *doc = json_parse(data, NULL);
    spd_str topic = member(doc, "topic"), who = member(doc, "who");
    if (cell_put_moment(out, member(doc, "at"), true))
        buf_put(out, STR("  "));
    cell_put_text(out, topic.len > 0 ? topic : name);
    buf_put_char(out, ' ');
    if (who.len > 0) {
        buf_put_char(out, ' ');
        cell_put_text(out, who);
        buf_put_char(out, ' ');
    }
    put_members(out, topic.len > 0 ? json_member(doc, "data") : doc);
    json_free(doc);
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        out->len--;
    buf_put_char(out, '\n');
}
