/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void base_out_of_memory(void)
{
    static const char text[] = "muster: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(70);
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        base_out_of_memory();
    return p;
}

void *xrealloc_array(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        base_out_of_memory();
    size_t total = count * size;
    void *p = realloc(old, total > 0 ? total : 1);
    if (!p)
        base_out_of_memory();
    return p;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t size)
{
    char *p = xcalloc(size + 1, 1);
    memcpy(p, text, size);
    return p;
}

char *xprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        base_out_of_memory();
    va_end(ap);
    return text;
}
