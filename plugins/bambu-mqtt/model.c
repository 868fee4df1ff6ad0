#include "model.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
    /* The slow processors of the A1 and P1 families stutter when asked for
     * whole reports often. */
    GAP_SLOW_MS = 60 * 1000,
    GAP_FAST_MS = 5 * 1000,
};

/* Habits that models share; a row may add to them. */
#define A1_SERIES                                                              \
    .clear_data_ok = true, .idle_stage = 255, .pushall_gap_ms = GAP_SLOW_MS,   \
    .url = { URL_FTP, URL_SDCARD }, .partial_reports = true, .lite = true,     \
    .signs_since = "01.05.00.00"
#define P1_SERIES                                                              \
    .idle_stage = 255, .pushall_gap_ms = GAP_SLOW_MS,                          \
    .url = { URL_FTP, URL_SDCARD }, .partial_reports = true,                   \
    .weighs_spools = true, .signs_since = "01.08.02.00"
#define X1_SERIES                                                              \
    .only_tls12 = true, .idle_stage = -1, .pushall_gap_ms = GAP_FAST_MS,       \
    .url = { URL_FTP, URL_SDCARD }, .chamber_sensor = true,                    \
    .door = DOOR_IN_HOME_FLAG, .weighs_spools = true,                          \
    .signs_since = "01.08.50.32"
#define NEW_SERIES                                                             \
    .only_tls12 = true, .idle_stage = -1, .pushall_gap_ms = GAP_FAST_MS,       \
    .url = { URL_FTP, URL_USB }, .chamber_sensor = true, .door = DOOR_IN_STAT, \
    .weighs_spools = true
#define TWO_NOZZLES .local_slots = true

#define MODELS(ROW)                                                            \
    ROW("A1", "N2S", "Bambu Lab A1", A1_SERIES)                                \
    ROW("A1 mini", "N1", "Bambu Lab A1 mini", A1_SERIES)                       \
    ROW("A2L", "N9", "Bambu Lab A2L", A1_SERIES)                               \
    ROW("P1P", "C11", "Bambu Lab P1P", P1_SERIES)                              \
    ROW("P1S", "C12", "Bambu Lab P1S", P1_SERIES)                              \
    ROW("X1", "BL-P002", "Bambu Lab X1", X1_SERIES)                            \
    ROW("X1C", "BL-P001", "Bambu Lab X1 Carbon", X1_SERIES)                    \
    ROW("X1E", "C13", "Bambu Lab X1E", X1_SERIES)                              \
    ROW("P2S", "N7", "Bambu Lab P2S", NEW_SERIES, .signs_since = "")           \
    ROW("X2D", "N6", "Bambu Lab X2D", NEW_SERIES, TWO_NOZZLES,                 \
        .signs_since = "")                                                     \
    /* With its external spool in use it says tray_now 0. */                   \
    ROW("H2S", "O1S", "Bambu Lab H2S", NEW_SERIES, .local_slots = true,        \
        .second_light = true, .signs_since = "")                               \
    ROW("H2C", "O1C", "Bambu Lab H2C", NEW_SERIES, TWO_NOZZLES,                \
        .second_light = true, .signs_since = "")                               \
    ROW("H2C", "O1C2", "Bambu Lab H2C", NEW_SERIES, TWO_NOZZLES,               \
        .second_light = true, .signs_since = "")                               \
    ROW("H2D", "O1D", "Bambu Lab H2D", NEW_SERIES, TWO_NOZZLES,                \
        .second_light = true, .signs_since = "01.01.00.00")                    \
    ROW("H2D Pro", "O1E", "Bambu Lab H2D Pro", NEW_SERIES, TWO_NOZZLES,        \
        .second_light = true, .signs_since = "")                               \
    ROW("H2D Pro", "O2D", "Bambu Lab H2D Pro", NEW_SERIES, TWO_NOZZLES,        \
        .second_light = true, .signs_since = "")

#define AS_MODEL(n, id, slicer, ...)                                           \
    { .name = n, .slicer_id = id, .slicer_name = slicer, __VA_ARGS__ },
#define AS_HOST_ROW(n, id, slicer, ...) { n, id, slicer },

static const struct model models[] = { MODELS(AS_MODEL) };

const struct spd_model model_rows[] = { MODELS(AS_HOST_ROW){ 0 } };

/* The careful choice in every column: all printers speak TLS 1.2. */
static const struct model unknown = {
    .name = "",
    .slicer_id = "",
    .slicer_name = "",
    .only_tls12 = true,
    .local_slots = true,
    .partial_reports = true,
    .url = { URL_FTP, URL_SDCARD },
    .idle_stage = -1,
    .pushall_gap_ms = GAP_SLOW_MS,
    .signs_since = "",
};

const struct model *model_unknown(void)
{
    return &unknown;
}

static bool is_filler(char c)
{
    return c == ' ' || c == '-';
}

static bool same_name(const char *name, spd_str text)
{
    size_t at = 0;
    for (;;) {
        while (is_filler(*name))
            name++;
        while (at < text.len && is_filler(text.ptr[at]))
            at++;
        if (*name == '\0' || at == text.len)
            return *name == '\0' && at == text.len;
        if (tolower((unsigned char)*name) !=
            tolower((unsigned char)text.ptr[at]))
            return false;
        name++;
        at++;
    }
}

const struct model *model_find(spd_str text)
{
    for (size_t i = 0; i < SPD_COUNT(models); i++) {
        const struct model *m = &models[i];
        if (same_name(m->name, text) || same_name(m->slicer_id, text) ||
            same_name(m->slicer_name, text))
            return m;
    }
    return NULL;
}

/* Up to four numbers, joined by dots, as one that can be compared. */
static bool read_version(const char *text, uint64_t *out)
{
    unsigned part[4] = { 0 };
    if (sscanf(text, "%5u.%5u.%5u.%5u", &part[0], &part[1], &part[2],
               &part[3]) < 2)
        return false;
    *out = 0;
    for (size_t i = 0; i < 4; i++)
        *out = *out << 16 | (part[i] & 0xFFFFu);
    return true;
}

bool firmware_reaches(const char *firmware, const char *since)
{
    uint64_t is = 0, least = 0;
    if (since[0] == '\0')
        return true;
    return read_version(firmware, &is) && read_version(since, &least) &&
           is >= least;
}
