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

/* A "user@ADDRESS:PORT"-like word for -w is muster's affair; this is "-w" text of the n-th host,
 * from 0: "127.1.1.1". Static storage, overwritten at the next call. */
const char *fleet_address(int n);

/* The number of processes of the servers' uid whose command line contains `text`. */
int fleet_processes(const char *text);

#endif
