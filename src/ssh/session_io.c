/* SPDX-License-Identifier: MIT */
/*
 * Between libssh2 and the transport: the callbacks, and the first and last calls.
 *
 *   libssh2 --send--> transport (takes all; law 1)
 *   libssh2 <--recv-- greeting (until the key exchange is over; law 2) <-- transport
 *
 * A turn's slice bounds what is received: past it libssh2 is told EAGAIN, and session_advance()
 * queues the session again, so that no host can keep the loop to itself.
 *
 * In READY the end of the connection is kept from libssh2. Told of it, it fails the next call, with
 * what it has taken in already unread: a server that closes right after a command's end would cost
 * us the output. So the jobs first get all there is, and session_ready_run() draws the conclusion.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/trace.h"
#include "ssh/session_private.h"

/* Notes how the connection broke; returns what libssh2 is told. */
static ssize_t note_broken(struct session *s, ssize_t rc)
{
    if (rc == 0)
        s->is_at_eof = true;
    else if (rc != -EAGAIN && s->io_errno == 0)
        s->io_errno = (int)-rc;
    return s->state == SESSION_READY ? -EAGAIN : rc;
}

/* Reads from the transport within the turn's slice. */
static ssize_t receive_direct(struct session *s, void *data, size_t size)
{
    if (s->slice_left == 0)
        return -EAGAIN;
    if (size > s->slice_left)
        size = s->slice_left;
    ssize_t got = s->transport->ops->recv(s->transport, data, size);
    if (got <= 0)
        return note_broken(s, got);
    s->slice_left -= (size_t)got;
    return got;
}

/* Reads before and during the key exchange: libssh2 asks byte by byte and is given what was read
 * and looked at in larger pieces. */
static ssize_t receive_greeting(struct session *s, void *data, size_t size)
{
    size_t taken = greeting_take(s->greeting, data, size);
    if (taken > 0)
        return (ssize_t)taken;
    if (s->state > SESSION_HANDSHAKE) {
        greeting_free(s->greeting);
        s->greeting = NULL;
        return receive_direct(s, data, size);
    }
    char piece[4096];
    ssize_t got = receive_direct(s, piece, sizeof piece);
    if (got <= 0)
        return got;
    struct error err = ERROR_INIT;
    if (!greeting_feed(s->greeting, piece, (size_t)got, &err)) {
        session_fail(s, err.code, "%s", err.text);
        error_release(&err);
        return -ECONNABORTED;
    }
    taken = greeting_take(s->greeting, data, size);
    return taken > 0 ? (ssize_t)taken : -EAGAIN;
}

/* libssh2's receive callback. */
static ssize_t on_receive(libssh2_socket_t fd, void *data, size_t size, int flags, void **abstract)
{
    (void)fd;
    (void)flags;
    struct session *s = ssh_alloc_owner(abstract);
    if (s->is_cut)
        return -ECONNABORTED;
    return s->greeting ? receive_greeting(s, data, size) : receive_direct(s, data, size);
}

/* libssh2's send callback. */
static ssize_t on_send(libssh2_socket_t fd, const void *data, size_t size, int flags,
                       void **abstract)
{
    (void)fd;
    (void)flags;
    struct session *s = ssh_alloc_owner(abstract);
    if (s->is_cut)
        return -ECONNABORTED;
    ssize_t sent = s->transport->ops->send(s->transport, data, size);
    if (sent >= 0) {
        s->bytes_sent += (uint64_t)sent;
        return sent;
    }
    /* A half-sent packet would keep libssh2 from reading on (law 1): it goes nowhere, whole. */
    return note_broken(s, sent) == -EAGAIN ? (ssize_t)size : sent;
}

/* Keeps at most `most` bytes of a server's text, printable, without a blank end. */
static char *keep_text(const char *text, int size, int most)
{
    if (size > most)
        size = most;
    char *copy = xstrndup(text ? text : "", text && size > 0 ? (size_t)size : 0);
    for (char *c = copy; *c; c++) {
        if (!isprint((unsigned char)*c))
            *c = ' ';
    }
    for (size_t n = strlen(copy); n > 0 && copy[n - 1] == ' '; n--)
        copy[n - 1] = '\0';
    return copy;
}

/* libssh2's callback for SSH_MSG_DISCONNECT. */
static void on_disconnect(LIBSSH2_SESSION *ssh, int reason, const char *message, int message_size,
                          const char *language, int language_size, void **abstract)
{
    (void)ssh;
    (void)reason;
    (void)language;
    (void)language_size;
    struct session *s = ssh_alloc_owner(abstract);
    if (!s->disconnect_text)
        s->disconnect_text = keep_text(message, message_size, 200);
    s->is_at_eof = true;
}

