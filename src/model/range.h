/* SPDX-License-Identifier: MIT */
/*
 * Names with numeric ranges in brackets: "web[01-12,14]", "n[0-9/3]-ib[0,1]".
 *
 * A range is LOW, LOW-HIGH or LOW-HIGH/STEP. A LOW with leading zeros gives every number at least
 * its width, so [08-11] is 08 09 10 11; a HIGH with leading zeros must have that same width. The
 * first bracket varies slowest. Brackets whose text has a colon are taken as they are: they belong
 * to an IPv6 address.
 */
#ifndef MUSTER_MODEL_RANGE_H
#define MUSTER_MODEL_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

#define RANGE_DIGITS_MAX   18 /* of one number */
#define RANGE_BRACKETS_MAX 16 /* of one name */

struct range {
    uint64_t low;
    uint64_t high;
    uint64_t step;
    int width;
};

/* Text, and the bracket after it; the last part has no ranges. */
struct range_part {
    const char *text;
    size_t size;
    struct range *ranges;
    size_t range_count;
};

/* A name taken apart. */
struct range_name {
    struct range_part parts[RANGE_BRACKETS_MAX + 1];
    size_t part_count;
};

/* Takes `text` apart; the result points into `text` and `arena`. On failure (ERR_USAGE) `ret_at` is
 * the offset of what is wrong. */
bool range_parse(const char *text, struct arena *arena, struct range_name *ret, size_t *ret_at,
                 struct error *reterr);

/* How many names it stands for; UINT64_MAX where that is more than fits. */
uint64_t range_count(const struct range_name *name);

/* Is called with each name, which lives only during the call. False ends the walk. */
typedef bool range_visit_fn(void *arg, const char *name);

/* Visits all names in order. Returns false where a visit did. */
bool range_expand(const struct range_name *name, range_visit_fn *visit, void *arg);

#endif
