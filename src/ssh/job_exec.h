/* SPDX-License-Identifier: MIT */
/*
 * A command on a channel of its own: OPEN -> EXEC -> PUMP -> REAP.
 *
 * Output is handed over byte for byte as it comes. The end is told once: an exit status, a signal,
 * or an error; "no status came" is never a success (law 16). Limits and cancelling end the REMOTE
 * command, not just the channel (law 18), and the result says how that was confirmed.
 */
#ifndef MUSTER_SSH_JOB_EXEC_H
#define MUSTER_SSH_JOB_EXEC_H

#include <sys/types.h>

#include "base/error.h"
#include "model/event.h"
#include "ssh/job.h"

struct input;

/* How a command ended. */
struct exec_result {
    bool has_started; /* the request was handed to the transport and not refused */
    bool has_exit_code;
    uint32_t exit_code;
    char signal[24];
    enum kill_result kill;
    struct error error; /* ERR_NONE: an exit status or signal came by itself */
};

struct exec_listener {
    void (*on_started)(void *arg);
    void (*on_output)(void *arg, enum stream stream, const char *data, size_t size);
    /* The receiver may move the error out of the result. */
    void (*on_end)(void *arg, struct exec_result *result);
    void *arg;
};

struct exec_args {
    const char *command;
    struct input *input; /* what the command reads; NULL: end of file at once */
    /* Instead of `input`, with the same answers: > 0 bytes, 0 at the end, -EAGAIN, -errno. */
    ssize_t (*read)(void *arg, void *data, size_t size, uint64_t offset);
    void *read_arg;
    int64_t timeout_us; /* from the start; 0 none */
    int64_t idle_us;    /* without a byte of output; 0 none */
    int64_t open_us;    /* to open the channel and have the request answered; 0 none */
    bool
        is_helper; /* a small command of our own: it passes a held gate, and is closed, not ended */
    struct exec_listener listener;
};

struct job *job_exec_new(const struct exec_args *args);

/* Asks the remote command to stop, as Ctrl-C would: INT, once, nothing else. What it does then is
 * its affair, and its end is told as ever. No effect before the start. */
void job_exec_interrupt(struct job *job);

/* Ends the remote command: TERM, grace, KILL. on_end will tell `why`. Before the start the job ends
 * at once. */
void job_exec_end(struct job *job, const struct error *why);

/* Did the command start? */
bool job_exec_has_started(const struct job *job);

#endif
