/* SPDX-License-Identifier: MIT */
#include "ssh/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/trace.h"
#include "ssh/session_private.h"

/* How long CLOSE may take to hand over what is still buffered. */
#define CLOSE_US (1 * US_PER_SEC)

/* DONE has nothing to run: session_advance() stops there. */
static const struct state states[SESSION_STATE_COUNT] = {
    [SESSION_RESOLVE] = { "resolve", session_resolve_run, session_resolve_leave, TIMEOUT_CONNECT,
                          ERR_DNS_TIMEOUT, STAGE_DNS, SESSION_CONNECT },
    [SESSION_CONNECT] = { "connect", session_connect_run, session_connect_leave, TIMEOUT_CONNECT,
                          ERR_CONNECT_TIMEOUT, STAGE_CONNECT, SESSION_HANDSHAKE },
    [SESSION_HANDSHAKE] = { "handshake", session_handshake_run, session_handshake_leave,
                            TIMEOUT_CONNECT, ERR_HANDSHAKE_TIMEOUT, STAGE_HANDSHAKE,
                            SESSION_HOSTKEY },
    [SESSION_HOSTKEY] = { "hostkey", session_hostkey_run, NULL, TIMEOUT_CONNECT,
                          ERR_HANDSHAKE_TIMEOUT, STAGE_HANDSHAKE, SESSION_METHODS },
    [SESSION_METHODS] = { "methods", session_methods_run, session_methods_leave, TIMEOUT_CONNECT,
                          ERR_AUTH_TIMEOUT, STAGE_AUTH, SESSION_AUTH },
    [SESSION_AUTH] = { "auth", session_auth_run, session_auth_leave, TIMEOUT_CONNECT,
                       ERR_AUTH_TIMEOUT, STAGE_AUTH, SESSION_READY },
    [SESSION_READY] = { "ready", session_ready_run, session_ready_leave, TIMEOUT_NONE, ERR_INTERNAL,
                        STAGE_EXEC, SESSION_CLOSE },
    [SESSION_CLOSE] = { "close", session_close_run, NULL, TIMEOUT_CLOSE, ERR_INTERNAL, STAGE_EXEC,
                        SESSION_DONE },
    [SESSION_DONE] = { "done", NULL, NULL, TIMEOUT_NONE, ERR_INTERNAL, STAGE_DONE, SESSION_DONE },
};

static void session_advance(struct task *task);

/* Keeps the first error, with the stage it happened in. */
__attribute__((format(printf, 3, 0))) static void
keep_error(struct session *s, enum error_code code, const char *fmt, va_list ap)
{
    if (error_is_set(&s->error))
        return;
    error_vset(&s->error, code, fmt, ap);
    s->error_stage = states[s->state].stage;
    trace_debug("%s: %s: %s", s->target->info.name, states[s->state].name, s->error.text);
}

void session_fail(struct session *s, enum error_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    keep_error(s, code, fmt, ap);
    va_end(ap);
    s->is_doomed = true;
    session_wake(s);
}

/* Tells the owner of a new stage; several states may share one. */
static void announce_stage(struct session *s)
{
    enum stage stage = states[s->state].stage;
    if (stage == s->stage || s->state >= SESSION_CLOSE)
        return;
    s->stage = stage;
    s->listener.on_stage(s->listener.arg, stage);
}

/* Arms the deadline of the state entered; one of the same kind goes on running. */
static void arm_deadline(struct session *s, enum timeout_kind before)
{
    enum timeout_kind kind = states[s->state].timeout;
    if (kind == before)
        return;
    s->has_expired = false;
    if (kind == TIMEOUT_NONE) {
        timer_disarm(s->deadline);
        return;
    }
    s->deadline_at_us = clock_monotonic_us() + CLOSE_US;
    timer_arm(s->deadline, s->deadline_at_us);
}

/* The only place where the state changes. */
static void move_to(struct session *s, enum session_state next)
{
    const struct state *from = &states[s->state];
    if (from->leave)
        from->leave(s);
    trace_debug("%s: %s -> %s", s->target->info.name, from->name, states[next].name);
    s->state = next;
    arm_deadline(s, from->timeout);
    announce_stage(s);
}

