/* What ftps.c (connections), ftp_command.c (verbs) and ftp_transfer.c (data
 * connections) share. */
#ifndef SIM_FTPS_INTERNAL_H
#define SIM_FTPS_INTERNAL_H

#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "ftps.h"
#include "machine.h"
#include "net.h"

struct ftp_transfer;

struct ftp_session {
    LIST_ENTRY(ftp_session) link;
    struct ftps_server *server;
    struct bufferevent *control;
    struct evconnlistener *passive; /* of the latest PASV, or NULL */
    struct ftp_transfer *transfer;  /* going on, or NULL */
    char folder[STORAGE_PATH_MAX];  /* without slashes at its ends */
    bool user_named, logged_in, private_data;
    bool leaving, doomed;
};

LIST_HEAD(ftp_session_list, ftp_session);

struct ftps_server {
    struct ftps_setup setup;
    char address[NET_ADDRESS_MAX];
    struct evconnlistener *listener;
    SSL_CTX *context;
    struct event *reaper;
    struct ftp_session_list sessions;
};

__attribute__((format(printf, 2, 3))) void
ftp_reply(struct ftp_session *session, const char *format, ...);

/* Close as soon as the loop is back. */
void ftp_doom(struct ftp_session *session);

/* The transfer is over: serve the commands that have waited. */
void ftp_session_resume(struct ftp_session *session);

void ftp_command(struct ftp_session *session, char *line);

enum ftp_direction { FTP_STORE, FTP_RETRIEVE, FTP_LIST };

/* Wait for the data connection and move `path` (a folder for FTP_LIST) over
 * it; replies for itself and calls ftp_session_resume at the end. */
void ftp_transfer_start(struct ftp_session *session,
                        enum ftp_direction direction, const char *path);

/* Without a word; an upload that goes on is cut short. */
void ftp_transfer_abort(struct ftp_transfer *transfer);

#endif
