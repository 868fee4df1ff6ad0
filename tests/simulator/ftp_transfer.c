#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ftps_internal.h"
#include "memory.h"
#include "text.h"

enum {
    CONNECT_WITHIN_S = 60,
    SILENT_S = 120,
    CHUNK_BYTES = 64 * 1024,
    NEVER_CUT = -1,
};

/* One data connection, from the command to its final reply. */
struct ftp_transfer {
    struct ftp_session *session;
    enum ftp_direction direction;
    char path[STORAGE_PATH_MAX];
    struct bufferevent *data;
    struct event *patience; /* until the client connects */
    struct upload *upload;  /* FTP_STORE */
    int source;             /* FTP_RETRIEVE: descriptor; else -1 */
    long cut_at, stall_at;  /* bytes, or NEVER_CUT */
    bool cut_at_end;        /* all of it is stored, and yet 426 */
    bool said_all;          /* nothing is left to be written */
};

static struct machine *machine_of(const struct ftp_transfer *transfer)
{
    return transfer->session->server->setup.machine;
}

static void note_upload(struct ftp_transfer *transfer, bool complete)
{
    struct machine *machine = machine_of(transfer);
    const struct stored_file *file = storage_close(transfer->upload, complete);
    transfer->upload = NULL;
    struct upload_record record = {
        .at_ms = printer_now_ms(machine->printer),
        .name = file->path,
        .bytes = file->bytes,
        .complete = file->complete,
    };
    memcpy(record.sha256, file->sha256, sizeof record.sha256);
    history_add_upload(machine->history, &record);
}

static void close_data(struct ftp_transfer *transfer)
{
    if (transfer->data == NULL)
        return;
    SSL *ssl = bufferevent_openssl_get_ssl(transfer->data);
    if (ssl != NULL && SSL_is_init_finished(ssl))
        SSL_shutdown(ssl); /* a goodbye; the answer is not waited for */
    bufferevent_free(transfer->data);
    transfer->data = NULL;
}

void ftp_transfer_abort(struct ftp_transfer *transfer)
{
    if (transfer == NULL)
        return;
    if (transfer->upload != NULL)
        note_upload(transfer, false);
    close_data(transfer);
    if (transfer->source >= 0)
        close(transfer->source);
    event_free(transfer->patience);
    free(transfer);
}

static void finish(struct ftp_transfer *transfer, const char *reply)
{
    struct ftp_session *session = transfer->session;
    close_data(transfer);
    ftp_reply(session, "%s", reply);
    ftp_transfer_abort(transfer);
    ftp_session_resume(session);
}

static void end_upload(struct ftp_transfer *transfer)
{
    note_upload(transfer, true);
    finish(transfer, transfer->cut_at_end
                         ? "426 Failure reading network stream."
                         : "226 Transfer complete.");
}

/* How much of the next `len` bytes this upload still takes. */
static size_t room_before(const struct ftp_transfer *transfer, long limit,
                          size_t len)
{
    if (limit == NEVER_CUT)
        return len;
    uint64_t have = upload_bytes(transfer->upload);
    uint64_t room = (uint64_t)limit > have ? (uint64_t)limit - have : 0;
    return room < len ? (size_t)room : len;
}

/* False: the upload is over. */
static bool store_some(struct ftp_transfer *transfer, struct evbuffer *input)
{
    size_t len = evbuffer_get_contiguous_space(input);
    const void *bytes = evbuffer_pullup(input, (ev_ssize_t)len);
    size_t take = room_before(transfer, transfer->cut_at, len);
    take = room_before(transfer, transfer->stall_at, take);
    if (!upload_write(transfer->upload, bytes, take)) {
        note_upload(transfer, false);
        finish(transfer, "452 Error writing file.");
        return false;
    }
    evbuffer_drain(input, take);
    if (take == len)
        return true;
    if (room_before(transfer, transfer->stall_at, 1) == 0) {
        bufferevent_disable(transfer->data, EV_READ);
        return false;
    }
    note_upload(transfer, false);
    finish(transfer, "426 Failure reading network stream.");
    return false;
}

