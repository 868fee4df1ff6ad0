#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ftps_internal.h"

/* Folders of a printer's card that a client may write to. */
static const char *const folders[] = { "",       "cache", "timelapse",
                                       "logger", "image", "model" };

static bool is_folder(const char *path)
{
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strcmp(folders[i], path) == 0)
            return true;
    return false;
}

static struct storage *storage_of(const struct ftp_session *session)
{
    return session->server->setup.machine->storage;
}

static bool add_part(char *path, const char *part, size_t len)
{
    size_t used = strlen(path);
    if (len == 0 || (len == 1 && part[0] == '.'))
        return true;
    if (len == 2 && memcmp(part, "..", 2) == 0) {
        char *slash = strrchr(path, '/');
        *(slash != NULL ? slash : path) = '\0';
        return true;
    }
    if (used + 1 + len >= STORAGE_PATH_MAX)
        return false;
    snprintf(path + used, STORAGE_PATH_MAX - used, "%s%.*s",
             used > 0 ? "/" : "", (int)len, part);
    return true;
}

/* What `argument` means from the session's folder. False: too long. */
static bool resolve(const struct ftp_session *session, const char *argument,
                    char path[static STORAGE_PATH_MAX])
{
    path[0] = '\0';
    if (argument[0] != '/')
        snprintf(path, STORAGE_PATH_MAX, "%s", session->folder);
    while (*argument != '\0') {
        size_t len = strcspn(argument, "/");
        if (!add_part(path, argument, len))
            return false;
        argument += len + (argument[len] == '/');
    }
    return true;
}

