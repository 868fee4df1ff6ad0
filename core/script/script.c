#include "script/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/moment.h"
#include "script/hours.h"
#include "script/script_internal.h"
#include "script/veto.h"

enum {
    DEADLINE_MS = 250,
    STRETCHES = 40, /* for one that was not given a processor */
    WINDOW = 256,   /* tasks under way */
    FIRST_PAUSE_MS = 100,
    LAST_PAUSE_MS = 30 * 1000,
    MISSING_PAUSE_MS = 60 * 1000,
    SAVE_MS = 100,
    PASSED_OVER = 1000, /* events that no rule wants, until that is saved */
    DEPTH_MAX = 8,      /* rules that follow from rules */
    DEATHS_MAX = 3,
};

static const spd_str cursor_name = STR_INIT("rules");

static int64_t now_ms(const struct script *script)
{
    return loop_wall_ms(script->options.loop);
}

/* -- rules -- */

struct rule *script_find(struct script *script, spd_str name)
{
    struct rule *rule = script->rules;
    while (rule != NULL && !str_is(name, rule->name))
        rule = rule->next;
    return rule;
}

static struct rule *find_number(const struct script *script, int64_t number)
{
    struct rule *rule = script->rules;
    while (rule != NULL && rule->number != number)
        rule = rule->next;
    return number == 0 ? NULL : rule;
}

static bool any_may_run(const struct script *script)
{
    const struct rule *rule = script->rules;
    while (rule != NULL && !rule_may_run(rule))
        rule = rule->next;
    return rule != NULL;
}

/* -- tasks -- */

void script_send(struct script *script, const struct buf *message)
{
    process_send(script->process, buf_str(message));
}

void script_time(struct script *script)
{
    script->stretched = 0;
    script->began_used_ms = process_used_ms(script->process);
    timer_set(script->deadline, DEADLINE_MS, 0);
}

struct task *script_task(struct script *script, enum task_kind kind,
                         int64_t number)
{
    struct task *task = mem_new(sizeof(*task));
    task->kind = kind;
    task->n = ++script->last_n;
    task->number = number;
    *script->last = task;
    script->last = &task->next;
    if (script->task_count++ == 0)
        script_time(script);
    script->loading += kind == TASK_LOAD;
    return task;
}

static struct task take_task(struct script *script)
{
    struct task *first = script->first, task = *first;
    script->first = first->next;
    if (script->first == NULL)
        script->last = &script->first;
    free(first);
    script->task_count--;
    script->loading -= task.kind == TASK_LOAD;
    return task;
}

spd_jsonw script_begin(const struct task *task, const char *what,
                       struct buf *message)
{
    spd_jsonw w;
    jsonw_init(&w, message);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "do", str_of(what));
    jsonw_put_int(&w, "n", task->n);
    jsonw_put_int(&w, "rule", task->number);
    return w;
}

void script_end(struct script *script, struct buf *message, spd_jsonw *w)
{
    jsonw_end(w);
    script_send(script, message);
    buf_fini(message);
}

static void send_drop(struct script *script, int64_t number)
{
    struct buf message = { 0 };
    const struct task *task = script_task(script, TASK_DROP, number);
    spd_jsonw w = script_begin(task, "drop", &message);
    script_end(script, &message, &w);
}

static void put_source(spd_jsonw *w, spd_str name, spd_str source)
{
    jsonw_put_str(w, "name", name);
    jsonw_put_str(w, "source", source);
}

static void send_load(struct script *script, struct rule *rule)
{
    struct buf message = { 0 };
    rule->number = ++script->last_number;
    const struct task *task = script_task(script, TASK_LOAD, rule->number);
    spd_jsonw w = script_begin(task, "load", &message);
    put_source(&w, str_of(rule->name), str_of(rule->source));
    if (rule->state != NULL)
        jsonw_put_raw(&w, "state", str_of(rule->state));
    script_end(script, &message, &w);
}

/* -- saving -- */

static spd_err run_save(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct script *script = arg;
    spd_err rc = SPD_OK;
    for (struct rule *r = script->rules; r != NULL && rc == SPD_OK; r = r->next)
        if (r->version != r->saved)
            rc = rule_save_life(txn, r, err);
    if (rc == SPD_OK)
        rc = journal_cursor_set(txn, cursor_name, script->done_seq, err);
    return rc;
}

static void now_saved(struct script *script)
{
    for (struct rule *r = script->rules; r != NULL; r = r->next)
        r->saved = r->version;
    script->saved_seq = script->done_seq;
}

