#include "board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

enum { LIST_PAGE = 500, KEY_CHARS = 24 };

struct machine {
    struct machine *next;
    int64_t id;
    char *name, *model;
    bool is_listed;     /* in the list that is being read */
    bool is_gone;       /* to be taken away */
    bool is_remembered; /* in the store */
    bool is_announced;  /* in the form it has now */
    bool is_marked;     /* something happened: ask */
    bool is_asked;      /* an answer is awaited */
    int64_t asked_ms;
    int64_t finish_ms; /* as said of the print under way; 0: nothing */
    char *said;        /* the state published last; NULL: none on this line */
    int availability;  /* as published: 1 online, 0 offline, -1 nothing yet */
};

struct board {
    spd_plugin *self;
    struct broker *broker;
    const struct board_plan *plan;
    struct machine *machines, *turn; /* turn: where the next tick goes on */
    bool server_announced, wants_list, is_listing;
    spd_timer *tick;
};

static const struct spd_json_api *json_of(const struct board *b)
{
    return b->self->host->json;
}

static struct machine *find(const struct board *b, int64_t id)
{
    struct machine *m = b->machines;
    while (m != NULL && m->id != id)
        m = m->next;
    return m;
}

/* --------------------------------------- remembered beyond a restart -- */
/* A printer that is deleted while we are not running must go from the broker
 * all the same, so the ids that were announced lie in the store. */

struct memo {
    const struct spd_store_api *store;
    char key[KEY_CHARS];
    bool keep;
};

static spd_err write_memo(spd_txn *txn, void *arg)
{
    const struct memo *memo = arg;
    spd_str key = { memo->key, strlen(memo->key) };
    if (memo->keep)
        return memo->store->put(txn, key, (spd_str){ "1", 1 });
    spd_err rc = memo->store->del(txn, key);
    return rc == SPD_ENOTFOUND ? SPD_OK : rc;
}

static void remember(struct board *b, struct machine *m, bool keep)
{
    struct memo memo = { .store = b->self->host->store, .keep = keep };
    struct spd_error err = { 0 };
    if (m->is_remembered == keep)
        return;
    (void)snprintf(memo.key, sizeof(memo.key), "p/%" PRId64, m->id);
    m->is_remembered = keep;
    if (memo.store->write(b->self, write_memo, &memo, &err) != SPD_OK)
        spd_log(b->self, SPD_WARN,
                "not remembered that printer %" PRId64 " is announced: %s",
                m->id, err.text);
}

/* ------------------------------------------------------------ machines - */

/* Not by strndup: what the host lends does not end in NUL. */
static char *text_of(spd_str s)
{
    char *text = malloc(s.len + 1);
    if (text == NULL)
        return NULL;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return text;
}

static struct machine *add(struct board *b, int64_t id)
{
    struct machine *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->id = id;
    m->availability = -1;
    m->next = b->machines;
    b->machines = m;
    return m;
}

static void machine_free(struct machine *m)
{
    free(m->name);
    free(m->model);
    free(m->said);
    free(m);
}

static void unlink_machine(struct board *b, struct machine *m)
{
    struct machine **at = &b->machines;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    if (b->turn == m)
        b->turn = m->next;
    machine_free(m);
}

static bool replace(char **text, spd_str with)
{
    if (*text != NULL && strlen(*text) == with.len &&
        memcmp(*text, with.ptr, with.len) == 0)
        return false;
    free(*text);
    *text = text_of(with);
    return true;
}

/* ------------------------------------------------------------ the list - */

static void take_printer(struct board *b, const spd_json *row)
{
    const struct spd_json_api *json = json_of(b);
    int64_t id = json->as_int(json->member(row, "id"), 0);
    struct machine *m = find(b, id);
    if (m == NULL)
        m = add(b, id);
    if (id <= 0 || m == NULL)
        return;
    spd_str none = { "", 0 };
    bool renamed =
        replace(&m->name, json->as_str(json->member(row, "name"), none));
    bool remade =
        replace(&m->model, json->as_str(json->member(row, "model"), none));
    if (renamed || remade)
        m->is_announced = false;
    m->is_listed = m->is_marked = true;
    m->is_gone = false;
}

static void ask_list(struct board *b, int64_t after);

static void end_list(struct board *b)
{
    b->is_listing = false;
    for (struct machine *m = b->machines; m != NULL; m = m->next)
        m->is_gone = !m->is_listed;
}

static void on_list(spd_plugin *self, void *arg, const spd_json *rows,
                    const struct spd_error *err)
{
    (void)self;
    struct board *b = arg;
    const struct spd_json_api *json = json_of(b);
    b->is_listing = false;
    if (err != NULL && err->code != SPD_OK) {
        b->wants_list = err->code != SPD_ECANCELED;
        return;
    }
    size_t count = json->count(rows);
    for (size_t i = 0; i < count; i++)
        take_printer(b, json->item(rows, i));
    if (count < LIST_PAGE)
        end_list(b);
    else
        ask_list(b, json->as_int(
                        json->member(json->item(rows, count - 1), "id"), 0));
}

