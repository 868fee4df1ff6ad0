#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { PRINTERS_MAX = 20000, MODELS_MAX = 16 };

/* What is said on the way to a struct options. */
struct draft {
    struct options *out;
    const struct model *models[MODELS_MAX];
    size_t model_count;
    double count, mqtt_port, ftps_port, print_seconds, layers, seed, report_ms;
    const char *address, *access_code;
    bool port_step, allow_lan, no_ams;
    size_t printer_cap;
};

static const char manual[] =
    "bambu-sim: Bambu Lab printers, simulated to the wire.\n"
    "\n"
    "  bambu-sim [--model P1S] [--count 1] [--address 127.0.0.10] ...\n"
    "  bambu-sim --printer MODEL:SERIAL:ADDRESS:MQTT:FTPS:CODE ...\n"
    "\n"
    "A fleet of equals, printer k listening on address + k:\n"
    "  --model NAME[,NAME]   P1S P1P A1 A1mini A2L X1 X1C X1E P2S X2D H2S\n"
    "                        H2C H2D H2DPro; several take turns (P1S)\n"
    "  --count N             how many printers (1, unless --printer is used)\n"
    "  --address IP          address of the first one (127.0.0.10)\n"
    "  --mqtt-port PORT      MQTT over TLS (8883)\n"
    "  --ftps-port PORT      implicit FTPS (990)\n"
    "  --port-step           one address for all; ports count up instead\n"
    "  --access-code CODE    of all of them (12345678)\n"
    "  --seed N              makes serials and spools (1)\n"
    "Or named ones, also beside a fleet; may be repeated:\n"
    "  --printer MODEL:SERIAL:ADDRESS:MQTT:FTPS:CODE\n"
    "\n"
    "Time and prints:\n"
    "  --speed FACTOR        simulated seconds in a real one (1); 0: time\n"
    "                        passes only by POST /advance\n"
    "  --print-seconds N     simulated duration of a print (3600)\n"
    "  --print-grams N       filament a print takes (20)\n"
    "  --layers N            layers of a print (120)\n"
    "  --report-ms N         real time between reports while printing (1000);\n"
    "                        idle printers report half as often\n"
    "  --ams UNIT[,UNIT]     what is fitted instead of the model's usual:\n"
    "                        ams, lite, ams2pro, ht, a2l-lite, each with\n"
    "                        :left behind for the left of two nozzles; none\n"
    "  --no-ams              the same as --ams none\n"
    "\n"
    "  --control IP:PORT     HTTP/JSON control port; see README.md\n"
    "  --storage DIR         keep uploaded bytes there (else only the latest\n"
    "                        file of each printer can be read back)\n"
    "  --ca-out FILE         sign certificates by a CA and write that there;\n"
    "                        without it they sign themselves\n"
    "  --notify IP           announce all of them there over UDP, ports 1990\n"
    "                        and 2021, every second\n"
    "  --allow-lan           allow addresses outside 127.0.0.0/8\n"
    "  --help                this page\n"
    "\n"
    "Prints one line when all printers listen:\n"
    "  READY control=127.0.0.1:9099 printers=50\n"
    "SIGTERM and SIGINT end it with status 0. Wrong options: status 2.\n";

__attribute__((format(printf, 1, 2))) static bool complain(const char *format,
                                                           ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bambu-sim: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs(" (--help explains)\n", stderr);
    va_end(arguments);
    return false;
}

static bool parse_number(const char *text, double least, double most,
                         double *out)
{
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 ||
        !(number >= least && number <= most))
        return false;
    *out = number;
    return true;
}

static bool parse_port(const char *text, unsigned *out)
{
    double port;
    if (!parse_number(text, 1, 65535, &port))
        return false;
    *out = (unsigned)port;
    return true;
}

static bool set_models(struct draft *draft, char *names)
{
    char *rest = NULL;
    draft->model_count = 0;
    for (char *name = strtok_r(names, ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest)) {
        const struct model *model = model_find(name);
        if (model == NULL)
            return complain("there is no model \"%s\"", name);
        if (draft->model_count == MODELS_MAX)
            return complain("--model names too many models");
        draft->models[draft->model_count++] = model;
    }
    return draft->model_count > 0 || complain("--model names no model");
}

static struct printer_option *add_printer(struct draft *draft)
{
    struct options *out = draft->out;
    out->printers = mem_grow(out->printers, out->printer_count,
                             &draft->printer_cap, sizeof *out->printers);
    struct printer_option *printer = &out->printers[out->printer_count++];
    *printer = (struct printer_option){ 0 };
    return printer;
}

