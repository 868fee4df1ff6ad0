#include "host/host.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/blame.h"
#include "host/calls.h"
#include "host/host_internal.h"
#include "host/settings.h"

/* Functions of the ABI without a `self` need it; see host_here. */
static struct host *current;

struct host *host_here(void)
{
    assert(current != NULL);
    return current;
}

static void fill_table(struct spd_host *table, const char *version)
{
    *table = (struct spd_host){
        .size = sizeof(*table),
        .abi_major = SPD_ABI_MAJOR,
        .abi_minor = SPD_ABI_MINOR,
        .version = version,
        .log = &host_log_api,
        .loop = &host_loop_api,
        .store = &host_store_api,
        .json = &host_json_api,
        .bus = &host_bus_api,
        .ops = &host_op_api,
        .client = &host_client_api,
        .role = &host_role_api,
        .metric = &host_metric_api,
    };
}

struct host *host_new(const struct host_options *options)
{
    assert(current == NULL && "one host in a process");
    struct host *host = mem_new(sizeof(*host));
    host->options = *options;
    host->options.folder = host->folder = mem_text(str_of(options->folder));
    host->version = mem_text(
        str_of(options->version == NULL ? "unknown" : options->version));
    fill_table(&host->table, host->version);
    host->last_guest = &host->guests;
    host->calls = calls_new();
    host->delivery = timer_new(options->loop, bus_deliver, host);
    host->follower =
        (struct journal_follower){ .fn = bus_on_commit, .arg = host };
    journal_follow(options->store, &host->follower);
    struct buf path = { 0 };
    buf_printf(&path, "%s/plugin-crashes", store_folder(options->store));
    host->crash_file = buf_take(&path);
    blame_watch(host->crash_file, options->loop);
    current = host;
    return host;
}

/* The one loaded last goes first, for it may use those before it. */
static void stop_all(struct host *host)
{
    for (uint32_t number = host->guest_count; number > 0; number--)
        for (struct guest *g = host->guests; g != NULL; g = g->next)
            if (g->number == number)
                guest_stop(g);
}

static bool all_work_is_over(const struct host *host)
{
    for (const struct guest *g = host->guests; g != NULL; g = g->next)
        if (g->works > 0)
            return false;
    return true;
}

static void free_all(struct host *host)
{
    struct guest *next;
    for (struct guest *g = host->guests; g != NULL; g = next) {
        next = g->next;
        guest_free(g);
    }
    calls_free(host->calls);
    metrics_free(host);
    free(host->folder);
    free(host->version);
    free(host->crash_file);
    free(host);
}

void host_free(struct host *host)
{
    if (host == NULL)
        return;
    stop_all(host);
    /* What plugins said last may still be on its way to the loop. */
    while (host->reports_waiting > 0)
        loop_turn(host->options.loop, 0);
    store_flush(host->options.store);
    journal_unfollow(host->options.store, &host->follower);
    blame_unwatch();
    timer_free(host->delivery);
    /* Work that runs on may still use its tables: they are left to it. */
    if (!all_work_is_over(host))
        return;
    current = NULL;
    free_all(host);
}

/* -- loading -- */

static char *path_of(const struct host *host, const char *name)
{
    if (strchr(name, '/') != NULL)
        return mem_text(str_of(name));
    struct buf path = { 0 };
    buf_printf(&path, "%s/%s.so", host->folder, name);
    return buf_take(&path);
}

/* "/opt/bell.so" -> "bell" */
static char *name_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    spd_str base = str_of(slash == NULL ? name : slash + 1);
    if (slash != NULL && str_ends(base, STR(".so")))
        base.len -= 3;
    return mem_text(base);
}

/* One that failed or was stopped may be tried again. */
static struct guest *find_guest(const struct host *host, const char *name)
{
    for (struct guest *g = host->guests; g != NULL; g = g->next)
        if (strcmp(g->name, name) == 0 && g->state != GUEST_NEW &&
            g->state != GUEST_GONE)
            return g;
    return NULL;
}

static struct guest *add_guest(struct host *host, const char *name,
                               struct image *image, void *conf)
{
    struct guest *guest = guest_new(host, name, image, conf);
    guest->number = ++host->guest_count;
    *host->last_guest = guest;
    host->last_guest = &guest->next;
    return guest;
}

