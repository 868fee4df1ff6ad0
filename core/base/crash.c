#include "base/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* The variable is looked up each time: only tests set it, and these places
 * are passed no more than a few times a commit. */
void crash_point(const char *name)
{
    static _Atomic int passed;
    const char *wish = getenv("SPOOLD_CRASH");
    if (wish == NULL)
        return;
    spd_str times = str_of(wish);
    spd_str wanted = str_cut(&times, ':');
    int64_t nth = 1;
    if (times.len > 0 && !str_to_int(times, &nth))
        return;
    if (str_is(wanted, name) && ++passed == nth)
        raise(SIGKILL);
}
