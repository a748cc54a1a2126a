/* SPDX-License-Identifier: MIT */
/*
 * An ssh-agent (draft-miller-ssh-agent), asked asynchronously over one connection that all
 * sessions of an engine share. The identities are listed once; requests are written at once and
 * answered in order.
 *
 *      request --> [ sent, waiting for its reply: first in, first out ] --> callback
 *                    (an abandoned request keeps its place; its reply is dropped)
 *
 * An agent that closes, answers nonsense or answers with the wrong kind of message fails every
 * request under way, and every later one, with the same error. One that does not answer in time
 * fails the request; its place is kept. Errors are ERR_AUTH and name the socket.
 */
#ifndef MUSTER_NET_AGENT_H
#define MUSTER_NET_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/loop.h"

struct agent;
struct agent_request;

/* How long an agent may take to sign: it may wait for a person to touch a token. */
#define AGENT_TIMEOUT_US (30 * INT64_C(1000000))

/* How long it may take to list its keys: no longer, so that whoever waits for the list can go on
 * with other credentials within the usual -t. */
#define AGENT_LIST_TIMEOUT_US (5 * INT64_C(1000000))

/* Connects to the socket `path` ($SSH_AUTH_SOCK). False (ERR_AUTH_NO_CREDENTIAL) where nobody
 * listens there. `timeout_us` per signature; for the list too where it is shorter. */
bool agent_open(struct agent **ret, struct loop *loop, const char *path, int64_t timeout_us,
                struct error *reterr);

/* Calls back for no request any more; NULL is fine. */
void agent_close(struct agent *agent);

struct agent_key {
    const unsigned char *blob; /* SSH wire format */
    size_t size;
    const char *comment; /* control bytes replaced */
};

/* The keys live as long as the agent. On failure `error` is set, else it is NULL. */
typedef void agent_list_fn(void *arg, const struct agent_key *keys, size_t count,
                           const struct error *error);

/* Calls `fn` exactly once, from the loop (never before it has returned), unless abandoned. The
 * agent is asked by the first call only, later ones share its answer, and also its deadline: past
 * that they fail at once, until the answer comes. */
struct agent_request *agent_list(struct agent *agent, agent_list_fn *fn, void *arg);

enum { AGENT_SIGN_RSA_SHA2_256 = 2, AGENT_SIGN_RSA_SHA2_512 = 4 };

/* The flags that make an agent sign with `algorithm`: "rsa-sha2-256" or "rsa-sha2-512", else 0. */
uint32_t agent_sign_flags(const char *algorithm);

/* `algorithm` and `signature` are what the agent's signature says and holds, without the wrapper,
 * as libssh2 wants it; borrowed for the call. NULL and size 0 where `error` is set. */
struct agent_signature {
    const char *algorithm;
    const unsigned char *data;
    size_t size;
};
typedef void agent_sign_fn(void *arg, const struct agent_signature *signature,
                           const struct error *error);

struct agent_sign {
    const unsigned char *blob; /* of the key, as agent_list() gave it */
    size_t blob_size;
    const unsigned char *data; /* what to sign */
    size_t data_size;
    /* What the signature must be made with; another one in the reply is an error. */
    const char *algorithm;
};

/* Asks for a signature; `what` is copied. Calls `fn` exactly once, from the loop (never before it
 * has returned), unless abandoned. */
struct agent_request *agent_sign(struct agent *agent, const struct agent_sign *what,
                                 agent_sign_fn *fn, void *arg);

/* The callback will not come; the request is not to be used any more. NULL is fine. Not allowed
 * once the callback was called. */
void agent_abandon(struct agent_request *request);

#endif
