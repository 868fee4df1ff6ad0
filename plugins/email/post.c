#include "post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

enum {
    AT_ONCE_MAX = 3, /* the pool is for others, too */
    WAIT_MAX_MS = 35 * 1000,
    SWEEP_MS = 5 * 1000,
    IDLE_MS = 10 * 1000, /* then a line is hung up */
};

struct line {
    struct line *next;
    int64_t channel_id;
    struct smtp *smtp; /* NULL: none */
    bool is_busy;
    int64_t used_ms;
    /* Of a mail that some have and others were put off for: its id, and who
     * has it, so that they are not sent it again. */
    char *partial_id;
    struct text taken; /* "ann@example.org\n" each */
};

/* A mail on the pool. */
struct trip {
    struct post *post;
    struct line *line;
    struct mail *mail;
    struct addresses asked;
    struct smtp_answer answers[ADDRESSES_MAX];
};

struct post {
    spd_plugin *self;
    struct line *lines;
    struct mail *waiting, **last;
    size_t under_way;
    spd_timer *sweep;
};

void mail_free(struct mail *mail)
{
    settings_free(&mail->settings);
    free(mail->id);
    free(mail->thread);
    free(mail->subject);
    text_free(&mail->plain);
    text_free(&mail->html);
    text_free(&mail->picture);
    free(mail);
}

static void finish(const struct post *post, struct mail *mail, spd_str note,
                   spd_err code, const char *why)
{
    struct spd_error err = { .code = code };
    (void)snprintf(err.text, sizeof(err.text), "%s", why);
    post->self->host->role->finish(mail->ticket, note,
                                   code == SPD_OK ? NULL : &err);
    mail_free(mail);
}

/* -------------------------------------------------------------- lines - */

static struct line *line_of(struct post *post, int64_t channel_id)
{
    struct line *line = post->lines;
    while (line != NULL && line->channel_id != channel_id)
        line = line->next;
    if (line != NULL)
        return line;
    line = calloc(1, sizeof(*line));
    if (line == NULL)
        abort();
    line->channel_id = channel_id;
    line->next = post->lines;
    post->lines = line;
    return line;
}

static void hang_up(struct line *line)
{
    smtp_free(line->smtp);
    line->smtp = NULL;
}

static void forget_partial(struct line *line)
{
    free(line->partial_id);
    line->partial_id = NULL;
    text_free(&line->taken);
}

static void line_free(struct line *line)
{
    hang_up(line);
    forget_partial(line);
    free(line);
}

static bool has_it(const struct line *line, spd_str mail)
{
    const char *at = line->taken.ptr;
    while (at != NULL && *at != '\0') {
        size_t len = strcspn(at, "\n");
        if (len == mail.len && memcmp(at, mail.ptr, len) == 0)
            return true;
        at += len + 1;
    }
    return false;
}

static void sweep_later(const struct post *post)
{
    const struct spd_loop_api *loop = post->self->host->loop;
    if (!loop->is_stopping(post->self)) /* then all is swept anyway */
        loop->timer_set(post->sweep, SWEEP_MS, 0);
}

/* Lines that were not used for a while are hung up, and forgotten unless there
 * is something to remember. */
static void on_sweep(spd_plugin *self, void *arg)
{
    struct post *post = arg;
    int64_t now_ms = self->host->loop->now_ms();
    struct line **at = &post->lines;
    while (*at != NULL) {
        struct line *line = *at;
        if (!line->is_busy && now_ms - line->used_ms >= IDLE_MS)
            hang_up(line);
        if (line->smtp != NULL)
            sweep_later(post);
        if (line->is_busy || line->smtp != NULL || line->partial_id != NULL) {
            at = &line->next;
            continue;
        }
        *at = line->next;
        line_free(line);
    }
}

/* ---------------------------------------------------------- on the pool */

static void write_mail(const struct mail *mail, struct text *out)
{
    const struct message message = {
        .date_ms = mail->date_ms,
        .from = &mail->settings.from.at[0],
        .to = &mail->settings.to,
        .id = text_of(mail->id),
        .thread = text_of(mail->thread),
        .subject = text_of(mail->subject),
        .text = text_str(&mail->plain),
        .html = text_str(&mail->html),
        .picture = text_str(&mail->picture),
    };
    message_write(&message, out);
}

static spd_err run(void *arg, struct spd_error *err)
{
    struct trip *trip = arg;
    const struct settings *settings = &trip->mail->settings;
    struct text text = { 0 };
    write_mail(trip->mail, &text);
    spd_err rc = smtp_send(trip->line->smtp, &settings->server,
                           settings->from.at[0].mail, &trip->asked,
                           text_str(&text), trip->answers, err);
    text_free(&text);
    return rc;
}

/* ------------------------------------------------------ what became of it */

/* The first recipient whose answer begins with this digit; NULL: none. */
static const struct smtp_answer *answer_of(const struct trip *trip, int digit,
                                           spd_str *who)
{
    for (size_t i = 0; i < trip->asked.count; i++)
        if (trip->answers[i].code / 100 == digit) {
            *who = trip->asked.at[i].mail;
            return &trip->answers[i];
        }
    return NULL;
}

/* "not for bob@example.org: 550 no such user" */
static void name_answer(const struct smtp_answer *answer, spd_str who,
                        char out[250])
{
    (void)snprintf(out, 250, "not for %.*s: %d %s",
                   (int)(who.len < 100 ? who.len : 100), who.ptr, answer->code,
                   answer->text);
}

