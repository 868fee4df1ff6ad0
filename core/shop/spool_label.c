#include "shop/spool_label.h"

#include <qrencode.h>
#include <stdio.h>

#include "base/error.h"

/* Text from outside as XML; what XML cannot hold at all becomes a space. */
static void put_text(struct buf *out, spd_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == '<' || c == '>' || c == '&')
            buf_printf(out, "&#%d;", c < 0x20 ? ' ' : c);
        else
            buf_put(out, (spd_str){ text.ptr + i, 1 });
    }
}

static void put_line(struct buf *out, double y_mm, double size_mm, spd_str text)
{
    buf_printf(out,
               "<text x=\"30\" y=\"%g\" font-family=\"sans-serif\" "
               "font-size=\"%g\">",
               y_mm, size_mm);
    put_text(out, text);
    buf_put(out, STR("</text>\n"));
}

/* 24 mm of modules; the label's margin is the quiet zone. */
static void put_code(struct buf *out, const QRcode *code)
{
    buf_printf(out,
               "<path transform=\"translate(3 3) scale(%.6f)\" "
               "shape-rendering=\"crispEdges\" d=\"",
               24.0 / code->width);
    for (int i = 0; i < code->width * code->width; i++)
        if ((code->data[i] & 1) != 0)
            buf_printf(out, "M%d %dh1v1h-1z", i % code->width, i / code->width);
    buf_put(out, STR("\"/>\n"));
}

static void put_words(struct buf *out, const struct spool *spool)
{
    char line[48];
    put_line(out, 8, 6, spool->material);
    put_line(out, 14, 4, spool->color);
    put_line(out, 19, 3.5, spool->vendor);
    put_line(out, 23, 3, spool->lot);
    int length = snprintf(line, sizeof(line), "No. %lld, %.0f g",
                          (long long)spool->id, spool->net_grams);
    put_line(out, 27, 3, (spd_str){ line, (size_t)length });
}

spd_err spool_label(const struct spool *spool, struct buf *out,
                    struct spd_error *err)
{
    char says[40];
    snprintf(says, sizeof(says), "spoold:spool/%lld", (long long)spool->id);
    QRcode *code = QRcode_encodeString(says, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (code == NULL)
        return error_set(err, SPD_ENOMEM,
                         "no memory for the label of spool %lld",
                         (long long)spool->id);
    buf_put(out, STR("<svg xmlns=\"http://www.w3.org/2000/svg\" "
                     "width=\"70mm\" height=\"30mm\" viewBox=\"0 0 70 30\">\n"
                     "<rect width=\"70\" height=\"30\" fill=\"#fff\"/>\n"));
    put_code(out, code);
    put_words(out, spool);
    buf_put(out, STR("</svg>\n"));
    QRcode_free(code);
    return SPD_OK;
}
