/* host->bus: the journal, handed to subscribers one event at a time. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/host_internal.h"
#include "host/rows.h"

enum {
    EVENTS_A_TURN = 32,
    SCANNED_A_TURN = 4096,
    SAVE_AFTER = 1024, /* events passed over before a cursor is moved on */
    DONE_WITHIN_MS = 60 * 1000,
    TOPIC_MAX = 100,
    PAYLOAD_MAX_BYTES = 64 * 1024,
};

struct subscription {
    struct claim claim;
    struct subscription *next; /* of all plugins */
    struct spd_subscription row;
    char *topic, *cursor; /* cursor: as the plugin says it; or NULL */
    char *cursor_name;    /* as the journal knows it */
    int64_t at;           /* everything up to here is behind us */
    int64_t saved;
    int64_t waiting; /* handed over and not done yet; 0: none */
    struct timer *late;
};

/* -- cursors -- */

struct cursor_save {
    int64_t seq;
    char name[];
};

/* The journal says 0 for a cursor before its first event and for none: here
 * lie the names of those that were set to 0. */
static const spd_str born_space = { "host/cursors", 12 };

static spd_err run_save(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct cursor_save *save = arg;
    spd_str name = str_of(save->name);
    spd_err rc = journal_cursor_set(txn, name, save->seq, err);
    if (rc == SPD_OK && save->seq == 0)
        rc = store_put(txn, born_space, name, STR("0"), err);
    return rc;
}

static bool is_born(spd_txn *txn, const struct subscription *sub)
{
    spd_str mark;
    return sub->saved > 0 ||
           store_get(txn, born_space, str_of(sub->cursor_name), &mark) ==
               SPD_OK;
}

static void on_saved(void *arg, const struct spd_error *err)
{
    struct cursor_save *save = arg;
    if (err != NULL)
        log_error("host", "the cursor %s stays where it was: %s", save->name,
                  err->text);
    free(save);
}

static void save_cursor(struct subscription *sub, int64_t seq)
{
    size_t size = strlen(sub->cursor_name) + 1;
    struct cursor_save *save = mem_new(sizeof(*save) + size);
    save->seq = sub->saved = seq;
    memcpy(save->name, sub->cursor_name, size);
    store_write(sub->claim.guest->host->options.store,
                &(struct store_write){ run_save, on_saved, save });
}

/* -- delivery -- */

struct search {
    struct subscription *sub;
    struct buf text; /* of the event found; empty: none */
    int64_t seq;
    size_t scanned;
    bool more; /* gave up for now */
};

static bool look_at(void *arg, const struct event *event)
{
    struct search *search = arg;
    if (++search->scanned > SCANNED_A_TURN) {
        search->more = true;
        return false;
    }
    search->sub->at = event->seq;
    if (!topic_fits(str_of(search->sub->topic), event->topic))
        return true;
    search->seq = event->seq;
    buf_put(&search->text, event->text);
    return false;
}

/* The event is copied out, so that the plugin runs outside of the read. */
static void find_next(struct subscription *sub, struct search *search)
{
    struct store *store = sub->claim.guest->host->options.store;
    *search = (struct search){ .sub = sub };
    spd_txn *txn = store_read(store);
    journal_each(txn, sub->at, look_at, search);
    store_read_end(txn);
}

static void hand_over(struct subscription *sub, const struct search *found)
{
    struct guest *guest = sub->claim.guest;
    struct spd_error err = { 0 };
    spd_json *event = json_parse(buf_str(&found->text), &err);
    if (event == NULL) {
        log_error("host", "event %lld does not read: %s", (long long)found->seq,
                  err.text);
        return;
    }
    if (sub->cursor != NULL) {
        sub->waiting = found->seq;
        timer_set(sub->late, DONE_WITHIN_MS, 0);
    }
    char *topic = mem_text(json_as_str(json_member(event, "topic"), STR("")));
    struct stay stay = guest_enter(guest);
    sub->row.handle(&guest->self, found->seq, topic,
                    json_member(event, "data"));
    guest_leave(guest, stay);
    free(topic);
    json_free(event);
}

