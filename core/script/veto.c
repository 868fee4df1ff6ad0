#include "script/veto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 4096,
    ANSWERS_MAX = 50000, /* then all are forgotten */
    OLD_MS = 60 * 1000,
    PRINTERS_A_QUESTION = 100,
    WHY_BYTES = 300,
};

static const char hook[] = "may_start";

/* What is known of one job at one printer. */
struct answer {
    struct answer *next, *next_wanted;
    struct script_pair pair;
    int64_t at_ms; /* monotonic: when it was given; 0: never */
    bool asked;
    char *why; /* NULL: nobody objects */
};

/* One job at several printers, as all rules are asked it. */
struct batch {
    struct batch *next;
    struct script_pair pairs[PRINTERS_A_QUESTION];
    char *why[PRINTERS_A_QUESTION];
    size_t count;
    int64_t first_n, last_n; /* of the questions */
    int64_t left;
};

struct veto {
    struct script *script;
    struct answer *buckets[BUCKETS];
    size_t count;
    struct answer *wanted; /* to be asked at the end of the turn */
    struct batch *batches;
    struct loop_after ask;
    struct timer *old;
    char told[WHY_BYTES];
};

static int64_t now_ms(const struct veto *veto)
{
    return loop_now_ms(veto->script->options.loop);
}

static void changed(const struct veto *veto)
{
    const struct script_options *options = &veto->script->options;
    if (options->veto_changed != NULL)
        options->veto_changed(options->arg);
}

/* -- forgetting -- */

static void drop_answers(struct veto *veto)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (veto->buckets[i] != NULL) {
            struct answer *answer = veto->buckets[i];
            veto->buckets[i] = answer->next;
            free(answer->why);
            free(answer);
        }
    veto->count = 0;
    veto->wanted = NULL;
}

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->why[i]);
    free(batch);
}

static void drop_batches(struct veto *veto)
{
    while (veto->batches != NULL) {
        struct batch *batch = veto->batches;
        veto->batches = batch->next;
        batch_free(batch);
    }
}

void veto_forget(struct veto *veto)
{
    drop_answers(veto);
    drop_batches(veto);
    timer_set(veto->old, 1, OLD_MS);
}

/* Time alone may have changed a rule's mind. */
static void on_old(void *arg)
{
    changed(arg);
}

struct veto *veto_new(struct script *script)
{
    struct veto *veto = mem_new(sizeof(*veto));
    veto->script = script;
    veto->old = timer_new(script->options.loop, on_old, veto);
    return veto;
}

void veto_free(struct veto *veto)
{
    drop_answers(veto);
    drop_batches(veto);
    loop_after_cancel(veto->script->options.loop, &veto->ask);
    timer_free(veto->old);
    free(veto);
}

/* -- asking -- */

static void write_question(struct script *script, const struct batch *batch,
                           spd_jsonw *w)
{
    const struct script_options *options = &script->options;
    struct buf text = { 0 };
    jsonw_put_str(w, "hook", str_of(hook));
    jsonw_begin(w, "args", SPD_JSON_ARRAY);
    options->describe(options->arg, "job", batch->pairs[0].job_id, &text);
    jsonw_put_raw(w, NULL, buf_str(&text));
    jsonw_end(w);
    jsonw_begin(w, "each", SPD_JSON_ARRAY);
    for (size_t i = 0; i < batch->count; i++) {
        buf_clear(&text);
        options->describe(options->arg, "printer", batch->pairs[i].printer_id,
                          &text);
        jsonw_put_raw(w, NULL, buf_str(&text));
    }
    jsonw_end(w);
    buf_fini(&text);
}

static void send_batch(struct veto *veto, struct batch *batch)
{
    struct script *script = veto->script;
    for (struct rule *r = script->rules; r != NULL; r = r->next) {
        if (!r->loaded || !rule_answers(r, hook))
            continue;
        struct buf message = { 0 };
        struct task *task = script_task(script, TASK_ASK, r->number);
        spd_jsonw w = script_begin(task, "ask", &message);
        write_question(script, batch, &w);
        script_end(script, &message, &w);
        batch->first_n = batch->first_n == 0 ? task->n : batch->first_n;
        batch->last_n = task->n;
        batch->left++;
    }
}

/* Those of one job go together. */
static void on_ask(void *arg)
{
    struct veto *veto = arg;
    while (veto->wanted != NULL) {
        struct batch *batch = mem_new(sizeof(*batch));
        int64_t job_id = veto->wanted->pair.job_id;
        while (veto->wanted != NULL && veto->wanted->pair.job_id == job_id &&
               batch->count < PRINTERS_A_QUESTION) {
            batch->pairs[batch->count++] = veto->wanted->pair;
            veto->wanted = veto->wanted->next_wanted;
        }
        batch->next = veto->batches;
        veto->batches = batch;
        send_batch(veto, batch);
    }
}

static void want(struct veto *veto, struct answer *answer)
{
    if (answer->asked)
        return;
    answer->asked = true;
    answer->next_wanted = veto->wanted;
    veto->wanted = answer;
    veto->ask.fn = on_ask;
    veto->ask.arg = veto;
    loop_after_turn(veto->script->options.loop, &veto->ask);
}

