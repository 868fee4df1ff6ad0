#include "ctl/completion.h"

#include <string.h>

/* Readline splits at "=", so the last word may be what stands behind it: then
 * there is nothing to offer but files. */
const char completion_bash[] =
    "_spoolctl() {\n"
    "    local word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
    "    local before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
    "    if [[ $word == @* ]]; then\n"
    "        COMPREPLY=($(compgen -f -P @ -- \"${word#@}\"))\n"
    "        return\n"
    "    fi\n"
    "    COMPREPLY=($(compgen -W \"$(spoolctl completion words -- \\\n"
    "        \"${before[@]}\" 2>/dev/null)\" -- \"$word\"))\n"
    "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
    "}\n"
    "complete -F _spoolctl spoolctl\n";

static void put_word(struct buf *out, spd_str word, const char *behind)
{
    buf_put(out, word);
    buf_put(out, str_of(behind));
    buf_put_char(out, '\n');
}

static bool is_among(const char *const *words, int count, spd_str name)
{
    for (int i = 0; i < count; i++)
        if (str_is(name, words[i]))
            return true;
    return false;
}

static const struct operation *named(const struct description *description,
                                     const char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        const struct operation *op =
            description_find(description, str_of(words[i]));
        if (op != NULL)
            return op;
    }
    return NULL;
}

static void put_names(struct buf *out, const struct description *description)
{
    static const char *const own[] = { "help", "save", "forget", "completion" };
    for (size_t i = 0; i < description_count(description); i++)
        put_word(out, description_at(description, i)->name, "");
    for (size_t i = 0; i < SPD_COUNT(own); i++)
        put_word(out, str_of(own[i]), "");
}

void completion_put_words(struct buf *out,
                          const struct description *description,
                          const char *const *words, int word_count)
{
    const struct operation *op = named(description, words, word_count);
    if (op == NULL) {
        put_names(out, description);
        return;
    }
    if (is_among(words, word_count, STR("help")))
        return;
    for (const spd_json *p = json_first(op->params); p != NULL;
         p = json_next(p)) {
        spd_str name = json_as_str(json_member(p, "name"), STR(""));
        if (!is_among(words, word_count, name))
            put_word(out, name, "=");
    }
    const spd_json *members = json_member(op->body, "properties");
    for (const spd_json *m = json_first(members); m != NULL; m = json_next(m))
        if (!is_among(words, word_count, json_name(m)))
            put_word(out, json_name(m), "=");
}
