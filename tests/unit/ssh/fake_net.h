/* SPDX-License-Identifier: MIT */
/*
 * The way to the server: a dialler (net/dial.h) that answers when the test says so, and a transport
 * of memory (net/transport.h) in place of the one over a descriptor. There is one server at a time.
 *
 *   test --wire_put()--> [ in ] --recv--> libssh2        level-triggered, as a socket is
 *   test <--wire.sent--- [ sent ] <--send-- libssh2
 */
#ifndef MUSTER_TESTS_FAKE_NET_H
#define MUSTER_TESTS_FAKE_NET_H

#include "base/buf.h"
#include "net/dial.h"
#include "net/transport.h"

struct fake_dial {
    bool is_instant; /* succeeds in the next turn */
    int under_way;
    int started;
};
extern struct fake_dial fake_dial;

/* The dialler's answer. */
void fake_dial_answer(void);
void fake_dial_fail(const char *text);

struct fake_wire {
    bool is_stuck; /* what is sent stays pending */
    size_t pending;
    bool is_at_end;  /* the server closed: 0 once `in` is empty */
    int recv_errno;  /* the same, as an error */
    int send_errno;  /* each send fails */
    struct buf in;   /* to be received */
    struct buf sent; /* all that was sent; frames: see fake_libssh2.h */
    bool wants_read;
    bool is_open;
    int opened;
    int closed;
    int recvs; /* calls of recv */
};
extern struct fake_wire wire;

/* An empty wire, for the next session. */
void wire_reset(void);

void wire_put(const void *data, size_t size);

/* The socket took what was pending: tells as transport_fd.c does. */
void wire_drain(void);

#endif
