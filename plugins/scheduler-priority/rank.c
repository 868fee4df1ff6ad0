#include "rank.h"

enum {
    MINUTE_MS = 60 * 1000,
    PRIORITY_BITS = 11, /* -1023 .. 1023 */
    DATE_BITS = 26,     /* minutes since 1970: until 2097 */
    CHANGES_BITS = 7,
    QUEUED_BITS = 20, /* minutes: two years */
    WEAR_BITS = 16,
    FAILED_BITS = 10, /* per mille */
    REST_BITS = 10,   /* minutes, less than WEAR_MINUTES */
    WEAR_MINUTES = 10 * 60,
    PATIENCE_MINUTES = 14 * 24 * 60,
};

static_assert(PRIORITY_BITS + 2 * DATE_BITS == 63, "a rank fills an int64_t");
static_assert(CHANGES_BITS + QUEUED_BITS + WEAR_BITS + FAILED_BITS +
                      REST_BITS <=
                  63,
              "so does a fit");

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* `value` behind what is packed already. */
static int64_t pack(int64_t packed, int64_t value, int bits)
{
    return packed << bits | clamp(value, 0, ((int64_t)1 << bits) - 1);
}

/* In minutes: the last moment at which a job can begin and still be ready by
 * its date; one without a date grows urgent by its age, so that those with
 * dates do not keep it waiting for ever. */
static int64_t latest_start(const struct spd_job *job, bool by_ship_date)
{
    if (!by_ship_date)
        return 0;
    if (job->ship_by_ms == 0)
        return job->created_ms / MINUTE_MS + PATIENCE_MINUTES;
    int64_t print_minutes =
        clamp(job->estimated_ms, 0, job->ship_by_ms) / MINUTE_MS;
    return job->ship_by_ms / MINUTE_MS - print_minutes;
}

int64_t rank_of(const struct spd_job *job, bool by_ship_date)
{
    const int64_t highest = ((int64_t)1 << (PRIORITY_BITS - 1)) - 1;
    int64_t rank = highest - clamp(job->priority, -highest, highest);
    rank = pack(rank, latest_start(job, by_ship_date), DATE_BITS);
    return pack(rank, job->scheduled_ms / MINUTE_MS, DATE_BITS);
}

/* The share of its prints that failed, as if one more had gone well: a single
 * failure is not yet a habit. */
static int64_t failed_per_mille(const struct spd_candidate *printer)
{
    const int64_t most = INT64_MAX / 2000;
    if (!SPD_HAS(struct spd_candidate, printer, failed))
        return 0;
    int64_t failed = clamp(printer->failed, 0, most);
    int64_t finished = clamp(printer->finished, 0, most);
    return 1000 * failed / (finished + failed + 1);
}

int64_t fit_of(const struct spd_candidate *printer)
{
    int64_t printed_minutes =
        clamp(printer->printed_ms, 0, INT64_MAX) / MINUTE_MS;
    int64_t trouble = pack(0, printer->changes, CHANGES_BITS);
    trouble = pack(trouble, printer->queued_ms / MINUTE_MS, QUEUED_BITS);
    trouble = pack(trouble, printed_minutes / WEAR_MINUTES, WEAR_BITS);
    trouble = pack(trouble, failed_per_mille(printer), FAILED_BITS);
    return -pack(trouble, printed_minutes % WEAR_MINUTES, REST_BITS);
}
