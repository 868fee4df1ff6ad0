/* The operations on rules: looking at them, and changing those that are no
 * files.  A text is tried in the process before it is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "script/script_internal.h"

struct name_param {
    spd_str name;
};
static const struct field name_rows[] = {
    FIELD(name_param, name, FIELD_TEXT, "which rule", .flags = FIELD_REQUIRED,
          .min = 1, .max = RULE_NAME_MAX),
};
static const struct fields name_fields =
    TABLE("rule_name", name_param, name_rows);

static void write_rule(struct call *call, const struct rule *rule)
{
    struct rule_text text;
    spd_jsonw *w = call_reply(call);
    rule_show(rule, &call->arena, &text);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    fields_write(&rule_fields, &text, w);
    jsonw_end(w);
}

static spd_err find(struct call *call, spd_str name, struct rule **rule)
{
    *rule = script_find(call->self, name);
    if (*rule != NULL)
        return SPD_OK;
    return call_refuse(call, REFUSE_NOT_FOUND, "there is no rule %.*s",
                       STR_ARG(name));
}

/* -- looking -- */

static spd_err list_rules(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct script *script = call->self;
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    for (const struct rule *r = script->rules; r != NULL; r = r->next) {
        struct rule_text text;
        rule_show(r, &call->arena, &text);
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        fields_write(&rule_fields, &text, w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return SPD_OK;
}

static spd_err get_rule(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct name_param *param = call->params;
    struct rule *rule;
    spd_err rc = find(call, param->name, &rule);
    if (rc == SPD_OK)
        write_rule(call, rule);
    return rc;
}

struct line_view {
    int64_t at;
    spd_str text;
};
static const struct field line_rows[] = {
    FIELD(line_view, at, FIELD_TIME, "when", .flags = FIELD_READONLY),
    FIELD(line_view, text, FIELD_TEXT, "what it said, or what went wrong",
          .flags = FIELD_READONLY),
};
static const struct fields line_fields =
    TABLE("rule_line", line_view, line_rows);

static spd_err get_log(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct name_param *param = call->params;
    struct rule *rule;
    spd_err rc = find(call, param->name, &rule);
    if (rc != SPD_OK)
        return rc;
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    for (size_t i = 0; i < rule->log_count; i++) {
        struct line_view view = { rule->log[i].at_ms,
                                  str_of(rule->log[i].text) };
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        fields_write(&line_fields, &view, w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return SPD_OK;
}

/* -- changing -- */

/* A change on its way: tried, then committed, then in force. */
struct edit {
    struct call *call;
    struct script *script;
    char name[RULE_NAME_MAX + 1];
    struct rule *now; /* as it will be; owned until it is in force */
    const char *topic;
};

static void edit_free(struct edit *edit)
{
    rule_free(edit->now);
    free(edit);
}

static spd_err append_event(spd_txn *txn, const struct edit *edit,
                            struct spd_error *err)
{
    struct change change = call_change(edit->call, edit->topic);
    struct buf data = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &data);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "name", str_of(edit->name));
    if (edit->now != NULL) {
        jsonw_put_bool(&w, "enabled", edit->now->enabled);
        jsonw_put_str(&w, "source", str_of(edit->now->source));
    }
    jsonw_end(&w);
    spd_err rc = journal_append(txn, &change, buf_str(&data), NULL, err);
    buf_fini(&data);
    return rc;
}

static spd_err run_edit(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct edit *edit = arg;
    spd_err rc = SPD_OK;
    if (edit->now == NULL)
        rc = rule_forget(txn, str_of(edit->name), err);
    else if (!edit->now->is_file)
        rc = rule_save(txn, edit->now, err);
    return rc == SPD_OK ? append_event(txn, edit, err) : rc;
}

/* What it was told and what it keeps stay; what it did wrong is forgiven. */
static void put_in_force(struct rule *rule, const struct rule *now)
{
    bool was_off = !rule->enabled || rule->switched_off != NULL;
    rule_set_source(rule, str_of(now->source));
    rule->role = now->role;
    rule->enabled = now->enabled;
    rule->updated_at = now->updated_at;
    rule->offences = 0;
    rule->deaths = 0;
    rule_set_text(&rule->switched_off, (spd_str){ NULL, 0 });
    if (was_off)
        rule->seen_seq = 0; /* see below */
    rule->version++;
}

/* Nobody waits to hear what happened while it was off. */
static void skip_missed(struct script *script, struct rule *rule)
{
    spd_txn *txn = store_read(script->options.store);
    if (rule->seen_seq == 0)
        rule->seen_seq = journal_last(txn);
    store_read_end(txn);
}

static void apply(struct edit *edit)
{
    struct script *script = edit->script;
    struct rule *rule = script_find(script, str_of(edit->name));
    if (edit->now == NULL) {
        if (rule != NULL)
            script_remove(script, rule);
        buf_printf(call_reply_buf(edit->call), "{\"name\":\"%s\"}", edit->name);
        return;
    }
    if (rule == NULL) {
        rule = edit->now;
        edit->now = NULL;
        script_adopt(script, rule);
    } else {
        put_in_force(rule, edit->now);
        skip_missed(script, rule);
        script_save_soon(script);
        script_reload(script, rule);
    }
    write_rule(edit->call, rule);
}

static void edit_done(void *arg, const struct spd_error *err)
{
    struct edit *edit = arg;
    struct call *call = edit->call;
    if (err != NULL)
        call_fail(call, err);
    else
        apply(edit);
    edit_free(edit);
    call_end(call);
}

static void commit(struct edit *edit)
{
    store_write(edit->script->options.store,
                &(struct store_write){ run_edit, edit_done, edit });
}

static void on_checked(void *arg, enum checked how, const char *error)
{
    struct edit *edit = arg;
    struct call *call = edit->call;
    if (how == CHECKED_FINE) {
        commit(edit);
        return;
    }
    call_refuse(call, how == CHECKED_BAD ? REFUSE_CONTENT : REFUSE_UNAVAILABLE,
                "%s", error);
    edit_free(edit);
    call_end(call);
}

static struct edit *edit_new(struct call *call, spd_str name, const char *topic)
{
    struct edit *edit = mem_new(sizeof(*edit));
    edit->call = call;
    edit->script = call->self;
    edit->topic = topic;
    snprintf(edit->name, sizeof(edit->name), "%.*s", STR_ARG(name));
    return edit;
}

static void try_edit(struct edit *edit, const struct rule_text *text)
{
    struct script *script = edit->script;
    struct rule *now = rule_new(str_of(edit->name));
    now->role = text->role;
    now->enabled = text->enabled;
    now->is_file = text->is_file;
    now->updated_at = now->created_at = loop_wall_ms(script->options.loop);
    if (text->created_at != 0)
        now->created_at = text->created_at;
    rule_set_source(now, text->source);
    edit->now = now;
    script_check(script, str_of(now->name), text->source, on_checked, edit);
}

/* A rule may do no more than whoever writes it; and none writes others. */
static spd_err judge(struct call *call, const struct rule_text *text)
{
    struct faults *faults = call_faults(call);
    if (str_starts(str_of(call->actor->who), STR("rule/")))
        return call_refuse(call, REFUSE_FORBIDDEN,
                           "rules are not changed by rules");
    if (!rule_is_name(text->name))
        faults_add(faults, "name",
                   "may have letters, digits, - and _, and nothing else");
    if (rule_role(text->role) > call->actor->role)
        faults_add(faults, "role", "may not be higher than your own");
    if (memchr(text->source.ptr == NULL ? "" : text->source.ptr, 0,
               text->source.len) != NULL)
        faults_add(faults, "source", "is no text");
    return faults->count == 0 ? SPD_OK : call_refuse_faults(call);
}

static spd_err create_rule(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct rule_text *text = call->body;
    spd_err rc = judge(call, text);
    if (rc != SPD_OK)
        return rc;
    if (script_find(call->self, text->name) != NULL)
        return call_refuse(call, REFUSE_CONFLICT,
                           "there is a rule %.*s already", STR_ARG(text->name));
    try_edit(edit_new(call, text->name, "rule.created"), text);
    return SPD_OK;
}

static spd_err update_rule(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct name_param *param = call->params;
    struct rule *rule;
    struct rule_text text;
    spd_err rc = find(call, param->name, &rule);
    if (rc != SPD_OK)
        return rc;
    rule_show(rule, &call->arena, &text);
    spd_str source = text.source;
    int role = text.role;
    call_patch(call, &text);
    if (!str_is(text.name, rule->name))
        return call_refuse(call, REFUSE_CONFLICT,
                           "a rule keeps its name; make another one");
    if (rule->is_file && (role != text.role || !str_equal(source, text.source)))
        return call_refuse(call, REFUSE_CONFLICT,
                           "%s is a file in the rules folder: change it there",
                           rule->name);
    rc = judge(call, &text);
    if (rc == SPD_OK)
        try_edit(edit_new(call, param->name, "rule.updated"), &text);
    return rc;
}

static spd_err delete_rule(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct name_param *param = call->params;
    struct rule *rule;
    spd_err rc = find(call, param->name, &rule);
    if (rc != SPD_OK)
        return rc;
    if (str_starts(str_of(call->actor->who), STR("rule/")))
        return call_refuse(call, REFUSE_FORBIDDEN,
                           "rules are not changed by rules");
    if (rule->is_file)
        return call_refuse(call, REFUSE_CONFLICT,
                           "%s is a file in the rules folder: remove it there, "
                           "or set enabled to false",
                           rule->name);
    commit(edit_new(call, param->name, "rule.deleted"));
    return SPD_OK;
}

static const struct op rule_ops[] = {
    { .name = "rules.list",
      .route = "GET /api/rules",
      .doc = "The shop's own rules, and how each has done",
      .role = SPD_OPERATOR,
      .flags = OP_READ | OP_LIST,
      .reply = &rule_fields,
      .run = list_rules },
    { .name = "rules.get",
      .route = "GET /api/rules/{name}",
      .doc = "One rule",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &name_fields,
      .reply = &rule_fields,
      .run = get_rule },
    { .name = "rules.log",
      .route = "GET /api/rules/{name}/log",
      .doc = "What a rule said of late, and what went wrong with it",
      .role = SPD_OPERATOR,
      .flags = OP_READ | OP_LIST,
      .params = &name_fields,
      .reply = &line_fields,
      .run = get_log },
    { .name = "rules.create",
      .route = "POST /api/rules",
      .doc = "Add a rule; its text is tried first",
      .role = SPD_MANAGER,
      .flags = OP_LATER | OP_CREATE,
      .body = &rule_fields,
      .reply = &rule_fields,
      .run = create_rule },
    { .name = "rules.update",
      .route = "PUT /api/rules/{name}",
      .doc = "Change a rule, at work at once, or switch it on and off; what it "
             "did wrong before is forgiven",
      .role = SPD_MANAGER,
      .flags = OP_LATER,
      .params = &name_fields,
      .body = &rule_fields,
      .reply = &rule_fields,
      .run = update_rule },
    { .name = "rules.delete",
      .route = "DELETE /api/rules/{name}",
      .doc = "Take a rule away, with what it keeps",
      .role = SPD_MANAGER,
      .flags = OP_LATER,
      .params = &name_fields,
      .run = delete_rule },
};

spd_err script_add_ops(struct script *script, struct spd_error *err)
{
    return ops_add(script->options.ops, rule_ops, SPD_COUNT(rule_ops), script,
                   err);
}
