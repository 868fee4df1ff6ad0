/* A notice: a message on its way to one channel, as its notifier is told it
 * (see plugin.h). */
#include <stdio.h>

#include "engine/outbox/outbox_internal.h"
#include "shop/template.h"

static void write_head(const struct lane *lane, const struct message *message,
                       const struct delivery *delivery, spd_jsonw *w)
{
    char id[96];
    snprintf(id, sizeof(id), "msg_%lld_%lld_%lld",
             (long long)delivery->created_at, (long long)delivery->message_id,
             (long long)delivery->id);
    jsonw_put_str(w, "id", str_of(id));
    message_write(message, w);
    jsonw_put_int(w, "try", delivery->tries + 1);
    if (message->thread.len > 0)
        jsonw_put_bool(w, "first", lane->is_first);
    jsonw_put_raw(w, "channel", buf_str(&lane->described));
}

/* The channel's template filled in, if it has one. */
static void write_template(const struct lane *lane, spd_str notice,
                           spd_jsonw *w)
{
    if (lane->channel.template.len == 0)
        return;
    spd_json *root = json_parse(notice, NULL);
    spd_json *template = json_parse(lane->channel.template, NULL);
    template_fill(template, root, w, "custom");
    json_free(root);
    json_free(template);
}

void lane_write_notice(const struct lane *lane, const struct message *message,
                       const struct delivery *delivery, const char *picture,
                       struct buf *out)
{
    struct buf plain = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &plain);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    write_head(lane, message, delivery, &w);
    jsonw_end(&w);
    jsonw_init(&w, out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    write_head(lane, message, delivery, &w);
    if (picture != NULL)
        jsonw_put_str(&w, "picture", str_of(picture));
    if (delivery->custom.len > 0)
        jsonw_put_raw(&w, "custom", delivery->custom);
    else
        write_template(lane, buf_str(&plain), &w);
    jsonw_end(&w);
    buf_fini(&plain);
}
