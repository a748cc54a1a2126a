/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses: one look-up per distinct name and run, off the loop's thread, shared by all
 * who ask. Who stops waiting (its deadline passed) leaves the look-up to the others.
 */
#ifndef MUSTER_NET_RESOLVER_H
#define MUSTER_NET_RESOLVER_H

#include "base/list.h"
#include "net/address.h"
#include "net/loop.h"

struct resolver;

struct resolver *resolver_new(struct loop *loop);
void resolver_free(struct resolver *r); /* NULL is fine; nobody may be waiting */

/* `list` is NULL where the look-up failed, and `error` says why. Called from the loop, or before
 * resolver_ask() returns where the answer is known. */
typedef void resolver_fn(void *arg, const struct address_list *list, const char *error);

struct resolver_wait {
    struct list link; /* empty where nothing is waited for */
    resolver_fn *fn;
    void *arg;
};

/* Asks for `name`. `wait` is the caller's memory, initialised with resolver_wait_init(). */
void resolver_ask(struct resolver *r, const char *name, struct resolver_wait *wait);

void resolver_wait_init(struct resolver_wait *wait, resolver_fn *fn, void *arg);
void resolver_wait_cancel(struct resolver_wait *wait);

#endif
