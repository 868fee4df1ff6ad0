#include "script/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "script/hours.h"

static const char *const role_names[] = { "viewer", "operator", "manager",
                                          NULL };

enum spd_role rule_role(int role)
{
    static const enum spd_role roles[] = { SPD_VIEWER, SPD_OPERATOR,
                                           SPD_MANAGER };
    return roles[role];
}

#define SHOWN .flags = FIELD_READONLY

static const struct field rows[] = {
    FIELD(rule_text, name, FIELD_TEXT,
          "what it is called: letters, digits, - and _",
          .flags = FIELD_REQUIRED, .min = 1, .max = RULE_NAME_MAX,
          .example = "\"vip-first\""),
    FIELD(rule_text, source, FIELD_TEXT, "its text, in Lua",
          .flags = FIELD_REQUIRED, .max = RULE_SOURCE_MAX,
          .example = "\"on('print.failed', function(e) log(e.topic) end)\""),
    FIELD(rule_text, role, FIELD_CHOICE, "what it may do in the shop",
          .choices = role_names, .fallback = "\"operator\""),
    FIELD(rule_text, enabled, FIELD_BOOL, "does it run?", .fallback = "true"),
    FIELD(rule_text, is_file, FIELD_BOOL,
          "is it a file in the rules folder? Then it is changed there", SHOWN),
    FIELD(rule_text, loaded, FIELD_BOOL, "is it at work just now?", SHOWN),
    FIELD(rule_text, hooks, FIELD_LIST, "what it is told of", SHOWN),
    FIELD(rule_text, runs, FIELD_INT, "how often it ran", SHOWN),
    FIELD(rule_text, errors, FIELD_INT, "how often that went wrong", SHOWN),
    FIELD(rule_text, offences, FIELD_INT,
          "how often it ran into a limit; after three it is switched off",
          SHOWN),
    FIELD(rule_text, last_run_at, FIELD_TIME, "when it ran last", SHOWN),
    FIELD(rule_text, last_us, FIELD_INT, "how long that took, in microseconds",
          SHOWN),
    FIELD(rule_text, last_error, FIELD_TEXT, "what went wrong last", SHOWN),
    FIELD(rule_text, last_line, FIELD_INT, "and in which line", SHOWN),
    FIELD(rule_text, switched_off, FIELD_TEXT,
          "why the shop switched it off; null: it did not", SHOWN),
    FIELD(rule_text, created_at, FIELD_TIME, "when it was added", SHOWN),
    FIELD(rule_text, updated_at, FIELD_TIME, "when its text last changed",
          SHOWN),
};
const struct fields rule_fields = TABLE("rule", rule_text, rows);

/* -- in memory -- */

struct rule *rule_new(spd_str name)
{
    struct rule *rule = mem_new(sizeof(*rule));
    snprintf(rule->name, sizeof(rule->name), "%.*s", STR_ARG(name));
    rule->role = RULE_OPERATOR;
    rule->enabled = true;
    return rule;
}

static void free_hooks(struct rule *rule)
{
    for (size_t i = 0; i < rule->hook_count; i++)
        free(rule->hooks[i]);
    free(rule->hooks);
    free(rule->due_ms);
    rule->hooks = NULL;
    rule->due_ms = NULL;
    rule->hook_count = 0;
}

void rule_free(struct rule *rule)
{
    if (rule == NULL)
        return;
    free_hooks(rule);
    for (size_t i = 0; i < rule->log_count; i++)
        free(rule->log[i].text);
    free(rule->source);
    free(rule->last_error);
    free(rule->switched_off);
    free(rule->state);
    free(rule);
}

bool rule_is_name(spd_str name)
{
    static const char good[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '\0' || strchr(good, name.ptr[i]) == NULL)
            return false;
    return name.len > 0 && name.len <= RULE_NAME_MAX;
}

void rule_set_text(char **text, spd_str now)
{
    char *copy = now.ptr == NULL ? NULL : mem_text(now);
    free(*text);
    *text = copy;
}

bool rule_may_run(const struct rule *rule)
{
    return rule->enabled && rule->switched_off == NULL;
}

void rule_set_source(struct rule *rule, spd_str source)
{
    rule_set_text(&rule->source, source);
}

