#include "base/crash.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

const char *const crash_places[] = {
    /* commits: of any kind, and those on the way of a print */
    "store.commit",
    "call.write",
    "file.created",
    "printer.note",
    "attempt.claimed",
    "attempt.uploaded",
    "attempt.starting",
    "attempt.printing",
    "attempt.finished",
    "attempt.failed",
    "attempt.cancelled",
    "attempt.refused",
    "attempt.dropped",
    "attempt.unknown",
    "job.uploading",
    "print.paused",
    "print.resumed",
    /* what a driver is asked */
    "upload.publish",
    "start.publish",
    "stop.publish",
    /* names that become true */
    "blob.rename",
    "file.rename",
    NULL,
};

static bool is_listed(const char *place)
{
    const char *const *listed = crash_places;
    while (*listed != NULL && !str_is(str_of(place), *listed))
        listed++;
    return *listed != NULL;
}

/* The variable is looked up each time: only tests set it, and these places
 * are passed no more than a few times a commit. */
static void pass(const char *place, const char *side)
{
    static _Atomic int passed;
    const char *wish = getenv("SPOOLD_CRASH");
    if (wish == NULL)
        return;
    assert(is_listed(place));
    spd_str times = str_of(wish);
    spd_str wanted = str_cut(&times, ':');
    int64_t nth = 1;
    if (times.len > 0 && !str_to_int(times, &nth))
        return;
    char here[64];
    snprintf(here, sizeof(here), "%s.%s", place, side);
    if (str_is(wanted, here) && ++passed == nth)
        raise(SIGKILL);
}

void crash_before(const char *place)
{
    pass(place, "before");
}

void crash_after(const char *place)
{
    pass(place, "after");
}
