/* SPDX-License-Identifier: MIT */
/*
 * Which credential next: an iterator without I/O. The order: keys named by the user, keys of the
 * agent, ssh's default key files, password. (ssh(1) offers the agent's keys before those named,
 * and then fails where the agent holds more than the server is patient for.) The key that worked
 * on another host comes first. At most AUTH_MAX_KEYS keys are
 * offered, because servers count each as a failed attempt.
 */
#ifndef MUSTER_SSH_AUTH_H
#define MUSTER_SSH_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct identity;
struct secret;

#define AUTH_MAX_KEYS 5

enum credential_kind {
    CREDENTIAL_AGENT_KEY,
    CREDENTIAL_IDENTITY,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_END,
};

/* One way to prove who we are. Pointers are borrowed. */
struct credential {
    enum credential_kind kind;
    const unsigned char *blob; /* public key, SSH wire format; of both key kinds */
    size_t blob_size;
    const struct identity *identity; /* CREDENTIAL_IDENTITY */
    const struct secret *password;   /* CREDENTIAL_PASSWORD */
    const char *name;                /* for messages: file name or the agent's comment */
};

struct auth;

struct auth_args {
    const char *methods;                 /* the server's list: "publickey,password" */
    const struct credential *candidates; /* all there are, in order; copied */
    size_t candidate_count;
    const unsigned char *preferred; /* blob of the key to try first; may be NULL */
    size_t preferred_size;
};

struct auth *auth_new(const struct auth_args *args);
void auth_free(struct auth *a); /* NULL is fine */

/* The credential to try now; kind CREDENTIAL_END when nothing is left. */
const struct credential *auth_current(const struct auth *a);

/* The current one was refused: on to the next. */
void auth_next(struct auth *a);

/* Was anything offered before the current one? */
bool auth_has_offered(const struct auth *a);

/* "tried 2 keys (id_ed25519, agent: work) and a password; the server accepts publickey": for the
 * error when all were refused. Heap, the caller frees. */
char *auth_explain(const struct auth *a);

#endif