static spd_err judge_past(const struct host *host, const char *name,
                          struct spd_error *err)
{
    if (find_guest(host, name) != NULL)
        return error_set(err, SPD_EEXIST, "%s is loaded already", name);
    if (blame_is_due(host->crash_file, name))
        return error_set(err, SPD_EBUSY,
                         "%s crashed the server twice within ten minutes and "
                         "is left out; the next start tries it again",
                         name);
    return SPD_OK;
}

/* The file and its settings; *conf is set with *image. */
static spd_err prepare(const struct host *host, const char *name,
                       const spd_json *settings, const struct host_place *place,
                       struct image **image, void **conf, struct spd_error *err)
{
    char *path = path_of(host, name);
    *image = image_open(path, err);
    free(path);
    if (*image == NULL)
        return err->code;
    *conf = settings_new(*image, settings, place, err);
    if (*conf != NULL)
        return SPD_OK;
    image_free(*image);
    *image = NULL;
    return err->code;
}

spd_err host_load(struct host *host, const char *name, const spd_json *settings,
                  const struct host_place *place, struct spd_error *err)
{
    struct spd_error why = { 0 };
    struct image *image = NULL;
    void *conf = NULL;
    char *own = name_of(name);
    spd_err rc = judge_past(host, own, &why);
    if (rc == SPD_OK)
        rc = prepare(host, name, settings, place, &image, &conf, &why);
    if (rc != SPD_EEXIST) {
        struct guest *guest = add_guest(host, own, image, conf);
        if (rc == SPD_OK)
            rc = guest_start(guest, &why);
        guest->error = why;
    }
    free(own);
    if (rc != SPD_OK && err != NULL)
        *err = why;
    return rc;
}

spd_err host_reconfigure(struct host *host, const char *name,
                         const spd_json *settings,
                         const struct host_place *place, struct spd_error *err)
{
    struct guest *guest = find_guest(host, name);
    if (guest == NULL || guest->state != GUEST_RUNNING)
        return error_set(err, SPD_ENOTFOUND, "%s is not running", name);
    if (guest->image->desc.reconfigure == NULL)
        return error_set(err, SPD_EUNSUPPORTED,
                         "%s takes new settings only at a restart", name);
    struct spd_error why = { 0 };
    void *conf = settings_new(guest->image, settings, place, &why);
    if (conf != NULL)
        guest_reconfigure(guest, conf, &why);
    if (why.code != SPD_OK && err != NULL)
        *err = why;
    return why.code;
}

spd_err host_check_settings(const char *path, const spd_json *settings,
                            const struct host_place *place,
                            struct spd_error *err)
{
    struct spd_error why = { 0 };
    struct image *image = image_open(path, &why);
    void *conf =
        image == NULL ? NULL : settings_new(image, settings, place, &why);
    settings_free(conf);
    image_free(image);
    if (conf == NULL && err != NULL)
        *err = why;
    return conf == NULL ? why.code : SPD_OK;
}

/* -- telling about them -- */

static const char *const type_words[] = { [SPD_T_BOOL] = "true or false",
                                          [SPD_T_INT] = "whole number",
                                          [SPD_T_REAL] = "number",
                                          [SPD_T_STR] = "text" };

static void describe_key(const struct spd_key *key, struct buf *out)
{
    bool is_time = (key->flags & SPD_KEY_DURATION) != 0;
    buf_printf(out, "    %s (%s%s%s", key->name,
               is_time ? "time" : type_words[key->type],
               (key->flags & SPD_KEY_REQUIRED) != 0 ? ", required" : "",
               (key->flags & SPD_KEY_SECRET) != 0 ? ", secret" : "");
    if (key->fallback != NULL)
        buf_printf(out, ", else %s", key->fallback);
    buf_printf(out, "): %s\n", key->doc);
}

static void describe(const struct image *image, struct buf *out)
{
    const struct spd_plugin_desc *desc = &image->desc;
    buf_printf(out, "%s %s (plugin ABI %u.%u, %s): %s\n", desc->name,
               desc->version == NULL ? "without a version" : desc->version,
               desc->abi_major, desc->abi_minor,
               desc->license == NULL ? "no license stated" : desc->license,
               desc->summary == NULL ? "" : desc->summary);
    for (uint32_t i = 0; i < desc->key_count; i++)
        describe_key(&image->keys[i], out);
}

static int is_plugin_file(const struct dirent *entry)
{
    return str_ends(str_of(entry->d_name), STR(".so"));
}

