/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
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

/* The digits after the point as microseconds; moves `text` past them. */
static int64_t read_fraction(const char **text)
{
    int64_t us = 0;
    const char *at = *text + 1;
    for (int64_t unit = US_PER_SEC / 10; *at >= '0' && *at <= '9'; at++, unit /= 10)
        us += (*at - '0') * unit;
    *text = at;
    return us;
}

bool clock_from_rfc3339(const char *text, int64_t *ret)
{
    struct tm tm = { 0 };
    const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!at)
        return false;
    int64_t us = *at == '.' ? read_fraction(&at) : 0;
    if (strcmp(at, "Z") != 0)
        return false;
    *ret = (int64_t)timegm(&tm) * US_PER_SEC + us;
    return true;
}
