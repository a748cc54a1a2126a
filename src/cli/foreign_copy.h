/* SPDX-License-Identifier: MIT */
/* What users of scp, rsync, cp, clush, pssh, pdcp and Ansible type when they copy files, and what
 * it is called here. For foreign.c. */
#ifndef MUSTER_CLI_FOREIGN_COPY_H
#define MUSTER_CLI_FOREIGN_COPY_H

#include <stdbool.h>

#include "base/error.h"

/* As foreign_advice(); NULL where none of the commands copies. */
const char *foreign_copy_advice(unsigned cmds, const char *word);

/* As foreign_check_value(), for a command that copies. */
bool foreign_copy_check_value(const char *flag, const char *value, struct error *reterr);

/* As foreign_word(). */
const char *foreign_copy_word(unsigned index, unsigned *ret_cmds);

#endif
