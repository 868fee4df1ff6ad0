#include "shop/admission.h"

#include <stdio.h>
#include <string.h>

#include "shop/person.h"

/* -- judged by the records -- */

/* A token is "spd_ID_SECRET", a session's cookie "ID_SECRET". */
static bool split_secret(spd_str text, int64_t *id, spd_str *secret)
{
    spd_str rest = text;
    bool has_id = str_to_int(str_cut(&rest, '_'), id);
    *secret = rest;
    return has_id && *id > 0 && rest.len > 0;
}

static int lesser(int a, int b)
{
    return a < b ? a : b;
}

static struct actor actor_of(const struct person *person, int role,
                             int64_t token_id)
{
    struct actor actor = {
        .role = (enum spd_role)(lesser(role, person->role) + SPD_VIEWER),
        .person_id = person->id,
        .token_id = token_id,
    };
    snprintf(actor.who, sizeof(actor.who), "person/%lld",
             (long long)person->id);
    return actor;
}

/* [in a read] True: `admission` holds who it is and until when; expired ones
 * too. */
typedef bool judge_fn(spd_txn *txn, int64_t id, spd_str secret,
                      struct arena *arena, struct admission *admission);

static bool judge_token(spd_txn *txn, int64_t id, spd_str secret,
                        struct arena *arena, struct admission *admission)
{
    struct token token;
    struct person person;
    if (record_get(txn, &token_kind, id, &token, arena, NULL) != SPD_OK ||
        !secret_matches(secret, token.hash) ||
        record_get(txn, &person_kind, token.person_id, &person, arena, NULL) !=
            SPD_OK)
        return false;
    admission->actor = actor_of(&person, token.role, token.id);
    admission->expires_at = token.expires_at;
    return true;
}

static bool judge_session(spd_txn *txn, int64_t id, spd_str secret,
                          struct arena *arena, struct admission *admission)
{
    struct session session;
    struct person person;
    if (record_get(txn, &session_kind, id, &session, arena, NULL) != SPD_OK ||
        !secret_matches(secret, session.hash) ||
        record_get(txn, &person_kind, session.person_id, &person, arena,
                   NULL) != SPD_OK)
        return false;
    admission->actor = actor_of(&person, person.role, 0);
    admission->expires_at = session.expires_at;
    return true;
}

static judge_fn *const judges[] = {
    [PROOF_TOKEN] = judge_token,
    [PROOF_SESSION] = judge_session,
};

static bool judge(struct shop *shop, spd_str text, struct admission *admission)
{
    int64_t id;
    spd_str secret;
    if (!split_secret(text, &id, &secret))
        return false;
    struct arena arena = { 0 };
    spd_txn *txn = store_read(shop->store);
    bool known = judges[admission->proof](txn, id, secret, &arena, admission);
    store_read_end(txn);
    arena_fini(&arena);
    return known;
}

/* -- remembered -- */

/* Each of them only grows, so the sum stays only if all do. */
static uint64_t changes_of(const struct shop *shop)
{
    return record_changes(shop->store, &person_kind) +
           record_changes(shop->store, &token_kind) +
           record_changes(shop->store, &session_kind);
}

static void forget_outdated(struct shop *shop)
{
    struct admissions *kept = &shop->admissions;
    uint64_t changes = changes_of(shop);
    if (!kept->has_key)
        crypt_random(&kept->key, sizeof(kept->key));
    kept->has_key = true;
    if (kept->changes == changes)
        return;
    memset(kept->places, 0, sizeof(kept->places));
    kept->changes = changes;
}

static struct admission *place_of(struct admissions *kept,
                                  const struct tag *tag)
{
    return &kept->places[tag->bytes[0] % ADMISSIONS_KEPT];
}

static bool is_same(const struct admission *a, const struct admission *b)
{
    return a->proof == b->proof &&
           crypt_equal(&a->tag, &b->tag, sizeof(a->tag));
}

static bool is_over(const struct shop *shop, const struct admission *admission)
{
    return admission->expires_at != 0 &&
           admission->expires_at <= shop_now_ms(shop);
}

static bool admit(struct shop *shop, enum proof proof, spd_str text,
                  struct actor *actor)
{
    forget_outdated(shop);
    struct admissions *kept = &shop->admissions;
    struct admission now = { .proof = proof, .tag = tag_of(&kept->key, text) };
    struct admission *place = place_of(kept, &now.tag);
    if (!is_same(place, &now)) {
        if (!judge(shop, text, &now))
            return false;
        *place = now;
    }
    if (is_over(shop, place))
        return false;
    *actor = place->actor;
    return true;
}

bool people_admit_token(struct shop *shop, spd_str bearer, struct actor *actor)
{
    spd_str lead = STR("spd_");
    if (!str_starts(bearer, lead))
        return false;
    bearer.ptr += lead.len;
    bearer.len -= lead.len;
    return admit(shop, PROOF_TOKEN, bearer, actor);
}

bool people_admit_session(struct shop *shop, spd_str cookie,
                          struct actor *actor)
{
    return admit(shop, PROOF_SESSION, cookie, actor);
}
