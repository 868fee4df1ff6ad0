#include "server/about.h"

#include "shop/fleet.h"
#include "shop/person.h"

struct health {
    spd_str status, version;
    bool set_up;
};
static const struct field health_rows[] = {
    FIELD(health, status, FIELD_TEXT, "ok, or what is wrong",
          .flags = FIELD_READONLY),
    FIELD(health, version, FIELD_TEXT, "which spoold this is",
          .flags = FIELD_READONLY),
    FIELD(health, set_up, FIELD_BOOL, "has the first administrator been made?",
          .flags = FIELD_READONLY),
};
static const struct fields health_fields = TABLE("health", health, health_rows);

static spd_err show_health(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct about *about = call->self;
    bool is_short = store_is_short(about->shop->store);
    struct health health = {
        .status = is_short ? STR("the disk is nearly full: uploads are refused")
                           : STR("ok"),
        .version = STR(SPOOLD_VERSION),
        .set_up = people_are_set_up(about->shop),
    };
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    fields_write(&health_fields, &health, w);
    jsonw_end(w);
    return SPD_OK;
}

static spd_err describe(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct about *about = call->self;
    ops_describe(about->shop->ops, call_reply_buf(call));
    return SPD_OK;
}

/* The stream itself is the door's work; this row says what it takes. */
struct events_param {
    int64_t after;
    spd_str topic;
};
static const struct field events_rows[] = {
    FIELD(events_param, after, FIELD_INT,
          "from the event behind this number on; else from now on", .min = 0,
          .max = 9e15),
    FIELD(events_param, topic, FIELD_TEXT,
          "only topics like this, such as print.*", .flags = FIELD_NULL,
          .max = 80),
};
static const struct fields events_fields =
    TABLE("events", events_param, events_rows);

/* -- metrics -- */

static void put_metric(struct buf *out, const char *name, const char *type,
                       const char *doc, int64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, doc, name,
               type, name, (long long)value);
}

static void put_answers(struct buf *out, const struct http_counts *counts)
{
    buf_put(out, STR("# HELP spoold_http_answers_total Requests by the first "
                     "digit of their status; 0: cut off.\n"
                     "# TYPE spoold_http_answers_total counter\n"));
    for (int i = 0; i < 6; i++)
        buf_printf(out, "spoold_http_answers_total{class=\"%d\"} %lld\n", i,
                   (long long)counts->answered[i]);
}

static int64_t count_connected(const struct fleet *fleet)
{
    int64_t connected = 0;
    for (size_t i = 0; i < fleet_count(fleet); i++)
        connected +=
            fleet_at(fleet, i)->box.state.connection == CONNECTION_CONNECTED;
    return connected;
}

static spd_err show_metrics(struct call *call, spd_txn *txn)
{
    const struct about *about = call->self;
    const struct fleet *fleet = about->shop->fleet;
    struct buf out = { 0 };
    struct loop_health loop = loop_health(about->shop->loop);
    put_metric(&out, "spoold_printers", "gauge", "Printers of the shop.",
               (int64_t)fleet_count(fleet));
    put_metric(&out, "spoold_printers_connected", "gauge",
               "Printers that are connected.", count_connected(fleet));
    put_metric(&out, "spoold_journal_seq", "counter",
               "The number of the latest event.", journal_last(txn));
    put_metric(&out, "spoold_loop_turns_total", "counter", "Turns of the loop.",
               loop.turns);
    put_metric(&out, "spoold_loop_long_turns_total", "counter",
               "Turns of the loop of 5 ms and more.", loop.long_turns);
    put_metric(&out, "spoold_loop_slow_turns_total", "counter",
               "Turns of the loop over 20 ms.", loop.slow_turns);
    if (about->http != NULL) {
        struct http_counts counts = http_counts(about->http);
        put_answers(&out, &counts);
        put_metric(&out, "spoold_http_connections", "gauge", "Connections now.",
                   counts.connections);
        put_metric(&out, "spoold_http_streams", "gauge", "Event streams now.",
                   counts.streams);
    }
    host_metrics(about->host, &out);
    call_reply_bytes(call, buf_str(&out),
                     "text/plain; version=0.0.4; charset=utf-8");
    buf_fini(&out);
    return SPD_OK;
}

static const struct op about_ops[] = {
    { .name = "health",
      .route = "GET /api/health",
      .doc = "Is the server well?",
      .flags = OP_PUBLIC | OP_READ,
      .reply = &health_fields,
      .run = show_health },
    { .name = "api.describe",
      .route = "GET /api/openapi.json",
      .doc = "This description: OpenAPI, made from the operations table",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = describe },
    { .name = "events",
      .route = "GET /api/events",
      .doc = "The journal as a stream of server-sent events",
      .role = SPD_VIEWER,
      .flags = OP_EVENTS,
      .params = &events_fields },
    { .name = "metrics",
      .route = "GET /metrics",
      .doc = "Figures for Prometheus",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = show_metrics },
};

spd_err about_add_ops(struct about *about, struct spd_error *err)
{
    return ops_add(about->shop->ops, about_ops, SPD_COUNT(about_ops), about,
                   err);
}
