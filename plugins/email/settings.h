/* A channel's settings, as this plugin understands them. */
#ifndef EMAIL_SETTINGS_H
#define EMAIL_SETTINGS_H

#include "address.h"
#include "smtp.h"

/* What a channel is asked for; ends with a row without a name. */
extern const struct spd_field settings_rows[];

/* Of the plugin, for all channels. */
struct email_conf {
    const char *ca_file, *greeting;
};

struct settings { /* owned: settings_free */
    struct smtp_server server;
    char *from_text, *to_text; /* what the addresses point into */
    struct addresses from;     /* one */
    struct addresses to;
};

/* `channel`: of a notice. SPD_EINVAL: a sentence that names the setting. */
spd_err settings_read(const struct spd_json_api *json, const spd_json *channel,
                      const struct email_conf *conf, struct settings *out,
                      struct spd_error *err);
/* Can it be a machine's name, or its address? */
bool settings_is_host(const char *host);

void settings_free(struct settings *settings);

#endif
