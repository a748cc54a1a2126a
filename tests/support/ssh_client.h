/* SPDX-License-Identifier: MIT */
/* A plain non-blocking libssh2 client on src/ssh's own parts: for tests of those parts against real
 * servers. Each function fails the running test on an error nobody asked for. */
#ifndef MUSTER_TESTS_SSH_CLIENT_H
#define MUSTER_TESTS_SSH_CLIENT_H

#include <libssh2.h>
#include <stdbool.h>
#include <stdint.h>

#include "ssh/identity.h"
#include "ssh/rsa_sha2.h"
#include "ssh/ssh_alloc.h"

struct ssh_client {
    int fd;
    struct ssh_alloc *alloc;
    LIBSSH2_SESSION *session;
    /* What auth is under way; the sign callback finds it as the allocator's owner. */
    const struct identity *identity;
    struct rsa_sha2_offer offer;
    char algorithm[64]; /* what was signed with; "" where nothing was */
    unsigned signatures;
    unsigned refuse_times; /* the sign callback says EAGAIN that often first, as with an agent */
    bool is_sign_pending;
};

/* What a command did. */
struct ssh_client_result {
    int exit_status;
    bool was_status_seen;
    char *signal; /* heap, or NULL */
    uint32_t channel;
    char out[1000];
};

/* Connects and exchanges keys. */
void ssh_client_open(struct ssh_client *c, const char *address, int port);
void ssh_client_close(struct ssh_client *c);

/* Waits for the socket as libssh2 says. */
void ssh_client_wait(struct ssh_client *c);

/* Offers a key through rsa_sha2_userauth(); returns libssh2's final answer. */
int ssh_client_auth(struct ssh_client *c, const char *user, const struct identity *id,
                    const char *algorithm);

/* Runs a command to its end. */
struct ssh_client_result ssh_client_run(struct ssh_client *c, const char *command);

#endif
