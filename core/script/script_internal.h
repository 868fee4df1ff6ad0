/* What the parts of the script floor share. */
#ifndef SPOOLD_SCRIPT_SCRIPT_INTERNAL_H
#define SPOOLD_SCRIPT_SCRIPT_INTERNAL_H

#include "script/process.h"
#include "script/rule.h"
#include "script/script.h"

/* How a check ended: the text is fine, is not, or nobody could tell. */
enum checked { CHECKED_FINE, CHECKED_BAD, CHECKED_NOT };
typedef void checked_fn(void *arg, enum checked how, const char *error);

enum task_kind { TASK_LOAD, TASK_DROP, TASK_TELL, TASK_CHECK, TASK_ASK };

/* Something the process was asked to do, in the order it does it: the first one
 * is what it is at. */
struct task {
    struct task *next;
    int64_t n, number; /* of the rule, which may be gone by now */
    enum task_kind kind;
    int64_t seq; /* TASK_TELL: of the event; 0: an hour has come */
    int depth;   /* and how far it is from what no rule did */
    checked_fn *checked;
    void *arg;
};

struct asked;
struct folder;
struct veto;

struct script {
    struct script_options options;
    char *program;
    struct rule *rules;
    struct process *process; /* NULL: none runs */
    struct task *first, **last;
    size_t task_count, loading;
    int64_t last_n, last_number;
    /* the journal: sent, dealt with, and that known to the store */
    int64_t sent_seq, done_seq, saved_seq;
    struct journal_follower follower;
    struct timer *deadline, *restart, *saver, *clock;
    int64_t began_used_ms; /* the process's time when the first task began */
    unsigned stretched;    /* how often its deadline was put off */
    bool overdue;          /* killed for it */
    unsigned failures;     /* to stay alive, in a row */
    bool is_missing;       /* and that was said */
    struct asked *asked;   /* the operation the process waits for */
    struct folder *folder;
    struct veto *veto;
    bool started;
};

/* -- script.c -- */
struct rule *script_find(struct script *script, spd_str name);
/* A new rule: taken, and loaded when it may be. */
void script_adopt(struct script *script, struct rule *rule);
/* Its text or whether it may run has changed. */
void script_reload(struct script *script, struct rule *rule);
void script_remove(struct script *script, struct rule *rule);
/* Would this text load? Answered later, once. */
void script_check(struct script *script, spd_str name, spd_str source,
                  checked_fn *fn, void *arg);
/* Something of a rule's life is to be kept. */
void script_save_soon(struct script *script);
/* What the process is at; NULL: nothing. */
struct rule *script_running(const struct script *script);
/* A task behind all others, and the message that says it. */
struct task *script_task(struct script *script, enum task_kind kind,
                         int64_t number);
spd_jsonw script_begin(const struct task *task, const char *what,
                       struct buf *message);
void script_end(struct script *script, struct buf *message, spd_jsonw *w);
void script_send(struct script *script, const struct buf *message);
/* It has the ball again: its time runs anew. */
void script_time(struct script *script);

/* -- calls.c: what a rule does in the shop -- */
void call_by_rule(struct script *script, struct rule *rule,
                  const spd_json *message);
/* Nobody waits for it any more. */
void call_by_rule_forget(struct script *script);

/* -- folder.c: rules that are files -- */
struct folder *folder_new(struct script *script, const char *path);
void folder_free(struct folder *folder);

#endif
