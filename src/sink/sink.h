/* SPDX-License-Identifier: MIT */
/*
 * A sink: a listener that turns events into one output form. One form, one file.
 *
 * A sink accumulates what it needs (events borrow), writes through the writer thread (writer.h)
 * and never blocks. After run_end the cli calls sink_finish() on each, then sink_free().
 */
#ifndef MUSTER_SINK_SINK_H
#define MUSTER_SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/event.h"

struct sink;

/* How long a reader of standard output is waited for once a signal has ended the run. */
#define SINK_DRAIN_AFTER_SIGNAL_US ((int64_t)250 * 1000)

struct sink_ops {
    const char *name;
    /* Writes what is left (a report, a recap). May be NULL. */
    bool (*finish)(struct sink *s, struct error *reterr);
    void (*free)(struct sink *s);
};

struct sink {
    struct listener listener;
    const struct sink_ops *ops;
};

/* True where there is nothing to finish. */
bool sink_finish(struct sink *s, struct error *reterr);
void sink_free(struct sink *s); /* NULL is fine */

#endif