/* libssh2's callback for SSH_MSG_DEBUG: sshd tells here what an authorized key is limited to. */
static void on_debug(LIBSSH2_SESSION *ssh, int always_display, const char *message,
                     int message_size, const char *language, int language_size, void **abstract)
{
    (void)ssh;
    (void)always_display;
    (void)language;
    (void)language_size;
    struct session *s = ssh_alloc_owner(abstract);
    /* All of it: before the options stands a path of any length. */
    char *text = keep_text(message, message_size, message_size);
    trace_debug("%s: server: %s", s->target->info.name, text);
    const char *options = strstr(text, "key options:");
    if (options && strstr(options, " command"))
        s->has_forced_command = true;
    free(text);
}

/* Sets a callback whose type libssh2 hides behind void *. */
static void set_callback(struct session *s, int kind, void (*fn)(void))
{
    void *pointer;
    memcpy(&pointer, &fn, sizeof pointer);
    libssh2_session_callback_set(s->ssh, kind, pointer);
}

bool session_io_init(struct session *s)
{
    s->alloc = ssh_alloc_new(s, SSH_ALLOC_CAP);
    s->ssh = ssh_alloc_session(s->alloc);
    if (!s->ssh) {
        session_fail(s, ERR_MEMORY, "no memory for a session");
        return false;
    }
    libssh2_session_set_blocking(s->ssh, 0);
    set_callback(s, LIBSSH2_CALLBACK_RECV, (void (*)(void))on_receive);
    set_callback(s, LIBSSH2_CALLBACK_SEND, (void (*)(void))on_send);
    set_callback(s, LIBSSH2_CALLBACK_DISCONNECT, (void (*)(void))on_disconnect);
    set_callback(s, LIBSSH2_CALLBACK_DEBUG, (void (*)(void))on_debug);
    s->greeting = greeting_new();
    session_listen(s, true);
    return true;
}

void session_listen(struct session *s, bool wanted)
{
    s->transport->ops->want_read(s->transport, wanted);
}

/* Tells the server's banner: with -v, and to everybody where the login failed. */
static void tell_banner(struct session *s)
{
    const char *banner = s->alloc ? ssh_alloc_banner(s->alloc) : NULL;
    if (!banner)
        return;
    char *text = keep_text(banner, (int)strlen(banner), SSH_ALLOC_BANNER_MAX);
    bool has_failed = error_is_set(&s->error) && error_status(s->error.code) == STATUS_AUTH;
    if (has_failed) {
        char *note = xprintf("the server says: %s", text);
        s->listener.on_note(s->listener.arg, SEVERITY_WARNING, note);
        free(note);
    } else {
        trace_note("%s: the server says: %s", s->target->info.name, text);
    }
    free(text);
}

/* Frees libssh2's session: cut, it cannot wait for the server. */
static void free_ssh(struct session *s)
{
    s->is_cut = true;
    for (int tries = 0; s->ssh && tries < 100; tries++) {
        if (libssh2_session_free(s->ssh) != LIBSSH2_ERROR_EAGAIN)
            s->ssh = NULL;
    }
    tell_banner(s);
    ssh_alloc_free(s->alloc);
    s->alloc = NULL;
}

enum step session_io_close(struct session *s)
{
    if (!s->transport)
        return STEP_NEXT;
    if (s->was_ready && !s->has_said_goodbye && !s->is_cut && !session_is_broken(s)) {
        s->has_said_goodbye = true;
        libssh2_session_disconnect(s->ssh, "done");
        s->transport->ops->flush(s->transport);
    }
    session_listen(s, false);
    if (!s->is_cut && !session_is_broken(s) && s->transport->ops->pending(s->transport) > 0)
        return STEP_WAIT;
    free_ssh(s);
    greeting_free(s->greeting);
    s->greeting = NULL;
    s->transport->ops->close(s->transport);
    s->transport = NULL;
    return STEP_NEXT;
}

bool session_is_broken(const struct session *s)
{
    return s->is_at_eof || s->io_errno != 0;
}

enum error_code session_broken_code(const struct session *s)
{
    bool is_silence = s->io_errno == ETIMEDOUT || s->io_errno == EHOSTUNREACH ||
                      s->io_errno == ENETUNREACH || s->io_errno == ENETDOWN;
    return is_silence ? ERR_PEER_DEAD : ERR_CONNECTION_LOST;
}

const char *session_broken_text(const struct session *s)
{
    if (s->disconnect_text)
        return s->disconnect_text;
    return s->io_errno ? strerror(s->io_errno) : "the server closed the connection";
}

const char *session_libssh2_text(struct session *s)
{
    char *text = NULL;
    if (libssh2_session_last_error(s->ssh, &text, NULL, 0) == 0 || !text || !*text)
        return "unknown error";
    return text;
}

enum step ssh_step(struct session *s, ssize_t rc, enum error_code code, const char *what)
{
    if (rc >= 0)
        return STEP_NEXT;
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    if (session_is_broken(s))
        session_fail(s, code, "%s: %s", what, session_broken_text(s));
    else
        session_fail(s, code, "%s: %s", what, session_libssh2_text(s));
    return STEP_FAIL;
}
