#include "shop/words.h"

#include "store/journal.h"

const char *const severity_names[] = { "info", "success", "warning", "error",
                                       NULL };

static bool is_failed(const spd_json *data)
{
    return str_is(json_as_str(json_member(data, "status"), STR("")), "failed");
}

static bool waits_again(const spd_json *data)
{
    return str_is(json_as_str(json_member(data, "phase"), STR("")), "waiting");
}

static bool is_loaded(const spd_json *data)
{
    return json_as_str(json_member(data, "material_type"), STR("")).len > 0;
}

/* Bad news of bad news would never end. */
static bool is_news(const spd_json *data)
{
    spd_str topic = json_as_str(json_member(data, "topic"), STR(""));
    return !str_is(topic, "delivery.given_up") &&
           !str_is(topic, "channel.disabled");
}

static const struct words table[] = {
    { .topic = "print.started",
      .subject = "job",
      .by = NOTIFY_START,
      .severity = SEVERITY_INFO,
      .doc = "a print has begun",
      .title = "{{printer.name}} prints {{job.job_name}}",
      .text = "It should take {{job.estimated_duration_minutes}} minutes.\n"
              "It is for order {{order.number}}.",
      .page = "#/jobs/{{job.id}}" },
    { .topic = "print.completed",
      .subject = "job",
      .by = NOTIFY_COMPLETE,
      .severity = SEVERITY_SUCCESS,
      .doc = "a print is done, and its plate is to be cleared",
      .title = "{{job.job_name}} is done on {{printer.name}}",
      .text = "Take it off and say that the plate of {{printer.name}} is "
              "clear: the next print waits for that.\n"
              "The printer stands here: {{printer.location}}.\n"
              "It is for order {{order.number}}.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "print.failed",
      .subject = "job",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_WARNING,
      .doc = "a print failed, and is printed again by itself",
      .title = "{{job.job_name}} failed on {{printer.name}} and is printed "
               "again",
      .text = "Why: {{job.failed_reason}}\n"
              "Look at {{printer.name}} and clear its plate.\n"
              "The printer stands here: {{printer.location}}.\n"
              "It is for order {{order.number}}.",
      .page = "#/jobs/{{job.id}}",
      .when = waits_again },
    { .topic = "print.failed",
      .subject = "job",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_ERROR,
      .doc = "a print failed",
      .title = "{{job.job_name}} failed on {{printer.name}}",
      .text = "Why: {{job.failed_reason}}\n"
              "Look at {{printer.name}}, clear its plate, and print the job "
              "again.\n"
              "The printer stands here: {{printer.location}}.\n"
              "It is for order {{order.number}}.",
      .page = "#/jobs/{{job.id}}" },
    { .topic = "job.refused",
      .subject = "job",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_ERROR,
      .doc = "a job was given up, for printers would not begin it",
      .title = "{{job.job_name}} could not be started",
      .text = "Why: {{job.failed_reason}}\n"
              "Look at {{printer.name}} and queue the job again.\n"
              "It is for order {{order.number}}.",
      .page = "#/jobs/{{job.id}}",
      .when = is_failed },
    { .topic = "job.failed",
      .subject = "job",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_ERROR,
      .doc = "a person says that a print failed",
      .title = "{{job.job_name}} is marked as failed",
      .text = "Why: {{job.failed_reason}}\n"
              "It is for order {{order.number}}: print it again if it is still "
              "wanted.",
      .page = "#/jobs/{{job.id}}" },
    { .topic = "print.unknown",
      .subject = "job",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_ERROR,
      .doc = "what became of a print is not known: a person must look",
      .title = "Please look at {{printer.name}}: is it printing "
               "{{job.job_name}}?",
      .text = "Why: {{job.failed_reason}}\n"
              "It is not started again until somebody says what became of "
              "it.\n"
              "The printer stands here: {{printer.location}}.",
      .page = "#/jobs/{{job.id}}" },
    { .topic = "print.paused",
      .subject = "job",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_WARNING,
      .doc = "a print stands still",
      .title = "{{printer.name}} has paused {{job.job_name}}",
      .text = "It may have run out of filament, or somebody paused it. Look at "
              "its display, then let it go on.\n"
              "The printer stands here: {{printer.location}}.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "print.resumed",
      .subject = "job",
      .by = NOTIFY_ASKED,
      .severity = SEVERITY_INFO,
      .doc = "a print goes on",
      .title = "{{printer.name}} goes on with {{job.job_name}}",
      .text = "It is for order {{order.number}}.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "print.cancelled",
      .subject = "job",
      .by = NOTIFY_ASKED,
      .severity = SEVERITY_WARNING,
      .doc = "a print was stopped by a person",
      .title = "{{job.job_name}} was stopped on {{printer.name}}",
      .text = "Why: {{job.failed_reason}}\n"
              "Clear the plate of {{printer.name}} before the next print.\n"
              "It is for order {{order.number}}.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "material.changed",
      .subject = "material",
      .by = NOTIFY_MATERIAL,
      .severity = SEVERITY_INFO,
      .doc = "a printer reports another filament in a slot",
      .title = "{{printer.name}} has other filament in slot "
               "{{material.slot}}",
      .text = "Now it is {{material.material_type}} {{material.color}}.\n"
              "About {{material.remaining_grams}} g are on the spool.",
      .page = "#/printers/{{printer.id}}",
      .when = is_loaded },
    { .topic = "material.low",
      .subject = "material",
      .by = NOTIFY_MATERIAL,
      .severity = SEVERITY_WARNING,
      .doc = "a spool in a printer is nearly empty",
      .title = "Filament in {{printer.name}} runs low",
      .text = "Slot {{material.slot}} holds {{material.remaining_grams}} g of "
              "{{material.material_type}} {{material.color}}: have another "
              "spool ready.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "spool.low",
      .subject = "spool",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_WARNING,
      .doc = "a filament on the shelf falls below its threshold",
      .title = "{{spool.material}} {{spool.color}} is running out",
      .text = "{{spool.remaining_grams}} g are left on all spools together, "
              "less than the {{spool.low_stock_threshold}} g to keep: order "
              "more.",
      .page = "#/spools/{{spool.id}}" },
    { .topic = "printer.maintenance_due",
      .subject = "printer",
      .by = NOTIFY_MAINTENANCE,
      .severity = SEVERITY_WARNING,
      .doc = "the days or hours between two maintenances are over",
      .title = "{{printer.name}} is due for maintenance",
      .text = "It is to be done every {{printer.maintenance_interval_days}} "
              "days; the last one was on {{printer.last_maintenance_at}}.\n"
              "It is to be done every {{printer.maintenance_interval_hours}} "
              "hours of printing.\n"
              "When it is done, say so at the printer: its maintenance is due "
              "until then.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "printer.gone",
      .subject = "printer",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_ERROR,
      .doc = "a printer has been out of reach for some minutes",
      .title = "{{printer.name}} cannot be reached",
      .text = "See that it is switched on and on the network. A print that "
              "was under way may go on; nothing new is sent to it.\n"
              "It stands here: {{printer.location}}.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "printer.back",
      .subject = "printer",
      .by = NOTIFY_FAILED,
      .severity = SEVERITY_SUCCESS,
      .doc = "a printer that was out of reach is there again",
      .title = "{{printer.name}} is back",
      .text = "It says that it is {{printer.status}}.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "printer.plate_waits",
      .subject = "printer",
      .by = NOTIFY_COMPLETE,
      .severity = SEVERITY_WARNING,
      .doc = "jobs wait for a plate that nobody has cleared for a while",
      .title = "The plate of {{printer.name}} is still to be cleared",
      .text = "Jobs wait for it. Take the finished print off and say that the "
              "plate is clear.\n"
              "It stands here: {{printer.location}}.",
      .page = "#/printers/{{printer.id}}" },
    { .topic = "order.late",
      .subject = "order",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_ERROR,
      .doc = "an order will not be ready by its date",
      .title = "Order {{order.number}} will not be ready in time",
      .text = "It is to be shipped by {{order.ship_by}}.\n"
              "Give its jobs a higher priority, or tell the buyer.",
      .page = "#/orders/{{order.id}}" },
    { .topic = "order.received",
      .subject = "order",
      .by = NOTIFY_ASKED,
      .severity = SEVERITY_INFO,
      .doc = "an order has come in",
      .title = "Order {{order.number}} has come in",
      .text = "It is to be shipped by {{order.ship_by}}.",
      .page = "#/orders/{{order.id}}" },
    { .topic = "order.unreadable",
      .subject = "order",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_WARNING,
      .doc = "an order came that could not be read",
      .title = "Order {{order.number}} could not be read",
      .text = "Why: {{order.problem}}\n"
              "Its text is kept. Nothing of it is printed until somebody puts "
              "it right.",
      .page = "#/orders/{{order.id}}" },
    { .topic = "order.printed",
      .subject = "order",
      .by = NOTIFY_ASKED,
      .severity = SEVERITY_SUCCESS,
      .doc = "all pieces of an order are there",
      .title = "Order {{order.number}} is ready to be packed",
      .text = "It is to be shipped by {{order.ship_by}}.",
      .page = "#/orders/{{order.id}}" },
    { .topic = "order.failed",
      .subject = "order",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_ERROR,
      .doc = "pieces of an order are missing, and none is on its way",
      .title = "Order {{order.number}} needs a person",
      .text = "{{order.pieces_missing}} of its pieces are missing, and nothing "
              "more is printed by itself. Look at its prints, and ask for "
              "those that are missing.\n"
              "It is to be shipped by {{order.ship_by}}.",
      .page = "#/orders/{{order.id}}" },
    { .topic = "source.failed",
      .subject = "source",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_ERROR,
      .doc = "orders of a source cannot be fetched any more",
      .title = "Orders of {{source.source}} cannot be fetched",
      .text = "Why: {{source.error}}\n"
              "Nothing is lost: it goes on where it was once that is put "
              "right.",
      .page = "#/orders" },
    { .topic = "channel.disabled",
      .subject = "channel",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_ERROR,
      .doc = "the other side of a channel refuses us for good",
      .title = "The channel {{channel.name}} was switched off",
      .text = "Why: {{channel.disabled_reason}}\n"
              "What waits for it is kept. Put it right and switch it on "
              "again.",
      .page = "#/channels/{{channel.id}}" },
    { .topic = "rule.switched_off",
      .subject = "rule",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_ERROR,
      .doc = "one of the shop's own rules ran into its limits three times",
      .title = "The rule {{rule.name}} was switched off",
      .text = "Why: {{rule.reason}}\n"
              "Change its text, or switch it on again.",
      .page = "#/rules/{{rule.name}}" },
    { .topic = "delivery.given_up",
      .subject = "delivery",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_ERROR,
      .doc = "a message could not be delivered, and is not tried any more",
      .title = "A message was not delivered: {{delivery.title}}",
      .text = "Why: {{delivery.error}}\n"
              "It can be sent again by hand.",
      .page = "#/deliveries/{{delivery.id}}",
      .when = is_news },
    { .topic = "alert.raised",
      .subject = "alert",
      .by = NOTIFY_ALWAYS,
      .severity = SEVERITY_WARNING,
      .doc = "a person or a rule has something to say",
      .title = "{{alert.title}}",
      .text = "{{alert.text}}",
      .page = "" },
};

