/* Lanes: each channel's deliveries, one after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/outbox/outbox_internal.h"
#include "shop/file.h"
#include "shop/template.h"

enum {
    ANSWER_WITHIN_MS = 90 * 1000,
    CLOCK_WATCH_MS = 60 * 1000, /* somebody may set the clock meanwhile */
};

/* -- the lanes there are -- */

static void forget_load(struct lane *lane)
{
    if (lane->picture_fd >= 0)
        close(lane->picture_fd);
    lane->picture_fd = -1;
    arena_fini(&lane->load);
    lane->notifier = NULL;
    lane->ticket = NULL;
    lane->trial = NULL;
}

static void lane_free(struct lane *lane)
{
    forget_load(lane);
    timer_free(lane->timer);
    arena_fini(&lane->arena);
    buf_fini(&lane->described);
    free(lane);
}

static void on_timer(void *arg)
{
    struct lane *lane = arg;
    lane->waits = true;
    lane_pump(lane);
}

static struct lane *lane_new(struct outbox *outbox, int64_t channel_id)
{
    struct lane *lane = mem_new(sizeof(*lane));
    lane->outbox = outbox;
    lane->channel_id = channel_id;
    lane->picture_fd = -1;
    lane->timer = timer_new(outbox->shop->loop, on_timer, lane);
    lane->tokens = -1; /* as many as it may have, once that is known */
    struct lane **at = &outbox->lanes;
    while (*at != NULL)
        at = &(*at)->next;
    *at = lane;
    return lane;
}

struct lane *lane_find(struct outbox *outbox, int64_t channel_id)
{
    struct lane *lane = outbox->lanes;
    while (lane != NULL && lane->channel_id != channel_id)
        lane = lane->next;
    return lane;
}

/* Its texts are kept for as long as they are the channel's. */
static void lane_learn(struct lane *lane, spd_txn *txn)
{
    struct spd_error err = { 0 };
    const struct shop *shop = lane->outbox->shop;
    arena_fini(&lane->arena);
    buf_clear(&lane->described);
    if (record_get(txn, &channel_kind, lane->channel_id, &lane->channel,
                   &lane->arena, &err) != SPD_OK ||
        channel_describe(shop, &lane->channel, &lane->described, &err) !=
            SPD_OK) {
        log_error("outbox", "nothing goes to channel %lld: %s",
                  (long long)lane->channel_id, err.text);
        buf_clear(&lane->described);
    }
}

struct meeting {
    struct outbox *outbox;
    spd_txn *txn;
};

static bool meet(void *arg, const void *record)
{
    struct meeting *meeting = arg;
    struct outbox *outbox = meeting->outbox;
    const struct channel *channel = record;
    struct lane *lane = lane_find(outbox, channel->id);
    if (lane == NULL)
        lane = lane_new(outbox, channel->id);
    lane->seen = outbox->looks;
    return true;
}

static void end_trials(struct lane *lane, const char *why)
{
    while (lane->trials != NULL) {
        struct trial *trial = lane->trials;
        lane->trials = trial->next;
        call_refuse(trial->call, REFUSE_UNAVAILABLE, "%s", why);
        call_end(trial->call);
        free(trial);
    }
}

static bool is_gone(const struct lane *lane)
{
    return lane->seen != lane->outbox->looks;
}

static void drop_gone(struct outbox *outbox)
{
    struct lane **at = &outbox->lanes;
    while (*at != NULL) {
        struct lane *lane = *at;
        if (!is_gone(lane) || lane->busy) {
            at = &lane->next;
            continue;
        }
        *at = lane->next;
        end_trials(lane, "the channel was taken away");
        lane_free(lane);
    }
}

void lanes_refresh(struct outbox *outbox)
{
    struct store *store = outbox->shop->store;
    uint64_t changes = record_changes(store, &channel_kind) + 1;
    if (changes == outbox->channel_changes)
        return;
    outbox->channel_changes = changes;
    outbox->looks++;
    struct meeting meeting = { outbox, store_read(store) };
    record_each(meeting.txn, &channel_kind, &(struct span){ 0 }, meet,
                &meeting);
    for (struct lane *lane = outbox->lanes; lane != NULL; lane = lane->next)
        if (!is_gone(lane) && !lane->busy)
            lane_learn(lane, meeting.txn);
        else
            lane->must_learn = true;
    store_read_end(meeting.txn);
    drop_gone(outbox);
    lanes_wake(outbox);
}

