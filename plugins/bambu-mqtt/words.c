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
    CODE_EXTERNAL_EMPTY = 0x03008015,
    CODE_BUSY = 0x05004004,
    CODE_UNREADABLE = 0x0500C010,
    CODE_UNSIGNED = 0x05024007,
    CODE_BAD_SIGNATURE = 0x05024009,
};

/* What a farm meets, in our own words: what is wrong, and what to do. */
static const struct {
    uint32_t code;
    const char *text;
} errors[] = {
    { 0x03004000, "The Z axis could not find its home; the print was ended." },
    { 0x03004002, "Levelling the bed failed; the print was ended." },
    { 0x03004005, "The hot end's fan does not turn as it should." },
    { 0x03004006, "The nozzle is clogged." },
    { 0x03004008, "The AMS could not change the filament." },
    { 0x03004009, "The X or Y axis could not find its home." },
    { 0x0300400D, "The print could not go on after the power failed." },
    { 0x0300400E, "The motors did not pass their test." },
    { 0x03008000, "The print is paused; the printer does not say why." },
    { 0x03008001, "Somebody paused the print." },
    { 0x03008002, "The first layer looks wrong. Look at it, then resume." },
    { 0x03008003, "The print looks like spaghetti. Look at it, then resume or "
                  "stop." },
    { 0x03008004, "The filament has run out. Load new filament, resume." },
    { 0x03008005,
      "The tool head's front cover fell off. Put it back, resume." },
    { 0x03008006,
      "The build plate's marker was not found. Is the plate on, and "
      "the right way round?" },
    { 0x03008007, "The power failed during a print. If it still sticks to the "
                  "plate, it can be resumed." },
    { 0x03008008, "The nozzle's temperature is not right." },
    { 0x03008009, "The bed's temperature is not right." },
    { 0x0300800A, "Filament piles up in the chute. Clear it, resume." },
    { 0x0300800B, "The filament cutter is stuck. Is its handle out?" },
    { 0x0300800C, "The tool head lost steps: something may be in its way." },
    { 0x0300800D, "The extruder does not push filament as it should." },
    { 0x0300800E, "The print file is gone. Was the card or stick taken out?" },
    { 0x0300800F, "The door is open; the print is paused." },
    { 0x03008010, "The hot end's fan does not turn as it should." },
    { 0x03008011, "The build plate is not the one the file was sliced for." },
    { 0x03008013, "The print file asked for a pause." },
    { 0x03008014, "The nozzle is covered with filament, or the plate lies "
                  "wrong. Stop the print and clean it." },
    { CODE_EXTERNAL_EMPTY,
      "The external spool has run out. Load filament, resume." },
    { 0x03008016, "The nozzle is clogged. Clean it, resume or stop." },
    { 0x03008017, "Something lies on the bed. Take it off, resume." },
    { 0x03008018, "The chamber's temperature is not right." },
    { 0x03008019, "No build plate was found on the bed." },
    { 0x0300801A, "Filament does not come out as it should." },
    { 0x0300801B, "The hot end may be badly connected. Switch the printer off "
                  "before touching it." },
    { 0x0300801C,
      "The extruder meets too much resistance: it may be clogged." },
    { 0x0300801E, "The extruder's motor is overloaded." },
    { 0x05004002, "The printer does not accept the file's name or place." },
    { 0x05004003, "The printer cannot make sense of the print file." },
    { CODE_BUSY, "The printer is busy with another task." },
    { 0x05004005, "The printer updates its firmware; it prints nothing "
                  "meanwhile." },
    { 0x05004006, "The printer's storage is full." },
    { 0x05004008, "The print did not start. Switch the printer off and on, and "
                  "send it again." },
    { 0x0500400A, "The printer does not accept the file's name." },
    { 0x0500400C, "There is no card in the printer." },
    { 0x0500402F, "The printer's card is damaged. Repair or replace it." },
    { 0x05004037, "The file was sliced for another model." },
    { 0x05004038, "The file was sliced for another nozzle." },
    { 0x0500403A, "It is too cold for the printer to work." },
    { 0x05008013, "The print file is gone. Was the card or stick taken out?" },
    { 0x05008036, "The file was sliced for another model." },
    { 0x0500803C, "The nozzle is not the one the file was sliced for." },
    { CODE_UNREADABLE,
      "The printer could not read the file. Check its storage, or upload the "
      "file again." },
    { 0x0C00C003, "The first layer may have faults. Look at it." },
    { 0x0C00C004, "The print may have failed: it looks like spaghetti." },
};

/* The low half of what an AMS (07), an AMS lite (12) or an AMS HT (18) meets;
 * which unit stands in the second byte, and FF is the external spool. */
