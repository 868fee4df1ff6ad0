/* What a plugin and the test host ask of each other: events, operations, and
 * requests to the network. */
#include "testhost_internal.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- bus - */

static spd_err subscribe(spd_plugin *self, const struct spd_subscription *rows,
                         size_t count, size_t row_size)
{
    struct testhost *host = testhost_of(self);
    if (row_size > sizeof(*rows))
        return SPD_EUNSUPPORTED;
    for (size_t i = 0; i < count; i++) {
        if (host->subscription_count == ROWS_MAX)
            testhost_die("more subscriptions than a test needs");
        memcpy(&host->subscriptions[host->subscription_count++],
               (const char *)rows + i * row_size, row_size);
    }
    return SPD_OK;
}

static size_t cursor_index(struct testhost *host, const char *cursor)
{
    for (size_t i = 0; i < host->cursors.count; i++)
        if (strcmp(host->cursors.at[i], cursor) == 0)
            return i;
    if (host->cursors.count == ROWS_MAX)
        testhost_die("more cursors than a test needs");
    (void)texts_add(&host->cursors,
                    texts_copy((spd_str){ cursor, strlen(cursor) }));
    return host->cursors.count - 1;
}

static void bus_done(spd_plugin *self, const char *cursor, int64_t seq)
{
    struct testhost *host = testhost_of(self);
    host->cursor_at[cursor_index(host, cursor)] = seq;
}

int64_t testhost_cursor(const struct testhost *host, const char *cursor)
{
    for (size_t i = 0; i < host->cursors.count; i++)
        if (strcmp(host->cursors.at[i], cursor) == 0)
            return host->cursor_at[i];
    return 0;
}

static spd_err emit(spd_plugin *self, const char *topic, spd_jsonw *w)
{
    struct testhost *host = testhost_of(self);
    size_t name = strlen(host->desc->name);
    if (testhost_fails(host, "emit"))
        return SPD_EIO;
    if (strncmp(topic, host->desc->name, name) != 0 || topic[name] != '.')
        testhost_die("the topic \"%s\" does not begin with \"%s.\"", topic,
                     host->desc->name);
    char *text = testhost_text_of(w);
    size_t len = strlen(topic) + strlen(text) + 2;
    char *line = testhost_alloc(len);
    (void)snprintf(line, len, "%s %s", topic, text);
    free(text);
    (void)texts_add(&host->emitted, line);
    return SPD_OK;
}

const char *testhost_emitted(const struct testhost *host, size_t i)
{
    return i < host->emitted.count ? host->emitted.at[i] : NULL;
}

static bool topic_fits(const char *pattern, const char *topic)
{
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '*')
        return strncmp(pattern, topic, len - 1) == 0;
    return strcmp(pattern, topic) == 0;
}

size_t testhost_deliver(struct testhost *host, const char *topic,
                        const char *payload)
{
    size_t taken = 0;
    spd_json *doc = testhost_parse(payload);
    int64_t seq = ++host->seq;
    for (size_t i = 0; i < host->subscription_count; i++) {
        if (!topic_fits(host->subscriptions[i].topic, topic))
            continue;
        taken++;
        host->subscriptions[i].handle(&host->plugin, seq, topic, doc);
    }
    json_free(doc);
    testhost_run(host);
    return taken;
}

/* ---------------------------------------------------------------- ops - */

static spd_err ops_add(spd_plugin *self, const struct spd_op *rows,
                       size_t count, size_t row_size)
{
    struct testhost *host = testhost_of(self);
    if (row_size > sizeof(*rows))
        return SPD_EUNSUPPORTED;
    for (size_t i = 0; i < count; i++) {
        if (host->op_count == ROWS_MAX)
            testhost_die("more operations than a test needs");
        memcpy(&host->ops[host->op_count++], (const char *)rows + i * row_size,
               row_size);
    }
    return SPD_OK;
}

static void answer_call(spd_call *call, char *result)
{
    if (call->answered)
        testhost_die("a call was answered twice");
    call->answered = true;
    call->result = result;
}

static void ops_reply(spd_call *call, spd_jsonw *result)
{
    answer_call(call, result == NULL ? texts_copy((spd_str){ "{}", 2 })
                                     : testhost_text_of(result));
}

static void ops_fail(spd_call *call, const struct spd_error *err)
{
    char text[300];
    (void)snprintf(text, sizeof(text), "error %d %s", (int)err->code,
                   err->text);
    answer_call(call, texts_copy((spd_str){ text, strlen(text) }));
}

