#include "ctl/follow.h"

#include <stdio.h>

#include "ctl/events.h"
#include "ctl/show.h"

enum {
    SILENCE_MS = 60 * 1000, /* the server says something every 15 s */
    FIRST_PAUSE_MS = 1000,
    LONGEST_PAUSE_MS = 30 * 1000,
};

struct following {
    const struct follow *follow;
    struct event_reader reader;
    bool connected; /* once at least */
    bool heard;     /* anything on this connection */
    int64_t pause_ms;
};

static void print_event(void *arg, spd_str name, spd_str data)
{
    struct following *following = arg;
    struct buf line = { 0 };
    if (following->follow->json) {
        buf_put(&line, data);
        buf_put_char(&line, '\n');
    } else {
        event_put(&line, name, data);
    }
    fwrite(line.ptr, 1, line.len, stdout);
    fflush(stdout);
    buf_fini(&line);
}

static bool on_piece(void *arg, spd_str piece)
{
    struct following *following = arg;
    following->heard = true;
    event_reader_feed(&following->reader, piece);
    return !ferror(stdout); /* nobody reads any more */
}

static spd_err connect_once(struct client *client, struct following *following,
                            struct reply *reply, struct spd_error *err)
{
    char last_id[64];
    spd_str id = buf_str(&following->reader.last_id);
    snprintf(last_id, sizeof(last_id), "%.*s", STR_ARG(id));
    event_reader_restart(&following->reader);
    following->heard = false;
    struct client_call call = {
        .method = "GET",
        .path = following->follow->path,
        .last_event_id = id.len > 0 ? last_id : NULL,
        .on_piece = on_piece,
        .silence_ms = SILENCE_MS,
        .arg = following,
    };
    spd_err rc = client_call(client, &call, reply, err);
    bool streamed = rc == SPD_OK ? reply_is_good(reply) : following->heard;
    if (streamed) {
        following->connected = true;
        following->pause_ms = FIRST_PAUSE_MS;
    }
    return rc;
}

/* A refusal is for good; a server that is starting or stopping is not. */
static bool is_refused(const struct reply *reply)
{
    return reply->status >= 300 && reply->status < 500;
}

static int refuse(const struct reply *reply)
{
    struct buf text = { 0 };
    show_refusal(&text, buf_str(&reply->body), reply->status);
    fwrite(text.ptr, 1, text.len, stderr);
    buf_fini(&text);
    return EXIT_REFUSED;
}

/* How it ends, or -1 to connect again. */
static int judge(const struct following *following, spd_err rc,
                 const struct reply *reply, const struct spd_error *err)
{
    bool again = following->follow->again;
    if (rc == SPD_ECANCELED)
        return EXIT_DONE;
    if (rc != SPD_OK) {
        if (again && following->connected)
            return -1;
        fprintf(stderr, "spoolctl: %s\n", err->text);
        return EXIT_NO_ANSWER;
    }
    if (is_refused(reply) || (!reply_is_good(reply) && !again))
        return refuse(reply);
    return again ? -1 : EXIT_DONE;
}

static void pause_before_next(struct client *client,
                              struct following *following)
{
    fprintf(stderr, "The connection was lost; trying again in %d s.\n",
            (int)(following->pause_ms / 1000));
    client_wait(client, following->pause_ms);
    following->pause_ms *= 2;
    if (following->pause_ms > LONGEST_PAUSE_MS)
        following->pause_ms = LONGEST_PAUSE_MS;
}

int follow_run(struct client *client, const struct follow *follow)
{
    struct following following = { .follow = follow,
                                   .pause_ms = FIRST_PAUSE_MS };
    following.reader.on_event = print_event;
    following.reader.arg = &following;
    int status = -1;
    while (status < 0) {
        struct reply reply;
        struct spd_error err = { 0 };
        spd_err rc = connect_once(client, &following, &reply, &err);
        status = judge(&following, rc, &reply, &err);
        reply_fini(&reply);
        if (status < 0)
            pause_before_next(client, &following);
    }
    event_reader_fini(&following.reader);
    return status;
}
