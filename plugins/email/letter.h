/* What a mail says: a notice as plain text and as a page.
 *
 * Pure.  All that people wrote is escaped; links lead to http and https only.
 */
#ifndef EMAIL_LETTER_H
#define EMAIL_LETTER_H

#include "text.h"

/* `notice`: as listed at struct spd_notifier. */
void letter_text(const struct spd_json_api *json, const spd_json *notice,
                 struct text *out);
/* has_picture: there is one, as cid:picture. */
void letter_html(const struct spd_json_api *json, const spd_json *notice,
                 bool has_picture, struct text *out);

#endif
