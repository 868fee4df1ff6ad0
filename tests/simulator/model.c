#include "model.h"

#include <stdint.h>
#include <strings.h>

static const struct model_module p1s_modules[] = {
    { "ota", "Bambu Lab P1S", "OTA", "01.07.00.00" },
    { "esp32", "", "AP04", "01.11.35.43" },
    { "mc", "", "MC07", "00.00.30.21" },
    { "th", "", "TH09", "00.00.09.95" },
    { "ams/0", "", "AMS08", "00.00.06.49" },
    { NULL, NULL, NULL, NULL },
};

static const struct model_module x1c_modules[] = {
    { "ota", "Bambu Lab X1-Carbon", "N/A", "01.09.00.01" },
    { "ams/0", "AMS (1)", "AMS08", "00.01.06.62" },
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
    { "ams_f1/0", "AMS Lite", "AMS_F102", "00.00.08.15" },
    { NULL, NULL, NULL, NULL },
};

static const char p1s_constants[] =
    "\"ipcam\":{\"ipcam_dev\":\"1\",\"ipcam_record\":\"enable\","
    "\"timelapse\":\"disable\",\"resolution\":\"\","
    "\"tutk_server\":\"disable\",\"mode_bits\":3},"
    "\"upload\":{\"status\":\"idle\",\"progress\":0,\"message\":\"\"},"
    "\"net\":{\"conf\":0,\"info\":[{\"ip\":16777343,\"mask\":255}]},"
    "\"lifecycle\":\"product\",\"queue_number\":0,\"queue_total\":0,"
    "\"queue_est\":0,\"queue_sts\":0,\"sdcard\":true,"
    "\"force_upgrade\":false,\"mess_production_state\":\"active\","
    "\"s_obj\":[],\"filam_bak\":[],\"nozzle_diameter\":\"0.4\","
    "\"nozzle_type\":\"stainless_steel\",\"cali_version\":0,"
    "\"k\":\"0.0200\",\"flag3\":15,"
    "\"upgrade_state\":{\"sequence_id\":0,\"progress\":\"\","
    "\"status\":\"IDLE\",\"consistency_request\":false,\"dis_state\":0,"
    "\"err_code\":0,\"force_upgrade\":false,\"message\":\"0%, 0B/s\","
    "\"module\":\"\",\"new_version_state\":2,\"cur_state_code\":0,"
    "\"idx2\":1,\"new_ver_list\":[]},"
    "\"online\":{\"ahb\":false,\"rfid\":false,\"version\":1}";

static const char a1mini_constants[] =
    "\"ipcam\":{\"ipcam_dev\":\"0\",\"ipcam_record\":\"enable\","
    "\"timelapse\":\"disable\",\"resolution\":\"1080p\","
    "\"tutk_server\":\"disable\",\"mode_bits\":3},"
    "\"upload\":{\"status\":\"idle\",\"progress\":0,\"message\":\"\"},"
    "\"lifecycle\":\"product\",\"queue_number\":0,\"queue_total\":0,"
    "\"queue_est\":0,\"queue_sts\":0,\"sdcard\":true,"
    "\"force_upgrade\":false,\"mess_production_state\":\"active\","
    "\"s_obj\":[],\"filam_bak\":[],\"nozzle_diameter\":\"0.4\","
    "\"nozzle_type\":\"stainless_steel\",\"cali_version\":0,"
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

static const char x1c_constants[] =
    "\"aux\":\"280100C\",\"aux_part_fan\":true,\"batch_id\":0,"
    "\"cali_version\":0,\"canvas_id\":0,\"ap_err\":0,\"cfg\":\"FB299\","
    "\"err\":\"0\",\"fail_reason\":\"0\",\"force_upgrade\":false,"
    "\"fun\":\"11830F9CFB\","
    "\"ipcam\":{\"agora_service\":\"disable\","
    "\"brtc_service\":\"enable\",\"bs_state\":0,\"ipcam_dev\":\"1\","
    "\"ipcam_record\":\"enable\",\"laser_preview_res\":7,"
    "\"mode_bits\":2,\"resolution\":\"1080p\","
    "\"rtsp_url\":\"rtsps://127.0.0.1:322/streaming/live/1\","
    "\"timelapse\":\"disable\",\"tutk_server\":\"disable\"},"
    "\"net\":{\"conf\":16,\"info\":[{\"ip\":16777343,\"mask\":255}]},"
    "\"nozzle_diameter\":\"0.4\",\"nozzle_type\":\"hardened_steel\","
    "\"online\":{\"ahb\":true,\"ext\":false,\"version\":10},"
    "\"queue\":0,\"queue_est\":0,\"queue_number\":0,\"queue_sts\":0,"
    "\"queue_total\":0,\"s_obj\":[],\"sdcard\":true,"
    "\"stat\":\"7A58000\",\"ver\":\"20010\","
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

