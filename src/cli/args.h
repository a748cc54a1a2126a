/* SPDX-License-Identifier: MIT */
/*
 * The words of a command line, by the option table.
 *
 * `--name value`, `--name=value`, `-f 64`, `-f64`, clusters (`-NS`), `--` ends the options, and the
 * first word that is no option does too. Names are not completed. A flag that takes no value may be
 * given one: `--raw=false`. Words that users of other tools would type get an error that says what
 * they are called here (foreign.h).
 */
#ifndef MUSTER_CLI_ARGS_H
#define MUSTER_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/settings.h"

struct args {
    /* Set by the caller. What args_parse() makes lives in the arena and refers to the words. */
    unsigned cmds; /* CMD_ bits of the commands whose options are known */
    struct arena *arena;
    char *const *words;
    size_t word_count;
    bool is_mixed; /* options may follow operands; else the first operand ends them */
    /* Set by args_parse(). */
    struct layer layer; /* what the options say; source texts are the flags as typed */
    char **operands;    /* the other words, in order; "--" ends the options */
    size_t operand_count;
};

/* Reads the words. Errors are ERR_USAGE and name the offending word. */
bool args_parse(struct args *args, struct error *reterr);

#endif