static bool set_printer(struct draft *draft, char *text)
{
    enum { MODEL, SERIAL, ADDRESS, MQTT, FTPS, CODE, PARTS };
    char *part[PARTS] = { 0 }, *rest = NULL;
    int parts = 0;
    for (char *at = strtok_r(text, ":", &rest); at != NULL && parts < PARTS;
         at = strtok_r(NULL, ":", &rest))
        part[parts++] = at;
    if (parts < PARTS)
        return complain("--printer wants "
                        "MODEL:SERIAL:ADDRESS:MQTT:FTPS:CODE");
    struct printer_option *printer = add_printer(draft);
    printer->model = model_find(part[MODEL]);
    if (printer->model == NULL)
        return complain("there is no model \"%s\"", part[MODEL]);
    if (!parse_port(part[MQTT], &printer->mqtt_port) ||
        !parse_port(part[FTPS], &printer->ftps_port))
        return complain("a port of printer %s is not 1-65535", part[SERIAL]);
    snprintf(printer->serial, SERIAL_MAX, "%s", part[SERIAL]);
    snprintf(printer->access_code, ACCESS_CODE_MAX, "%s", part[CODE]);
    snprintf(printer->address, NET_ADDRESS_MAX, "%s", part[ADDRESS]);
    return true;
}

static bool set_ams(struct draft *draft, char *text)
{
    struct ams_plan plan;
    if (!ams_plan_parse(&plan, text))
        return complain("--ams knows no \"%s\"", text);
    draft->out->ams = text;
    return true;
}

static bool set_control(struct draft *draft, char *text)
{
    struct options *out = draft->out;
    char *colon = strrchr(text, ':');
    if (colon == NULL || !parse_port(colon + 1, &out->control_port))
        return complain("--control wants IP:PORT, not \"%s\"", text);
    *colon = '\0';
    if (!net_is_address(text))
        return complain("\"%s\" is no IPv4 address", text);
    snprintf(out->control_address, NET_ADDRESS_MAX, "%s", text);
    return true;
}

enum option_kind { NUMBER, TEXT, FLAG, CALL, HELP };

struct option_row {
    const char *name;
    enum option_kind kind;
    void *target;
    double least, most;
    bool (*call)(struct draft *draft, char *text);
};

enum { ROWS_MAX = 24 };

static size_t make_rows(struct draft *draft, struct option_row *rows)
{
    struct options *out = draft->out;
    const struct option_row all[] = {
        { "model", CALL, NULL, 0, 0, set_models },
        { "printer", CALL, NULL, 0, 0, set_printer },
        { "control", CALL, NULL, 0, 0, set_control },
        { "count", NUMBER, &draft->count, 0, PRINTERS_MAX, NULL },
        { "mqtt-port", NUMBER, &draft->mqtt_port, 1, 65535, NULL },
        { "ftps-port", NUMBER, &draft->ftps_port, 1, 65535, NULL },
        { "seed", NUMBER, &draft->seed, 0, UINT32_MAX, NULL },
        { "speed", NUMBER, &out->speed, 0, 1e6, NULL },
        { "print-seconds", NUMBER, &draft->print_seconds, 1, 1e7, NULL },
        { "print-grams", NUMBER, &out->size.grams, 0, 1e5, NULL },
        { "layers", NUMBER, &draft->layers, 1, 1e5, NULL },
        { "report-ms", NUMBER, &draft->report_ms, 10, 3.6e6, NULL },
        { "address", TEXT, &draft->address, 0, 0, NULL },
        { "access-code", TEXT, &draft->access_code, 0, 0, NULL },
        { "storage", TEXT, &out->storage, 0, 0, NULL },
        { "ca-out", TEXT, &out->ca_out, 0, 0, NULL },
        { "notify", TEXT, &out->notify, 0, 0, NULL },
        { "port-step", FLAG, &draft->port_step, 0, 0, NULL },
        { "allow-lan", FLAG, &draft->allow_lan, 0, 0, NULL },
        { "ams", CALL, NULL, 0, 0, set_ams },
        { "no-ams", FLAG, &draft->no_ams, 0, 0, NULL },
        { "help", HELP, NULL, 0, 0, NULL },
    };
    memcpy(rows, all, sizeof all);
    return sizeof all / sizeof *all;
}

static bool set_row(struct draft *draft, const struct option_row *row,
                    char *value)
{
    switch (row->kind) {
    case NUMBER:
        if (parse_number(value, row->least, row->most, row->target))
            return true;
        return complain("--%s wants a number from %g to %g, not \"%s\"",
                        row->name, row->least, row->most, value);
    case TEXT:
        *(const char **)row->target = value;
        return true;
    case FLAG:
        *(bool *)row->target = true;
        return true;
    case CALL:
        return row->call(draft, value);
    case HELP:
        break;
    }
    return true;
}

