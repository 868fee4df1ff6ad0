/* GET /api/filament: the supply as people read it. */
#include "engine/queue/supply.h"

static const struct field hold_rows[] = {
    FIELD(hold_there, printer_id, FIELD_ID, "in which printer",
          .flags = FIELD_READONLY),
    FIELD(hold_there, slot, FIELD_INT, "in which slot",
          .flags = FIELD_READONLY),
    FIELD(hold_there, spool_id, FIELD_ID,
          "the spool of the shelf that is there", .flags = FIELD_READONLY),
    FIELD(hold_there, grams, FIELD_REAL, "grams of it that are held",
          .flags = FIELD_READONLY),
};
static const struct fields hold_fields =
    TABLE("hold_there", hold_there, hold_rows);

static const struct field supply_rows[] = {
    FIELD(supply, material, FIELD_TEXT, "PLA, PETG, ...",
          .flags = FIELD_READONLY),
    FIELD(supply, color, FIELD_TEXT, "#RRGGBB; null: not known",
          .flags = FIELD_READONLY),
    FIELD(supply, shelf_grams, FIELD_REAL, "grams on spools of the shelf",
          .flags = FIELD_READONLY),
    FIELD(supply, loaded_grams, FIELD_REAL, "grams in slots of printers",
          .flags = FIELD_READONLY),
    FIELD(supply, unweighed, FIELD_INT,
          "spools and slots of it of which nobody knows what is left: they "
          "count as nothing here, and no end is foretold",
          .flags = FIELD_READONLY),
    FIELD(supply, printers, FIELD_INT, "printers that have it loaded",
          .flags = FIELD_READONLY),
    FIELD(supply, printing_grams, FIELD_REAL,
          "grams that prints under way will take, as sliced",
          .flags = FIELD_READONLY),
    FIELD(supply, waiting_grams, FIELD_REAL,
          "grams reserved for waiting jobs, all their copies; jobs on hold "
          "reserve none",
          .flags = FIELD_READONLY),
    FIELD(supply, jobs, FIELD_INT, "how many jobs those are",
          .flags = FIELD_READONLY),
    FIELD(supply, free_grams, FIELD_REAL, "grams that are nobody's",
          .flags = FIELD_READONLY),
    FIELD(supply, accepted_grams, FIELD_REAL,
          "grams of other types, in this colour, that count as it here",
          .flags = FIELD_READONLY),
    FIELD(supply, short_grams, FIELD_REAL,
          "grams that are missing for all that is to be printed",
          .flags = FIELD_READONLY),
    FIELD(supply, runs_out_job_id, FIELD_ID,
          "the first job, in queue order, for which there is not enough",
          .flags = FIELD_READONLY),
    FIELD(supply, runs_out_at, FIELD_TIME,
          "when that one would begin: by the estimates of those before it that "
          "need this, on the printers that have it loaded",
          .flags = FIELD_READONLY),
    FIELD(supply, low_stock_threshold, FIELD_REAL,
          "the highest of its spools; null: none is set",
          .flags = FIELD_READONLY),
    FIELD(supply, low, FIELD_BOOL,
          "is less of it free than that, or too little for all?",
          .flags = FIELD_READONLY),
    FIELD(supply, held, FIELD_LIST,
          "where prints under way, and jobs placed in a slot, hold some",
          .flags = FIELD_READONLY, .of = &hold_fields),
};
static const struct fields supply_fields =
    TABLE("filament", supply, supply_rows);

static spd_err list_filament(struct call *call, spd_txn *txn)
{
    struct survey survey = { .engine = call->self, .txn = txn };
    spd_jsonw *w = call_reply(call);
    survey_make(&survey);
    survey_find_ends(&survey);
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    for (size_t i = 0; i < survey.count; i++) {
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        fields_write(&supply_fields, survey.at[i], w);
        jsonw_end(w);
    }
    jsonw_end(w);
    survey_fini(&survey);
    return SPD_OK;
}

static const struct op filament_ops[] = {
    { .name = "filament.list",
      .route = "GET /api/filament",
      .doc = "Filament by filament: what there is, what is reserved for the "
             "jobs, what is free, and at which job it runs out",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .reply = &supply_fields,
      .run = list_filament },
};

spd_err filament_add_ops(struct engine *engine, struct spd_error *err)
{
    return ops_add(engine->shop->ops, filament_ops, SPD_COUNT(filament_ops),
                   engine, err);
}
