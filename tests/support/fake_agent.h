/* SPDX-License-Identifier: MIT */
/*
 * The other end of an agent's socket, played by the test itself, step by step and without a thread:
 * a listening Unix socket in tmp_dir(), and one connection. Whatever fails ends the running test.
 */
#ifndef MUSTER_TESTS_FAKE_AGENT_H
#define MUSTER_TESTS_FAKE_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct fake_agent {
    const char *path; /* for agent_open() */
    int listener;
    int fd; /* the connection; -1 before fake_agent_accept() */
    struct buf message;
};

/* Listens on a new socket. */
void fake_agent_start(struct fake_agent *fake);

/* Takes the connection that was made. */
void fake_agent_accept(struct fake_agent *fake);

/* The next request, without its length; until the next call. Waits for at most five seconds. */
const struct buf *fake_agent_read(struct fake_agent *fake);

/* Is nothing there to be read? */
bool fake_agent_is_idle(const struct fake_agent *fake);

/* Sends a message, with its length in front; or bytes as they are. */
void fake_agent_reply(const struct fake_agent *fake, const void *message, size_t size);
void fake_agent_send(const struct fake_agent *fake, const void *bytes, size_t size);

/* Sends a signature as an agent wraps it. */
void fake_agent_sign(const struct fake_agent *fake, const char *algorithm, const void *data,
                     size_t size);

/* Closes the connection. */
void fake_agent_hang_up(struct fake_agent *fake);

/* Closes everything; the socket is gone. */
void fake_agent_stop(struct fake_agent *fake);

#endif
