#include "smtp.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Once misspelt there. */
#if LIBCURL_VERSION_NUM >= 0x080200
#define ALLOW_FAILS CURLOPT_MAIL_RCPT_ALLOWFAILS
#else
#define ALLOW_FAILS CURLOPT_MAIL_RCPT_ALLLOWFAILS
#endif

enum { URL_CHARS = 600, MAIL_CHARS = ADDRESS_MAX_BYTES + 3, PLACE_CHARS = 90 };

struct smtp {
    spd_plugin *self;
    CURL *curl;
    bool is_private; /* the open connection was allowed to be */
    char curl_says[CURL_ERROR_SIZE];

    /* of the send under way */
    const struct smtp_server *server;
    spd_str unsent;
    struct smtp_answer *answers;
    size_t asked, count; /* RCPT commands sent, and recipients */
    bool is_rcpt;        /* the next answer is to one of them */
    bool is_leaving;     /* QUIT was said: what comes is no answer to a mail */
    const char *refusal; /* why we did not connect */
    int last_code;
    char last_text[SMTP_REPLY_MAX_CHARS];
};

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

/* ---------------------------------------------------- curl's callbacks - */

static curl_socket_t on_open(void *arg, curlsocktype purpose,
                             struct curl_sockaddr *to)
{
    struct smtp *s = arg;
    (void)purpose;
    s->is_private = s->server->allow_private;
    s->refusal = s->self->host->client->refusal(
        s->self, &to->addr, s->is_private ? SPD_FETCH_PRIVATE : 0);
    return s->refusal != NULL
               ? CURL_SOCKET_BAD
               : socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct smtp *s = arg;
    size_t room = size * count;
    size_t len = s->unsent.len < room ? s->unsent.len : room;
    memcpy(out, s->unsent.ptr, len);
    s->unsent = (spd_str){ s->unsent.ptr + len, s->unsent.len - len };
    return len;
}

static size_t on_reply(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down,
                       curl_off_t up_total, curl_off_t up)
{
    const struct smtp *s = arg;
    (void)down_total, (void)down, (void)up_total, (void)up;
    return s->self->host->loop->is_stopping(s->self);
}

/* "550 5.1.1 no such user": the last line of an answer has a space there. */
static void take_answer(struct smtp *s, const char *line, size_t len)
{
    char text[SMTP_REPLY_MAX_CHARS];
    size_t used = 0;
    if (len < 4 || line[3] != ' ' || line[0] < '2' || line[0] > '5')
        return;
    for (size_t i = 4; i < len && used + 1 < sizeof(text); i++)
        if (line[i] >= ' ' && line[i] <= '~')
            text[used++] = line[i];
    text[used] = '\0';
    s->last_code = (int)strtol(line, NULL, 10);
    memcpy(s->last_text, text, used + 1);
    if (!s->is_rcpt || s->asked == 0 || s->asked > s->count)
        return;
    struct smtp_answer *answer = &s->answers[s->asked - 1];
    answer->code = s->last_code;
    memcpy(answer->text, text, used + 1);
    s->is_rcpt = false;
}

static bool is_command(const char *data, size_t len, const char *command)
{
    size_t wanted = strlen(command);
    return len > wanted && memcmp(data, command, wanted) == 0;
}

/* The talk as it goes by is the only place where curl tells who was refused.
 * It is looked at here and kept nowhere: there are passwords in it. */
static int on_talk(CURL *curl, curl_infotype kind, char *data, size_t len,
                   void *arg)
{
    struct smtp *s = arg;
    (void)curl;
    if (kind == CURLINFO_HEADER_OUT) {
        s->is_rcpt = is_command(data, len, "RCPT TO:");
        s->is_leaving |= is_command(data, len, "QUIT");
        s->asked += s->is_rcpt ? 1 : 0;
    } else if (kind == CURLINFO_HEADER_IN && !s->is_leaving) {
        take_answer(s, data, len);
    }
    return 0;
}

/* --------------------------------------------------------------- setup - */

