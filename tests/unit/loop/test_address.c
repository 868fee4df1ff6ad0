#include "loop/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static enum address_kind kind_of(const char *text)
{
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
        return address_kind((const struct sockaddr *)&in4);
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
        fail_msg("%s is no address", text);
    return address_kind((const struct sockaddr *)&in6);
}

static void all_are(enum address_kind kind, const char *const *texts)
{
    for (; *texts != NULL; texts++)
        if (kind_of(*texts) != kind)
            fail_msg("%s is kind %d, not %d", *texts, kind_of(*texts), kind);
}

static void addresses_of_the_world_are_public(void **state)
{
    (void)state;
    all_are(ADDRESS_PUBLIC,
            (const char *const[]){
                "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255",
                "100.128.0.0", "126.255.255.255", "128.0.0.1",
                "169.253.255.255", "172.15.255.255", "172.32.0.0",
                "192.167.0.1", "198.20.0.1", "223.255.255.255",
                "2606:4700::1111", "fbff::1", "::ffff:8.8.8.8", NULL });
}

static void addresses_of_a_home_or_a_shop_are_private(void **state)
{
    (void)state;
    all_are(ADDRESS_PRIVATE,
            (const char *const[]){ "10.0.0.1", "10.255.255.255", "172.16.0.0",
                                   "172.31.255.255", "192.168.1.40",
                                   "100.64.0.1", "100.127.255.255", "fc00::1",
                                   "fdff::1", "fec0::1", NULL });
}

static void all_of_127_and_its_ipv6_twin_are_this_machine(void **state)
{
    (void)state;
    all_are(ADDRESS_LOOPBACK,
            (const char *const[]){ "127.0.0.1", "127.0.0.9", "127.255.255.255",
                                   "::1", NULL });
}

static void any_link_local_multicast_and_metadata_are_forbidden(void **state)
{
    (void)state;
    all_are(ADDRESS_FORBIDDEN,
            (const char *const[]){
                "0.0.0.0", "0.1.2.3", "169.254.169.254", "100.100.100.200",
                "168.63.129.16", "224.0.0.251", "239.255.255.250",
                "255.255.255.255", "240.0.0.1", "::", "fe80::1", "febf::1",
                "ff02::fb", "fd00:ec2::254", "2001::1", NULL });
}

static void ipv4_in_the_clothes_of_ipv6_is_recognised(void **state)
{
    (void)state;
    all_are(ADDRESS_LOOPBACK,
            (const char *const[]){ "::ffff:127.0.0.1", "::127.0.0.1",
                                   "64:ff9b::127.0.0.1",
                                   "2002:7f00:1::", NULL });
    all_are(ADDRESS_PRIVATE, (const char *const[]){
                                 "::ffff:192.168.0.1", "::10.0.0.1",
                                 "64:ff9b::172.16.0.1", "2002:a00:1::", NULL });
    all_are(ADDRESS_FORBIDDEN,
            (const char *const[]){ "::ffff:169.254.169.254", "::ffff:0.0.0.0",
                                   "64:ff9b::169.254.169.254",
                                   "2002:a9fe:a9fe::", NULL });
}

static void what_is_not_an_internet_address_is_forbidden(void **state)
{
    (void)state;
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    assert_int_equal(address_kind((const struct sockaddr *)&local),
                     ADDRESS_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_the_world_are_public),
        cmocka_unit_test(addresses_of_a_home_or_a_shop_are_private),
        cmocka_unit_test(all_of_127_and_its_ipv6_twin_are_this_machine),
        cmocka_unit_test(any_link_local_multicast_and_metadata_are_forbidden),
        cmocka_unit_test(ipv4_in_the_clothes_of_ipv6_is_recognised),
        cmocka_unit_test(what_is_not_an_internet_address_is_forbidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
