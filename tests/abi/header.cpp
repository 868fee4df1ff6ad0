// The header serves C++ plugins too: all but the key macro, whose _Generic is
// C's.
#include <spoold/plugin.h>

namespace
{

void ring(spd_plugin *self, spd_call *call, const spd_json *)
{
    spd_log(self, SPD_INFO, "ring %d", 1);
    self->host->ops->reply(call, nullptr);
}

const spd_op ops[] = {
    { "cpp.ring", nullptr, "Ring", ring, nullptr, nullptr, SPD_OPERATOR, 0 },
};

spd_err start(spd_plugin *self, spd_error *)
{
    return spd_ops(self, ops, SPD_COUNT(ops));
}

void stop(spd_plugin *)
{
}

} // namespace

SPD_PLUGIN(0, .name = "cpp", .version = "1", .summary = "is C++",
           .license = "MIT", .start = start, .stop = stop);
