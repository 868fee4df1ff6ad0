/* What comes in on device/<serial>/request, and what the printer answers.
 *
 * Text in, calls on the machine, acknowledgements out through machine->out.
 * It refuses to know MQTT. A request that is no JSON object is ignored, as a
 * printer ignores it. */
#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

#include <stddef.h>

struct machine;

void command_handle(struct machine *machine, const char *text, size_t len);

#endif
