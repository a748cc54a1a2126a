/* SPDX-License-Identifier: MIT */
/*
 * Snapshots: what a program printed, and how it ended, against a file of the source tree. To accept
 * what it does now, run the test with MUSTER_GOLDEN_UPDATE=1 and look at the difference.
 */
#ifndef MUSTER_TESTS_GOLDEN_H
#define MUSTER_TESTS_GOLDEN_H

#include "proc.h"

/* Fails the test unless the result is that of tests/golden/expected/NAME. */
#define golden_check(name, result) golden_compare(TEST_SOURCE_DIR "/golden/expected/" name, result)
void golden_compare(const char *path, const struct proc_result *result);

#endif
