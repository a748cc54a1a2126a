/* SPDX-License-Identifier: MIT */
/* The forms in which `muster list` prints hosts; cmd_list.c chooses one. */
#ifndef MUSTER_CLI_LIST_H
#define MUSTER_CLI_LIST_H

#include <stdbool.h>

#include "cli/page.h"
#include "model/plan.h"

struct inventory;

/* A line a host, with `indent` in front: name, "user@address:port", groups. */
void list_table(const struct plan *plan, const char *indent, struct page *out);

/* --names: a line a host. */
void list_names(const struct plan *plan, struct page *out);

/* --fold: all names in one line, folded. */
void list_fold(const struct plan *plan, struct page *out);

/* --tree: groups with their hosts, folded, indented below the groups that contain them; a group
 * that was shown before is only named. Last the hosts in no group. Without `all` only groups with
 * selected hosts. `inv` may be NULL. */
void list_tree(const struct inventory *inv, const struct plan *plan, bool all, struct page *out);

/* --json: {"hosts": [...]}. */
void list_json(const struct plan *plan, struct page *out);

/* --explain: every setting of each host, and who set it. */
void list_explain(const struct plan *plan, struct page *out);

/* --schema: the JSON schema of inventories, made of the option table. */
void list_schema(struct page *out);

#endif
