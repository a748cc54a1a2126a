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

/* `watch` is that of a connected non-blocking socket and belongs to the receiver, who hands it over
 * to himself (watch_hand_over); `address` is the one that answered. NULL with an error text that
 * says the last failure. Called once, from the loop. */
typedef void dial_fn(void *arg, struct watch *watch, const struct address *address,
                     const char *error);

struct dial *dial_start(struct loop *loop, const struct address_list *list, uint16_t port,
                        dial_fn *fn, void *arg);

/* Gives up what is under way; the callback never comes. NULL is fine. */
void dial_close(struct dial *d);

#endif
