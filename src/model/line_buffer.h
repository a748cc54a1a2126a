/* SPDX-License-Identifier: MIT */
/*
 * Cuts a byte stream into pieces of whole lines, each at most LINE_PIECE_SIZE bytes.
 *
 * What comes with its newline is handed on from the caller's memory at once; only an unfinished
 * line is kept, and a line that outgrows a piece is handed on in parts of exactly that size, of
 * which only the last has a newline. Nothing is added, dropped or changed.
 */
#ifndef MUSTER_MODEL_LINE_BUFFER_H
#define MUSTER_MODEL_LINE_BUFFER_H

#include <stddef.h>

#include "base/buf.h"

#define LINE_PIECE_SIZE ((size_t)64 * 1024)

/* A piece: never empty; borrowed for the call. */
typedef void line_piece_fn(void *arg, const char *data, size_t size);

struct line_buffer {
    struct buf rest; /* the unfinished line */
    line_piece_fn *fn;
    void *arg;
};

void line_buffer_init(struct line_buffer *lb, line_piece_fn *fn, void *arg);
void line_buffer_release(struct line_buffer *lb);

void line_buffer_add(struct line_buffer *lb, const char *data, size_t size);

/* The stream ended: hands on a last line without newline. */
void line_buffer_finish(struct line_buffer *lb);

#endif
