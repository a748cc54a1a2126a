/* SPDX-License-Identifier: MIT */
#include "sink/rate.h"

void rate_sample(struct rate *r, int64_t now_us, uint64_t total)
{
    size_t last = (r->next + RATE_SAMPLES - 1) % RATE_SAMPLES;
    if (r->count && now_us - r->samples[last].at_us < RATE_STEP_US)
        return;
    r->samples[r->next].at_us = now_us;
    r->samples[r->next].total = total;
    r->next = (r->next + 1) % RATE_SAMPLES;
    r->count += r->count < RATE_SAMPLES;
}

double rate_per_second(const struct rate *r, int64_t now_us, uint64_t total)
{
    size_t oldest = r->count < RATE_SAMPLES ? 0 : r->next;
    int64_t us = r->count ? now_us - r->samples[oldest].at_us : 0;
    if (us < RATE_STEP_US || total < r->samples[oldest].total)
        return 0;
    return (double)(total - r->samples[oldest].total) * 1e6 / (double)us;
}
