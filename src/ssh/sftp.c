/* SPDX-License-Identifier: MIT */
#include "ssh/sftp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ssh/session_private.h"
#include "ssh/shell_files.h"

enum {
    WINDOW = 2 * 1024 * 1024, /* law 5: for transfers only */
    OUT_MAX = 8 * 1024 * 1024,
    NOISE_MAX = 160, /* of what else the server says, for error texts */
};

enum sftp_state { SFTP_OPENING, SFTP_ASKING, SFTP_GREETING, SFTP_READY, SFTP_ENDED };

/* A request that waits for its answer. */
struct pending {
    sftp_reply_fn *fn; /* NULL: the place is free */
    void *arg;
};

struct sftp {
    struct sftp_args args;
    enum sftp_state state;
    LIBSSH2_CHANNEL *channel;
    struct error error;
    bool can_replace;

    struct buf out; /* not sent yet, from `sent` on */
    size_t sent;
    struct buf in; /* a message that has not come whole */

    struct pending pending[SFTP_IN_FLIGHT_MAX]; /* by id modulo the size */
    size_t in_flight;
    uint32_t next_id;
    uint64_t answers;
    bool lacks_answer;         /* one came not, and a thousand behind it did */
    char noise[NOISE_MAX + 1]; /* from the server's stderr */
    struct shell_files *shell; /* instead of all that */
};

struct sftp *sftp_new(const struct sftp_args *args)
{
    struct sftp *s = xcalloc(1, sizeof *s);
    s->args = *args;
    buf_init(&s->out, OUT_MAX);
    buf_init(&s->in, 4 + SFTP_MESSAGE_MAX + LOOP_READ_BUFFER_SIZE);
    return s;
}

void sftp_free(struct sftp *s)
{
    if (!s)
        return;
    shell_files_free(s->shell);
    buf_release(&s->out);
    buf_release(&s->in);
    error_release(&s->error);
    free(s);
}

void sftp_close(struct sftp *s)
{
    struct session *session = s->args.job->session;
    if (session->opening == s->args.job)
        session_give_up_open(session);
    /* The server is told; what it answers is libssh2's affair until the session is freed. */
    if (s->channel)
        libssh2_channel_free(s->channel);
    s->channel = NULL;
    if (s->shell)
        shell_files_close(s->shell);
    s->state = SFTP_ENDED;
}

/* Ends the client with an error of its own, or finds the connection broken. */
static enum step fail(struct sftp *s, enum error_code code, const char *what)
{
    struct session *session = s->args.job->session;
    if (session_is_broken(session)) {
        session_fail(session, session_broken_code(session), "%s", session_broken_text(session));
        return STEP_FAIL;
    }
    if (!error_is_set(&s->error))
        error_set(&s->error, code, "%s%s%s", what, s->noise[0] ? ": " : "", s->noise);
    sftp_close(s);
    return STEP_NEXT;
}

/* There is no SFTP server: its work is done by the shell, where that may be asked. */
static enum step do_without(struct sftp *s, const char *what)
{
    struct session *session = s->args.job->session;
    if (session_is_broken(session) || !session_may_exec_helper(session))
        return fail(s, ERR_REQUEST_REFUSED, what);
    sftp_close(s);
    buf_clear(&s->in);
    buf_clear(&s->out);
    s->shell = shell_files_new(session, s->args.as_user);
    s->can_replace = true;
    s->state = SFTP_READY;
    s->args.on_ready(s->args.arg);
    return STEP_NEXT;
}

