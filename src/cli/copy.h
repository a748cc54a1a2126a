/* SPDX-License-Identifier: MIT */
/* push and pull, which differ in nothing here but in their direction. */
#ifndef MUSTER_CLI_COPY_H
#define MUSTER_CLI_COPY_H

#include "cli/cli.h"
#include "model/plan.h"

/* Reads operands and options, selects the hosts and carries the transfer out. `kind` is JOB_PUSH or
 * JOB_PULL. Returns the exit status. */
int copy_run(struct invocation *inv, enum job_kind kind);

#endif
