#include "ctl/nearest.h"

#include <string.h>

enum { WORD_MAX_BYTES = 64 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* How many letters must be put in, left out or changed (Levenshtein). */
static unsigned distance(spd_str a, spd_str b)
{
    unsigned row[WORD_MAX_BYTES + 1];
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned above = row[j];
            unsigned change = a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1;
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + change);
            diagonal = above;
        }
    }
    return row[b.len];
}

/* Part of a name is as good as one wrong letter. */
static unsigned how_far(spd_str word, spd_str name)
{
    unsigned far = distance(word, name);
    bool is_part =
        word.len >= 3 && memmem(name.ptr, name.len, word.ptr, word.len) != NULL;
    return is_part && far > 1 ? 1 : far;
}

void nearest_offer(struct nearest *near, spd_str name)
{
    if (near->word.len > WORD_MAX_BYTES || name.len > WORD_MAX_BYTES)
        return;
    unsigned far = how_far(near->word, name);
    if (far > 1 + near->word.len / 4)
        return;
    unsigned at = near->count;
    while (at > 0 && near->distances[at - 1] > far)
        at--;
    if (at == NEAREST_MAX)
        return;
    if (near->count < NEAREST_MAX)
        near->count++;
    for (unsigned i = near->count - 1; i > at; i--) {
        near->names[i] = near->names[i - 1];
        near->distances[i] = near->distances[i - 1];
    }
    near->names[at] = name;
    near->distances[at] = far;
}

void nearest_put(const struct nearest *near, struct buf *out)
{
    for (unsigned i = 0; i < near->count; i++) {
        const char *before = i == 0                 ? "; did you mean "
                             : i + 1 == near->count ? " or "
                                                    : ", ";
        buf_printf(out, "%s%.*s", before, STR_ARG(near->names[i]));
    }
    if (near->count > 0)
        buf_put_char(out, '?');
}
