/* SPDX-License-Identifier: MIT */
/* The beginning of a command line that runs something of ours in a shell on a host. */
#ifndef MUSTER_SSH_SHELL_COMMAND_H
#define MUSTER_SSH_SHELL_COMMAND_H

#include "base/buf.h"

/* Room for a command line: what the most modest of servers, dropbear, takes is 9,000 bytes. */
#define SHELL_COMMAND_MAX 8900

/* Appends "exec ", and, where `as_user` is not NULL, sudo(8) so that the rest runs as that user; it
 * never asks for a password, but fails. */
void shell_command_begin(struct buf *out, const char *as_user);

/* The same for a script, in which no single quote may stand; its arguments are to follow. */
void shell_command_script(struct buf *out, const char *as_user, const char *script);

/* The first line of what a command complained of, without its newline, but for a mere warning of
 * sudo's; cuts the rest off. */
const char *shell_command_first_line(struct buf *output);

/* The last line of what a command printed, without its newline, which is cut off; "" where there is
 * none. */
const char *shell_command_last_line(struct buf *output);

#endif
