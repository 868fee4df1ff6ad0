#include "shop/paper.h"

#include "base/moment.h"
#include "shop/product.h"
#include "shop/spool_label.h"
#include "shop/stock.h"

static const char style[] =
    "body{font:11pt sans-serif;margin:15mm;color:#000;background:#fff}\n"
    "h1{font-size:16pt}h2{font-size:13pt;margin:8mm 0 2mm}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{border-bottom:1px solid #999;padding:2mm;text-align:left;"
    "vertical-align:top}\n"
    ".number{text-align:right;width:15mm}.note{white-space:pre-wrap}\n"
    ".box{display:inline-block;width:4mm;height:4mm;border:1px solid #000}\n"
    "section,svg{break-inside:avoid}\n"
    "@page{margin:0}\n";

/* -- text -- */

static void put_text(struct buf *out, spd_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            buf_printf(out, "&#%d;", c);
        else
            buf_put_char(out, c);
    }
}

static void put_tagged(struct buf *out, const char *tag, spd_str text)
{
    if (text.len == 0)
        return;
    buf_printf(out, "<%s>", tag);
    put_text(out, text);
    buf_printf(out, "</%s>\n", tag);
}

static void put_note(struct buf *out, const char *what, spd_str text)
{
    if (text.len == 0)
        return;
    buf_printf(out, "<p class=\"note\"><b>%s</b> ", what);
    put_text(out, text);
    buf_put(out, STR("</p>\n"));
}

static void begin_page(struct buf *out, const char *title)
{
    buf_printf(out,
               "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
               "charset=\"utf-8\"><title>%s</title>\n"
               "<link rel=\"stylesheet\" href=\"/api/papers.css\"></head>"
               "<body>\n",
               title);
}

static void end_page(struct buf *out)
{
    buf_put(out, STR("</body></html>\n"));
}

static void put_lines(struct buf *out, const spd_str *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (lines[i].len > 0) {
            put_text(out, lines[i]);
            buf_put(out, STR("<br>\n"));
        }
}

static void put_address(struct buf *out, const struct address *to)
{
    struct buf town = { 0 };
    buf_printf(&town, "%.*s %.*s %.*s", STR_ARG(to->zip), STR_ARG(to->city),
               STR_ARG(to->state));
    const spd_str lines[] = { to->name, to->line1, to->line2,
                              str_trim(buf_str(&town)), to->country };
    buf_put(out, STR("<p class=\"note\">"));
    if (to->text.len > 0)
        put_text(out, to->text);
    else
        put_lines(out, lines, SPD_COUNT(lines));
    buf_put(out, STR("</p>\n"));
    buf_fini(&town);
}

/* -- the packing slip -- */

static void put_variations(struct buf *out, const struct list *list)
{
    const struct variation *variation = list->items;
    for (size_t i = 0; i < list->count; i++) {
        buf_put(out, STR("<br><span class=\"note\">"));
        put_text(out, variation[i].name);
        buf_put(out, STR(": "));
        put_text(out, variation[i].value);
        buf_put(out, STR("</span>"));
    }
}

static spd_str title_of(const struct order_item *item)
{
    return item->title.len > 0 ? item->title
           : item->sku.len > 0 ? item->sku
                               : item->source_id;
}

static void put_item(struct buf *out, const struct order_item *item)
{
    if (item->is_removed)
        return;
    buf_printf(out, "<tr><td class=\"number\">%lld</td><td>",
               (long long)item->quantity);
    put_text(out, title_of(item));
    put_variations(out, &item->variations);
    put_variations(out, &item->personalization);
    buf_put(out, STR("</td><td>"));
    put_text(out, item->sku);
    buf_put(out, STR("</td></tr>\n"));
}

static void put_items(struct buf *out, const struct order *order)
{
    const struct order_item *item = order->items.items;
    buf_put(out, STR("<table><tr><th class=\"number\">Pieces</th><th>Item</th>"
                     "<th>SKU</th></tr>\n"));
    for (size_t i = 0; i < order->items.count; i++)
        put_item(out, &item[i]);
    buf_put(out, STR("</table>\n"));
}

static void put_date(struct buf *out, const char *what, int64_t at)
{
    char text[MOMENT_BYTES];
    if (at == 0)
        return;
    spd_str moment = moment_text(at, text);
    buf_printf(out, "<p>%s %.10s</p>\n", what, moment.ptr);
}

void paper_packing_slip(const struct order *order, const struct terms *terms,
                        struct buf *out)
{
    begin_page(out, "Packing slip");
    put_tagged(out, "h1", terms->name);
    put_note(out, "", terms->address);
    buf_put(out, STR("<h2>Order "));
    put_text(out, order->number);
    buf_put(out, STR("</h2>\n"));
    put_date(out, "Ordered on", order->ordered_at);
    put_address(out, &order->ship_to);
    put_items(out, order);
    if (order->is_gift)
        buf_put(out, STR("<p>This is a gift.</p>\n"));
    put_note(out, "Message:", order->gift_message);
    put_note(out, "From:", order->gift_sender);
    end_page(out);
}

/* -- the picking list -- */

struct picking {
    spd_txn *txn;
    struct buf *out;
    size_t orders;
};

