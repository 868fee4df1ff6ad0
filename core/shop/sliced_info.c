/* Metadata/slice_info.config: XML in which the slicer describes each plate.
 *
 * Only what a table row names is read; the rest of the file passes by.  No
 * document type is accepted, hence no entities beyond XML's own five. */
#include <expat.h>
#include <math.h>
#include <string.h>

#include "shop/sliced_internal.h"

#define INFO_NAME "Metadata/slice_info.config"

enum {
    XML_MAX_DEPTH = 16, /* slicers write 4 */
    TEXT_MAX_BYTES = FIELD_TEXT_MAX,
    PLATE_INDEX_MAX = 9999,
    SECONDS_MAX = 366 * 24 * 3600,
    GRAMS_MAX = 1000 * 1000,
};
static const double nozzle_min_mm = 0.05, nozzle_max_mm = 5;

struct info_parser {
    XML_Parser xml;
    struct arena *arena;
    struct slice_block *blocks;
    size_t block_count;
    unsigned depth;
    bool in_plate;
    struct spd_error fault; /* what stopped it */
};

/* -- values -- */

void nozzle_state(struct nozzle *nozzle, double mm)
{
    if (isnan(nozzle->mm))
        nozzle->mm = mm;
    else if (fabs(nozzle->mm - mm) > 0.001)
        nozzle->disagree = true;
}

bool nozzle_read(spd_str text, double *mm)
{
    return str_to_real(str_trim(text), mm) && *mm >= nozzle_min_mm &&
           *mm <= nozzle_max_mm;
}

static bool read_int(spd_str text, int64_t min, int64_t max, int64_t *out)
{
    int64_t value = 0;
    if (!str_to_int(text, &value) || value < min || value > max)
        return false;
    *out = value;
    return true;
}

static bool read_grams(spd_str text, double *out)
{
    double value = 0;
    if (!str_to_real(text, &value) || value < 0 || value > GRAMS_MAX)
        return false;
    *out = value;
    return true;
}

static bool keep_text(struct arena *arena, spd_str text, spd_str *out)
{
    if (text.len > TEXT_MAX_BYTES)
        return false;
    *out = arena_str(arena, text);
    return true;
}

/* -- what a plate and a filament state, one row each -- */

/* Reads one value, which is not empty; false when it makes no sense. */
typedef bool plate_read(struct slice_block *block, spd_str value,
                        struct arena *arena);
typedef bool filament_read(struct sliced_filament *filament, spd_str value,
                           struct arena *arena);

static bool read_index(struct slice_block *block, spd_str value,
                       struct arena *arena)
{
    (void)arena;
    return read_int(value, 1, PLATE_INDEX_MAX, &block->plate.index);
}

static bool read_prediction(struct slice_block *block, spd_str value,
                            struct arena *arena)
{
    (void)arena;
    return read_int(value, 0, SECONDS_MAX, &block->plate.estimated_seconds);
}

static bool read_weight(struct slice_block *block, spd_str value,
                        struct arena *arena)
{
    (void)arena;
    return read_grams(value, &block->plate.grams);
}

static bool read_model_id(struct slice_block *block, spd_str value,
                          struct arena *arena)
{
    return keep_text(arena, value, &block->plate.slicer_model_id);
}

/* One diameter an extruder: "0.4", "0.4,0.4" or "0.4 0.6". */
static bool read_nozzles(struct slice_block *block, spd_str value,
                         struct arena *arena)
{
    (void)arena;
    char sep = memchr(value.ptr, ',', value.len) != NULL ? ',' : ' ';
    for (spd_str rest = str_trim(value); rest.len > 0;) {
        double mm = 0;
        if (!nozzle_read(str_cut(&rest, sep), &mm))
            return false;
        nozzle_state(&block->of_plate, mm);
    }
    return true;
}

static bool read_support(struct slice_block *block, spd_str value,
                         struct arena *arena)
{
    (void)arena;
    block->plate.uses_support = str_is(value, "true");
    return block->plate.uses_support || str_is(value, "false");
}

static const struct plate_row {
    const char *key;
    plate_read *read;
    const char *expected;
} plate_rows[] = {
    { "index", read_index, "a plate's number" },
    { "prediction", read_prediction, "seconds, at most a year of them" },
    { "weight", read_weight, "grams" },
    { "printer_model_id", read_model_id, "a short text" },
    { "nozzle_diameters", read_nozzles, "millimetres" },
    { "support_used", read_support, "true or false" },
};

static bool read_id(struct sliced_filament *filament, spd_str value,
                    struct arena *arena)
{
    (void)arena;
    return read_int(value, 1, SLICED_MAX_FILAMENTS, &filament->id);
}

static bool read_type(struct sliced_filament *filament, spd_str value,
                      struct arena *arena)
{
    return keep_text(arena, value, &filament->type);
}

