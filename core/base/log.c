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

static void put_printable(struct buf *out, spd_str text)
{
    bool is_utf8 = str_is_utf8(text);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7F || (c >= 0x80 && !is_utf8))
            buf_printf(out, "\\x%02x", c);
        else
            buf_put_char(out, (char)c);
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
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    struct buf line = { 0 };
    if (listener_fn == NULL)
        put_lead(&line, level);
    buf_printf(&line, "%s: ", who);
    put_printable(&line, str_of(text));
    char *done = buf_take(&line);
    if (listener_fn != NULL)
        listener_fn(listener_arg, level, done);
    else
        fprintf(stderr, "%s\n", done);
    free(done);
}
