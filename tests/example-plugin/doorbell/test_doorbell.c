#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testhost.h"

extern const struct spd_plugin_desc spd_plugin_desc;

#define CHECK(is_true)                                                         \
    do {                                                                       \
        if (!(is_true)) {                                                      \
            fprintf(stderr, "line %d: %s\n", __LINE__, #is_true);              \
            exit(EXIT_FAILURE);                                                \
        }                                                                      \
    } while (0)

static void a_finished_print_rings_the_bell_once(void)
{
    struct testhost *host =
        testhost_new(&spd_plugin_desc, "url", "https://here/", NULL);
    CHECK(testhost_deliver(host, "print.finished", "{}") == 1);
    CHECK(strcmp(testhost_fetch(host, 0)->url, "https://here/") == 0);
    CHECK(testhost_fetch(host, 0)->timeout_ms == 5000);
    testhost_answer(host, 0, 204, "");
    CHECK(testhost_metric(host, "rings") == 1);
    CHECK(testhost_fetches(host) == 1);
    testhost_free(host);
}

static void a_bell_without_tls_is_refused(void)
{
    struct spd_error err = { 0 };
    CHECK(testhost_try(&spd_plugin_desc, &err, "url", "http://here/", NULL) ==
          SPD_EINVAL);
    CHECK(strcmp(err.text, "url must be https") == 0);
}

int main(void)
{
    a_finished_print_rings_the_bell_once();
    a_bell_without_tls_is_refused();
    return EXIT_SUCCESS;
}
