#include "script/hours.h"

#include <string.h>
#include <time.h>

static int64_t unit_ms(char unit)
{
    switch (unit) {
    case 's':
        return 1000;
    case 'm':
        return 60 * 1000;
    case 'h':
        return 3600 * 1000;
    case 'd':
        return 24 * 3600 * 1000;
    default:
        return 0;
    }
}

static int64_t next_interval(spd_str text, int64_t after_ms)
{
    int64_t count;
    if (text.len < 2)
        return 0;
    int64_t unit = unit_ms(text.ptr[text.len - 1]);
    text.len--;
    return unit > 0 && str_to_int(text, &count) ? after_ms + count * unit : 0;
}

/* 1 is Monday; 0: it is no day. */
static int day_of(spd_str name)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu",
                                        "Fri", "Sat", "Sun" };
    for (int i = 0; i < (int)SPD_COUNT(days); i++)
        if (str_is(name, days[i]))
            return i + 1;
    return 0;
}

/* "Mon-Fri,Sun"; a stretch may go over the weekend. */
static bool is_on(spd_str days, int day)
{
    if (days.len == 0)
        return true;
    while (days.len > 0) {
        spd_str last = str_cut(&days, ','), first = str_cut(&last, '-');
        int from = day_of(first), to = last.len == 0 ? from : day_of(last);
        bool holds =
            from <= to ? day >= from && day <= to : day >= from || day <= to;
        if (holds)
            return true;
    }
    return false;
}

/* That time of day, so many days behind `from`. mktime finds its way where the
 * clock is changed. */
static int64_t moment_at(const struct tm *from, int days, int64_t hour,
                         int64_t minute, int *weekday)
{
    struct tm at = *from;
    at.tm_mday += days;
    at.tm_hour = (int)hour;
    at.tm_min = (int)minute;
    at.tm_sec = 0;
    at.tm_isdst = -1;
    time_t seconds = mktime(&at);
    *weekday = at.tm_wday == 0 ? 7 : at.tm_wday;
    return (int64_t)seconds * 1000;
}

static int64_t next_hour(spd_str text, int64_t after_ms)
{
    enum { DAYS_AHEAD = 8 };
    spd_str days = text, minutes = str_cut(&days, ' '),
            hours = str_cut(&minutes, ':');
    int64_t hour, minute;
    time_t after = (time_t)(after_ms / 1000);
    struct tm from;
    if (!str_to_int(hours, &hour) || !str_to_int(minutes, &minute) ||
        localtime_r(&after, &from) == NULL)
        return 0;
    for (int ahead = 0; ahead <= DAYS_AHEAD; ahead++) {
        int weekday;
        int64_t at_ms = moment_at(&from, ahead, hour, minute, &weekday);
        if (at_ms > after_ms && is_on(days, weekday))
            return at_ms;
    }
    return 0;
}

int64_t rule_hour(spd_str hook, int64_t after_ms)
{
    spd_str text = hook, what = str_cut(&text, ' ');
    if (str_is(what, "every"))
        return next_interval(text, after_ms);
    return str_is(what, "at") ? next_hour(text, after_ms) : 0;
}
