/* The operations that the tests call. */
#ifndef TESTS_HTTP_TABLE_H
#define TESTS_HTTP_TABLE_H

#include "ops/ops.h"

void table_add(struct ops *ops);
void table_remove(struct ops *ops);

#endif
