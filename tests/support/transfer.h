/* SPDX-License-Identifier: MIT */
/*
 * What tests of push and pull need. All hosts of the fleet are this machine, so a test makes, reads
 * and compares the files of both sides itself; those on the hosts must belong to the servers' uid.
 */
#ifndef MUSTER_TESTS_TRANSFER_H
#define MUSTER_TESTS_TRANSFER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "run.h"

/* Inventory of one host "h", at an address of the fleet. */
char *host_inventory(const char *address);

/* The same at fleet_address(0), an sshd with its internal SFTP server. */
char *one_host(void);

/* --- Files of hosts -------------------------------------------------------------------------- */

/* The running test's own folder on every host, in the home of `fleet`; made at the first call and
 * removed when the test ends. */
const char *target_dir(void);
char *target_path(const char *name);
char *target_file(const char *name, const char *text);
char *target_folder(const char *name);

/* Makes `path`, and all below it, the servers'. */
void give_to_servers(const char *path);

/* --- Files of either side -------------------------------------------------------------------- */

/* A file past 4 GiB that takes hardly any disk, with marks where offsets of 31 and 32 bits end. */
#define SPARSE_SIZE 5368709124LL
void make_sparse(const char *path);

/* Skips the test unless there is room for two such files in `dir`. */
void need_disk(const char *dir);

/* `size` bytes that differ from those of other names; heap. And a local file of them. */
char *bytes_of(const char *name, size_t size);
char *source_file(const char *name, size_t size);

/* Runs a shell script with $1, $2, $3 (NULL: left out), and fails the test unless it exits with 0.
 * Returns its standard output. */
char *shell(const char *script, const char *first, const char *second, const char *third);

void expect_text(const char *path, const char *text);
void expect_same_file(const char *a, const char *b);
void expect_same_tree(const char *a, const char *b); /* names, kinds, contents, targets of links */
unsigned mode_of(const char *path);                  /* 07777 bits, links not followed */

/* --- Temporaries ----------------------------------------------------------------------------- */

/* Names of muster's temporary files in `dir` and below, a line each; "" where there is none. */
char *temporaries_in(const char *dir);
void expect_no_temporary(const char *dir);

/* None is left, or the host's error names it: where the connection broke, nothing else is left. */
void expect_no_secret_temporary(const struct run *r, const char *host, const char *dir);

/* Waits until one is there that is not empty. */
bool wait_for_temporary(const char *dir, int ms);

/* --- What muster says ------------------------------------------------------------------------ */

/* Fails the test, showing the message, unless the host's status is one of those between the blanks
 * of `statuses`: " ok ", " transfer timeout ". */
void expect_status(const struct run *r, const char *host, const char *statuses);

/* The only record in "files" of the host. */
const cJSON *only_file(const struct run *r, const char *host);

/* hosts[].transfer.KEY. */
double transfer_sum(const struct run *r, const char *host, const char *key);

#endif
