/* The bare server's store: LMDB with default durability and nothing around it.
 *
 * What spoold's own store is measured against.  Knows no records, indexes,
 * checksums or journal: one table, keys in order, values as they came. */
#ifndef SPOOLD_BENCH_LIMIT_STORE_H
#define SPOOLD_BENCH_LIMIT_STORE_H

#include <stddef.h>

struct limit_store;

/* Open or make the store in `folder`, which exists.  Ends the program with a
 * sentence where that fails, as all functions here do.  Owned. */
struct limit_store *limit_store_open(const char *folder);
void limit_store_close(struct limit_store *store);

/* Put each item of the JSON array `array` under its place, in one commit. */
void limit_store_fill(struct limit_store *store, const char *array, size_t len);

/* All values in the order of their keys, joined to a JSON array.
 * Owned: free(); `len` is set. */
char *limit_store_join(struct limit_store *store, size_t *len);

/* One commit: begin, puts under keys of their own, commit (synced). */
void limit_store_begin(struct limit_store *store);
void limit_store_put(struct limit_store *store, const char *bytes, size_t len);
void limit_store_commit(struct limit_store *store);

#endif
