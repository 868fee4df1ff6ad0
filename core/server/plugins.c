#include "server/plugins.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "shop/notifier.h"

const char *const own_plugins[] = { "bambu-mqtt", "scheduler-priority",
                                    "webhook", "email", NULL };

/* -- roles: the floors below do the work -- */

static spd_err add_driver(void *arg, spd_plugin *self, const char *who,
                          const struct spd_printer_driver *driver,
                          struct spd_error *err)
{
    const struct takers *takers = arg;
    return drivers_add(takers->shop->drivers, self, who, driver, err);
}

static spd_err add_source(void *arg, spd_plugin *self, const char *who,
                          const struct spd_order_source *source,
                          struct spd_error *err)
{
    const struct takers *takers = arg;
    return sources_add(takers->sources, self, who, source, err);
}

static spd_err add_scheduler(void *arg, spd_plugin *self, const char *who,
                             const struct spd_scheduler *scheduler,
                             struct spd_error *err)
{
    const struct takers *takers = arg;
    return engine_set_policy(takers->engine, self, who, scheduler, err);
}

static spd_err add_notifier(void *arg, spd_plugin *self, const char *who,
                            const struct spd_notifier *notifier,
                            struct spd_error *err)
{
    const struct takers *takers = arg;
    return notifiers_add(takers->shop->notifiers, self, who, notifier, err);
}

static void withdraw(void *arg, spd_plugin *self)
{
    const struct takers *takers = arg;
    fleet_withdraw(takers->shop->fleet, self);
    drivers_withdraw(takers->shop->drivers, self);
    engine_withdraw(takers->engine, self);
    outbox_withdraw(takers->outbox, self);
    sources_withdraw(takers->sources, self);
    notifiers_withdraw(takers->shop->notifiers, self);
}

static void take_report(void *arg, spd_printer *printer, const spd_json *report)
{
    const struct takers *takers = arg;
    fleet_report(takers->shop->fleet, printer, report);
}

static void take_progress(void *arg, spd_printer *printer, int64_t attempt,
                          int64_t sent_bytes)
{
    const struct takers *takers = arg;
    fleet_upload_progress(takers->shop->fleet, printer, attempt, sent_bytes);
}

static spd_err take_order(void *arg, spd_ticket *ticket, const spd_json *order)
{
    const struct takers *takers = arg;
    return sources_put(takers->sources, ticket, order);
}

struct host_roles roles_of(struct takers *takers)
{
    return (struct host_roles){
        .arg = takers,
        .printer_driver = add_driver,
        .order_source = add_source,
        .scheduler = add_scheduler,
        .notifier = add_notifier,
        .withdraw = withdraw,
        .printer_report = take_report,
        .upload_progress = take_progress,
        .order_put = take_order,
    };
}

/* -- which ones -- */

/* An entry is a member with settings, or stands in a list of bare names. */
static const char *name_of(const spd_json *entry)
{
    spd_str name = json_name(entry);
    return name.ptr != NULL ? name.ptr : json_as_str(entry, STR("")).ptr;
}

static const spd_json *settings_of(const spd_json *entry)
{
    return json_name(entry).ptr != NULL ? entry : NULL;
}

static spd_str file_of(const struct settings *settings, const char *name,
                       struct arena *arena)
{
    if (name[0] == '/')
        return arena_printf(arena, "%s", name);
    return arena_printf(arena, "%s/%s.so", settings->plugin_folder.ptr, name);
}

/* An entry of the configuration, for errors about it. */
struct entry_place {
    const struct settings *settings;
    const char *name;
};

static const char *place_of(const void *arg, const char *key,
                            char out[HOST_PLACE_BYTES])
{
    const struct entry_place *entry = arg;
    char path[200];
    snprintf(path, sizeof(path), "plugins.%s%s%s", entry->name,
             key == NULL ? "" : ".", key == NULL ? "" : key);
    return conf_place(entry->settings->conf, path, out);
}

static void load_named(struct host *host, const struct settings *settings)
{
    struct spd_error err;
    const spd_json *plugin = json_first(settings->plugins);
    for (; plugin != NULL; plugin = json_next(plugin)) {
        struct entry_place entry = { settings, name_of(plugin) };
        struct host_place place = { place_of, &entry };
        if (host_load(host, entry.name, settings_of(plugin), &place, &err) !=
            SPD_OK)
            log_error("plugins", "spoold runs without %s: %s", entry.name,
                      err.text);
    }
}

void plugins_load(struct host *host, const struct settings *settings)
{
    if (settings->plugins != NULL) {
        load_named(host, settings);
        return;
    }
    struct arena arena = { 0 };
    struct spd_error err;
    for (const char *const *name = own_plugins; *name != NULL; name++)
        if (access(file_of(settings, *name, &arena).ptr, R_OK) == 0 &&
            host_load(host, *name, NULL, NULL, &err) != SPD_OK)
            log_error("plugins", "spoold runs without %s: %s", *name, err.text);
    arena_fini(&arena);
}

spd_err plugins_check(const struct settings *settings, struct spd_error *err)
{
    struct arena arena = { 0 };
    spd_err rc = SPD_OK;
    const spd_json *plugin = json_first(settings->plugins);
    for (; plugin != NULL && rc == SPD_OK; plugin = json_next(plugin)) {
        struct entry_place entry = { settings, name_of(plugin) };
        struct host_place place = { place_of, &entry };
        rc = host_check_settings(file_of(settings, entry.name, &arena).ptr,
                                 settings_of(plugin), &place, err);
    }
    arena_fini(&arena);
    return rc;
}
