/* spoold-rules: the process in which the shop's own rules run.  Started by
 * spoold, with a socket as descriptor 3 and nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lua/process/cell.h"
#include "lua/process/serve.h"

enum { SOCKET = 3 };

int main(void)
{
    if (fcntl(SOCKET, F_GETFD) < 0) {
        fputs("spoold-rules is started by spoold, and of no use alone\n",
              stderr);
        return EXIT_FAILURE;
    }
    cell_close();
    serve(SOCKET);
    _exit(EXIT_SUCCESS); /* what runs at an exit may want more than we have */
}
