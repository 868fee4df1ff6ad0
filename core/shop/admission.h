/* Who was let in, remembered for the next request.
 *
 * A page or a program sends the same token with each of its requests.  It is
 * judged by the records once; until any person, token or session is written,
 * the same bytes are the same actor.  Only keyed sums of secrets are kept. */
#ifndef SPOOLD_SHOP_ADMISSION_H
#define SPOOLD_SHOP_ADMISSION_H

#include "base/crypt.h"
#include "ops/op.h"

enum { ADMISSIONS_KEPT = 32 };

enum proof { PROOF_NONE, PROOF_TOKEN, PROOF_SESSION };

struct admission {
    enum proof proof; /* PROOF_NONE: an empty place */
    struct tag tag;   /* of what was presented */
    struct actor actor;
    int64_t expires_at; /* 0: never */
};

/* Zero: nobody was let in yet. */
struct admissions {
    bool has_key;
    struct tag_key key;
    uint64_t changes; /* of the records, when these were judged by them */
    struct admission places[ADMISSIONS_KEPT];
};

#endif
