/* host->role: what plugins offer for printing, checked and handed down; and
 * what drivers and sources say, copied and brought to the loop. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/host_internal.h"
#include "host/rows.h"

enum { REPORT_MAX_BYTES = 256 * 1024, REPORTS_MAX = 4096 };

/* A row, complete, for as long as the plugin runs. */
struct offer {
    struct claim claim;
    void *row;
};

/* One call takes back all of a plugin; later ones find nothing. */
static void offer_unhook(struct claim *claim)
{
    struct guest *guest = claim->guest;
    const struct host_roles *roles = &guest->host->options.roles;
    if (!guest->offers)
        return;
    guest->offers = false;
    if (roles->withdraw != NULL)
        roles->withdraw(roles->arg, &guest->self);
}

static void offer_release(struct claim *claim)
{
    rows_free(((struct offer *)(void *)claim)->row);
    free(claim);
}

static const struct claim_kind offer_kind = { "role", offer_unhook,
                                              offer_release };

static spd_err refuse(const struct guest *guest, const char *what,
                      const char *why)
{
    log_error(guest->name, "bug in the plugin: its %s %s", what, why);
    return SPD_EINVAL;
}

/* The row completed and in the guest's list; NULL when it cannot be. */
static void *offer_row(struct guest *guest, const char *what, const void *row,
                       size_t row_size, size_t own_size)
{
    void *copy = rows_new(row, 1, row_size, own_size);
    if (copy == NULL) {
        refuse(guest, what, "says more than this server understands");
        return NULL;
    }
    struct offer *offer = mem_new(sizeof(*offer));
    offer->row = copy;
    claim_add(&offer->claim, guest, &offer_kind);
    guest->offers = true;
    return copy;
}

static spd_err tell(const struct guest *guest, const char *what, spd_err rc,
                    const struct spd_error *err)
{
    if (rc != SPD_OK)
        log_error(guest->name, "its %s was refused: %s", what, err->text);
    return rc;
}

static spd_err unwanted(const struct guest *guest, const char *what)
{
    return refuse(guest, what, "has no taker in this server");
}

static bool is_whole_driver(const struct spd_printer_driver *d)
{
    return d->kind != NULL && d->doc != NULL && d->models != NULL &&
           d->settings != NULL && d->open != NULL && d->close != NULL &&
           d->upload != NULL && d->upload_abort != NULL && d->start != NULL &&
           d->command != NULL;
}

static spd_err printer_driver(spd_plugin *self,
                              const struct spd_printer_driver *row, size_t n)
{
    static const char what[] = "printer driver";
    struct guest *guest = guest_registers(self, "role->printer_driver");
    if (guest == NULL)
        return SPD_ECANCELED;
    const struct host_roles *roles = &guest->host->options.roles;
    const struct spd_printer_driver *driver =
        offer_row(guest, what, row, n, sizeof(*driver));
    if (driver == NULL)
        return SPD_EINVAL;
    if (!is_whole_driver(driver))
        return refuse(guest, what, "lacks a member");
    if (roles->printer_driver == NULL)
        return unwanted(guest, what);
    struct spd_error err = { 0 };
    return tell(
        guest, what,
        roles->printer_driver(roles->arg, self, guest->name, driver, &err),
        &err);
}

static spd_err order_source(spd_plugin *self,
                            const struct spd_order_source *row, size_t n)
{
    static const char what[] = "order source";
    struct guest *guest = guest_registers(self, "role->order_source");
    if (guest == NULL)
        return SPD_ECANCELED;
    const struct host_roles *roles = &guest->host->options.roles;
    const struct spd_order_source *source =
        offer_row(guest, what, row, n, sizeof(*source));
    if (source == NULL)
        return SPD_EINVAL;
    if (source->kind == NULL || source->poll == NULL || source->every_ms <= 0)
        return refuse(guest, what, "lacks a member");
    if (roles->order_source == NULL)
        return unwanted(guest, what);
    struct spd_error err = { 0 };
    return tell(
        guest, what,
        roles->order_source(roles->arg, self, guest->name, source, &err), &err);
}

static spd_err notifier(spd_plugin *self, const struct spd_notifier *row,
                        size_t n)
{
    static const char what[] = "notifier";
    struct guest *guest = guest_registers(self, "role->notifier");
    if (guest == NULL)
        return SPD_ECANCELED;
    const struct host_roles *roles = &guest->host->options.roles;
    const struct spd_notifier *teller =
        offer_row(guest, what, row, n, sizeof(*teller));
    if (teller == NULL)
        return SPD_EINVAL;
    if (teller->kind == NULL || teller->send == NULL)
        return refuse(guest, what, "lacks a member");
    if (roles->notifier == NULL)
        return unwanted(guest, what);
    struct spd_error err = { 0 };
    return tell(guest, what,
                roles->notifier(roles->arg, self, guest->name, teller, &err),
                &err);
}

