/* SPDX-License-Identifier: MIT */
/* Tests that cannot run where they are: skipped with a reason, counted, never silent. */
#ifndef MUSTER_TESTS_SKIP_H
#define MUSTER_TESTS_SKIP_H

/* Ends the running Criterion test as skipped; the reason reaches the last lines of tests/run.sh.
 * With MUSTER_TESTS_REQUIRE=all in the environment the test fails instead. */
void test_skip(const char *reason);

#endif
