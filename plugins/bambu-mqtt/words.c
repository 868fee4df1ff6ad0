#include "words.h"

#include <stdio.h>

#include "job.h"

static const char *const sentences[SAY_COUNT] = {
    [SAY_NOTHING] = "",
    [SAY_REFUSED] =
        "The printer refused the access code. It is shown on the printer's "
        "screen under Settings, Network (or WLAN), and changes when the "
        "network settings are renewed there.",
    [SAY_SILENT] =
        "The printer accepts the connection and says nothing. Check the "
        "serial number, in capitals, on the printer's screen under Settings, "
        "Device.",
    [SAY_STALE] = "The printer has stopped reporting; connecting again.",
    [SAY_NOT_FOUND] =
        "No printer of this name was found in the network. Use its address, "
        "shown on the printer's screen under Settings, Network.",
    [SAY_NO_ANSWER] =
        "The printer does not answer. Is it switched on, in the same network, "
        "and is its address still the one given here?",
    [SAY_NO_TLS] =
        "Something answers at the printer's address, but not as a printer "
        "does. Check the address.",
    [SAY_OTHER_SERIAL] =
        "Another device answers at this address: its certificate is for a "
        "different serial number. No access code was sent. Check address and "
        "serial number.",
    [SAY_KEY_CHANGED] =
        "The printer shows another key than before. No access code was sent. "
        "If it was repaired or reset, accept the new key "
        "(printers.forget_key); "
        "if not, something else may be answering in its place.",
    [SAY_LOST] = "The connection to the printer was lost; connecting again.",
    [SAY_DEAF] =
        "The printer reports, but does not react to commands; connecting "
        "again.",
    [SAY_DEVELOPER_MODE] =
        "The printer takes commands only with Developer Mode on: switch on "
        "LAN Only Mode and then Developer Mode on its screen under Settings, "
        "Network, and restart it.",
};

const char *sentence(enum sentence which)
{
    return sentences[which];
}

/* 0 and 255 are what some models say when idle, and 0 also when printing. */
static const char *const stages[] = {
    [1] = "levelling the bed",
    [2] = "heating the bed",
    [3] = "measuring vibrations",
    [4] = "changing filament",
    [5] = "paused by the print file",
    [6] = "paused: filament ran out",
    [7] = "heating the nozzle",
    [8] = "calibrating the extrusion",
    [9] = "scanning the bed",
    [10] = "inspecting the first layer",
    [11] = "identifying the build plate",
    [12] = "calibrating the lidar",
    [13] = "homing",
    [14] = "cleaning the nozzle",
    [15] = "checking temperatures",
    [16] = "paused by a person",
    [17] = "paused: front cover fell off",
    [18] = "calibrating the lidar",
    [19] = "calibrating the flow",
    [20] = "paused: nozzle temperature fault",
    [21] = "paused: bed temperature fault",
    [22] = "unloading filament",
    [23] = "paused: lost steps",
    [24] = "loading filament",
    [25] = "calibrating motor noise",
    [26] = "paused: AMS lost",
    [27] = "paused: heatbreak fan slow",
    [28] = "paused: chamber temperature fault",
    [29] = "cooling the chamber",
    [30] = "paused by the print file",
    [32] = "paused: filament around the nozzle",
    [33] = "paused: cutter fault",
    [34] = "paused: first layer fault",
    [35] = "paused: nozzle clogged",
    [39] = "calibrating the nozzle offset",
    [47] = "levelling the bed",
    [48] = "levelling the bed",
    [49] = "heating the chamber",
    [50] = "cooling the bed",
    [51] = "printing calibration lines",
    [54] = "waiting for the bed temperature",
    [63] = "waiting for the chamber temperature",
    [66] = "cleaning the air",
    [77] = "preparing the AMS",
};

const char *stage_text(int64_t stg_cur)
{
    if (stg_cur < 0 || stg_cur >= (int64_t)SPD_COUNT(stages) ||
        stages[stg_cur] == NULL)
        return "";
    return stages[stg_cur];
}

