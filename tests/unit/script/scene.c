#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

struct scene the;

enum { PATIENCE_MS = 60 * 1000 };

/* -- the shop: notes -- */

struct note {
    int64_t id;
    spd_str text;
};
static const struct field note_rows[] = {
    FIELD(note, id, FIELD_ID, "the note's id", .flags = FIELD_READONLY),
    FIELD(note, text, FIELD_TEXT, "what it says", .flags = FIELD_REQUIRED,
          .min = 1, .max = 100),
};
static const struct fields note_fields = TABLE("note", note, note_rows);
static const struct kind note_kind = {
    .name = "note",
    .plural = "notes",
    .fields = &note_fields,
};
static const struct kind *const kinds[] = { &note_kind };

static spd_err create_note(struct call *call, spd_txn *txn)
{
    struct note note = *(struct note *)call->body;
    struct spd_error err;
    struct change change = call_change(call, "note.written");
    if (record_put(txn, &note_kind, &note, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &note_kind, note.id);
}

static spd_err list_notes(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &note_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static const struct op note_ops[] = {
    { .name = "notes.write",
      .route = "POST /api/notes",
      .doc = "Write a note",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &note_fields,
      .run = create_note },
    { .name = "notes.list",
      .route = "GET /api/notes",
      .doc = "All notes",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &note_fields,
      .run = list_notes },
    { .name = "notes.order",
      .route = "POST /api/notes/order",
      .doc = "Write a note that only a manager may",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_CREATE,
      .body = &note_fields,
      .run = create_note },
};

/* -- life -- */

static void quiet(void *arg, enum spd_level level, const char *line)
{
    (void)arg;
    if (getenv("SPOOLD_TALK") != NULL)
        fprintf(stderr, "%d %s\n", (int)level, line);
}

static void describe(void *arg, const char *noun, int64_t id, struct buf *out)
{
    (void)arg;
    buf_printf(out, "{\"noun\":\"%s\",\"id\":%lld}", noun, (long long)id);
}

static void on_veto_changed(void *arg)
{
    (void)arg;
    the.vetoes_changed++;
}

static void open_all(void)
{
    struct spd_error err;
    struct store_options options = {
        .folder = the.root,
        .map_bytes = 64 << 20,
        .kinds = kinds,
        .kind_count = SPD_COUNT(kinds),
        .min_free_bytes = 1,
    };
    the.loop = loop_new(&clock_system, &err);
    the.store = store_open(the.loop, &options, &err);
    if (the.store == NULL)
        fail_msg("%s", err.text);
    the.ops = ops_new(the.store);
    assert_int_equal(
        ops_add(the.ops, note_ops, SPD_COUNT(note_ops), NULL, &err), SPD_OK);
    the.script = script_new(&(struct script_options){
        .loop = the.loop,
        .store = the.store,
        .ops = the.ops,
        .program = SPOOLD_BUILD "/spoold-rules",
        .folder = the.folder,
        .describe = describe,
        .veto_changed = on_veto_changed,
    });
    assert_int_equal(script_add_ops(the.script, &err), SPD_OK);
    script_start(the.script);
}

static void close_all(void)
{
    script_free(the.script);
    store_flush(the.store);
    ops_free(the.ops);
    store_close(the.store);
    loop_free(the.loop);
}

int scene_set_up(void **state)
{
    (void)state;
    the = (struct scene){ 0 };
    log_listen(quiet, NULL);
    strcpy(the.root, "/tmp/spoold-script-XXXXXX");
    assert_non_null(mkdtemp(the.root));
    snprintf(the.folder, sizeof(the.folder), "%s.rules", the.root);
    assert_int_equal(mkdir(the.folder, 0700), 0);
    rmdir(the.root);
    open_all();
    return 0;
}

int scene_tear_down(void **state)
{
    (void)state;
    close_all();
    file_remove_folder(the.root);
    file_remove_folder(the.folder);
    buf_fini(&the.reply);
    log_listen(NULL, NULL);
    return 0;
}

void scene_restart(void)
{
    close_all();
    open_all();
}

void turn(int64_t wait_ms)
{
    loop_turn(the.loop, wait_ms);
}

/* -- asking -- */

static void on_result(void *arg, const struct call_result *result)
{
    (void)arg;
    the.status = result->status;
    the.answered = true;
    buf_clear(&the.reply);
    buf_put(&the.reply, buf_str(result->body));
    buf_put_char(&the.reply, '\0');
}

const char *call(const char *op, const char *args)
{
    struct call_request request = {
        .op = ops_find(the.ops, str_of(op)),
        .flat = json_parse(str_of(args), NULL),
        .done = on_result,
    };
    int64_t until_ms = loop_now_ms(the.loop) + PATIENCE_MS;
    assert_non_null(request.op);
    assert_non_null(request.flat);
    request.actor.role = SPD_MANAGER;
    strcpy(request.actor.who, "person/1");
    the.answered = false;
    ops_call(the.ops, &request);
    while (!the.answered && loop_now_ms(the.loop) < until_ms)
        turn(50);
    assert_true(the.answered);
    return the.reply.ptr;
}

const char *shown(const char *name, const char *member)
{
    static char text[1024];
    char args[100];
    snprintf(args, sizeof(args), "{\"name\":\"%s\"}", name);
    spd_json *rule = json_parse(str_of(call("rules.get", args)), NULL);
    const spd_json *value = json_member(rule, member);
    spd_str said = json_as_str(value, STR(""));
    switch (json_type(value)) {
    case SPD_JSON_INT:
        snprintf(text, sizeof(text), "%lld", (long long)json_as_int(value, 0));
        break;
    case SPD_JSON_BOOL:
        snprintf(text, sizeof(text), "%s",
                 json_as_bool(value, false) ? "true" : "false");
        break;
    default:
        snprintf(text, sizeof(text), "%.*s", STR_ARG(said));
    }
    json_free(rule);
    return text;
}

void wait_for(const char *name, const char *member, const char *value)
{
    int64_t until_ms = loop_now_ms(the.loop) + PATIENCE_MS;
    while (strcmp(shown(name, member), value) != 0) {
        if (loop_now_ms(the.loop) > until_ms)
            fail_msg("%s of %s is \"%s\" and not \"%s\"; last error: %s",
                     member, name, shown(name, member), value,
                     shown(name, "last_error"));
        turn(20);
    }
}

const char *notes(void)
{
    static char text[4096];
    size_t used = 0;
    text[0] = '\0';
    spd_json *list =
        json_parse(str_of(call("notes.list", "{\"limit\":\"1000\"}")), NULL);
    for (const spd_json *n = json_first(list); n != NULL; n = json_next(n)) {
        spd_str note = json_as_str(json_member(n, "text"), STR("?"));
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s",
                                 used == 0 ? "" : " ", STR_ARG(note));
    }
    json_free(list);
    return text;
}

void wait_for_notes(const char *texts)
{
    int64_t until_ms = loop_now_ms(the.loop) + PATIENCE_MS;
    while (strcmp(notes(), texts) != 0) {
        if (loop_now_ms(the.loop) > until_ms)
            fail_msg("the notes are \"%s\" and not \"%s\"", notes(), texts);
        turn(20);
    }
}

const char *log_of(const char *name)
{
    static char text[8192];
    char args[100];
    size_t used = 0;
    text[0] = '\0';
    snprintf(args, sizeof(args), "{\"name\":\"%s\"}", name);
    spd_json *lines = json_parse(str_of(call("rules.log", args)), NULL);
    for (const spd_json *l = json_first(lines); l != NULL; l = json_next(l)) {
        spd_str line = json_as_str(json_member(l, "text"), STR("?"));
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s",
                                 used == 0 ? "" : "|", STR_ARG(line));
    }
    json_free(lines);
    return text;
}

