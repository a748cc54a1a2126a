/* SPDX-License-Identifier: MIT */
/* How many descriptors the process may have, and how many hosts that is enough for. */
#ifndef MUSTER_CLI_LIMITS_H
#define MUSTER_CLI_LIMITS_H

#include <stddef.h>

/* Raises the soft limit of open files to what `hosts` at once need, `each` of them so many, as far
 * as the hard limit allows. Returns how many hosts at once there are descriptors for: `hosts`, or
 * fewer. */
size_t limits_raise_for_hosts(size_t hosts, size_t each);

#endif
