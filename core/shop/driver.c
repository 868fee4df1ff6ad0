#include "shop/driver.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

struct drivers {
    struct driver *first;
};

struct drivers *drivers_new(void)
{
    return mem_new(sizeof(struct drivers));
}

void drivers_free(struct drivers *drivers)
{
    if (drivers == NULL)
        return;
    while (drivers->first != NULL) {
        struct driver *driver = drivers->first;
        drivers->first = driver->next;
        free(driver);
    }
    free(drivers);
}

spd_err drivers_add(struct drivers *drivers, spd_plugin *self, const char *who,
                    const struct spd_printer_driver *row, struct spd_error *err)
{
    const struct driver *taken = driver_find(drivers, str_of(row->kind));
    if (taken != NULL)
        return error_set(err, SPD_EEXIST,
                         "printers of the kind \"%s\" are driven by %s already",
                         row->kind, taken->who);
    struct driver *driver = mem_new(sizeof(*driver));
    *driver = (struct driver){ self, who, row, drivers->first };
    drivers->first = driver;
    return SPD_OK;
}

void drivers_withdraw(struct drivers *drivers, const spd_plugin *self)
{
    struct driver **at = &drivers->first;
    while (*at != NULL) {
        struct driver *driver = *at;
        if (driver->self != self) {
            at = &driver->next;
            continue;
        }
        *at = driver->next;
        free(driver);
    }
}

const struct driver *driver_find(const struct drivers *drivers, spd_str kind)
{
    const struct driver *driver = drivers->first;
    while (driver != NULL && !str_is(kind, driver->row->kind))
        driver = driver->next;
    return driver;
}

const struct driver *driver_next(const struct drivers *drivers,
                                 const struct driver *before)
{
    return before != NULL ? before->next : drivers->first;
}

const char *driver_kinds(const struct drivers *drivers, struct buf *out)
{
    if (drivers->first == NULL)
        buf_put(out, STR("none, as no driver is loaded"));
    for (const struct driver *d = drivers->first; d != NULL; d = d->next)
        buf_printf(out, "%s%s", d == drivers->first ? "" : ", ", d->row->kind);
    buf_put_char(out, '\0');
    out->len--;
    return out->ptr;
}

static bool is_model(const struct spd_model *model, spd_str id, spd_str name)
{
    if (id.len > 0)
        return model->slicer_id != NULL && str_is(id, model->slicer_id);
    return name.len > 0 && model->slicer_name != NULL &&
           str_is(name, model->slicer_name);
}

spd_str driver_model(const struct drivers *drivers, spd_str slicer_id,
                     spd_str slicer_name)
{
    for (const struct driver *d = drivers->first; d != NULL; d = d->next) {
        const struct spd_model *model = d->row->models;
        for (; model != NULL && model->name != NULL; model++)
            if (is_model(model, slicer_id, slicer_name))
                return str_of(model->name);
    }
    return (spd_str){ NULL, 0 };
}

spd_str driver_own_model(const struct driver *driver, spd_str name)
{
    const struct spd_model *model = driver->row->models;
    for (; model != NULL && model->name != NULL; model++)
        if (str_equal_fold(name, str_of(model->name)))
            return str_of(model->name);
    return (spd_str){ NULL, 0 };
}

spd_str drivers_own_model(const struct drivers *drivers, spd_str name)
{
    spd_str model = { NULL, 0 };
    for (const struct driver *d = drivers->first; d != NULL; d = d->next)
        if (model.ptr == NULL)
            model = driver_own_model(d, name);
    return model;
}
