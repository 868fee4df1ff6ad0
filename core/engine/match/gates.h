/* Gates: what keeps a printer that is ready from being given a print just now.
 *
 * Each has a verdict and a sentence.  They are asked when a job is chosen, and
 * once more before its start is decided, for an upload takes its time.  Asking
 * when a job is chosen reads nothing from the store. */
#ifndef SPOOLD_ENGINE_GATES_H
#define SPOOLD_ENGINE_GATES_H

#include "engine/match/match.h"

struct engine;
struct run;

/* CAN_TAKE, or the first gate that is shut for the printer. */
enum verdict gates_judge(const struct engine *engine,
                         const struct printer *printer);
/* The sentence of that verdict; appended without a NUL. */
void gates_say(const struct engine *engine, enum verdict verdict,
               const struct printer *printer, struct buf *out);
/* Tells of each that is shut. */
void gates_explain(const struct engine *engine, const struct printer *printer,
                   reason_fn *fn, void *arg);

/* When a person is there again: for a seat. */
int64_t gates_unstaffed_until_ms(const struct engine *engine,
                                 const struct printer *printer);

/* Before the start of a run is decided: the same question again, of its job
 * as well.  `sentence`: why not; appended without a NUL. */
enum verdict gates_judge_start(struct run *run, struct buf *sentence);

/* How long until time alone opens or shuts one; 0: it does not. */
int64_t gates_left_ms(const struct engine *engine);

#endif
