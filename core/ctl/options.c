#include "ctl/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const char options_usage[] =
    "spoolctl: everything a spoold server can do, from the command line\n"
    "\n"
    "  spoolctl [OPTION...] OPERATION [VALUE...]\n"
    "  spoolctl help [OPERATION]     what there is, or how one is called\n"
    "  spoolctl save                 keep --server and the token for next "
    "time\n"
    "  spoolctl forget               throw them away\n"
    "  spoolctl completion bash      for your ~/.bashrc\n"
    "\n"
    "values\n"
    "  name=text      as the field's type says; lists as a,b,c\n"
    "  name:=JSON     as it is: notes:=null\n"
    "  name=@FILE     the text of a file; @- is standard input\n"
    "  @FILE          the file to upload\n"
    "  text           the next part of the operation's path, such as an id\n"
    "\n"
    "options\n"
    "  --server URL   where spoold is (SPOOLD_SERVER; else as saved; else\n"
    "                 http://127.0.0.1:8080)\n"
    "  --token TOKEN  who you are (SPOOLD_TOKEN; else as saved)\n"
    "  --ca-file FILE whom to trust with https (SPOOLD_CA_FILE)\n"
    "  --json         print the reply as it came\n"
    "  --follow       events: go on after a lost connection\n"
    "  --help, --version\n"
    "\n"
    "It ends with 0 when done, 1 when the server refused, 2 when it was "
    "called\n"
    "wrongly, 3 when there was no answer.\n";

/* An option is a flag or takes a text; one of the two places is set. */
struct option {
    const char *name;
    const char **text;
    bool *flag;
};

static const struct option *find_option(const struct option *rows, size_t count,
                                        spd_str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(name, rows[i].name))
            return &rows[i];
    return NULL;
}

/* `next` is the word behind, or NULL; `*used_next` tells whether it belonged
 * to the option. */
static spd_err read_option(const struct option *rows, size_t count,
                           const char *word, const char *next, bool *used_next,
                           struct spd_error *err)
{
    const char *equals = strchr(word, '=');
    spd_str name = str_of(word);
    if (equals != NULL)
        name.len = (size_t)(equals - word);
    const struct option *option = find_option(rows, count, name);
    if (option == NULL)
        return error_set(err, SPD_EINVAL,
                         "there is no option %.*s; spoolctl --help shows all",
                         STR_ARG(name));
    if (option->flag != NULL && equals != NULL)
        return error_set(err, SPD_EINVAL, "the option %s takes no value",
                         option->name);
    if (option->flag != NULL) {
        *option->flag = true;
        return SPD_OK;
    }
    *used_next = equals == NULL;
    *option->text = equals != NULL ? equals + 1 : next;
    if (*option->text == NULL)
        return error_set(err, SPD_EINVAL, "the option %s needs a value",
                         option->name);
    return SPD_OK;
}

spd_err options_parse(struct options *options, int argc,
                      const char *const *argv, struct spd_error *err)
{
    *options = (struct options){ 0 };
    const struct option rows[] = {
        { "--server", &options->server, NULL },
        { "--token", &options->token, NULL },
        { "--ca-file", &options->ca_file, NULL },
        { "--json", NULL, &options->json },
        { "--follow", NULL, &options->follow },
        { "--help", NULL, &options->help },
        { "-h", NULL, &options->help },
        { "--version", NULL, &options->version },
    };
    options->words = mem_array((size_t)argc + 1, sizeof(*options->words));
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        bool used_next = false;
        if (ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            options->words[options->word_count++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--") == 0) {
            ended = true;
            continue;
        }
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        spd_err rc =
            read_option(rows, SPD_COUNT(rows), argv[i], next, &used_next, err);
        if (rc != SPD_OK)
            return rc;
        i += used_next;
    }
    return SPD_OK;
}

void options_fini(struct options *options)
{
    free(options->words);
    *options = (struct options){ 0 };
}