static spd_call *run_call(struct testhost *host, spd_op_fn *run,
                          const char *args)
{
    spd_call *call = testhost_alloc(sizeof(*call));
    spd_json *doc = testhost_parse(args);
    call->host = host;
    call->next = host->calls;
    host->calls = call;
    run(&host->plugin, call, doc);
    json_free(doc);
    testhost_run(host);
    return call;
}

spd_call *testhost_begin_call(struct testhost *host, const char *name,
                              const char *args)
{
    for (size_t i = 0; i < host->op_count; i++)
        if (strcmp(host->ops[i].name, name) == 0)
            return run_call(host, host->ops[i].run, args);
    testhost_die("the plugin has no operation \"%s\"", name);
}

spd_call *testhost_visit(struct testhost *host, const char *hook,
                         const char *args)
{
    for (size_t i = 0; i < host->hook_count; i++)
        if (strcmp(host->hooks[i].name, hook) == 0)
            return run_call(host, host->hooks[i].run, args);
    testhost_die("the plugin has no hook \"%s\"", hook);
}

const char *testhost_answer_of(const spd_call *call)
{
    return call->answered ? call->result : NULL;
}

const char *testhost_call(struct testhost *host, const char *name,
                          const char *args)
{
    const spd_call *call = testhost_begin_call(host, name, args);
    if (!call->answered)
        testhost_die("%s did not answer", name);
    return call->result;
}

static spd_err ops_hook(spd_plugin *self, const char *name, spd_op_fn *run,
                        char path[SPD_HOOK_PATH_BYTES])
{
    struct testhost *host = testhost_of(self);
    if (host->hook_count == ROWS_MAX)
        testhost_die("more hooks than a test needs");
    host->hooks[host->hook_count++] = (struct hook){ name, run };
    (void)snprintf(path, SPD_HOOK_PATH_BYTES, "/api/hooks/%s", name);
    return SPD_OK;
}

struct asked {
    spd_result_fn *then;
    void *arg;
    const char *result; /* NULL: no such operation */
};

static void give_answer(spd_plugin *self, void *arg)
{
    struct asked *asked = arg;
    struct spd_error err = { SPD_OK, "" };
    spd_json *doc = NULL;
    if (asked->result != NULL)
        doc = testhost_parse(asked->result);
    else
        err = (struct spd_error){ SPD_ENOTFOUND, "no such operation" };
    asked->then(self, asked->arg, doc, &err);
    json_free(doc);
    free(asked);
}

static void note_called(struct testhost *host, const char *name,
                        spd_jsonw *args)
{
    char *text = args == NULL ? texts_copy((spd_str){ "{}", 2 })
                              : testhost_text_of(args);
    size_t room = strlen(name) + strlen(text) + 2;
    char *line = testhost_alloc(room);
    (void)snprintf(line, room, "%s %s", name, text);
    (void)texts_add(&host->called, line);
    free(text);
}

const char *testhost_called(const struct testhost *host, size_t i)
{
    return i < host->called.count ? host->called.at[i] : NULL;
}

static spd_err ops_call(spd_plugin *self, const char *name, spd_jsonw *args,
                        spd_result_fn *then, void *arg)
{
    struct testhost *host = testhost_of(self);
    struct asked *asked = testhost_alloc(sizeof(*asked));
    *asked = (struct asked){ then, arg, NULL };
    note_called(host, name, args);
    for (size_t i = 0; i < host->answers_for.count; i++)
        if (strcmp(host->answers_for.at[i], name) == 0)
            asked->result = host->answers.at[i];
    return testhost_loop.post(self, give_answer, asked);
}

void testhost_when_called(struct testhost *host, const char *name,
                          const char *result)
{
    (void)texts_add(&host->answers_for,
                    texts_copy((spd_str){ name, strlen(name) }));
    (void)texts_add(&host->answers,
                    texts_copy((spd_str){ result, strlen(result) }));
}

/* -------------------------------------------------------------- fetch - */

static const char *keep_headers(struct testhost *host,
                                const char *const *headers)
{
    struct texts lines = { 0 };
    for (; headers != NULL && *headers != NULL; headers++) {
        (void)texts_add(&lines,
                        texts_copy((spd_str){ *headers, strlen(*headers) }));
        (void)texts_add(&lines, texts_copy((spd_str){ "\n", 1 }));
    }
    const char *all = texts_add(&host->kept, texts_joined(&lines));
    texts_fini(&lines);
    return all;
}

