/* Sentences for people, and the codes they stand for.
 *
 * Tables only.  The texts are our own, and of what a farm meets: what is not
 * listed is shown by its code, with a link to the maker's explanation. */
#ifndef BAMBU_WORDS_H
#define BAMBU_WORDS_H

#include "report.h"

enum sentence {
    SAY_NOTHING,
    SAY_REFUSED,
    SAY_SILENT,
    SAY_STALE,
    SAY_NOT_FOUND,
    SAY_NO_ANSWER,
    SAY_NO_TLS,
    SAY_OTHER_SERIAL,
    SAY_KEY_CHANGED,
    SAY_LOST,
    SAY_DEAF,
    SAY_DEVELOPER_MODE,
    SAY_COUNT
};

/* Static. */
const char *sentence(enum sentence which);

/* What the printer does, from stg_cur; "" when there is nothing to say. */
const char *stage_text(int64_t stg_cur);

enum { CODE_CHARS = 32, CODE_TEXT_CHARS = 200 };

/* "0500_C010" and what it means. */
void error_code(uint32_t print_error, char *out, size_t size);
void error_text(uint32_t print_error, char *out, size_t size);
/* Where the maker explains such codes; there is no page for each. Static. */
const char *error_link(void);
/* Low numbers are states, not faults, and a stop is not a fault either. */
bool error_is_fault(int64_t print_error);

void hms_code(const struct hms *h, char *out, size_t size);
void hms_text(const struct hms *h, char *out, size_t size);
/* Where the maker explains it. */
void hms_link(const struct hms *h, char *out, size_t size);
const char *hms_severity(const struct hms *h); /* static */

/* Do the printer's words mean that it wants signed commands? */
bool hms_wants_signature(const struct hms *h);
bool error_wants_signature(int64_t err_code);

/* The printer could not read the file it was told to print. */
bool error_is_unreadable_file(int64_t print_error);

#endif
