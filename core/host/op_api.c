/* host->ops: a plugin's operations as rows of the core's table, and the
 * plugin's own calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/calls.h"
#include "host/host_internal.h"
#include "host/rows.h"
#include "host/schema.h"

/* -- rows -- */

struct op_tables {
    struct schema *params, *body, *reply;
};

struct op_rows {
    struct claim claim;
    struct spd_op *theirs;
    struct op *ours;
    struct op_tables *tables;
    size_t count;
};

static void free_rows(struct op_rows *rows)
{
    for (size_t i = 0; rows->tables != NULL && i < rows->count; i++) {
        schema_free(rows->tables[i].params);
        schema_free(rows->tables[i].body);
        schema_free(rows->tables[i].reply);
    }
    rows_free(rows->theirs);
    free(rows->tables);
    free(rows->ours);
    free(rows);
}

static void ops_unhook(struct claim *claim)
{
    struct op_rows *rows = (struct op_rows *)(void *)claim;
    calls_end(claim->guest);
    ops_remove(claim->guest->host->options.ops, rows->ours, rows->count);
}

static void ops_release(struct claim *claim)
{
    free_rows((struct op_rows *)(void *)claim);
}

static const struct claim_kind ops_kind = { "operations", ops_unhook,
                                            ops_release };

/* "etsy.sync"; for bambu-mqtt also "bambu_mqtt.probe", as Lua would say it. */
static bool is_own_name(const struct guest *guest, const char *name)
{
    size_t len = strlen(guest->name);
    if (strlen(name) < len + 2 || name[len] != '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] != guest->name[i] &&
            !(guest->name[i] == '-' && name[i] == '_'))
            return false;
    return true;
}

static bool has_body(const char *route)
{
    return route == NULL || (strncmp(route, "GET ", 4) != 0 &&
                             strncmp(route, "DELETE ", 7) != 0);
}

static spd_err judge_row(const struct guest *guest, const struct spd_op *row,
                         struct spd_error *err)
{
    if (row->name == NULL || !is_own_name(guest, row->name))
        return error_set(err, SPD_EINVAL,
                         "its name must begin with the plugin's: \"%s.\"",
                         guest->name);
    if (row->doc == NULL || row->doc[0] == '\0')
        return error_set(err, SPD_EINVAL, "it has no doc line");
    if (row->run == NULL)
        return error_set(err, SPD_EINVAL, "it has no function");
    if (row->role > SPD_ADMIN || row->flags != 0)
        return error_set(err, SPD_EINVAL, "its role or its flags are unknown");
    if (row->route == NULL)
        return SPD_OK;
    const char *path = strchr(row->route, ' ');
    if (path == NULL || strncmp(path, " /api/", 6) != 0)
        return error_set(err, SPD_EINVAL,
                         "its route must read \"METHOD /api/...\"");
    return schema_judge_route(row->route, row->in, err);
}

static spd_err make_tables(const struct spd_op *row, struct op_tables *tables,
                           struct op *op, struct spd_error *err)
{
    const char *route = row->route == NULL ? "" : row->route;
    bool body = has_body(row->route);
    spd_err rc = schema_new(&tables->params, row->name, row->in, route,
                            body ? SCHEMA_PATH : SCHEMA_ALL, err);
    if (rc == SPD_OK)
        rc = schema_new(&tables->body, row->name, body ? row->in : NULL, route,
                        SCHEMA_NOT_PATH, err);
    if (rc == SPD_OK)
        rc = schema_new(&tables->reply, row->name, row->out, route, SCHEMA_ALL,
                        err);
    if (rc != SPD_OK)
        return rc;
    op->params = schema_fields(tables->params);
    op->body = schema_fields(tables->body);
    op->reply = schema_fields(tables->reply);
    return SPD_OK;
}

static op_fn run_op;

static spd_err make_row(struct op_rows *rows, size_t i,
                        const struct guest *guest, struct spd_error *err)
{
    const struct spd_op *row = &rows->theirs[i];
    struct op *op = &rows->ours[i];
    spd_err rc = judge_row(guest, row, err);
    if (rc == SPD_OK)
        rc = make_tables(row, &rows->tables[i], op, err);
    if (rc != SPD_OK)
        return error_in(err, "its operation %.60s",
                        row->name == NULL ? "?" : row->name);
    op->name = row->name;
    op->route = row->route;
    op->doc = row->doc;
    op->role = row->role == 0 ? SPD_ADMIN : (enum spd_role)row->role;
    op->flags = OP_LATER;
    op->run = run_op;
    return SPD_OK;
}

