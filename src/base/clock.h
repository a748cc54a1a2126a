/* SPDX-License-Identifier: MIT */
/*
 * The two clocks. Durations and deadlines are microseconds of the monotonic clock; moments that
 * people read are microseconds since the Unix epoch, UTC.
 */
#ifndef MUSTER_BASE_CLOCK_H
#define MUSTER_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define US_PER_MS  INT64_C(1000)
#define US_PER_SEC INT64_C(1000000)

int64_t clock_monotonic_us(void);
int64_t clock_unix_us(void);

/* Room for "2026-11-23T21:43:01.123Z" and its NUL. */
#define CLOCK_RFC3339_SIZE 32

/* RFC 3339, UTC, milliseconds, into `ret`. */
void clock_rfc3339(int64_t unix_us, char ret[static CLOCK_RFC3339_SIZE]);

/* Reads exactly that form back; any number of digits of a second, or none. False where `text` is
 * something else. */
bool clock_from_rfc3339(const char *text, int64_t *ret);

#endif