static void ask_list(struct board *b, int64_t after)
{
    const struct spd_json_api *json = json_of(b);
    spd_jsonw *w = json->writer();
    if (after == 0)
        for (struct machine *m = b->machines; m != NULL; m = m->next)
            m->is_listed = false;
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "limit", LIST_PAGE);
    if (after != 0)
        json->put_int(w, "after", after);
    json->end(w);
    b->wants_list = false;
    b->is_listing = b->self->host->ops->call(b->self, "printers.list", w,
                                             on_list, b) == SPD_OK;
    b->wants_list = !b->is_listing;
    json->writer_free(w);
}

/* ------------------------------------------------------- announcements - */

/* An empty message, kept by the broker, takes away what it kept there. */
static spd_err publish(struct board *b, const char *topic, spd_jsonw *w)
{
    spd_str text = { "", 0 };
    spd_err rc = w != NULL ? json_of(b)->text(w, &text) : SPD_OK;
    return rc == SPD_OK ? broker_publish(b->broker, topic, text, true) : rc;
}

static spd_err announce_one(struct board *b, const struct announced *printer,
                            size_t i)
{
    char topic[TOPIC_MAX_CHARS];
    spd_jsonw *w = json_of(b)->writer();
    entity_topic(b->plan->naming, printer->id, i, topic);
    bool is_offered = entity_write(b->plan->naming, json_of(b), printer, i, w);
    spd_err rc = publish(b, topic, is_offered ? w : NULL);
    json_of(b)->writer_free(w);
    return rc;
}

static void announce(struct board *b, struct machine *m)
{
    const struct announced printer = { m->id, m->name, m->model };
    spd_err rc = SPD_OK;
    for (size_t i = 0; rc == SPD_OK && i < entity_count(); i++)
        rc = announce_one(b, &printer, i);
    if (rc != SPD_OK)
        return; /* the next tick tries again */
    m->is_announced = true;
    remember(b, m, true);
}

static void announce_server(struct board *b)
{
    char topic[TOPIC_MAX_CHARS];
    spd_jsonw *w = json_of(b)->writer();
    entity_server_topic(b->plan->naming, topic);
    entity_server_write(b->plan->naming, json_of(b), w);
    b->server_announced = publish(b, topic, w) == SPD_OK;
    json_of(b)->writer_free(w);
}

static spd_err withdraw_rest(struct board *b, int64_t id)
{
    char topic[TOPIC_MAX_CHARS];
    printer_topic(b->plan->naming, id, "state", topic);
    spd_err rc = publish(b, topic, NULL);
    printer_topic(b->plan->naming, id, "availability", topic);
    return rc == SPD_OK ? publish(b, topic, NULL) : rc;
}

static void withdraw(struct board *b, struct machine *m)
{
    char topic[TOPIC_MAX_CHARS];
    spd_err rc = withdraw_rest(b, m->id);
    for (size_t i = 0; rc == SPD_OK && i < entity_count(); i++) {
        entity_topic(b->plan->naming, m->id, i, topic);
        rc = publish(b, topic, NULL);
    }
    if (rc != SPD_OK)
        return;
    remember(b, m, false);
    unlink_machine(b, m);
}

/* --------------------------------------------------------------- state - */

static void say_availability(struct board *b, struct machine *m, bool online)
{
    char topic[TOPIC_MAX_CHARS];
    if (m->availability == (int)online)
        return;
    printer_topic(b->plan->naming, m->id, "availability", topic);
    spd_str word =
        online ? (spd_str){ "online", 6 } : (spd_str){ "offline", 7 };
    if (broker_publish(b->broker, topic, word, true) == SPD_OK)
        m->availability = online;
}

static void say_state(struct board *b, struct machine *m,
                      const spd_json *status)
{
    char topic[TOPIC_MAX_CHARS];
    spd_str text = { "", 0 };
    spd_jsonw *w = json_of(b)->writer();
    m->finish_ms = state_finish_ms(
        json_of(b), status, b->self->host->loop->wall_ms(), m->finish_ms);
    state_write(json_of(b), status, m->finish_ms, w);
    printer_topic(b->plan->naming, m->id, "state", topic);
    bool is_news = json_of(b)->text(w, &text) == SPD_OK &&
                   (m->said == NULL || strlen(m->said) != text.len ||
                    memcmp(m->said, text.ptr, text.len) != 0);
    if (is_news && broker_publish(b->broker, topic, text, true) == SPD_OK) {
        free(m->said);
        m->said = text_of(text);
    }
    json_of(b)->writer_free(w);
}

struct question {
    struct board *board;
    int64_t id; /* the machine may be gone when the answer comes */
};