void lanes_wake(struct outbox *outbox)
{
    for (struct lane *lane = outbox->lanes; lane != NULL; lane = lane->next) {
        lane->waits = true;
        lane_pump(lane);
    }
}

void lanes_end_trials(struct outbox *outbox)
{
    for (struct lane *lane = outbox->lanes; lane != NULL; lane = lane->next) {
        timer_stop(lane->timer);
        if (lane->trial != NULL) {
            lane->trial->next = lane->trials;
            lane->trials = lane->trial;
            lane->trial = NULL;
        }
        end_trials(lane, "the server is stopping");
    }
}

void lanes_free(struct outbox *outbox)
{
    while (outbox->lanes != NULL) {
        struct lane *lane = outbox->lanes;
        outbox->lanes = lane->next;
        lane_free(lane);
    }
}

void outbox_withdraw(struct outbox *outbox, const spd_plugin *self)
{
    for (struct lane *lane = outbox->lanes; lane != NULL; lane = lane->next)
        if (lane->notifier != NULL && lane->notifier->self == self)
            lane->notifier = NULL; /* its ticket still ends */
}

/* -- what became of it -- */

/* The lane is free again; one whose channel is gone goes with it. */
static void lane_settle(struct lane *lane)
{
    struct outbox *outbox = lane->outbox;
    forget_load(lane);
    lane->busy = false;
    if (is_gone(lane)) {
        drop_gone(outbox);
        return;
    }
    if (lane->must_learn) {
        spd_txn *txn = store_read(outbox->shop->store);
        lane_learn(lane, txn);
        store_read_end(txn);
        lane->must_learn = false;
    }
    lane_pump(lane);
}

static void outcome_written(void *arg, const struct spd_error *err)
{
    struct lane *lane = outcome_lane(arg);
    free(arg);
    if (err != NULL) {
        log_error("outbox",
                  "what became of delivery %lld was not written, so it is "
                  "tried again: %s",
                  (long long)lane->delivery.id, err->text);
        /* The disk may recover: not in a tight circle. */
        timer_set(lane->timer, lane->outbox->retry_ms, 0);
    }
    lane->waits = err == NULL;
    lane_settle(lane);
}

static void answer_trial(struct trial *trial, spd_str note,
                         const struct spd_error *err)
{
    spd_jsonw *w = call_reply(trial->call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_bool(w, "delivered", err == NULL);
    if (err != NULL)
        jsonw_put_str(w, "error", str_of(err->text));
    else if (note.len > 0)
        jsonw_put_str(w, "note", note);
    jsonw_end(w);
    call_end(trial->call);
    free(trial);
}

static void on_ticket(void *arg, spd_str result, const struct spd_error *err)
{
    struct lane *lane = arg;
    struct outbox *outbox = lane->outbox;
    lane->ticket = NULL;
    if (lane->trial != NULL) {
        answer_trial(lane->trial, result, err);
        lane->trial = NULL;
        lane->waits = true;
        lane_settle(lane);
        return;
    }
    if (!outbox->started) {
        forget_load(lane); /* sent again at the next start */
        return;
    }
    store_write(outbox->shop->store,
                &(struct store_write){ outcome_run, outcome_written,
                                       outcome_new(lane, result, err) });
}

/* -- sending -- */

static void hand_over(struct lane *lane)
{
    struct shop *shop = lane->outbox->shop;
    const struct notifier *notifier = lane->notifier;
    struct buf text = { 0 };
    char picture[40];
    snprintf(picture, sizeof(picture), "/proc/self/fd/%d", lane->picture_fd);
    lane_write_notice(lane, &lane->message, &lane->delivery,
                      lane->picture_fd < 0 ? NULL : picture, &text);
    struct spd_error err = { 0 };
    spd_json *notice = json_parse(buf_str(&text), &err);
    buf_fini(&text);
    lane->ticket = ticket_new(shop->tickets, notifier->who, ANSWER_WITHIN_MS,
                              on_ticket, lane);
    if (notice == NULL) {
        err.code = SPD_EINVAL;
        ticket_finish(shop->tickets, lane->ticket, STR(""), &err);
        return;
    }
    const char *before = loop_enter(shop->loop, notifier->who);
    notifier->row->send(notifier->self, notice, lane->ticket);
    loop_leave(shop->loop, before);
    json_free(notice);
}

/* -- the picture: unpacked on a worker, into a file without a name -- */

struct unpacking {
    struct lane *lane;
    char path[4096];
    int64_t plate;
    struct buf png;
};

static spd_err run_unpacking(void *arg, struct spd_error *err)
{
    struct unpacking *unpacking = arg;
    return sliced_thumbnail(unpacking->path, unpacking->plate, &unpacking->png,
                            err);
}

static int file_of(const struct buf *png)
{
    int fd = memfd_create("picture", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, png->ptr, png->len) != (ssize_t)png->len) {
        close(fd);
        return -1;
    }
    return fd;
}

