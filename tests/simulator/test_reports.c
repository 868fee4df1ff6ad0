/* The simulator's word against the real ones: every member it emits exists in
 * a report of the same model, with the same JSON type. Skips, and says so,
 * where the captures are not at hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "rig.h"

enum { CAPTURE_MAX = 1 << 20, CAPTURES_MAX = 3 };

static cJSON *load(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", SIM_CAPTURES, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    char *text = mem_new(1, CAPTURE_MAX + 1);
    size_t len = fread(text, 1, CAPTURE_MAX, file);
    fclose(file);
    cJSON *json = cJSON_ParseWithLength(text, len);
    free(text);
    assert_non_null(json);
    return json;
}

/* The answer to get_version among a capture's messages, or NULL. */
static const cJSON *version_answer(const cJSON *capture)
{
    const cJSON *message;
    cJSON_ArrayForEach(message, cJSON_GetObjectItem(capture, "messages"))
    {
        const cJSON *info = cJSON_GetObjectItem(
            cJSON_GetObjectItem(message, "payload"), "info");
        if (info != NULL)
            return info;
    }
    return NULL;
}

/* The first whole push_status among a capture's messages: not all mark it. */
static const cJSON *full_report(const cJSON *capture)
{
    const cJSON *message;
    cJSON_ArrayForEach(message, cJSON_GetObjectItem(capture, "messages"))
    {
        const cJSON *print = cJSON_GetObjectItem(
            cJSON_GetObjectItem(message, "payload"), "print");
        const cJSON *msg = cJSON_GetObjectItem(print, "msg");
        bool is_whole = cJSON_HasObjectItem(print, "gcode_state") &&
                        cJSON_HasObjectItem(print, "lights_report");
        if (is_whole && (msg == NULL || msg->valuedouble == 0))
            return print;
    }
    return NULL;
}

static int type_of(const cJSON *value)
{
    return cJSON_IsBool(value) ? cJSON_True : value->type & 0xff;
}

/* Is `value` found at the same place of one of the real ones? Prints what is
 * not. `real` may hold NULLs. */
static size_t count_strange(const char *path, const cJSON *value,
                            const cJSON *const *real, size_t reals);

static size_t strange_members(const char *path, const cJSON *object,
                              const cJSON *const *real, size_t reals)
{
    size_t strange = 0;
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        char deeper[512];
        const cJSON *there[64] = { NULL };
        snprintf(deeper, sizeof deeper, "%s.%s", path, member->string);
        for (size_t i = 0; i < reals; i++)
            there[i] =
                cJSON_GetObjectItemCaseSensitive(real[i], member->string);
        strange += count_strange(deeper, member, there, reals);
    }
    return strange;
}

static size_t strange_elements(const char *path, const cJSON *array,
                               const cJSON *const *real, size_t reals)
{
    const cJSON *there[64] = { NULL };
    size_t elements = 0, strange = 0;
    for (size_t i = 0; i < reals; i++) {
        const cJSON *element;
        cJSON_ArrayForEach(element, real[i]) if (elements < 64)
            there[elements++] = element;
    }
    if (elements == 0) /* always empty in the captures: nothing to judge by */
        return 0;
    const cJSON *element;
    cJSON_ArrayForEach(element, array) strange +=
        count_strange(path, element, there, elements);
    return strange;
}

static size_t count_strange(const char *path, const cJSON *value,
                            const cJSON *const *real, size_t reals)
{
    size_t same = 0;
    for (size_t i = 0; i < reals; i++)
        same += real[i] != NULL && type_of(real[i]) == type_of(value);
    if (same == 0) {
        print_error("no real printer has %s of this type\n", path);
        return 1;
    }
    if (cJSON_IsObject(value))
        return strange_members(path, value, real, reals);
    if (cJSON_IsArray(value))
        return strange_elements(path, value, real, reals);
    return 0;
}

static void compare(const char *model, const char *const *names)
{
    cJSON *captures[CAPTURES_MAX] = { NULL };
    const cJSON *real[CAPTURES_MAX] = { NULL };
    size_t reals = 0;
    for (; reals < CAPTURES_MAX && names[reals] != NULL; reals++) {
        captures[reals] = load(names[reals]);
        if (captures[reals] == NULL) {
            print_message("skipped: no capture %s/%s\n", SIM_CAPTURES,
                          names[reals]);
            skip();
        }
        real[reals] = full_report(captures[reals]);
        assert_non_null(real[reals]);
    }
    struct rig *rig = rig_new(model);
    rig_start(rig, "1");
    rig_advance(rig, 30000);
    machine_report(rig->machine, true);
    size_t strange = 0;
    for (size_t i = 0; i < rig->count; i++)
        if (!cJSON_HasObjectItem(rig->messages[i]->child, "result"))
            strange +=
                count_strange("print", rig->messages[i]->child, real, reals);
    assert_int_equal(strange, 0);
    rig_free(rig);
    for (size_t i = 0; i < reals; i++)
        cJSON_Delete(captures[i]);
}

