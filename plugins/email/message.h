/* A mail, ready for the wire: RFC 5322 with MIME inside.
 *
 * Every line ends in CRLF and has 76 characters at most, all of it is ASCII,
 * and no value given can add a header or end the body: headers take no control
 * characters, bodies are encoded.  Dots at line starts are the sender's.
 *
 * Pure.  Knows nothing of prints, and of no server. */
#ifndef EMAIL_MESSAGE_H
#define EMAIL_MESSAGE_H

#include "address.h"
#include "text.h"

struct message { /* borrowed views, UTF-8; what is wrong in it is replaced */
    int64_t date_ms;
    const struct address *from;
    const struct addresses *to;
    spd_str id;     /* unique; the part before the @ of our own domain */
    spd_str thread; /* the same in all that belong together; "": none */
    spd_str subject;
    spd_str text;    /* lines may end as they like */
    spd_str html;    /* <img src="cid:picture"> shows the picture */
    spd_str picture; /* a PNG file; "": none */
};

/* Appended to `out`. */
void message_write(const struct message *message, struct text *out);

#endif