/* At once: nothing changes between the commit and its being noted. */
static void save(struct script *script)
{
    struct spd_error err;
    if (store_write_now(script->options.store, run_save, script, &err) ==
        SPD_OK) {
        now_saved(script);
        return;
    }
    log_warn("rules", "what the rules did cannot be noted yet: %s", err.text);
    timer_set(script->saver, SAVE_MS * 10, 0);
}

static void on_save(void *arg)
{
    save(arg);
}

void script_save_soon(struct script *script)
{
    if (!timer_is_set(script->saver))
        timer_set(script->saver, SAVE_MS, 0);
}

/* -- offences -- */

static void fail_rule(struct script *script, struct rule *rule, int64_t line,
                      spd_str why)
{
    struct buf text = { 0 };
    rule->errors++;
    rule->last_line = line;
    rule->version++;
    rule_set_text(&rule->last_error, why);
    if (line > 0)
        buf_printf(&text, "line %lld: ", (long long)line);
    buf_put(&text, why);
    rule_say(rule, now_ms(script), buf_str(&text));
    log_warn("rules", "%s: %.*s", rule->name, STR_ARG(buf_str(&text)));
    buf_fini(&text);
    script_save_soon(script);
}

struct notice {
    struct buf data;
};

static spd_err run_notice(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct notice *notice = arg;
    struct change change = { "rule.switched_off", STR("spoold") };
    return journal_append(txn, &change, buf_str(&notice->data), NULL, err);
}

static void notice_done(void *arg, const struct spd_error *err)
{
    struct notice *notice = arg;
    if (err != NULL)
        log_error("rules", "that a rule is off cannot be noted: %s", err->text);
    buf_fini(&notice->data);
    free(notice);
}

/* For the owner to hear of. */
static void give_notice(struct script *script, const struct rule *rule)
{
    struct notice *notice = mem_new(sizeof(*notice));
    spd_jsonw w;
    jsonw_init(&w, &notice->data);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "name", str_of(rule->name));
    jsonw_put_str(&w, "reason", str_of(rule->switched_off));
    jsonw_end(&w);
    store_write(script->options.store,
                &(struct store_write){ run_notice, notice_done, notice });
}

/* It stays so until a person changes it. */
static void switch_off(struct script *script, struct rule *rule)
{
    rule_set_text(&rule->switched_off, str_of(rule->last_error));
    if (rule->loaded && script->process != NULL)
        send_drop(script, rule->number);
    rule->loaded = false;
    rule->version++;
    veto_forget(script->veto);
    log_error("rules", "%s is switched off: %s", rule->name,
              rule->switched_off);
    give_notice(script, rule);
    script_save_soon(script);
}

static void offend(struct script *script, struct rule *rule)
{
    rule->version++;
    if (++rule->offences >= RULE_OFFENCES_MAX && rule->switched_off == NULL)
        switch_off(script, rule);
}

/* -- circles: rules that set off each other -- */

static spd_str who_of(spd_str event)
{
    static const char head[] = ",\"who\":\"";
    const char *at = memmem(event.ptr, event.len, head, sizeof(head) - 1);
    if (at == NULL)
        return STR("");
    at += sizeof(head) - 1;
    spd_str rest = { at, event.len - (size_t)(at - event.ptr) };
    return str_cut(&rest, '"');
}

static int depth_of(struct script *script, const struct event *event,
                    spd_str who)
{
    if (!str_starts(who, STR("rule/")))
        return 0;
    const struct rule *doer =
        script_find(script, (spd_str){ who.ptr + 5, who.len - 5 });
    for (size_t i = 0; doer != NULL && i < doer->mark_count; i++)
        if (event->seq <= doer->marks[i].upto_seq)
            return doer->marks[i].depth;
    return 1;
}

/* -- events -- */

static void send_tell(struct script *script, const struct rule *rule,
                      const struct event *event, int depth)
{
    struct buf message = { 0 };
    struct task *task = script_task(script, TASK_TELL, rule->number);
    task->seq = event->seq;
    task->depth = depth;
    spd_jsonw w = script_begin(task, "tell", &message);
    jsonw_put_raw(&w, "event", event->text);
    script_end(script, &message, &w);
}

