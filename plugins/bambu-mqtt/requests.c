#include "requests.h"

#include "loose.h"

spd_err requests_add(struct requests *r, const struct request *one)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        if (r->all[i].sequence != 0)
            continue;
        r->all[i] = *one;
        return SPD_OK;
    }
    return SPD_EBUSY;
}

static bool take(struct request *from, struct request *out)
{
    *out = *from;
    from->sequence = 0;
    return true;
}

bool requests_take(struct requests *r, int64_t sequence, spd_str command,
                   struct request *out)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        if (r->all[i].sequence == sequence && sequence != 0 &&
            text_equals(command, r->all[i].command))
            return take(&r->all[i], out);
    return false;
}

bool requests_take_kind(struct requests *r, enum request_kind kind,
                        struct request *out)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        if (r->all[i].sequence != 0 && r->all[i].kind == kind)
            return take(&r->all[i], out);
    return false;
}

bool requests_take_due(struct requests *r, int64_t now_ms, struct request *out)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        if (r->all[i].sequence != 0 && r->all[i].due_ms <= now_ms)
            return take(&r->all[i], out);
    return false;
}

bool requests_take_any(struct requests *r, struct request *out)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        if (r->all[i].sequence != 0)
            return take(&r->all[i], out);
    return false;
}

int64_t requests_next_due_ms(const struct requests *r)
{
    int64_t next_ms = 0;
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        if (r->all[i].sequence != 0 &&
            (next_ms == 0 || r->all[i].due_ms < next_ms))
            next_ms = r->all[i].due_ms;
    return next_ms;
}
