/* What a report changes for good is written down: status, nozzle, pin, plate
 * and slots.  A report that brings no such news writes nothing. */
#include <math.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/log.h"
#include "shop/fleet_internal.h"
#include "shop/foreign.h"
#include "shop/material.h"

/* News on its way into the store; the texts are its own. */
struct note {
    struct shop *shop;
    int64_t printer_id;
    int status;
    struct state_box box;
};

static int status_of(const struct live *live)
{
    static const int by_state[] = {
        [STATE_UNKNOWN] = PRINTER_UNKNOWN,
        [STATE_IDLE] = PRINTER_IDLE,
        [STATE_PREPARING] = PRINTER_PREPARING,
        [STATE_PRINTING] = PRINTER_PRINTING,
        [STATE_PAUSED] = PRINTER_PAUSED,
        [STATE_FINISHED] = PRINTER_FINISHED,
        [STATE_FAILED] = PRINTER_FAILED,
    };
    if (live->box.state.connection != CONNECTION_CONNECTED)
        return PRINTER_OFFLINE;
    return by_state[live->box.state.state];
}

static bool same_slots(const struct list *a, const struct list *b)
{
    struct buf left = { 0 }, right = { 0 };
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        buf_clear(&left);
        buf_clear(&right);
        fields_pack(&slot_fields, (const struct slot *)a->items + i, &left);
        fields_pack(&slot_fields, (const struct slot *)b->items + i, &right);
        same = str_equal(buf_str(&left), buf_str(&right));
    }
    buf_fini(&left);
    buf_fini(&right);
    return same;
}

static bool is_news(const struct live *live, const struct printer_state *before)
{
    const struct printer_state *now = &live->box.state;
    return live->snapshot || now->connection != before->connection ||
           now->state != before->state || !str_equal(now->pin, before->pin) ||
           !str_equal(now->submission, before->submission) ||
           !str_equal(now->job_name, before->job_name) ||
           (now->nozzle_diameter_mm != before->nozzle_diameter_mm &&
            !isnan(now->nozzle_diameter_mm)) ||
           !same_slots(&now->slots, &before->slots);
}

static bool is_printing(int status)
{
    return status == PRINTER_PREPARING || status == PRINTER_PRINTING ||
           status == PRINTER_PAUSED;
}

/* A print that nobody here asked for, and perhaps nobody saw: the printer was
 * out of reach meanwhile, and names another one than before. */
static bool is_stranger(spd_txn *txn, const struct printer *printer,
                        const struct note *note)
{
    spd_str named = note->box.state.submission;
    return note->status != PRINTER_OFFLINE && named.len > 0 &&
           !str_equal(named, printer->last_print) &&
           !attempt_has_submission(txn, named);
}

/* Whatever is printed lies on the plate afterwards.  Of a printer never heard
 * of before, one that rests after a print may have it lying there still. */
static bool covers_plate(const struct printer *printer, int status,
                         bool is_strangers)
{
    bool rests_after = status == PRINTER_FINISHED || status == PRINTER_FAILED;
    if (printer->status == PRINTER_NEW)
        return is_printing(status) || (rests_after && !printer->plate_stated);
    return is_printing(status) || is_strangers;
}

/* True when the record changed. */
static bool lay_over_plate(spd_txn *txn, struct printer *printer,
                           const struct note *note)
{
    bool is_strangers = is_stranger(txn, printer, note);
    bool covers = covers_plate(printer, note->status, is_strangers);
    bool changed = is_strangers || (covers && printer->plate_clear) ||
                   (covers && printer->status != note->status);
    if (covers)
        printer->plate_clear = false;
    if (covers && changed) {
        printer->busy_at = shop_now_ms(note->shop);
        printer->ejects_attempt = 0;
    }
    if (is_strangers)
        printer->last_print = note->box.state.submission;
    return changed;
}

/* True when the record changed. */
static bool lay_over(spd_txn *txn, struct printer *printer,
                     const struct note *note)
{
    const struct printer_state *state = &note->box.state;
    bool changed = lay_over_plate(txn, printer, note);
    bool stays_new =
        printer->status == PRINTER_NEW && note->status == PRINTER_OFFLINE;
    if (!stays_new && printer->status != note->status) {
        printer->status = note->status;
        changed = true;
    }
    if (state->pin.len > 0 && printer->pin.len == 0) {
        printer->pin = state->pin;
        changed = true;
    }
    if (!isnan(state->nozzle_diameter_mm) &&
        printer->nozzle_diameter_mm != state->nozzle_diameter_mm) {
        printer->nozzle_diameter_mm = state->nozzle_diameter_mm;
        changed = true;
    }
    return changed;
}

static spd_err write_printer(spd_txn *txn, const struct note *note,
                             struct printer *printer, struct spd_error *err)
{
    static const char *const topics[] = {
        [PRINTER_NEW] = "printer.updated",
        [PRINTER_IDLE] = "printer.idle",
        [PRINTER_PREPARING] = "printer.preparing",
        [PRINTER_PRINTING] = "printer.printing",
        [PRINTER_PAUSED] = "printer.paused",
        [PRINTER_FINISHED] = "printer.finished",
        [PRINTER_FAILED] = "printer.failed",
        [PRINTER_UNKNOWN] = "printer.unknown",
        [PRINTER_OFFLINE] = "printer.offline",
    };
    int was = printer->status;
    if (!lay_over(txn, printer, note))
        return SPD_OK;
    printer->updated_at = shop_now_ms(note->shop);
    struct change change = {
        was == printer->status ? "printer.learned" : topics[printer->status],
        STR("spoold"),
    };
    return record_put(txn, &printer_kind, printer, &change, err);
}

static spd_err write_note(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct note *note = arg;
    struct arena arena = { 0 };
    struct printer printer = { 0 };
    crash_before("printer.note");
    spd_err rc =
        record_get(txn, &printer_kind, note->printer_id, &printer, &arena, err);
    const struct printer before = printer;
    if (rc == SPD_OK)
        rc = write_printer(txn, note, &printer, err);
    if (rc == SPD_OK && note->status != PRINTER_OFFLINE)
        rc = foreign_note(txn, note->shop, &before, &note->box.state, err);
    if (rc == SPD_OK && note->status != PRINTER_OFFLINE)
        rc = material_sync(txn, note->shop, note->printer_id,
                           &note->box.state.slots, err);
    arena_fini(&arena);
    return rc;
}

static void note_written(void *arg, const struct spd_error *err)
{
    struct note *note = arg;
    if (err == NULL)
        crash_after("printer.note");
    if (err != NULL && err->code != SPD_ENOTFOUND)
        log_error("fleet", "the news of printer %lld were not written: %s",
                  (long long)note->printer_id, err->text);
    state_box_fini(&note->box);
    free(note);
}

void fleet_note(struct berth *berth, const struct printer_state *before)
{
    const struct live *live = &berth->live;
    /* Until a full report has come, what we hold is from an earlier day. */
    bool is_up = live->box.state.connection == CONNECTION_CONNECTED;
    if ((is_up && live->full_count == 0) || !is_news(live, before))
        return;
    struct note *note = mem_new(sizeof(*note));
    note->shop = berth->fleet->shop;
    note->printer_id = live->id;
    note->status = status_of(live);
    state_box_copy(&note->box, &live->box.state);
    store_write(note->shop->store,
                &(struct store_write){ write_note, note_written, note });
}