static spd_err scheduler(spd_plugin *self, const struct spd_scheduler *row,
                         size_t n)
{
    static const char what[] = "scheduler";
    struct guest *guest = guest_registers(self, "role->scheduler");
    if (guest == NULL)
        return SPD_ECANCELED;
    const struct host_roles *roles = &guest->host->options.roles;
    const struct spd_scheduler *policy =
        offer_row(guest, what, row, n, sizeof(*policy));
    if (policy == NULL)
        return SPD_EINVAL;
    if (policy->kind == NULL || policy->rank == NULL || policy->fit == NULL)
        return refuse(guest, what, "lacks a member");
    if (roles->scheduler == NULL)
        return unwanted(guest, what);
    struct spd_error err = { 0 };
    return tell(guest, what,
                roles->scheduler(roles->arg, self, guest->name, policy, &err),
                &err);
}

/* -- reports, from any thread -- */

struct report {
    struct host *host;
    spd_printer *printer;
    char *text; /* NULL: progress */
    size_t len;
    int64_t attempt, sent_bytes;
};

static void deliver(const struct host_roles *roles, const struct report *report)
{
    if (report->text == NULL) {
        if (roles->upload_progress != NULL)
            roles->upload_progress(roles->arg, report->printer, report->attempt,
                                   report->sent_bytes);
        return;
    }
    struct spd_error err = { 0 };
    spd_json *json = json_parse((spd_str){ report->text, report->len }, &err);
    if (json == NULL || json_type(json) != SPD_JSON_OBJECT)
        log_error("host", "bug in a driver: its report is %s",
                  json == NULL ? err.text : "not an object");
    else if (roles->printer_report != NULL)
        roles->printer_report(roles->arg, report->printer, json);
    json_free(json);
}

/* The server counts what is under way before it lets the host go. */
static void on_report(void *arg)
{
    struct report *report = arg;
    struct host *host = report->host;
    deliver(&host->options.roles, report);
    host->reports_waiting--;
    free(report->text);
    free(report);
}

static bool post_report(const struct report *report)
{
    struct host *host = host_here();
    if (host->reports_waiting >= REPORTS_MAX)
        return false;
    struct report *copy = mem_new(sizeof(*copy));
    *copy = *report;
    copy->host = host;
    host->reports_waiting++;
    loop_post(host->options.loop, on_report, copy);
    return true;
}

static spd_err printer_report(spd_printer *printer, spd_jsonw *state)
{
    spd_str text;
    spd_err rc = jsonw_text(state, &text);
    if (rc != SPD_OK)
        return rc;
    if (text.len > REPORT_MAX_BYTES)
        return SPD_EINVAL;
    struct report report = { .printer = printer,
                             .text = mem_text(text),
                             .len = text.len };
    if (post_report(&report))
        return SPD_OK;
    free(report.text);
    return SPD_EBUSY;
}

static void upload_progress(spd_printer *printer, int64_t attempt,
                            int64_t sent_bytes)
{
    post_report(&(struct report){
        .printer = printer, .attempt = attempt, .sent_bytes = sent_bytes });
}

static spd_err order_put(spd_ticket *ticket, spd_jsonw *order)
{
    struct host *host = host_here();
    const struct host_roles *roles = &host->options.roles;
    if (!loop_is_here(host->options.loop)) {
        log_error("host", "bug in a plugin: called role->order_put from "
                          "another thread than the loop's");
        return SPD_EINVAL;
    }
    if (roles->order_put == NULL)
        return SPD_EUNSUPPORTED;
    spd_str text;
    struct spd_error err = { 0 };
    if (jsonw_text(order, &text) != SPD_OK)
        return SPD_EINVAL;
    spd_json *json = json_parse(text, &err);
    spd_err rc =
        json == NULL ? SPD_EINVAL : roles->order_put(roles->arg, ticket, json);
    json_free(json);
    return rc;
}

/* [any] */
static void finish(spd_ticket *ticket, spd_str cursor,
                   const struct spd_error *err)
{
    bool failed = err != NULL && err->code != SPD_OK;
    ticket_finish(host_here()->options.tickets, ticket, cursor,
                  failed ? err : NULL);
}

const struct spd_role_api host_role_api = {
    .size = sizeof(host_role_api),
    .printer_driver = printer_driver,
    .order_source = order_source,
    .notifier = notifier,
    .scheduler = scheduler,
    .printer_report = printer_report,
    .upload_progress = upload_progress,
    .order_put = order_put,
    .finish = finish,
};
