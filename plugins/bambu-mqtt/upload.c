#include "upload.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pin.h"
#include "words.h"

enum { URL_CHARS = 256, PROGRESS_STEP_BYTES = 64 * 1024, SOCKETS_MAX = 8 };

struct upload {
    spd_plugin *self;
    char *path, *address, *user, *password;
    char name[REMOTE_NAME_MAX_BYTES + 1];
    char pin[CURL_PIN_CHARS];
    int port;
    int64_t attempt, size;
    bool clear, try_clear;
    upload_fn *done;
    void *arg;

    atomic_bool abort;
    pthread_mutex_t lock; /* around printer: it goes away on the loop */
    spd_printer *printer; /* NULL: forgotten */

    int fd;
    int64_t told_bytes;
    int sockets[SOCKETS_MAX]; /* curl's, while they are open; else -1 */
};

int64_t upload_deadline_seconds(int64_t bytes)
{
    int64_t seconds = bytes / UPLOAD_FLOOR_BYTES_PER_SECOND;
    return seconds > UPLOAD_LEAST_SECONDS ? seconds : UPLOAD_LEAST_SECONDS;
}

SPD_PRINTF(3, 4)
static spd_err complain(struct spd_error *err, spd_err code, const char *fmt,
                        ...)
{
    va_list args;
    va_start(args, fmt);
    err->code = code;
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return code;
}

/* ------------------------------------------------- curl's callbacks --- */

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct upload *u = arg;
    ssize_t got = read(u->fd, out, size * count);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static size_t on_reply(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count; /* what the server chats is of no interest */
}

static void replace_socket(struct upload *u, int old, int new)
{
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (u->sockets[i] == old) {
            u->sockets[i] = new;
            return;
        }
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)purpose;
    replace_socket(arg, -1, fd);
    return CURL_SOCKOPT_OK;
}

static int on_socket_over(void *arg, curl_socket_t fd)
{
    replace_socket(arg, fd, -1);
    return close(fd);
}

/* curl says goodbye before it hangs up, and waits two minutes for an answer: a
 * printer that stalls would keep the next upload waiting for so long. */
static void cut_lines(struct upload *u)
{
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (u->sockets[i] >= 0)
            (void)shutdown(u->sockets[i], SHUT_RDWR);
}

static void tell_progress(struct upload *u, int64_t sent)
{
    if (sent - u->told_bytes < PROGRESS_STEP_BYTES && sent != u->size)
        return;
    u->told_bytes = sent;
    pthread_mutex_lock(&u->lock);
    if (u->printer != NULL)
        u->self->host->role->upload_progress(u->printer, u->attempt, sent);
    pthread_mutex_unlock(&u->lock);
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down,
                       curl_off_t up_total, curl_off_t up)
{
    struct upload *u = arg;
    (void)down_total, (void)down, (void)up_total;
    if (up > 0)
        tell_progress(u, up);
    return atomic_load(&u->abort) ? 1 : 0;
}

/* --------------------------------------------------------- transfer --- */

static void url_of(const struct upload *u, char *out, size_t size)
{
    bool v6 = strchr(u->address, ':') != NULL;
    (void)snprintf(out, size, v6 ? "ftps://[%s]:%d/%s" : "ftps://%s:%d/%s",
                   u->address, u->port, u->name);
}

static void set_common(CURL *curl, struct upload *u)
{
    char url[URL_CHARS];
    url_of(u, url, sizeof(url));
    curl_easy_reset(curl); /* keeps the connection and the TLS session */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "ftps");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERNAME, u->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, u->password);
    /* The key is checked instead of names and chains; TLS 1.3 breaks uploads
     * with this libcurl, and several models do not speak it. */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, u->pin);
    curl_easy_setopt(
        curl, CURLOPT_SSLVERSION,
        (long)(CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2));
    curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 1L);
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     (long)(u->clear ? CURLUSESSL_CONTROL : CURLUSESSL_ALL));
    curl_easy_setopt(curl, CURLOPT_FTP_SKIP_PASV_IP, 1L);
    curl_easy_setopt(curl, CURLOPT_FTP_FILEMETHOD, (long)CURLFTPMETHOD_NOCWD);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
                     (long)UPLOAD_CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                     (long)UPLOAD_STALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)UPLOAD_STALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT,
                     (long)upload_deadline_seconds(u->size));
    curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, u);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_socket_over);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, u);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_reply);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, u);
}

