/* People, their tokens and sessions: who may come in.
 *
 * There is no default password and no way to turn this off.  The first start
 * leaves a one-time code; whoever reads it makes the first administrator. */
#ifndef SPOOLD_SHOP_PERSON_H
#define SPOOLD_SHOP_PERSON_H

#include "shop/shop.h"

struct person {
    int64_t id;
    spd_str email, name;
    int role; /* place in role_names, which is enum spd_role less one */
    spd_str password_hash;
    int64_t created_at;
};

struct token {
    int64_t id, person_id;
    spd_str name;
    int role;     /* never above the person's */
    spd_str hash; /* hex of the secret's SHA-256 */
    int64_t created_at, expires_at;
};

struct session {
    int64_t id, person_id;
    spd_str hash;
    int64_t created_at, expires_at;
};

extern const struct kind person_kind, token_kind, session_kind;
extern const char *const role_names[]; /* "viewer" ... "admin" */

/* Has the first administrator been made? */
bool people_are_set_up(struct shop *shop);

/* Before set-up: see that FOLDER/setup-code is there, and print it. */
spd_err people_offer_setup(struct shop *shop, struct spd_error *err);

/* The person of this address, in any case of letters; 0: nobody. */
int64_t person_with_email(spd_txn *txn, spd_str email);

/* Whoever presents these: fills `actor`, true. Any failure is false. */
bool people_admit_token(struct shop *shop, spd_str bearer, struct actor *actor);
bool people_admit_session(struct shop *shop, spd_str cookie,
                          struct actor *actor);

spd_err person_add_ops(struct shop *shop, struct spd_error *err);
spd_err token_add_ops(struct shop *shop, struct spd_error *err);
spd_err setup_add_ops(struct shop *shop, struct spd_error *err);
spd_err session_add_ops(struct shop *shop, struct spd_error *err);

/* A secret to hand out once: 256 random bits as text, and what is kept. */
enum { SECRET_TEXT_BYTES = 48, SECRET_HASH_BYTES = 65 };
void secret_new(char text[SECRET_TEXT_BYTES], char hash[SECRET_HASH_BYTES]);
/* Is `given` the secret whose hash is kept? In constant time. */
bool secret_matches(spd_str given, spd_str hash);

#endif
