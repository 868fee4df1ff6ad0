/* curl's multi interface on the loop: it names the sockets to watch and the
 * moment to wake it, and we call it when either is ready.  Requests join and
 * leave it at the end of a turn only, because curl must not be changed from
 * inside its own callbacks. */
#include "loop/fetch.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loop/fetch_internal.h"

static const int64_t TIMEOUT_MS = 20000;
static const long MAX_CONNECTIONS = 128;

TAILQ_HEAD(fetches, fetch);

/* A socket of curl's, while it wants it watched. */
struct socket_watch {
    LIST_ENTRY(socket_watch) link;
    struct fetcher *fetcher;
    struct watch *watch;
    curl_socket_t fd;
};

struct fetcher {
    struct loop *loop;
    CURLM *multi;
    struct timer *timer; /* curl's */
    struct loop_after settling;
    struct fetches fresh;   /* not yet given to curl */
    struct fetches running; /* curl's */
    struct fetches over;    /* done was called; to be taken from curl */
    LIST_HEAD(, socket_watch) sockets;
};

/* -- what curl asks of the loop -- */

static void drive(struct fetcher *fetcher, curl_socket_t fd, int what)
{
    int still_running;
    curl_multi_socket_action(fetcher->multi, fd, what, &still_running);
    loop_after_turn(fetcher->loop, &fetcher->settling);
}

static void on_ready(void *arg, bool readable, bool writable)
{
    const struct socket_watch *socket = arg;
    drive(socket->fetcher, socket->fd,
          (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
    /* the socket may be gone here */
}

static void on_time(void *arg)
{
    drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long wait_ms, void *arg)
{
    (void)multi;
    struct fetcher *fetcher = arg;
    if (wait_ms < 0)
        timer_stop(fetcher->timer);
    else /* A call before its time does nothing, and curl would not ask again:
            the loop's milliseconds may have begun before curl's. */
        timer_set(fetcher->timer, wait_ms == 0 ? 0 : wait_ms + 1, 0);
    return 0;
}

static void forget_socket(struct socket_watch *socket)
{
    if (socket == NULL)
        return;
    watch_free(socket->watch);
    LIST_REMOVE(socket, link);
    free(socket);
}

static struct socket_watch *meet_socket(struct fetcher *fetcher,
                                        curl_socket_t fd)
{
    struct socket_watch *socket = mem_new(sizeof(*socket));
    socket->fetcher = fetcher;
    socket->fd = fd;
    socket->watch =
        watch_new(fetcher->loop, fd, false, false, on_ready, socket);
    LIST_INSERT_HEAD(&fetcher->sockets, socket, link);
    curl_multi_assign(fetcher->multi, fd, socket);
    return socket;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
                          void *socket_arg)
{
    (void)easy;
    struct socket_watch *socket = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(socket);
        return 0;
    }
    if (socket == NULL)
        socket = meet_socket(arg, fd);
    watch_set(socket->watch, (what & CURL_POLL_IN) != 0,
              (what & CURL_POLL_OUT) != 0);
    return 0;
}

/* -- the end of a request -- */

static void fetch_free(struct fetch *fetch)
{
    timer_free(fetch->deadline);
    transfer_free(fetch);
    free(fetch);
}

/* Out of `list`, told to its owner, and left for settle() to take from curl.
 * The owner may start and cancel others meanwhile. */
static void end(struct fetches *list, struct fetch *fetch)
{
    struct fetcher *fetcher = fetch->fetcher;
    TAILQ_REMOVE(list, fetch, link);
    TAILQ_INSERT_TAIL(&fetcher->over, fetch, link);
    fetch->is_over = true;
    timer_stop(fetch->deadline);
    loop_after_turn(fetcher->loop, &fetcher->settling);
    struct fetch_reply reply = { .err = &fetch->err };
    if (fetch->err.code == SPD_OK) {
        long status = 0;
        curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
        reply = (struct fetch_reply){
            .status = (int)status,
            .body = buf_str(&fetch->body),
            .location = transfer_reply_header(fetch),
        };
        transfer_tell_headers(fetch);
    }
    fetch->done(fetch->arg, &reply);
}

static void on_deadline(void *arg)
{
    struct fetch *fetch = arg;
    error_set(&fetch->err, SPD_EIO,
              "%s did not answer in time; is it on, and is the network up?",
              fetch->host);
    end(&fetch->fetcher->running, fetch);
}

static void start_fresh(struct fetcher *fetcher)
{
    struct fetch *fetch;
    while ((fetch = TAILQ_FIRST(&fetcher->fresh)) != NULL) {
        if (fetch->err.code != SPD_OK) {
            end(&fetcher->fresh, fetch);
            continue;
        }
        TAILQ_REMOVE(&fetcher->fresh, fetch, link);
        TAILQ_INSERT_TAIL(&fetcher->running, fetch, link);
        if (fetch->timeout_ms > 0)
            timer_set(fetch->deadline, fetch->timeout_ms, 0);
        curl_multi_add_handle(fetcher->multi, fetch->easy);
    }
}

static void end_finished(struct fetcher *fetcher)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        struct fetch *fetch = NULL;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
        if (fetch->is_over)
            continue;
        if (result == CURLE_OK || fetch->is_clipped)
            fetch->err.code = SPD_OK; /* one of its addresses was good */
        else
            transfer_explain(fetch, result);
        end(&fetcher->running, fetch);
    }
}

