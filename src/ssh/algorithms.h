/* SPDX-License-Identifier: MIT */
/*
 * Which algorithms are offered to a server (law 13): all eight lists are set, fail closed, fastest
 * first; what this libssh2 lacks is left out. Without them libssh2 1.10 would offer group1-sha1,
 * 3des, arcfour, hmac-md5 and ssh-dss. Only names that libssh2 knows are ever handed to it: 1.10
 * removes others from the list with a memcpy(3) onto itself.
 */
#ifndef MUSTER_SSH_ALGORITHMS_H
#define MUSTER_SSH_ALGORITHMS_H

#include <libssh2.h>
#include <stdbool.h>

#include "base/error.h"
#include "ssh/greeting.h"

/* Sets the lists. `known_types` are the host key types that known_hosts has for this host, to be
 * asked for first: a set of 1u << enum public_key_type. Call before the handshake. */
bool algorithms_apply(LIBSSH2_SESSION *ssh, unsigned known_types, struct error *reterr);

/* Explains a failed negotiation: which list has nothing in common, what the server offers and what
 * we have. Heap, the caller frees; NULL where all lists have something in common. */
char *algorithms_mismatch(LIBSSH2_SESSION *ssh, const struct greeting *greeting);

#endif
