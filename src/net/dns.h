/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses: one look-up per distinct name and run, off the loop's thread, shared by all
 * who ask. Who stops waiting (its deadline passed) leaves the look-up to the others.
 */
#ifndef MUSTER_NET_DNS_H
#define MUSTER_NET_DNS_H

#include "base/list.h"
#include "net/address.h"
#include "net/loop.h"

struct dns;

struct dns *dns_new(struct loop *loop);
void dns_free(struct dns *r); /* NULL is fine; nobody may be waiting */

/* `list` is NULL where the look-up failed, and `error` says why. Called from the loop, or before
 * dns_ask() returns where the answer is known. */
typedef void dns_fn(void *arg, const struct address_list *list, const char *error);

struct dns_wait {
    struct list link; /* empty where nothing is waited for */
    dns_fn *fn;
    void *arg;
};

/* Asks for `name`. `wait` is the caller's memory, initialised with dns_wait_init(). */
void dns_ask(struct dns *r, const char *name, struct dns_wait *wait);

void dns_wait_init(struct dns_wait *wait, dns_fn *fn, void *arg);
void dns_wait_cancel(struct dns_wait *wait);

#endif
