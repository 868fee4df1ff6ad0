/*
 * spoold/plugin.h - the whole contract between the server and a plugin.
 *
 * Read this file top to bottom and you know everything a plugin may do.
 *
 * Tags in [brackets] say which thread may call (or is called on):
 *   [loop]  the event-loop thread; the default when nothing is said
 *   [pool]  a worker thread of the host's pool
 *   [any]   every thread, concurrently
 *
 * Words used for pointers:
 *   borrowed  valid until the callback (or the transaction) that handed it
 *             out returns; copy it to keep it
 *   owned     the holder must end it with the function named beside it
 *   static    must outlive the plugin; in practice `static const`
 *
 * Compatibility: within one SPD_ABI_MAJOR, structs and tables only grow at
 * the end, and a zero in a field added later means "as before".
 *
 * Changes
 *   1.1  spd_fetch.header; loop->wall_ms; store->put_secret and get_secret;
 *        ops->hook
 *        spd_notifier.doc to .per_minute; spd_fetch.flags, .max_reply_bytes;
 *        json->put_json; loop->is_stopping; client->refusal
 *        what a printer reports: speed_pct to remote_control; commands from
 *        clear_error to skip; spd_printer_driver.discover, .check
 *        spd_candidate.finished, .failed
 */
#ifndef SPD_PLUGIN_H
#define SPD_PLUGIN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPD_ABI_MAJOR 1u
#define SPD_ABI_MINOR 1u

#if defined(__GNUC__)
#define SPD_EXPORT __attribute__((visibility("default")))
#define SPD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SPD_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SPD_EXPORT
#define SPD_PRINTF(fmt, args)
#define SPD_MUST_CHECK
#endif

/* A struct that may grow must not end in padding: a member added there would
 * not change sizeof, and the other side could not tell that it exists. */
