#include "model.h"

#include <ctype.h>
#include <string.h>

static const struct model_module p1s_modules[] = {
    { "ota", "Bambu Lab P1S", "OTA", "01.07.00.00" },
    { "esp32", "", "AP04", "01.11.35.43" },
    { "mc", "", "MC07", "00.00.30.21" },
    { "th", "", "TH09", "00.00.09.95" },
    { NULL, NULL, NULL, NULL },
};

static const struct model_module x1c_modules[] = {
    { "ota", "Bambu Lab X1-Carbon", "N/A", "01.09.00.01" },
    { "ahb", "AMS Hub", "AHB01", "00.00.00.43" },
    { "mc", "", "MC07", "00.00.32.89" },
    { "th", "", "TH09", "00.00.07.12" },
    { "ap", "", "AP05", "00.00.50.76" },
    { NULL, NULL, NULL, NULL },
};

static const struct model_module a1mini_modules[] = {
    { "ota", "Bambu Lab A1 mini", "OTA", "01.07.02.00" },
    { "esp32", "", "AP05", "01.16.39.58" },
    { "mc", "", "MC02", "00.01.30.10" },
    { "th", "", "TH03", "00.00.07.72" },
    { NULL, NULL, NULL, NULL },
};

/* Older firmware names the project and not the product. */
static const struct model_module p1p_modules[] = {
    { "ota", NULL, "OTA", "01.07.00.00" },
    { "esp32", NULL, "AP04", "01.11.32.89" },
    { "mc", NULL, "MC07", "00.00.29.75" },
    { "th", NULL, "TH09", "00.00.09.95" },
    { NULL, NULL, NULL, NULL },
};

static const struct model_module a1_modules[] = {
    { "ota", NULL, "OTA", "01.05.00.00" },
    { "esp32", NULL, "AP05", "01.13.33.99" },
    { "mc", NULL, "MC02", "00.01.29.83" },
    { "th", NULL, "TH01", "00.00.07.69" },
    { NULL, NULL, NULL, NULL },
};

#define LATER_MODULES(product, version)                                        \
    {                                                                          \
        { "ota", product, "N/A", version },                                    \
            { "ahb", "", "AHB02", "02.00.09.67" },                             \
            { "mc", "", "MC09", "02.01.57.50" },                               \
            { "th", "", "TH08", "02.01.17.55" },                               \
            { "ap", "", "AP05", "00.00.51.87" }, { NULL, NULL, NULL, NULL },   \
    }
static const struct model_module a2l_modules[] =
    LATER_MODULES("Bambu Lab A2L", "01.00.00.00");
static const struct model_module x1_modules[] =
    LATER_MODULES("Bambu Lab X1", "01.08.05.00");
static const struct model_module x1e_modules[] =
    LATER_MODULES("Bambu Lab X1E", "01.01.02.00");
static const struct model_module p2s_modules[] =
    LATER_MODULES("Bambu Lab P2S", "01.02.00.00");
static const struct model_module x2d_modules[] =
    LATER_MODULES("Bambu Lab X2D", "01.00.00.00");
static const struct model_module h2s_modules[] =
    LATER_MODULES("Bambu Lab H2S", "01.00.00.00");
static const struct model_module h2c_modules[] =
    LATER_MODULES("Bambu Lab H2C", "01.00.00.00");
static const struct model_module h2d_modules[] =
    LATER_MODULES("Bambu Lab H2D", "01.01.02.07");
static const struct model_module h2dpro_modules[] =
    LATER_MODULES("Bambu Lab H2D Pro", "01.01.00.00");

#define P1_CONSTANTS                                                           \
    "\"ipcam\":{\"ipcam_dev\":\"1\",\"ipcam_record\":\"enable\","              \
    "\"timelapse\":\"disable\",\"resolution\":\"\","                           \
    "\"tutk_server\":\"disable\",\"mode_bits\":3},"                            \
    "\"upload\":{\"status\":\"idle\",\"progress\":0,\"message\":\"\"},"        \
    "\"net\":{\"conf\":0,\"info\":[{\"ip\":16777343,\"mask\":255}]},"          \
    "\"lifecycle\":\"product\",\"queue_number\":0,\"queue_total\":0,"          \
    "\"queue_est\":0,\"queue_sts\":0,\"sdcard\":true,"                         \
    "\"force_upgrade\":false,\"mess_production_state\":\"active\","            \
    "\"filam_bak\":[],\"cali_version\":0,"                                     \
    "\"k\":\"0.0200\",\"flag3\":15,"                                           \
    "\"upgrade_state\":{\"sequence_id\":0,\"progress\":\"\","                  \
    "\"status\":\"IDLE\",\"consistency_request\":false,\"dis_state\":0,"       \
    "\"err_code\":0,\"force_upgrade\":false,\"message\":\"0%, 0B/s\","         \
    "\"module\":\"\",\"new_version_state\":2,\"cur_state_code\":0,"            \
    "\"idx2\":1,\"new_ver_list\":[]},"                                         \
    "\"online\":{\"ahb\":false,\"rfid\":false,\"version\":1}"

