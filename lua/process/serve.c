#include "lua/process/serve.h"

#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

#include "lua/process/rule.h"

struct service {
    struct link *link;
    struct rule *rules;
    struct buf out;
};

static struct rule **find(struct service *service, int64_t number)
{
    struct rule **at = &service->rules;
    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

static void drop(struct service *service, int64_t number)
{
    struct rule **at = find(service, number);
    struct rule *rule = *at;
    if (rule == NULL)
        return;
    *at = rule->next;
    rule_free(rule);
}

static void put_verdict(const struct verdict *verdict, spd_jsonw *w)
{
    if (!verdict->failed)
        return;
    jsonw_put_str(w, "error", str_of(verdict->text));
    jsonw_put_int(w, "line", verdict->line);
    jsonw_put_bool(w, "offended", verdict->offended);
}

/* -- what is asked for -- */

static void do_load(struct service *service, const spd_json *message,
                    spd_jsonw *w)
{
    int64_t number = json_as_int(json_member(message, "rule"), 0);
    struct verdict verdict = { true, false, 0, "there is no memory for it" };
    drop(service, number);
    struct rule *rule =
        rule_new(service->link, number,
                 json_as_str(json_member(message, "name"), STR("rule")));
    if (rule != NULL)
        verdict = rule_load(
            rule, json_as_str(json_member(message, "source"), STR("")),
            json_member(message, "state"));
    put_verdict(&verdict, w);
    if (verdict.failed) {
        rule_free(rule);
        return;
    }
    rule_write_hooks(rule, w);
    rule->next = service->rules;
    service->rules = rule;
}

static void do_drop(struct service *service, const spd_json *message,
                    spd_jsonw *w)
{
    (void)w;
    drop(service, json_as_int(json_member(message, "rule"), 0));
}

static void do_tell(struct service *service, const spd_json *message,
                    spd_jsonw *w)
{
    struct rule *rule =
        *find(service, json_as_int(json_member(message, "rule"), 0));
    if (rule == NULL)
        return;
    struct verdict verdict = rule_tell(rule, json_member(message, "event"));
    struct verdict kept = rule_write_state(rule, w);
    put_verdict(verdict.failed ? &verdict : &kept, w);
}

static void do_ask(struct service *service, const spd_json *message,
                   spd_jsonw *w)
{
    struct rule *rule =
        *find(service, json_as_int(json_member(message, "rule"), 0));
    char *hook = mem_text(json_as_str(json_member(message, "hook"), STR("")));
    struct question question = { hook, json_member(message, "args"),
                                 json_member(message, "each") };
    struct verdict verdict = { true, false, 0, "it is not there" };
    if (rule != NULL)
        verdict = rule_ask(rule, &question, w);
    put_verdict(&verdict, w);
    free(hook);
}

static const struct deed {
    const char *name;
    void (*fn)(struct service *service, const spd_json *message, spd_jsonw *w);
} deeds[] = {
    { "load", do_load },
    { "drop", do_drop },
    { "tell", do_tell },
    { "ask", do_ask },
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool reply_to(struct service *service, const spd_json *message)
{
    spd_str what = json_as_str(json_member(message, "do"), STR(""));
    int64_t began_us = now_us();
    spd_jsonw w;
    buf_clear(&service->out);
    jsonw_init(&w, &service->out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(&w, "done", json_as_int(json_member(message, "n"), 0));
    for (size_t i = 0; i < SPD_COUNT(deeds); i++)
        if (str_is(what, deeds[i].name))
            deeds[i].fn(service, message, &w);
    jsonw_put_int(&w, "us", now_us() - began_us);
    jsonw_end(&w);
    return link_send(service->link, buf_str(&service->out));
}

void serve(int fd)
{
    struct service service = { .link = link_new(fd) };
    bool goes_on = true;
    while (goes_on) {
        spd_json *message = link_next(service.link);
        goes_on = message != NULL && reply_to(&service, message);
        json_free(message);
    }
    while (service.rules != NULL)
        drop(&service, service.rules->number);
    buf_fini(&service.out);
    link_free(service.link);
}
