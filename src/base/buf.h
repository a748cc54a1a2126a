/* SPDX-License-Identifier: MIT */
/*
 * Growable bytes with a mandatory cap and sticky failure.
 *
 * Every append either happens whole or not at all. When the cap would be passed, or memory is out,
 * `failed` is set and stays set, and later appends do nothing, so that a series of appends needs
 * one check at its end. The bytes are always followed by a NUL that is not counted.
 */
#ifndef MUSTER_BASE_BUF_H
#define MUSTER_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* heap, owned; NULL while nothing was appended */
    size_t size;
    size_t room;
    size_t cap; /* most bytes it may ever hold */
    bool failed;
};

/* An empty buffer that will hold at most `cap` bytes. */
void buf_init(struct buf *b, size_t cap);

/* Frees the memory; the buffer is empty, has the same cap and may be used again. */
void buf_release(struct buf *b);

/* Forgets the bytes and the failure but keeps the memory. */
void buf_clear(struct buf *b);

/* Appends; returns false when the buffer is in failure. */
bool buf_add(struct buf *b, const void *data, size_t size);
bool buf_add_str(struct buf *b, const char *text);
bool buf_add_char(struct buf *b, char c);
bool buf_add_repeat(struct buf *b, char c, size_t times);
bool buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for `size` more bytes and returns where they go, or NULL; then buf_commit() counts. */
void *buf_reserve(struct buf *b, size_t size);
void buf_commit(struct buf *b, size_t size);

/* Drops the first `size` bytes. */
void buf_consume(struct buf *b, size_t size);

/* Drops all but the first `size` bytes. */
void buf_truncate(struct buf *b, size_t size);

/* The bytes as a NUL-terminated string, never NULL; valid until the next change. */
const char *buf_str(const struct buf *b);

/* Hands the bytes over as a heap string that the caller frees; NULL on failure. The buffer is
 * empty afterwards. */
char *buf_detach(struct buf *b);

#endif