static enum options_verdict parse_rows(struct draft *draft, int argc,
                                       char **argv)
{
    struct option_row rows[ROWS_MAX];
    struct option longs[ROWS_MAX + 1] = { 0 };
    size_t count = make_rows(draft, rows);
    for (size_t i = 0; i < count; i++)
        longs[i] = (struct option){
            .name = rows[i].name,
            .has_arg = rows[i].kind == FLAG || rows[i].kind == HELP
                           ? no_argument
                           : required_argument,
            .val = (int)i,
        };
    opterr = 0;
    optind = 1;
    int index;
    while ((index = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
        if (index == '?' || index == ':') {
            complain("\"%s\" is no option, or wants a value", argv[optind - 1]);
            return OPTIONS_WRONG;
        }
        if (rows[index].kind == HELP) {
            fputs(manual, stdout);
            return OPTIONS_HELPED;
        }
        if (!set_row(draft, &rows[index], optarg))
            return OPTIONS_WRONG;
    }
    if (optind == argc)
        return OPTIONS_RUN;
    complain("\"%s\" is not expected here", argv[optind]);
    return OPTIONS_WRONG;
}

static bool add_equal(struct draft *draft, unsigned k)
{
    struct printer_option *printer = add_printer(draft);
    unsigned step = draft->port_step ? k : 0;
    printer->model = draft->models[k % draft->model_count];
    printer->mqtt_port = (unsigned)draft->mqtt_port + step;
    printer->ftps_port = (unsigned)draft->ftps_port + step;
    machine_make_serial(printer->model, (uint32_t)draft->seed, k,
                        printer->serial);
    snprintf(printer->access_code, ACCESS_CODE_MAX, "%s", draft->access_code);
    if (!net_address_add(draft->address, draft->port_step ? 0 : k,
                         printer->address))
        return complain("\"%s\" is no IPv4 address with room for the fleet",
                        draft->address);
    if (printer->mqtt_port > 65535 || printer->ftps_port > 65535)
        return complain("the ports of the fleet run over 65535");
    return true;
}

static bool is_loopback_only(const struct options *out)
{
    for (size_t i = 0; i < out->printer_count; i++)
        if (!net_is_loopback(out->printers[i].address))
            return complain("%s is not on the loopback; --allow-lan lets it "
                            "serve others",
                            out->printers[i].address);
    if (out->control_address[0] != '\0' &&
        !net_is_loopback(out->control_address))
        return complain("the control port knows no password and stays on the "
                        "loopback unless --allow-lan is given");
    return true;
}

static bool is_notify_sound(const struct options *out, bool allow_lan)
{
    if (out->notify == NULL)
        return true;
    if (!net_is_address(out->notify))
        return complain("--notify wants an IPv4 address, not \"%s\"",
                        out->notify);
    return allow_lan || net_is_loopback(out->notify) ||
           complain("--notify %s is not on the loopback; --allow-lan lets it "
                    "reach others",
                    out->notify);
}

static bool have_addresses(const struct options *out)
{
    for (size_t i = 0; i < out->printer_count; i++)
        if (!net_is_address(out->printers[i].address))
            return complain("\"%s\" is no IPv4 address",
                            out->printers[i].address);
    return out->printer_count > 0 || complain("there is no printer to be");
}

static bool settle(struct draft *draft)
{
    struct options *out = draft->out;
    if (draft->count < 0) /* not said */
        draft->count = out->printer_count > 0 ? 0 : 1;
    for (unsigned k = 0; k < (unsigned)draft->count; k++)
        if (!add_equal(draft, k))
            return false;
    if (draft->no_ams)
        out->ams = "none";
    out->size.duration_ms = (int64_t)(draft->print_seconds * 1000);
    out->size.layers = (int)draft->layers;
    out->seed = (uint32_t)draft->seed;
    out->report_ms = (unsigned)draft->report_ms;
    return have_addresses(out) && is_notify_sound(out, draft->allow_lan) &&
           (draft->allow_lan || is_loopback_only(out));
}

enum options_verdict options_parse(struct options *options, int argc,
                                   char **argv)
{
    *options = (struct options){ .speed = 1, .size.grams = 20 };
    struct draft draft = {
        .out = options,
        .models = { model_at(0) },
        .model_count = 1,
        .count = -1,
        .mqtt_port = 8883,
        .ftps_port = 990,
        .print_seconds = 3600,
        .layers = 120,
        .seed = 1,
        .report_ms = 1000,
        .address = "127.0.0.10",
        .access_code = "12345678",
    };
    enum options_verdict verdict = parse_rows(&draft, argc, argv);
    if (verdict == OPTIONS_RUN && !settle(&draft))
        verdict = OPTIONS_WRONG;
    return verdict;
}

void options_fini(struct options *options)
{
    free(options->printers);
    options->printers = NULL;
}
