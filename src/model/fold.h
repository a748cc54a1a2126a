/* SPDX-License-Identifier: MIT */
/*
 * Names folded back to a host expression: web01 web02 web04 is "web[01-02,04]".
 *
 * The result, given to pattern_eval(), stands for exactly the same set. Numbers are sorted inside
 * brackets; otherwise names keep the order in which their kind first appears. A name with several
 * numbers folds along each: "n[1-2]-ib[0-1]".
 */
#ifndef MUSTER_MODEL_FOLD_H
#define MUSTER_MODEL_FOLD_H

#include <stddef.h>

#include "base/buf.h"

/* Appends the expression for `names`, of which each counts once; nothing for none. */
void fold_names(const char *const *names, size_t count, struct buf *out);

#endif