/* -- answers -- */

static struct answer **find(struct veto *veto, const struct script_pair *pair)
{
    uint64_t mixed = (uint64_t)pair->job_id * 0x9e3779b97f4a7c15u +
                     (uint64_t)pair->printer_id * 0xc2b2ae3d27d4eb4fu;
    struct answer **at = &veto->buckets[mixed >> 52];
    while (*at != NULL && ((*at)->pair.job_id != pair->job_id ||
                           (*at)->pair.printer_id != pair->printer_id))
        at = &(*at)->next;
    return at;
}

static bool is_same(const struct script_pair *a, const struct script_pair *b)
{
    return a->job_tag == b->job_tag && a->printer_tag == b->printer_tag;
}

static void put_answer(struct veto *veto, const struct script_pair *pair,
                       const char *why, bool *is_news)
{
    struct answer *answer = *find(veto, pair);
    if (answer == NULL || !is_same(&answer->pair, pair))
        return; /* it was about what is no more */
    *is_news = *is_news || answer->at_ms == 0 ||
               (why == NULL) != (answer->why == NULL);
    answer->at_ms = now_ms(veto);
    answer->asked = false;
    rule_set_text(&answer->why, str_of(why));
}

static void end_batch(struct veto *veto, struct batch *batch)
{
    bool is_news = false;
    for (size_t i = 0; i < batch->count; i++)
        put_answer(veto, &batch->pairs[i], batch->why[i], &is_news);
    struct batch **at = &veto->batches;
    while (*at != batch)
        at = &(*at)->next;
    *at = batch->next;
    batch_free(batch);
    if (is_news)
        changed(veto);
}

/* The first rule that objects is the one that is told. */
static void object(char **why, const struct rule *rule, spd_str reason)
{
    struct buf text = { 0 };
    if (*why != NULL)
        return;
    buf_printf(&text, "the rule %s keeps it back: %.*s", rule->name,
               STR_ARG(str_clip(reason, WHY_BYTES - 100)));
    buf_put_char(&text, '\0');
    *why = buf_take(&text);
}

static void take_answers(struct batch *batch, const struct rule *rule,
                         const spd_json *answers)
{
    size_t i = 0;
    for (const spd_json *a = json_first(answers); a != NULL && i < batch->count;
         a = json_next(a), i++)
        if (!json_as_bool(json_item(a, 0), true))
            object(&batch->why[i], rule,
                   json_as_str(json_item(a, 1), STR("it does not say why")));
    for (; i < batch->count; i++)
        object(&batch->why[i], rule, STR("it gave no answer"));
}

void veto_answered(struct veto *veto, const struct rule *rule, int64_t n,
                   const spd_json *answers, spd_str error)
{
    struct batch *batch = veto->batches;
    while (batch != NULL && (n < batch->first_n || n > batch->last_n))
        batch = batch->next;
    if (batch == NULL)
        return; /* forgotten meanwhile */
    if (error.len == 0)
        take_answers(batch, rule, answers);
    for (size_t i = 0; error.len > 0 && i < batch->count; i++)
        object(&batch->why[i], rule, error);
    if (--batch->left == 0)
        end_batch(veto, batch);
}

/* -- being asked -- */

static const char *say(struct veto *veto, const char *why)
{
    snprintf(veto->told, sizeof(veto->told), "%s", why);
    return veto->told;
}

/* A rule that would object but is not there yet; *any: is there one at all? */
static bool is_waited_for(const struct script *script, bool *any)
{
    bool waits = false;
    for (const struct rule *r = script->rules; r != NULL; r = r->next) {
        bool objects = rule_answers(r, hook);
        bool is_new = r->hooks == NULL && !r->broken;
        if (!rule_may_run(r))
            continue;
        *any = *any || (r->loaded && objects);
        waits = waits || (!r->loaded && (objects || is_new));
    }
    return waits && !script->is_missing;
}

const char *script_objects(struct script *script,
                           const struct script_pair *pair)
{
    struct veto *veto = script->veto;
    bool any = false;
    if (script->options.describe == NULL)
        return NULL;
    if (is_waited_for(script, &any))
        return say(veto, "the shop's rules are being read just now");
    if (!any)
        return NULL;
    struct answer **at = find(veto, pair), *answer = *at;
    if (answer != NULL && !is_same(&answer->pair, pair)) {
        answer->pair = *pair;
        answer->at_ms = 0;
        answer->asked = false;
    }
    if (answer == NULL) {
        if (veto->count >= ANSWERS_MAX) {
            drop_answers(veto);
            at = find(veto, pair);
        }
        *at = answer = mem_new(sizeof(*answer));
        answer->pair = *pair;
        veto->count++;
    }
    if (answer->at_ms == 0 || now_ms(veto) - answer->at_ms >= OLD_MS)
        want(veto, answer);
    if (answer->at_ms == 0)
        return say(veto, "the shop's rules are being asked whether it may");
    return answer->why == NULL ? NULL : say(veto, answer->why);
}
