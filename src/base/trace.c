/* SPDX-License-Identifier: MIT */
#include "base/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    int level;
    trace_write_fn *write;
    void *arg;
} tracer;

void trace_set(int level, trace_write_fn *write, void *arg)
{
    tracer.level = write ? level : 0;
    tracer.write = write;
    tracer.arg = arg;
}

int trace_level(void)
{
    return tracer.level;
}

/* Formats and hands over one line. */
__attribute__((format(printf, 1, 0))) static void write_line(const char *fmt, va_list ap)
{
    char *line = NULL;
    if (vasprintf(&line, fmt, ap) < 0)
        return;
    tracer.write(tracer.arg, line);
    free(line);
}

void trace_note(const char *fmt, ...)
{
    if (tracer.level < 1)
        return;
    va_list ap;
    va_start(ap, fmt);
    write_line(fmt, ap);
    va_end(ap);
}

void trace_debug(const char *fmt, ...)
{
    if (tracer.level < 2)
        return;
    va_list ap;
    va_start(ap, fmt);
    write_line(fmt, ap);
    va_end(ap);
}
