/* SPDX-License-Identifier: MIT */
/* A job on a rig's session that is nothing but an SFTP client, and writes down what it hears. It is
 * a transfer, too, as far as a reader wants one. */
#ifndef MUSTER_TESTS_SFTP_CLIENT_H
#define MUSTER_TESTS_SFTP_CLIENT_H

#include "base/buf.h"
#include "rig.h"
#include "sftp_peer.h"
#include "ssh/transfer_private.h"

struct client {
    struct transfer t;
    struct rig *rig;
    void (*on_room)(void *arg); /* NULL: there is never bulk data */
    void *arg;
    void (*on_answer)(struct client *c, const char *name); /* NULL is fine */
    struct list questions;                                 /* that wait for an answer */
    struct buf heard; /* "ready; a status 0; b handle x; ", in order */
    bool gives_up;    /* ends the job in its next turn, whatever its state */
    int readies;
    int ends;
    int aborts;
    struct error error; /* why the client ended */
};

/* Puts it on a READY session, which is opened if need be, and settles. */
void client_begin(struct client *c, struct rig *r);

/* The same, up to the client's own READY. */
void client_begin_ready(struct client *c, struct rig *r);

/* On a rig of its own: a client that waits for the greeting; one with a request for "p", called
 * "a", under way, whose id is returned. */
void client_begin_greeting(struct client *c, struct rig *r);
uint32_t client_begin_one(struct client *c, struct rig *r);

/* Releases both. */
void client_finish(struct client *c, struct rig *r);

/* Frees what it holds; after rig_release(). */
void client_release(struct client *c);

/* Sends a request about a path; `name` (static), and what came, are written down. */
void client_ask(struct client *c, enum sftp_type type, const char *path, const char *name);

/* Settles; then this was heard since the last call. */
void client_expect(struct client *c, const char *heard);

/* Settles; then the client has ended by itself, once, with this error. */
void client_expect_end(struct client *c, enum error_code code, const char *text);

#endif
