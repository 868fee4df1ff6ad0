/* One call of an operation, and its reply before a person's eyes. */
#include <ctype.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/progress.h"
#include "ctl/run.h"
#include "ctl/show.h"

/* Columns of the terminal; 0: it is not one. */
static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

/* The bar is drawn anew when it says something new. */
struct bar {
    int64_t percent;
    bool is_drawn;
};

static void on_progress(void *arg, int64_t sent_bytes, int64_t total_bytes)
{
    struct bar *bar = arg;
    int64_t percent = total_bytes > 0 ? sent_bytes * 100 / total_bytes : 100;
    if (bar->is_drawn && percent == bar->percent)
        return;
    *bar = (struct bar){ .percent = percent, .is_drawn = true };
    struct buf text = { 0 };
    progress_put(&text, sent_bytes, total_bytes);
    print_text(stderr, &text);
}

/* Where a reply says who one is from now on, that is kept. */
static void keep_token(const struct run *run, const struct operation *op,
                       const spd_json *reply)
{
    spd_str token = json_as_str(json_member(reply, "token"), STR(""));
    if (!op->is_public || token.len == 0)
        return;
    struct arena arena = { 0 };
    struct spd_error err = { 0 };
    struct target target = run->target;
    target.token = arena_str(&arena, token).ptr;
    if (target_save(&target, &err) == SPD_OK)
        fprintf(stderr, "The token is kept in %s, for %s.\n",
                saved_path(&arena), target.server);
    else
        complain(EXIT_REFUSED, &err);
    arena_fini(&arena);
}

/* A Link header that names a next page says after which id it begins. */
static void tell_of_more(const struct operation *op, spd_str link)
{
    static const char mark[] = "after=";
    const char *at = link.len == 0
                         ? NULL
                         : memmem(link.ptr, link.len, mark, sizeof(mark) - 1);
    if (at == NULL)
        return;
    at += sizeof(mark) - 1;
    int digits = 0;
    while (at + digits < link.ptr + link.len &&
           isdigit((unsigned char)at[digits]))
        digits++;
    fprintf(stderr, "There are more: spoolctl %.*s ... after=%.*s\n",
            STR_ARG(op->name), digits, at);
}

/* What is no JSON that fits in memory is for a file, not for eyes. */
static int show_raw(struct reply *reply)
{
    spd_str start = str_trim(str_clip(buf_str(&reply->body), 16));
    bool is_json = str_starts(start, STR("{")) || str_starts(start, STR("["));
    if (reply->body.len == 0 || (!is_json && !isatty(STDOUT_FILENO))) {
        print_text(stdout, &reply->body);
        return EXIT_DONE;
    }
    fputs(is_json ? "spoolctl: the reply is too long for a table: use --json, "
                    "or ask for less with limit=\n"
                  : "spoolctl: the reply is nothing for a terminal: put > FILE "
                    "behind the command\n",
          stderr);
    return EXIT_USAGE;
}

static int show(const struct run *run, const struct operation *op,
                struct reply *reply)
{
    int status = EXIT_DONE;
    spd_json *value = json_parse(buf_str(&reply->body), NULL);
    keep_token(run, op, value);
    if (run->options->json) {
        if (reply->body.len > 0)
            buf_put_char(&reply->body, '\n');
        print_text(stdout, &reply->body);
    } else if (value == NULL) {
        status = show_raw(reply);
    } else {
        struct buf text = { 0 };
        show_reply(&text, value, op->reply, terminal_width());
        print_text(stdout, &text);
    }
    json_free(value);
    tell_of_more(op, buf_str(&reply->header));
    return status;
}

int run_call(struct run *run, const struct request *request)
{
    struct bar bar = { 0 };
    bool watched = request->upload_path != NULL && isatty(STDERR_FILENO);
    struct client_call call = {
        .method = arena_str(&run->arena, request->op->method).ptr,
        .path = request->target,
        .body = request->body,
        .upload_path = request->upload_path,
        .reply_header = "Link",
        .on_progress = watched ? on_progress : NULL,
        .arg = &bar,
    };
    struct reply reply;
    struct spd_error err = { 0 };
    spd_err rc = client_call(run->client, &call, &reply, &err);
    if (bar.is_drawn)
        fputc('\n', stderr);
    int status = rc != SPD_OK            ? complain_of_no_answer(run, &err)
                 : reply_is_good(&reply) ? show(run, request->op, &reply)
                                         : complain_of_refusal(run, &reply);
    reply_fini(&reply);
    return status;
}