static CURLcode put_file(CURL *curl, struct upload *u)
{
    char removal[REMOTE_NAME_MAX_BYTES + 16];
    /* The asterisk: it is no failure when there is nothing to remove. */
    (void)snprintf(removal, sizeof(removal), "*DELE %s", u->name);
    struct curl_slist *before = curl_slist_append(NULL, removal);
    if (before == NULL || lseek(u->fd, 0, SEEK_SET) != 0) {
        curl_slist_free_all(before);
        return CURLE_READ_ERROR;
    }
    set_common(curl, u);
    u->told_bytes = 0;
    curl_easy_setopt(curl, CURLOPT_QUOTE, before);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)u->size);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, u);
    CURLcode rc = curl_easy_perform(curl);
    curl_slist_free_all(before);
    return rc;
}

/* Below 0: not to be had. */
static int64_t remote_size(CURL *curl, struct upload *u, bool fresh)
{
    curl_off_t size = -1;
    set_common(curl, u);
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)UPLOAD_STALL_SECONDS);
    if (curl_easy_perform(curl) != CURLE_OK ||
        curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size) !=
            CURLE_OK)
        return -1;
    return size;
}

/* --------------------------------------------------------- judgement -- */

/* What ends the matter whatever lies on the printer. */
static const struct {
    CURLcode curl;
    spd_err code;
    enum sentence say;
} final_words[] = {
    { CURLE_ABORTED_BY_CALLBACK, SPD_ECANCELED, SAY_NOTHING },
    { CURLE_LOGIN_DENIED, SPD_EAUTH, SAY_REFUSED },
    { CURLE_SSL_PINNEDPUBKEYNOTMATCH, SPD_EAUTH, SAY_KEY_CHANGED },
    { CURLE_COULDNT_CONNECT, SPD_EIO, SAY_NO_ANSWER },
    { CURLE_COULDNT_RESOLVE_HOST, SPD_EIO, SAY_NOT_FOUND },
};

static bool is_final(CURLcode rc, struct spd_error *err)
{
    for (size_t i = 0; i < SPD_COUNT(final_words); i++) {
        if (final_words[i].curl != rc)
            continue;
        const char *text = sentence(final_words[i].say);
        (void)complain(err, final_words[i].code, "%s",
                       text[0] != '\0' ? text : "The upload was ended.");
        return true;
    }
    return false;
}

static spd_err judge(CURL *curl, struct upload *u, CURLcode rc,
                     struct spd_error *err)
{
    if (is_final(rc, err))
        return err->code;
    int64_t there = remote_size(curl, u, rc != CURLE_OK);
    if (there == u->size) {
        tell_progress(u, u->size);
        return SPD_OK;
    }
    if (atomic_load(&u->abort))
        return complain(err, SPD_ECANCELED, "The upload was ended.");
    if (there < 0)
        return complain(err, SPD_EIO,
                        "The upload could not be verified (%s). Is there a "
                        "card or stick in the printer, with room on it?",
                        curl_easy_strerror(rc));
    return complain(err, SPD_EIO,
                    "Only %" PRId64 " of %" PRId64 " bytes arrived (%s).",
                    there, u->size, curl_easy_strerror(rc));
}

static spd_err transfer(CURL *curl, struct upload *u, struct spd_error *err)
{
    CURLcode rc = put_file(curl, u);
    double control_ready = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_APPCONNECT_TIME, &control_ready);
    spd_err outcome = judge(curl, u, rc, err);
    if (outcome != SPD_EIO || u->clear || !u->try_clear || control_ready <= 0)
        return outcome;
    /* The printer was reached and its key was right: then it may be one of
     * those that cannot encrypt what goes through the data channel. */
    u->clear = true;
    outcome = judge(curl, u, put_file(curl, u), err);
    if (outcome != SPD_OK)
        u->clear = false;
    return outcome;
}

