#include "shop/order_csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/error.h"

/* -- columns -- */

enum column {
    COL_ORDER,
    COL_SHOP,
    COL_NUMBER,
    COL_STATUS,
    COL_ORDERED,
    COL_SHIP_BY,
    COL_BUYER_ID,
    COL_BUYER_NAME,
    COL_BUYER_EMAIL,
    COL_SHIP_NAME,
    COL_LINE1,
    COL_LINE2,
    COL_CITY,
    COL_STATE,
    COL_ZIP,
    COL_COUNTRY,
    COL_MESSAGE,
    COL_ITEM,
    COL_TITLE,
    COL_SKU,
    COL_LISTING,
    COL_QUANTITY,
    COL_PRICE,
    COL_CURRENCY,
    COL_TOTAL,
    COL_SHIPPING,
    COL_TAX,
    COL_DISCOUNT,
    COLUMNS,
};

/* Headings with all but letters and digits taken out. */
static const struct heading {
    const char *text;
    enum column column;
} headings[] = {
    { "orderid", COL_ORDER },
    { "order", COL_ORDER },
    { "sourceid", COL_ORDER },
    { "receiptid", COL_ORDER },
    { "bestellnummer", COL_ORDER },
    { "shopid", COL_SHOP },
    { "shop", COL_SHOP },
    { "ordernumber", COL_NUMBER },
    { "number", COL_NUMBER },
    { "status", COL_STATUS },
    { "orderstatus", COL_STATUS },
    { "financialstatus", COL_STATUS },
    { "orderedat", COL_ORDERED },
    { "orderdate", COL_ORDERED },
    { "saledate", COL_ORDERED },
    { "date", COL_ORDERED },
    { "createdat", COL_ORDERED },
    { "datum", COL_ORDERED },
    { "shipby", COL_SHIP_BY },
    { "shipbydate", COL_SHIP_BY },
    { "duedate", COL_SHIP_BY },
    { "buyerid", COL_BUYER_ID },
    { "customerid", COL_BUYER_ID },
    { "buyer", COL_BUYER_NAME },
    { "buyername", COL_BUYER_NAME },
    { "customer", COL_BUYER_NAME },
    { "customername", COL_BUYER_NAME },
    { "fullname", COL_BUYER_NAME },
    { "email", COL_BUYER_EMAIL },
    { "buyeremail", COL_BUYER_EMAIL },
    { "shipname", COL_SHIP_NAME },
    { "shippingname", COL_SHIP_NAME },
    { "recipient", COL_SHIP_NAME },
    { "line1", COL_LINE1 },
    { "address", COL_LINE1 },
    { "address1", COL_LINE1 },
    { "street1", COL_LINE1 },
    { "shipaddress1", COL_LINE1 },
    { "shippingaddress1", COL_LINE1 },
    { "line2", COL_LINE2 },
    { "address2", COL_LINE2 },
    { "street2", COL_LINE2 },
    { "shipaddress2", COL_LINE2 },
    { "shippingaddress2", COL_LINE2 },
    { "city", COL_CITY },
    { "shipcity", COL_CITY },
    { "shippingcity", COL_CITY },
    { "state", COL_STATE },
    { "shipstate", COL_STATE },
    { "shippingprovince", COL_STATE },
    { "zip", COL_ZIP },
    { "zipcode", COL_ZIP },
    { "postcode", COL_ZIP },
    { "shipzipcode", COL_ZIP },
    { "shippingzip", COL_ZIP },
    { "country", COL_COUNTRY },
    { "shipcountry", COL_COUNTRY },
    { "shippingcountry", COL_COUNTRY },
    { "message", COL_MESSAGE },
    { "note", COL_MESSAGE },
    { "itemid", COL_ITEM },
    { "transactionid", COL_ITEM },
    { "lineid", COL_ITEM },
    { "title", COL_TITLE },
    { "item", COL_TITLE },
    { "itemname", COL_TITLE },
    { "product", COL_TITLE },
    { "lineitemname", COL_TITLE },
    { "artikel", COL_TITLE },
    { "sku", COL_SKU },
    { "lineitemsku", COL_SKU },
    { "artikelnummer", COL_SKU },
    { "listingid", COL_LISTING },
    { "quantity", COL_QUANTITY },
    { "qty", COL_QUANTITY },
    { "lineitemquantity", COL_QUANTITY },
    { "menge", COL_QUANTITY },
    { "anzahl", COL_QUANTITY },
    { "price", COL_PRICE },
    { "unitprice", COL_PRICE },
    { "itemprice", COL_PRICE },
    { "lineitemprice", COL_PRICE },
    { "preis", COL_PRICE },
    { "currency", COL_CURRENCY },
    { "total", COL_TOTAL },
    { "ordertotal", COL_TOTAL },
    { "shipping", COL_SHIPPING },
    { "ordershipping", COL_SHIPPING },
    { "tax", COL_TAX },
    { "taxes", COL_TAX },
    { "discount", COL_DISCOUNT },
    { "discountamount", COL_DISCOUNT },
};

