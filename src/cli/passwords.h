/* SPDX-License-Identifier: MIT */
/*
 * The passwords of a run: asked for once (-k), or read from files, each file once. It owns them;
 * targets borrow them until passwords_free().
 */
#ifndef MUSTER_CLI_PASSWORDS_H
#define MUSTER_CLI_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/plan.h"

struct passwords;

struct passwords *passwords_new(void);
void passwords_free(struct passwords *p); /* NULL is fine */

/* Sets the password of each target whose settings have one: what -k asks for, or the first line of
 * the password file, by the stronger source of the two. Blocks while somebody is asked.
 *
 * A file that cannot be used is an error where flag or variable names it, else a note, and the
 * target is left without. Errors are ERR_USAGE or ERR_FILE. */
bool passwords_give(struct passwords *p, struct target *const *targets, size_t count,
                    struct error *reterr);

#endif
