/* All simulated printers of one process, and their common time. */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include <stddef.h>

#include "options.h"
#include "station.h"

struct fleet;

/* NULL: a sentence about it went to stderr. */
struct fleet *fleet_new(struct event_base *base, const struct options *options);
void fleet_free(struct fleet *fleet);

size_t fleet_count(const struct fleet *fleet);
/* NULL behind the last. */
struct station *fleet_at(const struct fleet *fleet, size_t i);
struct station *fleet_find(const struct fleet *fleet, const char *serial);

double fleet_speed(const struct fleet *fleet);
void fleet_set_speed(struct fleet *fleet, double factor);

/* Let `sim_ms` pass at once, on all printers. */
void fleet_advance(struct fleet *fleet, int64_t sim_ms);

#endif