static void set_place(CURL *curl, const struct smtp_server *server)
{
    char url[URL_CHARS];
    bool is_v6 = strchr(server->host, ':') != NULL;
    (void)snprintf(url, sizeof(url), "%s://%s%s%s:%d/%s",
                   server->security == SMTP_TLS ? "smtps" : "smtp",
                   is_v6 ? "[" : "", server->host, is_v6 ? "]" : "",
                   server->port, server->greeting);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
}

static void set_security(CURL *curl, const struct smtp_server *server)
{
    bool is_clear = server->security == SMTP_CLEAR;
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     (long)(is_clear ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (server->ca_file != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca_file);
    if (server->user == NULL || is_clear)
        return;
    curl_easy_setopt(curl, CURLOPT_USERNAME, server->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password);
}

static void set_callbacks(CURL *curl, struct smtp *s)
{
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, s);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_reply);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, on_talk);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, s);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, s->curl_says);
}

/* What is not asked for again leaves the connection of before open. */
static void set_up(struct smtp *s, const struct smtp_server *server)
{
    bool was_let_in_elsewhere = s->is_private && !server->allow_private;
    curl_easy_reset(s->curl);
    set_place(s->curl, server);
    set_security(s->curl, server);
    set_callbacks(s->curl, s);
    curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, (long)SMTP_TIMEOUT_SECONDS);
    curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT,
                     (long)SMTP_CONNECT_SECONDS);
    curl_easy_setopt(s->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(s->curl, CURLOPT_FRESH_CONNECT,
                     was_let_in_elsewhere ? 1L : 0L);
    curl_easy_setopt(s->curl, ALLOW_FAILS, 1L);
}

/* Of the connection kept from before. */
static curl_socket_t open_socket(const struct smtp *s)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    (void)curl_easy_getinfo(s->curl, CURLINFO_ACTIVESOCKET, &fd);
    return fd;
}

static const char *bracketed(spd_str mail, char out[MAIL_CHARS])
{
    (void)snprintf(out, MAIL_CHARS, "<%.*s>", (int)mail.len, mail.ptr);
    return out;
}

