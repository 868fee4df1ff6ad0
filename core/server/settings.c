#include "server/settings.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

static const struct field rows[] = {
    FIELD(settings, data, FIELD_TEXT, "the folder where all is kept",
          .flags = FIELD_NULL, .max = 4000),
    FIELD(settings, listen, FIELD_TEXT, "address and port to serve at",
          .max = 200, .fallback = "\"127.0.0.1:8080\""),
    FIELD(settings, plugin_folder, FIELD_TEXT, "where plugins lie",
          .flags = FIELD_NULL, .max = 4000),
    FIELD(settings, key_file, FIELD_TEXT,
          "the key for secrets; else DATA.key beside the data folder",
          .flags = FIELD_NULL, .max = 4000),
    FIELD(settings, hosts, FIELD_LIST,
          "names the server may be called by, beside its address", .max = 64),
    FIELD(settings, max_upload_mb, FIELD_INT, "the largest file to take",
          .min = 1, .max = 65536, .fallback = "4096"),
    FIELD(settings, keep_journal_days, FIELD_INT,
          "events older than this are removed, once all that follow them have",
          .min = 1, .max = 36500, .fallback = "90"),
    FIELD(settings, keep_deliveries_days, FIELD_INT,
          "messages and what became of them are forgotten after so long",
          .min = 1, .max = 36500, .fallback = "30"),
    FIELD(settings, allow_loopback, FIELD_BOOL,
          "may outgoing requests go to this machine? For tests and demos",
          .fallback = "false"),
    FIELD(settings, evidence_seconds, FIELD_INT,
          "how long reports must speak against a start before it is given up",
          .min = 1, .max = 3600, .fallback = "120"),
    FIELD(settings, verdict_seconds, FIELD_INT,
          "after so long without a word a start's fate is called unknown",
          .min = 1, .max = 86400, .fallback = "600"),
    FIELD(settings, fresh_seconds, FIELD_INT,
          "the age a full report may have when a print is started", .min = 1,
          .max = 600, .fallback = "10"),
    FIELD(settings, cool_down_seconds, FIELD_INT,
          "a printer that failed an attempt is left alone so long", .min = 1,
          .max = 86400, .fallback = "60"),
    FIELD(settings, url, FIELD_TEXT,
          "where people find the page, for links in messages; else where it "
          "listens",
          .flags = FIELD_NULL, .max = 200,
          .example = "\"https://shop.example.com\""),
    FIELD(settings, retry_ms, FIELD_INT,
          "the first pause before a message is sent again; later ones grow",
          .min = 1, .max = 3600000, .fallback = "5000"),
    FIELD(settings, time_zone, FIELD_TEXT,
          "where the shop is, for hours of the day; else the system's",
          .flags = FIELD_NULL, .max = 80, .example = "\"Europe/Berlin\""),
    FIELD(settings, rules_folder, FIELD_TEXT,
          "the shop's own rules that are files, NAME.lua; else there are only "
          "those kept in the store",
          .flags = FIELD_NULL, .max = 4000, .example = "\"/etc/spoold/rules\""),
};
static const struct fields settings_fields = TABLE("settings", settings, rows);

/* -- the time zone -- */

/* A zone that is not there would be taken for UTC without a word. */
static bool is_zone(spd_str name)
{
    char path[200];
    const char *folder = getenv("TZDIR");
    if (name.len == 0 || name.ptr[0] == '/' ||
        memmem(name.ptr, name.len, "..", 2) != NULL)
        return false;
    int length = snprintf(path, sizeof(path), "%s/%.*s",
                          folder == NULL ? "/usr/share/zoneinfo" : folder,
                          STR_ARG(name));
    struct stat file;
    return length < (int)sizeof(path) && stat(path, &file) == 0 &&
           S_ISREG(file.st_mode);
}

static void live_in(spd_str zone)
{
    if (zone.len == 0)
        return;
    setenv("TZ", zone.ptr, 1);
    tzset();
}

/* -- the file -- */

static spd_err refuse_key(const struct settings *settings, const char *key,
                          const char *why, struct spd_error *err)
{
    char place[CONF_PLACE_BYTES];
    return error_set(err, SPD_EINVAL, "%s: %s %s",
                     conf_place(settings->conf, key, place), key, why);
}

static spd_err refuse_unknown(const struct settings *settings, const char *key,
                              struct spd_error *err)
{
    struct buf known = { 0 };
    buf_put(&known, STR("is not known; there are: plugins"));
    for (size_t i = 0; i < settings_fields.count; i++)
        buf_printf(&known, ", %s", settings_fields.rows[i].name);
    char *why = buf_take(&known);
    refuse_key(settings, key, why, err);
    free(why);
    return SPD_EINVAL;
}

