/* Sliced files: bytes that begin with "PK" are an archive; others are what
 * slice_info.config and, behind a NUL, project_settings.config say in an
 * archive that is in order, so that the fuzzer need not learn to compress. */
#include <stdio.h>
#include <unistd.h>
#include <zip.h>

#include "shop/sliced.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(zip_t *zip, const char *name, const void *bytes, size_t size)
{
    zip_source_t *source = zip_source_buffer(zip, bytes, size, 0);
    zip_int64_t index = zip_file_add(zip, name, source, 0);
    zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0);
}

static void write_archive(const char *path, spd_str input)
{
    spd_str info = str_cut(&input, '\0');
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    if (zip == NULL)
        return;
    add(zip, "Metadata/slice_info.config", info.ptr, info.len);
    if (input.ptr != NULL)
        add(zip, "Metadata/project_settings.config", input.ptr, input.len);
    add(zip, "Metadata/plate_1.gcode", "G28\n", 4);
    add(zip, "Metadata/plate_1.png", "\x89PNG\r\n\x1a\n", 8);
    if (zip_close(zip) != 0)
        zip_discard(zip);
}

static void read_file(const char *path)
{
    struct arena arena = { 0 };
    struct buf out = { 0 };
    struct list plates = { 0 };
    struct spd_error err = { 0 };
    if (sliced_read(path, &arena, &plates, &err) == SPD_OK) {
        const struct sliced_plate *items = plates.items;
        for (size_t i = 0; i < plates.count; i++)
            fields_pack(&sliced_plate_fields, &items[i], &out);
    }
    sliced_thumbnail(path, 1, &out, &err);
    buf_fini(&out);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    spd_str input = { (const char *)data, size };
    snprintf(path, sizeof(path), "/dev/shm/spoold-fuzz-%d.3mf", (int)getpid());
    if (str_starts(input, STR("PK"))) {
        FILE *file = fopen(path, "wb");
        if (file == NULL)
            return 0;
        fwrite(data, 1, size, file);
        fclose(file);
    } else {
        write_archive(path, input);
    }
    read_file(path);
    unlink(path);
    return 0;
}
