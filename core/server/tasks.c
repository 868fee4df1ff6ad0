/* The small tasks of the command line: check, back up, look at plugins. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "server/plugins.h"
#include "server/server.h"
#include "shop/shop.h"
#include "store/store.h"

static int complain(const struct spd_error *err)
{
    fprintf(stderr, "spoold: %s\n", err->text);
    return EXIT_FAILURE;
}

int task_check_config(const struct settings *settings)
{
    struct spd_error err = { 0 };
    if (plugins_check(settings, &err) != SPD_OK)
        return complain(&err);
    puts("the configuration is fine");
    return EXIT_SUCCESS;
}

int task_list_plugins(const struct settings *settings)
{
    struct buf text = { 0 };
    host_list(settings->plugin_folder.ptr, &text);
    printf("%.*s\n", STR_ARG(str_trim(buf_str(&text))));
    buf_fini(&text);
    return EXIT_SUCCESS;
}

/* -- with the store of a running or resting spoold -- */

static struct store *open_beside(const struct settings *settings,
                                 struct spd_error *err)
{
    struct store_options options = {
        .folder = settings->data.ptr,
        .kinds = shop_kinds,
        .kind_count = shop_kind_count,
        .read_only = true,
    };
    return store_open(NULL, &options, err);
}

static void print_breach(void *arg, const char *sentence)
{
    (void)arg;
    printf("%s\n", sentence);
}

int task_check(const struct settings *settings)
{
    struct spd_error err = { 0 };
    struct store *store = open_beside(settings, &err);
    if (store == NULL)
        return complain(&err);
    size_t breaches = store_check(store, print_breach, NULL) +
                      shop_check(store, print_breach, NULL);
    store_close(store);
    if (breaches == 0)
        puts("nothing is damaged");
    else
        printf("%zu found; restore a backup, or ask for help with these "
               "lines\n",
               breaches);
    return breaches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int task_backup(const struct settings *settings, const char *file)
{
    struct spd_error err = { 0 };
    struct store *store = open_beside(settings, &err);
    if (store == NULL)
        return complain(&err);
    spd_err rc = store_backup(store, file, &err);
    store_close(store);
    if (rc != SPD_OK)
        return complain(&err);
    printf("all is in %s; keep the key file %s at another place\n", file,
           settings->key_file.ptr);
    return EXIT_SUCCESS;
}

int task_restore(const struct settings *settings, const char *file)
{
    struct spd_error err = { 0 };
    if (store_restore(file, settings->data.ptr, &err) != SPD_OK)
        return complain(&err);
    printf("%s holds what was in %s\n", settings->data.ptr, file);
    return EXIT_SUCCESS;
}
