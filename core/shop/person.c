#include "shop/person.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

const char *const role_names[] = { "viewer", "operator", "manager", "admin",
                                   NULL };

/* -- records -- */

static const struct field person_rows[] = {
    FIELD(person, id, FIELD_ID, "the person's id", .flags = FIELD_READONLY),
    FIELD(person, email, FIELD_TEXT, "the address they log in with",
          .flags = FIELD_REQUIRED, .min = 3, .max = 254),
    FIELD(person, name, FIELD_TEXT, "what they are called",
          .flags = FIELD_NULL),
    FIELD(person, role, FIELD_CHOICE, "what they may do",
          .choices = role_names),
    FIELD(person, password_hash, FIELD_TEXT, "Argon2id",
          .flags = FIELD_INTERNAL),
    FIELD(person, created_at, FIELD_TIME, "since when",
          .flags = FIELD_READONLY),
};
static const struct fields person_fields = TABLE("person", person, person_rows);

static bool by_email(const void *record, struct key *key)
{
    const struct person *person = record;
    spd_str email = person->email;
    for (size_t i = 0; i < email.len; i++) {
        char c = email.ptr[i];
        bool upper = c >= 'A' && c <= 'Z';
        key_put_byte(key, (unsigned char)(upper ? c - 'A' + 'a' : c));
    }
    key_put_byte(key, 0);
    return true;
}

static const struct index person_indexes[] = {
    { .name = "email", .key = by_email, .flags = INDEX_UNIQUE },
};

const struct kind person_kind = {
    .name = "person",
    .plural = "people",
    .fields = &person_fields,
    .indexes = person_indexes,
    .index_count = 1,
};

static const struct field token_rows[] = {
    FIELD(token, id, FIELD_ID, "the token's id", .flags = FIELD_READONLY),
    FIELD(token, person_id, FIELD_ID, "whose it is", .flags = FIELD_READONLY),
    FIELD(token, name, FIELD_TEXT, "what it is for, in your words",
          .flags = FIELD_REQUIRED, .min = 1, .max = 80),
    FIELD(token, role, FIELD_CHOICE, "what it may do; never above yours",
          .choices = role_names),
    FIELD(token, hash, FIELD_TEXT, "SHA-256", .flags = FIELD_INTERNAL),
    FIELD(token, created_at, FIELD_TIME, "since when", .flags = FIELD_READONLY),
    FIELD(token, expires_at, FIELD_TIME, "good until; null: until deleted",
          .flags = FIELD_NULL),
};
static const struct fields token_fields = TABLE("token", token, token_rows);

const struct kind token_kind = {
    .name = "token",
    .plural = "tokens",
    .fields = &token_fields,
};

static const struct field session_rows[] = {
    FIELD(session, id, FIELD_ID, "the session's id", .flags = FIELD_READONLY),
    FIELD(session, person_id, FIELD_ID, "whose it is", .flags = FIELD_READONLY),
    FIELD(session, hash, FIELD_TEXT, "SHA-256", .flags = FIELD_INTERNAL),
    FIELD(session, created_at, FIELD_TIME, "since when",
          .flags = FIELD_READONLY),
    FIELD(session, expires_at, FIELD_TIME, "good until",
          .flags = FIELD_READONLY),
};
static const struct fields session_fields =
    TABLE("session", session, session_rows);

const struct kind session_kind = {
    .name = "session",
    .plural = "sessions",
    .fields = &session_fields,
};

int64_t person_with_email(spd_txn *txn, spd_str email)
{
    struct key key = { 0 };
    struct person person = { .email = email };
    by_email(&person, &key);
    return record_find(txn, &person_kind, &person_indexes[0], &key);
}

/* -- secrets -- */

static void hash_secret(spd_str secret, char hash[SECRET_HASH_BYTES])
{
    struct sha256 sum = sha256_of(secret);
    struct buf hex = { 0 };
    hex_put(&hex, sum.bytes, sizeof(sum.bytes));
    memcpy(hash, hex.ptr, SECRET_HASH_BYTES - 1);
    hash[SECRET_HASH_BYTES - 1] = '\0';
    buf_fini(&hex);
}

