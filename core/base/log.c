#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/moment.h"

enum { LOG_LINE_BYTES = 2048 };

/* The process has one standard error, and so one log. */
static _Atomic int least_level = SPD_INFO;
static log_listener *listener_fn;
static void *listener_arg;

static const struct {
    const char *word;
    int syslog; /* sd-daemon's prefix for the journal */
} levels[] = {
    [SPD_DEBUG] = { "debug", 7 },
    [SPD_INFO] = { "info ", 6 },
    [SPD_WARN] = { "warn ", 4 },
    [SPD_ERROR] = { "error", 3 },
};

void log_set_level(enum spd_level least)
{
    least_level = (int)least;
}

void log_listen(log_listener *listener, void *arg)
{
    listener_fn = listener;
    listener_arg = arg;
}

/* How many bytes of the control character that begins here are to be escaped;
 * 0 when none does.  U+0080 to U+009F take two bytes in UTF-8; terminals obey
 * them as they do the ones below a space. */
static size_t control_bytes(const unsigned char *c, bool is_utf8)
{
    if (c[0] < 0x20 || c[0] == 0x7F || (c[0] >= 0x80 && !is_utf8))
        return 1;
    return c[0] == 0xC2 && c[1] < 0xA0 ? 2 : 0;
}

static void put_printable(struct buf *out, spd_str text)
{
    bool is_utf8 = str_is_utf8(text);
    const unsigned char *c = (const unsigned char *)text.ptr;
    const unsigned char *end = c + text.len;
    while (c < end) {
        size_t escaped = control_bytes(c, is_utf8);
        if (escaped == 0)
            buf_put_char(out, (char)*c++);
        for (; escaped > 0; escaped--)
            buf_printf(out, "\\x%02x", *c++);
    }
}

/* Under systemd the journal adds the time and wants the level's number. */
static void put_lead(struct buf *out, enum spd_level level)
{
    if (getenv("JOURNAL_STREAM") != NULL) {
        buf_printf(out, "<%d>", levels[level].syslog);
        return;
    }
    char when[MOMENT_BYTES];
    buf_put(out, moment_text(clock_wall_ms(&clock_system), when));
    buf_printf(out, " %s ", levels[level].word);
}

void log_write(enum spd_level level, const char *who, const char *fmt, ...)
{
    if ((int)level < least_level)
        return;
    char text[LOG_LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    spd_str shown = str_of(text);
    if (len >= LOG_LINE_BYTES) /* cut, perhaps within a character */
        shown = str_clip(shown, shown.len - 1);
    struct buf line = { 0 };
    if (listener_fn == NULL)
        put_lead(&line, level);
    buf_printf(&line, "%s: ", who);
    put_printable(&line, shown);
    char *done = buf_take(&line);
    if (listener_fn != NULL)
        listener_fn(listener_arg, level, done);
    else
        fprintf(stderr, "%s\n", done);
    free(done);
}
