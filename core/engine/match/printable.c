/* Could any printer of the shop ever print a job, whatever is loaded and
 * whatever it is at?  Where none could, people are told so at once, and of the
 * printer that comes nearest: a job for a model that nobody has would wait for
 * ever. */
#include "engine/engine_internal.h"

struct quest {
    spd_txn *txn;
    const struct job *job;
    const struct sliced_plate *plate;
    struct buf *why;
    bool is_printable;
    enum verdict nearest; /* the later in the order of verdicts, the nearer */
};

/* What the last printer asked lacks. */
struct answer {
    enum verdict first;
    struct buf sentence;
};

static void note_reason(void *arg, enum verdict verdict, const char *sentence)
{
    struct answer *answer = arg;
    if (answer->first != CAN_TAKE)
        return;
    answer->first = verdict;
    buf_put(&answer->sentence, str_of(sentence));
}

static void ask(struct quest *quest, const struct seat *seat)
{
    struct answer answer = { .first = CAN_TAKE };
    match_explain_lasting(seat, quest->job, quest->plate, note_reason, &answer);
    quest->is_printable = answer.first == CAN_TAKE;
    if (answer.first > quest->nearest) {
        quest->nearest = answer.first;
        buf_clear(quest->why);
        buf_printf(quest->why,
                   "no printer of this shop can print it; %.*s comes nearest, "
                   "but %.*s",
                   STR_ARG(seat->printer.name),
                   STR_ARG(buf_str(&answer.sentence)));
    }
    buf_fini(&answer.sentence);
}

static bool ask_printer(void *arg, const void *record)
{
    struct quest *quest = arg;
    struct arena arena = { 0 };
    struct seat seat;
    if (seat_load(&seat, quest->txn, ((const struct printer *)record)->id,
                  &arena))
        ask(quest, &seat);
    arena_fini(&arena);
    return !quest->is_printable;
}

/* Those that memory knows are asked first: mostly one of them will do. */
static void ask_places(struct quest *quest, const struct places *places)
{
    for (size_t i = 0; i < places->count && !quest->is_printable; i++)
        if (places->at[i]->is_read && !places->at[i]->is_gone)
            ask(quest, &places->at[i]->seat);
}

void engine_judge_printable(void *arg, spd_txn *txn, const struct job *job,
                            struct buf *why)
{
    const struct engine *engine = arg;
    struct arena arena = { 0 };
    struct quest quest = {
        .txn = txn, .job = job, .plate = job_plate(txn, job, &arena), .why = why
    };
    if (quest.plate != NULL && job_is_waiting(job)) {
        ask_places(&quest, &engine->places);
        if (!quest.is_printable)
            record_each(txn, &printer_kind, &(struct span){ 0 }, ask_printer,
                        &quest);
        if (quest.is_printable)
            buf_clear(why);
        else if (quest.nearest == CAN_TAKE)
            buf_put(why, STR("there is no printer in this shop"));
    }
    arena_fini(&arena);
}