static const struct model models[] = {
    {
        .name = "P1S",
        .serial_prefix = "01P",
        .family = FAMILY_P1,
        .project_name = "C12",
        .trays_in_deltas = true,
        .estimates_remain = true,
        .prepares = true,
        .idle_stage = 255,
        .idle_type = "idle",
        .ack_good = "success",
        .ack_bad = "fail",
        .clamps_ids = true,
        .url_forms = URL_FTP_ROOT | URL_FTP_PATH | URL_SDCARD,
        .guards_requests = true,
        .max_clients = 5,
        .reuse_session = true,
        .home_flag = 24331672,
        .lights = "",
        .ams_members = "\"humidity\":\"5\",\"temp\":\"0.0\"",
        .tray_state = -1,
        .tray_has_k = true,
        .tray_dry = "tray",
        .vt_tray_id = "254",
        .constants = p1s_constants,
        .modules = p1s_modules,
    },
    {
        .name = "X1C",
        .serial_prefix = "00M",
        .family = FAMILY_X1,
        .full_reports = true,
        .trays_in_deltas = true,
        .estimates_remain = true,
        .prepares = true,
        .plate_as_file = true,
        .idle_stage = -1,
        .idle_type = "",
        .ack_good = "SUCCESS",
        .ack_bad = "FAIL",
        .tells_pause_reason = true,
        .url_forms = URL_FTP_ROOT | URL_FTP_PATH | URL_FTP_FOLDER | URL_SDCARD,
        .max_clients = 8,
        .tls12_only = true,
        .reuse_session = true,
        .home_flag = -1067070064,
        .lights = ",{\"mode\":\"flashing\",\"node\":\"work_light\"}",
        .ams_members = "\"dry_time\":0,\"humidity\":\"5\","
                       "\"humidity_raw\":\"8\",\"info\":\"1001\","
                       "\"temp\":\"26.2\"",
        .tray_state = 11,
        .tray_dry = "drying",
        .tray_has_total_len = true,
        .vt_tray_id = "255",
        .constants = x1c_constants,
        .modules = x1c_modules,
    },
    {
        .name = "A1mini",
        .serial_prefix = "030",
        .family = FAMILY_A1,
        .idle_stage = 0,
        .idle_type = "idle",
        .ack_good = "success",
        .ack_bad = "fail",
        .busy_start_cancels = true,
        .url_forms = URL_FTP_ROOT | URL_FTP_PATH | URL_SDCARD,
        .guards_requests = true,
        .max_clients = 5,
        .v1_leaf = true,
        .home_flag = 847201680,
        .lights = "",
        .ams_members = "\"check\":0,\"chip_id\":\"0\",\"dry_time\":0,"
                       "\"humidity\":\"5\",\"humidity_raw\":\"0\","
                       "\"info\":\"1002\",\"temp\":\"0.0\"",
        .tray_state = 3,
        .tray_has_k = true,
        .tray_dry = "tray",
        .tray_has_total_len = true,
        .vt_tray_id = "254",
        .constants = a1mini_constants,
        .modules = a1mini_modules,
    },
};

const struct model *model_find(const char *name)
{
    for (size_t i = 0; model_at(i) != NULL; i++)
        if (strcasecmp(models[i].name, name) == 0)
            return &models[i];
    return NULL;
}

const struct model *model_at(size_t index)
{
    return index < sizeof models / sizeof *models ? &models[index] : NULL;
}