#define SPD_FULL(type, last)                                                   \
    static_assert(offsetof(type, last) + sizeof(((type *)0)->last) ==          \
                      sizeof(type),                                            \
                  #type " ends in padding")

/* ------------------------------------------------------------ basics --- */

/* Bytes someone else owns; never assume a terminating NUL. */
typedef struct spd_str {
    const char *ptr;
    size_t len;
} spd_str;

typedef enum spd_err {
    SPD_OK = 0,
    SPD_EINVAL, /* the caller's mistake */
    SPD_ENOMEM,
    SPD_ENOTFOUND,
    SPD_EEXIST,
    SPD_EIO, /* disk, socket, peer; trying again may help */
    SPD_EAUTH,
    SPD_EBUSY,
    SPD_EUNSUPPORTED,
    SPD_ECANCELED,
    SPD_EINTERNAL /* a bug: please report */
} spd_err;

static_assert(sizeof(spd_err) == 4, "built with -fshort-enums?");

/* Caller-owned, fixed size: nothing to free, nothing hidden per thread. */
struct spd_error {
    spd_err code;
    char text[252];
};

typedef struct spd_plugin spd_plugin; /* you, as the host knows you */
typedef struct spd_json spd_json;     /* a JSON value, read only */
typedef struct spd_jsonw spd_jsonw;   /* a JSON document being written */
typedef struct spd_txn spd_txn;       /* a store transaction */
typedef struct spd_call spd_call;     /* one call of an operation */
typedef struct spd_timer spd_timer;
typedef struct spd_watch spd_watch;
typedef struct spd_metric spd_metric;
typedef struct spd_printer spd_printer;
typedef struct spd_ticket spd_ticket; /* a promise to finish something */

/* --------------------------------------------------- configuration ----- */

enum spd_type { SPD_T_BOOL = 1, SPD_T_INT, SPD_T_REAL, SPD_T_STR };

enum spd_key_flag {
    SPD_KEY_REQUIRED = 1u << 0,
    SPD_KEY_SECRET = 1u << 1,   /* masked in logs, REST and dumps */
    SPD_KEY_DURATION = 1u << 2, /* SPD_T_INT, "30s" is stored as ms */
};

struct spd_key {
    const char *name;
    const char *doc;      /* one line; becomes the JSON schema's text */
    const char *fallback; /* as the user would write it; NULL: none */
    uint32_t type;        /* enum spd_type */
    uint32_t flags;       /* enum spd_key_flag */
    size_t offset;        /* into the plugin's config struct */
};
SPD_FULL(struct spd_key, offset);

#ifndef __cplusplus
/* The member's own type picks the key's type, so the two cannot disagree. */
#define SPD_TYPE_OF(s, m)                                                      \
    _Generic(((s *)0)->m,                                                     \
        bool: SPD_T_BOOL,                                                    \
        int64_t: SPD_T_INT,                                                  \
        double: SPD_T_REAL,                                                  \
        const char *: SPD_T_STR)
#define SPD_KEY(s, m, ...)                                                     \
    {                                                                          \
        .name = #m, .type = SPD_TYPE_OF(s, m), .offset = offsetof(s, m),       \
        __VA_ARGS__                                                            \
    }
#endif

/* ------------------------------------------------ what you register ---- */

/* An operation is the unit of everything the server can do.  One row, four
 * doors: a REST route, a Lua function, a function for other plugins, and a
 * line of the generated OpenAPI document and command-line help.
 *
 * Answer with ops->reply now, or keep `call` and answer later; each call is
 * answered exactly once, and one that you drop is answered with
 * SPD_EINTERNAL by the host.  `args` is borrowed, already checked against
 * `in`, and holds path, query and body members side by side. */
typedef void spd_op_fn(spd_plugin *self, spd_call *call, const spd_json *args);

struct spd_field { /* one member of an operation's input or output */
    const char *name;
    const char *doc;
    uint32_t type;    /* enum spd_type */
    uint32_t flags;   /* enum spd_field_flag */
    const char *rule; /* "0..100", "queued|started", "<=255"; NULL: any */
};

enum spd_field_flag {
    SPD_FIELD_REQUIRED = 1u << 0,
    SPD_FIELD_SECRET = 1u << 1, /* accepted, never shown again */
};

enum spd_role { SPD_VIEWER = 1, SPD_OPERATOR, SPD_MANAGER, SPD_ADMIN };

struct spd_op {
    const char *name;  /* "etsy.sync": Lua and other plugins use this */
    const char *route; /* "POST /api/etsy/sync"; NULL: not over REST */
    const char *doc;
    spd_op_fn *run;
    const struct spd_field *in; /* ends with a row without a name */
    const struct spd_field *out;
    uint32_t role;  /* least role allowed; 0: SPD_ADMIN */
    uint32_t flags; /* none yet: 0 */
};
SPD_FULL(struct spd_op, flags);

/* An event is a fact from the journal: it was committed together with the
 * change it tells of.  Delivered on the loop in journal order, at least once:
 * a durable subscription's cursor moves on when the handler answers
 * bus->done, and after a crash delivery goes on behind the cursor. */
typedef void spd_event_fn(spd_plugin *self, int64_t seq, const char *topic,
                          const spd_json *payload);

struct spd_subscription {
    const char *topic;  /* "print.failed", or "print.*" */
    const char *cursor; /* NULL: from now on, not kept over restarts */
    spd_event_fn *handle;
};

/* Blocking work.  `done` runs exactly once for each accepted submit, also on
 * cancellation, so it is where `arg` is released. */
struct spd_work {
    spd_err (*run)(void *arg, struct spd_error *err); /* [pool] */
    void (*done)(spd_plugin *self, void *arg,
                 const struct spd_error *outcome); /* [loop] */
    void *arg;
};

/* A model a driver can speak to, under the three names the world has for it:
 * the shop's, the id that slicers write into sliced files, and the name they
 * write beside it.  Sliced files are matched to printers by these rows. */
struct spd_model {
    const char *name;        /* "P1S"; ends the array when NULL */
    const char *slicer_id;   /* "C12"; NULL: none */
    const char *slicer_name; /* as in the slicer's project; NULL: none */
};

/* A printer driver turns one make of printer into states, prints and
 * commands.  `settings` and every `attempt` and `command` are borrowed.
 *
 * settings  the connection: the members of the rows in `settings`, "model" as
 *           in `models`, and "pin" as last reported (absent on first use)
 * attempt   {"id", "submission": decimal text, unique per attempt,
 *            "file": path to read, "size": bytes, "remote_name", "plate",
 *            "name" [people],
 *            "filaments": [{"filament": number in the file, "slot"}]}
 * command   {"command": "pause" | "resume" | "stop" | "light" {"on": bool} |
 *            "speed" {"level": 1 to 4} | "refresh"} and, since 1.1,
 *            "clear_error" | "filament" {"slot", "material_type", "color":
 *            "#RRGGBB", "nozzle_celsius_least", "nozzle_celsius_most"} |
 *            "load" {"slot"} | "unload" | "dry" {"unit", "celsius", "hours"} |
 *            "stop_drying" {"unit"} | "skip" {"objects": [number]}.  One that
 *            it does not know it ends with SPD_EUNSUPPORTED
 *
 * The host commits each step between the calls, and calls `start` at most
 * once for an attempt, ever: a driver never tries a start again by itself, and
 * never sends one later than asked (no queue, no resend after a reconnect).
 * Finishing the ticket of `start` says what the printer answered; whether the
 * print really runs is judged by the host from role->printer_report. */
struct spd_printer_driver {
    const char *kind; /* "bambu" */
    const char *doc;
    const struct spd_model *models;   /* ends with a row without a name */
    const struct spd_field *settings; /* what a connection of this kind needs */
    spd_err (*open)(spd_plugin *self, spd_printer *printer,
                    const spd_json *settings, void **conn,
                    struct spd_error *err);
    /* No report and no step after this; open tickets are canceled. */
    void (*close)(void *conn);
    /* Put the file on the printer and see that it arrived whole. */
    void (*upload)(void *conn, const spd_json *attempt, spd_ticket *ticket);
    /* End the upload under way, if any: its ticket ends with SPD_ECANCELED. */
    void (*upload_abort)(void *conn);
    /* Send the one start command. SPD_EBUSY or SPD_EAUTH: refused, nothing
     * began; SPD_EIO: not known whether it arrived. */
    void (*start)(void *conn, const spd_json *attempt, spd_ticket *ticket);
    void (*command)(void *conn, const spd_json *command, spd_ticket *ticket);
    /* 1.1, optional: look for printers in the network for how["seconds"].  The
     * ticket ends with, as its text, a list of {"model", "name" [people],
     * "identity": the value of a setting that no other printer has,
     * "settings": those that could be found out, "detail" [people]}. */
    void (*discover)(spd_plugin *self, const spd_json *how, spd_ticket *ticket);
    /* 1.1, optional: would a printer with these settings (as of `open`) work?
     * Changes nothing.  The ticket ends with {"ok", "steps": [{"step", "ok":
     * bool, or null: not looked at, "text" [people]}]}, in the order in which
     * they were taken. */
    void (*check)(spd_plugin *self, const spd_json *settings,
                  spd_ticket *ticket);
};
SPD_FULL(struct spd_printer_driver, check);

/* What a driver says through role->printer_report: an object of these
 * members, all optional; what is absent is as before.  Strings are for the
 * program unless marked [people].
 *
 * connection   "connecting" | "connected" | "unreachable" | "refused" (the
 *              access code) | "silent" (it connects, and nothing comes) |
 *              "key_changed"
 * detail       [people] why, and what to do; "" when all is well
 * pin          hex of the peer's key, on first use: kept with the printer
 * full         true: with this report the picture is whole and current; no
 *              word of the printer's since its last whole one was missed.  The
 *              start protocol acts on such reports alone
 * state        "idle" | "preparing" | "printing" | "paused" | "finished" |
 *              "failed" | "unknown"; of finished and failed: the last print's,
 *              until the next begins
 * submission   of the attempt the printer says it is at, or was last at;
 *              "" when it names none
 * canceled     true beside "failed": a person stopped it.  Where that is told
 *              later than the failure, the driver waits with both
 * job_name     [people]
 * stage        [people] what it is doing: "bed levelling"
 * progress_pct remaining_minutes layer layers
 * nozzle_celsius nozzle_target_celsius bed_celsius bed_target_celsius
 * chamber_celsius (absent without a sensor)
 * nozzle_diameter_mm firmware speed_level light (bool) wifi_dbm door_open
 * error        {"code", "text" [people], "link"}, or null: it blocks a start;
 *              `link` leads to the maker's explanation
 * alerts       [{"code", "severity": "fatal|serious|common|info", "text",
 *              "link"}]
 * slots        all slots, whenever there are any news of one: [{"slot": number,
 *              "name" [people], "loaded": bool, "material_type": "PLA",
 *              "color": "#RRGGBB", "vendor", "product", "weight_grams",
 *              "remaining_pct" (absent: not known), "tray_uuid",
 *              "external": bool}]
 * active_slot  number, or null
 * speed_pct    1.1, and all that follow
 * fans         [{"name", "pct"}]
 * lights       [{"name", "on"}]
 * nozzle_type  [people] "hardened steel"
 * nozzles      of more than one: [{"name", "type", "diameter_mm", "celsius",
 *              "target_celsius", "slot"}]
 * units        what holds and feeds filament: [{"unit", "name", "kind",
 *              "humidity_pct", "dryness": 1 to 5, "celsius",
 *              "drying_minutes"}]
 * skipped      numbers of the plate's objects that are left out
 * storage_ready  bool
 * remote_control "unknown" | "off" | "on": does it obey commands from here */

/* A source of orders: a web shop, a market place.  The host asks it every
 * `every_ms`, and whenever somebody calls the operation orders.sync (so does
 * a source whose web hook rang: ops->call with {"source": kind}); never while
 * a poll of it is under way.
 *
 * poll    Find what is new or changed behind `cursor` (borrowed; empty at the
 *         very first), say each order with role->order_put, then finish the
 *         ticket; it is finished late by the host after 10 minutes
 * cursor  the source's own text of at most 4000 bytes, kept with the shop
 * finish  without an error: the orders put and the cursor given are committed
 *         together, and the next poll is given this cursor (an empty one
 *         leaves it where it was).  With an error: the orders put are kept,
 *         the cursor stays, and people are shown the error's text, which says
 *         what to do; then the host waits longer from time to time
 *
 * Orders are known by (kind, shop_id, source_id), and their items by their own
 * source_id within: saying one again changes what differs and nothing else,
 * whatever has been made of it since.  One that says nothing new writes
 * nothing.  One whose updated_at is before the kept one's is passed over, so
 * pages may overlap, shift and repeat. */
struct spd_order_source {
    const char *kind; /* "etsy" */
    void (*poll)(spd_plugin *self, spd_str cursor, spd_ticket *ticket);
    int64_t every_ms;
};
SPD_FULL(struct spd_order_source, every_ms);

/* What a source says through role->order_put: an object of these members, as
 * POST /api/orders takes them.  All but source_id are optional; null and ""
 * are as absent, and what is absent is cleared.  Texts are plain (no HTML
 * escapes), ids of others are texts, times are RFC 3339 in UTC, and money is
 * {"amount": whole minor units, "divisor": minor units of one major unit,
 * "currency": "EUR"}: 12.50 EUR is {1250, 100, "EUR"}, 500 yen {500, 1, "JPY"}.
 *
 * shop_id        which of the source's shops
 * source_id      the order's id there (a receipt's); required
 * number         what people call it there; else source_id
 * url            where people find it
 * status         "unpaid" | "processing" | "paid" | "shipped" | "cancelled" |
 *                "refunded" | "partly_refunded" | "other".  Only what is paid,
 *                or partly refunded, and not shipped, is printed
 * source_status  the source's own word, kept and shown
 * is_paid is_shipped  where they are known beside the status
 * ordered_at updated_at ship_by
 * buyer          {"id", "name", "email"}: the same id is the same customer
 * ship_to        {"name", "line1", "line2", "city", "state", "zip",
 *                 "country": "DE", "text": as it is to be printed}
 * message        from the buyer
 * is_gift gift_message gift_sender
 * items          [{"source_id": (a transaction's) required, unique in the
 * order, "title", "sku", "listing_id", "variations": [{"name", "value"}]: what
 * was chosen, "personalization": [{"name", "value"}]: what was written,
 *                  "quantity": 1..10000, "price": money of one,
 *                  "is_digital": true: nothing to print, "ship_by",
 *                  "image_url"}]
 * total subtotal shipping tax discount gift_wrap  money; discount positive
 * fees           [{"name", "amount": money}]: what the sale cost the shop
 * refunds        [{"amount": money, "at", "reason", "status"}]
 * shipments      [{"carrier", "tracking_code", "shipped_at"}]
 * raw problem    of an order the source could not read: its text (at most
 *                200 KiB are kept) and why [people].  With "problem" no
 *                member but source_id need be there; the order is flagged, and
 *                nothing of it is printed until it is said without
 *
 * order_put answers SPD_OK also when a member does not fit (a quantity of -3,
 * a text of a megabyte): the order is then kept raw and flagged by the host.
 * SPD_EINVAL  there is no source_id, or it is no JSON
 * SPD_EBUSY   200 orders are held for this ticket: finish with the cursor
 *             reached, and the next poll follows at once
 * SPD_ECANCELED  the ticket is not an open poll's */

/* A way to tell people.  A channel of this kind is a record of the shop's whose
 * settings are the members of the rows in `settings`, checked by them; secret
 * ones are sealed and never shown.  The host decides what is told, where and
 * when, keeps what waits over a crash, and tries again; a notifier only sends.
 *
 * send     One message to one channel.  The next one of a channel comes only
 *          after the end of the one before, so that they arrive in order.  A
 *          ticket that is not finished within 90 s counts as SPD_EIO
 * check    Optional: are the settings sound, beyond what the rows say?  Asked
 *          before they are kept; the error's text is shown to whoever gave
 *          them, and names the member.  `channel` is as in a notice
 * preview  Optional: what `send` would send, as members of the object that is
 *          open in `out`: "body" (text), and what else is worth seeing.  Sends
 *          nothing, shows no secret
 *
 * A notice (borrowed):
 *
 * id       a text of a-z, 0-9 and _; the same on every try, unique to message
 *          and channel: by it a receiver knows a repetition
 * topic    "print.failed"; "digest" and "summary" gather several (see items);
 *          "alert": a person or a rule wrote it; "test": the button's
 * at       when it happened, RFC 3339
 * try      1, 2, ...
 * channel  {"id", "name", "kind", "allow_private": bool, and its settings with
 *          the secrets opened; one that was not given is absent}
 * severity "info" | "success" | "warning" | "error"
 * title    [people] one line: what happened to what
 * text     [people] some lines: which printer and order, why, what to do
 * facts    [{"name", "value"}] [people]: the same as a small table; may be []
 * link     of the page where something can be done about it; absent: none
 * event    the event's data: {"printer": {"id", "name", "model", "location",
 *          "status"}, "job": {...}, "order": {...}, "material": {...}}, each
 *          absent where it has no part in it; {} of a digest
 * items    [{"topic", "at", "severity", "title", "text", "link"}], oldest
 *          first, at most 100: what a digest or summary gathers; else absent
 * picture  the path of a PNG file to read before the ticket ends: the plate;
 *          absent: none, or its flags do not hold SPD_NOTIFIER_PICTURES
 * thread   the same in all messages about one print; absent: about none
 * first    bool: nothing of this thread was sent to this channel before
 * progress_pct  0 to 100, of a print under way or ended; else absent
 * custom   any JSON, made by the channel's own template or by a rule: to be
 *          sent instead of the notifier's own body.  Only where its flags hold
 *          SPD_NOTIFIER_CUSTOM
 *
 * role->finish ends it:
 *
 * no error    delivered.  The text beside it (`cursor`) is a note kept in the
 *             log of deliveries [people]: "refused for bob@example.com"
 * SPD_EIO     try again with growing pauses, most of a day.  The text beside
 *             it: not before so many seconds ("120", of a Retry-After); empty:
 *             as the host sees fit
 * SPD_EBUSY   the same, and no fault of the message: uses up no try
 * SPD_EINVAL  this message can never be delivered; the next one may
 * SPD_EAUTH   they do not want us any more (401, 403, 410, a password that is
 *             refused): the channel is switched off, people are shown why, and
 *             what waits is kept until somebody switches it on again
 * others      as SPD_EIO
 *
 * The error's text is kept and shown: it holds no secret. */
enum spd_notifier_flag {
    SPD_NOTIFIER_CUSTOM = 1u << 0,   /* sends `custom` when it is there */
    SPD_NOTIFIER_PICTURES = 1u << 1, /* can send a `picture` */
};

struct spd_notifier {
    const char *kind; /* "email" */
    void (*send)(spd_plugin *self, const spd_json *notice, spd_ticket *ticket);
    /* 1.1 */
    const char *doc;                  /* one line */
    const struct spd_field *settings; /* ends with a row without a name */
    spd_err (*check)(spd_plugin *self, const spd_json *channel,
                     struct spd_error *err);
    spd_err (*preview)(spd_plugin *self, const spd_json *notice, spd_jsonw *out,
                       struct spd_error *err);
    uint32_t flags;      /* enum spd_notifier_flag */
    uint32_t per_minute; /* more are gathered into a summary; 0: no limit */
};
SPD_FULL(struct spd_notifier, per_minute);

/* A waiting job, as a policy sees it.  Times are UTC milliseconds, 0: none.
 * Both structs are the host's and may be longer than you know: never copy
 * them by their size. */
struct spd_job {
    size_t size;
    int64_t id, printer_id, order_id, priority;
    int64_t created_ms, scheduled_ms, ship_by_ms, estimated_ms;
    spd_str name, material_type; /* borrowed */
};
SPD_FULL(struct spd_job, material_type);

/* A printer that can take the job as it stands. */
struct spd_candidate {
    size_t size;
    int64_t id;
    int64_t changes;     /* filaments to load: of the slots it prints from,
                            those that are not at the nozzle now */
    int64_t queued_ms;   /* estimates of the jobs that wait for it alone */
    int64_t printed_ms;  /* it has printed so long in all */
    spd_str name, model; /* borrowed */
    /* 1.1: prints of the job's file that ended there, well and not. */
    int64_t finished, failed;
};
SPD_FULL(struct spd_candidate, failed);

/* A scheduling policy.  Pure and quick: no I/O, no store writes.
 * `rank` orders all waiting jobs, whatever the printer, the lowest first;
 * equal ranks go by priority, scheduled start and age.  It is asked once per
 * change of a job and kept with it, so it must not depend on the clock (a date
 * to be ready by is a fine rank; "minutes left" is not).
 * `fit` chooses among the printers that can take a job; higher is better,
 * INT64_MIN means never. */
struct spd_scheduler {
    const char *kind; /* "priority" */
    int64_t (*rank)(spd_plugin *self, const struct spd_job *job);
    int64_t (*fit)(spd_plugin *self, const struct spd_job *job,
                   const struct spd_candidate *printer);
};
SPD_FULL(struct spd_scheduler, fit);

/* ------------------------------------------------------ the host ------- */

enum spd_level { SPD_DEBUG, SPD_INFO, SPD_WARN, SPD_ERROR };

struct spd_log_api { /* [any] */
    size_t size;
    void (*write)(spd_plugin *self, enum spd_level level, const char *fmt, ...)
        SPD_PRINTF(3, 4);
};

typedef void spd_later(spd_plugin *self, void *arg);

struct spd_loop_api {
    size_t size;
    bool (*on_loop)(void);                   /* [any] */
    int64_t (*now_ms)(void); /* monotonic */ /* [any] */
    /* Run fn(self, arg) on the loop, in the order posted.  On failure
     * `arg` is still yours. */
    spd_err (*post)(spd_plugin *self, spd_later *fn, void *arg); /* [any] */
    /* SPD_ECANCELED: you are being stopped, `done` does not follow. */
    spd_err (*submit)(spd_plugin *self, const struct spd_work *work,
                      size_t work_size);
    /* Owned: timer_free / watch_free, or freed for you after stop(). */
    spd_timer *(*timer_new)(spd_plugin *self, spd_later *fn, void *arg);
    void (*timer_set)(spd_timer *timer, int64_t first_ms, int64_t every_ms);
    void (*timer_free)(spd_timer *timer);
    spd_watch *(*watch_new)(spd_plugin *self, int fd, bool readable,
                            bool writable, spd_later *fn, void *arg);
    void (*watch_free)(spd_watch *watch); /* does not close the fd */
    /* 1.1: UTC since 1970; jumps when somebody sets the clock. */
    int64_t (*wall_ms)(void); /* [any] */
    /* 1.1: You are being stopped, and your work under way is waited for: what
     * takes more than a second asks now and then, and ends early. */
    bool (*is_stopping)(spd_plugin *self); /* [any] */
};

/* Keys live in your own namespace; other plugins cannot see them. */
struct spd_store_api {
    size_t size;
    /* Run fn in one transaction: SPD_OK from fn commits, anything else
     * rolls back and is returned.  Do not keep txn, or what get() gave. */
    spd_err (*read)(spd_plugin *self, spd_err (*fn)(spd_txn *, void *),
                    void *arg, struct spd_error *err);
    spd_err (*write)(spd_plugin *self, spd_err (*fn)(spd_txn *, void *),
                     void *arg, struct spd_error *err);
    /* Borrowed until fn returns or the next put/del in txn. */
    spd_err (*get)(spd_txn *txn, spd_str key, spd_str *value);
    spd_err (*put)(spd_txn *txn, spd_str key, spd_str value);
    spd_err (*del)(spd_txn *txn, spd_str key);
    /* Keys starting with prefix, in byte order; fn returns false to stop. */
    spd_err (*scan)(spd_txn *txn, spd_str prefix,
                    bool (*fn)(spd_str key, spd_str value, void *arg),
                    void *arg);
    /* 1.1: sealed with the server's key, so that the data folder and its
     * backups do not give it away.  get_secret: SPD_EAUTH, it was sealed with
     * another key; borrowed until fn returns or the next get_secret. */
    spd_err (*put_secret)(spd_txn *txn, spd_str key, spd_str value);
    spd_err (*get_secret)(spd_txn *txn, spd_str key, spd_str *value);
};

enum spd_json_type {
    SPD_JSON_NULL,
    SPD_JSON_BOOL,
    SPD_JSON_INT,
    SPD_JSON_REAL,
    SPD_JSON_STR,
    SPD_JSON_ARRAY,
    SPD_JSON_OBJECT
};

/* Readers never fail: a missing member reads as null, null reads as the
 * fallback.  Views are borrowed from the document. */
struct spd_json_api { /* [any], one thread per document */
    size_t size;
    enum spd_json_type (*type)(const spd_json *v);
    const spd_json *(*member)(const spd_json *v, const char *name);
    const spd_json *(*item)(const spd_json *v, size_t index);
    size_t (*count)(const spd_json *v);
    bool (*as_bool)(const spd_json *v, bool fallback);
    int64_t (*as_int)(const spd_json *v, int64_t fallback);
    double (*as_real)(const spd_json *v, double fallback);
    spd_str (*as_str)(const spd_json *v, spd_str fallback);
    /* Owned: end a parsed document with free. */
    spd_json *(*parse)(spd_str text, struct spd_error *err);
    void (*free)(spd_json *doc);
    /* Writing.  `name` is NULL inside an array.  An error sticks and is
     * reported once, by text(), whose view is borrowed from the writer. */
    spd_jsonw *(*writer)(void);
    void (*begin)(spd_jsonw *w, const char *name, enum spd_json_type type);
    void (*end)(spd_jsonw *w);
    void (*put_bool)(spd_jsonw *w, const char *name, bool value);
    void (*put_int)(spd_jsonw *w, const char *name, int64_t value);
    void (*put_real)(spd_jsonw *w, const char *name, double value);
    void (*put_str)(spd_jsonw *w, const char *name, spd_str value);
    spd_err (*text)(spd_jsonw *w, spd_str *out);
    void (*writer_free)(spd_jsonw *w);
    void (*put_null)(spd_jsonw *w, const char *name);
    /* 1.1: a value of another document, whatever it is. */
    void (*put_json)(spd_jsonw *w, const char *name, const spd_json *value);
};

struct spd_bus_api {
    size_t size;
    spd_err (*subscribe)(spd_plugin *self, const struct spd_subscription *rows,
                         size_t count, size_t row_size);
    void (*done)(spd_plugin *self, const char *cursor, int64_t seq);
    /* Add an event of your own to the journal; topic begins with your name.
     * The payload is copied before emit returns; w stays yours. */
    spd_err (*emit)(spd_plugin *self, const char *topic, spd_jsonw *w);
};

/* Told once how a call ended; `result` is borrowed. */
typedef void spd_result_fn(spd_plugin *self, void *arg, const spd_json *result,
                           const struct spd_error *err);

enum { SPD_HOOK_PATH_BYTES = 96 };

struct spd_op_api {
    size_t size;
    spd_err (*add)(spd_plugin *self, const struct spd_op *rows, size_t count,
                   size_t row_size);
    void (*reply)(spd_call *call, spd_jsonw *result_or_null);
    void (*fail)(spd_call *call, const struct spd_error *err);
    /* Call any operation, the core's or another plugin's, as this plugin. */
    spd_err (*call)(spd_plugin *self, const char *name, spd_jsonw *args,
                    spd_result_fn *then, void *arg);
    /* 1.1: an address for somebody who has no token: another server that
     * reports (POST, application/json, 64 KiB at most), or a browser that
     * another site sends back (GET).  `path` becomes "/api/hooks/KEY": KEY
     * cannot be guessed, is the same after a restart, and is all that guards
     * `run`, which therefore judges what it is told before it does anything.
     *
     * args  {"query": {...}, "headers": {"webhook-id": ...} without those that
     *       carry credentials, names in small letters; "body": text}
     * name  of a-z, 0-9 and -; static */
    spd_err (*hook)(spd_plugin *self, const char *name, spd_op_fn *run,
                    char path[SPD_HOOK_PATH_BYTES]);
};

enum spd_fetch_flag {
    /* Private networks may be reached: an administrator said so of this
     * address.  Loopback and link-local are refused all the same. */
    SPD_FETCH_PRIVATE = 1u << 0,
    /* Of a longer body the beginning will do: the rest is not read. */
    SPD_FETCH_CLIP = 1u << 1,
};

struct spd_fetch { /* an outbound HTTP request */
    const char *method;
    const char *url;
    const char *const *headers; /* "Name: value", NULL-terminated */
    spd_str body;
    int64_t timeout_ms; /* 0: the host's default */
    void (*done)(spd_plugin *self, void *arg, int status, spd_str body,
                 const struct spd_error *err);
    void *arg;
    /* 1.1, optional: each header of the answer, before `done`.  Names come as
     * the peer wrote them: compare without case. */
    void (*header)(spd_plugin *self, void *arg, spd_str name, spd_str value);
    /* 1.1 */
    uint32_t flags;           /* enum spd_fetch_flag */
    uint32_t max_reply_bytes; /* 0: 4 MiB, which is also the most */
};
SPD_FULL(struct spd_fetch, max_reply_bytes);

struct spd_client_api {
    size_t size;
    spd_err (*fetch)(spd_plugin *self, const struct spd_fetch *fetch,
                     size_t fetch_size);
    /* [any] 1.1, for whoever connects by other means: may it, to this address
     * (a struct sockaddr)?  NULL: yes; else why not, as in "its address leads
     * to this machine itself". Static.  Ask about the address that is really
     * connected to: what a name led to before says nothing. `flags` as of
     * spd_fetch. */
    const char *(*refusal)(spd_plugin *self, const void *address,
                           uint32_t flags);
};

struct spd_role_api {
    size_t size;
    spd_err (*printer_driver)(spd_plugin *self,
                              const struct spd_printer_driver *d, size_t n);
    spd_err (*order_source)(spd_plugin *self, const struct spd_order_source *s,
                            size_t n);
    spd_err (*notifier)(spd_plugin *self, const struct spd_notifier *s,
                        size_t n);
    spd_err (*scheduler)(spd_plugin *self, const struct spd_scheduler *s,
                         size_t n);
    /* What the printer says of itself now, in the words listed at
     * spd_printer_driver; [any], so that a driver's network thread may hand
     * it over.  The report is copied; the writer stays yours. */
    spd_err (*printer_report)(spd_printer *printer, spd_jsonw *state);
    /* [any] How far the upload of an attempt is, for people. */
    void (*upload_progress)(spd_printer *printer, int64_t attempt,
                            int64_t sent_bytes);
    /* An order found by a poll, in the words listed at spd_order_source; the
     * order is copied, the writer stays yours. */
    spd_err (*order_put)(spd_ticket *ticket, spd_jsonw *order);
    /* [any] Exactly once per ticket; the host finishes a forgotten one late.
     * `cursor` is an order source's, or what a notifier has to say beside;
     * { 0 } otherwise. */
    void (*finish)(spd_ticket *ticket, spd_str cursor,
                   const struct spd_error *err_or_null);
};

struct spd_metric_api {
    size_t size;
    spd_metric *(*counter)(spd_plugin *self, const char *name, const char *doc);
    spd_metric *(*gauge)(spd_plugin *self, const char *name, const char *doc);
    void (*add)(spd_metric *metric, double amount); /* [any] */
    void (*set)(spd_metric *metric, double value);  /* [any] */
};

struct spd_host {
    size_t size;
    uint32_t abi_major, abi_minor;
    const char *version; /* of the server, for people */
    const struct spd_log_api *log;
    const struct spd_loop_api *loop;
    const struct spd_store_api *store;
    const struct spd_json_api *json;
    const struct spd_bus_api *bus;
    const struct spd_op_api *ops;
    const struct spd_client_api *client;
    const struct spd_role_api *role;
    const struct spd_metric_api *metric;
};

/* Does this host have table->member?  For members added in a later minor. */
#define SPD_HAS(type, table, member)                                           \
    ((table) != NULL &&                                                        \
     (table)->size >= offsetof(type, member) + sizeof((table)->member))

/* ------------------------------------------------------ the plugin ----- */

struct spd_plugin { /* one per loaded plugin; the host owns it */
    const struct spd_host *host;
    void *state;      /* yours; the host never looks */
    const void *conf; /* your config struct, filled by the host; borrowed
                         until stop() or the next reconfigure() */
};

struct spd_plugin_desc {
    size_t size;
    uint32_t abi_major, abi_minor; /* as built */
    uint32_t needs_minor;          /* the least host minor it can run on */
    uint32_t key_count;
    size_t key_size;
    size_t conf_size;
    const char *name; /* "webhook": file, namespace, log tag */
    const char *version;
    const char *summary;
    const char *license; /* SPDX */
    const struct spd_key *keys;
    /* Register everything here.  On failure the host undoes what was
     * registered; free your own state before returning. */
    spd_err (*start)(spd_plugin *self, struct spd_error *err);
    /* Optional.  self->conf is the new one, already valid. */
    spd_err (*reconfigure)(spd_plugin *self, struct spd_error *err);
    /* All work is done or canceled by now, and no callback follows. */
    void (*stop)(spd_plugin *self);
};

#define SPD_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The only symbol a plugin exports, and it is data: the host can read who
 * you are before it runs a line of your code.  `least` is the oldest host
 * minor you can run on; guard what is newer with SPD_HAS. */
#ifndef SPD_PLUGIN_SYMBOL
#define SPD_PLUGIN_SYMBOL spd_plugin_desc
#endif
#define SPD_PLUGIN(least, ...)                                                 \
    SPD_EXPORT extern const struct spd_plugin_desc SPD_PLUGIN_SYMBOL;          \
    const struct spd_plugin_desc SPD_PLUGIN_SYMBOL = {                         \
        .size = sizeof(struct spd_plugin_desc),                                \
        .abi_major = SPD_ABI_MAJOR,                                            \
        .abi_minor = SPD_ABI_MINOR,                                            \
        .needs_minor = (least),                                                \
        .key_size = sizeof(struct spd_key),                                    \
        __VA_ARGS__                                                            \
    }

/* ------------------------------------------------------ wrappers ------- */
/* Thin and inline, so that the row size is the one *your* compiler saw. */

static inline SPD_MUST_CHECK spd_err spd_ops(spd_plugin *self,
                                             const struct spd_op *rows,
                                             size_t count)
{
    return self->host->ops->add(self, rows, count, sizeof(*rows));
}

static inline SPD_MUST_CHECK spd_err spd_subscribe(
    spd_plugin *self, const struct spd_subscription *rows, size_t count)
{
    return self->host->bus->subscribe(self, rows, count, sizeof(*rows));
}

static inline SPD_MUST_CHECK spd_err spd_submit(spd_plugin *self,
                                                const struct spd_work *work)
{
    return self->host->loop->submit(self, work, sizeof(*work));
}

#define spd_log(self, level, ...)                                              \
    ((self)->host->log->write((self), (level), __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif /* SPD_PLUGIN_H */
