/* Words for a shell that completes command lines. */
#ifndef SPOOLD_CTL_COMPLETION_H
#define SPOOLD_CTL_COMPLETION_H

#include "ctl/description.h"

/* For ~/.bashrc; it asks "spoolctl completion words" while one types. */
extern const char completion_bash[];

/* Append what may follow these words, one a line: names of operations, or the
 * fields of the one that was named. */
void completion_put_words(struct buf *out,
                          const struct description *description,
                          const char *const *words, int word_count);

#endif
