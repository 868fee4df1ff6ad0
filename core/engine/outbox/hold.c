/* Quiet hours and digests: until when a message is held. */
#include <time.h>

#include "engine/outbox/outbox_internal.h"

enum { MINUTE_MS = 60 * 1000, DAY_MINUTES = 24 * 60 };

static int minute_of(spd_str clock)
{
    int64_t hour = 0, minute = 0;
    str_to_int(str_cut(&clock, ':'), &hour);
    str_to_int(clock, &minute);
    return (int)(hour * 60 + minute);
}

/* The next moment, by the clock on the wall, at which it is `minute`. */
static int64_t next_ms(int64_t now_ms, int minute, bool is_tomorrow)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm local;
    localtime_r(&now, &local);
    local.tm_hour = minute / 60;
    local.tm_min = minute % 60;
    local.tm_sec = 0;
    local.tm_mday += is_tomorrow;
    local.tm_isdst = -1;
    return (int64_t)mktime(&local) * 1000;
}

/* When the quiet that `now_ms` lies in is over; now_ms: it is not quiet. */
static int64_t after_quiet(const struct channel *channel, int64_t now_ms)
{
    if (channel->quiet_from.len == 0)
        return now_ms;
    time_t now = (time_t)(now_ms / 1000);
    struct tm local;
    localtime_r(&now, &local);
    int from = minute_of(channel->quiet_from);
    int to = minute_of(channel->quiet_to);
    int is = local.tm_hour * 60 + local.tm_min;
    int since = (is - from + DAY_MINUTES) % DAY_MINUTES;
    int length = (to - from + DAY_MINUTES) % DAY_MINUTES;
    return since < length ? next_ms(now_ms, to, to <= is) : now_ms;
}

int64_t hold_until(const struct channel *channel, int severity, int64_t now_ms)
{
    int64_t until_ms = now_ms;
    if (severity >= SEVERITY_ERROR && !channel->hold_urgent)
        return now_ms;
    if (channel->digest_minutes > 0) {
        int64_t every_ms = channel->digest_minutes * MINUTE_MS;
        until_ms = (now_ms / every_ms + 1) * every_ms;
    }
    return after_quiet(channel, until_ms);
}
