/* SPDX-License-Identifier: MIT */
/*
 * The text stream: what hosts print, line by line, each with its host's label; their stdout to
 * standard output and their stderr to standard error.
 *
 *      web01: 20:55:02 up 41 days
 *
 * Lines are whole: a host's unfinished line is kept until its newline, or its end, comes; then it
 * gets the missing newline, so that it never joins another host's. A line longer than
 * STREAM_PIECE_MAX comes in pieces, each with label and newline, and is counted in a message at the
 * end; so does the longest one when all hosts together have more than STREAM_HELD_MAX unfinished.
 * One host without a label is exact: every byte as it came, none added.
 */
#ifndef MUSTER_SINK_STREAM_H
#define MUSTER_SINK_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "sink/screen.h"
#include "sink/sink.h"

#define STREAM_PIECE_MAX ((size_t)1024 * 1024)
#define STREAM_HELD_MAX  ((size_t)32 * 1024 * 1024)

struct stream_args {
    struct screen *screen; /* borrowed */
    bool has_labels;
    size_t held_max; /* 0: STREAM_HELD_MAX */
};

struct sink *stream_new(const struct stream_args *args);

/* Memory that unfinished lines take now; never above held_max by more than one event. */
size_t stream_held(const struct sink *stream);

#endif
