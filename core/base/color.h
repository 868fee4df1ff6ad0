/* Colours as people and slicers write them, and how far apart two look. */
#ifndef SPOOLD_BASE_COLOR_H
#define SPOOLD_BASE_COLOR_H

#include "base/str.h"

/* CIE L*a*b* under D65. */
struct color {
    double lightness, a, b;
};

/* "#RRGGBB" or "#RRGGBBAA", in any case of letters; how transparent it is does
 * not count. False: not a colour. */
bool color_parse(spd_str text, struct color *out);

/* CIEDE2000: 0 is the same, below 1 nobody sees, 2 is a close look, 100 is
 * black beside white. */
double color_distance(const struct color *one, const struct color *other);

#endif