enum {
    CODE_BUSY = 0x05004004,
    CODE_UNREADABLE = 0x0500C010,
    CODE_UNSIGNED = 0x05024007,
    CODE_BAD_SIGNATURE = 0x05024009,
};

static const struct {
    uint32_t code;
    const char *text;
} errors[] = {
    { CODE_BUSY, "The printer is busy with another task." },
    { 0x05004003, "The printer cannot make sense of the print file." },
    { CODE_UNREADABLE,
      "The printer could not read the file. Check its storage, or upload the "
      "file again." },
    { 0x07008012, "A filament of the file is assigned to no AMS slot." },
    { 0x07FF8012, "A filament of the file is assigned to no AMS slot." },
    { 0x03008015, "The external spool has run out. Load filament, resume." },
    { 0x0500803C, "The nozzle is not the one the file was sliced for." },
};

void error_code(uint32_t print_error, char *out, size_t size)
{
    (void)snprintf(out, size, "%04X_%04X", print_error >> 16,
                   print_error & 0xFFFFu);
}

void error_text(uint32_t print_error, char *out, size_t size)
{
    for (size_t i = 0; i < SPD_COUNT(errors); i++) {
        if (errors[i].code == print_error) {
            (void)snprintf(out, size, "%s", errors[i].text);
            return;
        }
    }
    if (error_wants_signature(print_error)) {
        (void)snprintf(out, size, "%s", sentence(SAY_DEVELOPER_MODE));
        return;
    }
    char code[CODE_CHARS];
    error_code(print_error, code, sizeof(code));
    (void)snprintf(out, size,
                   "The printer reports error %s; its screen says more.", code);
}

bool error_is_fault(int64_t print_error)
{
    return print_error > 0 && (print_error & 0xFFFF) >= 0x4000 &&
           !job_is_cancel_code(print_error);
}

bool error_wants_signature(int64_t err_code)
{
    return err_code == CODE_UNSIGNED || err_code == CODE_BAD_SIGNATURE;
}

bool error_is_unreadable_file(int64_t print_error)
{
    return print_error == CODE_UNREADABLE;
}

static const struct {
    uint32_t module;
    const char *name;
    bool has_units;
} modules[] = {
    { 0x03, "motion", false }, { 0x05, "mainboard", false },
    { 0x07, "AMS", true },     { 0x08, "tool head", false },
    { 0x0C, "camera", false }, { 0x12, "AMS lite", true },
    { 0x18, "AMS HT", true },
};

static const char *const severities[] = { "info", "fatal", "serious", "common",
                                          "info" };

const char *hms_severity(const struct hms *h)
{
    uint32_t level = h->code >> 16;
    return severities[level < SPD_COUNT(severities) ? level : 0];
}

void hms_code(const struct hms *h, char *out, size_t size)
{
    (void)snprintf(out, size, "HMS_%04X_%04X_%04X_%04X", h->attr >> 16,
                   h->attr & 0xFFFFu, h->code >> 16, h->code & 0xFFFFu);
}

bool hms_wants_signature(const struct hms *h)
{
    return h->attr == 0x05000500 && h->code == 0x00010007;
}

void hms_text(const struct hms *h, char *out, size_t size)
{
    char code[CODE_CHARS];
    hms_code(h, code, sizeof(code));
    if (hms_wants_signature(h)) {
        (void)snprintf(out, size, "%s", sentence(SAY_DEVELOPER_MODE));
        return;
    }
    for (size_t i = 0; i < SPD_COUNT(modules); i++) {
        if (modules[i].module != h->attr >> 24)
            continue;
        char unit[24] = "";
        if (modules[i].has_units)
            (void)snprintf(unit, sizeof(unit), " %u",
                           ((h->attr >> 16) & 0x7Fu) + 1);
        (void)snprintf(out, size, "A message about the %s%s: %s.",
                       modules[i].name, unit, code);
        return;
    }
    (void)snprintf(out, size, "A message of the printer: %s.", code);
}
