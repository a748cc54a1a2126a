/* SPDX-License-Identifier: MIT */
/*
 * Host expressions: "web[01-12,14],@db!db3".
 *
 *   operand    a host ([user@]host[:port], IPv6 addresses), with ranges (range.h) or with `*` and
 *              `?` against the known hosts; @GROUP; ^FILE, a file of hosts; `-`, standard input
 *   operators  `,` or blanks: union    `!` minus    `&` intersection    `^` symmetric difference
 *
 * Operators are equal in rank and go from left to right. The result keeps the order in which names
 * appear. A file holds one expression a line; `#` begins a comment; it names no further files.
 *
 * This module knows no inventory: groups, globs and files come from the caller's `pattern_source`.
 */
#ifndef MUSTER_MODEL_PATTERN_H
#define MUSTER_MODEL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/name_set.h"

struct arena;
struct buf;

/* Names that one expression, with its files, may stand for; more is refused without trying. */
#define PATTERN_NAMES_MAX 1000000

/* Where the parts of an expression come from. Each function adds to what it is given, or sets the
 * error and returns false; each may be NULL, which makes its operand an error. Names that are added
 * must live as long as the result. */
struct pattern_source {
    void *arg;
    /* The hosts of a group. */
    bool (*group)(void *arg, const char *name, struct name_set *ret, struct error *reterr);
    /* The known hosts that match `glob`, as fnmatch(3) does without brackets. */
    bool (*glob)(void *arg, const char *glob, struct name_set *ret, struct error *reterr);
    /* The bytes of a file; "-" is standard input. */
    bool (*read)(void *arg, const char *file, struct buf *ret, struct error *reterr);
    /* Is this name, as host_name_print() gives it, welcome? NULL: any is. */
    bool (*check)(void *arg, const char *name, struct error *reterr);
};

/* Adds the hosts that `text` stands for to `ret`; new names are put into `arena`. Errors (ERR_USAGE
 * or those of `source`) begin with "column N: ", for a line of a file with "FILE:LINE:COLUMN: ". */
bool pattern_eval(const char *text, const struct pattern_source *source, struct arena *arena,
                  struct name_set *ret, struct error *reterr);

/* The same for the lines of `file`, which source->read() reads. */
bool pattern_eval_file(const char *file, const struct pattern_source *source, struct arena *arena,
                       struct name_set *ret, struct error *reterr);

/* Adds the bare host names of "web[01-12]": ranges, but no operators, users or ports. */
bool pattern_expand(const char *text, struct arena *arena, struct name_set *ret,
                    struct error *reterr);

#endif