static bool folder_of_file_exists(const char *path)
{
    char folder[STORAGE_PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    *(slash != NULL ? slash : folder) = '\0';
    return path[0] != '\0' && is_folder(folder) && !is_folder(path);
}

static void do_user(struct ftp_session *session, const char *argument)
{
    session->user_named = strcmp(argument, "bblp") == 0;
    session->logged_in = false;
    ftp_reply(session, "331 Please specify the password.");
}

static void do_pass(struct ftp_session *session, const char *argument)
{
    const struct machine *machine = session->server->setup.machine;
    session->logged_in =
        session->user_named && strcmp(argument, machine->access_code) == 0 &&
        fault_peek(&machine->faults, FAULT_REFUSE_CODE) == NULL;
    if (session->logged_in)
        ftp_reply(session, "230 Login successful.");
    else
        ftp_reply(session, "530 Login incorrect.");
}

static void do_pbsz(struct ftp_session *session, const char *argument)
{
    (void)argument;
    ftp_reply(session, "200 PBSZ set to 0.");
}

static void do_prot(struct ftp_session *session, const char *argument)
{
    bool private_data = strcasecmp(argument, "P") == 0;
    if (!private_data && strcasecmp(argument, "C") != 0) {
        ftp_reply(session, "536 PROT not supported.");
        return;
    }
    session->private_data = private_data;
    ftp_reply(session, "200 PROT now %s.", private_data ? "Private" : "Clear");
}

static void do_quit(struct ftp_session *session, const char *argument)
{
    (void)argument;
    session->leaving = true;
    ftp_reply(session, "221 Goodbye.");
}

static void do_type(struct ftp_session *session, const char *argument)
{
    if (toupper((unsigned char)argument[0]) == 'I')
        ftp_reply(session, "200 Switching to Binary mode.");
    else
        ftp_reply(session, "200 Switching to ASCII mode.");
}

static void do_noop(struct ftp_session *session, const char *argument)
{
    (void)argument;
    ftp_reply(session, "200 NOOP ok.");
}

static void do_syst(struct ftp_session *session, const char *argument)
{
    (void)argument;
    ftp_reply(session, "215 UNIX Type: L8");
}

static void do_feat(struct ftp_session *session, const char *argument)
{
    (void)argument;
    ftp_reply(session, "211-Features:\r\n EPSV\r\n PASV\r\n PBSZ\r\n PROT\r\n"
                       " SIZE\r\n UTF8\r\n211 End");
}

static void do_opts(struct ftp_session *session, const char *argument)
{
    (void)argument;
    ftp_reply(session, "200 Always in UTF8 mode.");
}

static void do_pwd(struct ftp_session *session, const char *argument)
{
    (void)argument;
    ftp_reply(session, "257 \"/%s\" is the current directory", session->folder);
}

static void do_cwd(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    if (!resolve(session, argument, path) || !is_folder(path)) {
        ftp_reply(session, "550 Failed to change directory.");
        return;
    }
    snprintf(session->folder, sizeof session->folder, "%s", path);
    ftp_reply(session, "250 Directory successfully changed.");
}

static void do_cdup(struct ftp_session *session, const char *argument)
{
    (void)argument;
    do_cwd(session, "..");
}

static void do_size(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    const struct stored_file *file = NULL;
    if (resolve(session, argument, path))
        file = storage_find(storage_of(session), path);
    if (file == NULL)
        ftp_reply(session, "550 Could not get file size.");
    else
        ftp_reply(session, "213 %llu", (unsigned long long)file->bytes);
}

static void do_dele(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    if (resolve(session, argument, path) &&
        storage_remove(storage_of(session), path))
        ftp_reply(session, "250 Delete operation successful.");
    else
        ftp_reply(session, "550 Delete operation failed.");
}

static unsigned open_passive(struct ftp_session *session)
{
    if (session->passive != NULL)
        evconnlistener_free(session->passive);
    session->passive =
        net_listen(session->server->setup.base, session->server->address, 0,
                   true, NULL, NULL);
    return session->passive != NULL ? net_port(session->passive) : 0;
}

static void do_pasv(struct ftp_session *session, const char *argument)
{
    (void)argument;
    unsigned a = 0, b = 0, c = 0, d = 0;
    unsigned port = open_passive(session);
    sscanf(session->server->address, "%u.%u.%u.%u", &a, &b, &c, &d);
    if (port == 0)
        ftp_reply(session, "425 Could not listen.");
    else
        ftp_reply(session, "227 Entering Passive Mode (%u,%u,%u,%u,%u,%u).", a,
                  b, c, d, port >> 8, port & 255);
}

static void do_epsv(struct ftp_session *session, const char *argument)
{
    (void)argument;
    unsigned port = open_passive(session);
    if (port == 0)
        ftp_reply(session, "425 Could not listen.");
    else
        ftp_reply(session, "229 Entering Extended Passive Mode (|||%u|)", port);
}

static void do_stor(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    struct machine *machine = session->server->setup.machine;
    if (!resolve(session, argument, path) || !folder_of_file_exists(path) ||
        fault_take(&machine->faults, FAULT_FULL_STORAGE) != NULL) {
        ftp_reply(session, "553 Could not create file.");
        return;
    }
    ftp_transfer_start(session, FTP_STORE, path);
}

static void do_retr(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    if (!resolve(session, argument, path) ||
        storage_find(storage_of(session), path) == NULL) {
        ftp_reply(session, "550 Failed to open file.");
        return;
    }
    ftp_transfer_start(session, FTP_RETRIEVE, path);
}

static void do_list(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    if (argument[0] == '-') /* "LIST -la" */
        argument += strcspn(argument, " ");
    while (*argument == ' ')
        argument++;
    if (!resolve(session, argument, path) || !is_folder(path)) {
        ftp_reply(session, "550 No such directory.");
        return;
    }
    ftp_transfer_start(session, FTP_LIST, path);
}

static const struct verb {
    const char *name;
    bool for_anybody;
    void (*run)(struct ftp_session *session, const char *argument);
} verbs[] = {
    { "USER", true, do_user },  { "PASS", true, do_pass },
    { "PBSZ", true, do_pbsz },  { "PROT", true, do_prot },
    { "QUIT", true, do_quit },  { "FEAT", true, do_feat },
    { "SYST", false, do_syst }, { "OPTS", true, do_opts },
    { "TYPE", false, do_type }, { "NOOP", false, do_noop },
    { "PWD", false, do_pwd },   { "CWD", false, do_cwd },
    { "CDUP", false, do_cdup }, { "SIZE", false, do_size },
    { "DELE", false, do_dele }, { "PASV", false, do_pasv },
    { "EPSV", false, do_epsv }, { "STOR", false, do_stor },
    { "RETR", false, do_retr }, { "LIST", false, do_list },
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcasecmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

void ftp_command(struct ftp_session *session, char *line)
{
    char *argument = line + strcspn(line, " ");
    if (*argument == ' ')
        *argument++ = '\0';
    const struct verb *verb = find_verb(line);
    if (verb == NULL && session->logged_in)
        ftp_reply(session, "502 Command not implemented.");
    else if (verb == NULL || (!verb->for_anybody && !session->logged_in))
        ftp_reply(session, "530 Please login with USER and PASS.");
    else
        verb->run(session, argument);
}
