/* host->store: a name space of its own for each plugin. */
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "host/host_internal.h"
#include "store/store.h"

enum { VALUE_MAX_BYTES = 1024 * 1024, SPACE_KEY_MAX_BYTES = 255 };

/* A plugin's visit to the store; its address is the spd_txn it is given, so
 * that one that it kept is recognised instead of used. */
struct visit {
    struct visit *outer;
    struct guest *guest;
    spd_txn *txn;
    bool writing;
    struct buf plain; /* what get_secret lent last */
    spd_err (*fn)(spd_txn *txn, void *arg);
    void *arg;
};

/* The visits under way, the innermost first; the loop's alone. */
static struct visit *visits;

static struct visit *visit_of(spd_txn *txn, const char *what)
{
    assert(loop_is_here(host_here()->options.loop));
    for (struct visit *v = visits; v != NULL; v = v->outer)
        if ((void *)v == (void *)txn)
            return v;
    log_error("host", "bug in a plugin: %s with a transaction that is over",
              what);
    return NULL;
}

static spd_str space_of(const struct guest *guest)
{
    return str_of(guest->who);
}

static void forget_plain(struct visit *visit)
{
    if (visit->plain.cap > 0)
        explicit_bzero(visit->plain.ptr, visit->plain.cap);
    buf_fini(&visit->plain);
}

static spd_err run_visit(struct visit *visit, spd_txn *txn)
{
    visit->outer = visits;
    visit->txn = txn;
    visits = visit;
    struct stay stay = guest_enter(visit->guest);
    spd_err rc = visit->fn((spd_txn *)(void *)visit, visit->arg);
    guest_leave(visit->guest, stay);
    visits = visit->outer;
    forget_plain(visit);
    return rc;
}

static spd_err api_read(spd_plugin *self, spd_err (*fn)(spd_txn *, void *),
                        void *arg, struct spd_error *err)
{
    struct guest *guest = guest_acts(self, "store->read");
    if (guest == NULL || fn == NULL)
        return error_set(err, SPD_EINVAL, "the store cannot be read now");
    struct visit visit = { .guest = guest, .fn = fn, .arg = arg };
    spd_txn *txn = store_read(guest->host->options.store);
    spd_err rc = run_visit(&visit, txn);
    store_read_end(txn);
    if (rc != SPD_OK)
        error_set(err, rc, "the plugin's own function gave up");
    return rc;
}

static spd_err run_write(spd_txn *txn, void *arg, struct spd_error *err)
{
    spd_err rc = run_visit(arg, txn);
    if (rc != SPD_OK)
        error_set(err, rc, "the plugin's own function gave up");
    return rc;
}

static spd_err api_write(spd_plugin *self, spd_err (*fn)(spd_txn *, void *),
                         void *arg, struct spd_error *err)
{
    struct guest *guest = guest_acts(self, "store->write");
    if (guest == NULL || fn == NULL)
        return error_set(err, SPD_EINVAL, "the store cannot be written now");
    struct visit visit = {
        .guest = guest, .writing = true, .fn = fn, .arg = arg
    };
    return store_write_now(guest->host->options.store, run_write, &visit, err);
}

static bool is_key(spd_str key)
{
    return key.ptr != NULL && key.len > 0 && key.len <= SPACE_KEY_MAX_BYTES;
}

static spd_err api_get(spd_txn *txn, spd_str key, spd_str *value)
{
    const struct visit *visit = visit_of(txn, "store->get");
    if (visit == NULL || !is_key(key))
        return SPD_EINVAL;
    return store_get(visit->txn, space_of(visit->guest), key, value);
}

static spd_err api_put(spd_txn *txn, spd_str key, spd_str value)
{
    const struct visit *visit = visit_of(txn, "store->put");
    if (visit == NULL || !visit->writing || !is_key(key) ||
        value.len > VALUE_MAX_BYTES)
        return SPD_EINVAL;
    struct spd_error err = { 0 };
    spd_err rc =
        store_put(visit->txn, space_of(visit->guest), key, value, &err);
    if (rc != SPD_OK)
        log_error(visit->guest->name, "%s", err.text);
    return rc;
}

static spd_err api_del(spd_txn *txn, spd_str key)
{
    const struct visit *visit = visit_of(txn, "store->del");
    if (visit == NULL || !visit->writing || !is_key(key))
        return SPD_EINVAL;
    return store_del(visit->txn, space_of(visit->guest), key);
}

static spd_err api_scan(spd_txn *txn, spd_str prefix,
                        bool (*fn)(spd_str key, spd_str value, void *arg),
                        void *arg)
{
    const struct visit *visit = visit_of(txn, "store->scan");
    if (visit == NULL || fn == NULL || prefix.len > SPACE_KEY_MAX_BYTES)
        return SPD_EINVAL;
    return store_scan(visit->txn, space_of(visit->guest), prefix, fn, arg);
}

/* -- secrets: only for this plugin and this key -- */

static void seal_context(const struct visit *visit, spd_str key,
                         struct buf *out)
{
    buf_put(out, space_of(visit->guest));
    buf_put_char(out, '/');
    buf_put(out, key);
}

static spd_err api_put_secret(spd_txn *txn, spd_str key, spd_str value)
{
    const struct visit *visit = visit_of(txn, "store->put_secret");
    if (visit == NULL || value.len > VALUE_MAX_BYTES / 2)
        return SPD_EINVAL;
    const struct crypt_key *with = visit->guest->host->options.key;
    if (with == NULL)
        return SPD_EUNSUPPORTED;
    struct buf context = { 0 }, sealed = { 0 };
    seal_context(visit, key, &context);
    crypt_seal(with, buf_str(&context), value, &sealed);
    spd_err rc = api_put(txn, key, buf_str(&sealed));
    buf_fini(&context);
    buf_fini(&sealed);
    return rc;
}

static spd_err api_get_secret(spd_txn *txn, spd_str key, spd_str *value)
{
    struct visit *visit = visit_of(txn, "store->get_secret");
    spd_str sealed;
    spd_err rc = visit == NULL ? SPD_EINVAL : api_get(txn, key, &sealed);
    if (rc != SPD_OK)
        return rc;
    const struct crypt_key *with = visit->guest->host->options.key;
    if (with == NULL)
        return SPD_EUNSUPPORTED;
    struct buf context = { 0 };
    seal_context(visit, key, &context);
    forget_plain(visit);
    bool opened = crypt_unseal(with, buf_str(&context), sealed, &visit->plain);
    buf_fini(&context);
    *value = buf_str(&visit->plain);
    return opened ? SPD_OK : SPD_EAUTH;
}

const struct spd_store_api host_store_api = {
    .size = sizeof(host_store_api),
    .read = api_read,
    .write = api_write,
    .get = api_get,
    .put = api_put,
    .del = api_del,
    .scan = api_scan,
    .put_secret = api_put_secret,
    .get_secret = api_get_secret,
};
