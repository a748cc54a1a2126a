/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection to the first of several addresses that answers (RFC 8305): attempts are
 * staggered by 250 ms, a failed one starts the next at once, the first to connect wins and the
 * others are dropped. There is no deadline here: the owner has one and calls dial_close().
 */
#ifndef MUSTER_NET_DIAL_H
#define MUSTER_NET_DIAL_H

#include "net/address.h"
#include "net/loop.h"

struct dial;

/* `fd` is a connected non-blocking socket that belongs to the receiver, and `address` the one that
 * answered; or -1 with an error text that says the last failure. Called once, from the loop. */
typedef void dial_fn(void *arg, int fd, const struct address *address, const char *error);

struct dial *dial_start(struct loop *loop, const struct address_list *list, uint16_t port,
                        dial_fn *fn, void *arg);

/* Gives up what is under way; the callback never comes. NULL is fine. */
void dial_close(struct dial *d);

#endif
