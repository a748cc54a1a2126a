/* SPDX-License-Identifier: MIT */
/*
 * The allocators used for small, bounded objects: they return memory or end the process.
 *
 * What a remote host can make grow goes through `struct buf`, which has a cap and can fail; what
 * is left are objects of fixed size, for which running out of memory leaves nothing to do but to
 * say so (exit status 70).
 */
#ifndef MUSTER_BASE_MEMORY_H
#define MUSTER_BASE_MEMORY_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
void *xrealloc_array(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t size);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Writes "muster: out of memory" to stderr and ends the process with status 70. */
_Noreturn void base_out_of_memory(void);

#endif
