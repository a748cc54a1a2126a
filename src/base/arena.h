/* SPDX-License-Identifier: MIT */
/*
 * Memory that lives and dies together: allocate often, free once.
 *
 * Out of memory ends the process through base_out_of_memory(): an arena holds configuration, whose
 * size was bounded before, and no caller could go on without it.
 */
#ifndef MUSTER_BASE_ARENA_H
#define MUSTER_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */

/* Zeroed memory, aligned for any type; never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* Zeroed memory for `count` objects of `size` bytes; ends the process on overflow. */
void *arena_calloc(struct arena *a, size_t count, size_t size);

/* Copies with a terminating NUL; never NULL. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t size);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