/* What running out of time means in this state; CLOSE just cuts the connection. */
static void expire(struct session *s)
{
    s->has_expired = false;
    if (s->state == SESSION_CLOSE) {
        s->is_cut = true;
        return;
    }
    int64_t limit_us = s->target->settings->connect_timeout.us;
    session_fail(s, states[s->state].expired, "timed out after %.3gs", (double)limit_us / 1e6);
}

/* Runs the state once and follows its answer; true: go on at once. */
static bool advance_once(struct session *s)
{
    if (s->has_expired)
        expire(s);
    if (s->is_doomed && s->state < SESSION_CLOSE) {
        move_to(s, SESSION_CLOSE);
        return true;
    }
    switch (states[s->state].run(s)) {
    case STEP_NEXT:
        move_to(s, states[s->state].next);
        return true;
    case STEP_FAIL:
        move_to(s, s->state < SESSION_CLOSE ? SESSION_CLOSE : SESSION_DONE);
        return true;
    case STEP_AGAIN:
        session_wake(s);
        return false;
    case STEP_WAIT:
        /* A used-up slice made the I/O say EAGAIN: what is left waits for its next turn. */
        if (s->slice_left == 0)
            session_wake(s);
        return false;
    }
    return false;
}

/* The task of the session: moves it as far as it goes. */
static void session_advance(struct task *task)
{
    struct session *s = list_entry(task, struct session, task);
    if (s->state == SESSION_DONE)
        return; /* its owner knows, and kept it */
    s->slice_left = SESSION_SLICE;
    while (s->state != SESSION_DONE) {
        if (advance_once(s))
            continue;
        if (s->transport)
            s->transport->ops->flush(s->transport);
        return;
    }
    /* The owner may free the session in this call: nothing may follow it. */
    s->listener.on_closed(s->listener.arg);
}

/* The deadline's callback. */
static void deadline_passed(void *arg)
{
    struct session *s = arg;
    s->has_expired = true;
    session_wake(s);
}

struct session *session_open(const struct session_args *args)
{
    struct session *s = xcalloc(1, sizeof *s);
    s->services = args->services;
    s->target = args->target;
    s->known_hosts = args->known_hosts;
    s->listener = args->listener;
    s->effort = args->asks_all_types ? KNOWN_HOSTS_THOROUGH : KNOWN_HOSTS_QUICK;
    s->stage = STAGE_QUEUED;
    list_init(&s->jobs);
    task_init(&s->task, session_advance);
    int64_t begun = args->started_at_us ? args->started_at_us : clock_monotonic_us();
    s->deadline = timer_new(s->services->loop, deadline_passed, s);
    if (s->target->settings->connect_timeout.us > 0) {
        s->deadline_at_us = begun + s->target->settings->connect_timeout.us;
        timer_arm(s->deadline, s->deadline_at_us);
    }
    announce_stage(s);
    session_wake(s);
    return s;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    task_cancel(&s->task);
    timer_close(s->deadline);
    error_release(&s->error);
    free(s->host_key);
    free(s->server_version);
    free(s->disconnect_text);
    free(s);
}

void session_wake(struct session *s)
{
    loop_wake(s->services->loop, &s->task);
}

void session_finish(struct session *s)
{
    s->is_finishing = true;
    session_wake(s);
}

void session_add_job(struct session *s, struct job *job)
{
    job->session = s;
    list_append(&s->jobs, &job->link);
    session_wake(s);
}

enum session_state session_state(const struct session *s)
{
    return s->state;
}

const char *session_state_name(enum session_state state)
{
    return states[state].name;
}

const struct error *session_error(const struct session *s)
{
    return &s->error;
}

enum stage session_error_stage(const struct session *s)
{
    return s->error_stage;
}

const char *session_address(const struct session *s)
{
    return s->address;
}

const unsigned char *session_host_key(const struct session *s, size_t *ret_size)
{
    *ret_size = s->host_key_size;
    return s->host_key;
}

bool session_wants_other_types(const struct session *s)
{
    return s->wants_other_types;
}
