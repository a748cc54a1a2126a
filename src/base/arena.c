/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK_SIZE = 64 * 1024 };

struct block {
    struct block *next;
    size_t used;
    size_t room;
    max_align_t data[];
};

struct arena {
    struct block *blocks; /* newest first */
};

struct arena *arena_new(void)
{
    return xcalloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

/* Adds a block with room for at least `size` bytes. */
static struct block *add_block(struct arena *a, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    if (room > SIZE_MAX - sizeof(struct block))
        base_out_of_memory();
    struct block *b = xcalloc(1, sizeof *b + room);
    b->room = room;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX - align)
        base_out_of_memory();
    size = (size + align - 1) / align * align;
    struct block *b = a->blocks;
    if (!b || b->room - b->used < size)
        b = add_block(a, size);
    void *p = (char *)b->data + b->used;
    b->used += size;
    return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        base_out_of_memory();
    return arena_alloc(a, count * size);
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_strndup(struct arena *a, const char *text, size_t size)
{
    char *p = arena_alloc(a, size + 1);
    memcpy(p, text, size);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int size = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (size < 0)
        base_out_of_memory();
    char *p = arena_strndup(a, text, (size_t)size);
    free(text);
    return p;
}
