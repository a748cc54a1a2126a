/* SPDX-License-Identifier: MIT */
/*
 * Counts how hosts ended, and decides the exit status of muster by the table in muster(1).
 *
 * The first that applies: ended by a signal, 70 internal, 74 an output failed, 5 incomplete, 4 it
 * never ran somewhere (or transfer, lost), 3 a time limit somewhere, 1 a command failed, 0.
 */
#ifndef MUSTER_SINK_TALLY_H
#define MUSTER_SINK_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "sink/sink.h"

/* Exit statuses that the table fixes. */
enum {
    TALLY_OK = 0,
    TALLY_FAILED = 1,
    TALLY_TIMEOUT = 3,
    TALLY_NEVER_RAN = 4,
    TALLY_INCOMPLETE = 5,
    TALLY_INTERNAL = 70,
    TALLY_OUTPUT = 74,
    TALLY_SIGNAL = 128, /* plus the signal's number */
};

/* What the exit status depends on. */
struct tally_counts {
    size_t selected;
    size_t by_status[STATUS_COUNT];
    size_t without_code;    /* hosts that are not ok and ended without an exit code */
    uint32_t max_exit_code; /* of those that have one */
    bool is_over;           /* run_end was seen */
    bool is_stopped;        /* the run was stopped before its end: limit, deadline, signal */
    int signal;             /* that ended the run, or 0 */
    bool has_failed_output; /* something could not be written */
};

struct tally_rules {
    bool is_maxrc;     /* -S: the largest exit code instead of 1, 3 and 4; none counts as 255 */
    bool is_exit_zero; /* --exit-zero: 0 instead of 1, 3, 4, 5 and what -S makes of them */
};

/* The exit status. Pure. A host that never ended is a defect: 70. */
int tally_exit_status(const struct tally_counts *counts, const struct tally_rules *rules);

/* Hosts that never started: unreachable, host_key, auth. */
size_t tally_not_reached(const struct tally_counts *counts);

/* How long hosts took, from the look-up to the end; queueing is not counted. -1: no host began. */
struct tally_times {
    int64_t p50_us; /* nearest rank */
    int64_t p95_us;
    int64_t max_us;
};

/* The sink that counts. Has to hear of an event before those that read the counts. */
struct sink *tally_new(void);

/* Valid at any time. */
const struct tally_counts *tally_counts(const struct sink *tally);

/* Bytes that hosts sent, of those that ended. */
uint64_t tally_bytes(const struct sink *tally, enum stream stream);

/* What pushes and pulls did on the hosts that ended. */
struct transfer_totals tally_transfer(const struct sink *tally);

/* Sorts: for the end of a run. */
struct tally_times tally_times(const struct sink *tally);

/* From now on the status is 74, unless a signal or a defect is stronger. */
void tally_output_failed(struct sink *tally);

#endif
