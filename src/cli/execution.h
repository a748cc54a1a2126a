/* SPDX-License-Identifier: MIT */
/*
 * A plan carried out: passwords and questions, engine, outputs and signals wired together. Every
 * command that works on hosts ends here.
 *
 *   plan --> engine --events--> outputs --> screen and files
 *              ^  ^--signals        |
 *              '------gate---------'
 */
#ifndef MUSTER_CLI_EXECUTION_H
#define MUSTER_CLI_EXECUTION_H

#include "cli/cli.h"
#include "model/plan.h"

/* Carries the plan out and returns the exit status of muster. Everything that is wrong before
 * anything runs is told, with status 2. Where a thread is stuck (a reader that takes nothing, a
 * resolver that does not answer), everything is written by then and the process is ended here. */
int execution_run(struct invocation *inv, struct plan *plan);

#endif
