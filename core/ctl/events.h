/* A stream of events, read out of text/event-stream and shown line by line.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html, section
 * 9.2.6 */
#ifndef SPOOLD_CTL_EVENTS_H
#define SPOOLD_CTL_EVENTS_H

#include "base/buf.h"

enum { EVENT_MAX_BYTES = 1024 * 1024 }; /* a longer one is dropped */

/* Zero it, set the function. Owned: event_reader_fini. */
struct event_reader {
    void (*on_event)(void *arg, spd_str name, spd_str data);
    void *arg;
    struct buf line, name, data;
    struct buf last_id; /* of the last whole event; kept over connections */
    struct buf id;
    bool after_return; /* a line feed that follows belongs to it */
    bool too_long;
};
void event_reader_feed(struct event_reader *reader, spd_str piece);
/* A new connection: forget what was half read. */
void event_reader_restart(struct event_reader *reader);
void event_reader_fini(struct event_reader *reader);

/* Append "2026-11-22 14:05:09  print.started  spoold  printer_id=3 job_id=7":
 * when, what, who, and what the event says. */
void event_put(struct buf *out, spd_str name, spd_str data);

#endif
