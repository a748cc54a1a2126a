/* SPDX-License-Identifier: MIT */
/* Names and tokens that nobody can foresee. */
#ifndef MUSTER_BASE_RANDOM_HEX_H
#define MUSTER_BASE_RANDOM_HEX_H

#include <stddef.h>

/* The most bytes that may be asked for. */
#define RANDOM_HEX_MAX 32

/* Writes `bytes` random bytes from the system as hexadecimal digits and a NUL: 2 * bytes + 1
 * characters. A system without randomness ends the process. */
void random_hex(char *ret, size_t bytes);

#endif
