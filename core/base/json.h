/* JSON, read strictly and written quickly.  The only user of cJSON.
 *
 * The functions have the very signatures of struct spd_json_api, so that the
 * plugin host's table points straight at them.  Readers never fail: a missing
 * member reads as null, and null (or another type) as the fallback. */
#ifndef SPOOLD_BASE_JSON_H
#define SPOOLD_BASE_JSON_H

#include "base/buf.h"
#include "base/str.h"

enum {
    JSON_MAX_BYTES = 1024 * 1024, /* cJSON takes 42 bytes for one */
    JSON_MAX_DEPTH = 32,
};

/* -- reading --
 *
 * Refuses what cJSON would let pass: bytes behind the document, raw control
 * characters, bad UTF-8, "\u0000", lone surrogates, 01 and 1., numbers beyond
 * a double, nesting beyond JSON_MAX_DEPTH, two members of one name, more than
 * JSON_MAX_BYTES.  The error says where.  Owned: json_free. */
spd_json *json_parse(spd_str text, struct spd_error *err);
void json_free(spd_json *doc);

/* An object of texts. Bytes that a JSON text cannot hold (bad UTF-8, a zero)
 * and a name that stands twice are refused. Owned: json_free. */
struct pair {
    spd_str name, value;
};
spd_json *json_of_pairs(const struct pair *pairs, size_t count,
                        struct spd_error *err);

/* Only the grammar, without building anything; same errors. */
spd_err json_check(spd_str text, struct spd_error *err);

/* Views are borrowed from the document. */
enum spd_json_type json_type(const spd_json *value);
const spd_json *json_member(const spd_json *value, const char *name);
const spd_json *json_item(const spd_json *value, size_t index); /* O(index) */
size_t json_count(const spd_json *value);
bool json_as_bool(const spd_json *value, bool fallback);
/* Only whole numbers between -2^53 and 2^53. */
int64_t json_as_int(const spd_json *value, int64_t fallback);
double json_as_real(const spd_json *value, double fallback);
spd_str json_as_str(const spd_json *value, spd_str fallback);

/* Walk an array or object: `for (v = json_first(o); v; v = json_next(v))`. */
const spd_json *json_first(const spd_json *value);
const spd_json *json_next(const spd_json *value);
spd_str json_name(const spd_json *member); /* within its object */

/* -- writing --
 *
 * Output is compact and goes to a buffer.  An error (unbalanced ends, a name
 * missing in an object) sticks and is told once, by jsonw_text. */
struct spd_jsonw {
    struct buf *out; /* borrowed, or the writer's own */
    struct buf own;
    unsigned depth;
    uint64_t in_array; /* one bit a level */
    bool comma, broken;
};

/* Write behind what `out` holds; `out` must outlive the writer. */
void jsonw_init(spd_jsonw *w, struct buf *out);

/* A writer with a buffer of its own. Owned: jsonw_free. */
spd_jsonw *jsonw_new(void);
void jsonw_free(spd_jsonw *w);

/* `name` is NULL inside an array and for the document itself. */
void jsonw_begin(spd_jsonw *w, const char *name, enum spd_json_type type);
void jsonw_end(spd_jsonw *w);
void jsonw_put_null(spd_jsonw *w, const char *name);
void jsonw_put_bool(spd_jsonw *w, const char *name, bool value);
void jsonw_put_int(spd_jsonw *w, const char *name, int64_t value);
/* The shortest text that reads back as the same number; null if not finite. */
void jsonw_put_real(spd_jsonw *w, const char *name, double value);
void jsonw_put_str(spd_jsonw *w, const char *name, spd_str value);
/* Text that is JSON already. */
void jsonw_put_raw(spd_jsonw *w, const char *name, spd_str json);
void jsonw_put_json(spd_jsonw *w, const char *name, const spd_json *value);

/* Borrowed from the writer; SPD_EINTERNAL when it was misused or is open. */
spd_err jsonw_text(spd_jsonw *w, spd_str *out);

/* Just the quoted and escaped text. */
void json_quote(struct buf *out, spd_str text);

#endif
