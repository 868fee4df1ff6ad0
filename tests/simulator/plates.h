/* Which plates a sliced 3MF holds, read from the ZIP's central directory.
 *
 * Names only: nothing is decompressed and nothing is believed beyond the
 * bounds of the file. */
#ifndef SIM_PLATES_H
#define SIM_PLATES_H

#include <stdbool.h>
#include <stdint.h>

#define PLATES_MAX 63

/* Bit n of *plates is set when Metadata/plate_n.gcode is there. False: the
 * file does not begin like a ZIP. A ZIP that breaks off, or that this reader
 * does not follow (ZIP64, a directory above 4 MB), has no plates. */
bool plates_read(int fd, uint64_t bytes, uint64_t *plates);

#endif
