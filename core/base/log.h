/* The log: one line an event, for the person who runs the shop.
 *
 * Control characters and bytes that are not UTF-8 are escaped, so that nobody's
 * file name writes lines of its own.  [any] thread. */
#ifndef SPOOLD_BASE_LOG_H
#define SPOOLD_BASE_LOG_H

#include <spoold/plugin.h>

/* Lines below `least` are dropped; SPD_INFO at first. */
void log_set_level(enum spd_level least);

/* `who` is the part that speaks: "store", "http", a plugin's name. */
void log_write(enum spd_level level, const char *who, const char *fmt, ...)
    SPD_PRINTF(3, 4);

#define log_debug(who, ...) log_write(SPD_DEBUG, who, __VA_ARGS__)
#define log_info(who, ...) log_write(SPD_INFO, who, __VA_ARGS__)
#define log_warn(who, ...) log_write(SPD_WARN, who, __VA_ARGS__)
#define log_error(who, ...) log_write(SPD_ERROR, who, __VA_ARGS__)

/* Tests listen here instead of standard error; NULL: back to that.  `line`
 * is without time and line end. */
typedef void log_listener(void *arg, enum spd_level level, const char *line);
void log_listen(log_listener *listener, void *arg);

#endif