/* True when there may be more for it right away. */
static bool deliver_some(struct subscription *sub)
{
    for (int i = 0; i < EVENTS_A_TURN; i++) {
        if (sub->waiting != 0)
            return false;
        struct search search;
        find_next(sub, &search);
        bool found = search.text.len > 0;
        if (found)
            hand_over(sub, &search);
        buf_fini(&search.text);
        if (!found)
            return search.more;
    }
    return true;
}

/* What nobody waits for holds up no trimming of the journal. */
static void move_on(struct subscription *sub)
{
    if (sub->cursor != NULL && sub->waiting == 0 &&
        sub->at - sub->saved >= SAVE_AFTER)
        save_cursor(sub, sub->at);
}

void bus_deliver(void *arg)
{
    struct host *host = arg;
    bool more = false;
    for (struct subscription *s = host->subscriptions; s != NULL; s = s->next) {
        if (deliver_some(s))
            more = true;
        move_on(s);
    }
    if (more)
        timer_set(host->delivery, 0, 0);
}

void bus_on_commit(void *arg, int64_t last_seq)
{
    (void)last_seq;
    struct host *host = arg;
    if (host->subscriptions != NULL)
        timer_set(host->delivery, 0, 0);
}

static void on_late(void *arg)
{
    const struct subscription *sub = arg;
    log_error(sub->claim.guest->name,
              "bug in the plugin: event %lld was handed over %d s ago, and "
              "bus->done not called; %s gets no more until it is",
              (long long)sub->waiting, DONE_WITHIN_MS / 1000, sub->cursor);
}

/* -- subscribing -- */

static void sub_unhook(struct claim *claim)
{
    struct subscription *sub = (struct subscription *)(void *)claim;
    struct subscription **link = &claim->guest->host->subscriptions;
    while (*link != sub)
        link = &(*link)->next;
    *link = sub->next;
    timer_stop(sub->late);
}

static void sub_release(struct claim *claim)
{
    struct subscription *sub = (struct subscription *)(void *)claim;
    timer_free(sub->late);
    free(sub->topic);
    free(sub->cursor);
    free(sub->cursor_name);
    free(sub);
}

static const struct claim_kind sub_kind = { "subscription", sub_unhook,
                                            sub_release };

static struct subscription *find_sub(const struct guest *guest,
                                     const char *cursor)
{
    for (struct subscription *s = guest->host->subscriptions; s != NULL;
         s = s->next)
        if (s->claim.guest == guest && s->cursor != NULL &&
            strcmp(s->cursor, cursor) == 0)
            return s;
    return NULL;
}

static spd_err judge_sub(const struct guest *guest,
                         const struct spd_subscription *row,
                         struct spd_error *err)
{
    if (row->topic == NULL || row->handle == NULL)
        return error_set(err, SPD_EINVAL,
                         "a subscription without topic or function");
    if (row->topic[0] == '\0' || strlen(row->topic) > TOPIC_MAX)
        return error_set(err, SPD_EINVAL, "the topic \"%.110s\"", row->topic);
    if (row->cursor == NULL)
        return SPD_OK;
    if (row->cursor[0] == '\0' || strlen(row->cursor) > TOPIC_MAX)
        return error_set(err, SPD_EINVAL, "the cursor \"%.110s\"", row->cursor);
    if (find_sub(guest, row->cursor) != NULL)
        return error_set(err, SPD_EEXIST, "the cursor \"%s\" is taken",
                         row->cursor);
    return SPD_OK;
}

/* From now on; a durable one from where it was, and from now on at first. */
static void set_place(struct subscription *sub)
{
    struct store *store = sub->claim.guest->host->options.store;
    bool is_new = false;
    spd_txn *txn = store_read(store);
    sub->at = journal_last(txn);
    if (sub->cursor != NULL) {
        sub->saved = journal_cursor(txn, str_of(sub->cursor_name));
        is_new = !is_born(txn, sub);
        if (!is_new)
            sub->at = sub->saved;
    }
    store_read_end(txn);
    if (is_new)
        save_cursor(sub, sub->at);
}

