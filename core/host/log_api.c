/* host->log and host->json. */
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "host/host_internal.h"

enum { LINE_BYTES = 2048 };

static void write_line(spd_plugin *self, enum spd_level level, const char *fmt,
                       ...) SPD_PRINTF(3, 4);

static void write_line(spd_plugin *self, enum spd_level level, const char *fmt,
                       ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (level < SPD_DEBUG || level > SPD_ERROR)
        level = SPD_ERROR;
    log_write(level, guest_of(self)->name, "%s", line);
}

const struct spd_log_api host_log_api = {
    .size = sizeof(host_log_api),
    .write = write_line,
};

const struct spd_json_api host_json_api = {
    .size = sizeof(host_json_api),
    .type = json_type,
    .member = json_member,
    .item = json_item,
    .count = json_count,
    .as_bool = json_as_bool,
    .as_int = json_as_int,
    .as_real = json_as_real,
    .as_str = json_as_str,
    .parse = json_parse,
    .free = json_free,
    .writer = jsonw_new,
    .begin = jsonw_begin,
    .end = jsonw_end,
    .put_bool = jsonw_put_bool,
    .put_int = jsonw_put_int,
    .put_real = jsonw_put_real,
    .put_str = jsonw_put_str,
    .text = jsonw_text,
    .writer_free = jsonw_free,
    .put_null = jsonw_put_null,
    .put_json = jsonw_put_json,
};
