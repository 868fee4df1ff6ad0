/* The test host's roles: drivers, sources, notifiers, schedulers; printers
 * whose reports are kept, and tickets that remember how they ended. */
#include "testhost_internal.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------- registrations ---- */

static spd_err add_row(const char *what, void *rows, size_t *count,
                       size_t known, const void *row, size_t size)
{
    if (*count == ROWS_MAX)
        testhost_die("more %ss than a test needs", what);
    if (size > known)
        return SPD_EUNSUPPORTED;
    memcpy((char *)rows + *count * known, row, size);
    ++*count;
    return SPD_OK;
}

static spd_err add_driver(spd_plugin *self, const struct spd_printer_driver *d,
                          size_t n)
{
    struct testhost *host = testhost_of(self);
    return add_row("driver", host->drivers, &host->driver_count, sizeof(*d), d,
                   n);
}

static spd_err add_source(spd_plugin *self, const struct spd_order_source *s,
                          size_t n)
{
    struct testhost *host = testhost_of(self);
    return add_row("order source", host->sources, &host->source_count,
                   sizeof(*s), s, n);
}

static spd_err add_notifier(spd_plugin *self, const struct spd_notifier *s,
                            size_t n)
{
    struct testhost *host = testhost_of(self);
    return add_row("notifier", host->notifiers, &host->notifier_count,
                   sizeof(*s), s, n);
}

static spd_err add_scheduler(spd_plugin *self, const struct spd_scheduler *s,
                             size_t n)
{
    struct testhost *host = testhost_of(self);
    return add_row("scheduler", host->schedulers, &host->scheduler_count,
                   sizeof(*s), s, n);
}

#define FIND_ROLE(function, type, rows, count)                                 \
    const struct type *function(const struct testhost *host, const char *kind) \
    {                                                                          \
        for (size_t i = 0; i < host->count; i++)                               \
            if (strcmp(host->rows[i].kind, kind) == 0)                         \
                return &host->rows[i];                                         \
        return NULL;                                                           \
    }

FIND_ROLE(testhost_driver, spd_printer_driver, drivers, driver_count)
FIND_ROLE(testhost_source, spd_order_source, sources, source_count)
FIND_ROLE(testhost_notifier, spd_notifier, notifiers, notifier_count)
FIND_ROLE(testhost_scheduler, spd_scheduler, schedulers, scheduler_count)

/* ----------------------------------------------------------- tickets -- */

spd_ticket *testhost_ticket(struct testhost *host)
{
    spd_ticket *t = testhost_alloc(sizeof(*t));
    t->host = host;
    t->next = host->tickets;
    host->tickets = t;
    return t;
}

static void finish(spd_ticket *ticket, spd_str cursor,
                   const struct spd_error *err)
{
    pthread_mutex_lock(&ticket->host->lock);
    if (ticket->finished)
        testhost_die("a ticket was finished twice: first \"%s\", now \"%s\"",
                     ticket->outcome.text, err != NULL ? err->text : "");
    ticket->finished = true;
    if (err != NULL)
        ticket->outcome = *err;
    ticket->cursor = texts_copy(cursor);
    pthread_mutex_unlock(&ticket->host->lock);
}

static spd_err order_put(spd_ticket *ticket, spd_jsonw *order)
{
    if (ticket->finished)
        testhost_die("an order was put under a finished ticket");
    (void)texts_add(&ticket->orders, testhost_text_of(order));
    return SPD_OK;
}

bool testhost_is_finished(const spd_ticket *ticket)
{
    pthread_mutex_lock(&ticket->host->lock);
    bool finished = ticket->finished;
    pthread_mutex_unlock(&ticket->host->lock);
    return finished;
}

static void must_be_finished(const spd_ticket *ticket)
{
    if (!testhost_is_finished(ticket))
        testhost_die("asked how a ticket ended that is not finished");
}

spd_err testhost_outcome(const spd_ticket *ticket)
{
    must_be_finished(ticket);
    return ticket->outcome.code;
}

const char *testhost_outcome_text(const spd_ticket *ticket)
{
    must_be_finished(ticket);
    return ticket->outcome.text;
}

const char *testhost_outcome_cursor(const spd_ticket *ticket)
{
    must_be_finished(ticket);
    return ticket->cursor;
}

const char *testhost_order(const spd_ticket *ticket, size_t i)
{
    return i < ticket->orders.count ? ticket->orders.at[i] : NULL;
}

/* ---------------------------------------------------------- printers -- */

static size_t member_index(spd_printer *p, spd_str name)
{
    for (size_t i = 0; i < p->names.count; i++)
        if (strlen(p->names.at[i]) == name.len &&
            memcmp(p->names.at[i], name.ptr, name.len) == 0)
            return i;
    (void)texts_add(&p->names, texts_copy(name));
    (void)texts_add(&p->values, texts_copy((spd_str){ "", 0 }));
    return p->names.count - 1;
}

static void set_member(spd_printer *p, const spd_json *member)
{
    spd_jsonw *w = jsonw_new();
    jsonw_put_json(w, NULL, member);
    size_t i = member_index(p, json_name(member));
    free(p->values.at[i]);
    p->values.at[i] = testhost_text_of(w);
    jsonw_free(w);
}

