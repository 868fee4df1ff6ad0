/* The engine's life, and what wakes it. */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/engine_internal.h"

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

static int64_t rank_job(void *arg, const struct job *job)
{
    const struct engine *engine = arg;
    return policy_rank(&engine->policy, job);
}

/* -- what wakes it -- */

/* What a pass is worth while for, and another door wrote; our own arrows wake
 * us as they go. */
static bool is_news(spd_str topic)
{
    static const char *const patterns[] = {
        "job.created",
        "job.updated",
        "job.moved",
        "job.queued",
        "job.scheduled",
        "job.released",
        "job.cancelled",
        "job.completed",
        "job.failed",
        "job.stop_wanted",
        "job.reranked",
        "attempt.dropped",
        "attempt.ended",
        "printer.idle",
        "printer.updated",
        "printer.learned",
        "printer.plate_cleared",
        "material.*",
        "hours.*",
        "circuit.*",
        "substitution.*",
        "printer.maintained",
    };
    for (size_t i = 0; i < SPD_COUNT(patterns); i++)
        if (topic_fits(str_of(patterns[i]), topic))
            return true;
    return false;
}

struct reading {
    struct engine *engine;
    spd_txn *txn;
    bool news, adopted;
};

/* Of a slot that is no more, nobody knows whose it was. */
static void forget_seat(const struct reading *reading, int64_t material_id)
{
    struct arena arena = { 0 };
    struct material material;
    if (record_get(reading->txn, &material_kind, material_id, &material, &arena,
                   NULL) == SPD_OK)
        places_forget(&reading->engine->places, material.printer_id);
    else
        places_forget_all(&reading->engine->places);
    arena_fini(&arena);
}

static void read_printer(const struct reading *reading, int64_t printer_id)
{
    places_forget(&reading->engine->places, printer_id);
    bays_refresh(&reading->engine->bays, reading->txn, printer_id);
}

/* Another door made it a live attempt: nobody drives it yet. */
static void adopt_run(struct reading *reading, int64_t attempt_id)
{
    struct arena arena = { 0 };
    struct attempt attempt;
    if (run_of_attempt(reading->engine, attempt_id) == NULL &&
        record_get(reading->txn, &attempt_kind, attempt_id, &attempt, &arena,
                   NULL) == SPD_OK &&
        attempt.step != STEP_ENDED) {
        run_new(reading->engine, &attempt);
        reading->adopted = true;
    }
    arena_fini(&arena);
}

/* Ranks were made with the pace of then. */
static void read_pace(const struct reading *reading)
{
    struct pace *pace = &reading->engine->policy.pace;
    int before = pace_twentieths(pace);
    pace_load(pace, reading->txn);
    if (pace_twentieths(pace) != before)
        rerank_again(reading->engine->rerank);
}

static bool read_event(void *arg, const struct event *event)
{
    struct reading *reading = arg;
    struct engine *engine = reading->engine;
    if (str_is(event->kind, job_kind.name))
        waiting_refresh(engine->waiting, reading->txn, event->id);
    else if (str_is(event->kind, printer_kind.name))
        read_printer(reading, event->id);
    else if (str_is(event->kind, material_kind.name))
        forget_seat(reading, event->id);
    else if (str_is(event->kind, hours_kind.name))
        windows_load(&engine->windows, reading->txn);
    else if (str_is(event->kind, circuit_kind.name))
        power_load(&engine->power, reading->txn);
    else if (str_is(event->kind, substitution_kind.name))
        places_forget_all(&engine->places);
    else if (str_is(event->topic, "attempt.adopted"))
        adopt_run(reading, event->id);
    if (str_is(event->topic, "attempt.finished"))
        read_pace(reading);
    reading->news = reading->news || is_news(event->topic);
    return true;
}

static void advance_all(struct engine *engine)
{
    struct run *next;
    for (struct run *run = engine->runs; run != NULL; run = next) {
        next = run->next;
        run_advance(run);
    }
}

static void on_journal(void *arg, int64_t last_seq)
{
    struct engine *engine = arg;
    struct reading reading = { .engine = engine };
    reading.txn = store_read(engine->shop->store);
    journal_each(reading.txn, engine->seen_seq, read_event, &reading);
    store_read_end(reading.txn);
    engine->seen_seq = last_seq;
    eject_look_at_all(engine);
    if (!reading.news && !reading.adopted)
        return;
    runs_recheck(engine);
    if (reading.adopted)
        advance_all(engine);
    engine_wake(engine);
}

static void on_report(void *arg, const struct live *live,
                      const struct printer_state *before)
{
    struct engine *engine = arg;
    const struct printer_state *now = &live->box.state;
    if (!engine->started)
        return;
    eject_look(engine, live->id);
    power_note_report(engine, live);
    struct run *run = run_of_printer(engine, live->id);
    if (run != NULL && live->snapshot) {
        run->stop_sent = false; /* said on a connection that is gone */
        run->stop_ms = 0;
    }
    if (run != NULL)
        run_advance(run);
    else if (live->snapshot || state_is_free(now) != state_is_free(before))
        engine_wake(engine);
}

static void on_timer(void *arg)
{
    engine_wake(arg);
}

/* -- pauses: a printer that failed an attempt is left alone -- */

static struct pause *find_pause(struct engine *engine, int64_t printer_id)
{
    for (size_t i = 0; i < engine->pause_count; i++)
        if (engine->pauses[i].printer_id == printer_id)
            return &engine->pauses[i];
    return NULL;
}

