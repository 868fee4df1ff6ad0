#include "engine/queue/pace.h"

#include <math.h>
#include <stdio.h>

#include "base/str.h"

enum { TWENTIETHS = 20, LEAST = 10, MOST = 60 };

static const spd_str space = STR_INIT("pace"), key = STR_INIT("all");

/* After twenty more prints, one counts a third. */
static const double fades = 0.95;

void pace_load(struct pace *pace, spd_txn *txn)
{
    spd_str value;
    *pace = (struct pace){ 0 };
    if (store_get(txn, space, key, &value) == SPD_OK) {
        str_to_real(str_cut(&value, ' '), &pace->taken_ms);
        str_to_real(value, &pace->estimated_ms);
    }
}

spd_err pace_note(spd_txn *txn, int64_t taken_ms, int64_t estimated_ms,
                  struct spd_error *err)
{
    struct pace pace;
    char text[64];
    if (taken_ms <= 0 || estimated_ms <= 0)
        return SPD_OK;
    pace_load(&pace, txn);
    pace.taken_ms = pace.taken_ms * fades + (double)taken_ms;
    pace.estimated_ms = pace.estimated_ms * fades + (double)estimated_ms;
    snprintf(text, sizeof(text), "%.0f %.0f", pace.taken_ms, pace.estimated_ms);
    return store_put(txn, space, key, str_of(text), err);
}

int pace_twentieths(const struct pace *pace)
{
    if (pace->estimated_ms <= 0)
        return TWENTIETHS;
    double share = round(TWENTIETHS * pace->taken_ms / pace->estimated_ms);
    return share < LEAST ? LEAST : share > MOST ? MOST : (int)share;
}

int64_t pace_correct(const struct pace *pace, int64_t estimated_ms)
{
    return estimated_ms / TWENTIETHS * pace_twentieths(pace);
}
