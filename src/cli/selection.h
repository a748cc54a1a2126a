/* SPDX-License-Identifier: MIT */
/*
 * Which hosts: from inventory files and -w, -g, -a, -x to an ordered set of names.
 *
 * The inventory is, first that applies: the files of -i; those of MUSTER_INVENTORY; ./muster.json
 * where nobody but the user or root could have written it; inventory.json of the user's folder;
 * that of /etc/muster. Hosts are, in this order, those of -w, of -g, and with -a all; without those
 * that -x names. A host that is selected twice counts once, at its first place. Where none of -w,
 * -g and -a is given, $WCOLL names a file of hosts.
 *
 * An inventory that was named must know every selected host; one that was found need not.
 */
#ifndef MUSTER_CLI_SELECTION_H
#define MUSTER_CLI_SELECTION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/name_set.h"
#include "cli/cli.h"

struct inventory;
struct resolver;

struct selection {
    struct inventory *inventory; /* NULL where there is none */
    struct resolver *resolver;   /* from names to settings */
    struct name_set names;       /* in order; as host_name_print() gives them */
    struct arena *arena;         /* selection.c's own */
};

/* What is meant where nothing is selected. */
enum selection_default { SELECTION_REQUIRED, SELECTION_ALL };

/* Reads the inventory and selects. That nothing is selected, or that nothing matches, is an error
 * (ERR_USAGE); with SELECTION_ALL an inventory without hosts is fine. Where -I reads standard input
 * too, "-" is an error. To be released in either case; the invocation must outlive it. */
bool selection_make(struct selection *ret, const struct invocation *inv,
                    enum selection_default what, struct error *reterr);
void selection_release(struct selection *s);

#endif