const struct words words_digest = {
    .topic = "digest",
    .title = "{{count}} messages",
    .text = "",
};
const struct words words_summary = {
    .topic = "summary",
    .title = "{{count}} messages in a short time",
    .text = "",
};
const struct words words_test = {
    .topic = "test",
    .severity = SEVERITY_INFO,
    .title = "This is a test of {{channel.name}}",
    .text = "If you can read this, messages of the print shop arrive here.",
};

const struct fact_words words_facts[] = {
    { "Printer", "{{printer.name}}" },
    { "Location", "{{printer.location}}" },
    { "Job", "{{job.job_name}}" },
    { "Order", "{{order.number}}" },
    { "Ship by", "{{order.ship_by}}" },
    { "Filament", "{{material.material_type}} {{material.color}}" },
    { "Left", "{{material.remaining_grams}} g" },
    { "Reason", "{{job.failed_reason}}" },
    { NULL, NULL },
};

const struct words *words_at(size_t index)
{
    return index < SPD_COUNT(table) ? &table[index] : NULL;
}

const struct words *words_find(spd_str topic, const spd_json *data)
{
    for (size_t i = 0; i < SPD_COUNT(table); i++)
        if (str_is(topic, table[i].topic) &&
            (table[i].when == NULL || table[i].when(data)))
            return &table[i];
    return NULL;
}

bool words_fit(spd_str pattern)
{
    for (size_t i = 0; i < SPD_COUNT(table); i++)
        if (topic_fits(pattern, str_of(table[i].topic)))
            return true;
    return false;
}
