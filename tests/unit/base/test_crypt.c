#include "base/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[32], path[64];

static int start(void **state)
{
    (void)state;
    (void)state;
    strcpy(folder, "/tmp/spoold-key-XXXXXX");
    if (mkdtemp(folder) == NULL || !crypt_start())
        return -1;
    snprintf(path, sizeof(path), "%s/data.key", folder);
    return 0;
}

static void sha256_is_the_one_of_the_standard(void **state)
{
    (void)state;
    struct buf hex = { 0 };
    struct sha256 sum = sha256_of(STR("abc"));
    hex_put(&hex, sum.bytes, sizeof(sum.bytes));
    assert_true(str_is(buf_str(&hex), "ba7816bf8f01cfea414140de5dae2223"
                                      "b00361a396177a9cb410ff61f20015ad"));
    buf_fini(&hex);
}

static void sha256_piece_by_piece_is_the_same(void **state)
{
    (void)state;
    struct sha256_stream *stream = sha256_start();
    sha256_add(stream, STR("a"));
    sha256_add(stream, (spd_str){ NULL, 0 });
    sha256_add(stream, STR("bc"));
    struct sha256 pieces = sha256_done(stream), whole = sha256_of(STR("abc"));
    assert_true(crypt_equal(pieces.bytes, whole.bytes, sizeof(whole.bytes)));
}

static void hex_reads_back_and_must_have_the_right_length(void **state)
{
    (void)state;
    unsigned char bytes[4];
    assert_true(hex_read(STR("00ff10aB"), bytes, sizeof(bytes)));
    assert_memory_equal(bytes, "\x00\xff\x10\xab", 4);
    assert_false(hex_read(STR("00ff10a"), bytes, sizeof(bytes)));
    assert_false(hex_read(STR("00ff10ab00"), bytes, sizeof(bytes)));
    assert_false(hex_read(STR("00ff10ag"), bytes, sizeof(bytes)));
    assert_false(hex_read(STR("00:f10ab"), bytes, sizeof(bytes)));
}

static void base64url_needs_no_escaping_in_a_url(void **state)
{
    (void)state;
    struct buf text = { 0 };
    base64url_put(&text, "\xfb\xff\xfe\x01", 4);
    assert_true(str_is(buf_str(&text), "-__-AQ"));
    base64url_put(&text, "a", 1);
    assert_true(str_is(buf_str(&text), "-__-AQYQ"));
    buf_fini(&text);
}

static void random_numbers_stay_below(void **state)
{
    (void)state;
    bool seen[3] = { false };
    for (int i = 0; i < 200; i++)
        seen[crypt_random_below(3)] = true;
    assert_true(seen[0] && seen[1] && seen[2]);
    unsigned char once[16], again[16];
    crypt_random(once, sizeof(once));
    crypt_random(again, sizeof(again));
    assert_memory_not_equal(once, again, sizeof(once));
}

static void a_key_is_made_once_and_is_the_same_after_a_restart(void **state)
{
    (void)state;
    struct buf sealed = { 0 }, plain = { 0 };
    struct crypt_key *key = crypt_key_open(path, NULL);
    crypt_seal(key, STR("printer/7"), STR("access code"), &sealed);
    crypt_key_free(key);

    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    key = crypt_key_open(path, NULL);
    assert_true(crypt_unseal(key, STR("printer/7"), buf_str(&sealed), &plain));
    assert_true(str_is(buf_str(&plain), "access code"));
    crypt_key_free(key);
    buf_fini(&sealed);
    buf_fini(&plain);
}

static void a_sealed_text_moved_to_another_record_does_not_open(void **state)
{
    (void)state;
    struct buf sealed = { 0 }, plain = { 0 };
    struct crypt_key *key = crypt_key_open(path, NULL);
    crypt_seal(key, STR("printer/7"), STR("access code"), &sealed);
    assert_false(crypt_unseal(key, STR("printer/8"), buf_str(&sealed), &plain));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        assert_false(
            crypt_unseal(key, STR("printer/7"), buf_str(&sealed), &plain));
        sealed.ptr[i] ^= 1;
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_false(crypt_unseal(key, STR("printer/7"),
                                  (spd_str){ sealed.ptr, len }, &plain));
    assert_int_equal(plain.len, 0);
    crypt_key_free(key);
    buf_fini(&sealed);
    buf_fini(&plain);
}

static void the_same_text_is_never_sealed_the_same_way_twice(void **state)
{
    (void)state;
    struct buf once = { 0 }, again = { 0 };
    struct crypt_key *key = crypt_key_open(path, NULL);
    crypt_seal(key, STR("x"), STR("same"), &once);
    crypt_seal(key, STR("x"), STR("same"), &again);
    assert_false(str_equal(buf_str(&once), buf_str(&again)));
    crypt_key_free(key);
    buf_fini(&once);
    buf_fini(&again);
}

static void put_key_file(size_t bytes)
{
    FILE *file = fopen(path, "w");
    for (size_t i = 0; i < bytes; i++)
        fputc('k', file);
    fclose(file);
}

static void a_damaged_key_file_is_named_and_not_replaced(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 31, 33 };
    for (size_t i = 0; i < 3; i++) {
        struct spd_error err;
        put_key_file(sizes[i]);
        assert_null(crypt_key_open(path, &err));
        assert_non_null(strstr(err.text, path));
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_size, sizes[i]);
    }
    unlink(path);
}

static void a_key_that_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    struct spd_error err;
    assert_null(crypt_key_open("/nowhere/data.key", &err));
    assert_int_equal(err.code, SPD_EIO);
}

static void nothing_is_left_beside_the_key(void **state)
{
    (void)state;
    crypt_key_free(crypt_key_open(path, NULL));
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static void only_the_right_password_matches_its_hash(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_BYTES];
    assert_true(password_hash(STR("open sesame"), hash));
    assert_memory_equal(hash, "$argon2id$", 10);
    assert_true(password_matches(hash, STR("open sesame")));
    assert_false(password_matches(hash, STR("open sesam")));
    assert_false(password_matches("", STR("")));
    assert_false(password_matches("nonsense", STR("open sesame")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_one_of_the_standard),
        cmocka_unit_test(sha256_piece_by_piece_is_the_same),
        cmocka_unit_test(hex_reads_back_and_must_have_the_right_length),
        cmocka_unit_test(base64url_needs_no_escaping_in_a_url),
        cmocka_unit_test(random_numbers_stay_below),
        cmocka_unit_test(a_key_is_made_once_and_is_the_same_after_a_restart),
        cmocka_unit_test(a_sealed_text_moved_to_another_record_does_not_open),
        cmocka_unit_test(the_same_text_is_never_sealed_the_same_way_twice),
        cmocka_unit_test(a_damaged_key_file_is_named_and_not_replaced),
        cmocka_unit_test(a_key_that_cannot_be_made_is_an_error),
        cmocka_unit_test(nothing_is_left_beside_the_key),
        cmocka_unit_test(only_the_right_password_matches_its_hash),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
