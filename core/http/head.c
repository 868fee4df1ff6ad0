#include "http/head.h"

#include <microhttpd.h>
#include <stddef.h>

static const struct line {
    spd_str name;
    size_t offset;
} lines[] = {
    { { "Host", 4 }, offsetof(struct head, host) },
    { { "Authorization", 13 }, offsetof(struct head, authorization) },
    { { "X-Api-Key", 9 }, offsetof(struct head, api_key) },
    { { "Cookie", 6 }, offsetof(struct head, cookie) },
    { { "Content-Type", 12 }, offsetof(struct head, content_type) },
    { { "Content-Length", 14 }, offsetof(struct head, content_length) },
    { { "Transfer-Encoding", 17 }, offsetof(struct head, transfer_encoding) },
    { { "Origin", 6 }, offsetof(struct head, origin) },
    { { "Sec-Fetch-Site", 14 }, offsetof(struct head, fetch_site) },
    { { "X-Requested-With", 16 }, offsetof(struct head, requested_with) },
    { { "Last-Event-ID", 13 }, offsetof(struct head, last_event_id) },
    { { "Idempotency-Key", 15 }, offsetof(struct head, idempotency_key) },
    { { "If-Match", 8 }, offsetof(struct head, if_match) },
};

/* "Content-Length : 5" would be another line to us than to a proxy. */
static bool is_token(spd_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' ||
            (unsigned char)name.ptr[i] >= 0x7F)
            return false;
    return name.len > 0;
}

static enum MHD_Result on_line(void *arg, enum MHD_ValueKind kind,
                               const char *name, size_t name_len,
                               const char *value, size_t value_len)
{
    (void)kind;
    struct head *head = arg;
    spd_str key = { name, name_len };
    if (!is_token(key))
        head->fault = "a line of the head has a name that is none";
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (!str_equal_fold(key, lines[i].name))
            continue;
        spd_str *place = (spd_str *)(void *)((char *)head + lines[i].offset);
        if (place->ptr != NULL)
            head->fault = "a line of the head that may stand once stands there "
                          "twice";
        *place = str_trim((spd_str){ value == NULL ? "" : value, value_len });
    }
    return MHD_YES;
}

void head_read(struct head *head, struct MHD_Connection *connection)
{
    *head = (struct head){ 0 };
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_line, head);
}

struct listing {
    struct pair *out;
    size_t count, max;
};

static bool is_credential(spd_str name)
{
    static const spd_str names[] = {
        { "Authorization", 13 },
        { "Proxy-Authorization", 19 },
        { "Cookie", 6 },
        { "X-Api-Key", 9 },
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_equal_fold(name, names[i]))
            return true;
    return false;
}

static enum MHD_Result list_line(void *arg, enum MHD_ValueKind kind,
                                 const char *name, size_t name_len,
                                 const char *value, size_t value_len)
{
    (void)kind;
    struct listing *listing = arg;
    spd_str key = { name, name_len };
    if (listing->count == listing->max)
        return MHD_NO;
    if (!is_credential(key))
        listing->out[listing->count++] = (struct pair){
            key, str_trim((spd_str){ value == NULL ? "" : value, value_len })
        };
    return MHD_YES;
}

size_t head_list(struct MHD_Connection *connection, struct pair *out,
                 size_t max)
{
    struct listing listing = { out, 0, max };
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, list_line,
                                &listing);
    return listing.count;
}

spd_str head_cookie(const struct head *head, spd_str name)
{
    spd_str rest = head->cookie, found = { NULL, 0 };
    while (rest.len > 0) {
        spd_str value = str_trim(str_cut(&rest, ';'));
        if (!str_equal(str_cut(&value, '='), name))
            continue;
        if (found.ptr != NULL)
            return (spd_str){ NULL, 0 };
        found = value;
    }
    return found;
}
