#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* A line of the document is a line here. */
/* clang-format off */
#define TYPE(type, doc) "{'type':'" type "','description':'" doc "'}"
#define JOB \
    "{'type':'object','properties':{" \
    "'id':" TYPE("integer", "the job") "," \
    "'status':" TYPE("string", "where it stands") "," \
    "'job_name':" TYPE("string", "what it is called") "}}"
#define REPLY(status, type, schema) \
    "'responses':{'" status "':{'content':{'" type "':{" schema "}}}}"
#define JSON_REPLY(status, schema) \
    REPLY(status, "application/json", "'schema':" schema)
#define PARAM(place, needed, name, schema, doc) \
    "{'name':'" name "','in':'" place "','required':" needed "," \
    "'description':'" doc "','schema':" schema "}"

static const char text[] =
    "{'openapi':'3.1.0','paths':{"
    "'/api/jobs':{'get':{'operationId':'jobs.list','summary':'The jobs',"
      "'x-spoold-role':'viewer','parameters':["
      PARAM("query", "false", "status",
            "{'type':'string','enum':['queued','started']}", "only these") ","
      PARAM("query", "false", "limit", "{'type':'integer'}", "how many") "],"
      JSON_REPLY("200", "{'type':'array','items':" JOB "}") "},"
    "'post':{'operationId':'jobs.create','summary':'Queue a job',"
      "'x-spoold-role':'operator','requestBody':{'required':true,'content':{"
      "'application/json':{'schema':{'type':'object','required':['file_id'],"
      "'properties':{"
      "'file_id':{'type':'integer','description':'the file to print',"
      "'minimum':1,'example':7},"
      "'job_name':{'type':'string','description':'what it is called',"
      "'minLength':1,'maxLength':80},"
      "'priority':{'type':'integer','description':'higher first','minimum':0,"
      "'maximum':100,'default':0},"
      "'scale':" TYPE("number", "of it") ","
      "'urgent':" TYPE("boolean", "skip the queue") ","
      "'notes':{'type':['string','null'],'description':'anything'},"
      "'printer_id':{'type':['integer','null'],'description':'where'},"
      "'tags':{'type':'array','items':{'type':'string'}},"
      "'needs':{'type':'array','items':{'type':'object'}},"
      "'extra':{'description':'anything at all'}}}}}},"
      JSON_REPLY("201", JOB) "}},"
    "'/api/jobs/{id}':{'get':{'operationId':'jobs.get','summary':'One job',"
      "'parameters':["
      PARAM("path", "true", "id", "{'type':'integer'}", "which job") "],"
      JSON_REPLY("200", JOB) "},"
    "'delete':{'operationId':'jobs.cancel','summary':'Cancel a job',"
      "'x-spoold-role':'operator','parameters':["
      PARAM("path", "true", "id", "{'type':'integer'}", "which job") "],"
      JSON_REPLY("200", JOB) "}},"
    "'/api/rules/{name}':{'get':{'operationId':'rules.get','summary':'One',"
      "'parameters':["
      PARAM("path", "true", "name", "{'type':'string'}", "which rule") "],"
      JSON_REPLY("200", "{}") "}},"
    "'/api/files':{'post':{'operationId':'files.create','summary':'Send it',"
      "'parameters':["
      PARAM("query", "true", "name", "{'type':'string'}", "its name") "],"
      "'requestBody':{'content':{'application/octet-stream':{}}},"
      JSON_REPLY("201", "{}") "}},"
    "'/api/setup':{'post':{'operationId':'setup','summary':'Begin',"
      "'security':[],'requestBody':{'content':{'application/json':{'schema':"
      "{'type':'object','required':[],'properties':{"
      "'code':" TYPE("string", "of the first start") "}}}}},"
      JSON_REPLY("201", "{}") "}},"
    "'/api/events':{'get':{'operationId':'events','summary':'What happens',"
      "'parameters':["
      PARAM("query", "false", "topic", "{'type':'string'}", "which") "],"
      REPLY("200", "text/event-stream", "") "}}}}";
/* clang-format on */

static char *with_quotes(const char *source)
{
    char *copy = mem_text(str_of(source));
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

struct description *sample_description(void)
{
    struct spd_error err = { 0 };
    char *json = with_quotes(text);
    struct description *description = description_read(str_of(json), &err);
    free(json);
    if (description == NULL)
        print_error("%s\n", err.text);
    assert_non_null(description);
    return description;
}

spd_json *sample_json(const char *source)
{
    struct spd_error err = { 0 };
    char *json = with_quotes(source);
    spd_json *value = json_parse(str_of(json), &err);
    free(json);
    if (value == NULL)
        print_error("%s: %s\n", source, err.text);
    assert_non_null(value);
    return value;
}

void check_str(spd_str got, const char *expected)
{
    if (str_is(got, expected))
        return;
    print_error("got:\n%.*s\nnot:\n%s\n", STR_ARG(got), expected);
    fail();
}

void check_contains(spd_str got, const char *part)
{
    if (got.len > 0 && memmem(got.ptr, got.len, part, strlen(part)) != NULL)
        return;
    print_error("got:\n%.*s\nwithout:\n%s\n", STR_ARG(got), part);
    fail();
}