static void pick_part(const struct picking *picking,
                      const struct order_item *item,
                      const struct item_part *part)
{
    struct buf *out = picking->out;
    buf_printf(out,
               "<br><span class=\"box\"></span> part %lld: %lld printed, %lld "
               "from the shelf",
               (long long)part->part, (long long)part->good,
               (long long)part->from_stock);
    if (part->color.len > 0) {
        buf_put(out, STR(", "));
        put_text(out, part->color);
    }
    if (part->from_stock > 0) {
        struct arena arena = { 0 };
        spd_str place = stock_location(
            picking->txn,
            &(struct stock_of){ item->product_id, part->part, part->color },
            &arena);
        if (place.len > 0) {
            buf_put(out, STR(" ("));
            put_text(out, place);
            buf_put(out, STR(")"));
        }
        arena_fini(&arena);
    }
}

static void pick_item(const struct picking *picking,
                      const struct order_item *item)
{
    struct buf *out = picking->out;
    const struct item_part *part = item->parts.items;
    if (item->is_removed || item->is_digital)
        return;
    buf_printf(out,
               "<tr><td><span class=\"box\"></span></td><td class=\"number\">"
               "%lld</td><td>",
               (long long)item->quantity);
    put_text(out, title_of(item));
    put_variations(out, &item->variations);
    put_variations(out, &item->personalization);
    for (size_t p = 0; p < item->parts.count; p++)
        pick_part(picking, item, &part[p]);
    buf_put(out, STR("</td></tr>\n"));
}

static bool pick_order(void *arg, const void *record)
{
    struct picking *picking = arg;
    const struct order *order = record;
    const struct order_item *item = order->items.items;
    struct buf *out = picking->out;
    picking->orders++;
    buf_put(out, STR("<section><h2>Order "));
    put_text(out, order->number);
    buf_put(out, STR("</h2>\n"));
    put_date(out, "Ship by", order->ship_by);
    put_note(out, "To:", order->ship_to.name);
    buf_put(out, STR("<table>\n"));
    for (size_t i = 0; i < order->items.count; i++)
        pick_item(picking, &item[i]);
    buf_put(out, STR("</table>\n"));
    put_note(out, "Buyer:", order->message);
    put_note(out, "Notes:", order->notes);
    buf_put(out, STR("</section>\n"));
    return true;
}

/* -- operations -- */

static const char html[] = "text/html; charset=utf-8";

static spd_err packing_slip(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct order order;
    struct terms terms;
    struct buf page = { 0 };
    spd_err rc = call_get(call, txn, &order_kind, which->id, &order);
    if (rc != SPD_OK)
        return rc;
    terms_read(txn, &terms, &call->arena);
    paper_packing_slip(&order, &terms, &page);
    call_reply_bytes(call, buf_str(&page), html);
    buf_fini(&page);
    return SPD_OK;
}

/* What is printed and not yet on its way, the oldest first. */
static spd_err picking_list(struct call *call, spd_txn *txn)
{
    enum { MOST = 200 };
    struct order_filter printed = { .production = PRODUCTION_PRINTED + 1 };
    struct buf page = { 0 };
    struct key prefix;
    struct span span = order_span_of(&printed, &prefix);
    struct picking picking = { txn, &page, 0 };
    span.backwards = false;
    span.limit = MOST;
    begin_page(&page, "Picking list");
    buf_put(&page, STR("<h1>Ready to be packed</h1>\n"));
    record_each(txn, &order_kind, &span, pick_order, &picking);
    if (picking.orders == 0)
        buf_put(&page, STR("<p>No order is ready.</p>\n"));
    end_page(&page);
    call_reply_bytes(call, buf_str(&page), html);
    buf_fini(&page);
    return SPD_OK;
}

/* -- labels for the shelf -- */

struct sheet {
    struct buf page;
    spd_err rc;
    struct spd_error err;
};

static bool put_label(void *arg, const void *record)
{
    struct sheet *sheet = arg;
    sheet->rc = spool_label(record, &sheet->page, &sheet->err);
    return sheet->rc == SPD_OK;
}

static spd_err label_sheet(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    struct sheet sheet = { .rc = SPD_OK };
    struct span span = { .after_id = param->page.after,
                         .limit = (size_t)param->page.limit };
    begin_page(&sheet.page, "Labels");
    record_each(txn, &spool_kind, &span, put_label, &sheet);
    end_page(&sheet.page);
    if (sheet.rc == SPD_OK)
        call_reply_bytes(call, buf_str(&sheet.page), html);
    buf_fini(&sheet.page);
    return sheet.rc == SPD_OK ? SPD_OK : call_fail(call, &sheet.err);
}

static spd_err get_style(struct call *call, spd_txn *txn)
{
    (void)txn;
    call_reply_bytes(call, str_of(style), "text/css; charset=utf-8");
    return SPD_OK;
}

static const struct op paper_ops[] = {
    { .name = "orders.packing_slip",
      .route = "GET /api/orders/{id}/packing-slip",
      .doc = "A page to put into the parcel",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &id_param_fields,
      .run = packing_slip },
    { .name = "orders.picking_list",
      .route = "GET /api/orders/picking-list",
      .doc = "A page of what is ready to be packed, order by order",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .run = picking_list },
    { .name = "spools.label_sheet",
      .route = "GET /api/spools/labels",
      .doc = "The labels of many spools on one page",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &page_param_fields,
      .run = label_sheet },
    { .name = "papers.style",
      .route = "GET /api/papers.css",
      .doc = "How such pages look",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = get_style },
};

spd_err paper_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, paper_ops, SPD_COUNT(paper_ops), shop, err);
}
