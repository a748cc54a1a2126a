/* SPDX-License-Identifier: MIT */
/*
 * --jsonl: every event as one JSON line, one write(2) each, in order as it happens; numbered from
 * 1 without gaps. After a host's end no further host is started before its line is on the
 * descriptor: what a kill -9 leaves behind names every host that had ended before the last start.
 */
#ifndef MUSTER_SINK_JSONL_H
#define MUSTER_SINK_JSONL_H

#include "sink/sink.h"
#include "sink/writer.h"

/* Both are borrowed. */
struct sink *jsonl_new(struct writer *writer, struct output *output);

#endif
