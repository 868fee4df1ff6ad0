#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* spd_json is never defined: a value of it is a cJSON, known only here. */
static const cJSON *in(const spd_json *value)
{
    return (const cJSON *)(const void *)value;
}

static const spd_json *out(const cJSON *value)
{
    return (const spd_json *)(const void *)value;
}

static int by_name(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    return strcmp((*left)->string, (*right)->string);
}

/* The name that stands twice among the members of one object, or NULL. */
static const char *twin_of_members(const cJSON *object)
{
    size_t count = (size_t)cJSON_GetArraySize(object), i = 0;
    if (count < 2)
        return NULL;
    const cJSON **members = mem_array(count, sizeof(cJSON *));
    for (const cJSON *m = object->child; m != NULL; m = m->next)
        members[i++] = m;
    qsort(members, count, sizeof(cJSON *), by_name);
    const char *twin = NULL;
    for (i = 1; i < count && twin == NULL; i++)
        if (strcmp(members[i - 1]->string, members[i]->string) == 0)
            twin = members[i]->string;
    free(members);
    return twin;
}

/* Depth is bounded by json_check before this recursion starts. */
static const char *find_twin(const cJSON *value)
{
    const char *twin = cJSON_IsObject(value) ? twin_of_members(value) : NULL;
    for (const cJSON *v = value->child; v != NULL && twin == NULL; v = v->next)
        if (v->child != NULL)
            twin = find_twin(v);
    return twin;
}

spd_json *json_parse(spd_str text, struct spd_error *err)
{
    if (json_check(text, err) != SPD_OK)
        return NULL;
    cJSON *doc = cJSON_ParseWithLength(text.ptr, text.len);
    if (doc == NULL) {
        error_set(err, SPD_EINVAL, "not valid JSON");
        return NULL;
    }
    const char *twin = find_twin(doc);
    if (twin != NULL) {
        error_set(err, SPD_EINVAL, "the member \"%.80s\" stands here twice",
                  twin);
        cJSON_Delete(doc);
        return NULL;
    }
    return (spd_json *)(void *)doc;
}

static bool is_text(spd_str text)
{
    return str_is_utf8(text) &&
           (text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL);
}

static spd_err add_pair(cJSON *object, const struct pair *pair,
                        struct spd_error *err)
{
    if (!is_text(pair->name) || !is_text(pair->value))
        return error_set(err, SPD_EINVAL,
                         "a name or value holds bytes that are not text");
    char *name = mem_text(pair->name), *value = mem_text(pair->value);
    spd_err rc = SPD_OK;
    if (cJSON_GetObjectItemCaseSensitive(object, name) != NULL)
        rc = error_set(err, SPD_EINVAL, "\"%.80s\" is given twice", name);
    else
        cJSON_AddStringToObject(object, name, value);
    free(name);
    free(value);
    return rc;
}

spd_json *json_of_pairs(const struct pair *pairs, size_t count,
                        struct spd_error *err)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < count; i++)
        if (add_pair(object, &pairs[i], err) != SPD_OK) {
            cJSON_Delete(object);
            return NULL;
        }
    return (spd_json *)(void *)object;
}

void json_free(spd_json *doc)
{
    cJSON_Delete((cJSON *)(void *)doc);
}

/* From 2^53 on, two neighbours are one double. */
static bool is_whole(double number)
{
    return fabs(number) < 9007199254740992.0 && number == nearbyint(number);
}

enum spd_json_type json_type(const spd_json *value)
{
    const cJSON *v = in(value);
    if (v == NULL || cJSON_IsNull(v))
        return SPD_JSON_NULL;
    if (cJSON_IsBool(v))
        return SPD_JSON_BOOL;
    if (cJSON_IsNumber(v))
        return is_whole(v->valuedouble) ? SPD_JSON_INT : SPD_JSON_REAL;
    if (cJSON_IsString(v))
        return SPD_JSON_STR;
    return cJSON_IsArray(v) ? SPD_JSON_ARRAY : SPD_JSON_OBJECT;
}

const spd_json *json_member(const spd_json *value, const char *name)
{
    if (!cJSON_IsObject(in(value)))
        return NULL;
    return out(cJSON_GetObjectItemCaseSensitive(in(value), name));
}

const spd_json *json_item(const spd_json *value, size_t index)
{
    const spd_json *v = json_first(value);
    while (v != NULL && index-- > 0)
        v = json_next(v);
    return v;
}

size_t json_count(const spd_json *value)
{
    size_t count = 0;
    for (const spd_json *v = json_first(value); v != NULL; v = json_next(v))
        count++;
    return count;
}

bool json_as_bool(const spd_json *value, bool fallback)
{
    return cJSON_IsBool(in(value)) ? (bool)cJSON_IsTrue(in(value)) : fallback;
}

int64_t json_as_int(const spd_json *value, int64_t fallback)
{
    const cJSON *v = in(value);
    if (!cJSON_IsNumber(v) || !is_whole(v->valuedouble))
        return fallback;
    return (int64_t)v->valuedouble;
}

double json_as_real(const spd_json *value, double fallback)
{
    return cJSON_IsNumber(in(value)) ? in(value)->valuedouble : fallback;
}

spd_str json_as_str(const spd_json *value, spd_str fallback)
{
    if (!cJSON_IsString(in(value)))
        return fallback;
    return str_of(in(value)->valuestring);
}

const spd_json *json_first(const spd_json *value)
{
    const cJSON *v = in(value);
    return cJSON_IsArray(v) || cJSON_IsObject(v) ? out(v->child) : NULL;
}

const spd_json *json_next(const spd_json *value)
{
    return out(in(value)->next);
}

spd_str json_name(const spd_json *member)
{
    return str_of(in(member)->string);
}
