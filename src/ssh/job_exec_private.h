/* SPDX-License-Identifier: MIT */
/* The state of a command, shared by job_exec.c (running it) and exec_end.c (ending it). */
#ifndef MUSTER_SSH_JOB_EXEC_PRIVATE_H
#define MUSTER_SSH_JOB_EXEC_PRIVATE_H

#include "base/buf.h"
#include "ssh/job_exec.h"
#include "ssh/session_private.h"

enum exec_state {
    EXEC_OPEN,    /* asks for a channel */
    EXEC_REQUEST, /* asks for the command to be run */
    EXEC_PUMP,    /* moves output and input */
    EXEC_REAP,    /* both streams ended: waits for the channel's close, then knows the status */
    EXEC_FREE,    /* waits for the helper, if there is one, and tells the owner */
};

/* The ending of a command by muster, in the order in which it gets rougher. */
enum ending {
    ENDING_NONE,
    ENDING_TERM,   /* an SSH signal TERM was sent */
    ENDING_KILL,   /* an SSH signal KILL was sent, where no helper may be used */
    ENDING_HELPER, /* a second exec on the connection ends the command's processes */
    ENDING_CLOSE,  /* the channel is closed: nothing more can be done */
};

struct job_exec {
    struct job job;
    char *command;
    struct exec_args args;
    struct exec_result result;
    enum exec_state state;

    LIBSSH2_CHANNEL *channel;
    uint32_t channel_id;
    uint64_t input_offset;
    bool input_is_over;

    int64_t open_until_us;  /* monotonic, as all below; 0: no limit */
    int64_t close_until_us; /* 0: not waiting yet */
    int64_t begun_us;       /* the command's start */
    int64_t last_output_us;
    int64_t gate_held_us; /* as it was at the start */
    int64_t gate_held_at_output_us;
    size_t overflow_left; /* output that may be handed over although the gate is held */

    /* exec_end.c */
    enum ending ending;
    struct error end_why;
    int64_t ending_until_us; /* when the next rougher step is due */
    struct job *helper;      /* NULL where none runs */
    struct buf helper_output;
    char helper_token[33];
    bool helper_confirmed;
    bool wants_interrupt;       /* an interrupt is due once the command runs */
    bool is_interrupting;       /* the helper only sends INT */
    int64_t interrupt_again_us; /* when a helper is to follow an interrupt; 0: none is due */
    bool is_helper;             /* this command is itself a helper: it is closed, not ended */
};

/* The job behind the base. */
struct job_exec *job_exec_of(struct job *job);

/* Drops the channel without waiting for the server and goes to EXEC_FREE. */
void exec_abandon(struct job_exec *e);

/* exec_end.c: follows the ending under way; called each turn. */
void exec_end_step(struct job_exec *e);

/* exec_end.c: the channel closed by itself: what that says about the ending. */
enum kill_result exec_end_result(const struct job_exec *e);

/* exec_end.c: frees what the ending holds. */
void exec_end_release(struct job_exec *e);

#endif