static void unpacked(void *arg, const struct spd_error *outcome)
{
    struct unpacking *unpacking = arg;
    struct lane *lane = unpacking->lane;
    if (outcome->code == SPD_OK)
        lane->picture_fd = file_of(&unpacking->png);
    buf_fini(&unpacking->png);
    free(unpacking);
    if (!lane->outbox->started)
        forget_load(lane);
    else if (lane->notifier == NULL) /* its plugin went meanwhile */
        lane_settle(lane);
    else
        hand_over(lane);
}

/* False: there is none, or the notifier cannot send it. */
static bool fetch_picture(struct lane *lane, spd_txn *txn)
{
    struct shop *shop = lane->outbox->shop;
    struct file file;
    if ((lane->notifier->row->flags & SPD_NOTIFIER_PICTURES) == 0 ||
        lane->message.file_id == 0 ||
        record_get(txn, &file_kind, lane->message.file_id, &file, &lane->load,
                   NULL) != SPD_OK)
        return false;
    struct unpacking *unpacking = mem_new(sizeof(*unpacking));
    unpacking->lane = lane;
    unpacking->plate = lane->message.plate;
    file_path(shop, &file, unpacking->path);
    pool_submit(shop->pool, &(struct pool_work){ run_unpacking, unpacked,
                                                 unpacking, lane });
    return true;
}

/* A message that is not there any more leaves a delivery without content. */
static void load_message(struct lane *lane, spd_txn *txn)
{
    if (record_get(txn, &message_kind, lane->delivery.message_id,
                   &lane->message, &lane->load, NULL) == SPD_OK)
        return;
    lane->message = (struct message){
        .topic = lane->delivery.topic,
        .at = lane->delivery.created_at,
        .title = lane->delivery.title,
        .text = STR(""),
    };
}

/* True when it is ready to be sent; else it is once its picture is there. */
static bool load(struct lane *lane, spd_txn *txn)
{
    lane->busy = true;
    load_message(lane, txn);
    lane->is_first = delivery_is_first(txn, &lane->delivery);
    return !fetch_picture(lane, txn);
}

static void send_trial(struct lane *lane)
{
    struct outbox *outbox = lane->outbox;
    struct composer composer = outbox_composer(outbox, &lane->load);
    int64_t now_ms = shop_now_ms(outbox->shop);
    struct buf title = { 0 }, root = { 0 };
    lane->trial = lane->trials;
    lane->trials = lane->trial->next;
    lane->busy = true;
    buf_printf(&root, "{\"channel\":%.*s}", STR_ARG(buf_str(&lane->described)));
    spd_json *event = json_parse(buf_str(&root), NULL);
    template_line(str_of(words_test.title), event, &title);
    json_free(event);
    lane->delivery = (struct delivery){ .created_at = now_ms };
    lane->message = (struct message){
        .topic = str_of(words_test.topic),
        .at = now_ms,
        .severity = SEVERITY_INFO,
        .title = arena_str(&lane->load, buf_str(&title)),
        .text = str_of(words_test.text),
        .link = composer.url,
        .details = STR("{\"facts\":[],\"event\":{}}"),
    };
    buf_fini(&title);
    buf_fini(&root);
    hand_over(lane);
}

/* -- what is next -- */

static bool note_delivery(void *arg, const void *record)
{
    *(struct delivery *)arg = *(const struct delivery *)record;
    return false;
}

static bool first_of(spd_txn *txn, struct span span, struct delivery *delivery,
                     struct arena *arena)
{
    struct delivery found = { 0 };
    span.limit = 1;
    record_each(txn, &delivery_kind, &span, note_delivery, &found);
    return found.id != 0 && record_get(txn, &delivery_kind, found.id, delivery,
                                       arena, NULL) == SPD_OK;
}

static int64_t limit_of(const struct lane *lane)
{
    int64_t own = lane->channel.per_minute;
    return own != INT_NONE ? own : lane->notifier->row->per_minute;
}

