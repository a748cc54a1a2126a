/* SPDX-License-Identifier: MIT */
#include "model/line_buffer.h"

#include <string.h>

void line_buffer_init(struct line_buffer *lb, line_piece_fn *fn, void *arg)
{
    buf_init(&lb->rest, LINE_PIECE_SIZE);
    lb->fn = fn;
    lb->arg = arg;
}

void line_buffer_release(struct line_buffer *lb)
{
    buf_release(&lb->rest);
}

/* Hands on what is kept, and keeps the memory only while it is small. */
static void flush_rest(struct line_buffer *lb)
{
    if (lb->rest.size == 0)
        return;
    lb->fn(lb->arg, lb->rest.data, lb->rest.size);
    if (lb->rest.room > 4096)
        buf_release(&lb->rest);
    else
        buf_clear(&lb->rest);
}

/* How much of `data` may go on with the kept beginning of its line: up to its newline, or to a full
 * piece. */
static size_t size_of_continuation(const struct line_buffer *lb, const char *data, size_t size)
{
    size_t room = LINE_PIECE_SIZE - lb->rest.size;
    size_t most = size < room ? size : room;
    const char *newline = memchr(data, '\n', most);
    return newline ? (size_t)(newline - data) + 1 : most;
}

/* Completes the kept line as far as `data` goes; returns the bytes used. */
static size_t continue_line(struct line_buffer *lb, const char *data, size_t size)
{
    size_t n = size_of_continuation(lb, data, size);
    buf_add(&lb->rest, data, n);
    if (lb->rest.size == LINE_PIECE_SIZE || data[n - 1] == '\n')
        flush_rest(lb);
    return n;
}

/* The longest run of whole lines that fits a piece; 0 where there is none. */
static size_t size_of_whole_lines(const char *data, size_t size)
{
    size_t most = size < LINE_PIECE_SIZE ? size : LINE_PIECE_SIZE;
    const char *newline = memrchr(data, '\n', most);
    return newline ? (size_t)(newline - data) + 1 : 0;
}

void line_buffer_add(struct line_buffer *lb, const char *data, size_t size)
{
    while (size > 0) {
        size_t n = lb->rest.size ? 0 : size_of_whole_lines(data, size);
        if (n > 0)
            lb->fn(lb->arg, data, n);
        else
            n = continue_line(lb, data, size);
        data += n;
        size -= n;
    }
}

void line_buffer_finish(struct line_buffer *lb)
{
    flush_rest(lb);
}
