/* SPDX-License-Identifier: MIT */
/*
 * Paths on a remote host, as bytes: nothing is looked up, nothing resolved, no encoding assumed.
 *
 * Relative paths are relative to the folder in which a session starts, the home of the user, as
 * with scp. What is appended to a buffer fails as buf.h says: check it once, at the end.
 */
#ifndef MUSTER_MODEL_TRANSFER_PATH_H
#define MUSTER_MODEL_TRANSFER_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/* Appends what a user typed as a remote path in the form that servers understand: "~" becomes ".",
 * "~/x" becomes "x", everything else stays as it is. ERR_USAGE: it is empty, or begins with a ~user
 * that no protocol resolves. */
bool transfer_path_from_user(const char *path, struct buf *out, struct error *reterr);

/* Does the path, as it was typed, mean a folder? It ends in a slash, or in the component "." or
 * "..", or is "~". */
bool transfer_path_means_folder(const char *path);

/* Appends `base` and `name` with one slash between them; only one of them where the other is empty.
 */
void transfer_path_join(struct buf *out, const char *base, const char *name);

/* Append the last component, and what is before it, as basename(3) and dirname(3) give them:
 * slashes at the end do not count; "a/b/" is "b" in "a", "a" is "a" in ".", "/" is "/" in "/". */
void transfer_path_base(struct buf *out, const char *path);
void transfer_path_parent(struct buf *out, const char *path);

/* Appends the path as one word for a POSIX shell (XCU 2.2.2), with "./" before a leading '-', so
 * that no program takes it for an option. */
void transfer_path_quote(struct buf *out, const char *path);

#endif
