/* SPDX-License-Identifier: MIT */
#include "cli/limits.h"

#include <sys/resource.h>

/* Besides a socket for each host (more while several of its addresses are tried: few hosts do that
 * at once): standard streams, reports, the loop's own, the agent, spools, the resolver's sockets.
 */
#define RESERVE 160

size_t limits_raise_for_hosts(size_t hosts, size_t each)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return hosts;
    rlim_t needed = (rlim_t)hosts * (rlim_t)each + RESERVE;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed)
        return hosts;
    limit.rlim_cur =
        limit.rlim_max == RLIM_INFINITY || limit.rlim_max > needed ? needed : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed)
        return hosts;
    size_t possible = limit.rlim_cur > RESERVE ? (size_t)(limit.rlim_cur - RESERVE) / each : 0;
    return possible > 0 ? possible : 1;
}
