/* The policy most shops want: what matters most first, on the printer that
 * needs the least hands. */
#include "rank.h"

struct conf {
    bool by_ship_date;
};

static int64_t rank(spd_plugin *self, const struct spd_job *job)
{
    const struct conf *conf = self->conf;
    return rank_of(job, conf->by_ship_date);
}

static int64_t fit(spd_plugin *self, const struct spd_job *job,
                   const struct spd_candidate *printer)
{
    (void)self;
    (void)job;
    return fit_of(printer);
}

static const struct spd_scheduler scheduler = {
    .kind = "priority",
    .rank = rank,
    .fit = fit,
};

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    (void)err;
    return self->host->role->scheduler(self, &scheduler, sizeof(scheduler));
}

static void stop(spd_plugin *self)
{
    (void)self;
}

static const struct spd_key keys[] = {
    SPD_KEY(struct conf, by_ship_date,
            .doc = "among equal priorities, what must begin first to be "
                   "ready by its ship-by date",
            .fallback = "false"),
};

SPD_PLUGIN(0, .name = "scheduler-priority", .version = "1.0.0",
           .summary = "orders the queue by priority, start and age",
           .license = "Apache-2.0", .keys = keys, .key_count = SPD_COUNT(keys),
           .conf_size = sizeof(struct conf), .start = start, .stop = stop);
