/* SPDX-License-Identifier: MIT */
/*
 * What is printed to standard error when the run is over: which hosts were not ok, folded by how
 * and why, the worst last, and one line of counts.
 *
 *      web03      exit 3       inactive
 *      db[07,11]  unreachable  connect: timed out after 10s
 *      1204 hosts: 1200 ok, 1 failed, 3 not reached . 12.4s . p50 0.38s p95 1.2s max 10.0s
 *
 * Fewer than RECAP_FEW hosts are counted in the short form "  2 ok . 0.41s". A host that failed is
 * shown with its last line of stderr, or else of stdout, unless it was the only one: then that
 * stands right above. A push or pull also says how many files are in place, how many changed where
 * that is not all of them, how much was moved, and how fast if it was RECAP_RATE_MIN:
 *
 *      50 hosts: 50 ok . 2,000 files, 12 changed, 8.2M . 3.1s . 2.6M/s . p50 0.38s ...
 *
 * The separator is a middle dot where the locale is UTF-8.
 */
#ifndef MUSTER_SINK_RECAP_H
#define MUSTER_SINK_RECAP_H

#include <stdbool.h>
#include <stdint.h>

#include "sink/screen.h"
#include "sink/sink.h"

#define RECAP_RATE_MIN (UINT64_C(1024) * 1024)

enum {
    RECAP_FEW = 10,
    RECAP_REASONS_MAX = 8, /* more different messages of one kind are folded into one line */
};

struct recap_args {
    struct screen *screen;    /* borrowed */
    const struct sink *tally; /* borrowed; listens before this sink */
    bool is_quiet;            /* no line of counts */
    bool is_dry_run;          /* files would change; nothing did */
};

/* sink_finish() prints. */
struct sink *recap_new(const struct recap_args *args);

#endif
