/* SPDX-License-Identifier: MIT */
/*
 * A password or passphrase: kept in memory that is locked where the limit allows, excluded from
 * core files (MADV_DONTDUMP), and wiped before it is freed. Never traced, never in an error text.
 */
#ifndef MUSTER_BASE_SECRET_H
#define MUSTER_BASE_SECRET_H

#include <stddef.h>

#include "base/buf.h"

struct secret;

/* A copy of `size` bytes; the caller wipes its own. */
struct secret *secret_new(const char *data, size_t size);
void secret_free(struct secret *s); /* NULL is fine; wipes first */

/* The bytes, followed by a NUL that is not counted. */
const char *secret_data(const struct secret *s);
size_t secret_size(const struct secret *s);

/* Overwrites memory in a way the compiler keeps. */
void secret_wipe(void *data, size_t size);

/* buf_release() for a buffer that held a secret. One that grew left copies behind: reserve all of
 * its room first. */
void secret_release_buf(struct buf *b);

#endif
