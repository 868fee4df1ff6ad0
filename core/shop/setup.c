/* The first administrator, made by whoever can read the server's own files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "shop/person.h"

enum { CODE_BYTES = 16, CODE_TEXT_BYTES = 2 * CODE_BYTES };

static char *code_path(struct shop *shop)
{
    struct buf path = { 0 };
    buf_printf(&path, "%s/setup-code", store_folder(shop->store));
    return buf_take(&path);
}

/* Asked with each request, and counted again only when people were written. */
bool people_are_set_up(struct shop *shop)
{
    struct set_up_seen *seen = &shop->set_up;
    uint64_t changes = record_changes(shop->store, &person_kind);
    if (!seen->is_known || seen->changes != changes) {
        spd_txn *txn = store_read(shop->store);
        seen->somebody = record_count(txn, &person_kind) > 0;
        store_read_end(txn);
        seen->changes = changes;
        seen->is_known = true;
    }
    return seen->somebody;
}

static spd_err read_code(struct shop *shop, struct buf *code,
                         struct spd_error *err)
{
    char *path = code_path(shop);
    spd_err rc = file_read(path, 256, code, err);
    free(path);
    return rc;
}

static spd_err make_code(struct shop *shop, struct buf *code,
                         struct spd_error *err)
{
    unsigned char random[CODE_BYTES];
    crypt_random(random, sizeof(random));
    buf_clear(code);
    hex_put(code, random, sizeof(random));
    buf_put_char(code, '\n');
    char *path = code_path(shop);
    spd_err rc = file_write(path, buf_str(code), 0600, err);
    free(path);
    return rc;
}

spd_err people_offer_setup(struct shop *shop, struct spd_error *err)
{
    if (people_are_set_up(shop))
        return SPD_OK;
    struct buf code = { 0 };
    spd_err rc = read_code(shop, &code, NULL);
    if (rc != SPD_OK)
        rc = make_code(shop, &code, err);
    if (rc == SPD_OK)
        log_info("setup",
                 "nobody can log in yet. Set-up code: %.*s (also in "
                 "%s/setup-code); make the first administrator with: spoolctl "
                 "setup code=... email=... password=...",
                 STR_ARG(str_trim(buf_str(&code))), store_folder(shop->store));
    buf_fini(&code);
    return rc;
}

/* -- POST /api/setup -- */

struct setup_input {
    spd_str code, email, password, name;
};

static const struct field setup_rows[] = {
    FIELD(setup_input, code, FIELD_TEXT, "the code of the first start",
          .flags = FIELD_REQUIRED | FIELD_SECRET, .min = 1, .max = 80),
    FIELD(setup_input, email, FIELD_TEXT, "the first administrator's address",
          .flags = FIELD_REQUIRED, .min = 3, .max = 254),
    FIELD(setup_input, password, FIELD_TEXT, "at least 8 bytes",
          .flags = FIELD_REQUIRED | FIELD_SECRET, .min = 8, .max = 200),
    FIELD(setup_input, name, FIELD_TEXT, "what they are called",
          .flags = FIELD_NULL),
};
static const struct fields setup_fields =
    TABLE("setup", setup_input, setup_rows);

struct setup_reply {
    spd_str token;
};
static const struct field setup_reply_rows[] = {
    FIELD(setup_reply, token, FIELD_TEXT,
          "send it as Authorization: Bearer; it is shown this once",
          .flags = FIELD_READONLY),
};
static const struct fields setup_reply_fields =
    TABLE("setup_reply", setup_reply, setup_reply_rows);

/* The set-up under way: hash on a worker, then one commit. */
struct setup {
    struct shop *shop;
    struct call *call;
    char password_hash[PASSWORD_HASH_BYTES];
    char secret[SECRET_TEXT_BYTES], secret_hash[SECRET_HASH_BYTES];
    int64_t token_id;
};

