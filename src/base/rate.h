/* SPDX-License-Identifier: MIT */
/* A limit of bytes a second, shared by all who take from it; whoever took too much waits. */
#ifndef MUSTER_BASE_RATE_H
#define MUSTER_BASE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Time that was not used and may be made up for: timers are late by a millisecond or so. */
#define RATE_CREDIT_US (INT64_C(50) * 1000)

struct rate {
    uint64_t bytes_per_s; /* 0: no limit */
    int64_t free_at_us;   /* monotonic: when what was taken has had its time */
};

/* May something be taken at `now_us`? If not, `ret_at_us` is when. */
bool rate_is_free(const struct rate *r, int64_t now_us, int64_t *ret_at_us);

/* Takes `size` bytes, of which the next one in turn pays the time. */
void rate_take(struct rate *r, size_t size, int64_t now_us);

#endif