static void tell(struct script *script, struct rule *rule,
                 const struct event *event)
{
    spd_str who = who_of(event->text);
    int depth = depth_of(script, event, who);
    bool is_own = str_starts(who, STR("rule/")) &&
                  str_is((spd_str){ who.ptr + 5, who.len - 5 }, rule->name);
    if (is_own || event->text.len > FRAME_MAX_BYTES / 2)
        return;
    if (depth < DEPTH_MAX) {
        send_tell(script, rule, event, depth);
        return;
    }
    fail_rule(script, rule, 0,
              STR("rules set off each other in a circle; it is broken here"));
    offend(script, rule);
}

static bool take_event(void *arg, const struct event *event)
{
    struct script *script = arg;
    for (struct rule *r = script->rules; r != NULL; r = r->next)
        if (r->loaded && event->seq > r->seen_seq &&
            rule_wants(r, event->topic))
            tell(script, r, event);
    script->sent_seq = event->seq;
    return script->task_count < WINDOW;
}

/* Everything up to there has been dealt with. */
static void settle(struct script *script)
{
    const struct task *task = script->first;
    while (task != NULL && task->seq == 0)
        task = task->next;
    script->done_seq = task == NULL ? script->sent_seq : task->seq - 1;
    if (script->done_seq - script->saved_seq >= PASSED_OVER)
        script_save_soon(script);
}

static void pump(struct script *script)
{
    bool is_away = script->process == NULL && any_may_run(script);
    if (!script->started || script->loading > 0 || is_away ||
        script->task_count >= WINDOW / 2)
        return;
    spd_txn *txn = store_read(script->options.store);
    journal_each(txn, script->sent_seq, take_event, script);
    store_read_end(txn);
    settle(script);
}

/* -- hours -- */

enum { CLOCK_WATCH_MS = 60 * 1000 }; /* somebody may set the one on the wall */

/* An hour that has come is told like an event, but is none: what is missed is
 * not made up for. */
static void tell_hour(struct script *script, struct rule *rule, size_t hook)
{
    struct buf message = { 0 };
    char at[MOMENT_BYTES];
    struct task *task = script_task(script, TASK_TELL, rule->number);
    spd_jsonw w = script_begin(task, "tell", &message);
    jsonw_begin(&w, "event", SPD_JSON_OBJECT);
    jsonw_put_str(&w, "topic", str_of(rule->hooks[hook]));
    jsonw_put_str(&w, "at", moment_text(rule->due_ms[hook], at));
    jsonw_end(&w);
    script_end(script, &message, &w);
}

static void tell_hours(struct script *script, struct rule *rule, int64_t at_ms)
{
    for (size_t i = 0; i < rule->hook_count && rule->loaded; i++)
        if (rule->due_ms[i] != 0 && rule->due_ms[i] <= at_ms) {
            tell_hour(script, rule, i);
            rule->due_ms[i] = rule_hour(str_of(rule->hooks[i]), at_ms);
        }
}

static void wind_clock(struct script *script)
{
    int64_t soonest_ms = 0;
    for (const struct rule *r = script->rules; r != NULL; r = r->next)
        for (size_t i = 0; i < r->hook_count && r->loaded; i++)
            if (r->due_ms[i] != 0 &&
                (soonest_ms == 0 || r->due_ms[i] < soonest_ms))
                soonest_ms = r->due_ms[i];
    int64_t wait_ms = soonest_ms - now_ms(script);
    if (soonest_ms == 0)
        timer_stop(script->clock);
    else
        timer_set(script->clock,
                  wait_ms < 0                ? 0
                  : wait_ms > CLOCK_WATCH_MS ? CLOCK_WATCH_MS
                                             : wait_ms,
                  0);
}

static void on_clock(void *arg)
{
    struct script *script = arg;
    int64_t at_ms = now_ms(script);
    for (struct rule *r = script->rules; r != NULL; r = r->next)
        tell_hours(script, r, at_ms);
    wind_clock(script);
}

static void on_journal(void *arg, int64_t last_seq)
{
    (void)last_seq;
    pump(arg);
}

/* -- what the process says -- */

static void on_loaded(struct script *script, struct rule *rule,
                      const spd_json *message)
{
    spd_str error = json_as_str(json_member(message, "error"), STR(""));
    rule->loaded = error.len == 0;
    rule->broken = !rule->loaded;
    veto_forget(script->veto);
    if (rule->loaded) {
        rule_set_hooks(rule, json_member(message, "hooks"), now_ms(script));
        wind_clock(script);
        return;
    }
    fail_rule(script, rule, json_as_int(json_member(message, "line"), 0),
              error);
    if (json_as_bool(json_member(message, "offended"), false))
        offend(script, rule);
}

