/* Power: what the printers of a circuit take of it, and when they began.
 *
 * Heating up is judged by the printers' own word, so that prints started by
 * hand count as well; a print of ours counts from its claim until it is seen to
 * be hot, for the heat comes later than the start. */
#ifndef SPOOLD_ENGINE_POWER_H
#define SPOOLD_ENGINE_POWER_H

#include "shop/circuit.h"
#include "shop/fleet.h"

struct engine;
struct run;

/* The circuits there are. Zero it first. */
struct power {
    struct circuit *circuits; /* in the arena */
    size_t count;
    struct arena arena;
};

/* At start, and whenever a circuit was changed. */
void power_load(struct power *power, spd_txn *txn);
void power_fini(struct power *power);

/* After a start of spoold: when prints were started lately. */
void power_load_starts(struct engine *engine, spd_txn *txn);
/* The start of a print there is being decided. */
void power_note_start(struct engine *engine, int64_t printer_id);
/* A printer has reported; wakes the engine when it takes less now. */
void power_note_report(struct engine *engine, const struct live *live);

/* The circuit a printer hangs on; NULL: none that is known. */
const struct circuit *power_circuit(const struct engine *engine,
                                    const struct printer *printer);

/* Who else heats up there, or is about to: how many, and (as far as they have
 * room) the ids.  `run` asks for its start: then prints that are not that far
 * do not count, but for those that wait longer for theirs. NULL: before a job
 * is chosen for the printer. */
enum { POWER_TOLD = 8 };
struct power_use {
    size_t count;
    int64_t printer_ids[POWER_TOLD];
};
struct power_use power_use(const struct engine *engine,
                           const struct circuit *circuit, int64_t printer_id,
                           const struct run *run);

/* How long a start there has to wait for those before it; 0: not at all. */
enum { POWER_UPLOAD_MS = 60 * 1000 }; /* a job is chosen so long before */
int64_t power_turn_ms(const struct engine *engine,
                      const struct circuit *circuit, const struct run *run);

/* How long until time alone changes any of these; 0: it does not. */
int64_t power_left_ms(const struct engine *engine);

#endif
