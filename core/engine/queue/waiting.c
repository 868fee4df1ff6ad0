#include "engine/queue/waiting.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "engine/queue/plates.h"

enum {
    EMPTY_ASKS_MAX = 64,
};

struct waiting {
    void *waiters, *asks, *queues; /* trees: by id, key, printer */
    struct line asleep;            /* by the hour they wait for */
    size_t count, ask_count, empty_count;
    uint64_t generation;
    struct buf key;
    struct plates *plates;
    struct pools pools;
    bool is_loading; /* many at once: what is in lines is sorted in the end */
};

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* -- trees -- */

static int by_id(const void *a, const void *b)
{
    return compare(((const struct waiter *)a)->id,
                   ((const struct waiter *)b)->id);
}

static int by_key(const void *a, const void *b)
{
    return str_compare(buf_str(&((const struct ask *)a)->key),
                       buf_str(&((const struct ask *)b)->key));
}

static int by_printer(const void *a, const void *b)
{
    return compare(((const struct queue *)a)->printer_id,
                   ((const struct queue *)b)->printer_id);
}

static void *found(void *node)
{
    return node == NULL ? NULL : *(void **)node;
}

/* -- asks -- */

static struct list copy_list(const struct list *from, size_t item_bytes,
                             struct arena *arena)
{
    struct list list = { arena_new(arena, from->count * item_bytes),
                         from->count };
    if (from->count > 0)
        memcpy(list.items, from->items, from->count * item_bytes);
    return list;
}

static struct list copy_texts(const struct list *from, struct arena *arena)
{
    struct list list = copy_list(from, sizeof(spd_str), arena);
    spd_str *texts = list.items;
    for (size_t i = 0; i < list.count; i++)
        texts[i] = arena_str(arena, texts[i]);
    return list;
}

/* Only the slots: what filament it is to be, the ask's plate says. */
static struct list copy_needs(const struct list *from, struct arena *arena)
{
    struct list list = copy_list(from, sizeof(struct need), arena);
    struct need *needs = list.items;
    for (size_t i = 0; i < list.count; i++)
        needs[i].material_type = needs[i].color = (spd_str){ NULL, 0 };
    return list;
}

/* As the job wants it. */
static struct sliced_plate copy_wanted(const struct job *job,
                                       const struct sliced_plate *from,
                                       struct arena *arena)
{
    struct sliced_plate plate = plate_copy(from, arena);
    struct sliced_filament *filaments = plate.filaments.items;
    for (size_t i = 0; i < plate.filaments.count; i++) {
        filaments[i] = match_filament(job, &filaments[i]);
        filaments[i].type = arena_str(arena, filaments[i].type);
        filaments[i].color = arena_str(arena, filaments[i].color);
    }
    return plate;
}

/* Of what matching looks at, for a job whose hour has come. */
static struct job copy_job(const struct job *from, struct arena *arena)
{
    return (struct job){
        .printer_id = from->printer_id,
        .stays_on = from->stays_on,
        .status = JOB_QUEUED,
        .phase = PHASE_WAITING,
        .file_id = from->file_id,
        .plate = from->plate,
        .material_slot = from->material_slot,
        .needs = copy_needs(&from->needs, arena),
        .tags = copy_texts(&from->tags, arena),
        .color_distance = from->color_distance,
        .attended = from->attended,
        .avoids = copy_list(&from->avoids, sizeof(struct avoid), arena),
        .models = copy_texts(&from->models, arena),
        .nozzle_diameter_mm = from->nozzle_diameter_mm,
        .plate_type = arena_str(arena, from->plate_type),
    };
}

static struct queue *queue_of(struct waiting *waiting, int64_t printer_id)
{
    const struct queue sought = { .printer_id = printer_id };
    struct queue *queue = found(tfind(&sought, &waiting->queues, by_printer));
    if (queue != NULL)
        return queue;
    queue = mem_new(sizeof(*queue));
    queue->printer_id = printer_id;
    tsearch(queue, &waiting->queues, by_printer);
    return queue;
}

