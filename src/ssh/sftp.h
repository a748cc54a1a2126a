/* SPDX-License-Identifier: MIT */
/*
 * An SFTP client on a channel of its own: OPEN -> SUBSYSTEM -> GREETING -> READY -> ENDED.
 *
 *   sftp_send(request, fn) --> [ out ] --channel--> server --> [ in ] --> fn(reply)
 *   bulk data: on_room() is asked whenever all is sent and the server's window and the transport
 *   have room, and may send one request; so at most one of them waits in memory.
 *
 * Where a server has no SFTP, but a shell that may be used (law 18), the same requests are answered
 * by shell_files.h, but for those about content: sftp_is_shell().
 *
 * Any number of requests may be under way, each with its own callback; servers may answer in any
 * order. It belongs to a job, whose turn calls sftp_run(); callbacks come from within that call,
 * may send further requests, and must not free the client.
 */
#ifndef MUSTER_SSH_SFTP_H
#define MUSTER_SSH_SFTP_H

#include "ssh/job.h"
#include "ssh/sftp_message.h"

struct sftp;

typedef void sftp_reply_fn(void *arg, const struct sftp_reply *reply);

struct sftp_args {
    struct job *job;     /* whose channel it is */
    const char *as_user; /* not NULL: everything through the shell, as this user (sudo) */
    /* Called once, when requests may be sent. */
    void (*on_ready)(void *arg);
    /* May send one more request with bulk data. */
    void (*on_room)(void *arg);
    void *arg;
};

/* Never NULL. */
struct sftp *sftp_new(const struct sftp_args *args);
void sftp_free(struct sftp *s); /* NULL is fine; the connection may be gone */

/* Lets go of the channel, while the connection is there; no callback comes any more. Where it was
 * still being opened, nothing can be opened on the connection again (session_give_up_open()). */
void sftp_close(struct sftp *s);

/* One turn. STEP_NEXT: the client has ended, sftp_error() says why; STEP_FAIL: the connection has.
 */
enum step sftp_run(struct sftp *s);

bool sftp_is_ready(const struct sftp *s);

/* Is there no SFTP but a shell? Then no file can be opened, read or written by requests. */
bool sftp_is_shell(const struct sftp *s);

/* Why it ended: ERR_REQUEST_REFUSED where the server has no SFTP subsystem. */
const struct error *sftp_error(const struct sftp *s);

/* Requests whose answers have not come, and how many there may be. */
size_t sftp_in_flight(const struct sftp *s);
#define SFTP_IN_FLIGHT_MAX 1024

/* Sends a request, of which a copy is made. There must be room for one more in flight. */
void sftp_send(struct sftp *s, const struct sftp_request *request, sftp_reply_fn *fn, void *arg);

/* How many answers have come so far: whether anything goes on. */
uint64_t sftp_answers(const struct sftp *s);

/* Can the server replace a file atomically by renaming (posix-rename@openssh.com)? */
bool sftp_can_replace(const struct sftp *s);

#endif
