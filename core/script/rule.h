/* A rule: what the shop keeps of it, and how it has done. */
#ifndef SPOOLD_SCRIPT_RULE_H
#define SPOOLD_SCRIPT_RULE_H

#include "base/field.h"
#include "loop/loop.h"
#include "store/journal.h"

enum {
    RULE_NAME_MAX = 40,
    RULE_SOURCE_MAX = 64 * 1024,
    RULE_OFFENCES_MAX = 3, /* then it is switched off */
    RULE_LOG_LINES = 100,
    RULE_MARKS = 16,
};

/* What a person writes, and what is shown. */
struct rule_text {
    spd_str name, source;
    int role; /* enum rule_role */
    bool enabled;
    /* shown only */
    bool is_file, loaded;
    struct list hooks; /* of spd_str */
    int64_t runs, errors, offences;
    int64_t last_run_at, last_us;
    spd_str last_error, switched_off;
    int64_t last_line;
    int64_t created_at, updated_at;
};
extern const struct fields rule_fields;

enum rule_role { RULE_VIEWER, RULE_OPERATOR, RULE_MANAGER };
enum spd_role rule_role(int role);

struct log_line {
    int64_t at_ms;
    char *text;
};

/* Up to which event what it did goes, and how far that is from what no rule
 * did. */
struct mark {
    int64_t upto_seq;
    int depth;
};

/* In memory. */
struct rule {
    struct rule *next;
    int64_t number; /* as the process knows it; another each time it is read */
    char name[RULE_NAME_MAX + 1];
    char *source; /* NULL: it is gone, and freed when nothing is under way */
    int role;
    bool enabled, is_file;
    int64_t created_at, updated_at;
    /* loading */
    bool loaded;
    bool broken; /* its text did not load */
    char **hooks;
    size_t hook_count;
    int64_t *due_ms; /* of each hook that is an hour; 0: it is none */
    /* its life, kept in the store */
    int64_t seen_seq; /* told of everything up to this event */
    int64_t runs, errors, offences, last_run_at, last_us, last_line;
    char *last_error, *switched_off; /* NULL: none, not */
    char *state;                     /* JSON; NULL: none yet */
    uint64_t version, saved;         /* of the life */
    /* of today */
    unsigned deaths; /* of the process at its hands, in a row */
    struct log_line log[RULE_LOG_LINES];
    size_t log_count;
    struct mark marks[RULE_MARKS];
    size_t mark_count;
};

struct rule *rule_new(spd_str name);
void rule_free(struct rule *rule);

/* Letters, digits, - and _: what a file may be called, too. */
bool rule_is_name(spd_str name);

/* Not switched off by anybody. */
bool rule_may_run(const struct rule *rule);
void rule_set_source(struct rule *rule, spd_str source);
/* NULL: none. */
void rule_set_text(char **text, spd_str now);
bool rule_wants(const struct rule *rule, spd_str topic);
/* Has it a function of that name, to be asked? */
bool rule_answers(const struct rule *rule, const char *hook);
void rule_set_hooks(struct rule *rule, const spd_json *hooks, int64_t now_ms);
void rule_say(struct rule *rule, int64_t at_ms, spd_str text);

/* All there is to show; texts and lists are borrowed from the rule, lists live
 * in `arena`. */
void rule_show(const struct rule *rule, struct arena *arena,
               struct rule_text *text);

/* -- in the store -- */

/* What a person wrote, of those that are no files. */
spd_err rule_save(spd_txn *txn, const struct rule *rule, struct spd_error *err);
spd_err rule_forget(spd_txn *txn, spd_str name, struct spd_error *err);
/* How it has done. */
spd_err rule_save_life(spd_txn *txn, const struct rule *rule,
                       struct spd_error *err);
/* False: it had none before. */
bool rule_load_life(spd_txn *txn, struct rule *rule);

/* Each that is kept; the rule is taken. */
void rule_each_kept(spd_txn *txn, void (*fn)(void *arg, struct rule *rule),
                    void *arg);

#endif
