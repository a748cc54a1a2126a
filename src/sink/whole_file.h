/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all: written in the same folder without a name (or under a
 * temporary one, where the file system has no nameless files), then put in the place of the old one
 * by rename(2). Until then, and after any failure, the old file is untouched. A symbolic link is
 * followed. What is no regular file (/dev/null, a FIFO) is written to directly.
 *
 * These calls block: they are for before and after the run.
 */
#ifndef MUSTER_SINK_WHOLE_FILE_H
#define MUSTER_SINK_WHOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct whole_file;

/* Creates the temporary file, so that an unwritable place is found out at once. Errors are
 * ERR_FILE. */
bool whole_file_open(struct whole_file **ret, const char *path, struct error *reterr);

/* Writes; errors are ERR_OUTPUT. */
bool whole_file_write(struct whole_file *f, const void *data, size_t size, struct error *reterr);

/* Forces the bytes to the disk and puts the file in place; frees `f` in any case. Where it fails
 * (ERR_OUTPUT), the temporary file is gone. */
bool whole_file_commit(struct whole_file *f, struct error *reterr);

/* Removes the temporary file and frees `f`; NULL is fine. */
void whole_file_abandon(struct whole_file *f);

/* A nameless file in the folder of `path`, for what is too large for memory; where that is "-" or
 * no regular file, in $TMPDIR or /var/tmp. Returns the descriptor, or -1 (ERR_FILE). */
int whole_file_open_spool(const char *path, struct error *reterr);

#endif