static void note_taken(const struct trip *trip)
{
    struct line *line = trip->line;
    if (line->partial_id == NULL)
        line->partial_id = text_copy(text_of(trip->mail->id));
    for (size_t i = 0; i < trip->asked.count; i++)
        if (trip->answers[i].code / 100 == 2) {
            text_put(&line->taken, trip->asked.at[i].mail);
            text_puts(&line->taken, "\n");
        }
}

/* The server took it: for all who were asked, or for some. */
static void judge_taken(const struct trip *trip, struct spd_error *outcome,
                        char note[250])
{
    spd_str who;
    const struct smtp_answer *put_off = answer_of(trip, 4, &who);
    const struct smtp_answer *refused =
        put_off == NULL ? answer_of(trip, 5, &who) : NULL;
    if (put_off != NULL) { /* tried again; those who have it are left out */
        note_taken(trip);
        outcome->code = SPD_EIO;
        name_answer(put_off, who, outcome->text);
    } else if (refused != NULL) {
        name_answer(refused, who, note);
    }
}

/* It was refused, and for nobody would it have been taken. */
static void judge_refused(const struct trip *trip, struct spd_error *outcome,
                          char note[250])
{
    spd_str who;
    const struct smtp_answer *put_off = answer_of(trip, 4, &who);
    const struct smtp_answer *refused = answer_of(trip, 5, &who);
    if (put_off != NULL) {
        outcome->code = SPD_EIO;
    } else if (refused != NULL && trip->line->taken.len > 0) {
        name_answer(refused, who, note); /* the others have it since before */
        outcome->code = SPD_OK;
    }
}

static void judge_parts(const struct trip *trip, struct spd_error *outcome,
                        char note[250])
{
    spd_str who;
    if (outcome->code == SPD_OK)
        judge_taken(trip, outcome, note);
    else if (outcome->code == SPD_EINVAL && answer_of(trip, 2, &who) == NULL)
        judge_refused(trip, outcome, note);
}

static void post_go(struct post *post);

static void done(spd_plugin *self, void *arg, const struct spd_error *outcome)
{
    struct trip *trip = arg;
    struct post *post = trip->post;
    struct spd_error end = *outcome;
    char note[250] = "";
    judge_parts(trip, &end, note);
    if (end.code != SPD_EIO && end.code != SPD_ECANCELED)
        forget_partial(trip->line);
    trip->line->is_busy = false;
    trip->line->used_ms = self->host->loop->now_ms();
    post->under_way--;
    sweep_later(post);
    finish(post, trip->mail, text_of(note), end.code, end.text);
    free(trip);
    post_go(post);
}

/* ------------------------------------------------------------ the queue - */

static void choose_recipients(struct trip *trip)
{
    struct line *line = trip->line;
    const struct mail *mail = trip->mail;
    if (line->partial_id != NULL && strcmp(line->partial_id, mail->id) != 0)
        forget_partial(line);
    for (size_t i = 0; i < mail->settings.to.count; i++)
        if (!has_it(line, mail->settings.to.at[i].mail))
            trip->asked.at[trip->asked.count++] = mail->settings.to.at[i];
}

static void set_out(struct post *post, struct line *line, struct mail *mail)
{
    struct trip *trip = calloc(1, sizeof(*trip));
    if (trip == NULL)
        abort();
    *trip = (struct trip){ .post = post, .line = line, .mail = mail };
    choose_recipients(trip);
    if (line->smtp == NULL)
        line->smtp = smtp_new(post->self);
    const struct spd_work work = { .run = run, .done = done, .arg = trip };
    bool is_nobody_left = trip->asked.count == 0;
    spd_err rc = is_nobody_left       ? SPD_OK
                 : line->smtp == NULL ? SPD_ENOMEM
                                      : spd_submit(post->self, &work);
    if (rc == SPD_OK && !is_nobody_left) {
        line->is_busy = true;
        post->under_way++;
        return;
    }
    free(trip);
    finish(post, mail, text_of(""), rc, "no mail can be sent now");
}

/* All that may go now, in the order they came. */
static void post_go(struct post *post)
{
    int64_t now_ms = post->self->host->loop->now_ms();
    while (post->waiting != NULL && post->under_way < AT_ONCE_MAX) {
        struct mail *mail = post->waiting;
        struct line *line = line_of(post, mail->channel_id);
        post->waiting = mail->next;
        if (post->waiting == NULL)
            post->last = &post->waiting;
        if (line->is_busy || now_ms - mail->asked_ms > WAIT_MAX_MS)
            finish(post, mail, text_of(""), SPD_EBUSY,
                   "other mail was still on its way");
        else
            set_out(post, line, mail);
    }
}

void post_send(struct post *post, struct mail *mail)
{
    mail->asked_ms = post->self->host->loop->now_ms();
    *post->last = mail;
    post->last = &mail->next;
    post_go(post);
}

/* ----------------------------------------------------------------- life - */

struct post *post_new(spd_plugin *self)
{
    struct post *post = calloc(1, sizeof(*post));
    if (post == NULL)
        return NULL;
    post->self = self;
    post->last = &post->waiting;
    post->sweep = self->host->loop->timer_new(self, on_sweep, post);
    return post;
}

void post_free(struct post *post)
{
    while (post->waiting != NULL) {
        struct mail *mail = post->waiting;
        post->waiting = mail->next;
        finish(post, mail, text_of(""), SPD_ECANCELED,
               "the server is stopping");
    }
    while (post->lines != NULL) {
        struct line *line = post->lines;
        post->lines = line->next;
        line_free(line);
    }
    free(post);
}