bool engine_pauses(struct engine *engine, int64_t printer_id)
{
    const struct pause *pause = find_pause(engine, printer_id);
    return pause != NULL && pause->until_ms > loop_now_ms(engine->shop->loop);
}

void engine_pause(struct engine *engine, int64_t printer_id)
{
    enum { DOUBLINGS_MS = 16 };
    struct pause *pause = find_pause(engine, printer_id);
    int64_t first_ms = engine->options.cool_down_ms;
    if (pause == NULL) {
        engine->pauses = mem_resize(engine->pauses, (engine->pause_count + 1) *
                                                        sizeof(struct pause));
        pause = &engine->pauses[engine->pause_count++];
        *pause = (struct pause){ printer_id, 0, first_ms };
    } else if (pause->length_ms < first_ms * DOUBLINGS_MS) {
        pause->length_ms *= 2;
    }
    pause->until_ms = loop_now_ms(engine->shop->loop) + pause->length_ms;
    engine_wake(engine);
}

int64_t engine_pause_left_ms(const struct engine *engine)
{
    int64_t now_ms = loop_now_ms(engine->shop->loop), least_ms = 0;
    for (size_t i = 0; i < engine->pause_count; i++) {
        int64_t left_ms = engine->pauses[i].until_ms - now_ms;
        if (left_ms > 0 && (least_ms == 0 || left_ms < least_ms))
            least_ms = left_ms;
    }
    return least_ms;
}

void engine_unpause(struct engine *engine, int64_t printer_id)
{
    struct pause *pause = find_pause(engine, printer_id);
    if (pause != NULL)
        *pause = engine->pauses[--engine->pause_count];
}

/* -- life -- */

struct engine *engine_new(struct shop *shop,
                          const struct engine_options *options)
{
    struct engine *engine = mem_new(sizeof(*engine));
    engine->shop = shop;
    engine->options = (struct engine_options){
        .evidence_ms = or_default(options->evidence_ms, 120 * 1000),
        .verdict_ms = or_default(options->verdict_ms, 600 * 1000),
        .fresh_ms = or_default(options->fresh_ms, 10 * 1000),
        .cool_down_ms = or_default(options->cool_down_ms, 60 * 1000),
    };
    engine->policy.loop = shop->loop;
    engine->waiting = waiting_new();
    engine->timer = timer_new(shop->loop, on_timer, engine);
    engine->follower = (struct journal_follower){ on_journal, engine, NULL };
    shop->rank = rank_job;
    shop->rank_arg = engine;
    shop->judge_printable = engine_judge_printable;
    fleet_on_report(shop->fleet, on_report, engine);
    return engine;
}

static bool take_up(void *arg, const void *record)
{
    struct engine *engine = arg;
    const struct attempt *attempt = record;
    run_new(engine, attempt);
    return true;
}

void engine_start(struct engine *engine)
{
    struct span live = attempt_live_span();
    spd_txn *txn = store_read(engine->shop->store);
    bays_load(&engine->bays, txn);
    windows_load(&engine->windows, txn);
    power_load(&engine->power, txn);
    power_load_starts(engine, txn);
    size_t count = record_each(txn, &attempt_kind, &live, take_up, engine);
    waiting_load(engine->waiting, txn);
    pace_load(&engine->policy.pace, txn);
    engine->seen_seq = journal_last(txn);
    store_read_end(txn);
    if (count > 0)
        log_info("engine", "takes up %zu print%s that %s under way", count,
                 count == 1 ? "" : "s", count == 1 ? "was" : "were");
    journal_follow(engine->shop->store, &engine->follower);
    engine->started = true;
    runs_recheck(engine);
    advance_all(engine);
    eject_look_at_all(engine);
    engine->rerank = rerank_start(engine);
    engine_wake(engine);
}

void engine_stop(struct engine *engine)
{
    if (engine->started)
        journal_unfollow(engine->shop->store, &engine->follower);
    engine->started = false;
    plannings_end(engine);
    fleet_on_report(engine->shop->fleet, NULL, NULL);
    struct run *next;
    for (struct run *run = engine->runs; run != NULL; run = next) {
        next = run->next;
        run_end(run);
    }
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    loop_after_cancel(engine->shop->loop, &engine->wake);
    engine->shop->rank = NULL;
    engine->shop->judge_printable = NULL;
    rerank_free(engine->rerank);
    runs_free(engine);
    timer_free(engine->timer);
    free(engine->pauses);
    places_fini(&engine->places);
    waiting_free(engine->waiting);
    power_fini(&engine->power);
    windows_fini(&engine->windows);
    bays_fini(&engine->bays);
    free(engine);
}

spd_err engine_set_policy(struct engine *engine, spd_plugin *self,
                          const char *who, const struct spd_scheduler *row,
                          struct spd_error *err)
{
    if (engine->policy.row != NULL)
        return error_set(err, SPD_EEXIST,
                         "%s is the scheduling policy already; load only one",
                         engine->policy.who);
    engine->policy.self = self;
    engine->policy.who = who;
    engine->policy.row = row;
    return SPD_OK;
}

void engine_withdraw(struct engine *engine, const spd_plugin *self)
{
    if (engine->policy.self == self)
        engine->policy = (struct policy){ .loop = engine->policy.loop,
                                          .pace = engine->policy.pace };
}

void engine_set_veto(struct engine *engine, const struct engine_veto *veto)
{
    engine->veto = *veto;
}

void engine_veto_changed(struct engine *engine)
{
    if (engine->started)
        engine_wake(engine);
}
