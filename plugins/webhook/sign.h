/* Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body,
 * so that a receiver knows who sent it, and that it is not an old one. */
#ifndef WEBHOOK_SIGN_H
#define WEBHOOK_SIGN_H

#include "text.h"

/* Are these secrets ("whsec_...", several with a space between while they are
 * changed)?  SPD_EINVAL says what is wrong. */
spd_err secrets_check(spd_str secrets, struct spd_error *err);

/* "v1,SIGNATURE v1,..." with each of the secrets, appended. */
void sign(spd_str secrets, spd_str id, int64_t seconds, spd_str body,
          struct text *out);

/* A fresh one, appended. */
void secret_new(struct text *out);

#endif
