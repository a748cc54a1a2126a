/* SPDX-License-Identifier: MIT */
/*
 * From a selected name to what is to be known of the host: the settings of the run with everything
 * on top that the inventory says.
 *
 * Order, weakest first; each overrides those before it, unless they come from the environment or
 * the command line:
 *
 *      defaults    of each file in turn
 *      groups      of each file in turn; parents before children, else in order of definition
 *      the host    of each file in turn; ranges in order, then the host's own name
 *      the name    as selected: "user@" and ":port" of "root@web01:2222"
 *
 * Hosts of which the same is said share one `struct settings`.
 */
#ifndef MUSTER_MODEL_OVERLAY_H
#define MUSTER_MODEL_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/settings.h"

struct host;
struct inventory;
struct json_document;
struct json_value;
struct overlay;

struct resolved {
    const char *address; /* to connect to */
    const struct settings *settings;
    const char *const *groups; /* all it is in, outer ones first; ended by NULL */
    const struct host *host;   /* NULL where no inventory knows it */
};

/* A variable; among `vars` of one place the last of its name counts, and is the only one here. */
struct variable {
    const char *name;
    const struct json_value *value;
    const struct json_document *doc; /* where it stands */
};

/* `inv` may be NULL; it and `run` must outlive the overlay, which owns what it hands out. */
struct overlay *overlay_new(const struct inventory *inv, const struct settings *run);
void overlay_free(struct overlay *o); /* NULL is fine */

/* Resolves a name as pattern_eval() gives it. Fails only where it is no host name at all. */
bool overlay_find(struct overlay *o, const char *name, struct resolved *ret, struct error *reterr);

/* The variables of a host (NULL: none). Returns how many. */
size_t overlay_variables(struct overlay *o, const struct host *host, const struct variable **ret);

#endif
