#include "store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

char *path_of(const char *fmt, ...)
{
    char *path = NULL;
    va_list args;
    va_start(args, fmt);
    int len = vasprintf(&path, fmt, args);
    va_end(args);
    if (len < 0)
        abort(); /* as mem.h does */
    return path;
}

spd_err folder_sync_around(const char *path, struct spd_error *err)
{
    char *copy = mem_text(str_of(path));
    spd_err rc = file_sync_folder(dirname(copy), err);
    free(copy);
    return rc;
}

spd_err folder_make(const char *path, struct spd_error *err)
{
    if (mkdir(path, 0700) == 0)
        return folder_sync_around(path, err);
    if (errno == EEXIST)
        return SPD_OK;
    return error_set(err, SPD_EIO, "cannot make the folder %s: %s", path,
                     strerror(errno));
}

void folder_each(const char *path, folder_fn *fn, void *arg)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return;
    for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
        if (d->d_name[0] != '.')
            fn(arg, dirfd(dir), d->d_name);
    closedir(dir);
}

static void remove_in(void *arg, int folder, const char *name)
{
    (void)arg;
    unlinkat(folder, name, 0);
}

void folder_empty(const char *path)
{
    folder_each(path, remove_in, NULL);
}

static int remove_one(const char *path, const struct stat *stat, int flag,
                      struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
