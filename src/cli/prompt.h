/* SPDX-License-Identifier: MIT */
/*
 * Questions on the controlling terminal, whatever standard input and output are.
 *
 * Nobody is asked where muster has no terminal or runs in the background, where reading from the
 * terminal would stop it.
 */
#ifndef MUSTER_CLI_PROMPT_H
#define MUSTER_CLI_PROMPT_H

#include <stdbool.h>

#include "base/error.h"

struct secret;

/* Opens the terminal for reading and writing, close-on-exec; -1 where nobody can be asked. The
 * caller closes it. It is a description of its own: flags set on it touch no other descriptor. */
int prompt_open(void);

/* Can somebody be asked? */
bool prompt_is_possible(void);

/* Writes all of `text` to the terminal `fd`. */
void prompt_write(int fd, const char *text);

/* Asks for a line that is not shown while it is typed, without its newline; blocks. The terminal
 * is put back in any case, also when a signal ends or stops muster meanwhile. Errors are
 * ERR_USAGE. */
bool prompt_secret(const char *question, struct secret **ret, struct error *reterr);

#endif
