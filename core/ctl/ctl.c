#include "ctl/ctl.h"

#include <string.h>

#include "ctl/door.h"
#include "ctl/follow.h"
#include "ctl/nearest.h"
#include "ctl/run.h"
#include "ctl/show.h"

const char *run_word(const struct run *run, int index)
{
    return index < run->options->word_count ? run->options->words[index] : "";
}

void print_text(FILE *file, struct buf *text)
{
    fwrite(text->ptr, 1, text->len, file);
    fflush(file);
    buf_fini(text);
}

/* -- what went wrong -- */

int complain(int status, const struct spd_error *err)
{
    fprintf(stderr, "spoolctl: %s\n", err->text);
    return status;
}

int complain_of_no_answer(const struct run *run, const struct spd_error *err)
{
    if (err->code == SPD_EINVAL)
        return complain(EXIT_USAGE, err);
    fprintf(stderr,
            "spoolctl: no answer from %s: %s\n"
            "Is spoold running there? --server URL or SPOOLD_SERVER says "
            "where else to look.\n",
            run->target.server, err->text);
    return EXIT_NO_ANSWER;
}

static void put_refusal(const struct run *run, const struct reply *reply,
                        struct buf *text)
{
    show_refusal(text, buf_str(&reply->body), reply->status);
    if (reply->status == 401)
        buf_printf(text,
                   "Give --token or SPOOLD_TOKEN, or keep one for %s with "
                   "\"spoolctl save\".\n",
                   run->target.server);
}

int complain_of_refusal(const struct run *run, const struct reply *reply)
{
    struct buf text = { 0 };
    put_refusal(run, reply, &text);
    print_text(stderr, &text);
    return EXIT_REFUSED;
}

int complain_of_door(const struct run *run)
{
    fwrite(run->refusal.ptr, 1, run->refusal.len, stderr);
    return EXIT_REFUSED;
}

static int complain_of_stranger(const struct run *run,
                                const struct spd_error *err)
{
    fprintf(stderr,
            "spoolctl: %s answers, but not as spoold does (%s). Is the "
            "address right?\n",
            run->target.server, err->text);
    return EXIT_NO_ANSWER;
}

/* -- the server's own description of what it can do -- */

static int read_description(struct run *run, const struct reply *reply)
{
    struct spd_error err = { 0 };
    if (reply->status == 404) {
        error_set(&err, SPD_EINVAL, "there is no /api/openapi.json");
        return complain_of_stranger(run, &err);
    }
    if (!reply_is_good(reply)) {
        put_refusal(run, reply, &run->refusal);
        run->description = door_description();
        return EXIT_DONE;
    }
    run->description = description_read(buf_str(&reply->body), &err);
    return run->description == NULL ? complain_of_stranger(run, &err)
                                    : EXIT_DONE;
}

int run_describe(struct run *run)
{
    struct spd_error err = { 0 };
    if (target_choose(&run->target, run->options, &run->arena, &err) != SPD_OK)
        return complain(EXIT_USAGE, &err);
    run->client = client_new(&run->target, &err);
    if (run->client == NULL)
        return complain(EXIT_USAGE, &err);
    struct client_call call = { .method = "GET", .path = "/api/openapi.json" };
    struct reply reply;
    spd_err rc = client_call(run->client, &call, &reply, &err);
    int status = rc == SPD_OK ? read_description(run, &reply)
                              : complain_of_no_answer(run, &err);
    reply_fini(&reply);
    return status;
}

static int complain_of_name(const struct run *run, const char *name)
{
    struct nearest near = { .word = str_of(name) };
    struct buf hint = { 0 };
    for (size_t i = 0; i < description_count(run->description); i++)
        nearest_offer(&near, description_at(run->description, i)->name);
    nearest_put(&near, &hint);
    fprintf(stderr,
            "spoolctl: there is no operation %s%.*s\n"
            "\"spoolctl help\" shows them all.\n",
            name, STR_ARG(buf_str(&hint)));
    buf_fini(&hint);
    return EXIT_USAGE;
}

int run_find(const struct run *run, const char *name,
             const struct operation **op)
{
    *op = description_find(run->description, str_of(name));
    if (*op != NULL)
        return EXIT_DONE;
    return run->refusal.len > 0 ? complain_of_door(run)
                                : complain_of_name(run, name);
}

/* -- a run -- */

static int run_operation(struct run *run)
{
    int status = run_describe(run);
    if (status != EXIT_DONE)
        return status;
    const struct operation *op;
    status = run_find(run, run_word(run, 0), &op);
    if (status != EXIT_DONE)
        return status;
    struct request request;
    struct spd_error err = { 0 };
    if (request_make(&request, op, run->options->words + 1,
                     run->options->word_count - 1, &run->arena, &err) != SPD_OK)
        return complain(EXIT_USAGE, &err);
    if (!op->streams)
        return run_call(run, &request);
    struct follow follow = { .path = request.target,
                             .json = run->options->json,
                             .again = run->options->follow };
    return follow_run(run->client, &follow);
}

static const struct command {
    const char *name;
    int (*run)(struct run *run);
} commands[] = {
    { "help", run_help },
    { "save", run_save },
    { "forget", run_forget },
    { "completion", run_completion },
};

static int dispatch(struct run *run)
{
    const struct options *options = run->options;
    if (options->version) {
        puts("spoolctl " SPOOLD_VERSION);
        return EXIT_DONE;
    }
    if (options->help || options->word_count == 0) {
        fputs(options_usage, options->help ? stdout : stderr);
        return options->help ? EXIT_DONE : EXIT_USAGE;
    }
    for (size_t i = 0; i < SPD_COUNT(commands); i++)
        if (strcmp(run_word(run, 0), commands[i].name) == 0)
            return commands[i].run(run);
    return run_operation(run);
}

int ctl_run(const struct options *options)
{
    struct run run = { .options = options };
    int status = dispatch(&run);
    description_free(run.description);
    client_free(run.client);
    buf_fini(&run.refusal);
    arena_fini(&run.arena);
    return status;
}
