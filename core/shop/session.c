/* Sessions: people who log in with a password, for the page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "shop/person.h"

enum {
    SESSION_MS = 7 * 24 * 3600 * 1000,
    TRIES_PER_MINUTE = 10, /* of all accounts: each costs 64 MiB and 0.1 s */
};

struct login_input {
    spd_str email, password;
};
static const struct field login_rows[] = {
    FIELD(login_input, email, FIELD_TEXT, "your address",
          .flags = FIELD_REQUIRED, .min = 3, .max = 254),
    FIELD(login_input, password, FIELD_TEXT, "your password",
          .flags = FIELD_REQUIRED | FIELD_SECRET, .min = 1, .max = 200),
};
static const struct fields login_fields =
    TABLE("login", login_input, login_rows);

/* A login under way: compare on a worker, then one commit. */
struct login {
    struct shop *shop;
    struct call *call;
    struct person person; /* id 0: nobody of that address */
    bool matches;
    struct session session;
    char secret[SECRET_TEXT_BYTES], secret_hash[SECRET_HASH_BYTES];
};

/* Nobody learns from the time it takes whether an address is known: without a
 * person the comparison is with a hash that nothing matches. */
static const char *const nobodys_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static spd_err compare(void *arg, struct spd_error *err)
{
    (void)err;
    struct login *login = arg;
    const struct login_input *input = login->call->body;
    bool is_known = login->person.id != 0;
    const char *hash =
        is_known ? login->person.password_hash.ptr : nobodys_hash;
    login->matches = password_matches(hash, input->password) && is_known;
    return SPD_OK;
}

static spd_err write_session(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct login *login = arg;
    int64_t now_ms = shop_now_ms(login->shop);
    login->session = (struct session){
        .person_id = login->person.id,
        .hash = str_of(login->secret_hash),
        .created_at = now_ms,
        .expires_at = now_ms + SESSION_MS,
    };
    char who[64];
    snprintf(who, sizeof(who), "person/%lld", (long long)login->person.id);
    struct change change = { "session.created", str_of(who) };
    return record_put(txn, &session_kind, &login->session, &change, err);
}

static void reply_session(struct login *login)
{
    struct call *call = login->call;
    call_header(call, "Set-Cookie",
                arena_printf(&call->arena,
                             "spoold_session=%lld_%s; Path=/; HttpOnly; "
                             "SameSite=Strict; Max-Age=%d",
                             (long long)login->session.id, login->secret,
                             SESSION_MS / 1000));
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, "person_id", login->person.id);
    jsonw_put_str(w, "role", str_of(role_names[login->person.role]));
    jsonw_end(w);
}

static void session_written(void *arg, const struct spd_error *err)
{
    struct login *login = arg;
    struct call *call = login->call;
    if (err != NULL)
        call_fail(call, err);
    else
        reply_session(login);
    free(login);
    call_end(call);
}

static void compared(void *arg, const struct spd_error *outcome)
{
    struct login *login = arg;
    struct call *call = login->call;
    if (outcome->code == SPD_OK && login->matches) {
        secret_new(login->secret, login->secret_hash);
        store_write(
            login->shop->store,
            &(struct store_write){ write_session, session_written, login });
        return;
    }
    if (outcome->code != SPD_OK)
        call_fail(call, outcome);
    else
        call_refuse(call, REFUSE_UNKNOWN_ACTOR,
                    "address or password is not right");
    free(login);
    call_end(call);
}

static bool find_person(struct shop *shop, spd_str email, struct person *person,
                        struct arena *arena)
{
    spd_txn *txn = store_read(shop->store);
    int64_t id = person_with_email(txn, email);
    bool found = id != 0 && record_get(txn, &person_kind, id, person, arena,
                                       NULL) == SPD_OK;
    store_read_end(txn);
    if (found) /* the comparison wants its NUL */
        person->password_hash = arena_str(arena, person->password_hash);
    return found;
}

/* A bucket of tries that fills again with time. */
static bool may_try(struct shop *shop)
{
    int64_t now_ms = shop_now_ms(shop);
    struct login_tries *tries = &shop->tries;
    if (now_ms - tries->since_ms > 60 * 1000)
        *tries = (struct login_tries){ .since_ms = now_ms };
    return tries->count++ < TRIES_PER_MINUTE;
}

static spd_err log_in(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    const struct login_input *input = call->body;
    if (!may_try(shop))
        return call_refuse(call, REFUSE_TOO_MANY,
                           "too many people tried to log in; wait a minute");
    struct login *login = mem_new(sizeof(*login));
    login->shop = shop;
    login->call = call;
    find_person(shop, input->email, &login->person, &call->arena);
    pool_submit(shop->pool,
                &(struct pool_work){ compare, compared, login, NULL });
    return SPD_OK;
}

static const struct op session_ops[] = {
    { .name = "sessions.create",
      .route = "POST /api/sessions",
      .doc = "Log in with address and password; sets the session's cookie",
      .flags = OP_PUBLIC | OP_LATER | OP_CREATE,
      .body = &login_fields,
      .run = log_in },
};

spd_err session_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, session_ops, SPD_COUNT(session_ops), shop, err);
}