static spd_err make_rows(struct op_rows *rows, const struct guest *guest,
                         struct spd_error *err)
{
    for (size_t i = 0; i < rows->count; i++)
        if (make_row(rows, i, guest, err) != SPD_OK)
            return err->code;
    return ops_add(guest->host->options.ops, rows->ours, rows->count, rows,
                   err);
}

static spd_err add(spd_plugin *self, const struct spd_op *theirs, size_t count,
                   size_t row_size)
{
    struct guest *guest = guest_registers(self, "ops->add");
    if (guest == NULL)
        return SPD_ECANCELED;
    struct op_rows *rows = mem_new(sizeof(*rows));
    struct spd_error err = { 0 };
    rows->count = count;
    rows->theirs = rows_new(theirs, count, row_size, sizeof(*theirs));
    if (rows->theirs == NULL) {
        error_set(&err, SPD_EUNSUPPORTED,
                  "its operations say more than this server understands");
    } else {
        rows->claim.guest = guest;
        rows->ours = mem_array(count + 1, sizeof(*rows->ours));
        rows->tables = mem_array(count + 1, sizeof(*rows->tables));
        make_rows(rows, guest, &err);
    }
    if (err.code != SPD_OK) {
        log_error(guest->name, "bug in the plugin: %s", err.text);
        free_rows(rows);
        return err.code;
    }
    claim_add(&rows->claim, guest, &ops_kind);
    return SPD_OK;
}

/* -- being called -- */

/* A door with one flat object gives path members in the body, too. */
static bool is_param(const struct call *call, spd_str name)
{
    return call->op->params != NULL &&
           fields_find(call->op->params, name) != NULL;
}

static void put_body(spd_jsonw *w, const struct call *call)
{
    for (const spd_json *v = json_first(call->body_json); v != NULL;
         v = json_next(v)) {
        if (is_param(call, json_name(v)))
            continue;
        char *name = mem_text(json_name(v));
        jsonw_put_json(w, name, v);
        free(name);
    }
}

/* Path, query and body members side by side. Owned. */
static spd_json *args_of(const struct call *call)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    if (call->params != NULL)
        fields_write(call->op->params, call->params, &w);
    put_body(&w, call);
    jsonw_end(&w);
    spd_json *args = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    return args;
}

/* The core asks for required members of a body only where it makes a record of
 * it; a plugin's operation always wants them. */
static spd_err judge_args(struct call *call, const struct spd_op *row,
                          const spd_json *args)
{
    struct faults *faults = call_faults(call);
    if (args == NULL)
        return call_refuse(call, REFUSE_TOO_LARGE, "too much to read");
    for (const struct spd_field *f = row->in; f != NULL && f->name != NULL; f++)
        if ((f->flags & SPD_FIELD_REQUIRED) != 0 &&
            json_type(json_member(args, f->name)) == SPD_JSON_NULL)
            faults_add(faults, f->name, "is required: %s", f->doc);
    return faults->count == 0 ? SPD_OK : call_refuse_faults(call);
}

static spd_err run_row(struct guest *guest, const struct spd_op *row,
                       struct call *call, const spd_json *args)
{
    spd_err rc = judge_args(call, row, args);
    if (rc != SPD_OK)
        return rc;
    spd_call *handle = calls_open(guest, call);
    if (handle == NULL)
        return call_refuse(call, REFUSE_UNAVAILABLE,
                           "too many calls wait for plugins");
    struct stay stay = guest_enter(guest);
    row->run(&guest->self, handle, args);
    guest_leave(guest, stay);
    return SPD_OK;
}

static spd_err run_op(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct op_rows *rows = call->self;
    spd_json *args = args_of(call);
    spd_err rc = run_row(rows->claim.guest,
                         &rows->theirs[call->op - rows->ours], call, args);
    json_free(args);
    return rc;
}

static void reply(spd_call *handle, spd_jsonw *result)
{
    struct call *call = calls_take(host_here(), handle, "ops->reply");
    if (call == NULL)
        return;
    spd_str text = STR("{}");
    if (result != NULL && jsonw_text(result, &text) != SPD_OK)
        call_refuse(call, REFUSE_BUG, "the plugin's reply is not whole JSON");
    else
        buf_put(call_reply_buf(call), text);
    call_end(call);
}

static void fail(spd_call *handle, const struct spd_error *err)
{
    static const struct spd_error unsaid = { SPD_EINTERNAL,
                                             "the plugin does not say why" };
    struct call *call = calls_take(host_here(), handle, "ops->fail");
    if (call == NULL)
        return;
    bool is_said = err != NULL && err->code != SPD_OK;
    call_fail(call, is_said ? err : &unsaid);
    call_end(call);
}

/* -- calling -- */

