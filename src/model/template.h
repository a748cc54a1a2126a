/* SPDX-License-Identifier: MIT */
/*
 * Text that differs from host to host: "/srv/{var.site}/{host}.conf".
 *
 *      {host} {index} {count} {user} {address} {port}   of the target; {index} counts from 0
 *      {var.NAME}                                       a variable of the inventory
 *      {{ }}                                            one brace
 *
 * Any other name, and a brace that stands alone, is an error. Nothing is quoted here.
 */
#ifndef MUSTER_MODEL_TEMPLATE_H
#define MUSTER_MODEL_TEMPLATE_H

#include <stdbool.h>

#include "base/error.h"

struct buf;
struct plan;
struct target;

/* Can the text be expanded, as far as can be said without a host? `what` is how the user calls it:
 * `DEST "/srv/{hots}/": unknown name {hots}; did you mean {host}?`. ERR_USAGE. */
bool template_check(const char *what, const char *text, struct error *reterr);

/* Appends the text as it is for `target` of `plan`. With `is_path`, values stay within the
 * component of the path where they stand, so that a mistyped or hostile one leads to no other
 * folder: neither
 * '/' nor newline, not empty, not "." or "..", no '~' at the beginning of the path.
 * ERR_USAGE, naming host and name: the host has no such variable, it is a list, an object or null,
 * a path would leave its place, `out` is full; or what template_check() finds. What was appended by
 * then is of no use. */
bool template_expand(const char *text, bool is_path, const struct plan *plan,
                     const struct target *target, struct buf *out, struct error *reterr);

#endif
