#include "base/color.h"

#include <math.h>

/* -- from text -- */

/* sRGB's curve (IEC 61966-2-1), to 0 .. 1 of light. */
static double light_of(int byte)
{
    double share = byte / 255.0;
    return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4);
}

static double lab_curve(double t)
{
    const double knee = 6.0 / 29;
    return t > knee * knee * knee ? cbrt(t) : t / (3 * knee * knee) + 4.0 / 29;
}

static struct color color_of(int red, int green, int blue)
{
    double r = light_of(red), g = light_of(green), b = light_of(blue);
    double x =
        lab_curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    double y = lab_curve(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
    double z =
        lab_curve((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
    return (struct color){ 116 * y - 16, 500 * (x - y), 200 * (y - z) };
}

bool color_parse(spd_str text, struct color *out)
{
    int bytes[4] = { 0 };
    if ((text.len != 7 && text.len != 9) || text.ptr[0] != '#')
        return false;
    for (size_t i = 0; i < (text.len - 1) / 2; i++) {
        bytes[i] = str_hex_byte(text.ptr + 1 + 2 * i);
        if (bytes[i] < 0)
            return false;
    }
    *out = color_of(bytes[0], bytes[1], bytes[2]);
    return true;
}

/* -- CIEDE2000, in the names of its paper (Sharma, Wu, Dalal 2005) -- */

static const double FULL = 2 * M_PI;

static double radians(double degrees)
{
    return degrees * M_PI / 180;
}

static double hue_of(double a, double b)
{
    if (a == 0 && b == 0)
        return 0;
    double hue = atan2(b, a);
    return hue < 0 ? hue + FULL : hue;
}

/* From one hue to the other, the short way round. */
static double hue_step(double h1, double h2)
{
    double step = h2 - h1;
    if (step > M_PI)
        return step - FULL;
    return step < -M_PI ? step + FULL : step;
}

/* How much `chroma` counts at its strong end: c^7 / (c^7 + 25^7). */
static double chroma_share(double chroma)
{
    double c7 = pow(chroma, 7);
    return sqrt(c7 / (c7 + 6103515625.0));
}

static double mean_hue(double h1, double h2)
{
    double sum = h1 + h2;
    if (fabs(h1 - h2) <= M_PI)
        return sum / 2;
    return sum < FULL ? (sum + FULL) / 2 : (sum - FULL) / 2;
}

static double hue_weight(double hue)
{
    return 1 - 0.17 * cos(hue - radians(30)) + 0.24 * cos(2 * hue) +
           0.32 * cos(3 * hue + radians(6)) - 0.20 * cos(4 * hue - radians(63));
}

/* Blue turns: hue and chroma are not independent there. */
static double rotation(double hue, double chroma)
{
    double off = (hue * 180 / M_PI - 275) / 25;
    return -sin(radians(60) * exp(-off * off)) * 2 * chroma_share(chroma);
}

double color_distance(const struct color *one, const struct color *other)
{
    double mean_c = (hypot(one->a, one->b) + hypot(other->a, other->b)) / 2;
    double stretch = 1 + 0.5 * (1 - chroma_share(mean_c));
    double a1 = one->a * stretch, a2 = other->a * stretch;
    double c1 = hypot(a1, one->b), c2 = hypot(a2, other->b);
    double h1 = hue_of(a1, one->b), h2 = hue_of(a2, other->b);
    bool has_hues = c1 != 0 && c2 != 0;
    double hue = has_hues ? mean_hue(h1, h2) : h1 + h2;
    double chroma = (c1 + c2) / 2;
    double off = (one->lightness + other->lightness) / 2 - 50;
    double dl = (other->lightness - one->lightness) /
                (1 + 0.015 * off * off / sqrt(20 + off * off));
    double dc = (c2 - c1) / (1 + 0.045 * chroma);
    double step = has_hues ? hue_step(h1, h2) : 0;
    double dh = 2 * sqrt(c1 * c2) * sin(step / 2) /
                (1 + 0.015 * chroma * hue_weight(hue));
    return sqrt(dl * dl + dc * dc + dh * dh + rotation(hue, chroma) * dc * dh);
}
