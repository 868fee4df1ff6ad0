/* sample-3mf: a small sliced file, for demos and for trying things out.
 *
 * Not a model of anything: its plates hold a few lines of G-code, and its
 * metadata says what it is told to say, in the shape slicers write it. */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

static const char usage[] =
    "sample-3mf MODEL SECONDS FILE [TYPE:COLOR:GRAMS ...]\n"
    "  such as: sample-3mf P1S 1800 bracket.gcode.3mf PLA:#FFFFFF:12.5\n"
    "  MODEL is P1S, X1C or A1mini\n";

static const struct model {
    const char *name, *id, *slicer_name;
} models[] = {
    { "P1S", "C12", "Bambu Lab P1S" },
    { "X1C", "BL-P001", "Bambu Lab X1 Carbon" },
    { "A1mini", "N1", "Bambu Lab A1 mini" },
};

static const struct model *find_model(const char *name)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
        if (strcmp(models[i].name, name) == 0)
            return &models[i];
    return NULL;
}

/* What goes into the archive; each text is written once and kept to the end.
 */
enum { TEXT_BYTES = 8192 };
struct text {
    char bytes[TEXT_BYTES];
    int len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text,
                                                      const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int room = TEXT_BYTES - text->len;
    int len = vsnprintf(text->bytes + text->len, (size_t)room, fmt, args);
    va_end(args);
    text->len += len < room ? len : room - 1;
}

static double grams_of(const char *filament)
{
    const char *last = strrchr(filament, ':');
    return last == NULL ? NAN : atof(last + 1);
}

static void put_filament(struct text *info, int id, const char *filament)
{
    char type[32] = "", color[16] = "";
    if (sscanf(filament, "%31[^:]:%15[^:]", type, color) == 2)
        put(info,
            "    <filament id=\"%d\" tray_info_idx=\"GFA00\" type=\"%s\" "
            "color=\"%s\" used_m=\"%.2f\" used_g=\"%.2f\"/>\n",
            id, type, color, grams_of(filament) / 3, grams_of(filament));
}

static void put_info(struct text *info, const struct model *model,
                     const char *seconds, char **filaments, int count)
{
    double grams = 0;
    for (int i = 0; i < count; i++)
        grams += grams_of(filaments[i]);
    put(info,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config>\n  <plate>\n"
        "    <metadata key=\"index\" value=\"1\"/>\n"
        "    <metadata key=\"printer_model_id\" value=\"%s\"/>\n"
        "    <metadata key=\"nozzle_diameters\" value=\"0.4\"/>\n"
        "    <metadata key=\"prediction\" value=\"%s\"/>\n"
        "    <metadata key=\"weight\" value=\"%.2f\"/>\n",
        model->id, seconds, grams);
    for (int i = 0; i < count; i++)
        put_filament(info, i + 1, filaments[i]);
    put(info, "  </plate>\n</config>\n");
}

static bool add(zip_t *archive, const char *name, const struct text *text)
{
    zip_source_t *source =
        zip_source_buffer(archive, text->bytes, (zip_uint64_t)text->len, 0);
    return source != NULL &&
           zip_file_add(archive, name, source, ZIP_FL_OVERWRITE) >= 0;
}

static bool write_archive(const char *path, const struct text *info,
                          const struct text *gcode, const struct text *settings)
{
    int code;
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (archive == NULL)
        return false;
    bool whole = add(archive, "Metadata/slice_info.config", info) &&
                 add(archive, "Metadata/plate_1.gcode", gcode) &&
                 add(archive, "Metadata/project_settings.config", settings);
    return zip_close(archive) == 0 && whole;
}

int main(int argc, char **argv)
{
    static struct text info, gcode, settings;
    const struct model *model = argc < 5 ? NULL : find_model(argv[1]);
    if (model == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    put_info(&info, model, argv[2], argv + 4, argc - 4);
    put(&gcode, "; sample of %s s\nG28\nM400\n", argv[2]);
    put(&settings, "{\"printer_model\":\"%s\",\"nozzle_diameter\":[\"0.4\"]}",
        model->slicer_name);
    if (write_archive(argv[3], &info, &gcode, &settings))
        return 0;
    fprintf(stderr, "sample-3mf: cannot write %s\n", argv[3]);
    return 1;
}
