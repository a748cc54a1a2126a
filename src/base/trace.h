/* SPDX-License-Identifier: MIT */
/*
 * Notes for `-v`: what was read, ignored, chosen. Off unless trace_set() was called.
 *
 * The one mutable static of the library: a level and a function that takes the finished line.
 * Secrets are never traced. Level 1 is for users (-v), level 2 for whoever debugs muster (-vv).
 */
#ifndef MUSTER_BASE_TRACE_H
#define MUSTER_BASE_TRACE_H

typedef void trace_write_fn(void *arg, const char *line);

/* From now on notes up to `level` go, one line without newline each, to `write`. */
void trace_set(int level, trace_write_fn *write, void *arg);

/* The level in force; 0 is off. */
int trace_level(void);

void trace_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));  /* -v */
void trace_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* -vv */

#endif
