/* SPDX-License-Identifier: MIT */
/*
 * One SSH connection's life, from a name to the last byte.
 *
 *   RESOLVE -> CONNECT -> HANDSHAKE -> HOSTKEY -> METHODS -> AUTH -> READY -> CLOSE -> DONE
 *
 * The only branches: AUTH -> AUTH (the next credential) and any failure -> CLOSE. The graph is the
 * table states[] in session.c; session_advance(), called from the loop's ready queue and nowhere
 * else, is the only mover. Everybody else calls session_wake(), which only enqueues.
 *
 * A session owns its transport, its LIBSSH2_SESSION and its jobs. It keeps the FIRST error. It
 * never blocks: CLOSE has a deadline of its own, past which the connection is cut.
 */
#ifndef MUSTER_SSH_SESSION_H
#define MUSTER_SSH_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/event.h"
#include "model/plan.h"
#include "net/loop.h"

struct job;
struct session;

enum session_state {
    SESSION_RESOLVE,
    SESSION_CONNECT,
    SESSION_HANDSHAKE,
    SESSION_HOSTKEY,
    SESSION_METHODS,
    SESSION_AUTH,
    SESSION_READY,
    SESSION_CLOSE,
    SESSION_DONE,
};
#define SESSION_STATE_COUNT (SESSION_DONE + 1)

/* What a state or job function answers. */
enum step {
    STEP_NEXT,  /* done here: on to the next state */
    STEP_AGAIN, /* its slice is used up: call again after the others had their turn */
    STEP_WAIT,  /* something will wake the session */
    STEP_FAIL,  /* session_fail() was called */
};

/* What all sessions of an engine share; each member outlives them. */
struct ssh_services {
    struct loop *loop;
    struct dns *dns;
    struct identity_store *identities;
    struct agent *agent;   /* NULL where there is none */
    struct error no_agent; /* why not, for error texts; empty where none was named */
    const struct gate *gate;
    struct rate *rate; /* of what transfers move; never NULL */
    /* The public key blob of the credential that worked last, tried first on the next host; heap,
     * owned by the services' owner. */
    unsigned char *preferred_key;
    size_t preferred_key_size;
};

/* The owner's ear; each is called from session_advance(). */
struct session_listener {
    void (*on_stage)(void *arg, enum stage stage);
    void (*on_auth)(void *arg, const char *method);
    void (*on_note)(void *arg, enum severity severity, const char *text);
    /* READY was reached: now session_add_job() or session_finish(). */
    void (*on_ready)(void *arg);
    /* DONE: nothing more will come, the owner may call session_free() from within. */
    void (*on_closed)(void *arg);
    void *arg;
};

struct session_args {
    struct ssh_services *services;
    const struct target *target;
    struct known_hosts *known_hosts; /* what the target's settings name, loaded */
    struct session_listener listener;
    /* When -t began for this host (monotonic), if an earlier attempt did; else 0. */
    int64_t started_at_us;
    /* Look for recorded host key types in hashed known_hosts lines, too, which takes longer. */
    bool asks_all_types;
};

/* Begins: the session runs from the loop. Never NULL. */
struct session *session_open(const struct session_args *args);

/* In DONE only. NULL is fine. */
void session_free(struct session *s);

/* Enqueues; harmless at any time. */
void session_wake(struct session *s);

/* Ends the session with an error; the first one counts. From any state; jobs are aborted. */
void session_fail(struct session *s, enum error_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* No more jobs will come: once those that run are through, the connection is closed. */
void session_finish(struct session *s);

/* In READY: takes ownership of the job, which runs from the next turn on. */
void session_add_job(struct session *s, struct job *job);

enum session_state session_state(const struct session *s);
const char *session_state_name(enum session_state state);

/* The first error (ERR_NONE: none) and the stage in which it happened. */
const struct error *session_error(const struct session *s);
enum stage session_error_stage(const struct session *s);

/* The numeric address connected to; "" before. */
const char *session_address(const struct session *s);

/* The offered host key, for ERR_HOST_KEY_UNKNOWN: SSH wire format; NULL before HOSTKEY. */
const unsigned char *session_host_key(const struct session *s, size_t *ret_size);

/* Ended with ERR_HOST_KEY_CHANGED, but the server may well own a key of a type that is recorded:
 * open a session again with `asks_all_types` for the true verdict. */
bool session_wants_other_types(const struct session *s);

/* May another command be executed on this connection without running a forced command again (law
 * 18)? True only for servers known to behave that announced no forced command. */
bool session_may_exec_helper(const struct session *s);

/* Does the server's version string say that it is dropbear? */
bool session_is_dropbear(const struct session *s);

#endif
