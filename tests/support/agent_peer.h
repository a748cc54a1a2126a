/* SPDX-License-Identifier: MIT */
/*
 * The other end of an agent's socket, played by the test itself, step by step and without a thread:
 * a listening Unix socket in tmp_dir(), and one connection. Whatever fails ends the running test.
 */
#ifndef MUSTER_TESTS_AGENT_PEER_H
#define MUSTER_TESTS_AGENT_PEER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct agent_peer {
    const char *path; /* for agent_open() */
    int listener;
    int fd; /* the connection; -1 before agent_peer_accept() */
    struct buf message;
};

/* Listens on a new socket. */
void agent_peer_start(struct agent_peer *peer);

/* Takes the connection that was made. */
void agent_peer_accept(struct agent_peer *peer);

/* The next request, without its length; until the next call. Waits for at most five seconds. */
const struct buf *agent_peer_read(struct agent_peer *peer);

/* Is nothing there to be read? */
bool agent_peer_is_idle(const struct agent_peer *peer);

/* Sends a message, with its length in front; or bytes as they are. */
void agent_peer_reply(const struct agent_peer *peer, const void *message, size_t size);
void agent_peer_send(const struct agent_peer *peer, const void *bytes, size_t size);

/* Sends a signature as an agent wraps it. */
void agent_peer_sign(const struct agent_peer *peer, const char *algorithm, const void *data,
                     size_t size);

/* Closes the connection. */
void agent_peer_hang_up(struct agent_peer *peer);

/* Closes everything; the socket is gone. */
void agent_peer_stop(struct agent_peer *peer);

#endif