static void join_pools(struct waiting *waiting, struct ask *ask)
{
    const struct sliced_filament *filaments = ask->plate.filaments.items;
    size_t count = ask->plate.filaments.count;
    ask->pools = arena_new(&ask->arena, count * sizeof(*ask->pools));
    for (size_t i = 0; i < count; i++)
        ask->pools[i] = pools_join(
            &waiting->pools,
            &(struct filament){ filaments[i].type, filaments[i].color });
}

static bool is_placed(const struct ask *ask)
{
    const struct sliced_filament *filaments = ask->plate.filaments.items;
    for (size_t i = 0; i < ask->plate.filaments.count; i++)
        if (match_chosen_slot(&ask->job, &ask->plate, filaments[i].id) !=
            INT_NONE)
            return ask->printer_id != 0;
    return false;
}

static struct ask *add_ask(struct waiting *waiting, const struct job *job,
                           const struct sliced_plate *plate)
{
    struct ask *ask = mem_new(sizeof(*ask));
    ask->printer_id = job_only_printer(job);
    ask->job = copy_job(job, &ask->arena);
    ask->plate = copy_wanted(job, plate, &ask->arena);
    ask->is_placed = is_placed(ask);
    join_pools(waiting, ask);
    buf_put(&ask->key, buf_str(&waiting->key));
    tsearch(ask, &waiting->asks, by_key);
    struct queue *queue = queue_of(waiting, ask->printer_id);
    if (queue->count == queue->room) {
        queue->room = queue->room == 0 ? 4 : queue->room * 2;
        queue->asks = mem_resize(queue->asks, queue->room * sizeof(ask));
    }
    queue->asks[queue->count++] = ask;
    waiting->ask_count++;
    waiting->empty_count++;
    return ask;
}

static struct ask *ask_of(struct waiting *waiting, const struct job *job,
                          const struct sliced_plate *plate)
{
    buf_clear(&waiting->key);
    match_key(job, plate, &waiting->key);
    const struct ask sought = { .key = waiting->key };
    struct ask *ask = found(tfind(&sought, &waiting->asks, by_key));
    return ask != NULL ? ask : add_ask(waiting, job, plate);
}

static void ask_free(struct ask *ask)
{
    free(ask->line.at);
    buf_fini(&ask->key);
    arena_fini(&ask->arena);
    free(ask);
}

static void sweep_queue(struct waiting *waiting, struct queue *queue)
{
    size_t kept = 0;
    for (size_t i = 0; i < queue->count; i++) {
        struct ask *ask = queue->asks[i];
        if (ask->holders > 0) {
            queue->asks[kept++] = ask;
            continue;
        }
        tdelete(ask, &waiting->asks, by_key);
        for (size_t p = 0; p < ask->plate.filaments.count; p++)
            pools_leave(&waiting->pools, ask->pools[p]);
        ask_free(ask);
        waiting->ask_count--;
    }
    queue->count = kept;
}

static void sweep_node(const void *node, VISIT visit, void *waiting)
{
    if (visit == postorder || visit == leaf)
        sweep_queue(waiting, *(struct queue *const *)node);
}

/* Asks that nobody holds are kept for the next such job, but not too many. */
static void sweep_asks(struct waiting *waiting)
{
    if (waiting->empty_count < EMPTY_ASKS_MAX ||
        waiting->empty_count < waiting->ask_count / 2)
        return;
    twalk_r(waiting->queues, sweep_node, waiting);
    waiting->empty_count = 0;
    waiting->generation++;
}

/* -- jobs come and go -- */

static int64_t all_copies_ms(const struct waiter *waiter)
{
    return waiter->estimated_ms * waiter->copies;
}

bool ask_is_first_of_pool(const struct ask *ask, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (ask->pools[j] == ask->pools[i])
            return false;
    return true;
}

