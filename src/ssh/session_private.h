/* SPDX-License-Identifier: MIT */
/* What the .c files of the session share: one file per group of states. Included by them and by
 * the jobs, which make libssh2 calls of their own. */
#ifndef MUSTER_SSH_SESSION_PRIVATE_H
#define MUSTER_SSH_SESSION_PRIVATE_H

#include <libssh2.h>

#include "model/known_hosts.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/dns.h"
#include "net/transport.h"
#include "ssh/auth.h"
#include "ssh/greeting.h"
#include "ssh/job.h"
#include "ssh/session.h"
#include "ssh/ssh_alloc.h"

/* Which deadline a state is under; entering a state of the same kind keeps the running one. */
enum timeout_kind {
    TIMEOUT_CONNECT, /* -t: look-up .. authentication */
    TIMEOUT_NONE,    /* jobs have their own */
    TIMEOUT_CLOSE,
};

struct state {
    const char *name;
    enum step (*run)(struct session *s);
    void (*leave)(struct session *s); /* may be NULL; also called on failure */
    enum timeout_kind timeout;
    enum error_code expired; /* what running out of time means here */
    enum stage stage;        /* what the outside world calls it */
    enum session_state next;
};

/* Bytes a session may read or hand on in one turn. */
#define SESSION_SLICE (256 * 1024)

/* Windows and packets of a channel that carries a command's output (law 5). */
#define SESSION_CHANNEL_WINDOW (256 * 1024)
#define SESSION_CHANNEL_PACKET (32 * 1024)

struct session {
    struct task task;
    struct ssh_services *services;
    const struct target *target;
    struct known_hosts *known_hosts;
    struct session_listener listener;

    enum session_state state;
    enum stage stage; /* announced last */
    struct timer *deadline;
    int64_t deadline_at_us;
    bool has_expired;
    bool is_finishing;
    bool is_doomed; /* session_fail() was called from outside a state function */
    struct error error;
    enum stage error_stage;

    /* RESOLVE, CONNECT */
    struct dns_wait lookup;
    bool lookup_started;
    bool lookup_answered;
    struct address_list addresses;
    struct dial *dial;
    struct transport *transport;
    char address[ADDRESS_TEXT_SIZE];

    /* The connection; see session_io.c */
    LIBSSH2_SESSION *ssh;
    struct ssh_alloc *alloc;
    struct greeting *greeting; /* until the key exchange is over */
    char *server_version;      /* "SSH-2.0-OpenSSH_9.2", printable */
    size_t slice_left;
    uint64_t bytes_sent; /* handed to the transport */
    bool is_at_eof;
    bool has_said_goodbye;
    bool is_cut; /* libssh2 gets an error from every call: it must let go */
    int io_errno;
    char *disconnect_text; /* of the server's disconnect message */

    /* HANDSHAKE, HOSTKEY */
    enum known_hosts_effort effort;
    bool wants_other_types;
    unsigned char *host_key; /* as offered, SSH wire format */
    size_t host_key_size;
    bool withholds_password; /* the host key is not the recorded one */

    /* METHODS, AUTH */
    struct auth_gathering *gathering; /* what METHODS found; session_auth.c */
    struct auth *auth;                /* NULL where the none probe was accepted */
    struct auth_attempt *attempt;     /* the credential being tried; session_auth.c */

    /* READY */
    bool was_ready;
    bool has_forced_command; /* announced by the server */
    struct list jobs;
    struct job *opening; /* the one that opens a channel and asks for what is to run on it */
    bool is_open_stuck;  /* its answer was not waited for: no other can be sent */
};

/* Maps a libssh2 result: >= 0 is STEP_NEXT, EAGAIN is STEP_WAIT, an error fails the session with
 * `code` and "WHAT: libssh2's words", or with the reason the connection broke. */
enum step ssh_step(struct session *s, ssize_t rc, enum error_code code, const char *what);

/* Has the connection itself broken? Then `what` says how, for an error text. */
bool session_is_broken(const struct session *s);
/* Once it is broken, after login: did the peer fall silent, or was the connection ended? */
enum error_code session_broken_code(const struct session *s);
const char *session_broken_text(const struct session *s);

/* libssh2's text for the last error on this session, printable. */
const char *session_libssh2_text(struct session *s);

/* The host as known_hosts names it. */
struct known_hosts_name session_known_name(const struct session *s);

/* Whether bytes from the server wake the session. Without, while nobody would read them: the
 * descriptor stays readable, and the loop would spin (law 6). */
void session_listen(struct session *s, bool wanted);

/* session_io.c: sets up and tears down the LIBSSH2_SESSION. */
bool session_io_init(struct session *s);
enum step session_io_close(struct session *s);

/* State functions, by file. */
enum step session_resolve_run(struct session *s);
void session_resolve_leave(struct session *s);
enum step session_connect_run(struct session *s);
void session_connect_leave(struct session *s);
enum step session_handshake_run(struct session *s);
void session_handshake_leave(struct session *s);
enum step session_hostkey_run(struct session *s);
enum step session_methods_run(struct session *s);
enum step session_auth_run(struct session *s);
void session_methods_leave(struct session *s);
void session_auth_leave(struct session *s);
enum step session_ready_run(struct session *s);
void session_ready_leave(struct session *s);
enum step session_close_run(struct session *s);

/* READY's channel open queue: true when `job` may call libssh2_channel_open now; it must then call
 * session_opened() when what it asks for on the channel was answered, either way, or the open
 * failed. One at a time, for two reasons. A second open would continue the first and get its
 * channel (law 19). And while libssh2 1.10 to 1.11.1 waits for the answer to a channel request, it
 * takes an answer to another channel's request for a failure of its own (-1 from
 * _libssh2_packet_requirev). */
bool session_may_open(struct session *s, struct job *job);
void session_opened(struct session *s, struct job *job);

/* Nobody waits for the open in flight any more. What is open goes on, but libssh2 would give the
 * next one who opens the old one's channel: nothing can be opened on this connection again. Who
 * wants to must end: waiting for ever, it would make no call of libssh2 that reads, and the loop
 * would spin (law 6). */
void session_give_up_open(struct session *s);
#define SESSION_STUCK_TEXT "a channel that was given up bars the connection to others"

#endif
