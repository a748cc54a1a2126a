/* SPDX-License-Identifier: MIT */
/* A transport over a descriptor that can be polled: a TCP socket, or a proxy command's socketpair.
 */
#ifndef MUSTER_NET_TRANSPORT_FD_H
#define MUSTER_NET_TRANSPORT_FD_H

#include "net/loop.h"
#include "net/transport.h"

/* Takes the watch over, with its non-blocking descriptor; `ready` and `arg` as in struct transport.
 * TCP sockets get TCP_NODELAY, keepalive and a user timeout (laws 27, 28). */
struct transport *transport_fd_new(struct watch *watch, void (*ready)(void *arg), void *arg);

#endif
