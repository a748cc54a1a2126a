/* SPDX-License-Identifier: MIT */
#include "cli/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/trace.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MAX     10000

void terminal_init(void)
{
    (void)setlocale(LC_CTYPE, ""); /* where it fails, "C" stays */
}

bool terminal_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Is the variable set, not empty, and not "0"? */
static bool is_on(const char *name)
{
    const char *value = getenv(name);
    return value && *value && strcmp(value, "0") != 0;
}

/* Is the variable set to exactly this? */
static bool has_value(const char *name, const char *expected)
{
    const char *value = getenv(name);
    return value && strcmp(value, expected) == 0;
}

bool terminal_use_color(enum color_when when, int fd)
{
    const char *no_color = getenv("NO_COLOR");
    if (when != COLOR_AUTO)
        return when == COLOR_ALWAYS;
    if (no_color && *no_color)
        return false;
    if (is_on("CLICOLOR_FORCE") || is_on("FORCE_COLOR"))
        return true;
    if (has_value("TERM", "dumb") || has_value("CLICOLOR", "0"))
        return false;
    return isatty(fd);
}

unsigned terminal_width(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
    return n > 0 && n <= WIDTH_MAX ? (unsigned)n : WIDTH_DEFAULT;
}

/* Writes one trace line, whole, so that no other writer gets between its parts. */
static void write_trace(void *arg, const char *line)
{
    (void)arg;
    char *whole = xprintf("muster: %s\n", line);
    ssize_t ignored = write(STDERR_FILENO, whole, strlen(whole));
    (void)ignored;
    free(whole);
}

void terminal_trace(unsigned level)
{
    trace_set(level > 2 ? 2 : (int)level, write_trace, NULL);
}
