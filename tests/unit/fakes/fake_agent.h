/* SPDX-License-Identifier: MIT */
/* An ssh-agent (net/agent.h) that answers when the test says so. */
#ifndef MUSTER_TESTS_FAKE_AGENT_H
#define MUSTER_TESTS_FAKE_AGENT_H

#include "net/agent.h"

struct fake_agent {
    bool cannot_open; /* agent_open() fails */
    int objects;      /* agents that exist */
    int requests;     /* under way */
    int lists;        /* asked for so far */
    int signs;
    int abandoned;
    char sign_algorithm[40]; /* of the last request */
};
extern struct fake_agent fake_agent;

/* An agent without a loop, for tests that hand it to a session themselves. */
struct agent *fake_agent_new(void);

/* Answers the oldest request under way, with keys, a signature, or an error (`text`). */
void fake_agent_answer_list(const struct agent_key *keys, size_t count);
void fake_agent_answer_sign(const char *signature);
void fake_agent_fail(const char *text);

#endif
