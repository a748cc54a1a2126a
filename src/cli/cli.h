/* SPDX-License-Identifier: MIT */
/*
 * The subcommands of muster.
 *
 * To add a subcommand NAME:
 *   1. a CMD_NAME bit in model/option.h, set in the .cmds of the option rows it knows;
 *   2. src/cli/cmd_NAME.c with `const struct command cmd_NAME = { ... }`, and its own rows in
 *      model/options.c;
 *   3. a declaration below and a line in commands[] in main.c.
 * --help, the man page, the parsing of arguments and the layering of settings follow from these.
 *
 * A command gets an invocation: settings in which config files, environment and command line are
 * merged, and the operands that are left. It returns the exit status of muster. Everything wrong
 * before anything ran is status 2.
 */
#ifndef MUSTER_CLI_CLI_H
#define MUSTER_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/settings.h"

struct arena;
struct command;
struct json_document;

/* Exit statuses of the table in muster(1) that the cli itself decides. */
enum { EXIT_FINE = 0, EXIT_WRONG_USE = 2, EXIT_NO_OUTPUT = 74 };

struct invocation {
    const struct command *command;
    struct arena *arena; /* lives until the command has returned */
    struct settings settings;
    char *const *operands; /* the words after the options; not ended by NULL */
    size_t operand_count;
    /* What was set by flag or variable, "--fanout=64" and so on, for reports; ended by NULL. */
    const char *const *options;
    struct json_document *documents[2]; /* the config files, which the settings point into */
};

struct example {
    const char *line;
    const char *what;
};

struct command {
    const char *name;               /* "run" */
    unsigned id;                    /* CMD_RUN */
    const char *operands;           /* "COMMAND..."; "" where it takes none */
    const char *summary;            /* one line, without a full stop */
    const struct example *examples; /* five everyday uses, ended by a NULL line */
    bool is_mixed; /* options may follow operands, which are no command of others */
    int (*run)(struct invocation *inv);
};

extern const struct command cmd_list;
extern const struct command cmd_pull;
extern const struct command cmd_push;
extern const struct command cmd_run;

/* Prints "muster: " and the error, each of its lines, to stderr; after a usage error of a command
 * (NULL: muster itself) where to find help. Releases the error. Returns EXIT_WRONG_USE. */
int cli_fail(const struct command *command, struct error *error);

#endif
