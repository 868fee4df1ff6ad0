/* Plugins that break a rule each.  Built once for each sin: SIN names the
 * function that commits it, SIN_NAME the plugin. */
#include <stdlib.h>
#include <string.h>

#include <spoold/plugin.h>

static const struct spd_op one_op[2];

static spd_op_fn answers_twice, never_answers, fails_silently, blocks,
    writes_broken_json, writes_later, calls_freely;
static spd_err registers(spd_plugin *self, const struct spd_op *row)
{
    return self->host->ops->add(self, row, 1, sizeof(*row));
}

/* -- in an operation -- */

static void answers_twice(spd_plugin *self, spd_call *call,
                          const spd_json *args)
{
    (void)args;
    self->host->ops->reply(call, NULL);
    self->host->ops->reply(call, NULL);
}

static void never_answers(spd_plugin *self, spd_call *call,
                          const spd_json *args)
{
    (void)self;
    (void)call;
    (void)args;
}

static void fails_silently(spd_plugin *self, spd_call *call,
                           const spd_json *args)
{
    (void)args;
    self->host->ops->fail(call, NULL);
}

static void writes_broken_json(spd_plugin *self, spd_call *call,
                               const spd_json *args)
{
    (void)args;
    spd_jsonw *w = self->host->json->writer();
    self->host->json->begin(w, NULL, SPD_JSON_OBJECT);
    self->host->ops->reply(call, w);
    self->host->json->writer_free(w);
}

/* The clock of the tests goes on by a millisecond whenever it is read. */
static void blocks(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    int64_t until_ms = self->host->loop->now_ms() + 50;
    while (self->host->loop->now_ms() < until_ms)
        ;
    self->host->ops->reply(call, NULL);
}

static spd_err keep_txn(spd_txn *txn, void *arg)
{
    *(spd_txn **)arg = txn;
    return SPD_OK;
}

static void writes_later(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    spd_txn *kept = NULL;
    spd_str key = { "key", 3 };
    self->host->store->write(self, keep_txn, &kept, NULL);
    self->host->store->put(kept, key, key);
    self->host->ops->reply(call, NULL);
}

/* No plugin's role lets it do what is for administrators alone. */
static void on_freely(spd_plugin *self, void *arg, const spd_json *result,
                      const struct spd_error *err)
{
    (void)arg;
    (void)result;
    spd_log(self, SPD_WARN, "answer %d: %s", err == NULL ? 0 : (int)err->code,
            err == NULL ? "" : err->text);
}

static void calls_freely(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    self->host->ops->call(self, SIN_NAME ".act", NULL, on_freely, NULL);
    self->host->ops->reply(call, NULL);
}

/* -- in start -- */

static spd_err has_no_doc(spd_plugin *self)
{
    struct spd_op row = one_op[0];
    row.doc = NULL;
    return registers(self, &row);
}

static spd_err has_anothers_name(spd_plugin *self)
{
    struct spd_op row = one_op[0];
    row.name = "jobs.cancel_all";
    return registers(self, &row);
}

static spd_err has_a_page_route(spd_plugin *self)
{
    struct spd_op row = one_op[0];
    row.route = "GET /login";
    return registers(self, &row);
}

static spd_err has_an_unknown_role(spd_plugin *self)
{
    struct spd_op row = one_op[0];
    row.role = 77;
    return registers(self, &row);
}

static spd_err has_a_secret_in_the_url(spd_plugin *self)
{
    static const struct spd_field in[] = {
        { "key", "of the door", SPD_T_STR, SPD_FIELD_SECRET, NULL },
        { 0 },
    };
    struct spd_op row = one_op[0];
    row.route = "GET /api/secret";
    row.in = in;
    return registers(self, &row);
}

struct long_op {
    struct spd_op row;
    uint64_t unknown;
};

static spd_err has_an_unknown_tail(spd_plugin *self)
{
    struct long_op op = { .row = one_op[0], .unknown = 1 };
    return self->host->ops->add(self, &op.row, 1, sizeof(op));
}

static spd_err has_a_zero_tail(spd_plugin *self)
{
    struct long_op op = { .row = one_op[0] };
    return self->host->ops->add(self, &op.row, 1, sizeof(op));
}

static spd_err emits_for_another(spd_plugin *self)
{
    return self->host->bus->emit(self, "job.finished", NULL);
}

