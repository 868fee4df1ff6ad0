#include "model.h"

#include <ctype.h>
#include <string.h>

enum {
    /* The slow processors of the A1 and P1 families stutter when asked for
     * whole reports often. */
    GAP_SLOW_MS = 60 * 1000,
    GAP_FAST_MS = 5 * 1000,
};

/* name, slicer id, slicer name, only TLS 1.2, clear data is fine, weighs
 * spools, chamber sensor, door, url forms, least gap between whole reports */
#define MODELS(ROW)                                                            \
    ROW("A1", "N2S", "Bambu Lab A1", false, true, false, false, DOOR_NONE,     \
        URL_FTP, URL_SDCARD, GAP_SLOW_MS)                                      \
    ROW("A1 mini", "N1", "Bambu Lab A1 mini", false, true, false, false,       \
        DOOR_NONE, URL_FTP, URL_SDCARD, GAP_SLOW_MS)                           \
    ROW("A2L", "N9", "Bambu Lab A2L", false, true, false, false, DOOR_NONE,    \
        URL_FTP, URL_SDCARD, GAP_SLOW_MS)                                      \
    ROW("P1P", "C11", "Bambu Lab P1P", false, false, true, false, DOOR_NONE,   \
        URL_FTP, URL_SDCARD, GAP_SLOW_MS)                                      \
    ROW("P1S", "C12", "Bambu Lab P1S", false, false, true, false, DOOR_NONE,   \
        URL_FTP, URL_SDCARD, GAP_SLOW_MS)                                      \
    ROW("X1", "BL-P002", "Bambu Lab X1", true, false, true, true,              \
        DOOR_IN_HOME_FLAG, URL_FTP, URL_SDCARD, GAP_FAST_MS)                   \
    ROW("X1C", "BL-P001", "Bambu Lab X1 Carbon", true, false, true, true,      \
        DOOR_IN_HOME_FLAG, URL_FTP, URL_SDCARD, GAP_FAST_MS)                   \
    ROW("X1E", "C13", "Bambu Lab X1E", true, false, true, true,                \
        DOOR_IN_HOME_FLAG, URL_FTP, URL_SDCARD, GAP_FAST_MS)                   \
    ROW("P2S", "N7", "Bambu Lab P2S", true, false, true, true, DOOR_IN_STAT,   \
        URL_FTP, URL_USB, GAP_FAST_MS)                                         \
    ROW("X2D", "N6", "Bambu Lab X2D", true, false, true, true, DOOR_IN_STAT,   \
        URL_FTP, URL_USB, GAP_FAST_MS)                                         \
    ROW("H2S", "O1S", "Bambu Lab H2S", true, false, true, true, DOOR_IN_STAT,  \
        URL_FTP, URL_USB, GAP_FAST_MS)                                         \
    ROW("H2C", "O1C", "Bambu Lab H2C", true, false, true, true, DOOR_IN_STAT,  \
        URL_FTP, URL_USB, GAP_FAST_MS)                                         \
    ROW("H2C", "O1C2", "Bambu Lab H2C", true, false, true, true, DOOR_IN_STAT, \
        URL_FTP, URL_USB, GAP_FAST_MS)                                         \
    ROW("H2D", "O1D", "Bambu Lab H2D", true, false, true, true, DOOR_IN_STAT,  \
        URL_FTP, URL_USB, GAP_FAST_MS)                                         \
    ROW("H2D Pro", "O1E", "Bambu Lab H2D Pro", true, false, true, true,        \
        DOOR_IN_STAT, URL_FTP, URL_USB, GAP_FAST_MS)                           \
    ROW("H2D Pro", "O2D", "Bambu Lab H2D Pro", true, false, true, true,        \
        DOOR_IN_STAT, URL_FTP, URL_USB, GAP_FAST_MS)

#define AS_MODEL(n, id, slicer, tls12, clear, weighs, chamber, door_, url1,      \
                 url2, gap)                                                      \
    {                                                                            \
        n, id, slicer, tls12, clear, weighs, chamber, door_, { url1, url2 }, gap \
    },
#define AS_HOST_ROW(n, id, slicer, ...) { n, id, slicer },

static const struct model models[] = { MODELS(AS_MODEL) };

const struct spd_model model_rows[] = { MODELS(AS_HOST_ROW){ 0 } };

/* The careful choice in every column: all printers speak TLS 1.2. */
static const struct model unknown = {
    .name = "",
    .slicer_id = "",
    .slicer_name = "",
    .only_tls12 = true,
    .url = { URL_FTP, URL_SDCARD },
    .pushall_gap_ms = GAP_SLOW_MS,
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
