/* SPDX-License-Identifier: MIT */
/* How fast a number grows: its increase over the last RATE_WINDOW_US or so. */
#ifndef MUSTER_SINK_RATE_H
#define MUSTER_SINK_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_STEP_US   (INT64_C(500) * 1000)
#define RATE_WINDOW_US (10 * RATE_STEP_US)

enum { RATE_SAMPLES = RATE_WINDOW_US / RATE_STEP_US };

/* Zeroed: no samples yet. */
struct rate {
    struct {
        int64_t at_us;
        uint64_t total;
    } samples[RATE_SAMPLES]; /* a ring; `next` is the oldest once it is full */
    size_t count;
    size_t next;
};

/* Takes note of the total, at most once every RATE_STEP_US; to be called often. */
void rate_sample(struct rate *r, int64_t now_us, uint64_t total);

/* Growth per second up to now; 0 where it is too early to tell. */
double rate_per_second(const struct rate *r, int64_t now_us, uint64_t total);

#endif
