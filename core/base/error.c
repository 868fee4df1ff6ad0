#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

spd_err error_set(struct spd_error *err, spd_err code, const char *fmt, ...)
{
    if (err == NULL)
        return code;
    err->code = code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return code;
}

spd_err error_in(struct spd_error *err, const char *fmt, ...)
{
    if (err == NULL)
        return SPD_EINTERNAL;
    char context[128], was[sizeof(err->text)];
    memcpy(was, err->text, sizeof(was));
    va_list args;
    va_start(args, fmt);
    vsnprintf(context, sizeof(context), fmt, args);
    va_end(args);
    int cut = (int)(sizeof(err->text) - strlen(context) - 3);
    snprintf(err->text, sizeof(err->text), "%s: %.*s", context, cut, was);
    return err->code;
}
