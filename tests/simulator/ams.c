#include "ams.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct spool {
    const char *type, *sub_brand, *info_idx, *id_name, *color;
    int nozzle_min_c, nozzle_max_c;
} spools[] = {
    { "PLA", "PLA Basic", "GFA00", "A00-K0", "000000FF", 190, 230 },
    { "PLA", "PLA Basic", "GFA00", "A00-W1", "FFFFFFFF", 190, 230 },
    { "PLA", "PLA Basic", "GFA00", "A00-R0", "C12E1FFF", 190, 230 },
    { "PLA", "PLA Matte", "GFA01", "A01-B3", "0078BFFF", 190, 230 },
    { "PETG", "PETG HF", "GFG02", "G02-K0", "000000FF", 230, 270 },
    { "PLA", "PLA Basic", "GFA00", "A00-Y2", "FEC600FF", 190, 230 },
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

static void tray_fill(struct tray *tray, const struct spool *spool,
                      uint32_t *random)
{
    *tray = (struct tray){
        .present = true,
        .weight_grams = 1000,
        .remain_grams = 1000,
        .nozzle_min_c = spool->nozzle_min_c,
        .nozzle_max_c = spool->nozzle_max_c,
    };
    snprintf(tray->type, sizeof tray->type, "%s", spool->type);
    snprintf(tray->sub_brand, sizeof tray->sub_brand, "%s", spool->sub_brand);
    snprintf(tray->info_idx, sizeof tray->info_idx, "%s", spool->info_idx);
    snprintf(tray->id_name, sizeof tray->id_name, "%s", spool->id_name);
    snprintf(tray->color, sizeof tray->color, "%s", spool->color);
    snprintf(tray->tag_uid, sizeof tray->tag_uid, "%08X00000100",
             (unsigned)(next_random(random) << 8 | 1U));
    for (int i = 0; i < 4; i++)
        snprintf(tray->tray_uuid + 8 * i, 9, "%08X",
                 (unsigned)(next_random(random) << 8 | 1U));
}

void tray_clear(struct tray *tray)
{
    *tray = (struct tray){ 0 };
    memcpy(tray->color, "00000000", sizeof tray->color);
    memset(tray->tag_uid, '0', sizeof tray->tag_uid - 1);
    memset(tray->tray_uuid, '0', sizeof tray->tray_uuid - 1);
}

static const struct kind {
    const char *name;
    enum ams_kind kind;
    int first_id;
    size_t most; /* units that share these ids */
} kinds[] = {
    { "ams", AMS_CLASSIC, 0, 4 },
    { "lite", AMS_LITE, 0, 4 },
    { "ams2pro", AMS_2_PRO, 0, 4 },
    { "ht", AMS_HT, AMS_HT_FIRST, 4 },
    { "a2l-lite", AMS_LITE_A2L, AMS_A2L_LITE, 1 },
};

static const struct kind *kind_row(enum ams_kind kind)
{
    const struct kind *row = kinds;
    while (row->kind != kind)
        row++;
    return row;
}

const char *ams_kind_name(enum ams_kind kind)
{
    return kind_row(kind)->name;
}

int ams_slots(enum ams_kind kind)
{
    return kind == AMS_HT ? 1 : AMS_SLOTS;
}

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool plan_unit(struct ams_plan *plan, char *word)
{
    char *side = strchr(word, ':');
    if (side != NULL)
        *side++ = '\0';
    const struct kind *kind = find_kind(word);
    if (kind == NULL || plan->count == AMS_UNITS_MAX ||
        (side != NULL && strcmp(side, "left") != 0 &&
         strcmp(side, "right") != 0))
        return false;
    size_t alike = 0;
    for (size_t i = 0; i < plan->count; i++)
        alike += kind_row(plan->unit[i].kind)->first_id == kind->first_id;
    if (alike == kind->most)
        return false;
    plan->unit[plan->count].kind = kind->kind;
    plan->unit[plan->count].extruder =
        side != NULL && strcmp(side, "left") == 0;
    plan->count++;
    return true;
}

bool ams_plan_parse(struct ams_plan *plan, const char *text)
{
    char words[256], *rest = NULL;
    *plan = (struct ams_plan){ 0 };
    if (strlen(text) >= sizeof words)
        return false;
    if (strcasecmp(text, "none") == 0)
        return true;
    memcpy(words, text, strlen(text) + 1);
    for (char *word = strtok_r(words, ",", &rest); word != NULL;
         word = strtok_r(NULL, ",", &rest))
        if (!plan_unit(plan, word))
            return false;
    return plan->count > 0;
}

/* Kinds that count their ids together go on where the last one ended. */
static int next_id(const struct ams *ams, enum ams_kind kind)
{
    int id = kind_row(kind)->first_id;
    for (size_t i = 0; i < ams->unit_count; i++)
        id += kind_row(ams->unit[i].kind)->first_id == kind_row(kind)->first_id;
    return id;
}

static void external_init(struct tray *tray)
{
    tray_clear(tray);
    tray->present = true;
}

void ams_init(struct ams *ams, const struct ams_plan *plan, uint32_t seed)
{
    *ams = (struct ams){
        .now = AMS_NO_TRAY,
        .target = AMS_NO_TRAY,
        .previous = AMS_NO_TRAY,
        .version = 3,
    };
    size_t spool = seed;
    for (size_t i = 0; i < plan->count; i++) {
        struct ams_unit *unit = &ams->unit[i];
        unit->kind = plan->unit[i].kind;
        unit->extruder = plan->unit[i].extruder;
        unit->id = next_id(ams, unit->kind);
        ams->unit_count++;
        for (int slot = 0; slot < AMS_SLOTS; slot++)
            tray_clear(&unit->tray[slot]);
        for (int slot = 0; slot < ams_slots(unit->kind); slot++)
            tray_fill(&unit->tray[slot],
                      &spools[spool++ % (sizeof spools / sizeof *spools)],
                      &seed);
    }
    external_init(&ams->external);
    external_init(&ams->external_left);
}

void ams_refit(struct ams *ams, const struct ams_plan *plan, uint32_t seed)
{
    unsigned version = ams->version;
    ams_init(ams, plan, seed);
    ams->version = version;
    for (size_t i = 0; i < ams->unit_count; i++)
        for (int slot = 0; slot < ams_slots(ams->unit[i].kind); slot++)
            ams_touch(ams, ams_number(&ams->unit[i], slot));
}

struct ams_unit *ams_unit(struct ams *ams, int id)
{
    for (size_t i = 0; i < ams->unit_count; i++)
        if (ams->unit[i].id == id)
            return &ams->unit[i];
    return NULL;
}

int ams_number(const struct ams_unit *unit, int slot)
{
    if (slot < 0 || slot >= ams_slots(unit->kind))
        return -1;
    return unit->kind == AMS_HT ? unit->id : unit->id * AMS_SLOTS + slot;
}

bool ams_is_external(int number)
{
    return number == AMS_EXTERNAL || number == AMS_EXTERNAL_LEFT;
}

struct tray *ams_find(struct ams *ams, int number, struct ams_unit **unit,
                      int *slot)
{
    struct ams_unit *found = NULL;
    struct tray *tray = NULL;
    int at = 0;
    if (number == AMS_EXTERNAL)
        tray = &ams->external;
    else if (number == AMS_EXTERNAL_LEFT)
        tray = &ams->external_left;
    else if (number >= AMS_HT_FIRST)
        found = ams_unit(ams, number);
    else if (number >= 0) {
        found = ams_unit(ams, number / AMS_SLOTS);
        at = number % AMS_SLOTS;
    }
    if (found != NULL)
        tray = &found->tray[at];
    if (unit != NULL)
        *unit = found;
    if (slot != NULL)
        *slot = at;
    return tray;
}

struct tray *ams_tray(struct ams *ams, int number)
{
    return ams_find(ams, number, NULL, NULL);
}

/* External spools have the two highest bits. */
static uint64_t dirty_bit(const struct ams *ams, int number)
{
    if (ams_is_external(number))
        return (uint64_t)1 << (63 - (number == AMS_EXTERNAL));
    for (size_t i = 0; i < ams->unit_count; i++)
        for (int slot = 0; slot < AMS_SLOTS; slot++)
            if (ams_number(&ams->unit[i], slot) == number)
                return (uint64_t)1 << (i * AMS_SLOTS + (size_t)slot);
    return 0;
}

void ams_touch(struct ams *ams, int number)
{
    ams->dirty |= dirty_bit(ams, number);
    ams->version++;
}

bool ams_is_dirty(const struct ams *ams, int number)
{
    return ams->dirty != 0 && (ams->dirty & dirty_bit(ams, number)) != 0;
}

bool ams_use(struct ams *ams, int number, double grams)
{
    struct tray *tray = ams_tray(ams, number);
    if (tray == NULL || tray->weight_grams == 0) /* unknown: never ends */
        return true;
    int before = tray_remain_percent(tray);
    tray->remain_grams = fmax(tray->remain_grams - grams, 0);
    if (tray_remain_percent(tray) != before)
        ams_touch(ams, number);
    return tray->remain_grams > 0;
}

int tray_remain_percent(const struct tray *tray)
{
    if (tray->weight_grams <= 0)
        return 0;
    return (int)ceil(tray->remain_grams * 100 / tray->weight_grams);
}

bool tray_has_tag(const struct tray *tray)
{
    return strspn(tray->tag_uid, "0") != strlen(tray->tag_uid);
}

/* AMS HT units come behind the four others, and an A2L's behind those. */
static unsigned unit_bit(const struct ams_unit *unit)
{
    if (unit->kind == AMS_HT)
        return 1U << (4 + unit->id - AMS_HT_FIRST);
    return 1U << (unit->kind == AMS_LITE_A2L ? 12 : unit->id);
}

static unsigned tray_bit(const struct ams_unit *unit, int slot)
{
    if (unit->kind == AMS_HT)
        return 1U << (16 + unit->id - AMS_HT_FIRST);
    int first = unit->kind == AMS_LITE_A2L ? 24 : unit->id * AMS_SLOTS;
    return 1U << (first + slot);
}

unsigned ams_unit_bits(const struct ams *ams)
{
    unsigned bits = 0;
    for (size_t i = 0; i < ams->unit_count; i++)
        bits |= unit_bit(&ams->unit[i]);
    return bits;
}

static bool is_there(const struct tray *tray)
{
    return tray->present;
}

static bool is_tagged(const struct tray *tray)
{
    return tray->present && tray_has_tag(tray);
}

static unsigned bits_of(const struct ams *ams,
                        bool (*wanted)(const struct tray *tray))
{
    unsigned bits = 0;
    for (size_t i = 0; i < ams->unit_count; i++)
        for (int slot = 0; slot < ams_slots(ams->unit[i].kind); slot++)
            if (wanted(&ams->unit[i].tray[slot]))
                bits |= tray_bit(&ams->unit[i], slot);
    return bits;
}

unsigned ams_exist_bits(const struct ams *ams)
{
    return bits_of(ams, is_there);
}

unsigned ams_tag_bits(const struct ams *ams)
{
    return bits_of(ams, is_tagged);
}