static const struct {
    uint32_t low;
    const char *text;
} feed_errors[] = {
    { 0x8001, "the filament could not be cut; check the cutter" },
    { 0x8002, "the filament cutter is stuck; is its handle out?" },
    { 0x8003, "the filament does not come out of the extruder" },
    { 0x8004, "the filament could not be pulled back; is the spool stuck?" },
    { 0x8005, "the filament could not be sent out; cut its end straight and "
              "put it in again" },
    { 0x8006, "the filament does not reach the extruder; is it tangled?" },
    { 0x8007, "the filament does not come out of the nozzle" },
    { 0x8010, "the filament is hard to pull; is it tangled?" },
    { 0x8011, "the filament has run out; load a new spool, resume" },
    { 0x8012, "a filament of the file is assigned to no slot" },
    { 0x8013, "the old filament could not be purged in time" },
    { 0x8016, "the extruder does not push filament as it should" },
};

void error_code(uint32_t print_error, char *out, size_t size)
{
    (void)snprintf(out, size, "%04X_%04X", print_error >> 16,
                   print_error & 0xFFFFu);
}

const char *error_link(void)
{
    return "https://wiki.bambulab.com/en/hms/home";
}

static const char *module_of_unit(uint32_t module)
{
    return module == 0x12 ? "AMS lite" : module == 0x18 ? "AMS HT" : "AMS";
}

static bool has_units(uint32_t module)
{
    return module == 0x07 || module == 0x12 || module == 0x18;
}

/* "AMS 2", "external spool". */
static void name_unit(uint32_t module, uint32_t unit, char *out, size_t size)
{
    if (unit >= 0xFE)
        (void)snprintf(out, size, "External spool");
    else
        (void)snprintf(out, size, "%s %u", module_of_unit(module),
                       (unit & 0x7Fu) + 1);
}

static bool feed_text(uint32_t print_error, char *out, size_t size)
{
    char place[24];
    if (!has_units(print_error >> 24))
        return false;
    name_unit(print_error >> 24, print_error >> 16 & 0xFF, place,
              sizeof(place));
    for (size_t i = 0; i < SPD_COUNT(feed_errors); i++)
        if (feed_errors[i].low == (print_error & 0xFFFF)) {
            (void)snprintf(out, size, "%s: %s.", place, feed_errors[i].text);
            return true;
        }
    return false;
}

void error_text(uint32_t print_error, char *out, size_t size)
{
    char code[CODE_CHARS];
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
    if (feed_text(print_error, out, size))
        return;
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
} modules[] = {
    { 0x03, "motion" }, { 0x05, "mainboard" }, { 0x08, "tool head" },
    { 0x0C, "camera" }, { 0x07, "AMS" },       { 0x12, "AMS lite" },
    { 0x18, "AMS HT" },
};

/* `code` 0: whatever the code. */
static const struct {
    uint32_t attr, code;
    const char *text;
} notices[] = {
    { 0x03000100, 0,
      "The bed's temperature is not right: its heater or sensor "
      "may be damaged. Switch the printer off." },
    { 0x03000200, 0,
      "The nozzle's temperature is not right: heater, sensor or "
      "their plugs may be damaged." },
    { 0x03000300, 0, "The hot end's fan is slow or stands still." },
    { 0x03000400, 0, "The part cooling fan is slow or stands still." },
    { 0x03000A00, 0, "A force sensor of the bed does not measure right." },
    { 0x03001000, 0,
      "The X axis swings unlike before: check the belt, clean "
      "the rods, calibrate." },
    { 0x03001100, 0,
      "The Y axis swings unlike before: check the belt, clean "
      "the rods, calibrate." },
    { 0x03001200, 0, "The tool head's front cover fell off." },
    { 0x03001700, 0, "The hot end's fan is slow or stands still." },
    { 0x03009600, 0x00010001, "The door is open; the print is paused." },
    { 0x03009600, 0x00030001, "The door is open." },
    { 0x05000100, 0x00030004, "The card is too full to record videos." },
    { 0x05000100, 0x00030005, "The card can only be read." },
    { 0x05000100, 0x00030006, "The card is not formatted." },
    { 0x05000100, 0x00030007, "There is no card to record videos on." },
    { 0x05000300, 0, "A part inside does not respond. Restart the printer." },
    { 0x05000400, 0x00030008, "The door is open." },
    { 0x05010400, 0x00030002, "It is time to oil the threaded rods." },
    { 0x05010400, 0x00030003, "It is time to clean and oil the linear rods." },
    { 0x05010400, 0x00030004, "It is time to clean and oil rails and rods." },
    { 0x05000400, 0x00010003, "The printer cannot read the print file." },
    { 0x0C000100, 0, "The lidar or the camera needs attention." },
    { 0x0C000300, 0x0001001E,
      "Smoke was seen. Switch the printer off at "
      "once." },
    { 0x0C000300, 0x0002000C,
      "The build plate's marker was not found. Is the "
      "plate on, and the right way round?" },
    { 0x0C000300, 0x0002000E, "The nozzle seems to be covered with filament." },
    { 0x0C000300, 0x00030006, "Waste filament may pile up in the chute." },
    { 0x0C000300, 0x00030007, "The first layer may have faults. Look at it." },
    { 0x0C000300, 0x00030008,
      "The print may look like spaghetti. Look at it." },
};

