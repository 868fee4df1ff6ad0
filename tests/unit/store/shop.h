/* A small store in a folder of its own, with one kind in it: parcels. */
#ifndef SPOOLD_TESTS_UNIT_STORE_SHOP_H
#define SPOOLD_TESTS_UNIT_STORE_SHOP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/blob.h"
#include "store/record.h"

enum parcel_status { PARCEL_WAITING, PARCEL_SENT };

struct parcel {
    int64_t id;
    int64_t shelf;
    int64_t priority;
    spd_str label;
    spd_str note;
    int status;
    struct list marks;
    spd_str code; /* secret */
};

enum { BY_SHELF, BY_LABEL, BY_STATUS, PARCEL_INDEXES };
extern const struct index parcel_indexes[PARCEL_INDEXES];
extern const struct fields parcel_fields;
extern const struct kind parcel_kind;

/* On this shelf, the urgent first; SHELF_NONE: in no index. */
enum { SHELF_NONE = -1 };

struct shop {
    struct fake_clock clock;
    struct loop *loop;
    struct store *store;
    char folder[64];
    char root[64]; /* what is removed at the end */
};

/* cmocka's set-up and tear-down; *state is the struct shop. */
int shop_set_up(void **state);
int shop_tear_down(void **state);

/* Open the store of the shop's folder with these kinds (NULL: parcels). */
struct store *shop_open_as(struct shop *shop, const struct kind *kind,
                           size_t map_bytes, struct spd_error *err);
void shop_open(struct shop *shop);
void shop_close(struct shop *shop); /* the store; the folder stays */

struct parcel parcel_new(const char *label, int64_t shelf, int64_t priority);

/* Alone and at once; asserted to succeed. Return the id. */
int64_t shop_put(struct shop *shop, struct parcel *parcel);
int64_t shop_add(struct shop *shop, const char *label, int64_t shelf,
                 int64_t priority);
void shop_del(struct shop *shop, int64_t id);
spd_err shop_try_put(struct shop *shop, struct parcel *parcel,
                     struct spd_error *err);

/* "[1,2,3]": the ids of a span, by record_each. Borrowed until the next. */
const char *shop_ids(struct shop *shop, const struct span *span);
/* The same by record_list, taken from its text; the place to go on in `next`
 * (may be NULL). */
const char *shop_list(struct shop *shop, const struct span *span,
                      int64_t *next);

struct key key_of_int(int64_t value);
struct key key_of_text(const char *text);

/* How many breaches store_check finds; prints those that were not expected. */
size_t shop_breaches(struct shop *shop, bool expected);

/* Remove a folder and all in it. */
void remove_tree(const char *path);

#endif