static void keep_state(struct rule *rule, const spd_json *message)
{
    const spd_json *state = json_member(message, "state");
    struct buf text = { 0 };
    spd_jsonw w;
    if (state == NULL)
        return;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, state);
    rule_set_text(&rule->state, buf_str(&text));
    buf_fini(&text);
}

static void on_told(struct script *script, struct rule *rule,
                    const struct task *task, const spd_json *message)
{
    spd_str error = json_as_str(json_member(message, "error"), STR(""));
    rule->runs++;
    rule->deaths = 0;
    if (task->seq > 0)
        rule->seen_seq = task->seq;
    rule->last_run_at = now_ms(script);
    rule->last_us = json_as_int(json_member(message, "us"), 0);
    rule->version++;
    keep_state(rule, message);
    script_save_soon(script);
    if (error.len == 0)
        return;
    fail_rule(script, rule, json_as_int(json_member(message, "line"), 0),
              error);
    if (json_as_bool(json_member(message, "offended"), false))
        offend(script, rule);
}

static void on_answered(struct script *script, const struct rule *rule,
                        const struct task *task, const spd_json *message)
{
    spd_str error = json_as_str(json_member(message, "error"), STR(""));
    veto_answered(script->veto, rule, task->n, json_member(message, "answers"),
                  error);
}

/* What it was asked changes nothing, but takes time and may fail. */
static void note_answer(struct script *script, struct rule *rule,
                        const struct task *task, const spd_json *message)
{
    spd_str error = json_as_str(json_member(message, "error"), STR(""));
    rule->runs++;
    rule->deaths = 0;
    rule->last_run_at = now_ms(script);
    rule->last_us = json_as_int(json_member(message, "us"), 0);
    rule->version++;
    script_save_soon(script);
    on_answered(script, rule, task, message);
    if (error.len == 0)
        return;
    fail_rule(script, rule, json_as_int(json_member(message, "line"), 0),
              error);
    if (json_as_bool(json_member(message, "offended"), false))
        offend(script, rule);
}

static void tell_checked(const struct task *task, const spd_json *message)
{
    spd_str error = json_as_str(json_member(message, "error"), STR(""));
    int64_t line = json_as_int(json_member(message, "line"), 0);
    struct buf text = { 0 };
    if (line > 0)
        buf_printf(&text, "line %lld: ", (long long)line);
    buf_put(&text, error);
    buf_put_char(&text, '\0');
    task->checked(task->arg, error.len == 0 ? CHECKED_FINE : CHECKED_BAD,
                  text.ptr);
    buf_fini(&text);
}

static void on_done(struct script *script, const spd_json *message)
{
    struct task task = take_task(script);
    struct rule *rule = find_number(script, task.number);
    script->failures = 0;
    if (script->first == NULL)
        timer_stop(script->deadline);
    else
        script_time(script);
    if (task.kind == TASK_CHECK)
        tell_checked(&task, message);
    else if (rule != NULL && task.kind == TASK_LOAD)
        on_loaded(script, rule, message);
    else if (rule != NULL && task.kind == TASK_TELL)
        on_told(script, rule, &task, message);
    else if (rule != NULL && task.kind == TASK_ASK)
        note_answer(script, rule, &task, message);
    settle(script);
    pump(script);
}

struct rule *script_running(const struct script *script)
{
    return script->first == NULL ? NULL
                                 : find_number(script, script->first->number);
}

static void on_log(struct script *script, const spd_json *message)
{
    struct rule *rule =
        find_number(script, json_as_int(json_member(message, "rule"), 0));
    spd_str text = json_as_str(json_member(message, "log"), STR(""));
    if (rule == NULL)
        return; /* it is only being checked */
    rule_say(rule, now_ms(script), text);
    log_info("rules", "%s: %.*s", rule->name, STR_ARG(text));
}

/* It is ours, but what runs in it is not: it is believed nothing. */
static void on_said(void *arg, spd_str text)
{
    struct script *script = arg;
    spd_json *message = json_parse(text, NULL);
    struct rule *running = script_running(script);
    if (json_member(message, "log") != NULL)
        on_log(script, message);
    else if (json_member(message, "call") != NULL && running != NULL &&
             script->asked == NULL)
        call_by_rule(script, running, message);
    else if (script->first != NULL && script->asked == NULL &&
             json_as_int(json_member(message, "done"), 0) == script->first->n)
        on_done(script, message);
    else
        process_kill(script->process);
    json_free(message);
}