static bool store_all(struct ftp_transfer *transfer)
{
    struct evbuffer *input = bufferevent_get_input(transfer->data);
    while (evbuffer_get_length(input) > 0)
        if (!store_some(transfer, input))
            return false;
    return true;
}

static void on_data_read(struct bufferevent *data, void *user)
{
    struct ftp_transfer *transfer = user;
    if (transfer->direction == FTP_STORE)
        store_all(transfer);
    else
        evbuffer_drain(bufferevent_get_input(data), SIZE_MAX);
}

static void send_some(struct ftp_transfer *transfer)
{
    char chunk[CHUNK_BYTES];
    ssize_t got = -1;
    if (transfer->source >= 0)
        got = read(transfer->source, chunk, sizeof chunk);
    if (got > 0)
        bufferevent_write(transfer->data, chunk, (size_t)got);
    else
        transfer->said_all = true;
}

static void on_data_written(struct bufferevent *data, void *user)
{
    (void)data;
    struct ftp_transfer *transfer = user;
    if (transfer->direction == FTP_STORE)
        return;
    if (!transfer->said_all)
        send_some(transfer);
    if (transfer->said_all)
        finish(transfer, "226 Transfer complete.");
}

static void list_file(struct text *text, const struct stored_file *file,
                      const char *folder)
{
    size_t len = strlen(folder);
    const char *name = file->path;
    if (len > 0) {
        if (strncmp(name, folder, len) != 0 || name[len] != '/')
            return;
        name += len + 1;
    }
    if (strchr(name, '/') == NULL)
        text_format(text,
                    "-rw-r--r--    1 0        0        %10llu "
                    "Jan 01  2024 %s\r\n",
                    (unsigned long long)file->bytes, name);
}

static void send_list(struct ftp_transfer *transfer)
{
    const struct storage *storage = machine_of(transfer)->storage;
    struct text text = { 0 };
    const struct stored_file *file;
    for (size_t i = 0; (file = storage_at(storage, i)) != NULL; i++)
        list_file(&text, file, transfer->path);
    transfer->said_all = true;
    if (text.len > 0)
        bufferevent_write(transfer->data, text.at, text.len);
    else
        finish(transfer, "226 Directory send OK.");
    free(text.at);
}

static void begin(struct ftp_transfer *transfer)
{
    switch (transfer->direction) {
    case FTP_STORE:
        break;
    case FTP_RETRIEVE:
        send_some(transfer);
        if (transfer->said_all) /* an empty file */
            finish(transfer, "226 Transfer complete.");
        break;
    case FTP_LIST:
        send_list(transfer);
        break;
    }
}

static void on_handshake(struct ftp_transfer *transfer)
{
    const SSL *ssl = bufferevent_openssl_get_ssl(transfer->data);
    const struct machine *machine = machine_of(transfer);
    bool is_cut =
        machine->model->cuts_tls13 && SSL_version(ssl) == TLS1_3_VERSION;
    if (is_cut || fault_peek(&machine->faults, FAULT_CLEAR_DATA_ONLY) != NULL) {
        finish(transfer, "426 Failure reading network stream.");
        return;
    }
    if (machine_of(transfer)->model->reuse_session &&
        !SSL_session_reused(ssl)) {
        finish(transfer,
               "522 SSL connection failed; session reuse required: see "
               "require_ssl_reuse option in vsftpd.conf man page");
        return;
    }
    begin(transfer);
}

static void on_data_event(struct bufferevent *data, short what, void *user)
{
    (void)data;
    struct ftp_transfer *transfer = user;
    if ((what & BEV_EVENT_CONNECTED) != 0)
        on_handshake(transfer);
    else if (transfer->direction != FTP_STORE)
        finish(transfer, "426 Failure writing network stream.");
    else if ((what & BEV_EVENT_EOF) == 0)
        finish(transfer, "426 Failure reading network stream.");
    else if (store_all(transfer))
        end_upload(transfer);
}

/* The same certificate as the control connection has, even when the printer
 * has changed it since. */
