/* SPDX-License-Identifier: MIT */
#include "base/rate.h"

#include "base/clock.h"

bool rate_is_free(const struct rate *r, int64_t now_us, int64_t *ret_at_us)
{
    *ret_at_us = r->free_at_us;
    return r->bytes_per_s == 0 || r->free_at_us <= now_us;
}

void rate_take(struct rate *r, size_t size, int64_t now_us)
{
    if (r->bytes_per_s == 0)
        return;
    if (r->free_at_us < now_us - RATE_CREDIT_US)
        r->free_at_us = now_us - RATE_CREDIT_US;
    r->free_at_us += (int64_t)((double)size * (double)US_PER_SEC / (double)r->bytes_per_s);
}
