/* spoolctl: one run, from the words to the exit status. */
#ifndef SPOOLD_CTL_CTL_H
#define SPOOLD_CTL_CTL_H

#include "ctl/options.h"

int ctl_run(const struct options *options);

#endif
