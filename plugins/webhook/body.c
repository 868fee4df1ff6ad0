/* What forms are made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"

void request_free(struct request *request)
{
    text_free(&request->url);
    for (size_t i = 0; i < request->header_count; i++)
        text_free(&request->headers[i]);
    text_free(&request->body);
    text_free(&request->shown);
}

void request_header(struct request *request, const char *name, spd_str value)
{
    struct text *header = &request->headers[request->header_count++];
    text_printf(header, "%s: %.*s", name, (int)value.len, value.ptr);
}

const spd_json *member(const spd_plugin *self, const spd_json *object,
                       const char *name)
{
    return self->host->json->member(object, name);
}

spd_str member_str(const spd_plugin *self, const spd_json *object,
                   const char *name)
{
    return self->host->json->as_str(member(self, object, name), text_of(""));
}

bool is_absent(const spd_plugin *self, const spd_json *value)
{
    return self->host->json->type(value) == SPD_JSON_NULL;
}

void write_json(const spd_plugin *self, struct text *out, write_fn *write,
                const spd_json *notice, const void *arg)
{
    const struct spd_json_api *json = self->host->json;
    spd_jsonw *w = json->writer();
    spd_str text;
    json->begin(w, NULL, SPD_JSON_OBJECT);
    write(self, w, notice, arg);
    json->end(w);
    if (json->text(w, &text) == SPD_OK)
        text_put(out, text);
    json->writer_free(w);
}

bool write_custom(const spd_plugin *self, const spd_json *notice,
                  struct text *out)
{
    const struct spd_json_api *json = self->host->json;
    const spd_json *custom = member(self, notice, "custom");
    if (is_absent(self, custom))
        return false;
    spd_jsonw *w = json->writer();
    spd_str text;
    json->put_json(w, NULL, custom);
    if (json->text(w, &text) == SPD_OK)
        text_put(out, text);
    json->writer_free(w);
    return true;
}

static bool starts(spd_str text, const char *with)
{
    size_t len = strlen(with);
    return text.len > len && memcmp(text.ptr, with, len) == 0;
}

spd_err check_url(const spd_plugin *self, const spd_json *channel,
                  const char *name, struct spd_error *err)
{
    spd_str url = member_str(self, channel, name);
    bool is_clean = true;
    for (size_t i = 0; i < url.len; i++)
        is_clean &= (unsigned char)url.ptr[i] > ' ' && url.ptr[i] != '"';
    if (is_clean && (starts(url, "https://") || starts(url, "http://")))
        return SPD_OK;
    err->code = SPD_EINVAL;
    snprintf(err->text, sizeof(err->text),
             "%s: must be a web address such as https://example.org/hook",
             name);
    return SPD_EINVAL;
}

/* -- bodies in parts -- */

/* Unlikely in a picture, impossible in JSON. */
static const char boundary[] = "spoold-7f3a9c51e8d24b06";

void write_part(struct request *request, const char *field, spd_str value,
                const char *value_type)
{
    text_printf(&request->body,
                "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n",
                boundary, field);
    if (value_type != NULL)
        text_printf(&request->body, "Content-Type: %s\r\n", value_type);
    text_puts(&request->body, "\r\n");
    text_put(&request->body, value);
    text_puts(&request->body, "\r\n");
}

void write_parts(struct request *request, const char *field, spd_str value,
                 const char *value_type, const char *file_field,
                 spd_str picture)
{
    write_part(request, field, value, value_type);
    text_printf(&request->body,
                "--%s\r\nContent-Disposition: form-data; name=\"%s\"; "
                "filename=\"plate.png\"\r\nContent-Type: image/png\r\n\r\n",
                boundary, file_field);
    text_put(&request->body, picture);
    text_printf(&request->body, "\r\n--%s--\r\n", boundary);
    text_put(&request->shown, value);
    request->type = "multipart/form-data; boundary=spoold-7f3a9c51e8d24b06";
}

/* -- plain text -- */

void write_plain(const spd_plugin *self, const spd_json *notice, bool with_link,
                 struct text *out)
{
    text_put(out, member_str(self, notice, "text"));
    spd_str link = member_str(self, notice, "link");
    if (!with_link || link.len == 0)
        return;
    if (out->len > 0)
        text_puts(out, "\n");
    text_put(out, link);
}
