/* SPDX-License-Identifier: MIT */
/*
 * The servers that the CTest fixture `fleet` started (tests/fleet/fleet.sh says which). Its state
 * file is named by MUSTER_FLEET in the environment; a test started by hand without it fails.
 */
#ifndef MUSTER_TESTS_FLEET_H
#define MUSTER_TESTS_FLEET_H

/* The value of a key in the state file: "key", "known_hosts", "dropbear_address" ... Skips the test
 * where "KEY_skip" (or, for "NAME_address", "NAME_skip") says that this machine cannot have it. */
const char *fleet_text(const char *key);
int fleet_number(const char *key); /* "port", "uid", "hosts" */
const char *fleet_port(void);      /* "port" as a word for argv */

/* The address of the n-th host, from 0: "127.1.1.1". Heap. */
const char *fleet_address(int n);

/* The number of processes, of any user, whose command line contains `text`. */
int processes_with(const char *text);

/* Waits until there are none, at most `ms`; returns how many are left. */
int processes_left(const char *text, int ms);

#endif
