#include "ams.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

void ams_init(struct ams *ams, bool fitted, uint32_t seed)
{
    *ams = (struct ams){
        .fitted = fitted,
        .now = AMS_NO_TRAY,
        .target = AMS_NO_TRAY,
        .previous = AMS_NO_TRAY,
        .version = 3,
    };
    size_t kinds = sizeof spools / sizeof *spools;
    for (size_t i = 0; i < AMS_TRAYS; i++) {
        tray_clear(&ams->tray[i]);
        if (fitted)
            tray_fill(&ams->tray[i], &spools[(seed + i) % kinds], &seed);
    }
    tray_clear(&ams->external);
    ams->external.present = true;
}

struct tray *ams_tray(struct ams *ams, int number)
{
    if (number == AMS_EXTERNAL)
        return &ams->external;
    return number >= 0 && number < AMS_TRAYS ? &ams->tray[number] : NULL;
}

void ams_touch(struct ams *ams, int number)
{
    ams->dirty |= number == AMS_EXTERNAL ? 1U << AMS_TRAYS : 1U << number;
    ams->version++;
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

unsigned ams_exist_bits(const struct ams *ams)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < AMS_TRAYS; i++)
        bits |= ams->fitted && ams->tray[i].present ? 1U << i : 0;
    return bits;
}

unsigned ams_tag_bits(const struct ams *ams)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < AMS_TRAYS; i++)
        if (ams->fitted && ams->tray[i].present && tray_has_tag(&ams->tray[i]))
            bits |= 1U << i;
    return bits;
}
