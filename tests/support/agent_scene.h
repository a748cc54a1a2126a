/* SPDX-License-Identifier: MIT */
/* A loop, the agent and its client, and callbacks that write down what they were told. */
#ifndef MUSTER_TESTS_AGENT_SCENE_H
#define MUSTER_TESTS_AGENT_SCENE_H

#include <stddef.h>
#include <stdint.h>

#include "agent_peer.h"
#include "base/error.h"
#include "net/agent.h"
#include "net/loop.h"

extern struct loop *loop;
extern struct agent_peer peer;
extern struct agent *agent; /* NULL once a test has closed it */

/* For .init: everything connected, with the usual patience, or with `timeout_us` of it. */
void agent_scene_start(void);
void agent_scene_start_with(int64_t timeout_us);

/* For .fini. */
void agent_scene_stop(void);

/* Turns the loop until `*count` is `wanted`, and a little longer, in case there is more to come;
 * fails after `ms`, or five seconds. */
void turn_until_within(const int *count, int wanted, int ms);
void turn_until(const int *count, int wanted);

/* What a callback was told. */
struct answer {
    int *calls; /* counted up by each call */
    int turn;   /* which call it was, from 1 */
    size_t keys;
    char comments[64]; /* "BLOB=COMMENT;" of all keys */
    char algorithm[64];
    char data[64];
    size_t size;
    enum error_code code;
    char error[400];
};

/* Callbacks whose argument is a struct answer. */
void note_keys(void *arg, const struct agent_key *keys, size_t count, const struct error *error);
void note_signature(void *arg, const struct agent_signature *signature, const struct error *error);

/* Asks for the keys, or for a signature of `text` by the key "BLOB"; fails where that calls back
 * before it returns. */
struct agent_request *ask_keys(struct answer *a);
struct agent_request *ask_signature(const char *text, const char *algorithm, struct answer *a);

/* Asks for a signature, and has it made: the agent is still in use. Nothing may wait to be read. */
void expect_in_use(void);

/* Asks for everything, which must fail with `error`. */
void expect_broken(const char *error);

#endif
