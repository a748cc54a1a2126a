/* SPDX-License-Identifier: MIT */
#include "skip.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

void test_skip(const char *reason)
{
    const char *require = getenv("MUSTER_TESTS_REQUIRE");
    if (require != NULL && strcmp(require, "all") == 0)
        cr_assert_fail("would be skipped, but all tests are required: %s", reason);
    cr_skip_test("%s", reason);
}