void secret_new(char text[SECRET_TEXT_BYTES], char hash[SECRET_HASH_BYTES])
{
    unsigned char random[32];
    crypt_random(random, sizeof(random));
    struct buf coded = { 0 };
    base64url_put(&coded, random, sizeof(random));
    memcpy(text, coded.ptr, coded.len);
    text[coded.len] = '\0';
    buf_fini(&coded);
    hash_secret(str_of(text), hash);
}

bool secret_matches(spd_str given, spd_str hash)
{
    char computed[SECRET_HASH_BYTES];
    hash_secret(given, computed);
    return hash.len == SECRET_HASH_BYTES - 1 &&
           crypt_equal(computed, hash.ptr, hash.len);
}

/* -- operations -- */

static spd_err list_people(struct call *call, spd_txn *txn)
{
    struct page page = { .limit = 1000 };
    call_reply_list(call, txn, &person_kind, (struct span){ 0 }, &page);
    return SPD_OK;
}

static spd_err show_me(struct call *call, spd_txn *txn)
{
    return call_reply_record(call, txn, &person_kind, call->actor->person_id);
}

static const struct op person_ops[] = {
    { .name = "people.list",
      .route = "GET /api/people",
      .doc = "Everybody who may log in",
      .role = SPD_ADMIN,
      .flags = OP_READ | OP_LIST,
      .reply = &person_fields,
      .run = list_people },
    { .name = "people.me",
      .route = "GET /api/people/me",
      .doc = "Whoever asks",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .reply = &person_fields,
      .run = show_me },
};

spd_err person_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, person_ops, SPD_COUNT(person_ops), shop, err);
}

static spd_err list_tokens(struct call *call, spd_txn *txn)
{
    struct page page = { .limit = 1000 };
    call_reply_list(call, txn, &token_kind, (struct span){ 0 }, &page);
    return SPD_OK;
}

/* The one time a token's secret is shown. */
static void reply_token(struct call *call, const struct token *token,
                        const char *secret)
{
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    fields_write(&token_fields, token, w);
    jsonw_put_str(w, "token",
                  arena_printf(&call->arena, "spd_%lld_%s",
                               (long long)token->id, secret));
    jsonw_end(w);
}

static spd_err create_token(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    struct token *token = call->body;
    char secret[SECRET_TEXT_BYTES], hash[SECRET_HASH_BYTES];
    secret_new(secret, hash);
    if (call->actor->person_id == 0)
        return call_refuse(call, REFUSE_FORBIDDEN,
                           "a token belongs to a person; ask as one");
    token->id = 0;
    token->person_id = call->actor->person_id;
    int own_role = (int)call->actor->role - SPD_VIEWER;
    if (token->role > own_role)
        token->role = own_role;
    token->hash = str_of(hash);
    token->created_at = shop_now_ms(shop);
    struct change change = call_change(call, "token.created");
    struct spd_error err;
    if (record_put(txn, &token_kind, token, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    reply_token(call, token, secret);
    return SPD_OK;
}

static spd_err delete_token(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct change change = call_change(call, "token.deleted");
    struct spd_error err;
    if (record_del(txn, &token_kind, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, "id", which->id);
    jsonw_end(w);
    return SPD_OK;
}

static const struct op token_ops[] = {
    { .name = "tokens.list",
      .route = "GET /api/tokens",
      .doc = "All tokens; their secrets are not kept",
      .role = SPD_ADMIN,
      .flags = OP_READ | OP_LIST,
      .reply = &token_fields,
      .run = list_tokens },
    { .name = "tokens.create",
      .route = "POST /api/tokens",
      .doc = "A new token for a program; its secret is shown this once",
      .role = SPD_ADMIN,
      .flags = OP_WRITE | OP_CREATE,
      .body = &token_fields,
      .reply = &token_fields,
      .run = create_token },
    { .name = "tokens.delete",
      .route = "DELETE /api/tokens/{id}",
      .doc = "A token that must not be good any more",
      .role = SPD_ADMIN,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .run = delete_token },
};

spd_err token_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, token_ops, SPD_COUNT(token_ops), shop, err);
}
