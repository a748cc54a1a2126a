/* SPDX-License-Identifier: MIT */
/*
 * From an invocation to the plan: inventory, selection, resolved targets, for every command that
 * deals with hosts.
 */
#ifndef MUSTER_CLI_SELECT_H
#define MUSTER_CLI_SELECT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/name_set.h"
#include "cli/cli.h"
#include "model/plan.h"

struct inventory;

struct cli_selection {
    struct inventory *inventory; /* NULL where none is used */
    struct name_set names;       /* what was selected, in order */
    struct plan *plan;
};

/* Reads the inventory that was named, or is found. `ret` becomes NULL where there is none, and
 * `ret_why` then says why, if there is something to say. Errors are ERR_INVENTORY or ERR_FILE. On
 * true the caller frees `*ret`. */
bool cli_load_inventory(struct inventory **ret, const struct invocation *inv, const char **ret_why,
                        struct error *reterr);

/* Finds and reads the inventory, selects, and builds the plan for `job`; its mode is the name of
 * the command. The invocation must outlive the selection. Errors are ERR_USAGE, ERR_INVENTORY or
 * ERR_FILE, perhaps several lines of them. To be released in either case, before the invocation. */
bool cli_select(struct cli_selection *ret, const struct invocation *inv, const struct job_spec *job,
                struct error *reterr);
void cli_selection_release(struct cli_selection *s);

#endif