/* `copies` more of it are waited for, or (below 0) fewer; `jobs` likewise. */
static void count_in_pools(const struct waiter *waiter, int64_t copies,
                           int jobs)
{
    const struct ask *ask = waiter->ask;
    for (size_t i = 0; i < ask->plate.filaments.count; i++) {
        struct pool *pool = ask->pools[i];
        pool->waiting_mg += waiter_milligrams(waiter, i) * copies;
        if (ask_is_first_of_pool(ask, i))
            pool->jobs += jobs;
    }
}

static void join_ask(struct waiting *waiting, struct waiter *waiter,
                     struct ask *ask)
{
    struct queue *queue = queue_of(waiting, ask->printer_id);
    waiter->ask = ask;
    if (ask->holders++ == 0)
        waiting->empty_count--;
    queue->estimated_ms += all_copies_ms(waiter);
    if (ask->is_placed && waiting->is_loading)
        line_add(&queue->placed, waiter);
    else if (ask->is_placed)
        line_put(&queue->placed, waiter, line_by_place);
}

static void leave_ask(struct waiting *waiting, struct waiter *waiter)
{
    struct ask *ask = waiter->ask;
    struct queue *queue = queue_of(waiting, ask->printer_id);
    struct line *placed = &queue->placed;
    queue->estimated_ms -= all_copies_ms(waiter);
    count_in_pools(waiter, -waiter->copies, -1);
    if (--ask->holders == 0)
        waiting->empty_count++;
    if (ask->is_placed)
        line_cut(placed, line_before(placed, waiter, line_by_place), 1);
}

static void hold_ask(struct waiting *waiting, struct waiter *waiter,
                     struct ask *ask, const struct sliced_plate *plate)
{
    const struct sliced_filament *filaments = plate->filaments.items;
    struct sliced_filament *least = ask->plate.filaments.items;
    for (size_t i = 0; i < plate->filaments.count; i++) {
        waiter->grams[i] = filaments[i].grams;
        if (filaments[i].grams < least[i].grams)
            least[i].grams = filaments[i].grams;
    }
    join_ask(waiting, waiter, ask);
    count_in_pools(waiter, waiter->copies, 1);
}

static int64_t estimated_ms(const struct job *job)
{
    int64_t minutes = job->estimated_duration_minutes;
    return minutes == INT_NONE ? 0 : minutes * 60000;
}

/* The job's waiter, in no line yet; NULL: dispatch has nothing to do with it.
 */
static struct waiter *add_waiter(struct waiting *waiting, spd_txn *txn,
                                 const struct job *job)
{
    if (!job_is_waiting(job) || job->held)
        return NULL;
    const struct sliced_plate *plate = plates_get(waiting->plates, txn, job);
    if (plate == NULL)
        return NULL;
    struct waiter *waiter =
        mem_new(sizeof(*waiter) + plate->filaments.count * sizeof(double));
    waiter->id = job->id;
    waiter->place = job_queue_place(job);
    waiter->start_ms = job->scheduled_start;
    waiter->ship_by_ms = job->ship_by;
    waiter->estimated_ms = estimated_ms(job);
    waiter->copies = job->copies - job->copies_done;
    waiter->stands = waiter->start_ms == 0;
    hold_ask(waiting, waiter, ask_of(waiting, job, plate), plate);
    tsearch(waiter, &waiting->waiters, by_id);
    waiting->count++;
    return waiter;
}

static struct line *line_of(struct waiting *waiting,
                            const struct waiter *waiter)
{
    return waiter->stands ? &waiter->ask->line : &waiting->asleep;
}

static line_order *order_of(const struct waiter *waiter)
{
    return waiter->stands ? line_by_place : line_by_hour;
}

void waiting_take(struct waiting *waiting, struct waiter *waiter)
{
    struct line *line = line_of(waiting, waiter);
    line_cut(line, line_before(line, waiter, order_of(waiter)), 1);
    leave_ask(waiting, waiter);
    tdelete(waiter, &waiting->waiters, by_id);
    waiting->count--;
    free(waiter);
}

