/* SPDX-License-Identifier: MIT */
/*
 * Which hosts are meant: -w, -g, -a and -x over the inventory.
 *
 * With an inventory in use, a plain name that it does not know is an error, which offers the
 * nearest name; numeric addresses and names with "user@" or ":port" are taken as they are. Without
 * one, every name is. The order is that of the inventory with -a, else of -w, then of -g; each host
 * is there once. -x takes a host away in every form, "root@web01" with "web01" and the other way
 * round.
 */
#ifndef MUSTER_MODEL_SELECTION_H
#define MUSTER_MODEL_SELECTION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/name_set.h"

struct arena;
struct inventory;
struct settings;
struct text_source;

struct selection_request {
    const struct settings *settings;   /* hosts, group, all, exclude */
    const struct inventory *inventory; /* NULL: there is none ... */
    const char *why_none;              /* ... because; NULL where there is nothing to say */
    const char *wcoll;                 /* a file of hosts for when nothing else selects, or NULL */
    struct text_source *source;        /* for files of hosts */
};

/* Adds the selected names to the empty set `ret`; they live as long as `arena` and the inventory.
 * To select nothing, or no host, is an error. ERR_USAGE, ERR_FILE. */
bool selection_make(const struct selection_request *request, struct arena *arena,
                    struct name_set *ret, struct error *reterr);

#endif
