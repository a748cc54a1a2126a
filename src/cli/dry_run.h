/* SPDX-License-Identifier: MIT */
/* --dry-run: what would be done, and where, without doing any of it. */
#ifndef MUSTER_CLI_DRY_RUN_H
#define MUSTER_CLI_DRY_RUN_H

#include "model/plan.h"

/* Prints the plan to standard output: the job, its limits, the hosts folded, and a line a host.
 * Returns the exit status. */
int dry_run_print(const struct plan *plan);

#endif