void waiting_take_copy(struct waiting *waiting, struct waiter *waiter)
{
    if (waiter->copies <= 1) {
        waiting_take(waiting, waiter);
        return;
    }
    waiter->copies--;
    count_in_pools(waiter, -1, 0);
    queue_of(waiting, waiter->ask->printer_id)->estimated_ms -=
        waiter->estimated_ms;
}

void waiting_refresh(struct waiting *waiting, spd_txn *txn, int64_t job_id)
{
    const struct waiter sought = { .id = job_id };
    struct waiter *old = found(tfind(&sought, &waiting->waiters, by_id));
    struct waiter *now = NULL;
    struct arena arena = { 0 };
    struct job job;
    if (old != NULL)
        waiting_take(waiting, old);
    if (record_get(txn, &job_kind, job_id, &job, &arena, NULL) == SPD_OK)
        now = add_waiter(waiting, txn, &job);
    if (now != NULL)
        line_put(line_of(waiting, now), now, order_of(now));
    arena_fini(&arena);
}

int64_t waiting_wake(struct waiting *waiting, int64_t now_ms)
{
    struct line *asleep = &waiting->asleep;
    size_t due = 0;
    while (due < asleep->count && asleep->at[due]->start_ms <= now_ms) {
        struct waiter *waiter = asleep->at[due++];
        waiter->stands = true;
        line_put(&waiter->ask->line, waiter, line_by_place);
    }
    line_cut(asleep, 0, due);
    sweep_asks(waiting);
    return asleep->count == 0 ? 0 : asleep->at[0]->start_ms;
}

/* -- all of them -- */

struct loading {
    struct waiting *waiting;
    spd_txn *txn;
};

static bool load_job(void *arg, const void *record)
{
    const struct loading *loading = arg;
    struct waiting *waiting = loading->waiting;
    struct waiter *waiter = add_waiter(waiting, loading->txn, record);
    if (waiter != NULL)
        line_add(line_of(waiting, waiter), waiter);
    return true;
}

static void sort_node(const void *node, VISIT visit, void *arg)
{
    struct ask *ask = *(struct ask *const *)node;
    (void)arg;
    if (visit == postorder || visit == leaf)
        line_sort(&ask->line, line_by_place);
}

static void sort_placed(const void *node, VISIT visit, void *arg)
{
    struct queue *queue = *(struct queue *const *)node;
    (void)arg;
    if (visit == postorder || visit == leaf)
        line_sort(&queue->placed, line_by_place);
}

static void end_loading(struct waiting *waiting)
{
    waiting->is_loading = false;
    twalk_r(waiting->queues, sort_placed, NULL);
}

/* By status they come as they lie in the store. */
void waiting_load(struct waiting *waiting, spd_txn *txn)
{
    static const enum job_status open[] = { JOB_QUEUED, JOB_SCHEDULED };
    struct loading loading = { waiting, txn };
    waiting->is_loading = true;
    for (size_t i = 0; i < SPD_COUNT(open); i++) {
        struct key prefix;
        struct span span = job_status_span(0, open[i], &prefix);
        record_each(txn, &job_kind, &span, load_job, &loading);
    }
    twalk_r(waiting->asks, sort_node, NULL);
    line_sort(&waiting->asleep, line_by_hour);
    end_loading(waiting);
}

const struct pools *waiting_pools(const struct waiting *waiting)
{
    return &waiting->pools;
}

const struct line *waiting_asleep(const struct waiting *waiting)
{
    return &waiting->asleep;
}

size_t waiting_count(const struct waiting *waiting)
{
    return waiting->count;
}

const struct queue *waiting_queue(const struct waiting *waiting,
                                  int64_t printer_id)
{
    const struct queue sought = { .printer_id = printer_id };
    return found(tfind(&sought, &waiting->queues, by_printer));
}

uint64_t waiting_generation(const struct waiting *waiting)
{
    return waiting->generation;
}

