#include "house.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { TURNS = 40 };

static void keep_line(void *arg, enum spd_level level, const char *line)
{
    struct house *house = arg;
    static const char *const words[] = { "debug", "info", "warn", "error" };
    pthread_mutex_lock(&house->log_lock);
    buf_printf(&house->log, "%s: %s\n", words[level], line);
    pthread_mutex_unlock(&house->log_lock);
}

/* With tick_ms, a plugin that waits for the clock gets on. */
static int64_t ticking_ms(const struct clock *clock)
{
    struct house *house = (struct house *)(uintptr_t)clock;
    house->clock.mono_now_ms += house->tick_ms;
    return house->clock.mono_now_ms;
}

static void must(bool is_true, const struct spd_error *err)
{
    if (is_true)
        return;
    fprintf(stderr, "the house does not stand: %s\n", err->text);
    abort();
}

static void open_all(struct house *house, const char *plugins)
{
    struct spd_error err = { 0 };
    house->loop = loop_new(&house->clock.clock, &err);
    must(house->loop != NULL, &err);
    char data[96];
    snprintf(data, sizeof(data), "%s/data", house->folder);
    house->store = store_open(house->loop,
                              &(struct store_options){ .folder = data,
                                                       .map_bytes = 16 << 20,
                                                       .min_free_bytes = 1 },
                              &err);
    must(house->store != NULL, &err);
    house->ops = ops_new(house->store);
    house->pool = pool_new(house->loop, 2);
    house->fetcher = fetcher_new(house->loop, &err);
    house->tickets = tickets_new(house->loop);
    house->host = host_new(&(struct host_options){
        .loop = house->loop,
        .store = house->store,
        .ops = house->ops,
        .pool = house->pool,
        .fetcher = house->fetcher,
        .tickets = house->tickets,
        .folder = plugins,
        .version = "test",
        .roles = house->roles,
    });
    must(host_add_ops(house->host, house->ops, &err) == SPD_OK, &err);
}

static void close_all(struct house *house)
{
    host_free(house->host);
    tickets_end(house->tickets);
    fetcher_free(house->fetcher);
    pool_free(house->pool);
    ops_free(house->ops);
    store_close(house->store);
    loop_free(house->loop);
    tickets_free(house->tickets);
}

void house_open(struct house *house, const char *plugins)
{
    fake_clock_init(&house->clock, 1700000000000);
    house->clock.clock.mono_ms = ticking_ms;
    snprintf(house->folder, sizeof(house->folder), "/tmp/spoold-house-XXXXXX");
    if (mkdtemp(house->folder) == NULL)
        abort();
    pthread_mutex_init(&house->log_lock, NULL);
    log_listen(keep_line, house);
    open_all(house, plugins);
}

void house_reopen(struct house *house, const char *plugins)
{
    close_all(house);
    open_all(house, plugins);
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

void house_close(struct house *house)
{
    close_all(house);
    log_listen(NULL, NULL);
    nftw(house->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    pthread_mutex_destroy(&house->log_lock);
    buf_fini(&house->log);
    buf_fini(&house->answer);
}

static spd_json *parse(const char *text)
{
    char *json = mem_text(str_of(text));
    for (char *c = json; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    struct spd_error err = { 0 };
    spd_json *doc = json_parse(str_of(json), &err);
    must(doc != NULL, &err);
    free(json);
    return doc;
}

static const char *line_three(const void *arg, const char *key,
                              char out[HOST_PLACE_BYTES])
{
    (void)arg, (void)key, (void)out;
    return "spoold.conf line 3";
}

spd_err house_load(struct house *house, const char *name, const char *settings,
                   struct spd_error *err)
{
    spd_json *json = settings == NULL ? NULL : parse(settings);
    struct host_place place = { line_three, NULL };
    spd_err rc = host_load(house->host, name, json, &place, err);
    json_free(json);
    return rc;
}

static void on_answer(void *arg, const struct call_result *result)
{
    struct house *house = arg;
    house->status = result->status;
    buf_clear(&house->answer);
    buf_put(&house->answer, buf_str(result->body));
}

const char *house_call_as(struct house *house, enum spd_role role,
                          const char *name, const char *args)
{
    const struct op *op = ops_find(house->ops, str_of(name));
    if (op == NULL)
        return "no such operation";
    house->status = 0;
    buf_clear(&house->answer);
    struct call_request request = {
        .op = op,
        .actor = { .role = role, .who = "person/1" },
        .flat = args == NULL ? NULL : parse(args),
        .done = on_answer,
        .arg = house,
    };
    ops_call(house->ops, &request);
    house_run(house);
    buf_put_char(&house->answer, '\0');
    house->answer.len--;
    return house->answer.ptr;
}

const char *house_call(struct house *house, const char *op, const char *args)
{
    return house_call_as(house, SPD_ADMIN, op, args);
}

/* Threads of the pool are waited for, a little, in each turn. */
void house_run(struct house *house)
{
    for (int i = 0; i < TURNS; i++)
        loop_turn(house->loop, i < TURNS / 2 ? 1 : 0);
}

void house_advance(struct house *house, int64_t ms)
{
    fake_clock_advance(&house->clock, ms);
    house_run(house);
}

bool house_logged(struct house *house, const char *text)
{
    pthread_mutex_lock(&house->log_lock);
    buf_put_char(&house->log, '\0');
    house->log.len--;
    bool found = strstr(house->log.ptr, text) != NULL;
    pthread_mutex_unlock(&house->log_lock);
    return found;
}
