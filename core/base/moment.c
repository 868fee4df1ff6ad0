#include "base/moment.h"

#include <stdio.h>
#include <string.h>

enum { MS_PER_DAY = 86400000 };

/* The years 0000 to 9999; an offset can lead out of them. */
static const int64_t FIRST_MS = -62167219200000, LAST_MS = 253402300799999;

/* Days since 1970 of a date in the proleptic Gregorian calendar, counted from
 * March so that the leap day is the last of its year. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year =
        (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                           day_of_era / 146096) /
                          365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static char *put_digits(char *at, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + width;
}

spd_str moment_text(int64_t utc_ms, char out[MOMENT_BYTES])
{
    int64_t days = utc_ms / MS_PER_DAY - (utc_ms % MS_PER_DAY < 0);
    int64_t ms = utc_ms - days * MS_PER_DAY;
    int64_t year;
    int month, day;
    date_of_days(days, &year, &month, &day);
    char *at = put_digits(out, year, 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, day, 2);
    *at++ = 'T';
    at = put_digits(at, ms / 3600000, 2);
    *at++ = ':';
    at = put_digits(at, ms / 60000 % 60, 2);
    *at++ = ':';
    at = put_digits(at, ms / 1000 % 60, 2);
    *at++ = '.';
    at = put_digits(at, ms % 1000, 3);
    *at++ = 'Z';
    *at = '\0';
    return (spd_str){ out, (size_t)(at - out) };
}

/* Take `width` digits off the front. */
static bool take_digits(spd_str *text, size_t width, int64_t *out)
{
    if (text->len < width)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        if (text->ptr[i] < '0' || text->ptr[i] > '9')
            return false;
        value = value * 10 + (text->ptr[i] - '0');
    }
    text->ptr += width;
    text->len -= width;
    *out = value;
    return true;
}

static bool take_char(spd_str *text, const char *any_of)
{
    if (text->len == 0 || text->ptr[0] == '\0' ||
        strchr(any_of, text->ptr[0]) == NULL)
        return false;
    text->ptr++;
    text->len--;
    return true;
}

static bool take_date(spd_str *text, int64_t *days)
{
    static const int month_days[] = { 31, 29, 31, 30, 31, 30,
                                      31, 31, 30, 31, 30, 31 };
    int64_t year, month, day;
    if (!take_digits(text, 4, &year) || !take_char(text, "-") ||
        !take_digits(text, 2, &month) || !take_char(text, "-") ||
        !take_digits(text, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > month_days[month - 1])
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2 && day == 29 && !leap)
        return false;
    *days = days_of_date(year, month, day);
    return true;
}

/* Digits beyond the millisecond are dropped. */
static bool take_fraction(spd_str *text, int64_t *ms)
{
    int64_t scale = 100, digit = 0;
    if (!take_digits(text, 1, &digit))
        return false;
    *ms = 0;
    do {
        *ms += digit * scale;
        scale /= 10;
    } while (take_digits(text, 1, &digit));
    return true;
}

static bool take_time(spd_str *text, int64_t *ms_of_day)
{
    int64_t hour, minute, second, ms = 0;
    if (!take_digits(text, 2, &hour) || !take_char(text, ":") ||
        !take_digits(text, 2, &minute) || !take_char(text, ":") ||
        !take_digits(text, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (take_char(text, ".") && !take_fraction(text, &ms))
        return false;
    *ms_of_day = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool take_offset(spd_str *text, int64_t *offset_ms)
{
    *offset_ms = 0;
    if (text->len == 0 || take_char(text, "Zz"))
        return true;
    bool west = text->ptr[0] == '-';
    int64_t hours, minutes;
    if (!take_char(text, "+-") || !take_digits(text, 2, &hours) ||
        !take_char(text, ":") || !take_digits(text, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset_ms = (hours * 60 + minutes) * 60000 * (west ? -1 : 1);
    return true;
}

bool moment_parse(spd_str text, int64_t *utc_ms)
{
    int64_t days, ms, offset_ms;
    if (!take_date(&text, &days) || !take_char(&text, "Tt ") ||
        !take_time(&text, &ms) || !take_offset(&text, &offset_ms) ||
        text.len != 0)
        return false;
    int64_t moment = days * MS_PER_DAY + ms - offset_ms;
    if (moment < FIRST_MS || moment > LAST_MS)
        return false;
    *utc_ms = moment;
    return true;
}
