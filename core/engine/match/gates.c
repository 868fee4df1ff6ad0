#include "engine/match/gates.h"

#include "engine/engine_internal.h"

/* Who wants to pass. */
struct passage {
    const struct engine *engine;
    const struct printer *printer;
    const struct run *run; /* that is to start; NULL: a job is to be chosen */
};

/* -- maintenance -- */

static bool is_maintained(const struct passage *passage)
{
    const struct printer *printer = passage->printer;
    return !printer->maintenance_blocks ||
           !printer_is_due(printer, shop_now_ms(passage->engine->shop));
}

static void say_due(const struct passage *passage, struct buf *out)
{
    printer_say_due(passage->printer, shop_now_ms(passage->engine->shop), out);
}

/* -- hours -- */

static const struct hours *quiet_now(const struct passage *passage)
{
    const struct engine *engine = passage->engine;
    return windows_now(&engine->windows, HOURS_QUIET, passage->printer,
                       shop_now_ms(engine->shop));
}

static bool is_loud(const struct passage *passage)
{
    return quiet_now(passage) == NULL;
}

static void say_quiet(const struct passage *passage, struct buf *out)
{
    char text[HOURS_TEXT_BYTES];
    int64_t now_ms = shop_now_ms(passage->engine->shop);
    int64_t until_ms = windows_quiet_until_ms(&passage->engine->windows,
                                              passage->printer, now_ms);
    buf_printf(out, "nothing starts there in quiet hours (%.*s), which ",
               STR_ARG(quiet_now(passage)->name));
    if (until_ms - now_ms >= WINDOWS_WEEK_MS)
        buf_printf(out, "leave out no hour of the week");
    else
        buf_printf(out, "last until %s", hours_text(until_ms, text));
}

int64_t gates_unstaffed_until_ms(const struct engine *engine,
                                 const struct printer *printer)
{
    return windows_unstaffed_until_ms(&engine->windows, printer,
                                      shop_now_ms(engine->shop));
}

/* -- circuits -- */

static struct power_use use_of(const struct passage *passage,
                               const struct circuit *circuit)
{
    return power_use(passage->engine, circuit, passage->printer->id,
                     passage->run);
}

static bool bears_heat(const struct passage *passage)
{
    const struct circuit *circuit =
        power_circuit(passage->engine, passage->printer);
    return circuit == NULL || circuit->heating_max == INT_NONE ||
           (int64_t)use_of(passage, circuit).count < circuit->heating_max;
}

static void say_names(const struct passage *passage,
                      const struct power_use *use, struct buf *out)
{
    spd_txn *txn = store_read(passage->engine->shop->store);
    struct arena arena = { 0 };
    struct printer printer;
    for (size_t i = 0; i < use->count && i < POWER_TOLD; i++)
        if (record_get(txn, &printer_kind, use->printer_ids[i], &printer,
                       &arena, NULL) == SPD_OK)
            buf_printf(out, "%s%.*s", i == 0 ? "" : ", ",
                       STR_ARG(printer.name));
    if (use->count > POWER_TOLD)
        buf_printf(out, ", ...");
    arena_fini(&arena);
    store_read_end(txn);
}

static void say_heat(const struct passage *passage, struct buf *out)
{
    const struct circuit *circuit =
        power_circuit(passage->engine, passage->printer);
    struct power_use use = use_of(passage, circuit);
    buf_printf(out,
               "its circuit (%.*s) bears %lld that heat%s up at once, and "
               "these do or are about to: ",
               STR_ARG(circuit->name), (long long)circuit->heating_max,
               circuit->heating_max == 1 ? "s" : "");
    say_names(passage, &use, out);
}

static int64_t turn_ms(const struct passage *passage)
{
    const struct circuit *circuit =
        power_circuit(passage->engine, passage->printer);
    return circuit == NULL || circuit->stagger_seconds == INT_NONE
               ? 0
               : power_turn_ms(passage->engine, circuit, passage->run);
}