/* "#RRGGBB", or with the opacity behind it, which no slot knows. */
static bool read_color(struct sliced_filament *filament, spd_str value,
                       struct arena *arena)
{
    if (value.ptr[0] != '#' || (value.len != 7 && value.len != 9) ||
        strspn(value.ptr + 1, "0123456789abcdefABCDEF") != value.len - 1)
        return false;
    char color[8] = "#";
    for (size_t i = 1; i < 7; i++) {
        char c = value.ptr[i];
        color[i] = c >= 'a' ? (char)(c - 'a' + 'A') : c;
    }
    filament->color = arena_str(arena, str_of(color));
    return true;
}

static bool read_profile(struct sliced_filament *filament, spd_str value,
                         struct arena *arena)
{
    return keep_text(arena, value, &filament->profile);
}

static bool read_used(struct sliced_filament *filament, spd_str value,
                      struct arena *arena)
{
    (void)arena;
    return read_grams(value, &filament->grams);
}

static const struct filament_row {
    const char *attribute;
    filament_read *read;
    const char *expected;
} filament_rows[] = {
    { "id", read_id, "a filament's number, from 1 to 64" },
    { "type", read_type, "a short text" },
    { "color", read_color, "a colour like #00AE42" },
    { "tray_info_idx", read_profile, "a short text" },
    { "used_g", read_used, "grams" },
};

/* -- faults -- */

static void stop(struct info_parser *parser)
{
    XML_StopParser(parser->xml, XML_FALSE);
}

static void refuse(struct info_parser *parser, const char *what)
{
    error_set(&parser->fault, SPD_EINVAL,
              "The description of the plates in this file %s: " SLICED_AGAIN
              ".",
              what);
    stop(parser);
}

static void refuse_value(struct info_parser *parser, const char *key,
                         spd_str value, const char *expected)
{
    spd_str shown = str_clip(value, 40);
    error_set(&parser->fault, SPD_EINVAL,
              "The description of the plates in this file says %s is \"%.*s\" "
              "where %s should stand: " SLICED_AGAIN ".",
              key, STR_ARG(shown), expected);
    stop(parser);
}

/* -- elements -- */

/* expat's attributes: name, value, name, value, NULL. */
static spd_str attribute(const XML_Char **attributes, const char *name)
{
    for (; *attributes != NULL; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return str_of(attributes[1]);
    return (spd_str){ NULL, 0 };
}

static void begin_plate(struct info_parser *parser)
{
    if (parser->block_count == SLICED_MAX_PLATES) {
        refuse(parser, "lists more than 64 of them");
        return;
    }
    parser->in_plate = true;
    struct slice_block *block = &parser->blocks[parser->block_count++];
    fields_init(&sliced_plate_fields, &block->plate);
    block->of_plate.mm = NAN;
    block->of_filaments.mm = NAN;
}

static struct slice_block *open_block(struct info_parser *parser)
{
    return &parser->blocks[parser->block_count - 1];
}

static void read_metadata(struct info_parser *parser,
                          const XML_Char **attributes)
{
    spd_str key = attribute(attributes, "key");
    spd_str value = attribute(attributes, "value");
    for (size_t i = 0; i < FIELD_COUNT(plate_rows) && value.len > 0; i++) {
        const struct plate_row *row = &plate_rows[i];
        if (!str_is(key, row->key))
            continue;
        if (!row->read(open_block(parser), value, parser->arena))
            refuse_value(parser, row->key, value, row->expected);
        return;
    }
}

/* Kept in the order of their numbers. False: the number is there already. */
static bool insert_filament(struct list *list,
                            const struct sliced_filament *filament)
{
    struct sliced_filament *items = list->items;
    size_t at = list->count;
    while (at > 0 && items[at - 1].id >= filament->id)
        at--;
    if (at < list->count && items[at].id == filament->id)
        return false;
    memmove(&items[at + 1], &items[at], (list->count - at) * sizeof(*items));
    items[at] = *filament;
    list->count++;
    return true;
}

static bool read_filament_rows(struct info_parser *parser,
                               struct sliced_filament *filament,
                               const XML_Char **attributes)
{
    for (size_t i = 0; i < FIELD_COUNT(filament_rows); i++) {
        const struct filament_row *row = &filament_rows[i];
        spd_str value = attribute(attributes, row->attribute);
        if (value.len > 0 && !row->read(filament, value, parser->arena)) {
            refuse_value(parser, row->attribute, value, row->expected);
            return false;
        }
    }
    return true;
}

static void read_filament(struct info_parser *parser,
                          const XML_Char **attributes)
{
    struct sliced_filament filament;
    fields_init(&sliced_filament_fields, &filament);
    if (!read_filament_rows(parser, &filament, attributes))
        return;
    struct slice_block *block = open_block(parser);
    struct list *list = &block->plate.filaments;
    if (list->items == NULL) /* ids are bounded and differ: this is enough */
        list->items =
            arena_new(parser->arena, SLICED_MAX_FILAMENTS * sizeof(filament));
    if (filament.id == INT_NONE || filament.type.len == 0) {
        refuse(parser, "names a filament without its number or type");
        return;
    }
    if (!insert_filament(list, &filament)) {
        refuse(parser, "gives two filaments of a plate the same number");
        return;
    }
    spd_str nozzle = attribute(attributes, "nozzle_diameter");
    double mm = 0;
    if (nozzle.len > 0 && !nozzle_read(nozzle, &mm))
        refuse_value(parser, "nozzle_diameter", nozzle, "millimetres");
    else if (nozzle.len > 0)
        nozzle_state(&block->of_filaments, mm);
}

/* config > plate > metadata | filament */
static void on_start(void *arg, const XML_Char *name,
                     const XML_Char **attributes)
{
    struct info_parser *parser = arg;
    if (parser->fault.code != SPD_OK)
        return; /* expat may still tell of what it had read */
    parser->depth++;
    if (parser->depth > XML_MAX_DEPTH)
        refuse(parser, "nests deeper than any slicer writes it");
    else if (parser->depth == 2 && strcmp(name, "plate") == 0)
        begin_plate(parser);
    else if (parser->depth == 3 && parser->in_plate &&
             strcmp(name, "metadata") == 0)
        read_metadata(parser, attributes);
    else if (parser->depth == 3 && parser->in_plate &&
             strcmp(name, "filament") == 0)
        read_filament(parser, attributes);
}

static bool is_known_index(const struct info_parser *parser, int64_t index)
{
    for (size_t i = 0; i + 1 < parser->block_count; i++)
        if (parser->blocks[i].plate.index == index)
            return true;
    return false;
}

static void end_plate(struct info_parser *parser)
{
    parser->in_plate = false;
    int64_t index = open_block(parser)->plate.index;
    if (index == INT_NONE)
        refuse(parser, "has a plate without a number");
    else if (is_known_index(parser, index))
        refuse(parser, "gives two plates the same number");
}

static void on_end(void *arg, const XML_Char *name)
{
    (void)name;
    struct info_parser *parser = arg;
    if (parser->fault.code != SPD_OK)
        return;
    if (parser->depth == 2 && parser->in_plate)
        end_plate(parser);
    parser->depth--;
}

static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public_id, int has_internal_subset)
{
    (void)name, (void)system, (void)public_id, (void)has_internal_subset;
    refuse(arg, "declares a document type, which no slicer does");
}