bool rule_wants(const struct rule *rule, spd_str topic)
{
    for (size_t i = 0; i < rule->hook_count; i++)
        if (topic_fits(str_of(rule->hooks[i]), topic))
            return true;
    return false;
}

bool rule_answers(const struct rule *rule, const char *hook)
{
    for (size_t i = 0; i < rule->hook_count; i++)
        if (strcmp(rule->hooks[i], hook) == 0)
            return true;
    return false;
}

void rule_set_hooks(struct rule *rule, const spd_json *hooks, int64_t now_ms)
{
    free_hooks(rule);
    rule->hooks = mem_array(json_count(hooks) + 1, sizeof(char *));
    rule->due_ms = mem_array(json_count(hooks) + 1, sizeof(int64_t));
    for (const spd_json *h = json_first(hooks); h != NULL; h = json_next(h)) {
        spd_str hook = json_as_str(h, STR(""));
        rule->due_ms[rule->hook_count] = rule_hour(hook, now_ms);
        rule->hooks[rule->hook_count++] = mem_text(hook);
    }
}

void rule_say(struct rule *rule, int64_t at_ms, spd_str text)
{
    if (rule->log_count == RULE_LOG_LINES) {
        free(rule->log[0].text);
        rule->log_count--;
        memmove(rule->log, rule->log + 1,
                rule->log_count * sizeof(rule->log[0]));
    }
    rule->log[rule->log_count++] = (struct log_line){ at_ms, mem_text(text) };
}

void rule_show(const struct rule *rule, struct arena *arena,
               struct rule_text *text)
{
    spd_str *hooks = arena_new(arena, (rule->hook_count + 1) * sizeof(*hooks));
    for (size_t i = 0; i < rule->hook_count; i++)
        hooks[i] = str_of(rule->hooks[i]);
    *text = (struct rule_text){
        .name = str_of(rule->name),
        .source = str_of(rule->source),
        .role = rule->role,
        .enabled = rule->enabled,
        .is_file = rule->is_file,
        .loaded = rule->loaded,
        .hooks = { hooks, rule->hook_count },
        .runs = rule->runs,
        .errors = rule->errors,
        .offences = rule->offences,
        .last_run_at = rule->last_run_at,
        .last_us = rule->last_us,
        .last_error = str_of(rule->last_error),
        .last_line = rule->last_line == 0 ? INT_NONE : rule->last_line,
        .switched_off = str_of(rule->switched_off),
        .created_at = rule->created_at,
        .updated_at = rule->updated_at,
    };
}

/* -- in the store -- */

static const spd_str kept_space = STR_INIT("rules"),
                     life_space = STR_INIT("rules.life");

/* What is packed; rows are added at the end. */
struct kept {
    spd_str source;
    int role;
    bool enabled;
    int64_t created_at, updated_at;
};
static const struct field kept_rows[] = {
    FIELD(kept, source, FIELD_TEXT, "its text", .max = RULE_SOURCE_MAX),
    FIELD(kept, role, FIELD_CHOICE, "its role", .choices = role_names),
    FIELD(kept, enabled, FIELD_BOOL, "does it run?", .flags = FIELD_INTERNAL),
    FIELD(kept, created_at, FIELD_TIME, "when it was added",
          .flags = FIELD_INTERNAL),
    FIELD(kept, updated_at, FIELD_TIME, "when it was changed",
          .flags = FIELD_INTERNAL),
};
static const struct fields kept_fields = TABLE("rule", kept, kept_rows);

struct life {
    int64_t seen_seq, runs, errors, offences, last_run_at, last_us, last_line;
    spd_str last_error, switched_off, state;
    bool is_off; /* of a file: a person switched it off */
};
#define KEPT(member, type, doc, most)                                          \
    FIELD(life, member, type, doc, .flags = FIELD_INTERNAL, .max = (most))