/* NULL: there is no memory left. */
static struct curl_slist *list_of(const struct addresses *to)
{
    char one[MAIL_CHARS];
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < to->count; i++) {
        struct curl_slist *longer =
            curl_slist_append(list, bracketed(to->at[i].mail, one));
        if (longer == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

/* ----------------------------------------------------------- judgement - */

/* Behind "mail.example.org:465 ". */
static const struct {
    CURLcode curl;
    const char *text;
} sentences[] = {
    { CURLE_COULDNT_RESOLVE_HOST, "is not known: check the host" },
    { CURLE_COULDNT_CONNECT, "cannot be reached: check host and port" },
    { CURLE_OPERATION_TIMEDOUT,
      "did not answer in time; tls goes with port 465, starttls with 587" },
    { CURLE_USE_SSL_FAILED,
      "does not offer STARTTLS, and nothing is sent without encryption" },
    { CURLE_SSL_CONNECT_ERROR,
      "does not speak TLS; tls goes with port 465, starttls with 587" },
    { CURLE_SSL_CACERT_BADFILE,
      "was not asked: the file of the plugin's ca_file cannot be read" },
    { CURLE_WEIRD_SERVER_REPLY, "is no mail server, or speaks only TLS" },
    { CURLE_GOT_NOTHING, "hung up" },
    { CURLE_RECV_ERROR, "hung up" },
    { CURLE_SEND_ERROR, "hung up" },
};

static spd_err explain(const struct smtp *s, CURLcode rc, const char *place,
                       struct spd_error *err)
{
    for (size_t i = 0; i < SPD_COUNT(sentences); i++)
        if (sentences[i].curl == rc)
            return complain(err, SPD_EIO, "%s %s", place, sentences[i].text);
    if (rc == CURLE_PEER_FAILED_VERIFICATION)
        return complain(err, SPD_EIO,
                        "%s shows a certificate that is not to be trusted: "
                        "%.110s",
                        place, s->curl_says);
    return complain(err, SPD_EIO, "%s did not take the mail: %s", place,
                    curl_easy_strerror(rc));
}

/* RFC 4954: who must log in, or did and is not believed. */
static bool is_about_login(int code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

static spd_err judge_code(const struct smtp *s, const char *place,
                          struct spd_error *err)
{
    if (is_about_login(s->last_code))
        return complain(err, SPD_EAUTH,
                        "%s does not let us in, check user and password: "
                        "%d %.80s",
                        place, s->last_code, s->last_text);
    return complain(err, s->last_code >= 500 ? SPD_EINVAL : SPD_EIO,
                    "%s answered %d %.100s", place, s->last_code, s->last_text);
}

/* What the server said last decides, as far as it said no. */
static spd_err judge(const struct smtp *s, CURLcode rc, struct spd_error *err)
{
    char place[PLACE_CHARS];
    bool is_no = s->last_code >= 400 && rc != CURLE_OPERATION_TIMEDOUT &&
                 rc != CURLE_USE_SSL_FAILED;
    (void)snprintf(place, sizeof(place), "%.80s:%d", s->server->host,
                   s->server->port);
    if (rc == CURLE_OK)
        return err->code = SPD_OK;
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return complain(err, SPD_ECANCELED, "the server is stopping");
    if (s->refusal != NULL)
        return complain(err, SPD_EAUTH,
                        "%s was not contacted: its address leads to %s", place,
                        s->refusal);
    if (is_no)
        return judge_code(s, place, err);
    if (rc == CURLE_LOGIN_DENIED)
        return complain(err, SPD_EAUTH,
                        "%s offers no way to log in that is known here", place);
    return explain(s, rc, place, err);
}

/* ----------------------------------------------------------------- send - */

static CURLcode perform(struct smtp *s, spd_str mail,
                        struct smtp_answer *answers, size_t count)
{
    memset(answers, 0, count * sizeof(*answers));
    s->unsent = mail;
    s->answers = answers;
    s->count = count;
    s->asked = 0;
    s->is_rcpt = s->is_leaving = false;
    s->refusal = NULL;
    s->last_code = 0;
    s->curl_says[0] = '\0';
    return curl_easy_perform(s->curl);
}

/* Servers hang up on who says nothing for a while. */
static bool was_stale(const struct smtp *s, CURLcode rc)
{
    bool is_lost = rc == CURLE_RECV_ERROR || rc == CURLE_SEND_ERROR ||
                   rc == CURLE_GOT_NOTHING || s->last_code == 421;
    return rc != CURLE_OK && s->asked == 0 && is_lost;
}

spd_err smtp_send(struct smtp *s, const struct smtp_server *server,
                  spd_str from, const struct addresses *to, spd_str mail,
                  struct smtp_answer *answers, struct spd_error *err)
{
    char sender[MAIL_CHARS];
    struct curl_slist *list = list_of(to);
    bool was_open = open_socket(s) != CURL_SOCKET_BAD;
    if (list == NULL)
        return complain(err, SPD_ENOMEM, "there is no memory left");
    s->server = server;
    set_up(s, server);
    curl_easy_setopt(s->curl, CURLOPT_MAIL_FROM, bracketed(from, sender));
    curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, list);
    curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail.len);
    CURLcode rc = perform(s, mail, answers, to->count);
    if (was_open && was_stale(s, rc)) {
        curl_easy_setopt(s->curl, CURLOPT_FRESH_CONNECT, 1L);
        rc = perform(s, mail, answers, to->count);
    }
    curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(list);
    return judge(s, rc, err);
}

/* ----------------------------------------------------------------- life - */

struct smtp *smtp_new(spd_plugin *self)
{
    struct smtp *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->self = self;
    s->curl = curl_easy_init();
    if (s->curl != NULL)
        return s;
    free(s);
    return NULL;
}

/* What can only be written to gets curl's QUIT, and is not waited for. */
void smtp_free(struct smtp *s)
{
    if (s == NULL)
        return;
    if (open_socket(s) != CURL_SOCKET_BAD)
        (void)shutdown(open_socket(s), SHUT_RD);
    curl_easy_cleanup(s->curl);
    free(s);
}
