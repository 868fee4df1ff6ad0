#include "shop/printer_settings.h"

#include <stdio.h>

#include "shop/guest_settings.h"

/* A new printer has no id yet: its moment of birth binds its secrets. */
static struct guest_settings settings_of(const struct printer *printer,
                                         struct arena *arena)
{
    return (struct guest_settings){
        .own = &printer_fields,
        .plural = "printers",
        .name = printer->name,
        .context =
            arena_printf(arena, "printer/%lld", (long long)printer->created_at),
        .shown = printer->settings,
        .sealed = printer->sealed,
    };
}

spd_err settings_take(struct call *call, const struct driver *driver,
                      enum fields_mode mode, struct printer *printer)
{
    struct guest_settings of = settings_of(printer, &call->arena);
    of.who = arena_printf(&call->arena, "the driver %s", driver->who).ptr;
    of.rows = driver->row->settings;
    spd_json *given = guest_settings_pick(call, &of);
    spd_err rc = guest_settings_take(call, mode, given, &of);
    json_free(given);
    printer->settings = of.shown;
    printer->sealed = of.sealed;
    return rc;
}

void settings_show(spd_str settings, spd_jsonw *w)
{
    guest_settings_show(settings, w);
}

spd_err printer_settings(struct shop *shop, const struct printer *printer,
                         struct buf *json, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct guest_settings of = settings_of(printer, &arena);
    spd_jsonw w;
    jsonw_init(&w, json);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "model", printer->model);
    spd_err rc = guest_settings_open(shop, &of, &w, err);
    if (printer->pin.len > 0)
        jsonw_put_str(&w, "pin", printer->pin);
    jsonw_end(&w);
    arena_fini(&arena);
    return rc;
}