static spd_err printer_report(spd_printer *printer, spd_jsonw *state)
{
    struct spd_error err = { 0 };
    pthread_mutex_lock(&printer->host->lock);
    if (printer->conn == NULL && printer->driver == NULL)
        testhost_die("a report after close");
    const char *text = texts_add(&printer->reports, testhost_text_of(state));
    spd_json *doc = json_parse((spd_str){ text, strlen(text) }, &err);
    if (json_type(doc) != SPD_JSON_OBJECT)
        testhost_die("a report must be an object: %s", text);
    for (const spd_json *m = json_first(doc); m != NULL; m = json_next(m))
        set_member(printer, m);
    json_free(doc);
    pthread_mutex_unlock(&printer->host->lock);
    return SPD_OK;
}

static void upload_progress(spd_printer *printer, int64_t attempt,
                            int64_t sent_bytes)
{
    (void)attempt;
    pthread_mutex_lock(&printer->host->lock);
    if (printer->driver == NULL)
        testhost_die("upload progress after close");
    printer->sent_bytes = sent_bytes;
    pthread_mutex_unlock(&printer->host->lock);
}

spd_printer *testhost_printer_open(struct testhost *host, const char *kind,
                                   const char *settings)
{
    struct spd_error err = { 0 };
    spd_printer *p = testhost_alloc(sizeof(*p));
    p->host = host;
    p->driver = testhost_driver(host, kind);
    if (p->driver == NULL)
        testhost_die("no printer driver of the kind \"%s\"", kind);
    p->settings = testhost_parse(settings);
    p->next = host->printers;
    host->printers = p;
    if (p->driver->open(&host->plugin, p, p->settings, &p->conn, &err) !=
        SPD_OK)
        testhost_die("the driver did not open the printer: %s", err.text);
    json_free(p->settings);
    p->settings = NULL;
    return p;
}

void testhost_printer_close(spd_printer *printer)
{
    const struct spd_printer_driver *driver = printer->driver;
    if (driver == NULL)
        return;
    driver->close(printer->conn);
    pthread_mutex_lock(&printer->host->lock);
    printer->driver = NULL;
    printer->conn = NULL;
    pthread_mutex_unlock(&printer->host->lock);
}

typedef void step_fn(void *conn, const spd_json *what, spd_ticket *ticket);

static spd_ticket *step(spd_printer *printer, step_fn *fn, const char *json)
{
    spd_ticket *ticket = testhost_ticket(printer->host);
    spd_json *doc = testhost_parse(json);
    fn(printer->conn, doc, ticket);
    json_free(doc); /* borrowed: whoever kept it fails under a sanitizer */
    return ticket;
}

spd_ticket *testhost_printer_command(spd_printer *printer, const char *json)
{
    return step(printer, printer->driver->command, json);
}

spd_ticket *testhost_printer_upload(spd_printer *printer, const char *json)
{
    return step(printer, printer->driver->upload, json);
}

void testhost_printer_upload_abort(spd_printer *printer)
{
    printer->driver->upload_abort(printer->conn);
}

spd_ticket *testhost_printer_start(spd_printer *printer, const char *json)
{
    return step(printer, printer->driver->start, json);
}

size_t testhost_reports(const spd_printer *printer)
{
    return printer->reports.count;
}

const char *testhost_report(const spd_printer *printer, size_t i)
{
    return i < printer->reports.count ? printer->reports.at[i] : NULL;
}

const char *testhost_printer_is(spd_printer *printer, const char *member)
{
    pthread_mutex_lock(&printer->host->lock);
    size_t i = member_index(printer, (spd_str){ member, strlen(member) });
    const char *value =
        texts_add(&printer->host->kept, texts_copy((spd_str){
                                            printer->values.at[i],
                                            strlen(printer->values.at[i]),
                                        }));
    pthread_mutex_unlock(&printer->host->lock);
    return value;
}

int64_t testhost_sent_bytes(const spd_printer *printer)
{
    return printer->sent_bytes;
}

/* -------------------------------------------------------------- ends -- */

void testhost_roles_close(struct testhost *host)
{
    for (spd_printer *p = host->printers; p != NULL; p = p->next)
        testhost_printer_close(p);
}

static void free_tickets(struct testhost *host)
{
    while (host->tickets != NULL) {
        spd_ticket *t = host->tickets;
        host->tickets = t->next;
        if (!t->finished)
            testhost_die("a ticket was never finished");
        texts_fini(&t->orders);
        free(t->cursor);
        free(t);
    }
}

void testhost_roles_fini(struct testhost *host)
{
    free_tickets(host);
    while (host->printers != NULL) {
        spd_printer *p = host->printers;
        host->printers = p->next;
        texts_fini(&p->reports);
        texts_fini(&p->names);
        texts_fini(&p->values);
        free(p);
    }
}

const struct spd_role_api testhost_role = {
    .size = sizeof(struct spd_role_api),
    .printer_driver = add_driver,
    .order_source = add_source,
    .notifier = add_notifier,
    .scheduler = add_scheduler,
    .printer_report = printer_report,
    .upload_progress = upload_progress,
    .order_put = order_put,
    .finish = finish,
};