static void on_status(spd_plugin *self, void *arg, const spd_json *status,
                      const struct spd_error *err)
{
    (void)self;
    const struct question q = *(struct question *)arg;
    free(arg);
    if (err != NULL && err->code == SPD_ECANCELED)
        return; /* stopping */
    struct machine *m = find(q.board, q.id);
    if (m == NULL)
        return;
    m->is_asked = false;
    if ((err != NULL && err->code != SPD_OK) || !broker_is_up(q.board->broker))
        return;
    say_state(q.board, m, status);
    say_availability(q.board, m, state_is_online(json_of(q.board), status));
}

static void ask(struct board *b, struct machine *m)
{
    const struct spd_json_api *json = json_of(b);
    struct question *q = malloc(sizeof(*q));
    if (q == NULL)
        return;
    *q = (struct question){ b, m->id };
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "id", m->id);
    json->end(w);
    m->is_asked = b->self->host->ops->call(b->self, "printers.status", w,
                                           on_status, q) == SPD_OK;
    if (m->is_asked) {
        m->is_marked = false;
        m->asked_ms = b->self->host->loop->now_ms();
    } else {
        free(q);
    }
    json->writer_free(w);
}

/* ---------------------------------------------------------------- tick - */

/* True when there was something to do. */
static bool step(struct board *b, struct machine *m)
{
    int64_t age_ms = b->self->host->loop->now_ms() - m->asked_ms;
    if (m->is_gone) {
        withdraw(b, m);
        return true;
    }
    bool is_due =
        m->is_marked || m->said == NULL || age_ms >= b->plan->refresh_ms;
    bool is_new = b->plan->discovery && !m->is_announced && m->name != NULL &&
                  m->model != NULL;
    if (is_new)
        announce(b, m);
    if (is_due && !m->is_asked && m->name != NULL)
        ask(b, m);
    return is_new || is_due;
}

static size_t machine_count(const struct board *b)
{
    size_t count = 0;
    for (const struct machine *m = b->machines; m != NULL; m = m->next)
        count++;
    return count;
}

/* Each gets its turn, whatever the others need. */
static void on_tick(spd_plugin *self, void *arg)
{
    (void)self;
    struct board *b = arg;
    if (!broker_is_idle(b->broker))
        return;
    if (b->wants_list && !b->is_listing)
        ask_list(b, 0);
    if (b->plan->discovery && !b->server_announced)
        announce_server(b);
    size_t left = machine_count(b);
    for (int steps = 0; left > 0 && steps < BOARD_STEPS_A_TICK; left--) {
        struct machine *m = b->turn != NULL ? b->turn : b->machines;
        b->turn = m->next;
        steps += step(b, m) ? 1 : 0;
    }
}

/* ---------------------------------------------------------------- life - */

static bool recall(spd_str key, spd_str value, void *arg)
{
    (void)value;
    char text[KEY_CHARS] = "";
    if (key.len > 2 && key.len < sizeof(text)) {
        memcpy(text, key.ptr + 2, key.len - 2);
        struct machine *m = add(arg, strtoll(text, NULL, 10));
        if (m != NULL)
            m->is_remembered = true;
    }
    return true;
}

static spd_err recall_all(spd_txn *txn, void *arg)
{
    struct board *b = arg;
    return b->self->host->store->scan(txn, (spd_str){ "p/", 2 }, recall, b);
}

struct board *board_new(spd_plugin *self, struct broker *broker,
                        const struct board_plan *plan, struct spd_error *err)
{
    struct board *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        err->code = SPD_ENOMEM;
        return NULL;
    }
    *b = (struct board){ .self = self, .broker = broker, .plan = plan };
    if (self->host->store->read(self, recall_all, b, err) != SPD_OK) {
        board_free(b);
        return NULL;
    }
    b->wants_list = true;
    b->tick = self->host->loop->timer_new(self, on_tick, b);
    self->host->loop->timer_set(b->tick, BOARD_TICK_MS, BOARD_TICK_MS);
    return b;
}

void board_free(struct board *b)
{
    if (b == NULL)
        return;
    while (b->machines != NULL)
        unlink_machine(b, b->machines);
    b->self->host->loop->timer_free(b->tick);
    free(b);
}

void board_repeat(struct board *b)
{
    b->server_announced = false;
    b->wants_list = true;
    for (struct machine *m = b->machines; m != NULL; m = m->next) {
        m->is_announced = false;
        m->availability = -1;
        free(m->said);
        m->said = NULL;
    }
}

void board_touch(struct board *b, int64_t printer_id)
{
    struct machine *m = find(b, printer_id);
    if (m != NULL)
        m->is_marked = true;
}

void board_relist(struct board *b)
{
    b->wants_list = true;
}

void board_remove(struct board *b, int64_t printer_id)
{
    struct machine *m = find(b, printer_id);
    if (m != NULL)
        m->is_gone = true;
}
