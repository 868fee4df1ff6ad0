#include "loop/ticket.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

struct promise {
    struct promise *next;
    struct tickets *home;
    uintptr_t number;
    const char *who;
    ticket_fn *fn;
    void *arg;
    struct timer *late;
};

struct tickets {
    struct loop *loop;
    struct promise *open; /* a handful at a time */
    uintptr_t last_number;
    bool ended;
};

struct tickets *tickets_new(struct loop *loop)
{
    struct tickets *tickets = mem_new(sizeof(*tickets));
    tickets->loop = loop;
    return tickets;
}

static struct promise **find(struct tickets *tickets, const spd_ticket *ticket)
{
    struct promise **at = &tickets->open;
    while (*at != NULL && (*at)->number != (uintptr_t)ticket)
        at = &(*at)->next;
    return at;
}

static void unlink_promise(struct promise **at)
{
    struct promise *promise = *at;
    *at = promise->next;
    timer_free(promise->late);
    free(promise);
}

/* It is off the list before fn runs, which may make and end others. */
static void settle(struct promise **at, spd_str result,
                   const struct spd_error *err)
{
    ticket_fn *fn = (*at)->fn;
    void *arg = (*at)->arg;
    unlink_promise(at);
    fn(arg, result, err);
}

void tickets_end(struct tickets *tickets)
{
    if (tickets == NULL)
        return;
    struct spd_error gone;
    error_set(&gone, SPD_ECANCELED, "the server is stopping");
    while (tickets->open != NULL)
        settle(&tickets->open, STR(""), &gone);
    tickets->ended = true;
}

void tickets_free(struct tickets *tickets)
{
    tickets_end(tickets);
    free(tickets);
}

static void on_late(void *arg)
{
    struct promise *promise = arg;
    struct spd_error late;
    error_set(&late, SPD_EIO, "%s did not answer in time", promise->who);
    log_warn(promise->who, "did not finish what it was asked in time");
    struct promise **at =
        find(promise->home, (const spd_ticket *)promise->number);
    settle(at, STR(""), &late);
}

spd_ticket *ticket_new(struct tickets *tickets, const char *who,
                       int64_t late_ms, ticket_fn *fn, void *arg)
{
    struct promise *promise = mem_new(sizeof(*promise));
    *promise = (struct promise){
        .next = tickets->open,
        .home = tickets,
        .number = ++tickets->last_number,
        .who = who,
        .fn = fn,
        .arg = arg,
    };
    tickets->open = promise;
    if (late_ms > 0) {
        promise->late = timer_new(tickets->loop, on_late, promise);
        timer_set(promise->late, late_ms, 0);
    }
    return (spd_ticket *)promise->number;
}

/* A finish on its way from any thread to the loop. */
struct finish {
    struct tickets *tickets;
    spd_ticket *ticket;
    char *result;
    size_t result_len;
    bool failed;
    struct spd_error err;
};

static void finish_here(void *arg)
{
    struct finish *finish = arg;
    struct promise **at = find(finish->tickets, finish->ticket);
    if (*at != NULL)
        settle(at, (spd_str){ finish->result, finish->result_len },
               finish->failed ? &finish->err : NULL);
    else if (!finish->tickets->ended)
        log_warn("ticket", "number %zu was finished twice, or too late",
                 (size_t)(uintptr_t)finish->ticket);
    free(finish->result);
    free(finish);
}

void ticket_finish(struct tickets *tickets, spd_ticket *ticket, spd_str result,
                   const struct spd_error *err)
{
    struct finish *finish = mem_new(sizeof(*finish));
    *finish = (struct finish){
        .tickets = tickets,
        .ticket = ticket,
        .result = mem_text(result),
        .result_len = result.len,
        .failed = err != NULL,
    };
    if (err != NULL)
        finish->err = *err;
    loop_post(tickets->loop, finish_here, finish);
}

void ticket_forget(struct tickets *tickets, spd_ticket *ticket)
{
    struct promise **at = find(tickets, ticket);
    if (*at != NULL)
        unlink_promise(at);
}

bool ticket_is_open(const struct tickets *tickets, const spd_ticket *ticket)
{
    const struct promise *promise = tickets->open;
    while (promise != NULL && promise->number != (uintptr_t)ticket)
        promise = promise->next;
    return promise != NULL;
}
