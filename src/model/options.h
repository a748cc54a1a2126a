/* SPDX-License-Identifier: MIT */
/*
 * The option table: every setting a user can make, one row each, and nothing else. Rows are keyed
 * by (command, name): `--json FILE` of run and `--json` of list are two rows.
 */
#ifndef MUSTER_MODEL_OPTIONS_H
#define MUSTER_MODEL_OPTIONS_H

#include <stddef.h>

#include "model/option.h"

struct nearest;

extern const struct option_row options[];
extern const size_t option_count;

/* The row whose flag (name, alias) of one of the commands `cmds` is `name`, without dashes; NULL
 * where there is none. */
const struct option_row *options_by_flag(unsigned cmds, const char *name);
const struct option_row *options_by_letter(unsigned cmds, char letter);

/* The row whose JSON key is `key` and that may be given at one of `at` (AT_CONFIG, AT_HOST); NULL
 * where there is none. */
const struct option_row *options_by_key(unsigned at, const char *key);

/* The row of a variable, by its whole name "MUSTER_PORT"; NULL where there is none. */
const struct option_row *options_by_variable(const char *name);

/* Offers the JSON keys of rows that may be given at `at`, or the long names, without dashes, of the
 * flags of `cmds`. */
void options_offer_keys(unsigned at, struct nearest *n);
void options_offer_flags(unsigned cmds, struct nearest *n);

#endif
