/* SPDX-License-Identifier: MIT */
/* A known_hosts (model/known_hosts.h) that says what the test tells it to. */
#ifndef MUSTER_TESTS_FAKE_KNOWN_HOSTS_H
#define MUSTER_TESTS_FAKE_KNOWN_HOSTS_H

#include "model/known_hosts.h"

struct fake_known_hosts {
    enum known_hosts_verdict verdict;       /* of known_hosts_check() */
    bool is_other_type_only;                /* with CHANGED */
    unsigned types;                         /* of known_hosts_types() */
    enum known_hosts_effort effort;         /* asked for last */
    bool add_fails;                         /* known_hosts_add() gives an error */
    enum known_hosts_verdict added_verdict; /* else this, for each key */
    bool load_fails;
    int adds;    /* calls */
    int added;   /* keys, over all calls */
    int objects; /* that exist */
};
extern struct fake_known_hosts fake_known_hosts;

#endif