/* "variation: Color" and "personalization: Name" carry their names. */
struct chosen {
    size_t place;
    spd_str name;
};

struct layout {
    size_t at[COLUMNS]; /* SIZE_MAX: there is no such column */
    struct chosen variations[16], personalization[16];
    size_t variation_count, personalization_count;
};

struct reading {
    struct csv_orders *out;
    struct arena *arena;
    struct layout layout;
    struct csv_row row;
    /* as the lines came; each order's are gathered by its place */
    struct group *groups;
    size_t group_count, group_room, line_room;
};

/* The lines of one order. */
struct group {
    spd_str shop, id;
    struct buf items; /* JSON, without the brackets */
    struct buf head;  /* JSON members of the order, of its first line */
    size_t count;
    spd_str refusal;
};

static void fold(spd_str heading, char out[40])
{
    size_t len = 0;
    for (size_t i = 0; i < heading.len && len < 39; i++) {
        char c = heading.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[len++] = c;
    }
    out[len] = '\0';
}

static bool is_chosen(spd_str heading, const char *what, struct chosen *list,
                      size_t *count, size_t place)
{
    spd_str rest = heading;
    spd_str kind = str_trim(str_cut(&rest, ':'));
    if (!str_equal_fold(kind, str_of(what)) || str_trim(rest).len == 0 ||
        *count == 16)
        return false;
    list[(*count)++] = (struct chosen){ place, str_trim(rest) };
    return true;
}

static void place_heading(struct layout *layout, spd_str heading, size_t place)
{
    char folded[40];
    if (is_chosen(heading, "variation", layout->variations,
                  &layout->variation_count, place) ||
        is_chosen(heading, "personalization", layout->personalization,
                  &layout->personalization_count, place))
        return;
    fold(heading, folded);
    for (size_t i = 0; i < SPD_COUNT(headings); i++)
        if (strcmp(folded, headings[i].text) == 0 &&
            layout->at[headings[i].column] == SIZE_MAX)
            layout->at[headings[i].column] = place;
}

static spd_err read_headings(struct reading *in, struct spd_error *err)
{
    for (size_t c = 0; c < COLUMNS; c++)
        in->layout.at[c] = SIZE_MAX;
    for (size_t i = 0; i < in->row.count; i++)
        place_heading(&in->layout, in->row.cells[i], i);
    if (in->layout.at[COL_ORDER] == SIZE_MAX)
        in->layout.at[COL_ORDER] = in->layout.at[COL_NUMBER];
    if (in->layout.at[COL_ORDER] == SIZE_MAX)
        return error_set(err, SPD_EINVAL,
                         "the first line must be headings, and one of them "
                         "\"order\" or \"order_id\"; it begins with \"%.*s\"",
                         STR_ARG(str_clip(in->row.cells[0], 60)));
    return SPD_OK;
}

static spd_str cell(const struct reading *in, enum column column)
{
    size_t place = in->layout.at[column];
    return place < in->row.count ? in->row.cells[place] : (spd_str){ NULL, 0 };
}

/* -- values -- */

static int64_t divisor_of(spd_str currency)
{
    static const struct {
        const char *code;
        int64_t divisor;
    } others[] = {
        { "JPY", 1 },    { "KRW", 1 },    { "VND", 1 },    { "CLP", 1 },
        { "ISK", 1 },    { "BHD", 1000 }, { "KWD", 1000 }, { "OMR", 1000 },
        { "JOD", 1000 }, { "TND", 1000 },
    };
    for (size_t i = 0; i < SPD_COUNT(others); i++)
        if (str_equal_fold(currency, str_of(others[i].code)))
            return others[i].divisor;
    return 100;
}

static int digits_of(int64_t divisor)
{
    return divisor == 1 ? 0 : divisor == 100 ? 2 : 3;
}

/* "1.234,50", "1,234.50", "12.5", "EUR 12": what stands behind the last point
 * or comma are the minor units, unless three digits follow and there are not
 * so many. Exact: no double is in between. */
