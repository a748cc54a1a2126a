/* SPDX-License-Identifier: MIT */
/*
 * One host as a person names it: "web01", "10.0.0.5", "root@web01:2222", "fe80::1%eth0",
 * "[::1]:22", "ssh" style without the scheme.
 *
 * A name becomes a label, a file name under --outdir and an argument of other programs, so what
 * could be mistaken there is refused: control characters, blanks, a leading dash, slashes, quotes
 * and the shell's other special characters, and those of host expressions (pattern.h).
 */
#ifndef MUSTER_MODEL_HOST_NAME_H
#define MUSTER_MODEL_HOST_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

#define HOST_NAME_MAX_SIZE 255 /* bytes of the host, as in DNS */

/* A name taken apart; the texts lie in an arena. */
struct host_name {
    const char *user; /* NULL where none was given */
    const char *host; /* without brackets */
    uint16_t port;    /* 0 where none was given */
    bool is_ipv6;
    bool is_address; /* a numeric address, IPv6 or IPv4 */
};

/* Reads "[user@]host[:port]". Errors (ERR_USAGE) quote what is wrong: `"a/b" cannot be a host name:
 * it contains '/'`. */
bool host_name_parse(const char *text, struct arena *arena, struct host_name *ret,
                     struct error *reterr);

/* Is `text` a bare host, without user, port or brackets? The error is that of host_name_parse(). */
bool host_name_check(const char *text, struct error *reterr);

/* The one way to write it, in an arena: brackets only around an IPv6 address with a port. */
const char *host_name_print(const struct host_name *name, struct arena *arena);

#endif
