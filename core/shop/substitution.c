#include "shop/substitution.h"

#include <string.h>

#include "shop/driver.h"
#include "shop/printer.h"

enum { SUBSTITUTIONS_MAX = 1000 };

static const char *const of_names[] = {
    "material",
    "model",
    "plate_type",
    NULL,
};

static const struct field substitution_rows[] = {
    FIELD(substitution, id, FIELD_ID, "the substitution's id",
          .flags = FIELD_READONLY),
    FIELD(substitution, of, FIELD_CHOICE,
          "what may be another: the type of a filament, the model of a "
          "printer, or the build plate",
          .choices = of_names),
    FIELD(substitution, wanted, FIELD_TEXT, "a job that wants this...",
          .flags = FIELD_REQUIRED, .min = 1, .max = 40, .example = "\"PLA\""),
    FIELD(substitution, accepts, FIELD_TEXT,
          "...is content with this; the other way round is another row",
          .flags = FIELD_REQUIRED, .min = 1, .max = 40,
          .example = "\"PLA Basic\""),
    FIELD(substitution, created_at, FIELD_TIME, "since when",
          .flags = FIELD_READONLY),
};
static const struct fields substitution_fields =
    TABLE("substitution", substitution, substitution_rows);

static bool by_accepts(const void *record, struct key *key)
{
    const struct substitution *substitution = record;
    key_put_byte(key, (unsigned char)substitution->of);
    key_put_folded(key, substitution->accepts);
    key_put_folded(key, substitution->wanted);
    return true;
}

static const struct index substitution_indexes[] = {
    { .name = "accepts", .key = by_accepts, .flags = INDEX_UNIQUE },
};

const struct kind substitution_kind = {
    .name = "substitution",
    .plural = "substitutions",
    .fields = &substitution_fields,
    .indexes = substitution_indexes,
    .index_count = 1,
};

bool substitution_same(enum substitution_of of, spd_str a, spd_str b)
{
    return of == OF_PLATE_TYPE ? plate_type_equal(a, b) : str_equal_fold(a, b);
}

struct gathering {
    enum substitution_of of;
    spd_str accepts;
    struct list *list;
    struct arena *arena;
};

static bool gather(void *arg, const void *record)
{
    const struct gathering *gathering = arg;
    const struct substitution *row = record;
    struct list *list = gathering->list;
    if (!substitution_same(gathering->of, row->accepts, gathering->accepts))
        return true;
    struct substitution *all =
        arena_new(gathering->arena, (list->count + 1) * sizeof(*all));
    if (list->count > 0)
        memcpy(all, list->items, list->count * sizeof(*all));
    all[list->count] = *row;
    all[list->count].wanted = arena_str(gathering->arena, row->wanted);
    all[list->count].accepts = arena_str(gathering->arena, row->accepts);
    *list = (struct list){ all, list->count + 1 };
    return true;
}

/* Of plates all are looked at: people spell them in more ways than one. */
void substitutions_add(spd_txn *txn, enum substitution_of of, spd_str accepts,
                       struct list *list, struct arena *arena)
{
    struct key prefix = { 0 };
    struct gathering gathering = { of, accepts, list, arena };
    key_put_byte(&prefix, (unsigned char)of);
    if (of != OF_PLATE_TYPE)
        key_put_folded(&prefix, accepts);
    struct span span = { .index = substitution_indexes, .prefix = &prefix };
    record_each(txn, &substitution_kind, &span, gather, &gathering);
}

bool substitutions_allow(const struct list *list, enum substitution_of of,
                         spd_str wanted, spd_str has)
{
    const struct substitution *rows = list->items;
    for (size_t i = 0; i < list->count; i++)
        if (rows[i].of == (int)of &&
            substitution_same(of, rows[i].wanted, wanted) &&
            substitution_same(of, rows[i].accepts, has))
            return true;
    return false;
}

/* -- operations -- */

static spd_err list_substitutions(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &substitution_kind, (struct span){ 0 },
                    &param->page);
    return SPD_OK;
}

static spd_err judge(struct call *call, struct substitution *substitution)
{
    const struct shop *shop = call->self;
    enum substitution_of of = (enum substitution_of)substitution->of;
    substitution->wanted = str_trim(substitution->wanted);
    substitution->accepts = str_trim(substitution->accepts);
    if (substitution->wanted.len == 0)
        faults_add(call_faults(call), "wanted", "is empty");
    else if (substitution->accepts.len == 0)
        faults_add(call_faults(call), "accepts", "is empty");
    else if (substitution_same(of, substitution->wanted, substitution->accepts))
        faults_add(call_faults(call), "accepts",
                   "is what is wanted: that will do anyway");
    else if (of == OF_MODEL &&
             drivers_own_model(shop->drivers, substitution->accepts).ptr ==
                 NULL)
        faults_add(call_faults(call), "accepts",
                   "\"%.*s\" is not a model that any loaded driver knows",
                   STR_ARG(substitution->accepts));
    return call_faults(call)->count == 0 ? SPD_OK : call_refuse_faults(call);
}

static bool is_there(spd_txn *txn, const struct substitution *substitution)
{
    struct key key = { 0 };
    by_accepts(substitution, &key);
    return record_find(txn, &substitution_kind, substitution_indexes, &key) !=
           0;
}

static spd_err create_substitution(struct call *call, spd_txn *txn)
{
    struct substitution substitution = *(struct substitution *)call->body;
    struct change change = call_change(call, "substitution.created");
    struct spd_error err;
    spd_err rc = judge(call, &substitution);
    if (rc != SPD_OK)
        return rc;
    if (is_there(txn, &substitution))
        return call_refuse(
            call, REFUSE_CONFLICT, "%.*s is accepted for %.*s already",
            STR_ARG(substitution.accepts), STR_ARG(substitution.wanted));
    if (record_count(txn, &substitution_kind) >= SUBSTITUTIONS_MAX)
        return call_refuse(call, REFUSE_CONFLICT,
                           "there are %d substitutions already, which is the "
                           "most",
                           SUBSTITUTIONS_MAX);
    substitution.id = 0;
    substitution.created_at = shop_now_ms(call->self);
    if (record_put(txn, &substitution_kind, &substitution, &change, &err) !=
        SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &substitution_kind, substitution.id);
}

static spd_err delete_substitution(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct change change = call_change(call, "substitution.deleted");
    struct spd_error err;
    if (record_del(txn, &substitution_kind, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    buf_printf(call_reply_buf(call), "{\"id\":%lld}", (long long)which->id);
    return SPD_OK;
}

static const struct op substitution_ops[] = {
    { .name = "substitutions.list",
      .route = "GET /api/substitutions",
      .doc = "What counts as what here, beside the very thing",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &substitution_fields,
      .run = list_substitutions },
    { .name = "substitutions.create",
      .route = "POST /api/substitutions",
      .doc = "Let jobs that want one thing take another: PLA Basic for PLA, an "
             "X1C for a P1S",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_CREATE,
      .body = &substitution_fields,
      .reply = &substitution_fields,
      .run = create_substitution },
    { .name = "substitutions.delete",
      .route = "DELETE /api/substitutions/{id}",
      .doc = "Take a substitution back; prints under way are not touched",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .run = delete_substitution },
};

spd_err substitution_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, substitution_ops, SPD_COUNT(substitution_ops),
                   shop, err);
}
