#include "host/guest.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/host_internal.h"
#include "host/settings.h"

enum {
    DRAIN_DEADLINE_MS = 10 * 1000,
    SLOW_MS = 20, /* counted */
};

static const char *const state_words[] = {
    [GUEST_NEW] = "failed",        [GUEST_STARTING] = "starting",
    [GUEST_RUNNING] = "running",   [GUEST_LEAVING] = "stopping",
    [GUEST_STOPPING] = "stopping", [GUEST_GONE] = "stopped",
};

const char *guest_state_word(const struct guest *guest)
{
    return guest->error.code != SPD_OK ? "failed" : state_words[guest->state];
}

struct guest *guest_new(struct host *host, const char *name,
                        struct image *image, void *conf)
{
    struct guest *guest = mem_new(sizeof(*guest));
    guest->host = host;
    guest->image = image;
    guest->conf = conf;
    guest->name = mem_text(str_of(name));
    struct buf who = { 0 };
    buf_printf(&who, "plugin/%s", name);
    guest->who = buf_take(&who);
    guest->self.host = &host->table;
    guest->self.conf = conf;
    guest->posts.last = &guest->posts.first;
    guest->posts.closed = true;
    pthread_mutex_init(&guest->posts.lock, NULL);
    return guest;
}

void guest_free(struct guest *guest)
{
    if (guest == NULL)
        return;
    assert(guest->claims == NULL);
    pthread_mutex_destroy(&guest->posts.lock);
    settings_free(guest->conf);
    image_free(guest->image);
    free(guest->name);
    free(guest->who);
    free(guest);
}

/* -- claims -- */

void claim_add(struct claim *claim, struct guest *guest,
               const struct claim_kind *kind)
{
    claim->kind = kind;
    claim->guest = guest;
    claim->newer = NULL;
    claim->older = guest->claims;
    if (claim->older != NULL)
        claim->older->newer = claim;
    guest->claims = claim;
}

void claim_drop(struct claim *claim)
{
    if (claim->older != NULL)
        claim->older->newer = claim->newer;
    if (claim->newer != NULL)
        claim->newer->older = claim->older;
    else
        claim->guest->claims = claim->older;
    claim->older = claim->newer = NULL;
}

/* A hook may drop its own claim, so the next one is read first. */
static void unhook_all(struct guest *guest)
{
    struct claim *older;
    for (struct claim *c = guest->claims; c != NULL; c = older) {
        older = c->older;
        c->kind->unhook(c);
    }
}

static void release_all(struct guest *guest)
{
    while (guest->claims != NULL) {
        struct claim *claim = guest->claims;
        claim_drop(claim);
        claim->kind->release(claim);
    }
}

/* -- posts -- */

struct guest_post {
    struct guest_post *next;
    struct guest *guest;
    spd_later *fn; /* NULL: has been run; the guest may be gone */
    void *arg;
};

static struct guest_post *take_post(struct guest *guest)
{
    pthread_mutex_lock(&guest->posts.lock);
    struct guest_post *post = guest->posts.first;
    if (post != NULL) {
        guest->posts.first = post->next;
        if (post->next == NULL)
            guest->posts.last = &guest->posts.first;
    }
    pthread_mutex_unlock(&guest->posts.lock);
    return post;
}

static void run_post(struct guest *guest, struct guest_post *post)
{
    struct stay stay = guest_enter(guest);
    post->fn(&guest->self, post->arg);
    guest_leave(guest, stay);
    post->fn = NULL;
}

/* The loop rings once for each post and owns it. */
static void on_post(void *arg)
{
    struct guest_post *post = arg;
    if (post->fn != NULL) {
        struct guest_post *first = take_post(post->guest);
        assert(first == post);
        run_post(first->guest, first);
    }
    free(post);
}

bool guest_post(struct guest *guest, spd_later *fn, void *arg)
{
    struct guest_post *post = mem_new(sizeof(*post));
    *post = (struct guest_post){ .guest = guest, .fn = fn, .arg = arg };
    pthread_mutex_lock(&guest->posts.lock);
    bool is_open = !guest->posts.closed;
    if (is_open) {
        *guest->posts.last = post;
        guest->posts.last = &post->next;
        /* Under the lock: two posters ring in the order they queued. */
        loop_post(guest->host->options.loop, on_post, post);
    }
    pthread_mutex_unlock(&guest->posts.lock);
    if (!is_open)
        free(post);
    return is_open;
}

static void set_posts_closed(struct guest *guest, bool closed)
{
    pthread_mutex_lock(&guest->posts.lock);
    guest->posts.closed = closed;
    pthread_mutex_unlock(&guest->posts.lock);
}

