/* SPDX-License-Identifier: MIT */
/* Lengths of time for people: 0.41s, 12.4s, 1m04s, 2h07m; and as on a clock: 0:07, 12:04, 1:02:03.
 */
#ifndef MUSTER_SINK_ELAPSED_H
#define MUSTER_SINK_ELAPSED_H

#include <stdint.h>

#define ELAPSED_SIZE 24

/* Writes `us` microseconds (negative counts as 0) into `ret`. */
void elapsed_text(int64_t us, char ret[static ELAPSED_SIZE]);
void elapsed_clock(int64_t us, char ret[static ELAPSED_SIZE]);

#endif