static const struct field life_rows[] = {
    KEPT(seen_seq, FIELD_INT, "the last event it was told of", 0),
    KEPT(runs, FIELD_INT, "runs", 0),
    KEPT(errors, FIELD_INT, "errors", 0),
    KEPT(offences, FIELD_INT, "offences", 0),
    KEPT(last_run_at, FIELD_TIME, "when it ran last", 0),
    KEPT(last_us, FIELD_INT, "how long", 0),
    KEPT(last_line, FIELD_INT, "where it went wrong", 0),
    KEPT(last_error, FIELD_TEXT, "what went wrong", 1000),
    KEPT(switched_off, FIELD_TEXT, "why it is off", 1000),
    KEPT(state, FIELD_JSON, "what it keeps", 128 * 1024),
    KEPT(is_off, FIELD_BOOL, "was it switched off by hand?", 0),
};
static const struct fields life_fields = TABLE("life", life, life_rows);

static spd_err put(spd_txn *txn, spd_str space, const struct rule *rule,
                   const struct fields *fields, const void *record,
                   struct spd_error *err)
{
    struct buf packed = { 0 };
    fields_pack(fields, record, &packed);
    spd_err rc =
        store_put(txn, space, str_of(rule->name), buf_str(&packed), err);
    buf_fini(&packed);
    return rc;
}

spd_err rule_save(spd_txn *txn, const struct rule *rule, struct spd_error *err)
{
    struct kept kept = { str_of(rule->source), rule->role, rule->enabled,
                         rule->created_at, rule->updated_at };
    return put(txn, kept_space, rule, &kept_fields, &kept, err);
}

spd_err rule_forget(spd_txn *txn, spd_str name, struct spd_error *err)
{
    store_del(txn, life_space, name);
    if (store_del(txn, kept_space, name) == SPD_OK)
        return SPD_OK;
    return error_set(err, SPD_ENOTFOUND, "there is no rule %.*s",
                     STR_ARG(name));
}

spd_err rule_save_life(spd_txn *txn, const struct rule *rule,
                       struct spd_error *err)
{
    struct life life = {
        .seen_seq = rule->seen_seq,
        .runs = rule->runs,
        .errors = rule->errors,
        .offences = rule->offences,
        .last_run_at = rule->last_run_at,
        .last_us = rule->last_us,
        .last_line = rule->last_line,
        .last_error = str_of(rule->last_error),
        .switched_off = str_of(rule->switched_off),
        .state = str_of(rule->state),
        .is_off = rule->is_file && !rule->enabled,
    };
    return put(txn, life_space, rule, &life_fields, &life, err);
}

bool rule_load_life(spd_txn *txn, struct rule *rule)
{
    struct life life = { 0 };
    struct arena arena = { 0 };
    spd_str packed;
    fields_init(&life_fields, &life);
    bool has_one =
        store_get(txn, life_space, str_of(rule->name), &packed) == SPD_OK &&
        fields_unpack(&life_fields, &life, packed, &arena);
    if (has_one) {
        rule->seen_seq = life.seen_seq;
        rule->runs = life.runs;
        rule->errors = life.errors;
        rule->offences = life.offences;
        rule->last_run_at = life.last_run_at;
        rule->last_us = life.last_us;
        rule->last_line = life.last_line;
        rule_set_text(&rule->last_error, life.last_error);
        rule_set_text(&rule->switched_off, life.switched_off);
        rule_set_text(&rule->state, life.state);
        if (rule->is_file)
            rule->enabled = !life.is_off;
    }
    arena_fini(&arena);
    return has_one;
}

struct walk {
    void (*fn)(void *arg, struct rule *rule);
    void *arg;
};

static bool see_kept(spd_str name, spd_str packed, void *arg)
{
    const struct walk *walk = arg;
    struct arena arena = { 0 };
    struct kept kept;
    fields_init(&kept_fields, &kept);
    if (fields_unpack(&kept_fields, &kept, packed, &arena)) {
        struct rule *rule = rule_new(name);
        rule_set_source(rule, kept.source);
        rule->role = kept.role;
        rule->enabled = kept.enabled;
        rule->created_at = kept.created_at;
        rule->updated_at = kept.updated_at;
        walk->fn(walk->arg, rule);
    }
    arena_fini(&arena);
    return true;
}

void rule_each_kept(spd_txn *txn, void (*fn)(void *arg, struct rule *rule),
                    void *arg)
{
    struct walk walk = { fn, arg };
    store_scan(txn, kept_space, (spd_str){ "", 0 }, see_kept, &walk);
}
