#include "store/value.h"

#include "shop.h"

#include <stdlib.h>
#include <string.h>

static struct crc32c crc;
static char bytes[64];
static const spd_str key = { "key", 3 };
static const struct value sample = { { "packed", 6 }, { "{\"id\":1}", 8 } };

static int set_up(void **state)
{
    (void)state;
    crc32c_init(&crc);
    assert_in_range(value_size(&sample), 15, sizeof(bytes));
    value_write(&crc, key, &sample, bytes);
    return 0;
}

static bool reads(spd_str under, size_t len)
{
    struct value value;
    return value_read(&crc, under, (spd_str){ bytes, len }, &value) &&
           str_equal(value.packed, sample.packed) &&
           str_equal(value.text, sample.text);
}

static void the_checksum_is_crc32c(void **state)
{
    (void)state; /* the check value of the catalogue of CRC algorithms */
    assert_int_equal(crc32c_add(&crc, 0, STR("123456789")), 0xe3069283);
    assert_int_equal(
        crc32c_add(&crc, crc32c_add(&crc, 0, STR("1234")), STR("56789")),
        0xe3069283);
    assert_int_equal(crc32c_add(&crc, 0, STR("")), 0);
}

static void the_checksum_is_the_same_with_and_without_the_machine(void **state)
{
    (void)state;
    static struct crc32c by_tables;
    char pattern[100];
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (char)(i * 37 + 11);
    crc32c_init_tables(&by_tables);
    for (size_t from = 0; from < 9; from++)
        for (size_t len = 0; len <= sizeof(pattern) - from; len++) {
            spd_str piece = { pattern + from, len };
            uint32_t before = (uint32_t)(from * len);
            assert_int_equal(crc32c_add(&crc, before, piece),
                             crc32c_add(&by_tables, before, piece));
        }
}

static void what_was_written_reads_back(void **state)
{
    (void)state;
    assert_true(reads(key, value_size(&sample)));
    static const struct value empty = { { "", 0 }, { NULL, 0 } };
    struct value value;
    value_write(&crc, key, &empty, bytes);
    assert_true(
        value_read(&crc, key, (spd_str){ bytes, value_size(&empty) }, &value));
    assert_int_equal(value.packed.len + value.text.len, 0);
}

static void every_changed_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < value_size(&sample) * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_false(reads(key, value_size(&sample)));
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
}

static void a_value_under_another_key_or_cut_short_is_noticed(void **state)
{
    (void)state;
    assert_false(reads(STR("kez"), value_size(&sample)));
    for (size_t len = 0; len < value_size(&sample); len++) {
        /* Exactly so much memory: a byte read beyond it is seen. */
        char *cut = malloc(len + 1);
        struct value value;
        memcpy(cut + 1, bytes, len);
        assert_false(value_read(&crc, key, (spd_str){ cut + 1, len }, &value));
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_checksum_is_crc32c, set_up),
        cmocka_unit_test_setup(
            the_checksum_is_the_same_with_and_without_the_machine, set_up),
        cmocka_unit_test_setup(what_was_written_reads_back, set_up),
        cmocka_unit_test_setup(every_changed_bit_is_noticed, set_up),
        cmocka_unit_test_setup(
            a_value_under_another_key_or_cut_short_is_noticed, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