static spd_err open_file(struct upload *u, struct spd_error *err)
{
    struct stat st;
    u->fd = open(u->path, O_RDONLY | O_CLOEXEC);
    if (u->fd < 0 || fstat(u->fd, &st) != 0 || !S_ISREG(st.st_mode))
        return complain(err, SPD_EINVAL, "The file to print cannot be read.");
    if (u->size < 0)
        u->size = st.st_size;
    if (st.st_size != u->size)
        return complain(err, SPD_EINVAL,
                        "The file to print has %" PRId64 " bytes instead of "
                        "%" PRId64 ".",
                        (int64_t)st.st_size, u->size);
    return SPD_OK;
}

static spd_err run(void *arg, struct spd_error *err) /* [pool] */
{
    struct upload *u = arg;
    CURL *curl = NULL;
    spd_err rc = open_file(u, err);
    if (rc != SPD_OK)
        goto out;
    curl = curl_easy_init();
    rc = curl != NULL ? transfer(curl, u, err)
                      : complain(err, SPD_ENOMEM, "There is no memory left.");
out:
    if (rc != SPD_OK)
        cut_lines(u);
    curl_easy_cleanup(curl);
    if (u->fd >= 0)
        close(u->fd);
    if (rc == SPD_OK)
        err->code = SPD_OK;
    return rc;
}

/* -------------------------------------------------------------- life -- */

static void upload_free(struct upload *u)
{
    if (u->password != NULL)
        explicit_bzero(u->password, strlen(u->password));
    free(u->path);
    free(u->address);
    free(u->user);
    free(u->password);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

static void done(spd_plugin *self, void *arg, const struct spd_error *outcome)
{
    struct upload *u = arg;
    (void)self;
    if (u->printer != NULL)
        u->done(u->arg, outcome, outcome->code == SPD_OK && u->clear);
    upload_free(u);
}

static struct upload *upload_new(const struct upload_peer *peer,
                                 const struct print_order *order)
{
    struct upload *u = calloc(1, sizeof(*u));
    if (u == NULL)
        return NULL;
    pthread_mutex_init(&u->lock, NULL);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        u->sockets[i] = -1;
    u->path = strndup(order->file.ptr, order->file.len);
    u->address = strdup(peer->address);
    u->user = strdup(peer->user);
    u->password = strdup(peer->password);
    if (u->path != NULL && u->address != NULL && u->user != NULL &&
        u->password != NULL)
        return u;
    upload_free(u);
    return NULL;
}

struct upload *upload_start(spd_plugin *self, spd_printer *printer,
                            const struct upload_peer *peer,
                            const struct print_order *order, upload_fn *on_done,
                            void *arg, struct spd_error *err)
{
    struct upload *u = upload_new(peer, order);
    if (u == NULL) {
        (void)complain(err, SPD_ENOMEM, "There is no memory left.");
        return NULL;
    }
    struct spd_work work = { run, done, u };
    u->self = self;
    u->printer = printer;
    u->port = peer->port;
    u->clear = peer->clear;
    u->try_clear = peer->try_clear;
    u->attempt = order->id;
    u->size = order->size;
    u->done = on_done;
    u->arg = arg;
    u->fd = -1;
    pin_for_curl(peer->pin, u->pin);
    (void)snprintf(u->name, sizeof(u->name), "%.*s",
                   (int)order->remote_name.len, order->remote_name.ptr);
    if (spd_submit(self, &work) == SPD_OK)
        return u;
    upload_free(u);
    (void)complain(err, SPD_EBUSY, "Too much is under way; try again later.");
    return NULL;
}

void upload_abort(struct upload *upload)
{
    if (upload != NULL)
        atomic_store(&upload->abort, true);
}

void upload_forget(struct upload *upload)
{
    if (upload == NULL)
        return;
    atomic_store(&upload->abort, true);
    pthread_mutex_lock(&upload->lock);
    upload->printer = NULL;
    pthread_mutex_unlock(&upload->lock);
}
