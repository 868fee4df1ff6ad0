#include "lua/process/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/frame.h"
#include "base/mem.h"

enum { READ_BYTES = 64 * 1024 };

struct kept {
    struct kept *next;
    spd_json *message;
};

struct link {
    int fd;
    struct buf in, out;
    size_t taken; /* of in */
    struct kept *first, **last;
};

struct link *link_new(int fd)
{
    struct link *link = mem_new(sizeof(*link));
    link->fd = fd;
    link->last = &link->first;
    return link;
}

static spd_json *take_kept(struct link *link)
{
    struct kept *kept = link->first;
    spd_json *message = kept->message;
    link->first = kept->next;
    if (link->first == NULL)
        link->last = &link->first;
    free(kept);
    return message;
}

void link_free(struct link *link)
{
    while (link->first != NULL)
        json_free(take_kept(link));
    buf_fini(&link->in);
    buf_fini(&link->out);
    free(link);
}

static bool receive(struct link *link)
{
    ssize_t got;
    memmove(link->in.ptr, link->in.ptr + link->taken,
            link->in.len - link->taken);
    link->in.len -= link->taken;
    link->taken = 0;
    char *room = buf_room(&link->in, READ_BYTES);
    do
        got = recv(link->fd, room, READ_BYTES, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    link->in.len += (size_t)got;
    return true;
}

/* From the socket. */
static spd_json *receive_message(struct link *link)
{
    if (link->in.ptr == NULL)
        buf_room(&link->in, READ_BYTES);
    for (;;) {
        spd_str text,
            rest = { link->in.ptr + link->taken, link->in.len - link->taken };
        enum frame_found found = frame_next(&rest, &text);
        if (found == FRAME_BROKEN || (found == FRAME_PART && !receive(link)))
            return NULL;
        if (found == FRAME_PART)
            continue;
        link->taken = link->in.len - rest.len;
        return json_parse(text, NULL);
    }
}

spd_json *link_next(struct link *link)
{
    return link->first != NULL ? take_kept(link) : receive_message(link);
}

spd_json *link_answer(struct link *link)
{
    spd_json *message;
    while ((message = receive_message(link)) != NULL) {
        if (json_member(message, "answer") != NULL)
            return message;
        struct kept *kept = mem_new(sizeof(*kept));
        kept->message = message;
        *link->last = kept;
        link->last = &kept->next;
    }
    return NULL;
}

bool link_send(struct link *link, spd_str text)
{
    size_t sent = 0;
    buf_clear(&link->out);
    frame_put(&link->out, text);
    while (sent < link->out.len) {
        ssize_t put = send(link->fd, link->out.ptr + sent, link->out.len - sent,
                           MSG_NOSIGNAL);
        if (put < 0 && errno != EINTR)
            return false;
        sent += put > 0 ? (size_t)put : 0;
    }
    return true;
}