static const char p1_constants[] = P1_CONSTANTS;

static const char a1_constants[] =
    P1_CONSTANTS ",\"xcam\":{\"buildplate_marker_detector\":true}";

static const char a1mini_constants[] =
    "\"ipcam\":{\"ipcam_dev\":\"0\",\"ipcam_record\":\"enable\","
    "\"timelapse\":\"disable\",\"resolution\":\"1080p\","
    "\"tutk_server\":\"disable\",\"mode_bits\":3},"
    "\"upload\":{\"status\":\"idle\",\"progress\":0,\"message\":\"\"},"
    "\"lifecycle\":\"product\",\"queue_number\":0,\"queue_total\":0,"
    "\"queue_est\":0,\"queue_sts\":0,\"sdcard\":true,"
    "\"force_upgrade\":false,\"mess_production_state\":\"active\","
    "\"filam_bak\":[],\"cali_version\":0,"
    "\"k\":\"0.0000\",\"flag3\":8863,"
    "\"upgrade_state\":{\"sequence_id\":0,\"progress\":\"\","
    "\"status\":\"IDLE\",\"consistency_request\":false,\"dis_state\":0,"
    "\"err_code\":0,\"force_upgrade\":false,\"message\":\"\","
    "\"module\":\"\",\"new_version_state\":2,\"cur_state_code\":0,"
    "\"idx2\":1,\"new_ver_list\":[],"
    "\"mc_for_ams_firmware\":{\"current_firmware_id\":0,"
    "\"current_run_firmware_id\":0,"
    "\"firmware\":[{\"id\":0,\"name\":\"AMS Lite\"}],"
    "\"status\":\"IDLE\"}},"
    "\"online\":{\"ahb\":false,\"rfid\":false,\"version\":1},"
    "\"xcam\":{\"buildplate_marker_detector\":true}";

/* Of an X1 and of all that came after it. */
static const char linux_constants[] =
    "\"aux\":\"280100C\",\"aux_part_fan\":true,\"batch_id\":0,"
    "\"cali_version\":0,\"canvas_id\":0,\"ap_err\":0,\"cfg\":\"FB299\","
    "\"err\":\"0\",\"fail_reason\":\"0\",\"force_upgrade\":false,"
    "\"ipcam\":{\"agora_service\":\"disable\","
    "\"brtc_service\":\"enable\",\"bs_state\":0,\"ipcam_dev\":\"1\","
    "\"ipcam_record\":\"enable\",\"laser_preview_res\":7,"
    "\"mode_bits\":2,\"resolution\":\"1080p\","
    "\"rtsp_url\":\"rtsps://127.0.0.1:322/streaming/live/1\","
    "\"timelapse\":\"disable\",\"tutk_server\":\"disable\"},"
    "\"net\":{\"conf\":16,\"info\":[{\"ip\":16777343,\"mask\":255}]},"
    "\"online\":{\"ahb\":true,\"version\":10},"
    "\"queue\":0,\"queue_est\":0,\"queue_number\":0,\"queue_sts\":0,"
    "\"queue_total\":0,\"sdcard\":true,\"ver\":\"20010\","
    "\"upgrade_state\":{\"consistency_request\":false,\"dis_state\":3,"
    "\"err_code\":0,\"force_upgrade\":false,\"message\":\"\","
    "\"module\":\"\",\"new_version_state\":2,\"progress\":\"0\","
    "\"sequence_id\":0,\"status\":\"IDLE\"},"
    "\"upload\":{\"file_size\":0,\"finish_size\":0,\"message\":\"Good\","
    "\"oss_url\":\"\",\"progress\":0,\"sequence_id\":\"0903\","
    "\"speed\":0,\"status\":\"idle\",\"task_id\":\"\","
    "\"time_remaining\":0,\"trouble_id\":\"\"},"
    "\"xcam\":{\"allow_skip_parts\":false,"
    "\"buildplate_marker_detector\":false,"
    "\"first_layer_inspector\":true,"
    "\"halt_print_sensitivity\":\"low\",\"print_halt\":true,"
    "\"printing_monitor\":true,\"spaghetti_detector\":true},"
    "\"xcam_status\":\"0\"";

