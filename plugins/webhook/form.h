/* A form: how one kind of receiver wants to be written to, and how its answers
 * are to be understood.  A form knows no network and no time. */
#ifndef WEBHOOK_FORM_H
#define WEBHOOK_FORM_H

#include "text.h"

enum { HEADERS_MAX = 8 };

/* What is to be sent. Owned: request_free. */
struct request {
    struct text url;
    struct text headers[HEADERS_MAX]; /* "Name: value" */
    size_t header_count;
    struct text body;
    const char *type;  /* of the body; NULL: JSON. static */
    struct text shown; /* of a body in parts: the one for people to see */
};
void request_free(struct request *request);
void request_header(struct request *request, const char *name, spd_str value);

/* What came back. */
struct answer {
    int status;
    spd_str body;
    const spd_json *json; /* NULL: it is none */
    int64_t wait_s;       /* of a Retry-After; 0: none */
};

/* What that means, in the words of role->finish. */
struct meaning {
    spd_err code;
    int64_t wait_s;
    char why[200]; /* behind "NAME answered 404: " */
};

struct form {
    struct spd_notifier row; /* all but the functions, which are for all */
    bool wants_object;       /* of `custom`: other JSON means nothing there */
    spd_err (*check)(const spd_plugin *self, const spd_json *channel,
                     struct spd_error *err);
    /* `now_s` is UTC; `picture` (may be NULL) the bytes of a PNG. */
    void (*write)(const spd_plugin *self, const spd_json *notice, int64_t now_s,
                  const spd_str *picture, struct request *request);
    /* Lay over what the status alone says. */
    void (*read)(const spd_plugin *self, const struct answer *answer,
                 struct meaning *meaning);
};

extern const struct form form_generic, form_discord, form_slack, form_ntfy,
    form_telegram, form_home_assistant;

/* -- what forms are made of -- */

/* A member as text; "" when it is not there. "channel", "url". */
spd_str member_str(const spd_plugin *self, const spd_json *object,
                   const char *name);
const spd_json *member(const spd_plugin *self, const spd_json *object,
                       const char *name);
bool is_absent(const spd_plugin *self, const spd_json *value);

/* A JSON text written by `write` (which gets the writer in an open object). */
typedef void write_fn(const spd_plugin *self, spd_jsonw *w,
                      const spd_json *notice, const void *arg);
void write_json(const spd_plugin *self, struct text *out, write_fn *write,
                const spd_json *notice, const void *arg);

/* The notice's `custom` as JSON text, if it has one. */
bool write_custom(const spd_plugin *self, const spd_json *notice,
                  struct text *out);

/* Does the setting look like an address?  SPD_EINVAL names it. */
spd_err check_url(const spd_plugin *self, const spd_json *channel,
                  const char *name, struct spd_error *err);

/* A body of two parts: a field, and the picture. */
void write_parts(struct request *request, const char *field, spd_str value,
                 const char *value_type, const char *file_field,
                 spd_str picture);
/* More fields of a body in parts, before write_parts. */
void write_part(struct request *request, const char *field, spd_str value,
                const char *value_type);

/* Lines of items, of a digest; else the text. With the link behind, when
 * `with_link`. Appended. */
void write_plain(const spd_plugin *self, const spd_json *notice, bool with_link,
                 struct text *out);

#endif
