/* SPDX-License-Identifier: MIT */
/* A command on a rig's session, and an ear that writes down what it does. */
#ifndef MUSTER_TESTS_COMMAND_H
#define MUSTER_TESTS_COMMAND_H

#include "base/buf.h"
#include "rig.h"
#include "ssh/job_exec.h"

struct command {
    struct rig *rig;
    struct exec_args args; /* timeout_us and so on, before command_run() */
    struct job *job;       /* NULL once it ended */
    struct buf out[STREAM_COUNT];
    bool holds_gate;      /* at the next output */
    bool is_background;   /* its end does not finish the session */
    struct command *next; /* is run when this one ends */
    int starts;
    int ends;
    struct exec_result result;
};

/* "uname", without limits or input. */
void command_init(struct command *c, struct rig *rig);
void command_release(struct command *c);

/* Adds it to the session, which is READY, and settles. */
void command_run(struct command *c);

/* A ready session that runs the command, with the channel open and the request accepted. */
void command_begin(struct command *c, struct rig *rig);

/* Settles; then the command has ended once, with this error (ERR_NONE: by itself). */
void command_expect_end(struct command *c, enum error_code code);

/* ... by itself, with this exit code. */
void command_expect_exit(struct command *c, uint32_t code);

void command_expect_output(const struct command *c, enum stream stream, const char *text);

/* The token in the command line of the helper that was started last. */
const char *helper_token(void);

#endif
