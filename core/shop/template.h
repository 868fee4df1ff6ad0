/* Texts with members in them: "{{printer.name}} is done".
 *
 * Our own words are such texts, and so is every string of a channel's template.
 * Nothing is computed in them: a name leads into a JSON object, or nowhere. */
#ifndef SPOOLD_SHOP_TEMPLATE_H
#define SPOOLD_SHOP_TEMPLATE_H

#include "base/json.h"

/* Words: fill in `text`, appended.  A line that names something which is not
 * there, is null or empty is left out whole. */
void template_words(spd_str text, const spd_json *root, struct buf *out);

/* The same of one line: what is not there is nothing. */
void template_line(spd_str text, const spd_json *root, struct buf *out);

/* A template: a JSON value whose strings are filled in.  A string that is one
 * name and nothing else becomes what stands there, also a number or an object;
 * what is not there becomes null, or nothing within a longer string. */
void template_fill(const spd_json *value, const spd_json *root, spd_jsonw *w,
                   const char *name);

/* Does each name in it lead somewhere, in the opinion of `is_known`?
 * SPD_EINVAL names the first that does not, or braces that do not close. */
spd_err template_check(const spd_json *value, bool (*is_known)(spd_str path),
                       struct spd_error *err);

/* The member at "event.printer.name"; NULL: there is none. */
const spd_json *template_find(const spd_json *root, spd_str path);

#endif
