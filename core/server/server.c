#include "server/server.h"

#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/intake/intake.h"
#include "engine/outbox/lookout.h"
#include "script/script.h"
#include "server/about.h"
#include "server/housekeeping.h"
#include "server/plugins.h"
#include "shop/fleet.h"
#include "shop/notifier.h"
#include "shop/person.h"

enum { POOL_THREADS = 8, WATCHDOG_MS = 10 * 1000 };

struct server {
    struct shop shop;
    struct fetcher *fetcher;
    struct engine *engine;
    struct outbox *outbox;
    struct lookout *lookout;
    struct sources *sources;
    struct intake *intake;
    struct script *script;
    struct takers takers;
    struct host *host;
    struct about about;
    struct http *http;
    struct housekeeping *housekeeping;
    struct timer *watchdog;
    char **host_names; /* ends with NULL */
    int status;
    bool stopping;
};

/* -- ending -- */

static void on_stop(void *arg)
{
    struct server *server = arg;
    if (server->stopping)
        _exit(EXIT_FAILURE); /* asked twice: at once */
    server->stopping = true;
    log_info("server", "stopping");
    sd_notify(0, "STOPPING=1");
    loop_stop(server->shop.loop);
}

/* Nothing can be acknowledged any more: the supervisor starts us anew. */
static void on_store_failure(void *arg)
{
    struct server *server = arg;
    log_error("server", "the store cannot be written; ending, so that the "
                        "supervisor starts spoold anew");
    server->status = EXIT_FAILURE;
    loop_stop(server->shop.loop);
}

/* -- who comes in -- */

static bool admit(void *arg, const struct credentials *given,
                  struct actor *actor)
{
    struct server *server = arg;
    if (given->bearer.len > 0)
        return people_admit_token(&server->shop, given->bearer, actor);
    return people_admit_session(&server->shop, given->cookie, actor);
}

static bool is_set_up(void *arg)
{
    struct server *server = arg;
    return people_are_set_up(&server->shop);
}

/* -- building, floor by floor -- */

static spd_err open_store(struct server *server,
                          const struct settings *settings,
                          struct spd_error *err)
{
    struct shop *shop = &server->shop;
    struct store_options options = {
        .folder = settings->data.ptr,
        .kinds = shop_kinds,
        .kind_count = shop_kind_count,
    };
    shop->loop = loop_new(&clock_system, err);
    if (shop->loop == NULL)
        return err->code;
    shop->store = store_open(shop->loop, &options, err);
    if (shop->store == NULL)
        return err->code;
    store_on_failure(shop->store, on_store_failure, server);
    shop->key = crypt_key_open(settings->key_file.ptr, err);
    return shop->key == NULL ? err->code : SPD_OK;
}

static spd_err build_shop(struct server *server,
                          const struct settings *settings,
                          struct spd_error *err)
{
    struct shop *shop = &server->shop;
    struct engine_options options = {
        .evidence_ms = settings->evidence_seconds * 1000,
        .verdict_ms = settings->verdict_seconds * 1000,
        .fresh_ms = settings->fresh_seconds * 1000,
        .cool_down_ms = settings->cool_down_seconds * 1000,
    };
    shop->pool = pool_new(shop->loop, POOL_THREADS);
    shop->tickets = tickets_new(shop->loop);
    shop->ops = ops_new(shop->store);
    shop->drivers = drivers_new();
    shop->notifiers = notifiers_new();
    shop->fleet = fleet_new(shop);
    server->engine = engine_new(shop, &options);
    server->outbox = outbox_new(shop, &(struct outbox_options){
                                          .url = settings->url.ptr,
                                          .retry_ms = settings->retry_ms,
                                      });
    server->lookout = lookout_new(shop);
    server->sources = sources_new(shop);
    server->intake = intake_new(shop);
    server->fetcher = fetcher_new(shop->loop, err);
    if (server->fetcher == NULL)
        return err->code;
    spd_err rc = shop_add_ops(shop, err);
    if (rc == SPD_OK)
        rc = engine_add_ops(server->engine, err);
    if (rc == SPD_OK)
        rc = sources_add_ops(server->sources, err);
    if (rc == SPD_OK)
        rc = intake_add_ops(server->intake, err);
    return rc == SPD_OK ? outbox_add_ops(server->outbox, err) : rc;
}

static spd_err build_host(struct server *server,
                          const struct settings *settings,
                          struct spd_error *err)
{
    struct shop *shop = &server->shop;
    server->takers = (struct takers){ server->engine, server->outbox, shop,
                                      server->sources };
    server->host = host_new(&(struct host_options){
        .loop = shop->loop,
        .store = shop->store,
        .ops = shop->ops,
        .pool = shop->pool,
        .fetcher = server->fetcher,
        .tickets = shop->tickets,
        .folder = settings->plugin_folder.ptr,
        .version = SPOOLD_VERSION,
        .roles = roles_of(&server->takers),
        .fetch_allow = settings->allow_loopback ? FETCH_LOOPBACK : 0,
        .key = shop->key,
    });
    server->about = (struct about){ shop, server->host, NULL };
    spd_err rc = host_add_ops(server->host, shop->ops, err);
    if (rc == SPD_OK)
        rc = about_add_ops(&server->about, err);
    if (rc == SPD_OK)
        plugins_load(server->host, settings);
    return rc;
}

/* -- rules -- */

