/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 128 };

void buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){ .cap = cap };
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->cap);
}

void buf_clear(struct buf *b)
{
    b->size = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

void *buf_reserve(struct buf *b, size_t size)
{
    if (b->failed || size > b->cap || b->size > b->cap - size) {
        b->failed = true;
        return NULL;
    }
    size_t needed = b->size + size + 1;
    if (needed > b->room) {
        size_t room = b->room ? b->room : FIRST_ROOM;
        while (room < needed)
            room *= 2;
        if (room > b->cap + 1)
            room = b->cap + 1;
        char *data = realloc(b->data, room);
        if (!data) {
            b->failed = true;
            return NULL;
        }
        b->data = data;
        b->room = room;
    }
    return b->data + b->size;
}

void buf_commit(struct buf *b, size_t size)
{
    b->size += size;
    b->data[b->size] = '\0';
}

bool buf_add(struct buf *b, const void *data, size_t size)
{
    void *to = buf_reserve(b, size);
    if (!to)
        return false;
    if (size)
        memcpy(to, data, size);
    buf_commit(b, size);
    return true;
}

bool buf_add_str(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

bool buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

bool buf_add_repeat(struct buf *b, char c, size_t times)
{
    char *to = buf_reserve(b, times);
    if (!to)
        return false;
    memset(to, c, times);
    buf_commit(b, times);
    return true;
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int size = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (size < 0) {
        b->failed = true;
        return false;
    }
    bool done = buf_add(b, text, (size_t)size);
    free(text);
    return done;
}

void buf_consume(struct buf *b, size_t size)
{
    if (size == 0)
        return;
    memmove(b->data, b->data + size, b->size - size + 1);
    b->size -= size;
}

void buf_truncate(struct buf *b, size_t size)
{
    if (size >= b->size)
        return;
    b->size = size;
    b->data[size] = '\0';
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_detach(struct buf *b)
{
    if (!b->data && !b->failed)
        buf_add(b, "", 0);
    char *data = b->failed ? NULL : b->data;
    if (b->failed)
        free(b->data);
    buf_init(b, b->cap);
    return data;
}