/* What was accepted is run, for only its function can release its argument;
 * the post itself is freed when the loop rings for it. */
static void run_posts_left(struct guest *guest)
{
    struct guest_post *post;
    while ((post = take_post(guest)) != NULL)
        run_post(guest, post);
}

/* -- start and stop -- */

/* False when some of its work runs on for longer than we wait. */
static bool leave(struct guest *guest)
{
    const struct host_options *options = &guest->host->options;
    guest->state = GUEST_LEAVING;
    guest->is_stopping = true;
    unhook_all(guest);
    fetch_cancel(options->fetcher, guest);
    bool is_over = pool_drain(options->pool, guest, DRAIN_DEADLINE_MS);
    if (!is_over)
        log_error(guest->name,
                  "still has %zu pieces of work running %d s after it was told "
                  "to stop",
                  guest->works, DRAIN_DEADLINE_MS / 1000);
    set_posts_closed(guest, true);
    run_posts_left(guest);
    return is_over;
}

spd_err guest_start(struct guest *guest, struct spd_error *err)
{
    assert(guest->state == GUEST_NEW && guest->image != NULL);
    struct spd_error why = { 0 };
    guest->state = GUEST_STARTING;
    set_posts_closed(guest, false);
    struct stay stay = guest_enter(guest);
    spd_err rc = guest->image->desc.start(&guest->self, &why);
    guest_leave(guest, stay);
    if (rc == SPD_OK) {
        guest->state = GUEST_RUNNING;
        return SPD_OK;
    }
    leave(guest);
    release_all(guest);
    guest->state = GUEST_GONE;
    return error_set(err, rc, "%s did not start: %.200s", guest->name,
                     why.text[0] == '\0' ? "it does not say why" : why.text);
}

void guest_stop(struct guest *guest)
{
    if (guest->state != GUEST_RUNNING)
        return;
    /* stop() frees what work that still runs would use: better none. */
    if (leave(guest)) {
        guest->state = GUEST_STOPPING;
        struct stay stay = guest_enter(guest);
        guest->image->desc.stop(&guest->self);
        guest_leave(guest, stay);
    }
    release_all(guest);
    guest->state = GUEST_GONE;
}

spd_err guest_reconfigure(struct guest *guest, void *conf,
                          struct spd_error *err)
{
    assert(guest->state == GUEST_RUNNING);
    struct spd_error why = { 0 };
    void *old = guest->conf;
    guest->self.conf = guest->conf = conf;
    struct stay stay = guest_enter(guest);
    spd_err rc = guest->image->desc.reconfigure(&guest->self, &why);
    guest_leave(guest, stay);
    if (rc != SPD_OK) {
        guest->self.conf = guest->conf = old;
        settings_free(conf);
        return error_set(err, rc, "%s does not take its new settings: %.180s",
                         guest->name, why.text);
    }
    settings_free(old);
    return SPD_OK;
}

/* -- the border -- */

struct guest *guest_of(spd_plugin *self)
{
    assert(self != NULL);
    return (struct guest *)(void *)self;
}

static struct guest *admit(spd_plugin *self, const char *what,
                           enum guest_state last)
{
    struct guest *guest = guest_of(self);
    if (!loop_is_here(guest->host->options.loop)) {
        log_error(guest->name,
                  "bug in the plugin: called %s from another "
                  "thread than the loop's",
                  what);
        return NULL;
    }
    if (guest->state < GUEST_STARTING || guest->state > last) {
        log_error(guest->name, "bug in the plugin: called %s while %s", what,
                  state_words[guest->state]);
        return NULL;
    }
    return guest;
}

struct guest *guest_registers(spd_plugin *self, const char *what)
{
    return admit(self, what, GUEST_RUNNING);
}

struct guest *guest_acts(spd_plugin *self, const char *what)
{
    return admit(self, what, GUEST_STOPPING);
}

struct stay guest_enter(struct guest *guest)
{
    struct loop *loop = guest->host->options.loop;
    return (struct stay){ .before = loop_enter(loop, guest->name),
                          .began_ms = loop_now_ms(loop) };
}

void guest_leave(struct guest *guest, struct stay stay)
{
    struct loop *loop = guest->host->options.loop;
    int64_t took_ms = loop_now_ms(loop) - stay.began_ms;
    if (took_ms > guest->longest_ms)
        guest->longest_ms = took_ms;
    if (took_ms > SLOW_MS)
        guest->slow_calls++;
    loop_leave(loop, stay.before);
}