static bool read_amount(spd_str text, int64_t divisor, int64_t *amount)
{
    int digits = digits_of(divisor), behind = -1, total = 0;
    bool negative = false;
    int64_t value = 0;
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '.' || text.ptr[i] == ',')
            last = i;
    size_t tail = 0;
    for (size_t i = last + 1; last != SIZE_MAX && i < text.len; i++)
        tail += text.ptr[i] >= '0' && text.ptr[i] <= '9';
    if (tail > (size_t)digits && tail == 3)
        last = SIZE_MAX; /* thousands */
    else if (tail > (size_t)digits)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        negative |= c == '-';
        if (i == last)
            behind = 0;
        if (c < '0' || c > '9')
            continue;
        if (++total > 15)
            return false;
        value = value * 10 + (c - '0');
        behind += behind >= 0;
    }
    for (int i = behind < 0 ? 0 : behind; i < digits; i++)
        value *= 10;
    *amount = negative ? -value : value;
    return total > 0;
}

static bool two_numbers(spd_str text, char sep, int64_t out[3])
{
    for (int i = 0; i < 3; i++) {
        spd_str part = i < 2 ? str_cut(&text, sep) : text;
        if (!str_to_int(str_trim(part), &out[i]))
            return false;
    }
    return true;
}

/* As RFC 3339; "31.12.2026" and "12/31/26" too, where the month comes first
 * unless that cannot be. No text: it is no date. */
static spd_str read_date(spd_str text, struct arena *arena)
{
    int64_t n[3];
    spd_str rest = text;
    spd_str day = str_cut(&rest, ' ');
    if (two_numbers(day, '.', n))
        return arena_printf(arena, "%04d-%02d-%02dT00:00:00Z",
                            (int)(n[2] < 100 ? n[2] + 2000 : n[2]) % 10000,
                            (int)(n[1] % 100), (int)(n[0] % 100));
    if (two_numbers(day, '/', n)) {
        bool is_day_first = n[0] > 12;
        return arena_printf(arena, "%04d-%02d-%02dT00:00:00Z",
                            (int)(n[2] < 100 ? n[2] + 2000 : n[2]) % 10000,
                            (int)(n[is_day_first] % 100),
                            (int)(n[!is_day_first] % 100));
    }
    if (day.len == 10)
        return rest.len == 0
                   ? arena_printf(arena, "%.*sT00:00:00Z", STR_ARG(day))
                   : arena_printf(arena, "%.*sT%.*s%s", STR_ARG(day),
                                  STR_ARG(rest), rest.len == 5 ? ":00Z" : "");
    return text;
}

static const char *status_of(spd_str text)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {
        { "open", "unpaid" },        { "pending", "unpaid" },
        { "completed", "shipped" },  { "fulfilled", "shipped" },
        { "canceled", "cancelled" }, { "voided", "cancelled" },
    };
    for (size_t i = 0; order_status_names[i] != NULL; i++)
        if (str_equal_fold(text, str_of(order_status_names[i])))
            return order_status_names[i];
    for (size_t i = 0; i < SPD_COUNT(words); i++)
        if (str_equal_fold(text, str_of(words[i].theirs)))
            return words[i].ours;
    return "other";
}

/* -- lines -- */

static void put_cell(const struct reading *in, enum column column,
                     const char *name, spd_jsonw *w)
{
    spd_str text = cell(in, column);
    if (text.len > 0)
        jsonw_put_str(w, name, text);
}

static void put_date(const struct reading *in, enum column column,
                     const char *name, spd_jsonw *w)
{
    spd_str text = cell(in, column);
    if (text.len > 0)
        jsonw_put_str(w, name, read_date(text, in->arena));
}

static spd_str currency_of(const struct reading *in)
{
    spd_str currency = cell(in, COL_CURRENCY);
    return currency.len == 3 ? currency : STR("EUR");
}

/* What is wrong with it; no text: nothing. */
static spd_str put_money(const struct reading *in, enum column column,
                         const char *name, spd_jsonw *w)
{
    spd_str text = cell(in, column), currency = currency_of(in);
    int64_t amount, divisor = divisor_of(currency);
    if (text.len == 0)
        return text;
    if (!read_amount(text, divisor, &amount))
        return arena_printf(in->arena, "%s \"%.*s\" is no amount of money",
                            name, STR_ARG(str_clip(text, 40)));
    jsonw_begin(w, name, SPD_JSON_OBJECT);
    jsonw_put_int(w, "amount", amount);
    jsonw_put_int(w, "divisor", divisor);
    jsonw_put_str(w, "currency", currency);
    jsonw_end(w);
    return (spd_str){ NULL, 0 };
}

