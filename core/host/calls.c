#include "host/calls.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/host_internal.h"

enum {
    ANSWER_WITHIN_MS = 60 * 1000,
    SLOTS_MAX = 4096,
    /* A handle: slot, generation and guest, from the lowest bit. */
    SLOT_BITS = 16,
    GENERATION_BITS = 24,
};

struct slot {
    struct call *call; /* NULL: free */
    struct guest *guest;
    struct timer *late;
    uint32_t generation, number;
};

struct call_slots {
    struct slot *slots[SLOTS_MAX]; /* made when needed; they do not move */
    uint32_t count;
};

struct call_slots *calls_new(void)
{
    return mem_new(sizeof(struct call_slots));
}

void calls_free(struct call_slots *calls)
{
    if (calls == NULL)
        return;
    for (uint32_t i = 0; i < calls->count; i++) {
        assert(calls->slots[i]->call == NULL);
        timer_free(calls->slots[i]->late);
        free(calls->slots[i]);
    }
    free(calls);
}

/* Slot numbers are from 1, so that no handle is NULL. */
static uint64_t number_of(const struct slot *slot)
{
    return (uint64_t)(slot->number + 1) |
           (uint64_t)slot->generation << SLOT_BITS |
           (uint64_t)slot->guest->number << (SLOT_BITS + GENERATION_BITS);
}

static spd_call *handle_of(const struct slot *slot)
{
    return (spd_call *)(uintptr_t)number_of(slot);
}

static const char *name_in(const struct host *host, uint64_t number)
{
    uint64_t wanted = number >> (SLOT_BITS + GENERATION_BITS);
    for (const struct guest *g = host->guests; g != NULL; g = g->next)
        if (g->number == wanted)
            return g->name;
    return "host";
}

static struct call *close_slot(struct slot *slot)
{
    struct call *call = slot->call;
    slot->call = NULL;
    slot->generation = (slot->generation + 1) & ((1u << GENERATION_BITS) - 1);
    timer_stop(slot->late);
    return call;
}

static void on_late(void *arg)
{
    struct slot *slot = arg;
    struct guest *guest = slot->guest;
    const char *name = slot->call->op->name;
    log_error(guest->name, "bug in the plugin: %s was not answered in %d s",
              name, ANSWER_WITHIN_MS / 1000);
    struct call *call = close_slot(slot);
    call_refuse(call, REFUSE_BUG, "the plugin %s did not answer %s",
                guest->name, name);
    call_end(call);
}

static struct slot *free_slot(struct call_slots *calls, struct loop *loop)
{
    for (uint32_t i = 0; i < calls->count; i++)
        if (calls->slots[i]->call == NULL)
            return calls->slots[i];
    if (calls->count == SLOTS_MAX)
        return NULL;
    struct slot *slot = mem_new(sizeof(*slot));
    slot->number = calls->count;
    slot->late = timer_new(loop, on_late, slot);
    calls->slots[calls->count++] = slot;
    return slot;
}

spd_call *calls_open(struct guest *guest, struct call *call)
{
    struct slot *slot =
        free_slot(guest->host->calls, guest->host->options.loop);
    if (slot == NULL)
        return NULL;
    slot->call = call;
    slot->guest = guest;
    timer_set(slot->late, ANSWER_WITHIN_MS, 0);
    return handle_of(slot);
}

struct call *calls_take(struct host *host, spd_call *handle, const char *what)
{
    uint64_t number = (uint64_t)(uintptr_t)handle;
    const char *name = name_in(host, number);
    if (!loop_is_here(host->options.loop)) {
        log_error(name,
                  "bug in the plugin: called %s from another thread than the "
                  "loop's",
                  what);
        return NULL;
    }
    uint64_t place = number & ((1u << SLOT_BITS) - 1);
    if (place >= 1 && place <= host->calls->count) {
        struct slot *slot = host->calls->slots[place - 1];
        if (slot->call != NULL && number_of(slot) == number)
            return close_slot(slot);
    }
    log_error(name,
              "bug in the plugin: %s for a call that is over: answered "
              "twice, or too late",
              what);
    return NULL;
}

void calls_end(struct guest *guest)
{
    struct call_slots *calls = guest->host->calls;
    for (uint32_t i = 0; i < calls->count; i++) {
        struct slot *slot = calls->slots[i];
        if (slot->call == NULL || slot->guest != guest)
            continue;
        log_warn(guest->name, "%s was left unanswered at its stop",
                 slot->call->op->name);
        struct call *call = close_slot(slot);
        call_refuse(call, REFUSE_UNAVAILABLE, "the plugin %s is stopping",
                    guest->name);
        call_end(call);
    }
}