static void add_sub(struct guest *guest, const struct spd_subscription *row)
{
    struct host *host = guest->host;
    struct subscription *sub = mem_new(sizeof(*sub));
    sub->row = *row;
    sub->topic = mem_text(str_of(row->topic));
    sub->late = timer_new(host->options.loop, on_late, sub);
    if (row->cursor != NULL) {
        struct buf name = { 0 };
        buf_printf(&name, "%s/%s", guest->who, row->cursor);
        sub->cursor_name = buf_take(&name);
        sub->cursor = mem_text(str_of(row->cursor));
    }
    claim_add(&sub->claim, guest, &sub_kind);
    set_place(sub);
    struct subscription **link = &host->subscriptions;
    while (*link != NULL)
        link = &(*link)->next;
    *link = sub;
    timer_set(host->delivery, 0, 0);
}

static spd_err subscribe(spd_plugin *self, const struct spd_subscription *rows,
                         size_t count, size_t row_size)
{
    struct guest *guest = guest_registers(self, "bus->subscribe");
    if (guest == NULL)
        return SPD_ECANCELED;
    struct spd_error err = { 0 };
    struct spd_subscription *own =
        rows_new(rows, count, row_size, sizeof(*rows));
    if (own == NULL)
        error_set(&err, SPD_EUNSUPPORTED,
                  "subscriptions say more than this server understands");
    for (size_t i = 0; i < count && err.code == SPD_OK; i++)
        if (judge_sub(guest, &own[i], &err) == SPD_OK)
            add_sub(guest, &own[i]);
    if (err.code != SPD_OK)
        log_error(guest->name, "bug in the plugin: %s", err.text);
    rows_free(own);
    return err.code;
}

static void done(spd_plugin *self, const char *cursor, int64_t seq)
{
    struct guest *guest = guest_acts(self, "bus->done");
    if (guest == NULL || cursor == NULL)
        return;
    struct subscription *sub = find_sub(guest, cursor);
    if (sub == NULL || sub->waiting == 0 || sub->waiting != seq) {
        log_error(guest->name,
                  "bug in the plugin: bus->done for event %lld of \"%.40s\", "
                  "which it does not hold",
                  (long long)seq, cursor);
        return;
    }
    sub->waiting = 0;
    timer_stop(sub->late);
    save_cursor(sub, seq);
    timer_set(guest->host->delivery, 0, 0);
}

/* -- events of its own -- */

struct emission {
    struct guest *guest;
    char *payload;
    char topic[TOPIC_MAX + 1];
};

static spd_err run_emit(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct emission *emission = arg;
    struct change change = { .topic = emission->topic,
                             .who = str_of(emission->guest->who) };
    int64_t seq;
    return journal_append(txn, &change, str_of(emission->payload), &seq, err);
}

static void on_emitted(void *arg, const struct spd_error *err)
{
    struct emission *emission = arg;
    if (err != NULL)
        log_error("host", "the event %s is lost: %s", emission->topic,
                  err->text);
    free(emission->payload);
    free(emission);
}

static bool is_own_topic(const struct guest *guest, const char *topic)
{
    size_t len = strlen(guest->name);
    return topic != NULL && strncmp(topic, guest->name, len) == 0 &&
           topic[len] == '.' && topic[len + 1] != '\0' &&
           strlen(topic) <= TOPIC_MAX;
}

static spd_err emit(spd_plugin *self, const char *topic, spd_jsonw *w)
{
    struct guest *guest = guest_acts(self, "bus->emit");
    if (guest == NULL)
        return SPD_ECANCELED;
    if (!is_own_topic(guest, topic)) {
        log_error(guest->name,
                  "bug in the plugin: it emits \"%.60s\"; its topics begin "
                  "\"%s.\"",
                  topic == NULL ? "" : topic, guest->name);
        return SPD_EAUTH;
    }
    spd_str text = STR("{}");
    if (w != NULL && jsonw_text(w, &text) != SPD_OK)
        return SPD_EINVAL;
    if (text.len > PAYLOAD_MAX_BYTES)
        return SPD_EINVAL;
    struct emission *emission = mem_new(sizeof(*emission));
    emission->guest = guest;
    emission->payload = mem_text(text);
    memcpy(emission->topic, topic, strlen(topic));
    store_write(guest->host->options.store,
                &(struct store_write){ run_emit, on_emitted, emission });
    return SPD_OK;
}

const struct spd_bus_api host_bus_api = {
    .size = sizeof(host_bus_api),
    .subscribe = subscribe,
    .done = done,
    .emit = emit,
};