void host_list(const char *folder, struct buf *out)
{
    struct dirent **files;
    int count = scandir(folder, &files, is_plugin_file, alphasort);
    for (int i = 0; i < count; i++) {
        struct buf path = { 0 };
        buf_printf(&path, "%s/%s%c", folder, files[i]->d_name, '\0');
        struct spd_error err = { 0 };
        struct image *image = image_open(path.ptr, &err);
        if (image == NULL)
            buf_printf(out, "%s: %s\n", files[i]->d_name, err.text);
        else
            describe(image, out);
        image_free(image);
        buf_fini(&path);
        free(files[i]);
    }
    if (count <= 0)
        buf_printf(out, "no plugins in %s\n", folder);
    if (count >= 0)
        free(files);
}

static void describe_claims(const struct guest *guest, struct buf *out)
{
    if (guest->claims == NULL)
        buf_printf(out, "it registered nothing\n");
    for (const struct claim *c = guest->claims; c != NULL; c = c->older)
        buf_printf(out, "it registered: %s\n", c->kind->what);
}

spd_err host_check_plugin(struct host *host, const char *path,
                          const spd_json *settings, struct buf *report,
                          struct spd_error *err)
{
    char *whole = realpath(path, NULL);
    if (whole == NULL)
        return error_set(err, SPD_ENOTFOUND, "there is no file %s", path);
    struct image *image = image_open(whole, err);
    spd_err rc = image == NULL ? err->code : SPD_OK;
    if (rc == SPD_OK) {
        describe(image, report);
        image_free(image);
        rc = host_load(host, whole, settings, NULL, err);
    }
    free(whole);
    if (rc != SPD_OK)
        return rc;
    struct guest *guest = host->guests;
    while (guest->next != NULL)
        guest = guest->next;
    buf_printf(report, "it started\n");
    describe_claims(guest, report);
    guest_stop(guest);
    buf_printf(report, "it stopped\n");
    return SPD_OK;
}

/* -- plugins.list -- */

struct shown {
    spd_str name, version, state, error, summary;
    int64_t slow_calls, longest_ms;
};

static const struct field shown_rows[] = {
    FIELD(shown, name, FIELD_TEXT, "of the plugin and of its file",
          .flags = FIELD_READONLY),
    FIELD(shown, version, FIELD_TEXT, "as the plugin says",
          .flags = FIELD_READONLY),
    FIELD(shown, state, FIELD_TEXT, "running, stopped or failed",
          .flags = FIELD_READONLY),
    FIELD(shown, error, FIELD_TEXT, "why it failed, or null",
          .flags = FIELD_READONLY),
    FIELD(shown, summary, FIELD_TEXT, "what it is for",
          .flags = FIELD_READONLY),
    FIELD(shown, slow_calls, FIELD_INT,
          "how often it held the loop for more than 20 ms",
          .flags = FIELD_READONLY),
    FIELD(shown, longest_ms, FIELD_INT,
          "the longest it held the loop, in milliseconds",
          .flags = FIELD_READONLY),
};
static const struct fields shown_fields = { "plugin", sizeof(struct shown),
                                            shown_rows,
                                            FIELD_COUNT(shown_rows) };

static struct shown show(const struct guest *guest)
{
    const struct image *image = guest->image;
    struct shown shown = {
        .name = str_of(guest->name),
        .version = str_of(image == NULL ? NULL : image->desc.version),
        .state = str_of(guest_state_word(guest)),
        .summary = str_of(image == NULL ? NULL : image->desc.summary),
        .slow_calls = guest->slow_calls,
        .longest_ms = guest->longest_ms,
    };
    if (guest->error.code != SPD_OK)
        shown.error = str_of(guest->error.text);
    return shown;
}

static spd_err list_plugins(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct host *host = call->self;
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    for (const struct guest *g = host->guests; g != NULL; g = g->next) {
        struct shown shown = show(g);
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        fields_write(&shown_fields, &shown, w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return SPD_OK;
}

static const struct op host_ops[] = {
    { .name = "plugins.list",
      .route = "GET /api/plugins",
      .doc = "The plugins that were to be loaded, and how they are",
      .role = SPD_MANAGER,
      .flags = OP_READ | OP_LIST,
      .reply = &shown_fields,
      .run = list_plugins },
};

spd_err host_add_ops(struct host *host, struct ops *ops, struct spd_error *err)
{
    spd_err rc = ops_add(ops, host_ops, SPD_COUNT(host_ops), host, err);
    return rc == SPD_OK ? hooks_add_ops(host, ops, err) : rc;
}
