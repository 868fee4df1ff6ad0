#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "control.h"
#include "fleet.h"
#include "notice.h"
#include "options.h"

/* Thousands of printers need thousands of sockets. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void on_end(evutil_socket_t signal_number, short what, void *user)
{
    (void)signal_number, (void)what;
    event_base_loopexit(user, NULL);
}

static void say_ready(const struct options *options)
{
    if (options->control_address[0] != '\0')
        printf("READY control=%s:%u printers=%zu\n", options->control_address,
               options->control_port, options->printer_count);
    else
        printf("READY control=none printers=%zu\n", options->printer_count);
    fflush(stdout);
}

static int run(struct event_base *base, struct fleet *fleet,
               const struct options *options)
{
    struct control *control = NULL;
    if (options->control_address[0] != '\0') {
        control = control_new(base, fleet, options->control_address,
                              options->control_port);
        if (control == NULL) {
            fprintf(stderr, "bambu-sim: control port %s:%u: %s\n",
                    options->control_address, options->control_port,
                    strerror(errno));
            return EXIT_FAILURE;
        }
    }
    say_ready(options);
    event_base_dispatch(base);
    control_free(control);
    return EXIT_SUCCESS;
}

static int serve(const struct options *options)
{
    struct event_base *base = event_base_new();
    if (base == NULL)
        return EXIT_FAILURE;
    struct event *on_term = evsignal_new(base, SIGTERM, on_end, base);
    struct event *on_int = evsignal_new(base, SIGINT, on_end, base);
    evsignal_add(on_term, NULL);
    evsignal_add(on_int, NULL);
    int status = EXIT_FAILURE;
    struct fleet *fleet = fleet_new(base, options);
    struct notices *notices = fleet != NULL && options->notify != NULL
                                  ? notices_new(base, fleet, options->notify)
                                  : NULL;
    if (fleet != NULL)
        status = run(base, fleet, options);
    notices_free(notices);
    fleet_free(fleet);
    event_free(on_int);
    event_free(on_term);
    event_base_loop(base, EVLOOP_NONBLOCK); /* what was freed goes now */
    event_base_free(base);
    return status;
}

int main(int argc, char **argv)
{
    static const int wrong_options = 2;
    struct options options;
    int status = EXIT_SUCCESS;
    signal(SIGPIPE, SIG_IGN);
    switch (options_parse(&options, argc, argv)) {
    case OPTIONS_RUN:
        raise_descriptor_limit();
        status = serve(&options);
        break;
    case OPTIONS_HELPED:
        break;
    case OPTIONS_WRONG:
        status = wrong_options;
        break;
    }
    options_fini(&options);
    return status;
}
