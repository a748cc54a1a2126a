/* SPDX-License-Identifier: MIT */
/*
 * A libssh2 at link time. Without a script each call behaves as libssh2 does towards a good server,
 * over the session's own callbacks: every call takes in all that the wire has first, whichever
 * channel it is for, and a wire that broke fails the call before what was taken in is handed out.
 *
 * Instead of SSH's packets the wire carries frames: kind, channel, size (2 bytes), payload.
 *
 *   server sends: H host key  K channel open  N channel refused  + request granted  - refused
 *                 o stdout  e stderr  F end of file  S exit status  G exit signal  C close
 *                 A window  D debug message  Q disconnect message
 *   client sends: O open  X exec  Y subsystem  d data  F end of file  A window  C close  Q
 * disconnect T signal
 *
 * A script makes a call return something else: fake_script() queues a result for the next calls of
 * one function.
 */
#ifndef MUSTER_TESTS_FAKE_LIBSSH2_H
#define MUSTER_TESTS_FAKE_LIBSSH2_H

#include <libssh2.h>
#include <stdbool.h>
#include <stddef.h>

enum fake_call {
    FAKE_INIT, /* result 1: no session */
    FAKE_METHOD_PREF,
    FAKE_HANDSHAKE,
    FAKE_HOSTKEY, /* result 1: there is none */
    FAKE_USERAUTH_LIST,
    FAKE_PUBLICKEY,
    FAKE_PASSWORD,
    FAKE_OPEN,
    FAKE_STARTUP,
    FAKE_READ_STDOUT,
    FAKE_READ_STDERR,
    FAKE_WRITE, /* a positive result: so many bytes are taken */
    FAKE_SEND_EOF,
    FAKE_WAIT_CLOSED,
    FAKE_CHANNEL_FREE,
    FAKE_SIGNAL,
    FAKE_DISCONNECT,
    FAKE_SESSION_FREE,
    FAKE_CALL_COUNT,
};

/* The default behaviour, for a script that wants it between others. */
#define FAKE_GOOD 1000000

/* The next `times` calls, after those scripted already, return `result`. */
void fake_script(enum fake_call call, int result, int times);

struct fake_ssh2 {
    int calls[FAKE_CALL_COUNT]; /* so far */
    const char *methods;        /* what the server accepts; "": the none probe was accepted */
    bool can_signal;            /* ssh_features_get().signal */
    bool password_expires;      /* a password is accepted, but has to be changed */
    int sessions;               /* that exist */
    char trace[4096];           /* the calls that did something, in order: "open0 exec0 " */
};
extern struct fake_ssh2 fake_ssh2;

/* All as at first: good, "publickey,password". */
void fake_ssh2_reset(void);

/* The server's first words, up to a key exchange that succeeds. `version` NULL: an OpenSSH. */
void server_greets(const char *version);

/* A plaintext KEXINIT packet with one name in each list, `kex` in the first; bytes written. */
size_t kexinit_packet(const char *kex, unsigned char *ret, size_t room);

/* A frame from the server. */
void server_sends(char kind, int channel, const void *data, size_t size);
void server_says(char kind, int channel, const char *text);

/* Channel `n` is opened and its command accepted. */
void server_opens(int channel);
void server_starts(int channel);

/* The command ends: end of file, status or signal, close. */
void server_exits(int channel, int status);
void server_dies(int channel, const char *signal_name);

/* What the client sent as text, one line a frame: "X0 uname -a\n"; data as "d0 5 hello\n". Static
 * storage. */
const char *client_sent(void);

/* The payload of the client's last frame of this kind, or NULL. Static storage. */
const char *client_last(char kind);

/* For fake_auth.c: takes in the wire; 0, EAGAIN or an error. */
int fake_pump(LIBSSH2_SESSION *s);
int fake_next(enum fake_call call);
int fake_fail(LIBSSH2_SESSION *s, int code);
int fake_scripted(LIBSSH2_SESSION *s, int result); /* EAGAIN: the wire was drained for it */
void fake_authenticated(LIBSSH2_SESSION *s);

#endif
