#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plates.h"

/* A ZIP of two empty stored files, written by hand: local headers, central
 * directory, end record (APPNOTE 4.3.7, 4.3.12, 4.3.16). */
struct zip {
    uint8_t bytes[512];
    size_t len;
};

static void put(struct zip *zip, uint32_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        zip->bytes[zip->len++] = (uint8_t)(number >> 8 * i);
}

static void put_text(struct zip *zip, const char *text)
{
    size_t len = strlen(text);
    memcpy(zip->bytes + zip->len, text, len);
    zip->len += len;
}

static void put_zeros(struct zip *zip, size_t count)
{
    memset(zip->bytes + zip->len, 0, count);
    zip->len += count;
}

static void put_local(struct zip *zip, const char *name)
{
    put_text(zip, "PK\3\4");
    put_zeros(zip, 22);
    put(zip, (uint32_t)strlen(name), 2);
    put(zip, 0, 2);
    put_text(zip, name);
}

static void put_central(struct zip *zip, const char *name)
{
    put_text(zip, "PK\1\2");
    put_zeros(zip, 24);
    put(zip, (uint32_t)strlen(name), 2);
    put_zeros(zip, 16);
    put_text(zip, name);
}

static struct zip zip_of(const char *one, const char *two)
{
    struct zip zip = { .len = 0 };
    put_local(&zip, one);
    put_local(&zip, two);
    uint32_t at = (uint32_t)zip.len;
    put_central(&zip, one);
    put_central(&zip, two);
    uint32_t size = (uint32_t)zip.len - at;
    put_text(&zip, "PK\5\6");
    put_zeros(&zip, 8);
    put(&zip, size, 4);
    put(&zip, at, 4);
    put_zeros(&zip, 2);
    return zip;
}

static bool read_plates(const uint8_t *bytes, size_t len, uint64_t *plates)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(write(fileno(file), bytes, len), len);
    bool is_zip = plates_read(fileno(file), len, plates);
    fclose(file);
    return is_zip;
}

static void sliced_plates_are_found_by_name(void **state)
{
    (void)state;
    struct zip zip = zip_of("Metadata/plate_1.gcode", "Metadata/plate_8.gcode");
    uint64_t plates;
    assert_true(read_plates(zip.bytes, zip.len, &plates));
    assert_int_equal(plates, 1U << 1 | 1U << 8);
}

static void names_that_only_look_like_plates_are_none(void **state)
{
    (void)state;
    struct zip zip =
        zip_of("Metadata/plate_1.gcode.md5", "x/Metadata/plate_2.gcode");
    uint64_t plates;
    assert_true(read_plates(zip.bytes, zip.len, &plates));
    assert_int_equal(plates, 0);
}

static void a_zip_cut_anywhere_has_no_plates(void **state)
{
    (void)state;
    struct zip zip = zip_of("Metadata/plate_1.gcode", "a");
    for (size_t len = 0; len < zip.len; len++) {
        uint64_t plates = 99;
        bool is_zip = read_plates(zip.bytes, len, &plates);
        assert_int_equal(is_zip, len >= 4);
        assert_int_equal(plates, 0);
    }
}

static void a_broken_zip_never_reads_outside(void **state)
{
    (void)state;
    struct zip zip = zip_of("Metadata/plate_1.gcode", "a");
    for (size_t at = 4; at < zip.len; at++) {
        struct zip broken = zip;
        uint64_t plates;
        broken.bytes[at] ^= 0xff;
        assert_true(read_plates(broken.bytes, broken.len, &plates));
    }
}

static void other_files_are_no_zips(void **state)
{
    (void)state;
    uint64_t plates;
    assert_false(read_plates((const uint8_t *)"; G-code", 8, &plates));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sliced_plates_are_found_by_name),
        cmocka_unit_test(names_that_only_look_like_plates_are_none),
        cmocka_unit_test(a_zip_cut_anywhere_has_no_plates),
        cmocka_unit_test(a_broken_zip_never_reads_outside),
        cmocka_unit_test(other_files_are_no_zips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
