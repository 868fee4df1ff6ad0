/* The printers as the broker shall see them: announced, with their state kept
 * up to date, and taken away when they go.
 *
 * Events of the journal mark a printer; a tick a second asks the server for the
 * state of those marked and, now and then, of all others, and publishes what
 * differs from what was published last.  So nothing is said more than once a
 * second, and nothing at all while nothing changes. */
#ifndef MQTT_EVENTS_BOARD_H
#define MQTT_EVENTS_BOARD_H

#include "broker.h"
#include "entity.h"

struct board;

enum {
    BOARD_TICK_MS = 1000,
    BOARD_STEPS_A_TICK = 40, /* printers asked for or announced in one tick */
};

struct board_plan { /* borrowed while the board lives */
    const struct naming *naming;
    bool discovery;
    int64_t refresh_ms; /* how old a state may get without any event */
};

/* Owned: board_free, to be called in stop(): by then no call is open. */
struct board *board_new(spd_plugin *self, struct broker *broker,
                        const struct board_plan *plan, struct spd_error *err);
void board_free(struct board *board);

/* Say everything again: a new line, or a Home Assistant that started. */
void board_repeat(struct board *board);

/* An event about a printer; or that the list of them is another now. */
void board_touch(struct board *board, int64_t printer_id);
void board_relist(struct board *board);
void board_remove(struct board *board, int64_t printer_id);

#endif