/* -- the end of the process -- */

static void blame(struct script *script, const struct task *task,
                  const char *how)
{
    struct rule *rule = find_number(script, task->number);
    if (rule == NULL)
        return;
    if (script->overdue) {
        if (task->seq > 0)
            rule->seen_seq = task->seq;
        fail_rule(script, rule, 0,
                  STR("it ran too long and could only be killed: 0.25 s is "
                      "all it gets"));
        offend(script, rule);
        return;
    }
    struct buf why = { 0 };
    buf_printf(&why, "the rules process %s while it ran", how);
    fail_rule(script, rule, 0, buf_str(&why));
    buf_fini(&why);
    if (++rule->deaths >= DEATHS_MAX && rule->switched_off == NULL)
        switch_off(script, rule);
}

/* Only the first one had begun. */
static void drop_tasks(struct script *script, enum checked how, const char *why)
{
    while (script->first != NULL) {
        struct task task = take_task(script);
        if (task.kind == TASK_CHECK)
            task.checked(task.arg, how, why);
        how = CHECKED_NOT;
        why = "the rules process ended just now; try again";
    }
}

static void rest(struct script *script)
{
    int64_t pause_ms = FIRST_PAUSE_MS;
    for (unsigned i = 0; i < script->failures && pause_ms < LAST_PAUSE_MS; i++)
        pause_ms *= 2;
    script->failures++;
    timer_set(script->restart,
              pause_ms < LAST_PAUSE_MS ? pause_ms : LAST_PAUSE_MS, 0);
}

/* What was under way is told again from the journal. */
static void on_ended(void *arg, const char *how)
{
    struct script *script = arg;
    process_free(script->process);
    script->process = NULL;
    timer_stop(script->deadline);
    call_by_rule_forget(script);
    veto_forget(script->veto);
    for (struct rule *r = script->rules; r != NULL; r = r->next)
        r->loaded = false;
    if (!script->overdue)
        log_warn("rules", "the rules process %s; it is started anew", how);
    if (script->first != NULL)
        blame(script, script->first, how);
    if (script->overdue)
        drop_tasks(script, CHECKED_BAD,
                   "it runs too long: 0.25 s is all it gets");
    else
        drop_tasks(script, CHECKED_NOT,
                   "the rules process ended just now; try again");
    script->sent_seq = script->done_seq;
    script->overdue = false;
    rest(script);
}

/* Wall time says little on a busy machine: what counts is what it used. */
static void on_deadline(void *arg)
{
    struct script *script = arg;
    int64_t used_ms = process_used_ms(script->process) - script->began_used_ms;
    if (used_ms < DEADLINE_MS - 10 && script->stretched++ < STRETCHES) {
        timer_set(script->deadline, DEADLINE_MS - used_ms, 0);
        return;
    }
    script->overdue = true;
    process_kill(script->process);
}

/* -- the beginning of the process -- */

static bool start_process(struct script *script)
{
    struct spd_error err = { 0 };
    struct process_options options = { script->program, on_said, on_ended,
                                       script };
    if (script->process != NULL)
        return true;
    script->process = process_start(script->options.loop, &options, &err);
    if (script->process == NULL) {
        if (!script->is_missing)
            log_warn("rules", "no rule runs: %s", err.text);
        script->is_missing = true;
        timer_set(script->restart, MISSING_PAUSE_MS, 0);
        return false;
    }
    script->is_missing = false;
    for (struct rule *r = script->rules; r != NULL; r = r->next)
        if (rule_may_run(r))
            send_load(script, r);
    return true;
}

static void on_restart(void *arg)
{
    struct script *script = arg;
    if (script->started && any_may_run(script))
        start_process(script);
}

/* -- rules come and go -- */

static void load(struct script *script, struct rule *rule)
{
    if (!script->started || !rule_may_run(rule))
        return;
    if (script->process != NULL)
        send_load(script, rule);
    else if (!timer_is_set(script->restart))
        start_process(script);
}

void script_reload(struct script *script, struct rule *rule)
{
    if (script->process != NULL && rule->number != 0)
        send_drop(script, rule->number);
    rule->loaded = rule->broken = false;
    rule->number = 0;
    veto_forget(script->veto);
    load(script, rule);
}

