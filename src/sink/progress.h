/* SPDX-License-Identifier: MIT */
/*
 * How far the run is: one line at the bottom of a terminal, or now and then a line in a log.
 *
 *      812/1204  ok 808  failed 1  not reached 3   queued 264  running 128   0:07 eta 0:03
 *      6/8  ok 6   copying 2   1.2G/4.0G  85M/s   0:07 eta 0:31
 *
 * Of a push or pull it says how much content is where it belongs. Where the whole is known, a host
 * that ended counts as having its equal share: what it had already, or will not get, is not to
 * come.
 *
 * The caller owns the timer: progress_tick() every PROGRESS_TICK_US or so. The line is first drawn
 * after PROGRESS_FIRST_US, at most once a tick, and only where nothing else waits to be written.
 */
#ifndef MUSTER_SINK_PROGRESS_H
#define MUSTER_SINK_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sink/screen.h"
#include "sink/sink.h"

#define PROGRESS_TICK_US  (INT64_C(100) * 1000)
#define PROGRESS_FIRST_US (INT64_C(500) * 1000)
#define PROGRESS_BEAT_US  (INT64_C(30) * 1000 * 1000)

struct progress_args {
    struct screen *screen; /* borrowed */
    bool has_line;         /* draw a line on the terminal */
    bool has_beat;         /* write a line every PROGRESS_BEAT_US */
    int64_t now_us;        /* monotonic */
};

struct sink *progress_new(const struct progress_args *args);

/* Draws or writes what is due at `now_us` of the monotonic clock. */
void progress_tick(struct sink *progress, int64_t now_us);

/* Appends the line as it would be drawn now, without a newline: for SIGUSR1. */
void progress_status_line(const struct sink *progress, int64_t now_us, struct buf *out);

/* Appends which hosts are at work, the oldest first, with phase and age, a line each; at most
 * `hosts_max`, and how many more. For the first Ctrl-C. */
void progress_running(const struct sink *progress, int64_t now_us, size_t hosts_max,
                      struct buf *out);

#endif
