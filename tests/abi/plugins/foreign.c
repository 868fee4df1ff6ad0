/* Descriptors that this server must not accept: built by hand, for the macro
 * would not let them be wrong. */
#include <spoold/plugin.h>

#ifndef MAJOR
#define MAJOR SPD_ABI_MAJOR
#endif
#ifndef NEEDS
#define NEEDS 0
#endif
#ifndef TAIL
#define TAIL 0
#endif

struct longer {
    struct spd_plugin_desc desc;
    uint64_t unknown;
};

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    (void)self;
    (void)err;
    return SPD_OK;
}

static void stop(spd_plugin *self)
{
    (void)self;
}

SPD_EXPORT extern const struct longer SYMBOL;
const struct longer SYMBOL = {
    .desc = { .size = sizeof(struct longer),
              .abi_major = MAJOR,
              .abi_minor = NEEDS,
              .needs_minor = NEEDS,
              .key_size = sizeof(struct spd_key),
              .name = NAME,
              .start = start,
              .stop = stop },
    .unknown = TAIL,
};
