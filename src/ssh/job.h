/* SPDX-License-Identifier: MIT */
/*
 * What runs on a ready session: a command, the exec that ends it, later transfers and tunnels.
 *
 * A job is embedded in its own struct and has its own channel. run() is called from the session's
 * turn; it loops until libssh2 says EAGAIN, then answers STEP_WAIT, or STEP_AGAIN when its slice is
 * used up. STEP_NEXT: the job is through, its owner has been told, the session frees it. A job
 * whose channel fails ends with an error of its own; STEP_FAIL is for a broken connection.
 */
#ifndef MUSTER_SSH_JOB_H
#define MUSTER_SSH_JOB_H

#include "base/list.h"
#include "ssh/session.h"

struct job_ops {
    const char *name;
    enum step (*run)(struct job *job);
    /* The connection is gone (`why`: the session's error): tell the owner how it ended. Called at
     * most once, and not after run() answered STEP_NEXT. */
    void (*abort)(struct job *job, const struct error *why);
    /* Frees the job and its channel; the connection may be gone. */
    void (*free)(struct job *job);
};

struct job {
    const struct job_ops *ops;
    struct session *session; /* set by session_add_job() */
    struct list link;
    bool is_urgent; /* must go on while the gate is held */
    struct timer *timer;
    int64_t wake_at_us; /* when the timer fires */
};

/* Makes sure that the job runs again at `at_us` of the monotonic clock at the latest. */
void job_wake_at(struct job *job, int64_t at_us);

#endif