static spd_err judge_keys(const struct settings *settings,
                          struct spd_error *err)
{
    const spd_json *root = conf_root(settings->conf);
    for (const spd_json *k = json_first(root); k != NULL; k = json_next(k))
        if (!str_is(json_name(k), "plugins") &&
            fields_find(&settings_fields, json_name(k)) == NULL)
            return refuse_unknown(settings, json_name(k).ptr, err);
    return SPD_OK;
}

static spd_err read_file(struct settings *settings, const char *path,
                         struct spd_error *err)
{
    settings->conf = conf_load(path, err);
    if (settings->conf == NULL)
        return err->code;
    spd_err rc = judge_keys(settings, err);
    if (rc != SPD_OK)
        return rc;
    struct faults faults = { 0 };
    struct fields_input input = {
        .object = conf_root(settings->conf),
        .mode = FIELDS_PATCH,
    };
    if (!fields_decode(&settings_fields, settings, &input, &settings->arena,
                       &faults)) {
        spd_str rest = str_of(faults.first);
        spd_str key = arena_str(&settings->arena, str_cut(&rest, ' '));
        rc = refuse_key(settings, key.ptr, rest.ptr, err);
    }
    faults_fini(&faults);
    if (rc == SPD_OK && settings->time_zone.ptr != NULL &&
        !is_zone(settings->time_zone))
        rc = refuse_key(settings, "time_zone",
                        "must be one of the time zone database, such as "
                        "\"Europe/Berlin\"",
                        err);
    settings->plugins = json_member(conf_root(settings->conf), "plugins");
    enum spd_json_type type = json_type(settings->plugins);
    if (rc == SPD_OK && settings->plugins != NULL && type != SPD_JSON_ARRAY &&
        type != SPD_JSON_OBJECT)
        rc = refuse_key(settings, "plugins",
                        "must be a table, such as { \"bambu-mqtt\" }", err);
    return rc;
}

/* -- defaults that depend on where we are -- */

/* Beside the program when it runs from its build folder, else installed. */
static spd_str find_part(struct arena *arena, const char *name)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[len < 0 ? 0 : len] = '\0';
    const char *folder = dirname(path);
    spd_str beside = arena_printf(arena, "%s/%s", folder, name);
    if (access(beside.ptr, R_OK) == 0)
        return beside;
    return arena_printf(arena, "%s/../%s/spoold/%s", folder, SPOOLD_LIBDIR,
                        name);
}

static spd_err fill_in(struct settings *settings, struct spd_error *err)
{
    struct arena *arena = &settings->arena;
    const char *state = getenv("STATE_DIRECTORY");
    if (settings->data.len == 0 && state != NULL)
        settings->data = arena_str(arena, str_of(state));
    if (settings->data.len == 0)
        return error_set(err, SPD_EINVAL,
                         "say where to keep the shop's data: --data DIR");
    while (settings->data.len > 1 && str_ends(settings->data, STR("/")))
        settings->data.len--;
    settings->data = arena_str(arena, settings->data);
    if (settings->key_file.len == 0)
        settings->key_file = arena_printf(arena, "%s.key", settings->data.ptr);
    if (settings->plugin_folder.len == 0)
        settings->plugin_folder = find_part(arena, "plugins");
    settings->rules_program = find_part(arena, "spoold-rules");
    return SPD_OK;
}

static void lay_options_over(struct settings *settings,
                             const struct options *options)
{
    if (options->data != NULL)
        settings->data = str_of(options->data);
    if (options->listen != NULL)
        settings->listen = str_of(options->listen);
}

/* Paths go to the system, which wants a NUL behind them. */
static void end_texts(struct settings *settings)
{
    spd_str *const texts[] = { &settings->data,          &settings->listen,
                               &settings->plugin_folder, &settings->key_file,
                               &settings->rules_folder,  &settings->url,
                               &settings->time_zone };
    for (size_t i = 0; i < SPD_COUNT(texts); i++)
        if (texts[i]->ptr != NULL)
            *texts[i] = arena_str(&settings->arena, *texts[i]);
}

spd_err settings_load(struct settings *settings, const struct options *options,
                      struct spd_error *err)
{
    *settings = (struct settings){ 0 };
    fields_init(&settings_fields, settings);
    spd_err rc = SPD_OK;
    if (options->config != NULL)
        rc = read_file(settings, options->config, err);
    if (rc != SPD_OK)
        return rc;
    lay_options_over(settings, options);
    end_texts(settings);
    live_in(settings->time_zone);
    /* Plugins can be listed and a configuration checked without data. */
    bool needs_data = options->task != TASK_LIST_PLUGINS &&
                      options->task != TASK_CHECK_CONFIG &&
                      options->task != TASK_CHECK_PLUGIN;
    if (!needs_data && settings->data.len == 0)
        settings->data = STR("/nonexistent");
    return fill_in(settings, err);
}

void settings_fini(struct settings *settings)
{
    conf_free(settings->conf);
    arena_fini(&settings->arena);
}
