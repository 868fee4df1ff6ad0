#include "ctl/door.h"

#include <assert.h>

/* This route and its members are fixed for scripts, and never change. */
static const char text[] =
    "{\"paths\":{\"/api/setup\":{\"post\":{\"operationId\":\"setup\","
    "\"summary\":\"Make the first administrator, with the code of the first "
    "start\",\"security\":[],\"requestBody\":{\"content\":{"
    "\"application/json\":{\"schema\":{\"type\":\"object\",\"properties\":{"
    "\"code\":{\"type\":\"string\",\"description\":\"what stands in the file "
    "setup-code of the data folder\"},"
    "\"email\":{\"type\":\"string\",\"description\":\"your address, to log in "
    "with\",\"example\":\"me@shop.example\"},"
    "\"password\":{\"type\":\"string\",\"description\":\"your password\"}},"
    "\"required\":[\"code\",\"email\",\"password\"]}}}},"
    "\"responses\":{\"201\":{\"content\":{\"application/json\":{\"schema\":{"
    "\"type\":\"object\",\"properties\":{\"token\":{\"type\":\"string\","
    "\"description\":\"shown this once\"}}}}}}}}}}}";

struct description *door_description(void)
{
    struct description *description = description_read(str_of(text), NULL);
    assert(description != NULL);
    return description;
}
