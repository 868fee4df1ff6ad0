/* The table itself: adding, finding, removing rows. */
#include "ops/ops.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/ops_internal.h"

static const struct field id_param_rows[] = {
    FIELD(id_param, id, FIELD_ID, "which one", .flags = FIELD_REQUIRED),
};
const struct fields id_param_fields = TABLE("id", id_param, id_param_rows);

static const struct field page_param_rows[] = { PAGE_ROWS(page_param, page) };
const struct fields page_param_fields =
    TABLE("page", page_param, page_param_rows);

struct ops *ops_new(struct store *store)
{
    struct ops *ops = mem_new(sizeof(*ops));
    ops->store = store;
    return ops;
}

void ops_free(struct ops *ops)
{
    if (ops == NULL)
        return;
    assert(ops->calls == NULL && "doors close before the table goes");
    routes_free(ops->routes);
    free(ops->entries);
    free(ops);
}

/* Where `name` stands in the ordered table, or would stand. */
static size_t place_of(const struct ops *ops, spd_str name)
{
    size_t low = 0, high = ops->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (str_compare(str_of(ops->entries[middle].op->name), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct entry *ops_entry(const struct ops *ops, spd_str name)
{
    size_t place = place_of(ops, name);
    if (place == ops->count || !str_is(name, ops->entries[place].op->name))
        return NULL;
    return &ops->entries[place];
}

static bool one_kind(uint32_t flags)
{
    uint32_t kind = flags & (OP_READ | OP_WRITE | OP_LATER | OP_EVENTS);
    return kind != 0 && (kind & (kind - 1)) == 0;
}

static spd_err judge_row(const struct ops *ops, const struct op *op,
                         struct spd_error *err)
{
    if (op->name == NULL || op->doc == NULL || !one_kind(op->flags) ||
        (op->run == NULL && (op->flags & OP_EVENTS) == 0))
        return error_set(err, SPD_EINVAL,
                         "the operation %s lacks a name, a doc, a kind or a "
                         "function",
                         op->name == NULL ? "(no name)" : op->name);
    bool is_public = (op->flags & OP_PUBLIC) != 0;
    if (is_public != (op->role == 0) || op->role > SPD_ADMIN)
        return error_set(err, SPD_EINVAL,
                         "the operation %s must state the least role that may "
                         "call it",
                         op->name);
    if (ops_entry(ops, str_of(op->name)) != NULL)
        return error_set(err, SPD_EEXIST, "there is an operation %s already",
                         op->name);
    return SPD_OK;
}

static void insert(struct ops *ops, const struct op *op, void *self)
{
    size_t place = place_of(ops, str_of(op->name));
    ops->entries =
        mem_resize(ops->entries, (ops->count + 1) * sizeof(*ops->entries));
    memmove(ops->entries + place + 1, ops->entries + place,
            (ops->count - place) * sizeof(*ops->entries));
    ops->entries[place] = (struct entry){ op, self };
    ops->count++;
}

static spd_err add_row(struct ops *ops, const struct op *op, void *self,
                       struct spd_error *err)
{
    spd_err rc = judge_row(ops, op, err);
    if (rc == SPD_OK && op->route != NULL)
        rc = routes_add(&ops->routes, op, err);
    if (rc == SPD_OK)
        insert(ops, op, self);
    return rc;
}

spd_err ops_add(struct ops *ops, const struct op *rows, size_t count,
                void *self, struct spd_error *err)
{
    for (size_t i = 0; i < count; i++) {
        spd_err rc = add_row(ops, &rows[i], self, err);
        if (rc != SPD_OK) {
            ops_remove(ops, rows, i);
            return rc;
        }
    }
    return SPD_OK;
}

static void end_calls_of(struct ops *ops, const struct op *op)
{
    struct live_call *next;
    for (struct live_call *live = ops->calls; live != NULL; live = next) {
        next = live->next;
        if (live->call.op != op || (op->flags & OP_LATER) == 0)
            continue;
        call_refuse(&live->call, REFUSE_UNAVAILABLE,
                    "%s went away before it answered; ask again later",
                    op->name);
        call_end(&live->call);
    }
}

static void rebuild_routes(struct ops *ops)
{
    routes_free(ops->routes);
    ops->routes = NULL;
    for (size_t i = 0; i < ops->count; i++)
        if (ops->entries[i].op->route != NULL)
            routes_add(&ops->routes, ops->entries[i].op, NULL);
}

void ops_remove(struct ops *ops, const struct op *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = ops_entry(ops, str_of(rows[i].name));
        if (entry == NULL || entry->op != &rows[i])
            continue;
        end_calls_of(ops, entry->op);
        size_t place = (size_t)(entry - ops->entries);
        memmove(entry, entry + 1,
                (ops->count - place - 1) * sizeof(*ops->entries));
        ops->count--;
    }
    rebuild_routes(ops);
}

const struct op *ops_find(const struct ops *ops, spd_str name)
{
    const struct entry *entry = ops_entry(ops, name);
    return entry == NULL ? NULL : entry->op;
}

size_t ops_count(const struct ops *ops)
{
    return ops->count;
}

const struct op *ops_at(const struct ops *ops, size_t index)
{
    return ops->entries[index].op;
}

bool op_allows(const struct op *op, const struct actor *actor)
{
    return (op->flags & OP_PUBLIC) != 0 || actor->role >= op->role;
}
