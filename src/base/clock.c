/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

/* Reads one clock in microseconds. */
static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * US_PER_SEC + ts.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_unix_us(void)
{
    return read_us(CLOCK_REALTIME);
}

void clock_rfc3339(int64_t unix_us, char ret[static CLOCK_RFC3339_SIZE])
{
    time_t seconds = (time_t)(unix_us / US_PER_SEC);
    unsigned ms = (unsigned)(unix_us % US_PER_SEC / US_PER_MS) % 1000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char day[24];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret, CLOCK_RFC3339_SIZE, "%s.%03uZ", day, ms);
}
