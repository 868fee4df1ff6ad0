/* A plugin with work that takes long, and connections of its own. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spoold/plugin.h>

/* A minute, unless it is to end before. */
static spd_err toil(void *arg, struct spd_error *err)
{
    spd_plugin *self = arg;
    (void)err;
    for (int i = 0; i < 6000 && !self->host->loop->is_stopping(self); i++)
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    return SPD_OK;
}

static void toiled(spd_plugin *self, void *arg, const struct spd_error *outcome)
{
    (void)self, (void)arg, (void)outcome;
}

static void begin(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    struct spd_work row = { .run = toil, .done = toiled, .arg = self };
    if (spd_submit(self, &row) != SPD_OK)
        abort();
    self->host->ops->reply(call, NULL);
}

static void put_refusal(spd_plugin *self, spd_jsonw *w, const char *name,
                        uint32_t ip, uint32_t flags)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(ip) };
    const char *why = self->host->client->refusal(self, &to, flags);
    why = why == NULL ? "none" : why;
    self->host->json->put_str(w, name, (spd_str){ why, strlen(why) });
}

static void where(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    spd_jsonw *w = self->host->json->writer();
    self->host->json->begin(w, NULL, SPD_JSON_OBJECT);
    put_refusal(self, w, "public", 0x08080808, 0);
    put_refusal(self, w, "loopback", 0x7f000001, SPD_FETCH_PRIVATE);
    put_refusal(self, w, "private", 0x0a000001, 0);
    put_refusal(self, w, "allowed", 0x0a000001, SPD_FETCH_PRIVATE);
    self->host->json->end(w);
    self->host->ops->reply(call, w);
    self->host->json->writer_free(w);
}

static const struct spd_op ops[] = {
    { .name = "toil.begin",
      .doc = "Start work that takes a minute",
      .run = begin,
      .role = SPD_VIEWER },
    { .name = "toil.where",
      .doc = "Why some addresses may not be connected to",
      .run = where,
      .role = SPD_VIEWER },
};

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    (void)err;
    return spd_ops(self, ops, SPD_COUNT(ops));
}

static void stop(spd_plugin *self)
{
    (void)self;
}

SPD_PLUGIN(1, .name = "toil", .version = "1.0", .license = "Apache-2.0",
           .summary = "works long, and connects", .start = start, .stop = stop);
