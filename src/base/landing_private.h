/* SPDX-License-Identifier: MIT */
/* What landing.c and landing_file.c share: one name in an open folder, and temporaries beside it.
 */
#ifndef MUSTER_BASE_LANDING_PRIVATE_H
#define MUSTER_BASE_LANDING_PRIVATE_H

#include "base/landing.h"

struct landing_spot {
    int folder;       /* from landing_find(): the landing's, until its next call */
    const char *path; /* for texts */
    const char *name; /* the end of `path` */
};

/* Checks the path and opens its folder without following links. `path` must outlive the spot. */
bool landing_find(struct landing *l, const char *path, struct landing_spot *ret,
                  struct error *reterr);

/* Is there nothing, a regular file or a link at the spot? */
bool landing_can_replace(const struct landing_spot *spot, struct error *reterr);

/* ".NAME.muster-TAG", with NAME shortened so that it is a name; heap. */
char *landing_temporary_name(const char *name, const char *tag);

/* Calls `make` with unpredictable temporary names until one is free. Returns the name (heap) and,
 * in
 * `*ret`, what `make` returned, >= 0; or NULL and errno. */
typedef int landing_make_fn(int folder, const char *name, const char *arg);
char *landing_make_temporary(const struct landing_spot *spot, landing_make_fn *make,
                             const char *arg, int *ret);

/* Sets the error to "PATH: what errno says". Returns false. */
bool landing_fail(const struct landing_spot *spot, int error, struct error *reterr);

#endif
