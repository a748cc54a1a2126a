/* SPDX-License-Identifier: MIT */
#include "sink/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/memory.h"
#include "base/random_hex.h"
#include "base/utf8.h"
#include "sink/safe_text.h"

#define ERASE_LINE "\r\x1b[K"

enum { TOKEN_BYTES = 16 };

struct screen {
    struct screen_args args;
    bool has_status;                /* the progress line stands on the terminal */
    bool is_paused;                 /* it may not be drawn */
    bool is_mid_line[STREAM_COUNT]; /* the last byte that went there was no newline */
    bool is_stdout_exact;
    bool is_over;                  /* no text of hosts follows */
    bool is_guarded[STREAM_COUNT]; /* GitHub's stop marker was written there */
    char token[2 * TOKEN_BYTES + 1];
};

struct screen *screen_new(const struct screen_args *args)
{
    struct screen *s = xcalloc(1, sizeof *s);
    s->args = *args;
    if (args->is_github)
        random_hex(s->token, TOKEN_BYTES);
    return s;
}

void screen_free(struct screen *s)
{
    free(s);
}

const struct screen_side *screen_side(const struct screen *s, enum stream side)
{
    return &s->args.sides[side];
}

bool screen_is_utf8(const struct screen *s)
{
    return s->args.is_utf8;
}

void screen_add_remote(const struct screen *s, enum stream side, struct buf *out, const char *data,
                       size_t size)
{
    if (s->args.sides[side].is_terminal && !s->args.is_raw)
        safe_text_add(out, data, size, s->args.is_utf8);
    else
        buf_add(out, data, size);
}

void screen_add_remote_line(const struct screen *s, enum stream side, struct buf *out,
                            const char *text)
{
    if (s->args.sides[side].is_terminal && !s->args.is_raw) {
        safe_text_add_line(out, text, strlen(text), s->args.is_utf8);
        return;
    }
    for (; *text; text++)
        buf_add_char(out, *text == '\n' || *text == '\r' ? ' ' : *text);
}

/* Queues bytes for one side, if it can be written to. */
static void put(struct screen *s, enum stream side, const char *data, size_t size)
{
    if (s->args.sides[side].output)
        output_put(s->args.sides[side].output, data, size);
}

/* Writes GitHub's stop marker where hosts' text is about to go for the first time. */
static void guard(struct screen *s, enum stream side)
{
    if (!s->args.is_github || s->is_over || s->is_guarded[side] ||
        s->args.sides[side].is_regular_file)
        return;
    if (side == STREAM_STDOUT && s->is_stdout_exact)
        return;
    s->is_guarded[side] = true;
    char line[64];
    int size = snprintf(line, sizeof line, "::stop-commands::%s\n", s->token);
    put(s, side, line, (size_t)size);
}

void screen_write(struct screen *s, enum stream side, const char *data, size_t size)
{
    if (size == 0)
        return;
    if (s->args.sides[side].is_terminal)
        screen_clear_status(s);
    guard(s, STREAM_STDERR);
    guard(s, side);
    put(s, side, data, size);
    s->is_mid_line[side] = data[size - 1] != '\n';
}

/* Does the cursor of the terminal stand behind an unfinished line? */
static bool is_cursor_mid_line(const struct screen *s)
{
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        if (s->args.sides[i].is_terminal && s->is_mid_line[i])
            return true;
    }
    return false;
}

void screen_message(struct screen *s, const char *data, size_t size)
{
    bool is_terminal = s->args.sides[STREAM_STDERR].is_terminal;
    if (s->is_mid_line[STREAM_STDERR] || (is_terminal && is_cursor_mid_line(s))) {
        screen_write(s, STREAM_STDERR, "\n", 1);
        s->is_mid_line[STREAM_STDOUT] = false;
    }
    screen_write(s, STREAM_STDERR, data, size);
}

void screen_messagef(struct screen *s, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int size = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (size < 0)
        base_out_of_memory();
    char *line = xprintf("%s\n", text);
    screen_message(s, line, (size_t)size + 1);
    free(line);
    free(text);
}

/* Columns of the terminal that standard error is; 80 where nobody knows. */
static unsigned terminal_columns(const struct screen *s)
{
    struct winsize size;
    const struct screen_side *side = &s->args.sides[STREAM_STDERR];
    if (!side->is_terminal || ioctl(side->fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

/* Bytes of `line` that fit into `columns`, each character taken for one column. */
static size_t fitting_size(const char *line, size_t columns)
{
    size_t size = strlen(line), at = 0;
    for (; columns > 0 && at < size; columns--) {
        uint32_t c;
        int length = utf8_decode(line + at, size - at, &c);
        at += length > 0 ? (size_t)length : 1;
    }
    return at;
}

bool screen_draw_status(struct screen *s, const char *line)
{
    const struct screen_side *side = &s->args.sides[STREAM_STDERR];
    if (!side->output || !side->is_terminal || s->is_paused || is_cursor_mid_line(s))
        return false;
    size_t size = fitting_size(line, terminal_columns(s) - 1);
    char *text = xprintf("\r%.*s\x1b[K", (int)size, line);
    bool is_drawn = output_offer(side->output, text, strlen(text));
    free(text);
    s->has_status |= is_drawn;
    return is_drawn;
}

bool screen_has_status(const struct screen *s)
{
    return s->has_status;
}

void screen_clear_status(struct screen *s)
{
    if (!s->has_status)
        return;
    s->has_status = false;
    put(s, STREAM_STDERR, ERASE_LINE, sizeof ERASE_LINE - 1);
}

void screen_pause(struct screen *s, bool is_paused)
{
    screen_clear_status(s);
    s->is_paused = is_paused;
}

void screen_keep_stdout_exact(struct screen *s)
{
    s->is_stdout_exact = true;
}

void screen_end(struct screen *s)
{
    screen_clear_status(s);
    s->is_paused = true;
    s->is_over = true;
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        if (!s->is_guarded[i])
            continue;
        s->is_guarded[i] = false;
        char line[64];
        int size =
            snprintf(line, sizeof line, "%s::%s::\n", s->is_mid_line[i] ? "\n" : "", s->token);
        put(s, (enum stream)i, line, (size_t)size);
    }
}
