/* SPDX-License-Identifier: MIT */
/* What push and pull have in common before they run. */
#ifndef MUSTER_CLI_COPY_H
#define MUSTER_CLI_COPY_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/cli.h"
#include "model/transfer.h"

struct source_tree;

/* Reads operands and options. The last operand is what `target` names ("DEST", "DIR"). What it
 * points to lives as long as the invocation; `tree` and `landing` are left to the caller, NULL.
 * ERR_USAGE. */
bool copy_spec_init(struct transfer_spec *spec, struct invocation *inv, const char *target,
                    struct error *reterr);

/* Says which files cannot be copied and are left out. */
void copy_note_skipped(const struct source_tree *tree);

#endif
