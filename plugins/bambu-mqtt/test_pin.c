/* Pins, and the rules of an upload that need no printer. */
#include "pin.h"
#include "upload.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "loose.h"

static X509 *make_leaf(EVP_PKEY *key, const char *name)
{
    X509 *leaf = X509_new();
    X509_NAME *subject = X509_get_subject_name(leaf);
    X509_gmtime_adj(X509_getm_notBefore(leaf), 0);
    X509_gmtime_adj(X509_getm_notAfter(leaf), 3600);
    X509_set_pubkey(leaf, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(leaf, subject);
    X509_sign(leaf, key, EVP_sha256());
    return leaf;
}

static void a_pin_is_of_the_key_and_not_of_the_certificate(void **state)
{
    (void)state;
    char one[PIN_CHARS], renewed[PIN_CHARS], other[PIN_CHARS];
    EVP_PKEY *key = EVP_EC_gen("P-256"), *second = EVP_EC_gen("P-256");
    X509 *a = make_leaf(key, "01P"), *b = make_leaf(key, "renewed"),
         *c = make_leaf(second, "01P");
    assert_int_equal(pin_of(a, one), SPD_OK);
    assert_int_equal(pin_of(b, renewed), SPD_OK);
    assert_int_equal(pin_of(c, other), SPD_OK);
    assert_true(pin_is_valid(text_of(one)));
    assert_string_equal(one, renewed);
    assert_string_not_equal(one, other);
    X509_free(a);
    X509_free(b);
    X509_free(c);
    EVP_PKEY_free(key);
    EVP_PKEY_free(second);
}

static void a_certificate_is_made_out_for_one_serial_number(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *leaf = make_leaf(key, "01P00A");
    assert_true(pin_names_serial(leaf, "01P00A"));
    assert_false(pin_names_serial(leaf, "01P00a"));
    assert_false(pin_names_serial(leaf, "01P00"));
    assert_false(pin_names_serial(leaf, "01P00AB"));
    X509_free(leaf);
    EVP_PKEY_free(key);
}

static void a_pin_becomes_what_curl_wants(void **state)
{
    (void)state;
    char out[CURL_PIN_CHARS];
    pin_for_curl("000102030405060708090a0b0c0d0e0f"
                 "101112131415161718191a1b1c1d1eff",
                 out);
    assert_string_equal(out,
                        "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=");
}

static void only_64_small_hexadecimal_digits_are_a_pin(void **state)
{
    (void)state;
    static const char good[] = "000102030405060708090a0b0c0d0e0f"
                               "101112131415161718191a1b1c1d1eff";
    char bad[PIN_CHARS];
    assert_true(pin_is_valid(text_of(good)));
    assert_false(pin_is_valid((spd_str){ good, 63 }));
    memcpy(bad, good, sizeof(bad));
    bad[10] = 'G';
    assert_false(pin_is_valid(text_of(bad)));
}

static void a_certificate_can_be_read_back_as_a_file(void **state)
{
    (void)state;
    char path[32];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *leaf = make_leaf(key, "01P00A");
    int fd = pin_trust_fd(leaf);
    assert_true(fd >= 0);
    pin_trust_path(fd, path, sizeof(path));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    X509 *again = PEM_read_X509(file, NULL, NULL, NULL);
    assert_int_equal(X509_cmp(leaf, again), 0);
    (void)fclose(file);
    (void)close(fd);
    X509_free(leaf);
    X509_free(again);
    EVP_PKEY_free(key);
}

static void
a_large_file_gets_more_time_and_a_small_one_ten_minutes(void **state)
{
    (void)state;
    assert_int_equal(upload_deadline_seconds(0), 600);
    assert_int_equal(upload_deadline_seconds(15 * 1000 * 1000), 600);
    assert_int_equal(upload_deadline_seconds(250 * 1000 * 1000), 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pin_is_of_the_key_and_not_of_the_certificate),
        cmocka_unit_test(a_certificate_is_made_out_for_one_serial_number),
        cmocka_unit_test(a_pin_becomes_what_curl_wants),
        cmocka_unit_test(only_64_small_hexadecimal_digits_are_a_pin),
        cmocka_unit_test(a_certificate_can_be_read_back_as_a_file),
        cmocka_unit_test(
            a_large_file_gets_more_time_and_a_small_one_ten_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
