/* SPDX-License-Identifier: MIT */
/*
 * The name of a host in front of its line: "web01: ". On a terminal names are harmless, coloured by
 * host (all red on standard error), and what follows them stands in one column.
 */
#ifndef MUSTER_SINK_LABEL_H
#define MUSTER_SINK_LABEL_H

#include <stddef.h>

#include "model/event.h"
#include "sink/screen.h"

/* Of one run. */
struct label {
    const struct screen *screen;
    size_t column; /* where text begins on a terminal */
};

/* Learns how wide the names are. */
void label_init(struct label *label, const struct screen *screen, const struct run_info *run);

/* Appends the name, a colon and blanks to a line for `side`. */
void label_add(const struct label *label, enum stream side, const struct host_info *host,
               struct buf *out);

#endif
