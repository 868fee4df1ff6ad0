/* Tables as spreadsheets write them: any of their encodings and separators.
 *
 * The encoding is told from the bytes (a mark at the front, zero bytes, else
 * UTF-8 or, where that does not hold, Windows-1252), the separator from the
 * first line.  Knows no column. */
#ifndef SPOOLD_BASE_CSV_H
#define SPOOLD_BASE_CSV_H

#include "base/mem.h"
#include "base/str.h"

enum { CSV_COLUMNS_MAX = 256 };

struct csv {
    const char *encoding; /* "UTF-8", "UTF-16LE", ...; static */
    char separator;
    /* the rest is its own */
    spd_str rest;
    size_t line;
    struct arena *arena;
};

struct csv_row {
    size_t line; /* where it begins in the file, from 1 on */
    size_t count;
    spd_str cells[CSV_COLUMNS_MAX]; /* UTF-8; valid as long as the arena */
};

/* Begin to read `bytes`, which outlive the reading. */
void csv_begin(struct csv *csv, spd_str bytes, struct arena *arena);

/* The next row that is not empty. False: there is none, or (err->code) it does
 * not read: a quote that is never closed, too many columns. */
bool csv_next(struct csv *csv, struct csv_row *row, struct spd_error *err);

#endif
