#include "ctl/saved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

static const char *const default_server = "http://127.0.0.1:8080";
enum { SAVED_MAX_BYTES = 64 * 1024 };

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *saved_path(struct arena *arena)
{
    const char *config = environment("XDG_CONFIG_HOME");
    const char *home = environment("HOME");
    if (config != NULL && config[0] == '/')
        return arena_printf(arena, "%s/spoold/spoolctl.json", config).ptr;
    return arena_printf(arena, "%s/.config/spoold/spoolctl.json",
                        home == NULL ? "" : home)
        .ptr;
}

/* "localhost:8080/" -> "http://localhost:8080" */
static const char *tidy_server(const char *server, struct arena *arena)
{
    spd_str text = str_trim(str_of(server));
    while (str_ends(text, STR("/")))
        text.len--;
    bool has_scheme = memmem(text.ptr, text.len, "://", 3) != NULL;
    return arena_printf(arena, "%s%.*s", has_scheme ? "" : "http://",
                        STR_ARG(text))
        .ptr;
}

static const char *member_text(const spd_json *doc, const char *name,
                               struct arena *arena)
{
    spd_str text = json_as_str(json_member(doc, name), STR(""));
    return text.len == 0 ? NULL : arena_str(arena, text).ptr;
}

static spd_err load(struct target *saved, struct arena *arena,
                    struct spd_error *err)
{
    const char *path = saved_path(arena);
    struct buf text = { 0 };
    spd_json *doc = NULL;
    struct spd_error why = { 0 };
    spd_err rc = file_read(path, SAVED_MAX_BYTES, &text, &why);
    if (rc == SPD_OK && (doc = json_parse(buf_str(&text), &why)) == NULL)
        rc = SPD_EINVAL;
    if (doc != NULL) {
        saved->server = member_text(doc, "server", arena);
        saved->token = member_text(doc, "token", arena);
        saved->ca_file = member_text(doc, "ca_file", arena);
    }
    json_free(doc);
    buf_fini(&text);
    if (rc == SPD_OK || rc == SPD_ENOTFOUND)
        return SPD_OK;
    return error_set(err, SPD_EINVAL,
                     "what was saved in %s cannot be read (%.80s); "
                     "\"spoolctl forget\" throws it away",
                     path, why.text);
}

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a != NULL ? a : b != NULL ? b : c;
}

spd_err target_choose(struct target *target, const struct options *options,
                      struct arena *arena, struct spd_error *err)
{
    struct target saved = { 0 };
    spd_err rc = load(&saved, arena, err);
    if (rc != SPD_OK)
        return rc;
    const char *server =
        first_of(options->server, environment("SPOOLD_SERVER"), saved.server);
    target->server =
        tidy_server(server == NULL ? default_server : server, arena);
    bool is_saved_one =
        saved.server != NULL && strcmp(saved.server, target->server) == 0;
    target->token = first_of(options->token, environment("SPOOLD_TOKEN"),
                             is_saved_one ? saved.token : NULL);
    target->ca_file = first_of(options->ca_file, environment("SPOOLD_CA_FILE"),
                               is_saved_one ? saved.ca_file : NULL);
    return SPD_OK;
}

/* All folders above the file; a failure shows when the file is written. */
static void make_folders(const char *path)
{
    char *copy = mem_text(str_of(path));
    for (char *slash = strchr(copy + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0700);
        *slash = '/';
    }
    free(copy);
}

static void put_member(spd_jsonw *w, const char *name, const char *text)
{
    if (text != NULL)
        jsonw_put_str(w, name, str_of(text));
}

spd_err target_save(const struct target *target, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    put_member(&w, "server", target->server);
    put_member(&w, "token", target->token);
    put_member(&w, "ca_file", target->ca_file);
    jsonw_end(&w);
    buf_put_char(&text, '\n');
    const char *path = saved_path(&arena);
    make_folders(path);
    spd_err rc = file_write(path, buf_str(&text), 0600, err);
    buf_fini(&text);
    arena_fini(&arena);
    return rc;
}

bool target_forget(void)
{
    struct arena arena = { 0 };
    bool forgotten = unlink(saved_path(&arena)) == 0;
    arena_fini(&arena);
    return forgotten;
}
