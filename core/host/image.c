#include "host/image.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/rows.h"

#define TEXT_OF(x) #x
#define SYMBOL(x) TEXT_OF(x)

enum { KEYS_MAX = 64, CONF_MAX_BYTES = 64 * 1024 };

/* The least a descriptor can be: that of ABI 1.0. */
#define DESC_1_0_BYTES (offsetof(struct spd_plugin_desc, stop) + sizeof(void *))

static spd_err judge_file(const char *path, struct spd_error *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return error_set(err, errno == ENOENT ? SPD_ENOTFOUND : SPD_EIO,
                         "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, SPD_EAUTH,
                         "%s: not a regular file; links are not followed",
                         path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return error_set(err, SPD_EAUTH,
                         "%s: belongs to user %u; it must be root's or the "
                         "server's own",
                         path, (unsigned)st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return error_set(err, SPD_EAUTH,
                         "%s: writable by others (mode %04o); "
                         "chmod go-w it",
                         path, (unsigned)(st.st_mode & 07777));
    return SPD_OK;
}

/* Whoever may write the folder may put another file there. */
static spd_err judge_folder(const char *path, struct spd_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash == NULL ? mem_text(STR("."))
                      : mem_text((spd_str){ path, (size_t)(slash + 1 - path) });
    struct stat st;
    bool is_bad = stat(folder, &st) != 0 ||
                  (st.st_uid != 0 && st.st_uid != geteuid()) ||
                  ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
                   (st.st_mode & S_ISVTX) == 0);
    spd_err rc = SPD_OK;
    if (is_bad)
        rc = error_set(err, SPD_EAUTH,
                       "%s: others may write the folder it lies in", path);
    free(folder);
    return rc;
}

/* Lower-case letters, digits and hyphens: it becomes a topic, a route, a name
 * space and a file name. */
static bool is_name(spd_str name)
{
    if (name.len == 0 || name.len > PLUGIN_NAME_MAX ||
        !islower((unsigned char)name.ptr[0]))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (!islower(c) && !isdigit(c) && c != '-')
            return false;
    }
    return true;
}

static spd_err name_of_path(const char *path, char name[PLUGIN_NAME_MAX + 1],
                            struct spd_error *err)
{
    const char *slash = strrchr(path, '/');
    spd_str base = str_of(slash == NULL ? path : slash + 1);
    if (!str_ends(base, STR(".so")))
        return error_set(err, SPD_EINVAL, "%s: a plugin's file ends in .so",
                         path);
    base.len -= 3;
    if (!is_name(base))
        return error_set(err, SPD_EINVAL,
                         "%s: a plugin's name is made of a-z, 0-9 and -", path);
    memcpy(name, base.ptr, base.len);
    name[base.len] = '\0';
    return SPD_OK;
}

static spd_err agree_on_abi(const struct spd_plugin_desc *theirs,
                            const char *name, struct spd_error *err)
{
    if (theirs->abi_major != SPD_ABI_MAJOR)
        return error_set(err, SPD_EUNSUPPORTED,
                         "%s is built for plugin ABI %u, this server has %u.%u",
                         name, theirs->abi_major, SPD_ABI_MAJOR, SPD_ABI_MINOR);
    if (theirs->needs_minor > SPD_ABI_MINOR)
        return error_set(err, SPD_EUNSUPPORTED,
                         "%s needs plugin ABI %u.%u, this server has %u.%u",
                         name, theirs->abi_major, theirs->needs_minor,
                         SPD_ABI_MAJOR, SPD_ABI_MINOR);
    if (theirs->size < DESC_1_0_BYTES || theirs->size > 64 * 1024)
        return error_set(err, SPD_EINVAL,
                         "%s: its descriptor cannot be %zu bytes", name,
                         theirs->size);
    return SPD_OK;
}