/* How long until the other side takes one more; 0: now. */
static int64_t token_wait_ms(struct lane *lane)
{
    int64_t limit = limit_of(lane);
    int64_t now_ms = loop_now_ms(lane->outbox->shop->loop);
    if (limit <= 0)
        return 0;
    double most = (double)limit, per_ms = most / 60000;
    if (lane->tokens < 0)
        lane->tokens = most;
    else
        lane->tokens += (double)(now_ms - lane->tokens_ms) * per_ms;
    if (lane->tokens > most)
        lane->tokens = most;
    lane->tokens_ms = now_ms;
    return lane->tokens >= 1 ? 0 : (int64_t)((1 - lane->tokens) / per_ms) + 1;
}

/* -- gathering, as a commit of its own -- */

struct gather_write {
    struct lane *lane;
    bool is_held;
};

static spd_err run_gather(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct gather_write *write = arg;
    return write->is_held ? gather_held(txn, write->lane, err)
                          : gather_waiting(txn, write->lane, err);
}

static void gathered(void *arg, const struct spd_error *err)
{
    struct gather_write *write = arg;
    struct lane *lane = write->lane;
    free(write);
    lane->waits = err == NULL;
    if (err != NULL) {
        log_error("outbox", "messages wait, for they cannot be gathered: %s",
                  err->text);
        timer_set(lane->timer, lane->outbox->retry_ms, 0);
    }
    lane_settle(lane);
}

static void gather(struct lane *lane, bool is_held)
{
    struct gather_write *write = mem_new(sizeof(*write));
    *write = (struct gather_write){ lane, is_held };
    lane->busy = true;
    lane->starved = false;
    store_write(lane->outbox->shop->store,
                &(struct store_write){ run_gather, gathered, write });
}

static void wait_until(struct lane *lane, int64_t wall_ms)
{
    int64_t wait_ms = wall_ms - shop_now_ms(lane->outbox->shop);
    if (wait_ms > CLOCK_WATCH_MS)
        wait_ms = CLOCK_WATCH_MS;
    timer_set(lane->timer, wait_ms < 1 ? 1 : wait_ms, 0);
}

/* The first delivery that may go, into lane->delivery; false: none may now. */
static bool choose(struct lane *lane, spd_txn *txn)
{
    int64_t now_ms = shop_now_ms(lane->outbox->shop);
    struct key due_prefix, held_prefix;
    struct delivery held;
    bool has_held =
        first_of(txn, delivery_held_span(lane->channel_id, &held_prefix), &held,
                 &lane->load);
    bool is_under_way =
        first_of(txn, delivery_due_span(lane->channel_id, &due_prefix),
                 &lane->delivery, &lane->load);
    bool has_due = is_under_way;
    is_under_way = has_due && lane->delivery.tries > 0;
    if (has_held && held.held_until <= now_ms && !is_under_way) {
        gather(lane, true);
        return false;
    }
    if (!has_due) {
        lane->waits = false;
        if (has_held)
            wait_until(lane, held.held_until);
        return false;
    }
    if (lane->delivery.next_try_at > now_ms) {
        wait_until(lane, lane->delivery.next_try_at);
        return false;
    }
    return true;
}

/* Does the rate limit let it go? A lane that had to wait gathers. */
static bool take_token(struct lane *lane)
{
    int64_t wait_ms = token_wait_ms(lane);
    if (wait_ms > 0) {
        lane->starved = true;
        timer_set(lane->timer, wait_ms, 0);
        return false;
    }
    if (lane->starved) {
        gather(lane, false);
        return false;
    }
    lane->tokens -= limit_of(lane) > 0;
    return true;
}

static bool can_send(struct lane *lane)
{
    struct shop *shop = lane->outbox->shop;
    if (!lane->outbox->started || lane->busy || is_gone(lane) ||
        lane->described.len == 0)
        return false;
    lane->notifier = notifier_find(shop->notifiers, lane->channel.kind);
    return lane->notifier != NULL;
}

void lane_pump(struct lane *lane)
{
    struct shop *shop = lane->outbox->shop;
    if (!can_send(lane))
        return;
    if (lane->trials != NULL) {
        send_trial(lane);
        return;
    }
    if (!lane->waits || !lane->channel.enabled)
        return;
    arena_fini(&lane->load);
    spd_txn *txn = store_read(shop->store);
    bool is_ready = choose(lane, txn) && take_token(lane) && load(lane, txn);
    store_read_end(txn);
    if (is_ready)
        hand_over(lane);
}
