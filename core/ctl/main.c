/* spoolctl: options -> ctl_run; no feature lives here. */
#include <locale.h>
#include <stdio.h>

#include "base/crypt.h"
#include "base/log.h"
#include "ctl/ctl.h"

int main(int argc, char **argv)
{
    struct options options;
    struct spd_error err = { 0 };
    setlocale(LC_CTYPE, "");
    log_set_level(SPD_ERROR); /* a slow turn of the loop is nobody's news */
    if (!crypt_start()) {
        fputs("spoolctl: this machine gives no randomness\n", stderr);
        return EXIT_USAGE;
    }
    int status = EXIT_USAGE;
    if (options_parse(&options, argc, (const char *const *)argv, &err) ==
        SPD_OK)
        status = ctl_run(&options);
    else
        fprintf(stderr, "spoolctl: %s\n", err.text);
    options_fini(&options);
    return status;
}
