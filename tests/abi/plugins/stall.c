/* A source of orders for tests: a file with an order a line, as JSON.  Its
 * cursor is how many lines were said; a line "!text" fails the poll there, once
 * for each time it is come upon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spoold/plugin.h>

struct conf {
    const char *file;
};

static const struct spd_key keys[] = {
    SPD_KEY(struct conf, file, .doc = "an order a line",
            .flags = SPD_KEY_REQUIRED),
};

static spd_err say(spd_plugin *self, spd_ticket *ticket, spd_str line)
{
    const struct spd_json_api *json = self->host->json;
    struct spd_error err;
    spd_json *order = json->parse(line, &err);
    if (order == NULL)
        return SPD_EINVAL;
    spd_jsonw *w = json->writer();
    json->put_json(w, NULL, order);
    spd_err rc = self->host->role->order_put(ticket, w);
    json->writer_free(w);
    json->free(order);
    return rc;
}

static void end(spd_plugin *self, spd_ticket *ticket, long lines,
                const char *why)
{
    char cursor[24];
    struct spd_error err = { .code = SPD_EAUTH };
    int len = snprintf(cursor, sizeof(cursor), "%ld", lines);
    if (why != NULL)
        snprintf(err.text, sizeof(err.text), "%.200s", why);
    self->host->role->finish(ticket, (spd_str){ cursor, (size_t)len },
                             why == NULL ? NULL : &err);
}

static void poll(spd_plugin *self, spd_str cursor, spd_ticket *ticket)
{
    const struct conf *conf = self->conf;
    char line[4096];
    long from = cursor.len == 0 ? 0 : strtol(cursor.ptr, NULL, 10), at = 0;
    const char *why = NULL;
    FILE *file = fopen(conf->file, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (at < from) {
            at++;
            continue;
        }
        if (line[0] == '!')
            why = line + 1;
        if (why != NULL ||
            say(self, ticket, (spd_str){ line, strlen(line) }) == SPD_EBUSY)
            break;
        at++;
    }
    if (file != NULL)
        fclose(file);
    end(self, ticket, at, why);
}

static const struct spd_order_source source = { "stall", poll, 60 * 1000 };

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    (void)err;
    return self->host->role->order_source(self, &source, sizeof(source));
}

static void stop(spd_plugin *self)
{
    (void)self;
}

SPD_PLUGIN(1, .name = "stall", .version = "1.0", .license = "Apache-2.0",
           .summary = "orders from a file", .keys = keys,
           .key_count = SPD_COUNT(keys), .conf_size = sizeof(struct conf),
           .start = start, .stop = stop);