/* What the models of a family have in common; a row may say otherwise. */
#define P1_FAMILY                                                              \
    .family = FAMILY_P1, .ams = "ams", .nozzles = 1, .marks_reports = true,    \
    .trays_in_deltas = true, .estimates_remain = true, .prepares = true,       \
    .idle_stage = 255, .idle_type = "idle", .ack_good = "success",             \
    .ack_bad = "fail", .clamps_ids = true,                                     \
    .url_forms = URL_FTP_ROOT | URL_FTP_PATH | URL_SDCARD,                     \
    .guards_requests = true, .max_clients = 5, .reuse_session = true,          \
    .home_flag = 24331672, .lights = "", .nozzle_type = "stainless_steel",     \
    .chamber = CHAMBER_FIVE, .ams_members = AMS_BRIEF, .tray_state = -1,       \
    .tray_has_k = true, .tray_dry = "tray", .vt_tray_id = "254",               \
    .constants = p1_constants

#define A1_FAMILY                                                              \
    .family = FAMILY_A1, .nozzles = 1, .marks_reports = true, .idle_stage = 0, \
    .idle_type = "idle", .ack_good = "success", .ack_bad = "fail",             \
    .url_forms = URL_FTP_ROOT | URL_FTP_PATH | URL_SDCARD,                     \
    .guards_requests = true, .max_clients = 5, .home_flag = 847201680,         \
    .lights = "", .nozzle_type = "stainless_steel", .chamber = CHAMBER_FIVE,   \
    .tray_has_k = true, .tray_dry = "tray", .vt_tray_id = "254"

/* All that runs Linux: whole reports, always. */
#define LINUX_FAMILY                                                           \
    .full_reports = true, .trays_in_deltas = true, .estimates_remain = true,   \
    .plate_as_file = true, .idle_stage = -1, .idle_type = "",                  \
    .ack_good = "SUCCESS", .ack_bad = "FAIL", .tells_pause_reason = true,      \
    .max_clients = 8, .reuse_session = true,                                   \
    .lights = ",{\"mode\":\"flashing\",\"node\":\"work_light\"}",              \
    .ams_members = AMS_FULL, .tray_state = 11, .tray_dry = "drying",           \
    .tray_has_total_len = true, .has_vir_slot = true,                          \
    .constants = linux_constants

#define X1_FAMILY                                                              \
    LINUX_FAMILY,                                                              \
        .family = FAMILY_X1, .ams = "ams", .nozzles = 1,                       \
        .marks_reports = true, .prepares = true,                               \
        .url_forms =                                                           \
            URL_FTP_ROOT | URL_FTP_PATH | URL_FTP_FOLDER | URL_SDCARD,         \
        .tls12_only = true, .home_flag = -1067070064, .fun = 0x11830F9CFB,     \
        .stat = 0x7A58000, .nozzle_type = "hardened_steel",                    \
        .chamber = CHAMBER_DEVICE, .vt_tray_id = "255"

#define H2_FAMILY                                                              \
    LINUX_FAMILY,                                                              \
        .family = FAMILY_H2,                                                   \
        .url_forms = URL_FTP_ROOT | URL_FTP_PATH | URL_FTP_FOLDER | URL_USB,   \
        .home_flag = -1066934888, .stat = 0x780258000, .nozzle_type = "HS01"