static struct bufferevent *data_stream(struct ftp_session *session,
                                       evutil_socket_t fd)
{
    struct event_base *base = session->server->setup.base;
    if (!session->private_data)
        return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    const SSL *control = bufferevent_openssl_get_ssl(session->control);
    SSL *ssl = SSL_new(SSL_get_SSL_CTX(control));
    return bufferevent_openssl_socket_new(
        base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

/* The 150 goes out before the handshake begins: clients that start TLS
 * earlier wait for ever, as with the real ones. */
static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *user)
{
    (void)address, (void)len;
    struct ftp_transfer *transfer = user;
    struct ftp_session *session = transfer->session;
    event_del(transfer->patience);
    evconnlistener_free(listener);
    session->passive = NULL;
    ftp_reply(session, "150 Ok to send data.");
    transfer->data = data_stream(session, fd);
    if (transfer->data == NULL) {
        finish(transfer, "425 Failed to establish connection.");
        return;
    }
    struct timeval silence = { .tv_sec = SILENT_S };
    bufferevent_set_timeouts(transfer->data, &silence, &silence);
    bufferevent_setwatermark(transfer->data, EV_READ, 0, 4 * CHUNK_BYTES);
    bufferevent_setcb(transfer->data, on_data_read, on_data_written,
                      on_data_event, transfer);
    bufferevent_enable(transfer->data, EV_READ | EV_WRITE);
    if (!session->private_data)
        begin(transfer);
}

static void on_patience(evutil_socket_t fd, short what, void *user)
{
    (void)fd, (void)what;
    struct ftp_transfer *transfer = user;
    evconnlistener_free(transfer->session->passive);
    transfer->session->passive = NULL;
    finish(transfer, "425 Failed to establish connection.");
}

static void take_faults(struct ftp_transfer *transfer)
{
    struct faults *faults = &machine_of(transfer)->faults;
    const struct armed_fault *stall = fault_take(faults, FAULT_STALL_UPLOAD);
    const struct armed_fault *cut = fault_take(faults, FAULT_CUT_UPLOAD);
    if (stall != NULL)
        transfer->stall_at = stall->value;
    if (cut != NULL && cut->value >= 0)
        transfer->cut_at = cut->value;
    else if (cut != NULL)
        transfer->cut_at_end = true;
}

/* A reply that refuses, or NULL. */
static const char *prepare(struct ftp_transfer *transfer)
{
    struct storage *storage = machine_of(transfer)->storage;
    switch (transfer->direction) {
    case FTP_STORE:
        take_faults(transfer);
        transfer->upload = storage_open(storage, transfer->path);
        return transfer->upload == NULL ? "553 Could not create file." : NULL;
    case FTP_RETRIEVE:
        transfer->source = storage_read(storage, transfer->path);
        return transfer->source < 0 ? "550 Failed to open file." : NULL;
    case FTP_LIST:
        break;
    }
    return NULL;
}

void ftp_transfer_start(struct ftp_session *session,
                        enum ftp_direction direction, const char *path)
{
    if (session->passive == NULL) {
        ftp_reply(session, "425 Use PORT or PASV first.");
        return;
    }
    struct ftp_transfer *transfer = mem_new(1, sizeof *transfer);
    transfer->session = session;
    transfer->direction = direction;
    transfer->source = -1;
    transfer->cut_at = transfer->stall_at = NEVER_CUT;
    transfer->patience =
        evtimer_new(session->server->setup.base, on_patience, transfer);
    snprintf(transfer->path, sizeof transfer->path, "%s", path);
    const char *refusal = prepare(transfer);
    if (refusal != NULL) {
        ftp_transfer_abort(transfer);
        ftp_reply(session, "%s", refusal);
        return;
    }
    session->transfer = transfer;
    struct timeval patience = { .tv_sec = CONNECT_WITHIN_S };
    evtimer_add(transfer->patience, &patience);
    evconnlistener_set_cb(session->passive, on_accept, transfer);
    evconnlistener_enable(session->passive);
}