/* -- doing -- */

struct happening {
    const char *topic, *data;
};

static spd_err run_happening(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct happening *happening = arg;
    struct change change = { happening->topic, STR("person/1") };
    return journal_append(txn, &change, str_of(happening->data), NULL, err);
}

static void happened(void *arg, const struct spd_error *err)
{
    (void)arg;
    assert_null(err);
}

void happen(const char *topic, const char *data)
{
    struct happening happening = { topic, data };
    store_write(the.store,
                &(struct store_write){ run_happening, happened, &happening });
    store_flush(the.store);
}

static bool put_topic(void *arg, const struct event *event)
{
    char *text = arg;
    snprintf(text + strlen(text), 4096 - strlen(text), "%s%.*s",
             text[0] == '\0' ? "" : " ", STR_ARG(event->topic));
    return true;
}

const char *topics(void)
{
    static char text[4096];
    text[0] = '\0';
    spd_txn *txn = store_read(the.store);
    journal_each(txn, 0, put_topic, text);
    store_read_end(txn);
    return text;
}

static void path_of(const char *name, char path[200])
{
    snprintf(path, 200, "%s/%s.lua", the.folder, name);
}

void write_file(const char *name, const char *source)
{
    char path[200];
    struct spd_error err;
    path_of(name, path);
    assert_int_equal(file_write(path, str_of(source), 0600, &err), SPD_OK);
}

static bool is_at_work(const char *name, const char *source)
{
    return strcmp(shown(name, "loaded"), "true") == 0 &&
           strcmp(shown(name, "source"), source) == 0;
}

void write_rule(const char *name, const char *source)
{
    int64_t until_ms = loop_now_ms(the.loop) + PATIENCE_MS;
    write_file(name, source);
    while (!is_at_work(name, source)) {
        if (loop_now_ms(the.loop) > until_ms)
            fail_msg("%s is not loaded: %s", name, shown(name, "last_error"));
        turn(20);
    }
}

void remove_rule(const char *name)
{
    char path[200];
    path_of(name, path);
    assert_int_equal(unlink(path), 0);
    while (strstr(shown(name, "name"), name) != NULL)
        turn(20);
}
