/* SPDX-License-Identifier: MIT */
/*
 * Asks about unknown host keys on the terminal: one question that lists all of them, answered with
 * yes, no, or a host expression for those to accept. The loop goes on meanwhile.
 */
#ifndef MUSTER_CLI_ASK_TERMINAL_H
#define MUSTER_CLI_ASK_TERMINAL_H

#include "base/error.h"
#include "model/ask.h"

struct ask_terminal;
struct loop;

struct ask_terminal *ask_terminal_new(void);

/* What the engine is given. */
struct ask *ask_terminal_ask(struct ask_terminal *a);

/* The loop that answers arrive on; before it runs. */
void ask_terminal_attach(struct ask_terminal *a, struct loop *loop);

/* A question that is open is dropped without an answer. Before the loop goes; NULL is fine. */
void ask_terminal_free(struct ask_terminal *a);

/* What a line of answer says of each key: "yes", "no", or a host expression over their names. False
 * (ERR_USAGE) where it is none of these. */
bool ask_terminal_read_answer(const char *line, const struct ask_host_key *keys, size_t count,
                              bool *ret_accepted, struct error *reterr);

#endif
