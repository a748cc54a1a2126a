/* SPDX-License-Identifier: MIT */
/*
 * An invocation is a subcommand with everything it was told: made of words, environment and config
 * files here, used by the subcommand (cli.h).
 */
#ifndef MUSTER_CLI_INVOCATION_H
#define MUSTER_CLI_INVOCATION_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/cli.h"

/* Reads the `count` words after the subcommand's name, and unless they ask for help or the version
 * the variables and config files, and merges them; turns notes on as -v asks. To be released in
 * either case. Errors are ERR_USAGE or ERR_CONFIG. */
bool invocation_init(struct invocation *inv, const struct command *command, char *const *words,
                     size_t count, struct error *reterr);
void invocation_release(struct invocation *inv);

#endif
