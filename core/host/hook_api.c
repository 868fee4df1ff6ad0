/* ops->hook: addresses for those who have no token.
 *
 * The core's own two public routes lead to them, so that no plugin opens a door
 * of its own: what stands in the address is a secret derived from the server's
 * key, and whoever does not know it gets no further than here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/calls.h"
#include "host/host_internal.h"

enum { HOOK_KEY_BYTES = 24, HOOK_KEY_TEXT_BYTES = 32, NAME_MAX_BYTES = 32 };

struct hook {
    struct claim claim;
    struct hook *next;
    spd_op_fn *run;
    char key[HOOK_KEY_TEXT_BYTES + 1];
};

static void hook_unhook(struct claim *claim)
{
    struct hook **at = &claim->guest->host->hooks;
    while (*at != (struct hook *)(void *)claim)
        at = &(*at)->next;
    *at = (*at)->next;
    calls_end(claim->guest);
}

static void hook_release(struct claim *claim)
{
    free(claim);
}

static const struct claim_kind hook_kind = { "hook", hook_unhook,
                                             hook_release };

static bool is_name(const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);
    return len > 0 && len <= NAME_MAX_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static void make_key(const struct guest *guest, const char *name,
                     char out[HOOK_KEY_TEXT_BYTES + 1])
{
    struct buf purpose = { 0 }, text = { 0 };
    buf_printf(&purpose, "hook/%s/%s", guest->name, name);
    struct sha256 sum =
        crypt_derive(guest->host->options.key, buf_str(&purpose));
    base64url_put(&text, sum.bytes, HOOK_KEY_BYTES);
    assert(text.len == HOOK_KEY_TEXT_BYTES);
    memcpy(out, text.ptr, HOOK_KEY_TEXT_BYTES);
    out[HOOK_KEY_TEXT_BYTES] = '\0';
    buf_fini(&purpose);
    buf_fini(&text);
}

spd_err host_hook(spd_plugin *self, const char *name, spd_op_fn *run,
                  char path[SPD_HOOK_PATH_BYTES])
{
    struct guest *guest = guest_registers(self, "ops->hook");
    if (guest == NULL)
        return SPD_ECANCELED;
    if (!is_name(name) || run == NULL || path == NULL) {
        log_error(guest->name, "bug in the plugin: ops->hook without a "
                               "function, or with a name that is none");
        return SPD_EINVAL;
    }
    if (guest->host->options.key == NULL)
        return SPD_EUNSUPPORTED;
    struct hook *hook = mem_new(sizeof(*hook));
    hook->run = run;
    make_key(guest, name, hook->key);
    snprintf(path, SPD_HOOK_PATH_BYTES, "/api/hooks/%s", hook->key);
    hook->next = guest->host->hooks;
    guest->host->hooks = hook;
    claim_add(&hook->claim, guest, &hook_kind);
    return SPD_OK;
}

/* -- being called -- */

struct hook_param {
    spd_str key;
};

static const struct field hook_param_rows[] = {
    FIELD(hook_param, key, FIELD_TEXT, "as the plugin's status shows it",
          .flags = FIELD_REQUIRED | FIELD_SECRET, .min = 1, .max = 64),
};
static const struct fields hook_param_fields =
    TABLE("hook_param", hook_param, hook_param_rows);

static struct hook *find_hook(const struct host *host, spd_str key)
{
    struct hook *found = NULL;
    if (key.len != HOOK_KEY_TEXT_BYTES)
        return NULL;
    for (struct hook *h = host->hooks; h != NULL; h = h->next)
        if (crypt_equal(h->key, key.ptr, key.len))
            found = h;
    return found;
}

static void put_pairs(spd_jsonw *w, const char *name, const struct pair *pairs,
                      size_t count, bool in_small_letters)
{
    jsonw_begin(w, name, SPD_JSON_OBJECT);
    for (size_t i = 0; i < count; i++) {
        char *key = mem_text(pairs[i].name);
        for (char *c = key; in_small_letters && *c != '\0'; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
        jsonw_put_str(w, key, pairs[i].value);
        free(key);
    }
    jsonw_end(w);
}

/* Owned; NULL when it is no text, or has a header twice. */
static spd_json *args_of(const struct raw_input *raw)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    put_pairs(&w, "query", raw->query, raw->query_count, false);
    put_pairs(&w, "headers", raw->headers, raw->header_count, true);
    jsonw_put_str(&w, "body", raw->body);
    jsonw_end(&w);
    spd_json *args = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    return args;
}

static spd_err run_hook(struct hook *hook, struct call *call)
{
    struct guest *guest = hook->claim.guest;
    spd_json *args = args_of(call->raw);
    if (args == NULL)
        return call_refuse(call, REFUSE_INVALID,
                           "this request holds bytes that are not text, or a "
                           "header twice");
    spd_call *handle = calls_open(guest, call);
    if (handle == NULL) {
        json_free(args);
        return call_refuse(call, REFUSE_UNAVAILABLE,
                           "too many calls wait for plugins");
    }
    struct stay stay = guest_enter(guest);
    hook->run(&guest->self, handle, args);
    guest_leave(guest, stay);
    json_free(args);
    return SPD_OK;
}

static spd_err come_in(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct hook_param *param = call->params;
    struct hook *hook =
        call->raw == NULL ? NULL : find_hook(call->self, param->key);
    if (hook == NULL)
        return call_refuse(call, REFUSE_NOT_FOUND,
                           "there is nothing at this address");
    return run_hook(hook, call);
}

static const struct op hook_ops[] = {
    { .name = "hooks.visit",
      .route = "GET /api/hooks/{key}",
      .doc = "Where another site sends a browser back to a plugin",
      .flags = OP_PUBLIC | OP_LATER | OP_RAW,
      .params = &hook_param_fields,
      .run = come_in },
    { .name = "hooks.tell",
      .route = "POST /api/hooks/{key}",
      .doc = "Where another server reports to a plugin",
      .flags = OP_PUBLIC | OP_LATER | OP_RAW,
      .params = &hook_param_fields,
      .run = come_in },
};

spd_err hooks_add_ops(struct host *host, struct ops *ops, struct spd_error *err)
{
    return ops_add(ops, hook_ops, SPD_COUNT(hook_ops), host, err);
}