static void put_chosen(const struct reading *in, const struct chosen *list,
                       size_t count, const char *name, spd_jsonw *w)
{
    jsonw_begin(w, name, SPD_JSON_ARRAY);
    for (size_t i = 0; i < count; i++) {
        if (list[i].place >= in->row.count ||
            in->row.cells[list[i].place].len == 0)
            continue;
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        jsonw_put_str(w, "name", list[i].name);
        jsonw_put_str(w, "value", in->row.cells[list[i].place]);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static spd_str put_item(struct reading *in, struct group *group)
{
    spd_jsonw w;
    char ordinal[24];
    spd_str quantity = cell(in, COL_QUANTITY), id = cell(in, COL_ITEM);
    int64_t count;
    snprintf(ordinal, sizeof(ordinal), "%zu", group->count);
    if (group->items.len > 0)
        buf_put_char(&group->items, ',');
    jsonw_init(&w, &group->items);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "source_id", id.len > 0 ? id : str_of(ordinal));
    put_cell(in, COL_TITLE, "title", &w);
    put_cell(in, COL_SKU, "sku", &w);
    put_cell(in, COL_LISTING, "listing_id", &w);
    if (str_to_int(quantity, &count))
        jsonw_put_int(&w, "quantity", count);
    else if (quantity.len > 0)
        jsonw_put_str(&w, "quantity", quantity); /* said to be wrong later */
    put_date(in, COL_SHIP_BY, "ship_by", &w);
    put_chosen(in, in->layout.variations, in->layout.variation_count,
               "variations", &w);
    put_chosen(in, in->layout.personalization, in->layout.personalization_count,
               "personalization", &w);
    spd_str refusal = put_money(in, COL_PRICE, "price", &w);
    jsonw_end(&w);
    return refusal;
}

static void put_people(const struct reading *in, spd_jsonw *w)
{
    jsonw_begin(w, "buyer", SPD_JSON_OBJECT);
    put_cell(in, COL_BUYER_ID, "id", w);
    put_cell(in, COL_BUYER_NAME, "name", w);
    put_cell(in, COL_BUYER_EMAIL, "email", w);
    jsonw_end(w);
    jsonw_begin(w, "ship_to", SPD_JSON_OBJECT);
    put_cell(in, COL_SHIP_NAME, "name", w);
    put_cell(in, COL_LINE1, "line1", w);
    put_cell(in, COL_LINE2, "line2", w);
    put_cell(in, COL_CITY, "city", w);
    put_cell(in, COL_STATE, "state", w);
    put_cell(in, COL_ZIP, "zip", w);
    put_cell(in, COL_COUNTRY, "country", w);
    jsonw_end(w);
}

/* An object that is left open for the items. */
static spd_str put_head(struct reading *in, struct group *group)
{
    static const struct {
        enum column column;
        const char *name;
    } amounts[] = {
        { COL_TOTAL, "total" },
        { COL_SHIPPING, "shipping" },
        { COL_TAX, "tax" },
        { COL_DISCOUNT, "discount" },
    };
    spd_jsonw w;
    spd_str status = cell(in, COL_STATUS), refusal = { NULL, 0 };
    jsonw_init(&w, &group->head);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "source_id", group->id);
    if (group->shop.len > 0)
        jsonw_put_str(&w, "shop_id", group->shop);
    put_cell(in, COL_NUMBER, "number", &w);
    if (status.len > 0) {
        jsonw_put_str(&w, "status", str_of(status_of(status)));
        jsonw_put_str(&w, "source_status", status);
    }
    put_date(in, COL_ORDERED, "ordered_at", &w);
    put_date(in, COL_SHIP_BY, "ship_by", &w);
    put_cell(in, COL_MESSAGE, "message", &w);
    put_people(in, &w);
    for (size_t i = 0; i < SPD_COUNT(amounts) && refusal.len == 0; i++)
        refusal = put_money(in, amounts[i].column, amounts[i].name, &w);
    return refusal;
}

/* Lines of one order mostly stand together. */
static size_t group_of(struct reading *in, spd_str shop, spd_str id)
{
    for (size_t i = in->group_count; i-- > 0;)
        if (str_equal(in->groups[i].id, id) &&
            str_equal(in->groups[i].shop, shop))
            return i;
    if (in->group_count == in->group_room) {
        in->group_room = in->group_room == 0 ? 64 : in->group_room * 2;
        in->groups =
            mem_resize(in->groups, in->group_room * sizeof(*in->groups));
    }
    in->groups[in->group_count] = (struct group){ .shop = shop, .id = id };
    return in->group_count++;
}

