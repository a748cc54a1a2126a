/* SPDX-License-Identifier: MIT */
/*
 * Hosts that were not ok, grouped for the recap: those with the same status, label ("exit 3") and
 * message make one group.
 */
#ifndef MUSTER_SINK_FAILURE_H
#define MUSTER_SINK_FAILURE_H

#include <stddef.h>

#include "model/event.h"

/* One host that was not ok. */
struct failure {
    const struct host_info *host; /* borrowed */
    enum host_status status;
    enum error_code code; /* ERR_NONE where it just failed */
    char *label;          /* "exit 3", "unreachable"; heap */
    char *message;        /* one line, or ""; remote text may be in it; heap */
};

/* Neighbours in the sorted array that are shown as one line. */
struct failure_group {
    const struct failure *first;
    size_t count;
    size_t reasons; /* different messages among them; more than 1 where there were too many */
};

/* What is to be remembered of a host that ended with `outcome`, not ok; `last_line` is what it
 * printed last, or NULL. */
struct failure failure_make(const struct host_info *host, const struct outcome *outcome,
                            const char *last_line);
void failure_release(struct failure *f);

/* Sorts the failures and groups them, the worst last. Where more than `reasons_max` messages come
 * with the same label, they become one group. Returns a heap array of `*ret_count`. */
struct failure_group *failure_group(struct failure *failures, size_t count, size_t reasons_max,
                                    size_t *ret_count);

#endif
