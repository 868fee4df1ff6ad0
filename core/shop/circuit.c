#include "shop/circuit.h"

#include "shop/printer.h"

static const struct field circuit_rows[] = {
    FIELD(circuit, id, FIELD_ID, "the circuit's id", .flags = FIELD_READONLY),
    FIELD(circuit, name, FIELD_TEXT, "what the shop calls it",
          .flags = FIELD_REQUIRED, .min = 1, .max = 80,
          .example = "\"Cellar, fuse 3\""),
    FIELD(circuit, heating_max, FIELD_INT,
          "how many of its printers may heat up at once; null: all",
          .flags = FIELD_NULL, .min = 1, .max = 1000, .example = "4"),
    FIELD(circuit, stagger_seconds, FIELD_INT,
          "the least seconds from one start to the next; null: none",
          .flags = FIELD_NULL, .min = 1, .max = 3600, .example = "60"),
    FIELD(circuit, created_at, FIELD_TIME, "when it was added",
          .flags = FIELD_READONLY),
    FIELD(circuit, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
};
static const struct fields circuit_fields =
    TABLE("circuit", circuit, circuit_rows);

static bool by_name(const void *record, struct key *key)
{
    key_put_text(key, ((const struct circuit *)record)->name);
    return true;
}

static const struct index circuit_indexes[] = {
    { .name = "name", .key = by_name, .flags = INDEX_UNIQUE },
};

const struct kind circuit_kind = {
    .name = "circuit",
    .plural = "circuits",
    .fields = &circuit_fields,
    .indexes = circuit_indexes,
    .index_count = SPD_COUNT(circuit_indexes),
};

/* -- operations -- */

static spd_err list_circuits(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &circuit_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err get_circuit(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_record(call, txn, &circuit_kind, which->id);
}

static spd_err put_circuit(struct call *call, spd_txn *txn,
                           struct circuit *circuit, const char *topic)
{
    struct spd_error err;
    struct change change = call_change(call, topic);
    circuit->updated_at = shop_now_ms(call->self);
    if (record_put(txn, &circuit_kind, circuit, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &circuit_kind, circuit->id);
}

static spd_err create_circuit(struct call *call, spd_txn *txn)
{
    struct circuit circuit = *(struct circuit *)call->body;
    circuit.created_at = shop_now_ms(call->self);
    return put_circuit(call, txn, &circuit, "circuit.created");
}

static spd_err update_circuit(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct circuit circuit;
    spd_err rc = call_get(call, txn, &circuit_kind, which->id, &circuit);
    if (rc != SPD_OK)
        return rc;
    call_patch(call, &circuit);
    return put_circuit(call, txn, &circuit, "circuit.updated");
}

struct on_circuit {
    int64_t circuit_id, printer_id;
};

static bool note_printer(void *arg, const void *record)
{
    struct on_circuit *on = arg;
    const struct printer *printer = record;
    if (printer->circuit_id == on->circuit_id)
        on->printer_id = printer->id;
    return on->printer_id == 0;
}

static spd_err delete_circuit(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct spd_error err;
    struct on_circuit on = { which->id, 0 };
    struct change change = call_change(call, "circuit.deleted");
    record_each(txn, &printer_kind, &(struct span){ 0 }, note_printer, &on);
    if (on.printer_id != 0)
        return call_refuse(call, REFUSE_CONFLICT,
                           "printer %lld hangs on it; put it on another "
                           "circuit first",
                           (long long)on.printer_id);
    if (record_del(txn, &circuit_kind, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    buf_printf(call_reply_buf(call), "{\"id\":%lld}", (long long)which->id);
    return SPD_OK;
}

static const struct op circuit_ops[] = {
    { .name = "circuits.list",
      .route = "GET /api/circuits",
      .doc = "All circuits",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &circuit_fields,
      .run = list_circuits },
    { .name = "circuits.get",
      .route = "GET /api/circuits/{id}",
      .doc = "One circuit",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &circuit_fields,
      .run = get_circuit },
    { .name = "circuits.create",
      .route = "POST /api/circuits",
      .doc = "Add a circuit and say what it bears; printers name theirs as "
             "circuit_id",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_CREATE,
      .body = &circuit_fields,
      .reply = &circuit_fields,
      .run = create_circuit },
    { .name = "circuits.update",
      .route = "PUT /api/circuits/{id}",
      .doc = "Change what is given and leave the rest",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &circuit_fields,
      .reply = &circuit_fields,
      .run = update_circuit },
    { .name = "circuits.delete",
      .route = "DELETE /api/circuits/{id}",
      .doc = "Take away a circuit that no printer hangs on",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .run = delete_circuit },
};

spd_err circuit_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, circuit_ops, SPD_COUNT(circuit_ops), shop, err);
}