static void describe(void *arg, const char *noun, int64_t id, struct buf *out)
{
    struct server *server = arg;
    spd_str text = STR("null");
    spd_txn *txn = store_read(server->shop.store);
    record_text(txn, shop_kind(str_of(noun)), id, &text, NULL);
    buf_put(out, text);
    store_read_end(txn);
}

static const char *rules_object(void *arg, spd_txn *txn, int64_t job_id,
                                int64_t printer_id)
{
    struct server *server = arg;
    struct script_pair pair = {
        job_id, printer_id, record_tag(txn, shop_kind(STR("job")), job_id),
        record_tag(txn, shop_kind(STR("printer")), printer_id)
    };
    return script_objects(server->script, &pair);
}

static void rules_changed(void *arg)
{
    struct server *server = arg;
    engine_veto_changed(server->engine);
}

static spd_err build_rules(struct server *server,
                           const struct settings *settings,
                           struct spd_error *err)
{
    struct shop *shop = &server->shop;
    server->script = script_new(&(struct script_options){
        .loop = shop->loop,
        .store = shop->store,
        .ops = shop->ops,
        .program = settings->rules_program.ptr,
        .folder = settings->rules_folder.ptr,
        .describe = describe,
        .veto_changed = rules_changed,
        .arg = server,
    });
    engine_set_veto(server->engine,
                    &(struct engine_veto){ rules_object, server });
    return script_add_ops(server->script, err);
}

static void list_host_names(struct server *server,
                            const struct settings *settings)
{
    const spd_str *names = settings->hosts.items;
    server->host_names = mem_array(settings->hosts.count + 1, sizeof(char *));
    for (size_t i = 0; i < settings->hosts.count; i++)
        server->host_names[i] = mem_text(names[i]);
}

static spd_err open_doors(struct server *server,
                          const struct settings *settings,
                          struct spd_error *err)
{
    struct shop *shop = &server->shop;
    server->housekeeping = housekeeping_new(shop, settings->keep_journal_days,
                                            settings->keep_deliveries_days);
    list_host_names(server, settings);
    struct http_options options = {
        .listen = settings->listen.ptr,
        .hosts = (const char *const *)server->host_names,
        .max_upload_bytes = settings->max_upload_mb << 20,
        .admit = admit,
        .is_set_up = is_set_up,
        .arg = server,
    };
    server->http = http_new(shop->loop, shop->ops, shop->store, &options, err);
    server->about.http = server->http;
    return server->http == NULL ? err->code : SPD_OK;
}

static void on_watchdog(void *arg)
{
    struct server *server = arg;
    spd_txn *txn = store_read(server->shop.store); /* as proof of life */
    journal_last(txn);
    store_read_end(txn);
    sd_notify(0, "WATCHDOG=1");
}

struct server *server_new(const struct settings *settings,
                          struct spd_error *err)
{
    struct server *server = mem_new(sizeof(*server));
    spd_err rc = open_store(server, settings, err);
    if (rc == SPD_OK)
        rc = build_shop(server, settings, err);
    if (rc == SPD_OK)
        rc = build_host(server, settings, err);
    if (rc == SPD_OK)
        rc = build_rules(server, settings, err);
    if (rc == SPD_OK)
        rc = people_offer_setup(&server->shop, err);
    if (rc == SPD_OK)
        rc = open_doors(server, settings, err);
    if (rc == SPD_OK)
        return server;
    server_free(server);
    return NULL;
}

int server_run(struct server *server)
{
    struct shop *shop = &server->shop;
    loop_on_signal(shop->loop, SIGTERM, on_stop, server);
    loop_on_signal(shop->loop, SIGINT, on_stop, server);
    server->watchdog = timer_new(shop->loop, on_watchdog, server);
    timer_set(server->watchdog, WATCHDOG_MS, WATCHDOG_MS);
    script_start(
        server->script); /* so that nothing starts before it is asked */
    fleet_open(shop->fleet);
    engine_start(server->engine);
    outbox_start(server->outbox, http_url(server->http));
    lookout_start(server->lookout);
    intake_start(server->intake);
    sources_start(server->sources);
    log_info("server", "READY %s", http_url(server->http));
    sd_notify(0, "READY=1");
    loop_run(shop->loop);
    return server->status;
}

/* -- taking down: doors last in are first out, and what was asked is answered
 * before those who wait for it go -- */

static void free_host_names(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free(names);
}

void server_free(struct server *server)
{
    struct shop *shop = &server->shop;
    timer_free(server->watchdog);
    script_stop(server->script);
    if (server->engine != NULL) {
        sources_stop(server->sources);
        intake_stop(server->intake);
        lookout_free(server->lookout);
        outbox_stop(server->outbox);
        engine_stop(server->engine);
        fleet_close(shop->fleet);
    }
    http_free(server->http);
    host_free(server->host);
    fleet_free(shop->fleet);
    tickets_end(shop->tickets);
    fetcher_free(server->fetcher);
    pool_free(shop->pool);
    if (shop->store != NULL)
        store_flush(shop->store);
    housekeeping_free(server->housekeeping);
    sources_free(server->sources);
    intake_free(server->intake);
    script_free(server->script);
    outbox_free(server->outbox);
    engine_free(server->engine);
    ops_free(shop->ops);
    notifiers_free(shop->notifiers);
    drivers_free(shop->drivers);
    crypt_key_free(shop->key);
    store_close(shop->store);
    loop_free(shop->loop);
    tickets_free(shop->tickets);
    free_host_names(server->host_names);
    free(server);
}