struct ask_visit {
    void (*fn)(void *arg, const struct ask *ask);
    void *arg;
};

static void visit_ask(const void *node, VISIT order, void *arg)
{
    const struct ask_visit *visit = arg;
    if (order == postorder || order == leaf)
        visit->fn(visit->arg, *(struct ask *const *)node);
}

void waiting_each_ask(const struct waiting *waiting,
                      void (*fn)(void *arg, const struct ask *ask), void *arg)
{
    struct ask_visit visit = { fn, arg };
    twalk_r(waiting->asks, visit_ask, &visit);
}

struct visit {
    void (*fn)(void *arg, const struct waiter *waiter);
    void *arg;
};

static void visit_line(const struct line *line, const struct visit *visit)
{
    for (size_t i = 0; i < line->count; i++)
        visit->fn(visit->arg, line->at[i]);
}

static void visit_node(const void *node, VISIT order, void *visit)
{
    const struct ask *ask = *(struct ask *const *)node;
    if (order == postorder || order == leaf)
        visit_line(&ask->line, visit);
}

void waiting_each(const struct waiting *waiting,
                  void (*fn)(void *arg, const struct waiter *waiter), void *arg)
{
    struct visit visit = { fn, arg };
    twalk_r(waiting->asks, visit_node, &visit);
    visit_line(&waiting->asleep, &visit);
}

/* -- a copy: the same asks and lines, but nobody is found by id -- */

static void copy_line(struct waiting *copy, const struct line *from,
                      struct ask *ask)
{
    for (size_t i = 0; i < from->count; i++) {
        size_t filaments = from->at[i]->ask->plate.filaments.count;
        size_t size = sizeof(struct waiter) + filaments * sizeof(double);
        struct waiter *waiter = mem_resize(NULL, size);
        memcpy(waiter, from->at[i], size);
        join_ask(copy, waiter,
                 ask != NULL ? ask
                             : found(tfind(waiter->ask, &copy->asks, by_key)));
        line_add(line_of(copy, waiter), waiter);
        copy->count++;
    }
}

static void copy_ask(const void *node, VISIT order, void *arg)
{
    const struct ask *ask = *(struct ask *const *)node;
    struct waiting *copy = arg;
    if (order != postorder && order != leaf)
        return;
    buf_clear(&copy->key);
    buf_put(&copy->key, buf_str(&ask->key));
    copy_line(copy, &ask->line, add_ask(copy, &ask->job, &ask->plate));
}

struct waiting *waiting_copy(const struct waiting *from)
{
    struct waiting *copy = waiting_new();
    copy->is_loading = true;
    twalk_r(from->asks, copy_ask, copy);
    copy_line(copy, &from->asleep, NULL);
    pools_copy_sums(&copy->pools, &from->pools);
    end_loading(copy);
    return copy;
}

/* -- life -- */

struct waiting *waiting_new(void)
{
    struct waiting *waiting = mem_new(sizeof(*waiting));
    waiting->plates = plates_new();
    return waiting;
}

static void free_waiters(const struct line *line)
{
    for (size_t i = 0; i < line->count; i++)
        free(line->at[i]);
}

static void free_ask_node(void *node)
{
    struct ask *ask = node;
    free_waiters(&ask->line);
    ask_free(ask);
}

static void leave_node(void *node)
{
    (void)node; /* freed with the line it is in */
}

static void free_queue_node(void *node)
{
    struct queue *queue = node;
    free(queue->asks);
    free(queue->placed.at);
    free(queue);
}

void waiting_free(struct waiting *waiting)
{
    if (waiting == NULL)
        return;
    tdestroy(waiting->waiters, leave_node);
    tdestroy(waiting->asks, free_ask_node);
    tdestroy(waiting->queues, free_queue_node);
    plates_free(waiting->plates);
    pools_fini(&waiting->pools);
    buf_fini(&waiting->key);
    free_waiters(&waiting->asleep);
    free(waiting->asleep.at);
    free(waiting);
}