static void compare_version(const char *model, const char *name)
{
    cJSON *capture = load(name);
    if (capture == NULL) {
        print_message("skipped: no capture %s/%s\n", SIM_CAPTURES, name);
        skip();
    }
    const cJSON *real[] = { version_answer(capture) };
    struct rig *rig = rig_new(model);
    rig_send(rig, "{\"info\":{\"command\":\"get_version\","
                  "\"sequence_id\":\"0\"}}");
    const cJSON *said = rig->messages[rig->count - 1]->child;

    assert_non_null(real[0]);
    assert_string_equal(said->string, "info");
    assert_int_equal(count_strange("info", said, real, 1), 0);
    rig_free(rig);
    cJSON_Delete(capture);
}

static void versions_are_told_as_real_ones_tell_them(void **state)
{
    (void)state;
    compare_version("X1C", "x1c-finish-2ams-ams2pro-amsht.json");
    compare_version("A1mini", "a1mini-idle-amslite.json");
}

static void a_p1s_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("P1S", (const char *const[]){
                       "p1s-finish-ams-full-and-deltas.json",
                       "p1-running-cloud-42pct-ams.json",
                       NULL,
                   });
}

static void an_x1c_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("X1C", (const char *const[]){ "x1c-finish-2ams-ams2pro-amsht.json",
                                          NULL });
}

static void an_a1_mini_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("A1mini",
            (const char *const[]){ "a1mini-idle-amslite.json", NULL });
}

static void an_a1_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("A1", (const char *const[]){ "a1-idle-amslite.json", NULL });
    compare_version("A1", "a1-idle-amslite.json");
}

static void a_p1p_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("P1P", (const char *const[]){ "p1p-failed-ams.json",
                                          "p1p-finish-noams.json", NULL });
    compare_version("P1P", "p1p-failed-ams.json");
}

static void a_p2s_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("P2S",
            (const char *const[]){ "p2s-running-local-ams2pro.json", NULL });
    compare_version("P2S", "p2s-running-local-ams2pro.json");
}

static void an_h2d_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("H2D", (const char *const[]){
                       "h2d-idle-ams-ams2pro-amsht.json",
                       "h2d-running-local-2ams2pro.json",
                       "h2d-running-ams-amsht-deltas.json",
                   });
    compare_version("H2D", "h2d-idle-ams-ams2pro-amsht.json");
}

static void an_h2d_pro_says_nothing_a_real_one_does_not(void **state)
{
    (void)state;
    compare("H2D Pro",
            (const char *const[]){ "h2dpro-idle-ams2pro-amsht.json",
                                   /* It shows no answer to pushall. */
                                   "h2d-idle-ams-ams2pro-amsht.json", NULL });
    compare_version("H2D Pro", "h2dpro-idle-ams2pro-amsht.json");
}

static void the_comparison_notices_a_strange_member(void **state)
{
    (void)state;
    cJSON *real = cJSON_Parse("{\"a\":1,\"b\":[{\"c\":\"x\"}]}");
    cJSON *good = cJSON_Parse("{\"a\":7,\"b\":[{\"c\":\"y\"}]}");
    cJSON *bad = cJSON_Parse("{\"a\":\"7\",\"b\":[{\"d\":1}],\"e\":0}");
    const cJSON *reals[] = { real };
    assert_int_equal(count_strange("", good, reals, 1), 0);
    assert_int_equal(count_strange("", bad, reals, 1), 3);
    cJSON_Delete(real);
    cJSON_Delete(good);
    cJSON_Delete(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_p1s_says_nothing_a_real_one_does_not),
        cmocka_unit_test(an_x1c_says_nothing_a_real_one_does_not),
        cmocka_unit_test(an_a1_mini_says_nothing_a_real_one_does_not),
        cmocka_unit_test(an_a1_says_nothing_a_real_one_does_not),
        cmocka_unit_test(a_p1p_says_nothing_a_real_one_does_not),
        cmocka_unit_test(a_p2s_says_nothing_a_real_one_does_not),
        cmocka_unit_test(an_h2d_says_nothing_a_real_one_does_not),
        cmocka_unit_test(an_h2d_pro_says_nothing_a_real_one_does_not),
        cmocka_unit_test(versions_are_told_as_real_ones_tell_them),
        cmocka_unit_test(the_comparison_notices_a_strange_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
