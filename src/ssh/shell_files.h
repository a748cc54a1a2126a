/* SPDX-License-Identifier: MIT */
/*
 * Files of a server without SFTP, through its shell: requests about names (look, make, rename,
 * remove, list ...) become arguments of one small script, many at a time, and what the script
 * prints becomes the replies that an SFTP server would have sent. Content is no affair of this
 * file: it goes through `cat` (put_write.c, reader.c).
 *
 * The script needs a POSIX shell and what GNU, BSD and busybox have alike: stat, od, readlink.
 */
#ifndef MUSTER_SSH_SHELL_FILES_H
#define MUSTER_SSH_SHELL_FILES_H

#include "ssh/sftp.h"

struct shell_files;

/* `as_user` as in shell_command.h; outlives it. */
struct shell_files *shell_files_new(struct session *session, const char *as_user);
void shell_files_free(struct shell_files *f); /* NULL is fine */

/* Asks; the reply is held until shell_files_run(). */
void shell_files_ask(struct shell_files *f, const struct sftp_request *request, sftp_reply_fn *fn,
                     void *arg);

/* Delivers the replies that have come and asks what waits; how many were delivered. */
size_t shell_files_run(struct shell_files *f);

/* What waits is dropped, unanswered, and the script that runs let go of, while the connection is
 * there. */
void shell_files_close(struct shell_files *f);

#endif
