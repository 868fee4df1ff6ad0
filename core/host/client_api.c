/* host->client: requests that a plugin sends out. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/host_internal.h"
#include "host/rows.h"

enum { REPLY_MAX_BYTES = 4 * 1024 * 1024 };

struct outgoing {
    struct guest *guest;
    struct spd_fetch row;
};

/* Requests under way end before stop(), so the guest can be called. */
static void on_reply(void *arg, const struct fetch_reply *reply)
{
    struct outgoing *out = arg;
    struct stay stay = guest_enter(out->guest);
    out->row.done(&out->guest->self, out->row.arg, reply->status, reply->body,
                  reply->err);
    guest_leave(out->guest, stay);
    free(out);
}

static void on_header(void *arg, spd_str name, spd_str value)
{
    struct outgoing *out = arg;
    struct stay stay = guest_enter(out->guest);
    out->row.header(&out->guest->self, out->row.arg, name, value);
    guest_leave(out->guest, stay);
}

static size_t reply_bytes(const struct spd_fetch *row)
{
    bool is_own =
        row->max_reply_bytes > 0 && row->max_reply_bytes < REPLY_MAX_BYTES;
    return is_own ? row->max_reply_bytes : REPLY_MAX_BYTES;
}

static uint32_t allowance(const struct host_options *options, uint32_t flags)
{
    bool wants_private = (flags & SPD_FETCH_PRIVATE) != 0;
    return options->fetch_allow | (wants_private ? FETCH_PRIVATE : 0);
}

static spd_err refuse(struct guest *guest, struct outgoing *out)
{
    free(out);
    log_error(guest->name, "bug in the plugin: client->fetch without method, "
                           "url or done, or with more than this server "
                           "understands");
    return SPD_EINVAL;
}

static spd_err fetch(spd_plugin *self, const struct spd_fetch *row,
                     size_t row_size)
{
    struct guest *guest = guest_registers(self, "client->fetch");
    if (guest == NULL)
        return SPD_ECANCELED;
    struct outgoing *out = mem_new(sizeof(*out));
    out->guest = guest;
    if (!row_fit(&out->row, sizeof(out->row), row, row_size) ||
        out->row.method == NULL || out->row.url == NULL ||
        out->row.done == NULL)
        return refuse(guest, out);
    const struct host_options *options = &guest->host->options;
    fetch_start(
        options->fetcher,
        &(struct fetch_request){
            .method = out->row.method,
            .url = out->row.url,
            .headers = out->row.headers,
            .body = out->row.body,
            .timeout_ms = out->row.timeout_ms > 0 ? out->row.timeout_ms : 0,
            .max_reply_bytes = reply_bytes(&out->row),
            .clip_reply = (out->row.flags & SPD_FETCH_CLIP) != 0,
            .allow = allowance(options, out->row.flags),
            .on_header = out->row.header == NULL ? NULL : on_header,
            .done = on_reply,
            .arg = out,
            .owner = guest,
        });
    return SPD_OK;
}

static const char *refusal(spd_plugin *self, const void *address,
                           uint32_t flags)
{
    return fetch_refusal(address,
                         allowance(&guest_of(self)->host->options, flags));
}

const struct spd_client_api host_client_api = {
    .size = sizeof(host_client_api),
    .fetch = fetch,
    .refusal = refusal,
};