/* A call of the plugin's own. It is told once: with the result, or at its stop
 * that nobody waits for it any more. */
struct asked {
    struct claim claim;
    spd_result_fn *then;
    void *arg;
    char *body;
    int status;
    bool told, answered; /* free when both */
};

static void free_asked(struct asked *asked)
{
    if (!asked->told || !asked->answered)
        return;
    free(asked->body);
    free(asked);
}

static void tell(struct asked *asked, const spd_json *result,
                 const struct spd_error *err)
{
    struct guest *guest = asked->claim.guest;
    asked->told = true;
    struct stay stay = guest_enter(guest);
    asked->then(&guest->self, asked->arg, result, err);
    guest_leave(guest, stay);
}

static void asked_unhook(struct claim *claim)
{
    struct asked *asked = (struct asked *)(void *)claim;
    struct spd_error gone = { SPD_ECANCELED, "the plugin is stopping" };
    claim_drop(claim);
    tell(asked, NULL, &gone);
    free_asked(asked);
}

/* Its unhook has dropped it by then. */
static void asked_release(struct claim *claim)
{
    assert(claim == NULL && "a call of its own outlived the plugin");
}

static const struct claim_kind asked_kind = { "call", asked_unhook,
                                              asked_release };

static spd_err code_of_status(int status)
{
    static const struct row {
        int status;
        spd_err code;
    } rows[] = { { 401, SPD_EAUTH },     { 403, SPD_EAUTH },
                 { 404, SPD_ENOTFOUND }, { 409, SPD_EEXIST },
                 { 429, SPD_EBUSY },     { 503, SPD_EBUSY },
                 { 500, SPD_EINTERNAL } };
    for (size_t i = 0; i < SPD_COUNT(rows); i++)
        if (rows[i].status == status)
            return rows[i].code;
    return SPD_EINVAL;
}

static void tell_answer(struct asked *asked)
{
    struct spd_error err = { 0 };
    spd_str text = str_of(asked->body);
    spd_json *json = text.len == 0 ? NULL : json_parse(text, &err);
    if (asked->status >= 300) {
        spd_str why = json_as_str(json_member(json, "error"), STR("refused"));
        error_set(&err, code_of_status(asked->status), "%.*s",
                  STR_ARG(str_clip(why, sizeof(err.text) - 1)));
    }
    tell(asked, err.code == SPD_OK ? json : NULL,
         err.code == SPD_OK ? NULL : &err);
    json_free(json);
}

/* Told on a turn of its own: a plugin is not called back from inside. */
static void on_answer_posted(void *arg)
{
    struct asked *asked = arg;
    asked->answered = true;
    if (!asked->told) {
        claim_drop(&asked->claim);
        tell_answer(asked);
    }
    free_asked(asked);
}

static void on_answer(void *arg, const struct call_result *result)
{
    struct asked *asked = arg;
    asked->status = result->status;
    asked->body = buf_take(result->body);
    loop_post(host_here()->options.loop, on_answer_posted, asked);
}

/* *flat stays NULL without arguments. */
static spd_err read_args(spd_jsonw *args, spd_json **flat)
{
    spd_str text;
    if (args == NULL)
        return SPD_OK;
    spd_err rc = jsonw_text(args, &text);
    if (rc != SPD_OK)
        return rc;
    *flat = json_parse(text, NULL);
    return *flat == NULL ? SPD_EINVAL : SPD_OK;
}

static spd_err call(spd_plugin *self, const char *name, spd_jsonw *args,
                    spd_result_fn *then, void *arg)
{
    struct guest *guest = guest_registers(self, "ops->call");
    if (guest == NULL)
        return SPD_ECANCELED;
    const struct op *op = ops_find(guest->host->options.ops, str_of(name));
    if (op == NULL)
        return SPD_ENOTFOUND;
    if (then == NULL || (op->flags & (OP_UPLOAD | OP_EVENTS)) != 0)
        return SPD_EINVAL;
    struct call_request request = { .op = op, .done = on_answer };
    spd_err rc = read_args(args, &request.flat);
    if (rc != SPD_OK)
        return rc;
    struct asked *asked = mem_new(sizeof(*asked));
    asked->then = then;
    asked->arg = arg;
    claim_add(&asked->claim, guest, &asked_kind);
    request.arg = asked;
    request.actor.role = SPD_MANAGER;
    snprintf(request.actor.who, sizeof(request.actor.who), "%s", guest->who);
    ops_call(guest->host->options.ops, &request);
    return SPD_OK;
}

const struct spd_op_api host_op_api = {
    .size = sizeof(host_op_api),
    .add = add,
    .reply = reply,
    .fail = fail,
    .call = call,
    .hook = host_hook,
};
