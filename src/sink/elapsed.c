/* SPDX-License-Identifier: MIT */
#include "sink/elapsed.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

enum { MINUTE = 60, HOUR = 3600 };

void elapsed_text(int64_t us, char ret[static ELAPSED_SIZE])
{
    int64_t s = us > 0 ? us / US_PER_SEC : 0;
    double exact = us > 0 ? (double)us / 1e6 : 0;
    if (exact < 0.995)
        snprintf(ret, ELAPSED_SIZE, "%.2fs", exact);
    else if (exact < 59.95)
        snprintf(ret, ELAPSED_SIZE, "%.1fs", exact);
    else if (s < MINUTE) /* what rounds up to it */
        snprintf(ret, ELAPSED_SIZE, "1m00s");
    else if (s < HOUR)
        snprintf(ret, ELAPSED_SIZE, "%" PRId64 "m%02ds", s / MINUTE, (int)(s % MINUTE));
    else
        snprintf(ret, ELAPSED_SIZE, "%" PRId64 "h%02dm", s / HOUR, (int)(s % HOUR / MINUTE));
}

void elapsed_clock(int64_t us, char ret[static ELAPSED_SIZE])
{
    int64_t s = us > 0 ? us / US_PER_SEC : 0;
    if (s < HOUR)
        snprintf(ret, ELAPSED_SIZE, "%d:%02d", (int)(s / MINUTE), (int)(s % MINUTE));
    else
        snprintf(ret, ELAPSED_SIZE, "%" PRId64 ":%02d:%02d", s / HOUR, (int)(s % HOUR / MINUTE),
                 (int)(s % MINUTE));
}
