/* SPDX-License-Identifier: MIT */
/*
 * The connection to an ssh-agent: messages go out as fast as it reads, whole ones come in.
 *
 * Embedded in its user. Nothing here calls back once the socket is hung up, so the user's callbacks
 * may hang up, and agent_socket_receive() and agent_socket_flush() may be called at any time.
 */
#ifndef MUSTER_NET_AGENT_SOCKET_H
#define MUSTER_NET_AGENT_SOCKET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/wire.h"
#include "net/loop.h"

struct agent_socket_user {
    /* A whole message, without its length; borrowed for the call. */
    void (*message)(void *arg, struct wire message);
    /* The connection has ended, or what comes is no message; `why` goes behind the socket's name:
     * "closed the connection". Called once at most, hung up already. */
    void (*lost)(void *arg, const char *why);
    void *arg;
};

struct agent_socket {
    struct agent_socket_user user;
    struct watch *watch; /* NULL once hung up */
    struct buf out;      /* append messages here, then agent_socket_flush(); bounded by its cap */
    struct buf in;
};

/* Connects. False where nobody listens (ERR_AUTH_NO_CREDENTIAL, the text names the path): then
 * there is nothing to release. */
bool agent_socket_open(struct agent_socket *s, struct loop *loop, const char *path,
                       const struct agent_socket_user *user, struct error *reterr);

/* Hangs up and frees the buffers. */
void agent_socket_release(struct agent_socket *s);

/* Ends the connection without a call to `lost`; may be repeated. */
void agent_socket_hang_up(struct agent_socket *s);
bool agent_socket_is_open(const struct agent_socket *s);

/* Sends what is in `out`, now or when the agent reads. */
void agent_socket_flush(struct agent_socket *s);

/* Takes what has come. Also done by the loop. */
void agent_socket_receive(struct agent_socket *s);

#endif
