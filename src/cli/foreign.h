/* SPDX-License-Identifier: MIT */
/* What users of ssh, scp, rsync, pssh, pdsh, clush and Ansible type, and what it is called here. */
#ifndef MUSTER_CLI_FOREIGN_H
#define MUSTER_CLI_FOREIGN_H

#include <stdbool.h>

#include "base/error.h"

struct option_row;

/* Advice for an option that none of the commands `cmds` has, "-A" or "--become", without a value;
 * NULL where no other tool has it either. Static storage. */
const char *foreign_advice(unsigned cmds, const char *word);

/* Refuses a value that means something else in another tool: `-i ~/.ssh/id_rsa`, `-P 2222`, and
 * where files are copied `-p app.conf`. `flag` is the option as it was typed. */
bool foreign_check_value(unsigned cmds, const struct option_row *row, const char *flag,
                         const char *value, struct error *reterr);

/* The words foreign_advice() knows, one after the other, and the commands that lack them; NULL at
 * the end. For the tests. */
const char *foreign_word(unsigned index, unsigned *ret_cmds);

#endif
