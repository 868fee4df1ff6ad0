/* GET /api/plan: made in slices, while the shop is served. */
#include <stdlib.h>

#include "engine/queue/plan.h"

enum { PLANS_MAX = 4 };

/* A plan that somebody waits for. */
struct planning {
    struct planning *next;
    struct plan *plan;
    struct call *call;
    struct timer *timer;
};

struct plan_param {
    int64_t hours, changeover_minutes;
};
static const struct field plan_param_rows[] = {
    FIELD(plan_param, hours, FIELD_INT, "how far to look ahead", .min = 1,
          .max = 168, .fallback = "24"),
    FIELD(plan_param, changeover_minutes, FIELD_INT,
          "minutes from the end of a print to the start of the next",
          .max = 1440, .fallback = "10"),
};
static const struct fields plan_param_fields =
    TABLE("plan_param", plan_param, plan_param_rows);

static void planning_end(struct planning *planning)
{
    struct planning **at = &planning->plan->engine->plannings;
    while (*at != planning)
        at = &(*at)->next;
    *at = planning->next;
    call_end(planning->call);
    plan_free(planning->plan);
    timer_free(planning->timer);
    free(planning);
}

void plannings_end(struct engine *engine)
{
    while (engine->plannings != NULL) {
        call_refuse(engine->plannings->call, REFUSE_UNAVAILABLE,
                    "spoold is being stopped");
        planning_end(engine->plannings);
    }
}

static void on_timer(void *arg)
{
    struct planning *planning = arg;
    struct plan *plan = planning->plan;
    struct call *call = planning->call;
    spd_txn *txn = store_read(plan->engine->shop->store);
    bool goes_on = plan_step(plan, txn);
    store_read_end(txn);
    if (goes_on) {
        timer_set(planning->timer, 0, 0); /* in the next turn */
        return;
    }
    plan_write(plan, call_reply(call), &call->arena);
    planning_end(planning);
}

static size_t count_plannings(const struct engine *engine)
{
    size_t count = 0;
    for (const struct planning *p = engine->plannings; p != NULL; p = p->next)
        count++;
    return count;
}

static spd_err run_plan(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct engine *engine = call->self;
    const struct plan_param *param = call->params;
    if (count_plannings(engine) == PLANS_MAX)
        return call_refuse(call, REFUSE_TOO_MANY,
                           "%d plans are being made already; ask again in a "
                           "moment",
                           PLANS_MAX);
    struct planning *planning = mem_new(sizeof(*planning));
    *planning = (struct planning){
        .next = engine->plannings,
        .plan = plan_new(engine, param->hours,
                         param->changeover_minutes * 60 * 1000),
        .call = call,
        .timer = timer_new(engine->shop->loop, on_timer, planning),
    };
    engine->plannings = planning;
    timer_set(planning->timer, 0, 0);
    return SPD_OK;
}

static const struct op plan_ops[] = {
    { .name = "plan.show",
      .route = "GET /api/plan",
      .doc = "What the farm would print in the next hours, which jobs would be "
             "late, and which spools to load by when",
      .role = SPD_VIEWER,
      .flags = OP_LATER,
      .params = &plan_param_fields,
      .reply = &plan_fields,
      .run = run_plan },
};

spd_err plan_add_ops(struct engine *engine, struct spd_error *err)
{
    return ops_add(engine->shop->ops, plan_ops, SPD_COUNT(plan_ops), engine,
                   err);
}
