/* SPDX-License-Identifier: MIT */
/*
 * One small script on the host for many items: hashing files, replacing files where SFTP cannot.
 * While one runs, further items gather, and the next one takes them all, as far as they fit a
 * command line.
 *
 * The script gets a random token and the words of its items as arguments, prints the token alone on
 * a line (before it may stand what the account's start-up files print) and then one line for each
 * item, in order. It is an exec on the session, and so only for servers where that is safe (law 18,
 * session_may_exec_helper()).
 */
#ifndef MUSTER_SSH_BATCH_H
#define MUSTER_SSH_BATCH_H

#include "base/error.h"
#include "ssh/session.h"

struct batch;

/* The item's line, without its newline; NULL where the script failed, and why. */
typedef void batch_fn(void *arg, const char *line, const char *why);

/* `as_user` and `script` as in shell_command.h, both outlive the batch: `script` is sh; no single
 * quote and no newline may stand in it; $1 is the token. */
struct batch *batch_new(struct session *session, const char *as_user, const char *script);

/* Whatever waits is forgotten, and the script that runs is let go of. NULL is fine. */
void batch_free(struct batch *b);

/* Can it be used on this host? */
bool batch_is_possible(const struct batch *b);

/* Adds an item of some words, any bytes, quoted here. */
void batch_add(struct batch *b, const char *const *words, size_t count, batch_fn *fn, void *arg);

/* Is there an item that was not told? */
bool batch_is_busy(const struct batch *b);

/* Starts what waits; called each turn. */
void batch_run(struct batch *b);

/* Lets go of the script that runs: nobody waits for it any more. While the connection is there. */
void batch_stop(struct batch *b);

/* Drops what waits and lets go of the script that runs: each item is told `why`. */
void batch_cancel(struct batch *b, const char *why);

/* The same for what the host has not been asked for yet; a script that has started goes on. */
void batch_cancel_unsent(struct batch *b, const char *why);

#endif
