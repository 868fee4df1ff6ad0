/* Words: which events people are told of, and how that reads.
 *
 * The one place for these texts: another language is another such table.  What
 * stands in braces is filled in from the event's data (template.h); a line that
 * needs what is not there is left out. */
#ifndef SPOOLD_SHOP_WORDS_H
#define SPOOLD_SHOP_WORDS_H

#include "base/buf.h"
#include "base/json.h"

enum severity {
    SEVERITY_INFO,
    SEVERITY_SUCCESS,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
};
extern const char *const severity_names[];

/* Which of a printer's switches decides whether it is told. */
enum notify_switch {
    NOTIFY_ALWAYS, /* none: it is about more than a printer, or too grave */
    NOTIFY_ASKED,  /* none: told only where a channel names the topic */
    NOTIFY_START,
    NOTIFY_COMPLETE,
    NOTIFY_FAILED,
    NOTIFY_MATERIAL,
    NOTIFY_MAINTENANCE,
};

struct words {
    const char *topic;   /* of the journal */
    const char *subject; /* what its data is: "job", "printer", ...; a member
                            of the event's */
    enum notify_switch by;
    enum severity severity;
    const char *doc; /* one line: when is it told? */
    const char *title, *text;
    const char *page; /* where to act, behind the shop's address */
    /* NULL: always; else only of such data. */
    bool (*when)(const spd_json *data);
};

/* NULL: nobody is told of such an event. */
const struct words *words_find(spd_str topic, const spd_json *data);
/* All, in order; NULL behind the last. */
const struct words *words_at(size_t index);
/* Does the pattern ("print.*") fit a topic that is told? */
bool words_fit(spd_str pattern);

/* A small table beside the text: a name, and what stands there. */
struct fact_words {
    const char *name, *value;
};
/* Ends with a row without a name. */
extern const struct fact_words words_facts[];

/* Words of messages that gather others; {{count}} is how many. */
extern const struct words words_digest, words_summary, words_test;

#endif
