/* Home Assistant: a webhook trigger, whose data automations read by
 * trigger.json. */
#include "form.h"

static const struct spd_field settings[] = {
    { "url",
      "http://homeassistant.local:8123/api/webhook/ID; whoever knows it can "
      "trigger the automation",
      SPD_T_STR, SPD_FIELD_REQUIRED | SPD_FIELD_SECRET, "<=500" },
    { 0 },
};

static spd_err check(const spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    return check_url(self, channel, "url", err);
}

static void write_body(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice, const void *arg)
{
    (void)arg;
    static const char *const names[] = { "topic", "at",    "severity",
                                         "link",  "event", "progress_pct",
                                         "items" };
    const struct spd_json_api *json = self->host->json;
    json->put_str(w, "id", member_str(self, notice, "id"));
    json->put_str(w, "title", member_str(self, notice, "title"));
    json->put_str(w, "message", member_str(self, notice, "text"));
    for (size_t i = 0; i < SPD_COUNT(names); i++) {
        const spd_json *value = member(self, notice, names[i]);
        if (!is_absent(self, value))
            json->put_json(w, names[i], value);
    }
}

static void write(const spd_plugin *self, const spd_json *notice, int64_t now_s,
                  const spd_str *picture, struct request *request)
{
    (void)now_s;
    (void)picture;
    const spd_json *channel = member(self, notice, "channel");
    text_put(&request->url, member_str(self, channel, "url"));
    if (!write_custom(self, notice, &request->body))
        write_json(self, &request->body, write_body, notice, NULL);
}

/* It may be starting, or the automation being written. */
static void read(const spd_plugin *self, const struct answer *answer,
                 struct meaning *meaning)
{
    (void)self;
    (void)answer;
    if (meaning->code == SPD_EAUTH)
        meaning->code = SPD_EIO;
}

const struct form form_home_assistant = {
    .row = { .kind = "home-assistant",
             .doc = "a Home Assistant automation, by its webhook trigger",
             .settings = settings,
             .flags = SPD_NOTIFIER_CUSTOM },
    .check = check,
    .write = write,
    .read = read,
};
