/* SPDX-License-Identifier: MIT */
/*
 * Hosts, groups and what is said about them: muster-inventory(5).
 *
 * An inventory is read whole from one or more files, checked, and then constant. Hosts keep the
 * order in which the files name them. What `defaults`, groups and hosts set is kept as layers;
 * overlay.h puts them on top of the settings of the run. All pointers given out live as long as the
 * inventory.
 */
#ifndef MUSTER_MODEL_INVENTORY_H
#define MUSTER_MODEL_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/name_set.h"
#include "model/value.h"

struct arena;
struct group;
struct host;
struct inventory;
struct text_source;

/* Reads `files` in order; "-" is standard input. All errors are told at once, one a line: of each
 * file its first syntax error, or, where all can be parsed, everything that is wrong in them;
 * "hosts.json:14:9: /hosts/db1/port: 70000 is not in 1..65535". ERR_INVENTORY, or ERR_FILE where
 * one cannot be read. On true the caller frees `*ret`. */
bool inventory_load(struct inventory **ret, const struct path_list *files,
                    struct text_source *source, struct error *reterr);
void inventory_free(struct inventory *inv); /* NULL is fine */

/* "sha256:..." of the bytes of all files. */
const char *inventory_digest(const struct inventory *inv);

size_t inventory_host_count(const struct inventory *inv);
const struct host *inventory_host(const struct inventory *inv, size_t index);
const struct host *inventory_find(const struct inventory *inv, const char *name); /* or NULL */
const char *host_name(const struct host *host);

/* Groups in the order of their definition; those that only hosts name come last. */
size_t inventory_group_count(const struct inventory *inv);
const struct group *inventory_group(const struct inventory *inv, size_t index);
const char *group_name(const struct group *group);

/* The groups that `group` names as its children. */
size_t group_child_count(const struct group *group);
const struct group *group_child(const struct group *group, size_t index);

/* Is the group no other group's child? */
bool group_is_top(const struct group *group);

/* Adds the names of the hosts of the group itself, without those of its children. */
void group_add_own_hosts(const struct group *group, struct name_set *ret);

/* Adds the hosts of the group and of all groups below it, in the inventory's order. The error
 * offers the nearest name: `unknown group "wbe" (did you mean "web"?)`. ERR_USAGE. */
bool inventory_add_group(const struct inventory *inv, const char *name, struct name_set *ret,
                         struct error *reterr);

/* Adds the hosts whose names match `glob`; none is an error. */
bool inventory_add_matches(const struct inventory *inv, const char *glob, struct name_set *ret,
                           struct error *reterr);

/* Is there such a host? The error offers the nearest name. */
bool inventory_check_host(const struct inventory *inv, const char *name, struct error *reterr);

#endif