static void bury(struct fetcher *fetcher)
{
    struct fetch *fetch;
    while ((fetch = TAILQ_FIRST(&fetcher->over)) != NULL) {
        TAILQ_REMOVE(&fetcher->over, fetch, link);
        if (fetch->easy != NULL)
            curl_multi_remove_handle(fetcher->multi, fetch->easy);
        fetch_free(fetch);
    }
}

static void settle(void *arg)
{
    struct fetcher *fetcher = arg;
    end_finished(fetcher);
    bury(fetcher);
    start_fresh(fetcher);
}

/* -- what the others order -- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct fetcher *fetcher_new(struct loop *loop, struct spd_error *err)
{
    assert(loop_is_here(loop));
    pthread_once(&curl_once, start_curl);
    CURLM *multi = curl_multi_init();
    if (multi == NULL) {
        error_set(err, SPD_ENOMEM, "no memory for outgoing requests");
        return NULL;
    }
    struct fetcher *fetcher = mem_new(sizeof(*fetcher));
    fetcher->loop = loop;
    fetcher->multi = multi;
    fetcher->timer = timer_new(loop, on_time, fetcher);
    fetcher->settling = (struct loop_after){ .fn = settle, .arg = fetcher };
    TAILQ_INIT(&fetcher->fresh);
    TAILQ_INIT(&fetcher->running);
    TAILQ_INIT(&fetcher->over);
    LIST_INIT(&fetcher->sockets);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, fetcher);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, MAX_CONNECTIONS);
    return fetcher;
}

/* The first of this owner, or of anybody when `owner` is NULL. */
static struct fetch *first_of(struct fetches *list, const void *owner)
{
    struct fetch *fetch;
    TAILQ_FOREACH(fetch, list, link)
    if (owner == NULL || fetch->owner == owner)
        return fetch;
    return NULL;
}

static void cancel(struct fetches *list, const void *owner)
{
    struct fetch *fetch;
    while ((fetch = first_of(list, owner)) != NULL) {
        error_set(&fetch->err, SPD_ECANCELED, "the request to %s was cancelled",
                  fetch->host);
        end(list, fetch);
    }
}

void fetch_cancel(struct fetcher *fetcher, const void *owner)
{
    assert(loop_is_here(fetcher->loop) && owner != NULL);
    cancel(&fetcher->running, owner);
    cancel(&fetcher->fresh, owner);
}

void fetcher_free(struct fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    cancel(&fetcher->running, NULL);
    cancel(&fetcher->fresh, NULL);
    bury(fetcher);
    loop_after_cancel(fetcher->loop, &fetcher->settling);
    curl_multi_cleanup(fetcher->multi);
    while (!LIST_EMPTY(&fetcher->sockets))
        forget_socket(LIST_FIRST(&fetcher->sockets));
    timer_free(fetcher->timer);
    free(fetcher);
}

void fetch_start(struct fetcher *fetcher, const struct fetch_request *request)
{
    assert(loop_is_here(fetcher->loop) && request->done != NULL);
    struct fetch *fetch = mem_new(sizeof(*fetch));
    fetch->fetcher = fetcher;
    fetch->deadline = timer_new(fetcher->loop, on_deadline, fetch);
    fetch->on_body = request->on_body;
    fetch->on_header = request->on_header;
    fetch->on_progress = request->on_progress;
    fetch->done = request->done;
    fetch->arg = request->arg;
    fetch->owner = request->owner;
    fetch->timeout_ms =
        request->timeout_ms == 0 ? TIMEOUT_MS : request->timeout_ms;
    transfer_prepare(fetch, request);
    TAILQ_INSERT_TAIL(&fetcher->fresh, fetch, link);
    loop_after_turn(fetcher->loop, &fetcher->settling);
}
