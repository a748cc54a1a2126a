/* SPDX-License-Identifier: MIT */
/* Inventories out of texts, for tests. */
#ifndef MUSTER_TESTS_INVENTORIES_H
#define MUSTER_TESTS_INVENTORIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/inventory.h"

/* Loads files a.json, b.json, c.json with these texts, of which the later ones may be NULL, in a
 * temporary folder that is the current one during the call, so that errors name "a.json". */
bool inventory_from(struct inventory **ret, struct error *reterr, const char *a, const char *b,
                    const char *c);

/* As inventory_from() for one text that must be good. */
struct inventory *inventory_good(const char *text);

/* The names joined by blanks; heap, and never freed. */
char *names_joined(const struct name_set *names);

#endif
