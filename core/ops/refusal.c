/* How refusals are told: one row each. */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "ops/ops_internal.h"

static const struct {
    int status;
    const char *code;
    spd_err err;
} refusals[] = {
    [REFUSE_INVALID] = { 400, "invalid", SPD_EINVAL },
    [REFUSE_UNKNOWN_ACTOR] = { 401, "unauthenticated", SPD_EAUTH },
    [REFUSE_FORBIDDEN] = { 403, "forbidden", SPD_EAUTH },
    [REFUSE_NOT_FOUND] = { 404, "not_found", SPD_ENOTFOUND },
    [REFUSE_METHOD] = { 405, "method_not_allowed", SPD_EUNSUPPORTED },
    [REFUSE_CONFLICT] = { 409, "conflict", SPD_EEXIST },
    [REFUSE_CHANGED] = { 412, "changed", SPD_EBUSY },
    [REFUSE_TOO_LARGE] = { 413, "too_large", SPD_EINVAL },
    [REFUSE_TYPE] = { 415, "unsupported_type", SPD_EUNSUPPORTED },
    [REFUSE_CONTENT] = { 422, "unprocessable", SPD_EINVAL },
    [REFUSE_TOO_MANY] = { 429, "too_many_requests", SPD_EBUSY },
    [REFUSE_BUG] = { 500, "internal", SPD_EINTERNAL },
    [REFUSE_UNAVAILABLE] = { 503, "unavailable", SPD_EIO },
};

static const enum refusal of_error[] = {
    [SPD_OK] = REFUSE_BUG,
    [SPD_EINVAL] = REFUSE_INVALID,
    [SPD_ENOMEM] = REFUSE_UNAVAILABLE,
    [SPD_ENOTFOUND] = REFUSE_NOT_FOUND,
    [SPD_EEXIST] = REFUSE_CONFLICT,
    [SPD_EIO] = REFUSE_UNAVAILABLE,
    [SPD_EAUTH] = REFUSE_FORBIDDEN,
    [SPD_EBUSY] = REFUSE_CONFLICT,
    [SPD_EUNSUPPORTED] = REFUSE_CONTENT,
    [SPD_ECANCELED] = REFUSE_UNAVAILABLE,
    [SPD_EINTERNAL] = REFUSE_BUG,
};

int refusal_status(enum refusal refusal)
{
    return refusals[refusal].status;
}

const char *refusal_code(enum refusal refusal)
{
    return refusals[refusal].code;
}

static void write_refusal(struct buf *out, enum refusal refusal,
                          const char *sentence, const struct faults *faults)
{
    spd_jsonw w;
    jsonw_init(&w, out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "error", str_of(sentence));
    jsonw_put_str(&w, "code", str_of(refusals[refusal].code));
    if (faults != NULL && faults->count > 0) {
        struct arena arena = { 0 };
        spd_str members = buf_str(&faults->json);
        jsonw_put_raw(&w, "fields",
                      arena_printf(&arena, "%.*s}", STR_ARG(members)));
        arena_fini(&arena);
    }
    jsonw_end(&w);
}

void refusal_write(struct buf *out, enum refusal refusal, const char *sentence)
{
    write_refusal(out, refusal, sentence, NULL);
}

spd_err call_refuse(struct call *call, enum refusal refusal, const char *fmt,
                    ...)
{
    struct live_call *live = live_of(call);
    char sentence[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, args);
    va_end(args);
    buf_clear(&live->reply);
    live->file_path = live->file_type = NULL;
    live->header_count = 0;
    live->refused = true;
    live->status = refusals[refusal].status;
    write_refusal(&live->reply, refusal, sentence, &live->faults);
    return refusals[refusal].err;
}

spd_err call_fail(struct call *call, const struct spd_error *err)
{
    return call_refuse(call, of_error[err->code], "%s", err->text);
}

spd_str call_forgive(struct call *call)
{
    struct live_call *live = live_of(call);
    spd_str text = arena_str(&call->arena, buf_str(&live->reply));
    reply_reset(live);
    return text;
}

struct faults *call_faults(struct call *call)
{
    return &live_of(call)->faults;
}

spd_err call_refuse_faults(struct call *call)
{
    struct faults *faults = call_faults(call);
    if (faults->count == 1)
        return call_refuse(call, REFUSE_INVALID, "%s", faults->first);
    return call_refuse(call, REFUSE_INVALID, "%s (and %u more, see fields)",
                       faults->first, faults->count - 1);
}
