/* Rules that are files: NAME.lua in one folder, read at start and whenever one
 * of them changes.  A line "-- role: manager" among the first says what it may
 * do. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "script/script_internal.h"

enum { CALM_MS = 50, HEAD_LINES = 10, FILES_MAX = 200 };

struct folder {
    struct script *script;
    char *path;
    int fd; /* of inotify; -1: changes are not seen */
    struct watch *watch;
    struct timer *calm; /* several changes at once are one */
};

static bool name_of_file(const char *file, spd_str *name)
{
    *name = str_of(file);
    if (!str_ends(*name, STR(".lua")))
        return false;
    name->len -= 4;
    return rule_is_name(*name);
}

static int role_of(spd_str source)
{
    static const char *const names[] = { "viewer", "operator", "manager" };
    for (int line = 0; line < HEAD_LINES && source.len > 0; line++) {
        spd_str text = str_trim(str_cut(&source, '\n'));
        if (!str_starts(text, STR("-- role:")))
            continue;
        text = str_trim((spd_str){ text.ptr + 8, text.len - 8 });
        for (int role = 0; role < (int)SPD_COUNT(names); role++)
            if (str_is(text, names[role]))
                return role;
    }
    return RULE_OPERATOR;
}

static void take_text(struct script *script, struct rule *rule, spd_str source)
{
    rule_set_source(rule, source);
    rule->role = role_of(source);
    rule->updated_at = loop_wall_ms(script->options.loop);
}

static void new_rule(struct script *script, spd_str name, spd_str source)
{
    struct rule *rule = rule_new(name);
    rule->is_file = true;
    take_text(script, rule, source);
    script_adopt(script, rule);
}

/* A new text is a new chance. */
static void changed_rule(struct script *script, struct rule *rule,
                         spd_str source)
{
    if (str_is(source, rule->source))
        return;
    take_text(script, rule, source);
    rule->offences = 0;
    rule->deaths = 0;
    rule_set_text(&rule->switched_off, (spd_str){ NULL, 0 });
    rule->version++;
    script_save_soon(script);
    script_reload(script, rule);
    log_info("rules", "%s has changed and is read anew", rule->name);
}

static void read_rule(struct folder *folder, const char *file, spd_str name)
{
    struct buf path = { 0 }, source = { 0 };
    struct spd_error err;
    struct rule *rule = script_find(folder->script, name);
    buf_printf(&path, "%s/%s", folder->path, file);
    buf_put_char(&path, '\0');
    if (rule != NULL && !rule->is_file)
        log_warn("rules",
                 "%s is left out: a rule of that name is kept in the "
                 "store",
                 path.ptr);
    else if (file_read(path.ptr, RULE_SOURCE_MAX, &source, &err) != SPD_OK)
        log_warn("rules", "%s", err.text);
    else if (!str_is_utf8(buf_str(&source)) ||
             memchr(source.ptr == NULL ? "" : source.ptr, 0, source.len) !=
                 NULL)
        log_warn("rules", "%s is no text in UTF-8", path.ptr);
    else if (rule == NULL)
        new_rule(folder->script, name, buf_str(&source));
    else
        changed_rule(folder->script, rule, buf_str(&source));
    buf_fini(&path);
    buf_fini(&source);
}

static bool is_there(const struct folder *folder, const struct rule *rule)
{
    struct buf path = { 0 };
    buf_printf(&path, "%s/%s.lua", folder->path, rule->name);
    buf_put_char(&path, '\0');
    bool found = access(path.ptr, F_OK) == 0;
    buf_fini(&path);
    return found;
}

static void drop_gone(struct folder *folder)
{
    struct rule *next;
    for (struct rule *r = folder->script->rules; r != NULL; r = next) {
        next = r->next;
        if (r->is_file && !is_there(folder, r))
            script_remove(folder->script, r);
    }
}

static void read_all(struct folder *folder)
{
    DIR *files = opendir(folder->path);
    const struct dirent *file;
    spd_str name;
    int count = 0;
    if (files == NULL) {
        log_warn("rules", "%s cannot be read: %s", folder->path,
                 strerror(errno));
        return;
    }
    drop_gone(folder);
    while ((file = readdir(files)) != NULL && count < FILES_MAX)
        if (name_of_file(file->d_name, &name)) {
            read_rule(folder, file->d_name, name);
            count++;
        }
    closedir(files);
}

static void on_calm(void *arg)
{
    read_all(arg);
}

static void on_change(void *arg, bool readable, bool writable)
{
    struct folder *folder = arg;
    char events[4096];
    (void)readable;
    (void)writable;
    while (read(folder->fd, events, sizeof(events)) > 0)
        continue;
    timer_set(folder->calm, CALM_MS, 0);
}

struct folder *folder_new(struct script *script, const char *path)
{
    struct folder *folder = mem_new(sizeof(*folder));
    folder->script = script;
    folder->path = mem_text(str_of(path));
    folder->calm = timer_new(script->options.loop, on_calm, folder);
    folder->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (folder->fd < 0 || inotify_add_watch(folder->fd, path,
                                            IN_CLOSE_WRITE | IN_MOVED_TO |
                                                IN_MOVED_FROM | IN_DELETE) < 0)
        log_warn("rules", "changes in %s are not seen: %s", path,
                 strerror(errno));
    if (folder->fd >= 0)
        folder->watch = watch_new(script->options.loop, folder->fd, true, false,
                                  on_change, folder);
    read_all(folder);
    return folder;
}

void folder_free(struct folder *folder)
{
    if (folder == NULL)
        return;
    watch_free(folder->watch);
    timer_free(folder->calm);
    if (folder->fd >= 0)
        close(folder->fd);
    free(folder->path);
    free(folder);
}
