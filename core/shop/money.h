/* Money: whole minor units, how many of them make a major one, and of which
 * currency.  12.50 EUR is {1250, 100, "EUR"}, 500 yen {500, 1, "JPY"}.
 *
 * Sums stay whole; only what a rate is multiplied into (grams, minutes) passes
 * through a double, and is rounded once.  Knows no rates of exchange. */
#ifndef SPOOLD_SHOP_MONEY_H
#define SPOOLD_SHOP_MONEY_H

#include "base/field.h"

struct money {
    int64_t amount, divisor; /* amount INT_NONE: null */
    spd_str currency;
};

extern const struct fields money_fields;

/* A row of money: null unless it is given; MONEY_SHOWN: the server's own. */
#define MONEY(struct_name, member, doc_line)                                   \
    FIELD(struct_name, member, FIELD_RECORD, doc_line, .of = &money_fields,    \
          .flags = FIELD_NULL)
#define MONEY_SHOWN(struct_name, member, doc_line)                             \
    FIELD(struct_name, member, FIELD_RECORD, doc_line, .of = &money_fields,    \
          .flags = FIELD_NULL | FIELD_READONLY)

extern const struct money money_none;

/* Nothing at all, in this one's currency and divisor. */
struct money money_zero(const struct money *like);
/* So many major units, rounded half away from zero; NAN, or more than anybody
 * has: null. */
struct money money_round(double major, const struct money *like);

bool money_is_null(const struct money *money);
/* In major units; null: NAN. */
double money_major(const struct money *money);

/* Add `times` of `more` to `sum`, which keeps its divisor.  A null one counts
 * as nothing; another currency, or more than a number holds, makes the sum
 * null, and it stays so. */
void money_add(struct money *sum, const struct money *more, int64_t times);

/* The whole shared out by weight (all 0: evenly) into `count` parts of the
 * same currency, such that they add up to it: what rounding leaves over goes
 * to those it was taken from most. */
void money_share(const struct money *whole, const double *weights,
                 struct money *parts, size_t count);

/* "12.50 EUR", for people. Borrowed from `out`. */
enum { MONEY_BYTES = 48 };
const char *money_text(const struct money *money, char out[MONEY_BYTES]);

#endif
