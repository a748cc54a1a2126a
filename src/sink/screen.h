/* SPDX-License-Identifier: MIT */
/*
 * Standard output and standard error as one place that several sinks write to: lines of hosts,
 * messages, and the progress line, which must never mix.
 *
 *      stream, recap, notes --> screen_write(), screen_message() --+--> output (writer.h)
 *      progress ----------> screen_draw_status() -- dropped if busy +
 *
 * The progress line stands at the bottom of the terminal, without a newline; whatever is written
 * erases it first, and progress draws it again at its next tick. Nothing is drawn while the cursor
 * stands behind an unfinished line.
 *
 * Under GitHub Actions the screen first writes `::stop-commands::TOKEN`, so that no host can issue
 * workflow commands, and screen_end() writes `::TOKEN::`. A regular file is left alone.
 */
#ifndef MUSTER_SINK_SCREEN_H
#define MUSTER_SINK_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "model/event.h"
#include "sink/writer.h"

/* What is known of standard output or standard error. */
struct screen_side {
    struct output *output; /* NULL: closed, or used for something else; text for it is dropped */
    int fd;                /* asked for the width of the terminal */
    bool is_terminal;
    bool is_regular_file;
    bool has_color; /* may muster colour its own text there? */
};

struct screen_args {
    struct screen_side sides[STREAM_COUNT];
    bool is_utf8;   /* is the locale's encoding UTF-8? */
    bool is_raw;    /* remote bytes go to a terminal as they are */
    bool is_github; /* GITHUB_ACTIONS=true */
};

struct screen;

struct screen *screen_new(const struct screen_args *args);
void screen_free(struct screen *s); /* NULL is fine; writes nothing */

const struct screen_side *screen_side(const struct screen *s, enum stream side);
bool screen_is_utf8(const struct screen *s);

/* Appends remote bytes to `out` in the form fit for `side`: as they are, or safe for a terminal. */
void screen_add_remote(const struct screen *s, enum stream side, struct buf *out, const char *data,
                       size_t size);

/* As screen_add_remote(), and newlines become spaces. */
void screen_add_remote_line(const struct screen *s, enum stream side, struct buf *out,
                            const char *text);

/* Writes to one side, as one write(2); erases the progress line first. */
void screen_write(struct screen *s, enum stream side, const char *data, size_t size);

/* Writes whole lines of muster's own to standard error; begins on a line of its own where the
 * cursor stands behind an unfinished line of a host. */
void screen_message(struct screen *s, const char *data, size_t size);

/* One line of muster's own: formats, and adds the newline. */
void screen_messagef(struct screen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Draws the progress line, cut to the terminal's width, over the one that stands there. False
 * where it was not drawn: standard error is no terminal, or the queue is busy, or paused. */
bool screen_draw_status(struct screen *s, const char *line);

/* Does a progress line stand there? */
bool screen_has_status(const struct screen *s);

/* Erases the progress line. */
void screen_clear_status(struct screen *s);

/* While paused (somebody is asked on the terminal) no progress line is drawn. */
void screen_pause(struct screen *s, bool is_paused);

/* Standard output must carry the hosts' bytes and nothing else: no GitHub marker there. */
void screen_keep_stdout_exact(struct screen *s);

/* Nothing of a host follows: erases the progress line, lets GitHub read commands again. */
void screen_end(struct screen *s);

#endif