static spd_err fetch(spd_plugin *self, const struct spd_fetch *f, size_t n)
{
    struct testhost *host = testhost_of(self);
    if (n > sizeof(*f))
        return SPD_EUNSUPPORTED;
    if (testhost_fails(host, "fetch"))
        return SPD_EBUSY;
    if (host->fetch_count == FETCHES_MAX)
        testhost_die("more requests than a test needs");
    struct fetch *slot = &host->fetches[host->fetch_count++];
    memcpy(&slot->row, f, n);
    slot->seen = (struct testhost_fetch){
        .method =
            testhost_keep(host, (spd_str){ f->method, strlen(f->method) }),
        .url = testhost_keep(host, (spd_str){ f->url, strlen(f->url) }),
        .headers = keep_headers(host, f->headers),
        .body = testhost_keep(host, f->body),
        .timeout_ms = f->timeout_ms,
        .flags = slot->row.flags,
    };
    return SPD_OK;
}

size_t testhost_fetches(const struct testhost *host)
{
    return host->fetch_count;
}

const struct testhost_fetch *testhost_fetch(const struct testhost *host,
                                            size_t i)
{
    if (i >= host->fetch_count)
        testhost_die("there were only %zu requests", host->fetch_count);
    return &host->fetches[i].seen;
}

static void end_fetch(struct testhost *host, size_t i, int status, spd_str body,
                      const struct spd_error *err)
{
    struct fetch *f = &host->fetches[i];
    if (f->seen.answered)
        testhost_die("request %zu was answered before", i);
    f->seen.answered = true;
    if (f->row.done != NULL)
        f->row.done(&host->plugin, f->row.arg, status, body, err);
}

static void give_headers(struct testhost *host, const struct fetch *f,
                         const char *headers)
{
    while (f->row.header != NULL && *headers != '\0') {
        size_t line = strcspn(headers, "\n");
        size_t name = strcspn(headers, ":");
        if (name + 2 > line || headers[line] == '\0')
            testhost_die("a header reads \"name: value\\n\"");
        f->row.header(&host->plugin, f->row.arg, (spd_str){ headers, name },
                      (spd_str){ headers + name + 2, line - name - 2 });
        headers += line + 1;
    }
}

void testhost_answer(struct testhost *host, size_t i, int status,
                     const char *body)
{
    testhost_answer_with(host, i, status, "", body);
}

void testhost_answer_with(struct testhost *host, size_t i, int status,
                          const char *headers, const char *body)
{
    static const struct spd_error unreached = { SPD_EIO, "not reached" };
    (void)testhost_fetch(host, i);
    if (status != 0)
        give_headers(host, &host->fetches[i], headers);
    end_fetch(host, i, status, (spd_str){ body, strlen(body) },
              status == 0 ? &unreached : NULL);
    testhost_run(host);
}

static const char *refusal(spd_plugin *self, const void *address,
                           uint32_t flags)
{
    (void)address, (void)flags;
    return testhost_of(self)->refusal;
}

void testhost_refuse(struct testhost *host, const char *why)
{
    host->refusal = why;
}

void testhost_calls_fini(struct testhost *host)
{
    static const struct spd_error canceled = { SPD_ECANCELED, "stopping" };
    for (size_t i = 0; i < host->fetch_count; i++)
        if (!host->fetches[i].seen.answered)
            end_fetch(host, i, 0, (spd_str){ "", 0 }, &canceled);
}

void testhost_calls_free(struct testhost *host)
{
    while (host->calls != NULL) {
        spd_call *call = host->calls;
        host->calls = call->next;
        free(call->result);
        free(call);
    }
}

const struct spd_bus_api testhost_bus = {
    .size = sizeof(struct spd_bus_api),
    .subscribe = subscribe,
    .done = bus_done,
    .emit = emit,
};

const struct spd_op_api testhost_ops = {
    .size = sizeof(struct spd_op_api),
    .add = ops_add,
    .reply = ops_reply,
    .fail = ops_fail,
    .call = ops_call,
    .hook = ops_hook,
};

const struct spd_client_api testhost_client = {
    .size = sizeof(struct spd_client_api),
    .fetch = fetch,
    .refusal = refusal,
};