static bool has_turn(const struct passage *passage)
{
    return turn_ms(passage) <= (passage->run == NULL ? POWER_UPLOAD_MS : 0);
}

static void say_turn(const struct passage *passage, struct buf *out)
{
    const struct circuit *circuit =
        power_circuit(passage->engine, passage->printer);
    buf_printf(out,
               "on its circuit (%.*s) prints start %lld s apart; its turn "
               "comes in %lld s",
               STR_ARG(circuit->name), (long long)circuit->stagger_seconds,
               (long long)(turn_ms(passage) + 999) / 1000);
}

/* -- the gates -- */

static const struct gate {
    enum verdict breach;
    bool (*is_open)(const struct passage *passage);
    void (*say)(const struct passage *passage, struct buf *out);
} gates[] = {
    { MAINTENANCE_DUE, is_maintained, say_due },
    { QUIET_HOURS, is_loud, say_quiet },
    { CIRCUIT_FULL, bears_heat, say_heat },
    { STAGGERED, has_turn, say_turn },
};

static const struct gate *shut_gate(const struct passage *passage)
{
    for (size_t i = 0; i < SPD_COUNT(gates); i++)
        if (!gates[i].is_open(passage))
            return &gates[i];
    return NULL;
}

enum verdict gates_judge(const struct engine *engine,
                         const struct printer *printer)
{
    struct passage passage = { engine, printer, NULL };
    const struct gate *gate = shut_gate(&passage);
    return gate == NULL ? CAN_TAKE : gate->breach;
}

void gates_say(const struct engine *engine, enum verdict verdict,
               const struct printer *printer, struct buf *out)
{
    struct passage passage = { engine, printer, NULL };
    for (size_t i = 0; i < SPD_COUNT(gates); i++)
        if (gates[i].breach == verdict)
            gates[i].say(&passage, out);
}

void gates_explain(const struct engine *engine, const struct printer *printer,
                   reason_fn *fn, void *arg)
{
    struct passage passage = { engine, printer, NULL };
    struct buf sentence = { 0 };
    for (size_t i = 0; i < SPD_COUNT(gates); i++) {
        if (gates[i].is_open(&passage))
            continue;
        buf_clear(&sentence);
        gates[i].say(&passage, &sentence);
        buf_put_char(&sentence, '\0');
        fn(arg, gates[i].breach, sentence.ptr);
    }
    buf_fini(&sentence);
}

/* -- before a start -- */

static enum verdict judge_start(const struct run *run,
                                const struct printer *printer,
                                const struct job *job, struct buf *sentence)
{
    struct passage passage = { run->engine, printer, run };
    const struct gate *gate = shut_gate(&passage);
    if (gate != NULL) {
        gate->say(&passage, sentence);
        return gate->breach;
    }
    if (!job->attended || gates_unstaffed_until_ms(run->engine, printer) == 0)
        return CAN_TAKE;
    buf_printf(sentence, "nobody is there any more, and the job is attended");
    return UNSTAFFED;
}

enum verdict gates_judge_start(struct run *run, struct buf *sentence)
{
    struct arena arena = { 0 };
    struct printer printer;
    struct job job;
    enum verdict verdict = CAN_TAKE; /* of what is gone the commit tells */
    spd_txn *txn = store_read(run->engine->shop->store);
    if (record_get(txn, &printer_kind, run->printer_id, &printer, &arena,
                   NULL) == SPD_OK &&
        record_get(txn, &job_kind, run->job_id, &job, &arena, NULL) == SPD_OK)
        verdict = judge_start(run, &printer, &job, sentence);
    store_read_end(txn);
    arena_fini(&arena);
    return verdict;
}

/* -- by the clock -- */

int64_t gates_left_ms(const struct engine *engine)
{
    int64_t hours_ms =
        windows_left_ms(&engine->windows, shop_now_ms(engine->shop));
    int64_t power_ms = power_left_ms(engine);
    return hours_ms == 0 || (power_ms != 0 && power_ms < hours_ms) ? power_ms
                                                                   : hours_ms;
}
