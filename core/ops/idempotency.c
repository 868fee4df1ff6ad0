/* A request that is sent again with the same Idempotency-Key gets the answer
 * of the first, and nothing is done twice.  Answers are kept for a day. */
#include <string.h>

#include "base/crypt.h"
#include "base/error.h"
#include "ops/ops_internal.h"

static const spd_str answers = STR_INIT("idempotency");
static const spd_str ages = STR_INIT("idempotency-age");

enum { KEPT_MS = 24 * 3600 * 1000, SWEEP_MOST = 4 };

struct kept {
    struct sha256 request; /* what was asked */
    int64_t status, at_ms;
};

/* Keys of two people, or of two operations, are different keys. */
static struct sha256 key_of(const struct live_call *live)
{
    struct sha256_stream *sum = sha256_start();
    sha256_add(sum, str_of(live->actor.who));
    sha256_add(sum, str_of(live->call.op->name));
    sha256_add(sum, live->idempotency_key);
    return sha256_done(sum);
}

static struct sha256 request_of(const struct live_call *live)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_ARRAY);
    jsonw_put_json(&w, NULL, live->params);
    jsonw_put_json(&w, NULL, live->body);
    jsonw_end(&w);
    struct sha256 sum = sha256_of(buf_str(&text));
    buf_fini(&text);
    return sum;
}

static spd_str bytes_of(const void *ptr, size_t size)
{
    return (spd_str){ ptr, size };
}

bool answered_before(struct live_call *live, spd_txn *txn)
{
    struct sha256 key = key_of(live), request = request_of(live);
    spd_str value;
    struct kept kept;
    if (store_get(txn, answers, bytes_of(&key, sizeof(key)), &value) !=
            SPD_OK ||
        value.len < sizeof(kept))
        return false;
    memcpy(&kept, value.ptr, sizeof(kept));
    if (store_wall_ms(live->ops->store) - kept.at_ms > KEPT_MS)
        return false;
    if (memcmp(&kept.request, &request, sizeof(request)) != 0) {
        call_refuse(&live->call, REFUSE_CONTENT,
                    "this Idempotency-Key came with another request before; "
                    "use a new key for a new request");
        return true;
    }
    live->status = (int)kept.status;
    buf_put(&live->reply,
            bytes_of(value.ptr + sizeof(kept), value.len - sizeof(kept)));
    call_header(&live->call, "Idempotency-Replayed", STR("true"));
    return true;
}

struct sweep {
    int64_t before_ms;
    struct {
        unsigned char bytes[64];
        size_t len;
    } age[SWEEP_MOST];
    size_t count;
};

static bool collect_old(spd_str key, spd_str value, void *arg)
{
    (void)value;
    struct sweep *sweep = arg;
    struct key limit = { 0 };
    key_put_int(&limit, sweep->before_ms);
    if (sweep->count == SWEEP_MOST || key.len > sizeof(sweep->age[0].bytes) ||
        str_compare(key, key_str(&limit)) >= 0)
        return false;
    memcpy(sweep->age[sweep->count].bytes, key.ptr, key.len);
    sweep->age[sweep->count++].len = key.len;
    return true;
}

/* A few old answers go with each new one, so that they never pile up. */
static void sweep_old(spd_txn *txn, int64_t now_ms)
{
    struct sweep sweep = { .before_ms = now_ms - KEPT_MS };
    store_scan(txn, ages, STR(""), collect_old, &sweep);
    for (size_t i = 0; i < sweep.count; i++) {
        spd_str age = bytes_of(sweep.age[i].bytes, sweep.age[i].len);
        size_t hash = sizeof(struct sha256);
        store_del(txn, answers, bytes_of(age.ptr + age.len - hash, hash));
        store_del(txn, ages, age);
    }
}

spd_err remember_answer(struct live_call *live, spd_txn *txn,
                        struct spd_error *err)
{
    int64_t now_ms = store_wall_ms(live->ops->store);
    struct sha256 key = key_of(live);
    struct kept kept = {
        .request = request_of(live),
        .status = live_status(live),
        .at_ms = now_ms,
    };
    struct buf value = { 0 };
    buf_put(&value, bytes_of(&kept, sizeof(kept)));
    buf_put(&value, buf_str(&live->reply));
    spd_err rc = store_put(txn, answers, bytes_of(&key, sizeof(key)),
                           buf_str(&value), err);
    buf_fini(&value);
    struct key age = { 0 };
    key_put_int(&age, now_ms);
    memcpy(age.bytes + age.len, &key, sizeof(key));
    age.len += sizeof(key);
    if (rc == SPD_OK)
        rc = store_put(txn, ages, key_str(&age), STR(""), err);
    sweep_old(txn, now_ms);
    return rc;
}
