/* What a rule does in the shop: operations, as that rule. */
#include <stdio.h>
#include <stdlib.h>

#include "base/frame.h"
#include "script/script_internal.h"

enum { ANSWER_WITHIN_MS = 5000, ANSWER_MAX_BYTES = FRAME_MAX_BYTES - 4096 };

/* The process waits for it, and with it everything else: one at a time. */
struct asked {
    struct script *script; /* NULL: nobody waits any more */
    int64_t number;        /* of the rule */
    int depth;             /* of what it does by this */
    struct timer *late;
};

static void send_answer(struct script *script, int status, spd_str body)
{
    struct buf message = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &message);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(&w, "status", status);
    jsonw_put_raw(&w, "answer", body.len == 0 ? STR("null") : body);
    jsonw_end(&w);
    script_send(script, &message);
    buf_fini(&message);
    script_time(script);
}

static void refuse(struct script *script, enum refusal refusal,
                   const char *sentence)
{
    struct buf body = { 0 };
    refusal_write(&body, refusal, sentence);
    send_answer(script, refusal_status(refusal), buf_str(&body));
    buf_fini(&body);
}

/* Events of it are those up to the last one there is. */
static void mark(const struct asked *asked)
{
    struct script *script = asked->script;
    struct rule *rule = script_running(script);
    if (rule == NULL || rule->number != asked->number)
        return;
    spd_txn *txn = store_read(script->options.store);
    struct mark now = { journal_last(txn), asked->depth };
    store_read_end(txn);
    if (rule->mark_count == RULE_MARKS) {
        for (size_t i = 1; i < RULE_MARKS; i++)
            rule->marks[i - 1] = rule->marks[i];
        rule->mark_count--;
    }
    rule->marks[rule->mark_count++] = now;
}

static void on_result(void *arg, const struct call_result *result)
{
    struct asked *asked = arg;
    struct script *script = asked->script;
    if (script != NULL) {
        mark(asked);
        script->asked = NULL;
        if (result->file_path != NULL || result->file_type != NULL)
            refuse(script, REFUSE_TYPE, "it answers with a file");
        else if (result->body->len > ANSWER_MAX_BYTES)
            refuse(script, REFUSE_TOO_LARGE,
                   "the answer is too large; ask for less of it (limit)");
        else
            send_answer(script, result->status, buf_str(result->body));
    }
    timer_free(asked->late);
    free(asked);
}

void call_by_rule_forget(struct script *script)
{
    if (script->asked == NULL)
        return;
    script->asked->script = NULL;
    timer_stop(script->asked->late);
    script->asked = NULL;
}

static void on_late(void *arg)
{
    struct asked *asked = arg;
    struct script *script = asked->script;
    call_by_rule_forget(script);
    refuse(script, REFUSE_UNAVAILABLE, "it was not answered within 5 s");
}

/* The arguments as one flat object. */
static spd_json *args_of(const spd_json *message)
{
    struct buf text = { 0 };
    spd_jsonw w;
    const spd_json *args = json_member(message, "args");
    if (args == NULL)
        return NULL;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, args);
    spd_json *copy = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    return copy;
}

static const struct op *judge(struct script *script, spd_str name)
{
    const struct op *op = ops_find(script->options.ops, name);
    if (op == NULL)
        refuse(script, REFUSE_NOT_FOUND, "there is no such operation");
    else if ((op->flags & (OP_UPLOAD | OP_EVENTS | OP_RAW | OP_PUBLIC)) != 0)
        refuse(script, REFUSE_METHOD, "it is not for rules");
    else
        return op;
    return NULL;
}

void call_by_rule(struct script *script, struct rule *rule,
                  const spd_json *message)
{
    const struct op *op =
        judge(script, json_as_str(json_member(message, "call"), STR("")));
    if (op == NULL)
        return;
    struct asked *asked = mem_new(sizeof(*asked));
    asked->script = script;
    asked->number = rule->number;
    asked->depth = script->first->depth + 1;
    asked->late = timer_new(script->options.loop, on_late, asked);
    timer_set(asked->late, ANSWER_WITHIN_MS, 0);
    script->asked = asked;
    timer_stop(script->deadline); /* the ball is here */
    struct call_request request = {
        .op = op, .done = on_result, .arg = asked, .flat = args_of(message)
    };
    request.actor.role = rule_role(rule->role);
    snprintf(request.actor.who, sizeof(request.actor.who), "rule/%s",
             rule->name);
    ops_call(script->options.ops, &request);
}