/* -- reading it -- */

static spd_err feed(struct info_parser *parser, spd_str piece, bool last,
                    struct spd_error *err)
{
    if (XML_Parse(parser->xml, piece.ptr, (int)piece.len, last) ==
        XML_STATUS_OK)
        return SPD_OK;
    if (parser->fault.code == SPD_OK)
        error_set(&parser->fault, SPD_EINVAL,
                  "The description of the plates in this file is damaged "
                  "(line %lu: %s): " SLICED_AGAIN ".",
                  XML_GetCurrentLineNumber(parser->xml),
                  XML_ErrorString(XML_GetErrorCode(parser->xml)));
    if (err != NULL)
        *err = parser->fault;
    return parser->fault.code;
}

static spd_err take_xml(void *arg, spd_str piece, struct spd_error *err)
{
    return feed(arg, piece, false, err);
}

static XML_Parser new_xml(struct info_parser *parser)
{
    XML_Parser xml = XML_ParserCreate(NULL);
    if (xml == NULL)
        return NULL;
    XML_SetUserData(xml, parser);
    XML_SetElementHandler(xml, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(xml, on_doctype);
    return xml;
}

static void sort_blocks(struct slice_block *blocks, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slice_block block = blocks[i];
        size_t at = i;
        for (; at > 0 && blocks[at - 1].plate.index > block.plate.index; at--)
            blocks[at] = blocks[at - 1];
        blocks[at] = block;
    }
}

spd_err slice_info_read(struct sliced_zip *zip, struct arena *arena,
                        struct slice_info *info, struct spd_error *err)
{
    *info = (struct slice_info){ 0 };
    if (sliced_zip_size(zip, INFO_NAME) < 0)
        return SPD_OK;
    struct info_parser parser = { .arena = arena };
    parser.xml = new_xml(&parser);
    if (parser.xml == NULL)
        return error_set(err, SPD_ENOMEM, "No memory to read the file with.");
    parser.blocks =
        arena_new(arena, SLICED_MAX_PLATES * sizeof(*parser.blocks));
    spd_err rc = sliced_zip_read(zip, INFO_NAME, SLICED_MAX_META_BYTES,
                                 take_xml, &parser, err);
    if (rc == SPD_OK)
        rc = feed(&parser, (spd_str){ "", 0 }, true, err);
    XML_ParserFree(parser.xml);
    sort_blocks(parser.blocks, parser.block_count);
    info->blocks = parser.blocks;
    info->count = parser.block_count;
    return rc;
}