static const struct model models[] = {
    { .name = "P1S",
      .serial_prefix = "01P",
      .project_name = "C12",
      .code = "C12",
      .modules = p1s_modules,
      P1_FAMILY },
    { .name = "X1C",
      .serial_prefix = "00M",
      .code = "BL-P001",
      .modules = x1c_modules,
      X1_FAMILY },
    { .name = "A1mini",
      .serial_prefix = "030",
      .code = "N1",
      .ams = "lite",
      .busy_start_cancels = true,
      .v1_leaf = true,
      .ams_members = AMS_CHECKED,
      .tray_state = 3,
      .tray_has_total_len = true,
      .constants = a1mini_constants,
      .modules = a1mini_modules,
      A1_FAMILY },
    { .name = "A1",
      .serial_prefix = "039",
      .project_name = "N2S",
      .code = "N2S",
      .ams = "lite",
      .ams_members = AMS_BRIEF,
      .tray_state = -1,
      .constants = a1_constants,
      .modules = a1_modules,
      A1_FAMILY },
    { .name = "A2L",
      .serial_prefix = "03A",
      .code = "N9",
      .ams = "a2l-lite",
      .estimates_remain = true,
      .ams_members = AMS_CHECKED,
      .tray_state = 3,
      .tray_has_total_len = true,
      .constants = a1mini_constants,
      .modules = a2l_modules,
      A1_FAMILY },
    { .name = "P1P",
      .serial_prefix = "01S",
      .project_name = "C11",
      .code = "C11",
      .modules = p1p_modules,
      P1_FAMILY },
    { .name = "X1",
      .serial_prefix = "00W",
      .code = "BL-P002",
      .modules = x1_modules,
      X1_FAMILY },
    { .name = "X1E",
      .serial_prefix = "03W",
      .code = "C13",
      .modules = x1e_modules,
      X1_FAMILY },
    { .name = "P2S",
      .serial_prefix = "22E",
      .code = "N7",
      .ams = "ams2pro",
      .nozzles = 1,
      .cuts_tls13 = true,
      .fun = 0x60029FD183FF9CB7,
      .chamber = CHAMBER_DEVICE,
      .modules = p2s_modules,
      H2_FAMILY },
    { .name = "X2D",
      .serial_prefix = "20P",
      .code = "N6",
      .ams = "ams2pro,ams2pro:left",
      .nozzles = 2,
      .cuts_tls13 = true,
      .fun = 0x60029FD183FF9CB7,
      .chamber = CHAMBER_DEVICE,
      .modules = x2d_modules,
      H2_FAMILY },
    { .name = "H2S",
      .serial_prefix = "093",
      .code = "O1S",
      .ams = "ams2pro",
      .nozzles = 1,
      .external_is_zero = true,
      .tls12_only = true,
      .fun = 0x4023FF18FFF9CB3,
      .chamber = CHAMBER_DEVICE,
      .has_second_light = true,
      .modules = h2s_modules,
      H2_FAMILY },
    { .name = "H2C",
      .serial_prefix = "31B",
      .code = "O1C",
      .ams = "ams2pro,ht:left",
      .nozzles = 2,
      .cuts_tls13 = true,
      .fun = 0x4023FF18FFF9CB3,
      .chamber = CHAMBER_DEVICE,
      .has_second_light = true,
      .modules = h2c_modules,
      H2_FAMILY },
    { .name = "H2D",
      .serial_prefix = "094",
      .code = "O1D",
      .ams = "ams,ams2pro:left,ht",
      .nozzles = 2,
      .tls12_only = true,
      .fun = 0x418FFF9CFF,
      .chamber = CHAMBER_SENSOR,
      .has_second_light = true,
      .vt_tray_id = "255",
      .modules = h2d_modules,
      H2_FAMILY },
    { .name = "H2DPro",
      .serial_prefix = "239",
      .code = "O1E",
      .ams = "ams2pro:left,ht",
      .nozzles = 2,
      .tls12_only = true,
      .fun = 0x4023FF18FFF9CB3,
      .chamber = CHAMBER_DEVICE,
      .has_second_light = true,
      .modules = h2dpro_modules,
      H2_FAMILY },
};

/* Blanks in a name do not count: "A1 mini" is A1mini. */
static bool same_name(const char *name, const char *other)
{
    for (;; name++, other++) {
        other += strspn(other, " -");
        if (tolower((unsigned char)*name) != tolower((unsigned char)*other))
            return false;
        if (*name == '\0')
            return true;
    }
}

const struct model *model_find(const char *name)
{
    for (size_t i = 0; model_at(i) != NULL; i++)
        if (same_name(models[i].name, name))
            return &models[i];
    return NULL;
}

const struct model *model_at(size_t index)
{
    return index < sizeof models / sizeof *models ? &models[index] : NULL;
}
