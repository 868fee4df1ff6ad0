/* Substitutions: what a shop may say counts as what. */
#include "house.h"

static void one_is_said_once_and_read_back(void **state)
{
    (void)state;
    call("substitutions.create",
         "{\"wanted\":\" PLA\",\"accepts\":\"PLA Basic\"}");
    assert_reply(201, "\"of\":\"material\",\"wanted\":\"PLA\","
                      "\"accepts\":\"PLA Basic\"");
    call("substitutions.create",
         "{\"wanted\":\"pla\",\"accepts\":\"pla basic\"}");
    assert_reply(409, "pla basic is accepted for pla already");
    call("substitutions.create",
         "{\"wanted\":\"PLA Basic\",\"accepts\":\"PLA\"}");
    assert_reply(201, "\"id\":2");
    call("substitutions.delete", "{\"id\":1}");
    assert_reply(200, "\"id\":1");
    call("substitutions.list", "{}");
    assert_reply(200, "[{\"id\":2");
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *part;
    } rows[] = {
        { "{}", 400, "\"wanted\":" },
        { "{\"wanted\":\"PLA\"}", 400, "\"accepts\":" },
        { "{\"wanted\":\" \",\"accepts\":\"PLA\"}", 400, "is empty" },
        { "{\"wanted\":\"PLA\",\"accepts\":\" \"}", 400, "is empty" },
        { "{\"wanted\":\"PLA\",\"accepts\":\"pla \"}", 400, "will do anyway" },
        { "{\"of\":\"plate_type\",\"wanted\":\"Cool Plate\","
          "\"accepts\":\"cool\"}",
          400, "will do anyway" },
        { "{\"of\":\"model\",\"wanted\":\"P1S\",\"accepts\":\"P9\"}", 400,
          "\"P9\\\" is not a model" },
        { "{\"of\":\"colour\",\"wanted\":\"red\",\"accepts\":\"pink\"}", 400,
          "\"of\":" },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        call("substitutions.create", "%s", rows[i].body);
        assert_reply(rows[i].status, rows[i].part);
    }
    call("substitutions.delete", "{\"id\":7}");
    assert_reply(404, "7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(one_is_said_once_and_read_back),
        A_TEST(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