static spd_err judge_key(const struct spd_key *key, size_t conf_size,
                         const char *plugin, struct spd_error *err)
{
    static const size_t sizes[] = { [SPD_T_BOOL] = sizeof(bool),
                                    [SPD_T_INT] = sizeof(int64_t),
                                    [SPD_T_REAL] = sizeof(double),
                                    [SPD_T_STR] = sizeof(char *) };
    if (key->name == NULL || key->doc == NULL || key->doc[0] == '\0')
        return error_set(err, SPD_EINVAL,
                         "%s: its key %s lacks a name or a doc line", plugin,
                         key->name == NULL ? "?" : key->name);
    if (key->type < SPD_T_BOOL || key->type > SPD_T_STR)
        return error_set(err, SPD_EINVAL, "%s: its key %s has no known type",
                         plugin, key->name);
    if (sizes[key->type] > conf_size ||
        key->offset > conf_size - sizes[key->type])
        return error_set(err, SPD_EINVAL,
                         "%s: its key %s lies outside its config struct",
                         plugin, key->name);
    return SPD_OK;
}

static spd_err judge_desc(struct image *image, const char *plugin,
                          struct spd_error *err)
{
    const struct spd_plugin_desc *desc = &image->desc;
    if (desc->name == NULL || strcmp(desc->name, image->name) != 0)
        return error_set(err, SPD_EINVAL,
                         "%s.so says that it is \"%s\": name and file must "
                         "agree",
                         image->name, desc->name == NULL ? "" : desc->name);
    if (desc->start == NULL || desc->stop == NULL)
        return error_set(err, SPD_EINVAL, "%s: it has no start or no stop",
                         plugin);
    if (desc->key_count > KEYS_MAX || desc->conf_size > CONF_MAX_BYTES)
        return error_set(err, SPD_EINVAL,
                         "%s: more than %d keys or %d bytes of settings",
                         plugin, KEYS_MAX, CONF_MAX_BYTES);
    for (uint32_t i = 0; i < desc->key_count; i++)
        if (judge_key(&image->keys[i], desc->conf_size, plugin, err) != SPD_OK)
            return err->code;
    return SPD_OK;
}

/* `theirs` may be shorter or longer than our struct; past `size` it is not
 * ours to read. */
static spd_err copy_desc(struct image *image,
                         const struct spd_plugin_desc *theirs,
                         struct spd_error *err)
{
    spd_err rc = agree_on_abi(theirs, image->name, err);
    if (rc != SPD_OK)
        return rc;
    if (!row_fit(&image->desc, sizeof(image->desc), theirs, theirs->size))
        return error_set(err, SPD_EUNSUPPORTED,
                         "%s: its descriptor says more than this server "
                         "understands",
                         image->name);
    if (image->desc.key_count > KEYS_MAX)
        return judge_desc(image, image->name, err);
    image->keys = rows_new(theirs->keys, image->desc.key_count,
                           image->desc.key_size, sizeof(struct spd_key));
    if (image->keys == NULL)
        return error_set(err, SPD_EUNSUPPORTED,
                         "%s: its keys say more than this server understands",
                         image->name);
    image->desc.keys = image->keys;
    return judge_desc(image, image->name, err);
}

/* `dlsym` runs no code of the plugin; it is only `dlopen` that runs
 * constructors. */
static spd_err read_desc(struct image *image, const char *path,
                         struct spd_error *err)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return error_set(err, SPD_EINVAL, "%s", dlerror());
    const struct spd_plugin_desc *theirs =
        dlsym(handle, SYMBOL(SPD_PLUGIN_SYMBOL));
    if (theirs == NULL)
        return error_set(err, SPD_EINVAL, "%s: exports no %s", path,
                         SYMBOL(SPD_PLUGIN_SYMBOL));
    return copy_desc(image, theirs, err);
}

struct image *image_open(const char *path, struct spd_error *err)
{
    struct spd_error unread = { 0 };
    if (err == NULL)
        err = &unread;
    struct image *image = mem_new(sizeof(*image));
    if (name_of_path(path, image->name, err) == SPD_OK &&
        judge_file(path, err) == SPD_OK && judge_folder(path, err) == SPD_OK &&
        read_desc(image, path, err) == SPD_OK)
        return image;
    image_free(image);
    return NULL;
}

void image_free(struct image *image)
{
    if (image == NULL)
        return;
    rows_free(image->keys);
    free(image);
}