static void on_event(spd_plugin *self, int64_t seq, const char *topic,
                     const spd_json *payload)
{
    (void)payload;
    spd_log(self, SPD_WARN, "got %lld %s", (long long)seq, topic);
}

static spd_err never_done(spd_plugin *self)
{
    static const struct spd_subscription row = { SIN_NAME ".*", "c", on_event };
    spd_err rc = spd_subscribe(self, &row, 1);
    if (rc == SPD_OK)
        rc = self->host->bus->emit(self, SIN_NAME ".one", NULL);
    if (rc == SPD_OK)
        rc = self->host->bus->emit(self, SIN_NAME ".two", NULL);
    return rc;
}

static spd_err does_another_event(spd_plugin *self)
{
    self->host->bus->done(self, "nothing", 7);
    return SPD_OK;
}

static spd_err fails(spd_plugin *self)
{
    spd_err rc = registers(self, &one_op[0]);
    return rc == SPD_OK ? SPD_EIO : rc;
}

static spd_err offers_half_a_role(spd_plugin *self)
{
    struct spd_notifier half = { .kind = "pigeon" };
    return self->host->role->notifier(self, &half, sizeof(half));
}

static void on_timer(spd_plugin *self, void *arg)
{
    (void)arg;
    spd_log(self, SPD_WARN, "the timer still runs");
}

static spd_err leaves_timers(spd_plugin *self)
{
    spd_timer *timer = self->host->loop->timer_new(self, on_timer, NULL);
    self->host->loop->timer_set(timer, 1000, 1000);
    return SPD_OK;
}

static spd_err registers_on_a_thread(void *arg, struct spd_error *err)
{
    (void)err;
    return registers(arg, &one_op[0]) == SPD_OK ? SPD_OK : SPD_EBUSY;
}

static void on_registered(spd_plugin *self, void *arg,
                          const struct spd_error *outcome)
{
    (void)arg;
    spd_log(self, SPD_WARN, "refused: %s",
            outcome->code == SPD_EBUSY ? "yes" : "no");
}

static spd_err leaves_the_loop(spd_plugin *self)
{
    struct spd_work work = { registers_on_a_thread, on_registered, self };
    return spd_submit(self, &work);
}

static spd_err crashes(spd_plugin *self)
{
    (void)self;
    abort();
}

/* -- which -- */

#define IN_OPERATION(sin)                                                      \
    {                                                                          \
#sin, NULL, sin                                                        \
    }
#define IN_START(sin)                                                          \
    {                                                                          \
#sin, sin, NULL                                                        \
    }

static const struct sin {
    const char *name;
    spd_err (*in_start)(spd_plugin *self);
    spd_op_fn *in_operation;
} sins[] = {
    IN_OPERATION(answers_twice),   IN_OPERATION(never_answers),
    IN_OPERATION(fails_silently),  IN_OPERATION(writes_broken_json),
    IN_OPERATION(blocks),          IN_OPERATION(writes_later),
    IN_OPERATION(calls_freely),    IN_START(has_no_doc),
    IN_START(has_anothers_name),   IN_START(has_a_page_route),
    IN_START(has_an_unknown_role), IN_START(has_a_secret_in_the_url),
    IN_START(has_an_unknown_tail), IN_START(has_a_zero_tail),
    IN_START(emits_for_another),   IN_START(never_done),
    IN_START(does_another_event),  IN_START(fails),
    IN_START(offers_half_a_role),  IN_START(leaves_timers),
    IN_START(leaves_the_loop),     IN_START(crashes),
};

static const struct sin *find_sin(void)
{
    for (size_t i = 0; i < SPD_COUNT(sins); i++)
        if (strcmp(sins[i].name, SIN) == 0)
            return &sins[i];
    abort();
}

static void act(spd_plugin *self, spd_call *call, const spd_json *args)
{
    find_sin()->in_operation(self, call, args);
}

/* Without a role: for administrators only. */
static const struct spd_op one_op[2] = {
    { .name = SIN_NAME ".act", .doc = "Break a rule", .run = act },
    { .name = SIN_NAME ".second", .doc = "Break it again", .run = act },
};

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    (void)err;
    const struct sin *sin = find_sin();
    return sin->in_start != NULL ? sin->in_start(self)
                                 : registers(self, &one_op[0]);
}

static void stop(spd_plugin *self)
{
    (void)self;
}

SPD_PLUGIN(0, .name = SIN_NAME, .version = "0", .license = "MIT",
           .summary = "breaks a rule", .start = start, .stop = stop);
