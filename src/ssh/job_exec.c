/* SPDX-License-Identifier: MIT */
#include "ssh/job_exec.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/input.h"
#include "base/memory.h"
#include "ssh/job_exec_private.h"

/* How long a channel may stay open after its streams ended and its exit status came. */
#define CLOSE_US (3 * US_PER_SEC)

struct job_exec *job_exec_of(struct job *job)
{
    return list_entry(job, struct job_exec, job);
}

/* Ends the job with an error of its own and drops its channel. */
static enum step fail(struct job_exec *e, enum error_code code, const char *what)
{
    struct session *s = e->job.session;
    if (session_is_broken(s)) {
        session_fail(s, session_broken_code(s), "%s", session_broken_text(s));
        return STEP_FAIL;
    }
    if (!error_is_set(&e->result.error))
        error_set(&e->result.error, code, "%s: %s", what, session_libssh2_text(s));
    exec_abandon(e);
    return STEP_NEXT;
}

/* EXEC_OPEN: one channel open at a time on a connection (law 19). */
static enum step run_open(struct job_exec *e)
{
    struct session *s = e->job.session;
    if (e->args.open_us > 0 && e->open_until_us == 0) {
        e->open_until_us = clock_monotonic_us() + e->args.open_us;
        job_wake_at(&e->job, e->open_until_us);
    }
    if (s->is_open_stuck) {
        error_set(&e->result.error, ERR_OPEN_TIMEOUT, SESSION_STUCK_TEXT);
        exec_abandon(e);
        return STEP_NEXT;
    }
    if (!session_may_open(s, &e->job))
        return STEP_WAIT;
    e->channel = libssh2_channel_open_ex(s->ssh, "session", strlen("session"),
                                         SESSION_CHANNEL_WINDOW, SESSION_CHANNEL_PACKET, NULL, 0);
    if (!e->channel && libssh2_session_last_errno(s->ssh) == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    if (!e->channel) {
        session_opened(s, &e->job);
        return fail(e, ERR_CHANNEL_REFUSED, "the server refused a channel");
    }
    ssh_alloc_last_channel(s->alloc, &e->channel_id);
    e->state = EXEC_REQUEST;
    return STEP_NEXT;
}

/* How long the gate has kept the command waiting. Nothing of a helper goes through it. */
static int64_t held_us(const struct job_exec *e, int64_t now)
{
    return e->is_helper ? 0 : gate_held_us(e->job.session->services->gate, now);
}

/* The request is out: from here on the command may be running. */
static void note_started(struct job_exec *e)
{
    e->result.has_started = true;
    e->begun_us = clock_monotonic_us();
    e->last_output_us = e->begun_us;
    e->gate_held_us = held_us(e, e->begun_us);
    e->gate_held_at_output_us = e->gate_held_us;
    if (e->args.listener.on_started)
        e->args.listener.on_started(e->args.listener.arg);
}

/* What an error of the connection means for this command. */
static enum error_code code_for(const struct job_exec *e, enum error_code why)
{
    if (why != ERR_CONNECTION_LOST && why != ERR_PEER_DEAD && why != ERR_CLOSED_BEFORE_START)
        return why;
    return e->result.has_started ? why : ERR_CLOSED_BEFORE_START;
}

/* EXEC_REQUEST: the send callback takes all, so the first call hands the request over whole. */
static enum step run_request(struct job_exec *e)
{
    struct session *s = e->job.session;
    uint64_t sent_before = s->bytes_sent;
    int rc = libssh2_channel_process_startup(e->channel, "exec", strlen("exec"), e->command,
                                             (unsigned)strlen(e->command));
    if (!e->result.has_started && s->bytes_sent != sent_before)
        note_started(e);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    session_opened(s, &e->job);
    if (rc == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) {
        e->result.has_started = false;
        error_set(&e->result.error, ERR_REQUEST_REFUSED, "the server refused to run the command");
    }
    if (rc != 0)
        return fail(e, code_for(e, ERR_CONNECTION_LOST), "asking for the command");
    e->state = EXEC_PUMP;
    e->job.is_urgent = e->is_helper;
    if (e->args.timeout_us > 0 || e->args.idle_us > 0 || e->wants_interrupt)
        job_wake_at(&e->job, e->begun_us);
    return STEP_NEXT;
}

/* A piece of output has come. The end of a command that is being ended can only be seen behind its
 * output: as much of it as was under way when the gate closed is let through. */
static void note_output(struct job_exec *e, size_t size)
{
    e->last_output_us = clock_monotonic_us();
    e->gate_held_at_output_us = held_us(e, e->last_output_us);
    if (e->is_helper || !e->job.session->services->gate->held)
        return;
    e->overflow_left -= size < e->overflow_left ? size : e->overflow_left;
    e->job.is_urgent = e->overflow_left > 0;
}

/* Hands over what one stream has; STEP_AGAIN while there may be more. */
static enum step read_stream(struct job_exec *e, enum stream stream)
{
    struct session *s = e->job.session;
    char *buffer = loop_read_buffer(s->services->loop);
    int id = stream == STREAM_STDOUT ? 0 : SSH_EXTENDED_DATA_STDERR;
    for (size_t moved = 0; moved < SESSION_SLICE;) {
        if (s->services->gate->held && !e->job.is_urgent)
            return STEP_WAIT;
        ssize_t got = libssh2_channel_read_ex(e->channel, id, buffer, LOOP_READ_BUFFER_SIZE);
        if (got == 0 || got == LIBSSH2_ERROR_EAGAIN)
            return STEP_WAIT;
        if (got < 0)
            return fail(e, ERR_CONNECTION_LOST, "reading the output");
        moved += (size_t)got;
        note_output(e, (size_t)got);
        e->args.listener.on_output(e->args.listener.arg, stream, buffer, (size_t)got);
    }
    return STEP_AGAIN;
}

/* The input is over, or the command does not want it any more. While keys are exchanged anew
 * nothing can be sent: then it is tried again. */
static void end_input(struct job_exec *e)
{
    e->input_is_over = libssh2_channel_send_eof(e->channel) != LIBSSH2_ERROR_EAGAIN;
}

/* The input cannot be read any further: a command that had a part of it must not look well. */
static void fail_input(struct job_exec *e, int error)
{
    struct error why = ERROR_INIT;
    error_set(&why, ERR_INPUT, "standard input after %" PRIu64 " bytes: %s", e->input_offset,
              strerror(error));
    e->input_is_over = true;
    job_exec_end(&e->job, &why);
    error_release(&why);
}

/* Reads what the command is to read next. */
static ssize_t read_input(struct job_exec *e, char *buffer, size_t size)
{
    if (e->args.read)
        return e->args.read(e->args.read_arg, buffer, size, e->input_offset);
    return e->args.input ? input_read(e->args.input, buffer, size, e->input_offset) : 0;
}

/* Sends one piece of the input; true while another may follow. */
static bool send_piece(struct job_exec *e)
{
    struct session *s = e->job.session;
    char *buffer = loop_read_buffer(s->services->loop);
    if (s->transport->ops->pending(s->transport) >= TRANSPORT_PENDING_LOW ||
        libssh2_channel_window_write(e->channel) == 0)
        return false;
    ssize_t got = read_input(e, buffer, SESSION_CHANNEL_PACKET);
    if (got < 0 && got != -EAGAIN)
        fail_input(e, (int)-got);
    if (got == 0)
        end_input(e);
    if (got <= 0)
        return false;
    ssize_t sent = libssh2_channel_write_ex(e->channel, 0, buffer, (size_t)got);
    if (sent > 0)
        e->input_offset += (size_t)sent;
    else if (sent < 0 && sent != LIBSSH2_ERROR_EAGAIN)
        end_input(e); /* the command closed its input */
    return sent > 0;
}

/* Sends what the window and the buffers take now. */
static enum step feed_input(struct job_exec *e)
{
    for (size_t pieces = 0; !e->input_is_over && send_piece(e); pieces++) {
        if (pieces * SESSION_CHANNEL_PACKET >= SESSION_SLICE)
            return STEP_AGAIN;
    }
    return STEP_WAIT;
}

/* EXEC_PUMP: both streams until EAGAIN (law 3), then the input. */
static enum step run_pump(struct job_exec *e)
{
    enum step out = read_stream(e, STREAM_STDOUT);
    if (out == STEP_NEXT || out == STEP_FAIL)
        return out;
    enum step err = read_stream(e, STREAM_STDERR);
    if (err == STEP_NEXT || err == STEP_FAIL)
        return err;
    enum step in = feed_input(e);
    if (e->state != EXEC_PUMP)
        return STEP_NEXT; /* the input failed */
    if (e->job.session->services->gate->held && !e->job.is_urgent)
        return STEP_WAIT;
    if (out == STEP_AGAIN || err == STEP_AGAIN || in == STEP_AGAIN)
        return STEP_AGAIN;
    if (libssh2_channel_eof(e->channel) != 1)
        return STEP_WAIT;
    e->state = EXEC_REAP;
    return STEP_NEXT;
}

/* Keeps a signal's name, in the characters that RFC 4254, section 6.10, has for one. */
static void keep_signal(struct job_exec *e, const char *name, size_t size)
{
    char *to = e->result.signal;
    snprintf(to, sizeof e->result.signal, "%.*s", (int)size, name);
    for (; *to; to++) {
        if (!isalnum((unsigned char)*to) && !strchr("@._+-", *to))
            *to = '_';
    }
}

/* Reads how the command ended: the signal before the status, and the status only if one came. */
static void collect_status(struct job_exec *e)
{
    struct session *s = e->job.session;
    char *name = NULL;
    size_t size = 0;
    libssh2_channel_get_exit_signal(e->channel, &name, &size, NULL, NULL, NULL, NULL);
    if (name) {
        keep_signal(e, name, size);
        libssh2_free(s->ssh, name);
    } else if (ssh_alloc_exit_status_seen(s->alloc, e->channel_id)) {
        e->result.has_exit_code = true;
        e->result.exit_code = (uint32_t)libssh2_channel_get_exit_status(e->channel);
    }
}

/* Has the command said how it ended? */
static bool has_status(const struct job_exec *e)
{
    return e->result.has_exit_code || e->result.signal[0];
}

/* Has the server, which said all there is to say, had its time to close the channel? */
static bool is_tired_of_waiting(struct job_exec *e)
{
    if (!has_status(e))
        collect_status(e);
    if (!has_status(e))
        return false; /* it closed its output, but it may well run on */
    int64_t now = clock_monotonic_us();
    if (e->close_until_us == 0)
        e->close_until_us = now + CLOSE_US;
    job_wake_at(&e->job, e->close_until_us);
    return now >= e->close_until_us;
}

/* EXEC_REAP: the status is read after the channel's close, or well after it came. */
static enum step run_reap(struct job_exec *e)
{
    int rc = libssh2_channel_wait_closed(e->channel);
    if (rc == LIBSSH2_ERROR_EAGAIN && !is_tired_of_waiting(e))
        return STEP_WAIT;
    collect_status(e);
    if (rc != 0 && !has_status(e))
        return fail(e, ERR_CONNECTION_LOST, "waiting for the end");
    if (!has_status(e) && e->ending == ENDING_NONE)
        error_set(&e->result.error, ERR_NO_EXIT_STATUS,
                  "the channel was closed without an exit status");
    e->result.kill = exec_end_result(e);
    libssh2_channel_free(e->channel);
    e->channel = NULL;
    e->state = EXEC_FREE;
    return STEP_NEXT;
}

/* EXEC_FREE: tells the owner, once the helper is through; STEP_NEXT ends the job. */
static enum step run_free(struct job_exec *e)
{
    if (e->helper)
        return STEP_WAIT;
    if (error_is_set(&e->end_why)) {
        e->result.kill = exec_end_result(e);
        error_move(&e->result.error, &e->end_why);
    }
    e->args.listener.on_end(e->args.listener.arg, &e->result);
    return STEP_NEXT;
}

void exec_abandon(struct job_exec *e)
{
    struct session *s = e->job.session;
    if (s->opening == &e->job)
        session_give_up_open(s);
    /* The server is told; what it answers is libssh2's affair until the session is freed. */
    if (e->channel)
        libssh2_channel_free(e->channel);
    e->channel = NULL;
    e->state = EXEC_FREE;
}

/* The limit that is over at `now`, and until when the others last (0: no limit). */
static enum error_code check_limits(const struct job_exec *e, int64_t now, int64_t *ret_next)
{
    int64_t held = held_us(e, now);
    int64_t run = e->begun_us + e->args.timeout_us + held - e->gate_held_us;
    int64_t idle = e->last_output_us + e->args.idle_us + held - e->gate_held_at_output_us;
    *ret_next = 0;
    if (e->args.timeout_us > 0 && now >= run)
        return ERR_RUN_TIMEOUT;
    if (e->args.idle_us > 0 && now >= idle)
        return ERR_IDLE_TIMEOUT;
    if (e->args.timeout_us > 0)
        *ret_next = run;
    if (e->args.idle_us > 0 && (*ret_next == 0 || idle < *ret_next))
        *ret_next = idle;
    return ERR_NONE;
}

/* Applies -u and the idle limit to a started command. */
static void enforce_run_limits(struct job_exec *e, int64_t now)
{
    int64_t next;
    enum error_code code = check_limits(e, now, &next);
    if (code == ERR_NONE) {
        /* While the gate is held no time passes; who opens it wakes the session. */
        bool is_held = e->job.session->services->gate->held && !e->is_helper;
        if (next && !is_held)
            job_wake_at(&e->job, next);
        return;
    }
    struct error why = ERROR_INIT;
    if (code == ERR_RUN_TIMEOUT)
        error_set(&why, code, "still running after %.3gs", (double)e->args.timeout_us / 1e6);
    else
        error_set(&why, code, "no output for %.3gs", (double)e->args.idle_us / 1e6);
    job_exec_end(&e->job, &why);
    error_release(&why);
}

/* Applies the limit of the phase before the command runs. */
static void enforce_open_limit(struct job_exec *e, int64_t now)
{
    if (e->open_until_us == 0 || now < e->open_until_us)
        return;
    const char *what =
        e->state == EXEC_OPEN ? "the channel was not opened" : "the request was not answered";
    double seconds = (double)e->args.open_us / 1e6;
    if (e->result.has_started)
        error_set(&e->result.error, ERR_CONNECTION_LOST, "%s within %.3gs", what, seconds);
    else
        error_set(&e->result.error, ERR_OPEN_TIMEOUT, "%s within %.3gs", what, seconds);
    exec_abandon(e);
}

/* Looks at the clock before each turn. */
static void enforce_limits(struct job_exec *e)
{
    int64_t now = clock_monotonic_us();
    if (e->state == EXEC_OPEN || e->state == EXEC_REQUEST)
        enforce_open_limit(e, now);
    else if (e->state != EXEC_FREE && e->ending == ENDING_NONE && !has_status(e))
        enforce_run_limits(e, now);
    exec_end_step(e);
}

/* One state's turn. */
static enum step run_state(struct job_exec *e)
{
    switch (e->state) {
    case EXEC_OPEN:
        return run_open(e);
    case EXEC_REQUEST:
        return run_request(e);
    case EXEC_PUMP:
        return run_pump(e);
    case EXEC_REAP:
        return run_reap(e);
    case EXEC_FREE:
        return run_free(e);
    }
    return STEP_WAIT;
}

static enum step exec_run(struct job *job)
{
    struct job_exec *e = job_exec_of(job);
    enforce_limits(e);
    for (;;) {
        bool is_last = e->state == EXEC_FREE;
        enum step step = run_state(e);
        if (step != STEP_NEXT || is_last)
            return step;
    }
}

static void exec_abort(struct job *job, const struct error *why)
{
    struct job_exec *e = job_exec_of(job);
    if (e->channel && e->result.has_started)
        collect_status(e);
    e->channel = NULL;
    bool is_complete = has_status(e) && e->state >= EXEC_REAP;
    bool was_ended = error_is_set(&e->end_why) || error_status(why->code) == STATUS_CANCELLED;
    if (error_is_set(&e->end_why))
        error_move(&e->result.error, &e->end_why);
    else if (!is_complete && !error_is_set(&e->result.error))
        error_set(&e->result.error, code_for(e, why->code), "%s", error_text(why));
    if (!is_complete) {
        /* An end without the rest of the output: nothing is known. */
        e->result.has_exit_code = false;
        e->result.signal[0] = '\0';
    }
    if (was_ended && e->result.has_started)
        e->result.kill = is_complete ? exec_end_result(e) : KILL_UNCONFIRMED;
    e->args.listener.on_end(e->args.listener.arg, &e->result);
}

static void exec_free(struct job *job)
{
    struct job_exec *e = job_exec_of(job);
    exec_end_release(e);
    error_release(&e->result.error);
    free(e->command);
    free(e);
}

static const struct job_ops exec_ops = {
    .name = "exec",
    .run = exec_run,
    .abort = exec_abort,
    .free = exec_free,
};

struct job *job_exec_new(const struct exec_args *args)
{
    struct job_exec *e = xcalloc(1, sizeof *e);
    e->job.ops = &exec_ops;
    list_init(&e->job.link);
    e->job.is_urgent = true; /* until it pumps output */
    e->args = *args;
    e->is_helper = args->is_helper;
    e->command = xstrdup(args->command);
    buf_init(&e->helper_output, 4096);
    return &e->job;
}

bool job_exec_has_started(const struct job *job)
{
    return list_entry(job, const struct job_exec, job)->result.has_started;
}