static struct csv_line *add_line(struct reading *in)
{
    struct list *lines = &in->out->lines;
    if (lines->count == in->line_room) {
        in->line_room = in->line_room == 0 ? 256 : in->line_room * 2;
        struct csv_line *more =
            arena_new(in->arena, in->line_room * sizeof(*more));
        if (lines->count > 0)
            memcpy(more, lines->items, lines->count * sizeof(*more));
        lines->items = more;
    }
    struct csv_line *line = (struct csv_line *)lines->items + lines->count++;
    *line = (struct csv_line){ .line = in->row.line, .order = SIZE_MAX };
    return line;
}

static void read_line(struct reading *in)
{
    struct csv_line *line = add_line(in);
    spd_str id = cell(in, COL_ORDER);
    line->order_text = id;
    line->item =
        cell(in, COL_TITLE).len > 0 ? cell(in, COL_TITLE) : cell(in, COL_SKU);
    if (id.len == 0) {
        line->refusal = STR("it does not say of which order it is");
        return;
    }
    line->order = group_of(in, cell(in, COL_SHOP), id);
    struct group *group = &in->groups[line->order];
    spd_str head = { NULL, 0 };
    if (group->count++ == 0)
        head = put_head(in, group);
    line->refusal = put_item(in, group);
    if (line->refusal.len == 0)
        line->refusal = head;
    if (line->refusal.len > 0 && group->refusal.len == 0)
        group->refusal = arena_printf(in->arena, "line %zu: %.*s", line->line,
                                      STR_ARG(line->refusal));
}

/* -- orders -- */

static spd_str refusal_of(const struct faults *faults, struct arena *arena)
{
    return arena_str(arena, str_of(faults->first));
}

static void make_order(struct reading *in, struct group *group,
                       struct csv_order *order)
{
    struct faults faults = { 0 };
    struct spd_error err = { 0 };
    order->lines = group->count;
    order->refusal = group->refusal;
    if (order->refusal.len > 0)
        return;
    buf_put(&group->head, STR(",\"items\":["));
    buf_put(&group->head, buf_str(&group->items));
    buf_put(&group->head, STR("]}"));
    spd_json *json = json_parse(buf_str(&group->head), &err);
    if (json == NULL) {
        order->refusal = arena_str(in->arena, str_of(err.text));
        return;
    }
    struct fields_input input = { .object = json, .lenient = true };
    if (!fields_decode(&order_fields, &order->said, &input, in->arena,
                       &faults) ||
        !order_judge(&order->said, &faults))
        order->refusal = refusal_of(&faults, in->arena);
    else
        order_own(&order->said, in->arena);
    order->said.source = STR("csv");
    faults_fini(&faults);
    json_free(json);
}

static void make_orders(struct reading *in)
{
    struct csv_order *orders =
        arena_new(in->arena, in->group_count * sizeof(*orders));
    for (size_t i = 0; i < in->group_count; i++)
        make_order(in, &in->groups[i], &orders[i]);
    in->out->orders = (struct list){ orders, in->group_count };
}

static void reading_fini(struct reading *in)
{
    for (size_t i = 0; i < in->group_count; i++) {
        buf_fini(&in->groups[i].head);
        buf_fini(&in->groups[i].items);
    }
    free(in->groups);
    free(in);
}

spd_err order_csv_read(spd_str bytes, struct csv_orders *out,
                       struct arena *arena, struct spd_error *err)
{
    struct csv csv;
    struct reading *in = mem_new(sizeof(*in));
    in->out = out;
    in->arena = arena;
    *out = (struct csv_orders){ 0 };
    csv_begin(&csv, bytes, arena);
    out->encoding = csv.encoding;
    out->separator = csv.separator;
    spd_err rc = SPD_OK;
    if (csv_next(&csv, &in->row, err))
        rc = read_headings(in, err);
    else if (err->code == SPD_OK)
        rc = error_set(err, SPD_EINVAL, "the table is empty");
    while (rc == SPD_OK && csv_next(&csv, &in->row, err)) {
        if (out->lines.count == ORDER_CSV_MAX_LINES)
            rc = error_set(err, SPD_EINVAL,
                           "the table has more than %d lines; split it",
                           ORDER_CSV_MAX_LINES);
        else
            read_line(in);
    }
    if (rc == SPD_OK)
        rc = err->code;
    if (rc == SPD_OK)
        make_orders(in);
    reading_fini(in);
    return rc;
}
