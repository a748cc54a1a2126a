/* SPDX-License-Identifier: MIT */
/*
 * `muster run`, `push` or `pull` on the fleet, with everything that it says in one place.
 *
 *      struct run r = RUN(fleet_text("inventory"), "-w", "web001", "true");
 *      run_expect(&r, 0);
 *      cr_assert_str_eq(run_status(&r, "web001"), "ok");
 *      r = PUSH(fleet_text("inventory"), "-w", "web001", "file", "/tmp/");
 *
 * Each run writes a --json report, checked against its schema, and --jsonl events, checked for
 * their promises: seq without gaps, exactly one host_end for each selected host, run_end last.
 */
#ifndef MUSTER_TESTS_RUN_H
#define MUSTER_TESTS_RUN_H

#include <cjson/cJSON.h>

#include "proc.h"

struct run {
    struct proc_result p;
    cJSON *report; /* NULL where muster ended with 2: nothing was run */
    cJSON *events; /* an array; NULL likewise */
    char *report_path;
    char *events_path;
};

/* Runs `muster run -i INVENTORY --json .. --jsonl .. WORDS...`; `args` may be NULL, else its argv
 * is ignored and the rest used. */
struct run run_muster(const struct proc_args *args, const char *inventory,
                      const char *const *words);
#define RUN(inventory, ...) run_muster(NULL, inventory, (const char *const[]){ __VA_ARGS__, NULL })
#define RUN_WITH(args, inventory, ...)                                                             \
    run_muster(args, inventory, (const char *const[]){ __VA_ARGS__, NULL })

/* The two halves, for tests that act while muster runs. */
struct proc *run_start(const struct proc_args *args, const char *inventory,
                       const char *const *words);
#define RUN_START(args, inventory, ...)                                                            \
    run_start(args, inventory, (const char *const[]){ __VA_ARGS__, NULL })
struct run run_finish(struct proc *p);

/* The same for another command than `run`. */
struct proc *run_start_command(const char *command, const struct proc_args *args,
                               const char *inventory, const char *const *words);
#define PUSH_START(args, inventory, ...)                                                           \
    run_start_command("push", args, inventory, (const char *const[]){ __VA_ARGS__, NULL })
#define PULL_START(args, inventory, ...)                                                           \
    run_start_command("pull", args, inventory, (const char *const[]){ __VA_ARGS__, NULL })
#define PUSH(inventory, ...) run_finish(PUSH_START(NULL, inventory, __VA_ARGS__))
#define PULL(inventory, ...) run_finish(PULL_START(NULL, inventory, __VA_ARGS__))

/* Fails the test, showing all output, unless muster ended with `exit_code`. */
void run_expect(const struct run *r, int exit_code);

/* A host's record in the report, and some of its members. */
const cJSON *run_host(const struct run *r, const char *name);
const char *run_status(const struct run *r, const char *name);
const char *run_error(const struct run *r, const char *name); /* error.code, "" without an error */
const char *run_message(const struct run *r, const char *name); /* error.message, likewise */
const char *run_stdout(const struct run *r, const char *name);

/* Was the remote command ended for certain, by a signal (which libssh2 must be able to send) or by
 * a second command? */
bool run_was_killed(const struct run *r, const char *name);

/* How many hosts ended in a status. */
size_t run_count(const struct run *r, const char *status);

/* Writes an inventory whose defaults are the fleet's (user, port, key, known_hosts), overridden by
 * the members `defaults` (may be ""); `hosts` are the members of "hosts". Returns its path. */
char *run_inventory(const char *defaults, const char *hosts);

#endif