/* It is told of what happens from now on. */
void script_adopt(struct script *script, struct rule *rule)
{
    struct rule **at = &script->rules;
    spd_txn *txn = store_read(script->options.store);
    if (!rule_load_life(txn, rule)) {
        rule->seen_seq = journal_last(txn);
        rule->version++;
    }
    store_read_end(txn);
    while (*at != NULL && strcmp((*at)->name, rule->name) < 0)
        at = &(*at)->next;
    rule->next = *at;
    *at = rule;
    script_save_soon(script);
    load(script, rule);
}

void script_remove(struct script *script, struct rule *rule)
{
    struct rule **at = &script->rules;
    if (script->process != NULL && rule->number != 0)
        send_drop(script, rule->number);
    while (*at != rule)
        at = &(*at)->next;
    *at = rule->next;
    rule_free(rule);
    veto_forget(script->veto);
}

void script_check(struct script *script, spd_str name, spd_str source,
                  checked_fn *fn, void *arg)
{
    struct buf message = { 0 };
    if (!script->started || !start_process(script)) {
        fn(arg, CHECKED_NOT, "the rules process is not there");
        return;
    }
    struct task *task = script_task(script, TASK_CHECK, ++script->last_number);
    task->checked = fn;
    task->arg = arg;
    spd_jsonw w = script_begin(task, "load", &message);
    put_source(&w, name, source);
    script_end(script, &message, &w);
    send_drop(script, task->number);
}

/* -- life -- */

struct script *script_new(const struct script_options *options)
{
    struct script *script = mem_new(sizeof(*script));
    script->options = *options;
    script->program = mem_text(str_of(options->program));
    script->last = &script->first;
    script->veto = veto_new(script);
    script->follower = (struct journal_follower){ on_journal, script, NULL };
    script->deadline = timer_new(options->loop, on_deadline, script);
    script->restart = timer_new(options->loop, on_restart, script);
    script->saver = timer_new(options->loop, on_save, script);
    script->clock = timer_new(options->loop, on_clock, script);
    return script;
}

static void take_kept(void *arg, struct rule *rule)
{
    struct script *script = arg;
    script_adopt(script, rule);
}

/* The first start of all begins with what happens next. Here lies that there
 * was one. */
static const spd_str start_space = STR_INIT("rules.start");

static spd_err run_first(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct script *script = arg;
    spd_str mark;
    script->saved_seq = journal_cursor(txn, cursor_name);
    if (store_get(txn, start_space, STR("started"), &mark) == SPD_OK)
        return SPD_OK;
    script->saved_seq = journal_last(txn);
    spd_err rc = journal_cursor_set(txn, cursor_name, script->saved_seq, err);
    return rc == SPD_OK
               ? store_put(txn, start_space, STR("started"), STR("1"), err)
               : rc;
}

void script_start(struct script *script)
{
    struct spd_error err;
    if (store_write_now(script->options.store, run_first, script, &err) !=
        SPD_OK) {
        log_error("rules", "no rule runs: %s", err.text);
        return;
    }
    script->sent_seq = script->done_seq = script->saved_seq;
    spd_txn *txn = store_read(script->options.store);
    rule_each_kept(txn, take_kept, script);
    store_read_end(txn);
    script->started = true;
    if (script->options.folder != NULL)
        script->folder = folder_new(script, script->options.folder);
    journal_follow(script->options.store, &script->follower);
    if (any_may_run(script))
        start_process(script);
    pump(script);
}

void script_stop(struct script *script)
{
    if (script == NULL || !script->started)
        return;
    script->started = false;
    journal_unfollow(script->options.store, &script->follower);
    folder_free(script->folder);
    script->folder = NULL;
    timer_stop(script->restart);
    timer_stop(script->deadline);
    timer_stop(script->clock);
    call_by_rule_forget(script);
    process_free(script->process);
    script->process = NULL;
    drop_tasks(script, CHECKED_NOT, "the server is stopping");
    timer_stop(script->saver);
    save(script);
}

void script_free(struct script *script)
{
    if (script == NULL)
        return;
    script_stop(script);
    while (script->rules != NULL) {
        struct rule *rule = script->rules;
        script->rules = rule->next;
        rule_free(rule);
    }
    veto_free(script->veto);
    timer_free(script->deadline);
    timer_free(script->restart);
    timer_free(script->saver);
    timer_free(script->clock);
    free(script->program);
    free(script);
}

int64_t script_process_id(const struct script *script)
{
    return script->process == NULL ? 0 : process_id(script->process);
}
