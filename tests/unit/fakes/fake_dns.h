/* SPDX-License-Identifier: MIT */
/* A resolver (net/dns.h) that answers when the test says so. */
#ifndef MUSTER_TESTS_FAKE_DNS_H
#define MUSTER_TESTS_FAKE_DNS_H

#include "net/dns.h"

struct fake_dns {
    bool is_instant;     /* answers within dns_ask(), with `address` or `error` */
    const char *address; /* numeric; NULL: an empty list */
    const char *error;   /* NULL: the look-up succeeds */
    int asked;
    int waiting;
    int objects;
};
extern struct fake_dns fake_dns;

/* Answers all who wait, likewise. */
void fake_dns_answer(void);

#endif
