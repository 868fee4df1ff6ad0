/* Zip files of the tests' own making, good and bad. */
#ifndef SPOOLD_TESTS_ARCHIVE_H
#define SPOOLD_TESTS_ARCHIVE_H

#include "base/str.h"

struct archive;

/* A new file at a path of its own, removed by archive_free. */
struct archive *archive_new(void);
void archive_free(struct archive *archive);
const char *archive_path(const struct archive *archive);

void archive_add(struct archive *archive, const char *name, const char *text);
void archive_add_bytes(struct archive *archive, const char *name,
                       spd_str bytes);
void archive_add_zeros(struct archive *archive, const char *name,
                       int64_t bytes);
/* Of the entry added last. */
void archive_make_link(struct archive *archive);
void archive_encrypt(struct archive *archive);

/* Nothing is on the disk before this; what follows changes the file. */
void archive_write(struct archive *archive);
void archive_write_raw(struct archive *archive, spd_str bytes);
void archive_cut(struct archive *archive, int64_t bytes_less);
/* Everywhere in the file; both of one length, and found at least once. */
void archive_replace(struct archive *archive, spd_str from, spd_str to);

#endif
