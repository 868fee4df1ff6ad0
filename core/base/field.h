/* Fields: one table says everything about a record.
 *
 * Each record is a C struct and one `static const` table of its fields.  The
 * table decodes requests with errors that name the field, encodes replies,
 * fills in defaults, packs records for the store, and becomes the API's
 * documentation.  Knows no noun, no store and no HTTP. */
#ifndef SPOOLD_BASE_FIELD_H
#define SPOOLD_BASE_FIELD_H

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

/* How a field lies in the struct, and what stands there for null:
 *
 *   BOOL    bool          (never null)
 *   INT     int64_t       INT_NONE
 *   REAL    double        NAN
 *   TEXT    spd_str       a NULL pointer
 *   ID      int64_t       0       ids are 1 .. 2^53
 *   TIME    int64_t       0       UTC milliseconds; RFC 3339 outside
 *   CHOICE  int           (never null) the place in `choices`
 *   LIST    struct list   (never null) of records, or of spd_str
 *   JSON    spd_str       a NULL pointer; any JSON, as text
 *   RECORD  a struct of `of`, in place; null as its first field is */
enum field_type {
    FIELD_BOOL,
    FIELD_INT,
    FIELD_REAL,
    FIELD_TEXT,
    FIELD_ID,
    FIELD_TIME,
    FIELD_CHOICE,
    FIELD_LIST,
    FIELD_JSON,
    FIELD_RECORD,
};

#define INT_NONE INT64_MIN

struct list {
    void *items; /* records of the field's table, or spd_str */
    size_t count;
};

enum field_flag {
    FIELD_REQUIRED = 1u << 0,
    FIELD_READONLY = 1u << 1, /* shown; whoever sends it is told so */
    FIELD_SECRET = 1u << 2,   /* accepted, never shown */
    FIELD_INTERNAL = 1u << 3, /* stored, unknown outside */
    FIELD_NULL = 1u << 4,     /* null may be sent: it clears the field */
};

struct field {
    const char *name;
    const char *doc; /* one line, with the unit */
    enum field_type type;
    uint32_t flags;
    size_t offset;
    /* INT, REAL: the value's bounds; TEXT: bytes; LIST: items.  Both 0: the
     * type's own (texts FIELD_TEXT_MAX bytes, lists FIELD_LIST_MAX items). */
    double min, max;
    const char *const *choices; /* ends with NULL */
    const struct fields *of;    /* RECORD; LIST of records, NULL: of texts */
    const char *fallback;       /* JSON text; NULL: null, false, first, [] */
    const char *example;        /* JSON text */
};

enum { FIELD_TEXT_MAX = 255, FIELD_LIST_MAX = 256 };

struct fields {
    const char *name; /* of the record: "job" */
    size_t size;      /* of the struct; 0: only checked, never decoded */
    const struct field *rows;
    size_t count; /* at most 64 */
};

#define FIELD_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A table of the rows of one struct. */
#define TABLE(label, struct_name, row_array)                                   \
    {                                                                          \
        (label), sizeof(struct struct_name), (row_array),                      \
            sizeof(row_array) / sizeof((row_array)[0])                         \
    }

/* One row: `FIELD(job, priority, FIELD_INT, "doc", .min = 0)`. */
#define FIELD(struct_name, member, field_type, doc_line, ...)                  \
    {                                                                          \
        .name = #member, .type = (field_type), .doc = (doc_line),              \
        .offset = offsetof(struct struct_name, member), __VA_ARGS__            \
    }

/* What is wrong with an input: one sentence a field. */
struct faults {
    struct buf json; /* {"field":"sentence",...  without the closing brace */
    unsigned count;
    char first[160]; /* the first one, with its field's name */
};

void faults_fini(struct faults *faults);
void faults_add(struct faults *faults, const char *field, const char *fmt, ...)
    SPD_PRINTF(3, 4);

enum fields_mode {
    FIELDS_CREATE, /* absent members get their default; required ones missed */
    FIELDS_PATCH,  /* absent members stay as they are in the struct */
};

/* All fields null or at their default. */
void fields_init(const struct fields *table, void *record);

/* Decode the members of `object` that `table` knows into `record`; others are
 * left to the caller (fields_find).  Texts are views into `object`, lists live
 * in `arena`.  A value of a query or path comes as text and is read as the
 * field's type when `from_text`.  With table->size 0 or a NULL record it is
 * only checked.  True when no fault was added. */
struct fields_input {
    const spd_json *object; /* NULL: {} */
    enum fields_mode mode;
    bool from_text;
    bool trusted; /* read-only and internal members may be set */
    bool lenient; /* null and "" are as absent, on every level */
};
bool fields_decode(const struct fields *table, void *record,
                   const struct fields_input *input, struct arena *arena,
                   struct faults *faults);

/* The row of that name, or NULL. */
const struct field *fields_find(const struct fields *table, spd_str name);

/* Write the members that may be shown, without the braces. */
void fields_write(const struct fields *table, const void *record, spd_jsonw *w);

/* -- the store's form --
 *
 * Compact and quick to read; rows may only be added at a table's end, and a
 * record packed before reads with their defaults. */
void fields_pack(const struct fields *table, const void *record,
                 struct buf *out);

/* Texts are views into `packed`, lists live in `arena`.  False when the bytes
 * are damaged. */
bool fields_unpack(const struct fields *table, void *record, spd_str packed,
                   struct arena *arena);

/* JSON schema (OpenAPI 3.1) of the record: as a reply, or as a request. */
void fields_schema(const struct fields *table, bool as_request, spd_jsonw *w,
                   const char *name);

/* The same of one field alone. */
void field_schema(const struct field *field, bool as_request, spd_jsonw *w,
                  const char *name);

#endif