/* `part` is the second lowest byte; of 2x and 6x its last digit is the slot. */
static const struct {
    uint32_t part, code;
    const char *text;
} feed_notices[] = {
    { 0x20, 0x00020001, "has run out of filament; load a new spool" },
    { 0x20, 0x00020002, "is empty; load filament" },
    { 0x20, 0x00020003, "has a filament that may be broken" },
    { 0x20, 0x00030001, "has run out; the old filament is being purged" },
    { 0x20, 0x00030002,
      "has run out; the printer went on with another slot of "
      "the same filament" },
    { 0x20, 0x00010082, "holds a spool with a foreign tag" },
    { 0x20, 0x00010083, "holds a spool whose tag cannot be read" },
    { 0x20, 0x00010084, "holds a spool whose tag cannot be read" },
    { 0x20, 0x00010085, "holds a spool whose tag is not genuine" },
    { 0x45, 0, "has trouble with the filament cutter" },
    { 0x51, 0x00030001, "is switched off; filament comes from beside it" },
    { 0x60, 0x00020001, "pulls too hard: the filament may be tangled" },
    { 0x70, 0x00020001, "cannot pull the filament out of the extruder" },
    { 0x70, 0x00020002, "cannot bring the filament into the tool head" },
    { 0x70, 0x00020003,
      "brings filament that does not come out of the nozzle" },
    { 0x70, 0x00020004, "cannot pull the filament back" },
    { 0x70, 0x00020005, "cannot send the filament out" },
    { 0x70, 0x00020006, "took too long to purge the old filament" },
    { 0x70, 0x00020007, "has run out of filament; load a new spool, resume" },
    { 0x70, 0x00020008, "is assigned none of the file's filaments" },
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

void hms_link(const struct hms *h, char *out, size_t size)
{
    (void)snprintf(out, size,
                   "https://wiki.bambulab.com/en/x1/troubleshooting/hmscode/"
                   "%04X_%04X_%04X_%04X",
                   h->attr >> 16, h->attr & 0xFFFFu, h->code >> 16,
                   h->code & 0xFFFFu);
}

static const char *notice_of(const struct hms *h)
{
    for (size_t i = 0; i < SPD_COUNT(notices); i++)
        if (notices[i].attr == h->attr &&
            (notices[i].code == 0 || notices[i].code == h->code))
            return notices[i].text;
    return NULL;
}

static bool has_slot(uint32_t part)
{
    return part == 0x20 || part == 0x60;
}

static bool feed_notice(const struct hms *h, char *out, size_t size)
{
    uint32_t part = h->attr >> 8 & 0xFF, slot = part & 0xF;
    char place[24];
    if (!has_units(h->attr >> 24))
        return false;
    name_unit(h->attr >> 24, h->attr >> 16 & 0xFF, place, sizeof(place));
    for (size_t i = 0; i < SPD_COUNT(feed_notices); i++) {
        uint32_t wanted = feed_notices[i].part;
        bool is_part =
            has_slot(wanted) ? (part & 0xF0) == wanted : part == wanted;
        if (!is_part ||
            (feed_notices[i].code != 0 && feed_notices[i].code != h->code))
            continue;
        if (has_slot(wanted))
            (void)snprintf(out, size, "%s, slot %u %s.", place, slot + 1,
                           feed_notices[i].text);
        else
            (void)snprintf(out, size, "%s %s.", place, feed_notices[i].text);
        return true;
    }
    return false;
}

/* What no table knows: at least of which part it speaks. */
static void plain_notice(const struct hms *h, char *out, size_t size)
{
    char code[CODE_CHARS], unit[12] = "";
    hms_code(h, code, sizeof(code));
    if (has_units(h->attr >> 24))
        (void)snprintf(unit, sizeof(unit), " %u",
                       ((h->attr >> 16) & 0x7Fu) + 1);
    for (size_t i = 0; i < SPD_COUNT(modules); i++)
        if (modules[i].module == h->attr >> 24) {
            (void)snprintf(out, size, "A message about the %s%s: %s.",
                           modules[i].name, unit, code);
            return;
        }
    (void)snprintf(out, size, "A message of the printer: %s.", code);
}

void hms_text(const struct hms *h, char *out, size_t size)
{
    const char *known = notice_of(h);
    if (hms_wants_signature(h))
        known = sentence(SAY_DEVELOPER_MODE);
    if (known != NULL)
        (void)snprintf(out, size, "%s", known);
    else if (!feed_notice(h, out, size))
        plain_notice(h, out, size);
}