static bool code_is_right(struct shop *shop, spd_str given)
{
    struct buf text = { 0 };
    bool right = false;
    if (read_code(shop, &text, NULL) == SPD_OK) {
        spd_str code = str_trim(buf_str(&text));
        right = code.len == CODE_TEXT_BYTES && given.len == code.len &&
                crypt_equal(code.ptr, given.ptr, code.len);
    }
    buf_fini(&text);
    return right;
}

static spd_err hash_on_worker(void *arg, struct spd_error *err)
{
    struct setup *setup = arg;
    const struct setup_input *input = setup->call->body;
    if (password_hash(input->password, setup->password_hash))
        return SPD_OK;
    return error_set(err, SPD_ENOMEM,
                     "no memory to hash the password (it takes 64 MiB)");
}

static spd_err write_people(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct setup *setup = arg;
    const struct setup_input *input = setup->call->body;
    if (record_count(txn, &person_kind) > 0)
        return error_set(err, SPD_EEXIST, "spoold is set up already; log in");
    int64_t now_ms = shop_now_ms(setup->shop);
    struct person person = {
        .email = input->email,
        .name = input->name,
        .role = SPD_ADMIN - SPD_VIEWER,
        .password_hash = str_of(setup->password_hash),
        .created_at = now_ms,
    };
    struct change change = { "person.created", STR("setup") };
    spd_err rc = record_put(txn, &person_kind, &person, &change, err);
    if (rc != SPD_OK)
        return rc;
    struct token token = {
        .person_id = person.id,
        .name = STR("set-up"),
        .role = SPD_ADMIN - SPD_VIEWER,
        .hash = str_of(setup->secret_hash),
        .created_at = now_ms,
    };
    change.topic = "token.created";
    rc = record_put(txn, &token_kind, &token, &change, err);
    setup->token_id = token.id;
    return rc;
}

static void end_setup(struct setup *setup, const struct spd_error *err)
{
    struct call *call = setup->call;
    if (err != NULL) {
        call_fail(call, err);
    } else {
        char *path = code_path(setup->shop);
        unlink(path);
        free(path);
        spd_jsonw *w = call_reply(call);
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        jsonw_put_str(w, "token",
                      arena_printf(&call->arena, "spd_%lld_%s",
                                   (long long)setup->token_id, setup->secret));
        jsonw_end(w);
        log_info("setup", "the first administrator has been made");
    }
    free(setup);
    call_end(call);
}

static void on_written(void *arg, const struct spd_error *err)
{
    end_setup(arg, err);
}

static void on_hashed(void *arg, const struct spd_error *outcome)
{
    struct setup *setup = arg;
    if (outcome->code != SPD_OK) {
        end_setup(setup, outcome);
        return;
    }
    secret_new(setup->secret, setup->secret_hash);
    store_write(setup->shop->store,
                &(struct store_write){ write_people, on_written, setup });
}

static spd_err create_first(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    const struct setup_input *input = call->body;
    if (people_are_set_up(shop))
        return call_refuse(call, REFUSE_CONFLICT,
                           "spoold is set up already; log in");
    if (!code_is_right(shop, input->code))
        return call_refuse(call, REFUSE_FORBIDDEN,
                           "this is not the set-up code; it stands in the log "
                           "and in the file setup-code of the data folder");
    struct setup *setup = mem_new(sizeof(*setup));
    setup->shop = shop;
    setup->call = call;
    pool_submit(shop->pool,
                &(struct pool_work){ hash_on_worker, on_hashed, setup, NULL });
    return SPD_OK;
}

static const struct op setup_ops[] = {
    { .name = "setup",
      .route = "POST /api/setup",
      .doc = "Make the first administrator, with the code of the first start",
      .flags = OP_PUBLIC | OP_LATER | OP_CREATE,
      .body = &setup_fields,
      .reply = &setup_reply_fields,
      .run = create_first },
};

spd_err setup_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, setup_ops, SPD_COUNT(setup_ops), shop, err);
}
