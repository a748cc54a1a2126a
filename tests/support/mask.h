/* SPDX-License-Identifier: MIT */
/* Makes texts that differ from run to run the same: times, ports, folders, keys. */
#ifndef MUSTER_TESTS_MASK_H
#define MUSTER_TESTS_MASK_H

#include "proc.h"

struct mask {
    const char *pattern; /* POSIX extended regular expression */
    const char *with;    /* what stands for each match */
};

/* The text with every match of every mask replaced, in order; `masks` end with a NULL pattern.
 * Heap. */
char *mask_text(const char *text, const struct mask *masks);

/* Both outputs masked in place: folders of the fleet and of the test (both sides), its port,
 * fingerprints, times and the versions of libraries. */
void mask_result(struct proc_result *r);

#endif
