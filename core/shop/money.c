#include "shop/money.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct field money_rows[] = {
    FIELD(money, amount, FIELD_INT, "in minor units", .flags = FIELD_REQUIRED,
          .min = -1e12, .max = 1e12),
    FIELD(money, divisor, FIELD_INT, "minor units of one major unit", .min = 1,
          .max = 1000000, .fallback = "100"),
    FIELD(money, currency, FIELD_TEXT, "as EUR, USD, JPY",
          .flags = FIELD_REQUIRED, .min = 3, .max = 3),
};
const struct fields money_fields = TABLE("money", money, money_rows);

const struct money money_none = { INT_NONE, 100, { NULL, 0 } };

struct money money_zero(const struct money *like)
{
    return (struct money){ 0, like->divisor, like->currency };
}

struct money money_round(double major, const struct money *like)
{
    struct money money = money_zero(like);
    money.amount = isnan(major)
                       ? INT_NONE
                       : (int64_t)llround(major * (double)like->divisor);
    return money;
}

bool money_is_null(const struct money *money)
{
    return money->amount == INT_NONE;
}

double money_major(const struct money *money)
{
    return money_is_null(money)
               ? NAN
               : (double)money->amount / (double)money->divisor;
}

static void add_amount(struct money *sum, const struct money *more,
                       int64_t times)
{
    int64_t amount = more->amount;
    bool is_same = sum->divisor == more->divisor;
    bool is_lost = is_same && __builtin_mul_overflow(amount, times, &amount);
    if (!is_same)
        amount = money_round(money_major(more) * (double)times, sum).amount;
    if (is_lost || amount == INT_NONE ||
        __builtin_add_overflow(sum->amount, amount, &sum->amount))
        sum->amount = INT_NONE;
}

void money_add(struct money *sum, const struct money *more, int64_t times)
{
    if (money_is_null(sum) || money_is_null(more))
        return;
    if (!str_equal_fold(sum->currency, more->currency))
        sum->amount = INT_NONE;
    else
        add_amount(sum, more, times);
}

/* -- sharing out -- */

static double sum_of(const double *weights, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    return sum;
}

/* Each part rounded towards zero; `owed` is what it is short of. */
static int64_t share_whole(const struct money *whole, const double *weights,
                           struct money *parts, double *owed, size_t count)
{
    double sum = sum_of(weights, count);
    int64_t left = whole->amount;
    for (size_t i = 0; i < count; i++) {
        double share = sum > 0 ? weights[i] / sum : 1.0 / (double)count;
        double exact = (double)whole->amount * share;
        parts[i] = money_zero(whole);
        parts[i].amount = (int64_t)exact;
        owed[i] = fabs(exact - trunc(exact));
        left -= parts[i].amount;
    }
    return left;
}

void money_share(const struct money *whole, const double *weights,
                 struct money *parts, size_t count)
{
    if (money_is_null(whole)) {
        for (size_t i = 0; i < count; i++)
            parts[i] = *whole;
        return;
    }
    double *owed = mem_array(count, sizeof(*owed));
    int64_t left = share_whole(whole, weights, parts, owed, count);
    int64_t unit = left < 0 ? -1 : 1;
    for (; left != 0 && count > 0; left -= unit) {
        size_t most = 0;
        for (size_t i = 1; i < count; i++)
            if (owed[i] > owed[most])
                most = i;
        parts[most].amount += unit;
        owed[most] -= 1;
    }
    free(owed);
}

/* -- for people -- */

const char *money_text(const struct money *money, char out[MONEY_BYTES])
{
    int digits = 0;
    for (int64_t unit = 1; unit < money->divisor; unit *= 10)
        digits++;
    if (money_is_null(money))
        snprintf(out, MONEY_BYTES, "-");
    else
        snprintf(out, MONEY_BYTES, "%.*f %.*s", digits, money_major(money),
                 STR_ARG(money->currency));
    return out;
}