static enum step run_opening(struct sftp *s)
{
    struct session *session = s->args.job->session;
    if (session->is_open_stuck)
        return fail(s, ERR_OPEN_TIMEOUT, SESSION_STUCK_TEXT);
    if (!session_may_open(session, s->args.job))
        return STEP_WAIT;
    s->channel = libssh2_channel_open_ex(session->ssh, "session", strlen("session"), WINDOW,
                                         SESSION_CHANNEL_PACKET, NULL, 0);
    if (!s->channel && libssh2_session_last_errno(session->ssh) == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    if (!s->channel) {
        session_opened(session, s->args.job);
        return fail(s, ERR_CHANNEL_REFUSED, "the server refused a channel");
    }
    s->state = SFTP_ASKING;
    return STEP_NEXT;
}

static enum step run_asking(struct sftp *s)
{
    if (s->args.as_user) {
        /* What sshd says about forced commands has come by now, in front of the open channel: only
         * now can be known whether a shell may be asked (law 18). */
        session_opened(s->args.job->session, s->args.job);
        return do_without(s, "--sudo needs a shell, which cannot be asked for here");
    }
    int rc = libssh2_channel_process_startup(s->channel, "subsystem", strlen("subsystem"), "sftp",
                                             strlen("sftp"));
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    session_opened(s->args.job->session, s->args.job);
    if (rc != 0)
        return do_without(s, "the server has no SFTP subsystem");
    sftp_add_init(&s->out);
    s->state = SFTP_GREETING;
    return STEP_NEXT;
}

/* The server's version: from here on requests may be sent. */
static void greet(struct sftp *s, const struct sftp_reply *reply)
{
    if (reply->type != SFTP_VERSION || reply->id < SFTP_VERSION_SPOKEN) {
        fail(s, ERR_TRANSFER, "the SFTP server does not speak version 3");
        return;
    }
    s->can_replace = sftp_has_extension(reply, "posix-rename@openssh.com", "1");
    s->state = SFTP_READY;
    s->args.on_ready(s->args.arg);
}

/* Hands an answer to whoever waits for it. */
static void deliver(struct sftp *s, const struct sftp_reply *reply)
{
    struct pending *p = &s->pending[reply->id % SFTP_IN_FLIGHT_MAX];
    uint32_t age = s->next_id - 1 - reply->id; /* the last one's is 0; numbers may wrap around */
    if (!p->fn || age >= SFTP_IN_FLIGHT_MAX) {
        fail(s, ERR_TRANSFER, "the SFTP server answered a request that was not made");
        return;
    }
    struct pending done = *p;
    p->fn = NULL;
    s->in_flight--;
    s->answers++;
    done.fn(done.arg, reply);
}

/* One message has come. */
static void take_message(struct sftp *s, const char *message, size_t size)
{
    struct sftp_reply reply;
    struct error error = ERROR_INIT;
    if (!sftp_parse(&reply, message, size, &error))
        fail(s, error.code, error_text(&error));
    else if (s->state == SFTP_GREETING)
        greet(s, &reply);
    else
        deliver(s, &reply);
    error_release(&error);
}

/* Is what should be the length of a message none? Before the greeting that is what start-up files
 * of the account print. */
static bool is_too_long(struct sftp *s, size_t size)
{
    if (size > 0 && size <= SFTP_MESSAGE_MAX)
        return false;
    fail(s, ERR_TRANSFER,
         s->state == SFTP_GREETING
             ? "what came is not SFTP: does a start-up file of the account print something?"
             : "the SFTP server sent a message that is too long");
    return true;
}

/* Takes all messages that have come whole. */
static void take_messages(struct sftp *s)
{
    size_t at = 0;
    while (s->state != SFTP_ENDED && s->in.size - at >= 4) {
        size_t size = wire_u32_at(s->in.data + at);
        if (is_too_long(s, size) || s->in.size - at - 4 < size)
            break;
        take_message(s, s->in.data + at + 4, size);
        at += 4 + size;
    }
    buf_consume(&s->in, at);
}

/* Keeps the beginning of what the server says beside the protocol. */
static void read_noise(struct sftp *s)
{
    char *buffer = loop_read_buffer(s->args.job->session->services->loop);
    ssize_t got;
    while ((got = libssh2_channel_read_ex(s->channel, SSH_EXTENDED_DATA_STDERR, buffer,
                                          LOOP_READ_BUFFER_SIZE)) > 0) {
        size_t have = strlen(s->noise);
        for (ssize_t i = 0; i < got && have < NOISE_MAX; i++)
            s->noise[have++] = isprint((unsigned char)buffer[i]) ? buffer[i] : ' ';
    }
}

/* Reads what has come. */
static enum step receive(struct sftp *s)
{
    struct session *session = s->args.job->session;
    char *buffer = loop_read_buffer(session->services->loop);
    for (size_t moved = 0; moved < SESSION_SLICE;) {
        ssize_t got = libssh2_channel_read_ex(s->channel, 0, buffer, LOOP_READ_BUFFER_SIZE);
        if (got < 0 && got != LIBSSH2_ERROR_EAGAIN)
            return fail(s, ERR_TRANSFER, "reading from the SFTP server failed");
        if (got <= 0)
            break;
        moved += (size_t)got;
        buf_add(&s->in, buffer, (size_t)got);
        take_messages(s);
        if (s->state == SFTP_ENDED)
            return STEP_NEXT;
        if (moved >= SESSION_SLICE)
            return STEP_AGAIN;
    }
    read_noise(s);
    if (libssh2_channel_eof(s->channel) != 1)
        return STEP_WAIT;
    if (s->state != SFTP_GREETING || s->in.size > 0)
        return fail(s, ERR_TRANSFER, "the SFTP server went away");
    /* Dropbear ends the connection where a channel is closed before it has closed it itself. */
    if (libssh2_channel_wait_closed(s->channel) == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    return do_without(s, "the server's SFTP subsystem does not start");
}

/* What was sent takes no room any more. */
static void forget_sent(struct sftp *s)
{
    buf_consume(&s->out, s->sent);
    s->sent = 0;
}

/* Is there something to be sent? Asks for bulk data where nothing else waits. */
static bool has_something(struct sftp *s)
{
    if (s->sent < s->out.size)
        return true;
    forget_sent(s);
    if (s->state == SFTP_READY && !s->out.failed)
        s->args.on_room(s->args.arg);
    return s->out.size > 0;
}

/* Sends what the window and the buffers take. */
static enum step transmit(struct sftp *s)
{
    struct transport *transport = s->args.job->session->transport;
    forget_sent(s);
    for (size_t moved = 0; moved < SESSION_SLICE;) {
        if (transport->ops->pending(transport) >= TRANSPORT_PENDING_LOW ||
            libssh2_channel_window_write(s->channel) == 0 || !has_something(s))
            return STEP_WAIT;
        ssize_t sent =
            libssh2_channel_write_ex(s->channel, 0, s->out.data + s->sent, s->out.size - s->sent);
        if (sent == LIBSSH2_ERROR_EAGAIN)
            return STEP_WAIT;
        if (sent < 0)
            return fail(s, ERR_TRANSFER, "writing to the SFTP server failed");
        s->sent += (size_t)sent;
        moved += (size_t)sent;
    }
    return STEP_AGAIN;
}

/* GREETING and READY: what comes, then what goes. */
static enum step run_talking(struct sftp *s)
{
    enum step in = receive(s);
    if (in == STEP_NEXT || in == STEP_FAIL)
        return in;
    enum step out = transmit(s);
    if (out == STEP_NEXT || out == STEP_FAIL)
        return out;
    if (s->lacks_answer)
        return fail(s, ERR_TRANSFER, "the SFTP server left a request without an answer");
    if (s->out.failed)
        return fail(s, ERR_INTERNAL, "too many requests at once");
    return in == STEP_AGAIN || out == STEP_AGAIN ? STEP_AGAIN : STEP_WAIT;
}

/* READY without SFTP: the shell's answers. */
static enum step run_shell(struct sftp *s)
{
    size_t count = shell_files_run(s->shell);
    s->answers += count;
    s->in_flight -= count;
    return STEP_WAIT;
}

enum step sftp_run(struct sftp *s)
{
    enum step step = STEP_NEXT;
    if (s->state == SFTP_OPENING)
        step = run_opening(s);
    if (step == STEP_NEXT && s->state == SFTP_ASKING)
        step = run_asking(s);
    if (step == STEP_NEXT && !s->shell && (s->state == SFTP_GREETING || s->state == SFTP_READY))
        step = run_talking(s);
    if (s->shell && s->state == SFTP_READY)
        step = run_shell(s);
    return step;
}

bool sftp_is_ready(const struct sftp *s)
{
    return s->state == SFTP_READY;
}

bool sftp_is_shell(const struct sftp *s)
{
    return s->shell != NULL;
}

const struct error *sftp_error(const struct sftp *s)
{
    return &s->error;
}

size_t sftp_in_flight(const struct sftp *s)
{
    return s->in_flight;
}

void sftp_send(struct sftp *s, const struct sftp_request *request, sftp_reply_fn *fn, void *arg)
{
    if (s->shell) {
        s->in_flight++;
        shell_files_ask(s->shell, request, fn, arg);
        return;
    }
    struct pending *p = &s->pending[s->next_id % SFTP_IN_FLIGHT_MAX];
    if (p->fn) {
        s->lacks_answer = true;
        return;
    }
    *p = (struct pending){ fn, arg };
    s->in_flight++;
    sftp_add_request(&s->out, s->next_id++, request);
}

uint64_t sftp_answers(const struct sftp *s)
{
    return s->answers;
}

bool sftp_can_replace(const struct sftp *s)
{
    return s->can_replace;
}
