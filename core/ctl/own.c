/* The commands that are spoolctl's own: help, save, forget, completion. */
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/completion.h"
#include "ctl/help.h"
#include "ctl/run.h"

static int help_on_all(struct run *run)
{
    fputs(options_usage, stdout);
    int status = run_describe(run);
    if (status != EXIT_DONE)
        return status;
    struct buf text = { 0 };
    buf_put(&text, STR("\noperations\n"));
    help_put_list(&text, run->description);
    print_text(stdout, &text);
    return run->refusal.len > 0 ? complain_of_door(run) : EXIT_DONE;
}

int run_help(struct run *run)
{
    if (run->options->word_count < 2)
        return help_on_all(run);
    int status = run_describe(run);
    if (status != EXIT_DONE)
        return status;
    const struct operation *op;
    status = run_find(run, run_word(run, 1), &op);
    if (status != EXIT_DONE)
        return status;
    struct buf text = { 0 };
    help_put_operation(&text, op);
    print_text(stdout, &text);
    return EXIT_DONE;
}

/* -- save and forget -- */

/* A secret typed at a terminal is not shown there. */
static void read_secret(char *out, int size)
{
    struct termios before;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fputs("Token: ", stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    if (fgets(out, size, stdin) == NULL)
        out[0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
}

int run_save(struct run *run)
{
    struct spd_error err = { 0 };
    char token[512];
    if (target_choose(&run->target, run->options, &run->arena, &err) != SPD_OK)
        return complain(EXIT_USAGE, &err);
    if (run->target.token == NULL) {
        read_secret(token, sizeof(token));
        run->target.token = token;
    }
    if (run->target.token[0] == '\0') {
        fputs("spoolctl: there is no token to save\n", stderr);
        return EXIT_USAGE;
    }
    if (target_save(&run->target, &err) != SPD_OK)
        return complain(EXIT_USAGE, &err);
    printf("Kept in %s, for %s.\n", saved_path(&run->arena),
           run->target.server);
    return EXIT_DONE;
}

int run_forget(struct run *run)
{
    (void)run;
    puts(target_forget() ? "Forgotten." : "Nothing was saved.");
    return EXIT_DONE;
}

/* -- completion -- */

int run_completion(struct run *run)
{
    if (strcmp(run_word(run, 1), "bash") == 0) {
        fputs(completion_bash, stdout);
        return EXIT_DONE;
    }
    if (strcmp(run_word(run, 1), "words") != 0) {
        fputs("spoolctl: completion is there for bash alone: spoolctl "
              "completion bash\n",
              stderr);
        return EXIT_USAGE;
    }
    int status = run_describe(run);
    if (status != EXIT_DONE)
        return status;
    struct buf words = { 0 };
    completion_put_words(&words, run->description, run->options->words + 2,
                         run->options->word_count - 2);
    print_text(stdout, &words);
    return EXIT_DONE;
}
