/* SPDX-License-Identifier: MIT */
/*
 * How bytes reach a server. libssh2's send and receive callbacks always go through these ops, so a
 * session does not know whether it talks over a TCP socket, a proxy command, a bastion's channel
 * or a test's memory.
 */
#ifndef MUSTER_NET_TRANSPORT_H
#define MUSTER_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct transport;

struct transport_ops {
    const char *name;
    /* Bytes read; 0 at the end of the stream; -errno, among them -EAGAIN. */
    ssize_t (*recv)(struct transport *t, void *data, size_t size);
    /* Always takes all of `data` and returns `size` (law 1): small pieces wait for flush(), so that
     * what belongs together goes out together, and what the socket does not take waits in the
     * transport's buffer. -errno once the connection is broken. */
    ssize_t (*send)(struct transport *t, const void *data, size_t size);
    /* Sends what waits, as far as the socket takes it; at the end of each turn. */
    void (*flush)(struct transport *t);
    /* Bytes that wait in the buffer. */
    size_t (*pending)(const struct transport *t);
    /* Whether to wait for bytes to read; waiting to write is the transport's own affair. */
    void (*want_read)(struct transport *t, bool wanted);
    /* A real descriptor for libssh2 to look at (law 20), never used for I/O. */
    int (*fd)(const struct transport *t);
    /* Sends nothing more and frees everything; `ready` never comes again. */
    void (*close)(struct transport *t);
};

struct transport {
    const struct transport_ops *ops;
    /* Called from the loop when there may be something to read, or the buffer, which the socket had
     * not taken, ran low or empty. */
    void (*ready)(void *arg);
    void *arg;
};

/* Before a channel is written to, pending() must be below this. */
#define TRANSPORT_PENDING_LOW (64 * 1024)

#endif
