/* SPDX-License-Identifier: MIT */
#include "fake_session.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "fake_known_hosts.h"
#include "ssh/job_exec.h"

struct fake_sessions fake_sessions;

enum phase { PHASE_DNS, PHASE_CONNECT, PHASE_HANDSHAKE, PHASE_AUTH, PHASE_READY, PHASE_CLOSE };

struct session {
    struct task task;
    struct timer *timer;
    struct session_args args;
    enum phase phase;
    enum stage stage;
    struct error error;
    enum stage error_stage;
    struct job *job;
    bool is_due;
    bool is_doomed;
    bool is_finishing;
    bool wants_other_types;
};

struct fake_job {
    struct job base;
    struct exec_args args;
    bool has_started;
    bool is_interrupted;
    struct error end_why;
    int steps;
};

static bool is_called(const struct session *s, const char *word)
{
    return strncmp(s->args.target->info.name, word, strlen(word)) == 0;
}

static struct fake_job *job_of(struct job *job)
{
    return (struct fake_job *)(void *)job;
}

/* --- The command ------------------------------------------------------------------------------ */

struct job *job_exec_new(const struct exec_args *args)
{
    struct fake_job *j = xcalloc(1, sizeof *j);
    j->args = *args;
    fake_sessions.jobs++;
    return &j->base;
}

bool job_exec_has_started(const struct job *job)
{
    return ((const struct fake_job *)(const void *)job)->has_started;
}

void job_exec_interrupt(struct job *job)
{
    fake_sessions.interrupts++;
    job_of(job)->is_interrupted = true;
    session_wake(job->session);
}

void job_exec_end(struct job *job, const struct error *why)
{
    fake_sessions.ends++;
    if (!error_is_set(&job_of(job)->end_why))
        error_copy(&job_of(job)->end_why, why);
    session_wake(job->session);
}

/* Tells the end and frees the job. */
static void end_job(struct session *s, struct exec_result *result)
{
    struct fake_job *j = job_of(s->job);
    s->job = NULL;
    result->has_started = j->has_started;
    j->args.listener.on_end(j->args.listener.arg, result);
    error_release(&result->error);
    error_release(&j->end_why);
    free(j);
    fake_sessions.jobs--;
}

/* One step of a command that runs. */
static void step_job(struct session *s)
{
    struct fake_job *j = job_of(s->job);
    struct exec_result result = { .kill = KILL_NOT_NEEDED };
    if (j->steps++ == 0) {
        j->has_started = true;
        j->args.listener.on_started(j->args.listener.arg);
        j->args.listener.on_output(j->args.listener.arg, STREAM_STDOUT, "one\ntwo", 7);
        return;
    }
    if (error_is_set(&j->end_why) && j->steps > 10) {
        result.kill = KILL_EXEC;
        error_move(&result.error, &j->end_why);
    } else if (is_called(s, "soft") && j->is_interrupted) {
        memcpy(result.signal, "INT", 4);
    } else if (is_called(s, "lost")) {
        session_fail(s, ERR_CONNECTION_LOST, "gone");
        return;
    } else if (is_called(s, "slow") || is_called(s, "soft")) {
        return;
    } else {
        result.has_exit_code = true;
        result.exit_code = is_called(s, "bad") ? 3 : 0;
    }
    end_job(s, &result);
}

/* --- The session ------------------------------------------------------------------------------ */

static void enter(struct session *s, enum phase phase, enum stage stage)
{
    s->phase = phase;
    if (s->stage == stage)
        return;
    s->stage = stage;
    s->args.listener.on_stage(s->args.listener.arg, stage);
}

/* The host key's verdict. */
static void judge_key(struct session *s)
{
    s->wants_other_types = false;
    if (is_called(s, "new") && fake_known_hosts.added == 0)
        session_fail(s, ERR_HOST_KEY_UNKNOWN, "UNKNOWN");
    if (is_called(s, "other") && !s->args.asks_all_types) {
        s->wants_other_types = true;
        session_fail(s, ERR_HOST_KEY_CHANGED, "CHANGED");
    }
}

/* A tenth of a second is over: on to the next phase. */
static void step(struct session *s)
{
    const struct session_listener *l = &s->args.listener;
    switch (s->phase) {
    case PHASE_DNS:
        enter(s, PHASE_CONNECT, STAGE_CONNECT);
        break;
    case PHASE_CONNECT:
        if (is_called(s, "down"))
            session_fail(s, ERR_CONNECT, "refused");
        else
            enter(s, PHASE_HANDSHAKE, STAGE_HANDSHAKE);
        break;
    case PHASE_HANDSHAKE:
        judge_key(s);
        if (!s->is_doomed)
            enter(s, PHASE_AUTH, STAGE_AUTH);
        break;
    case PHASE_AUTH:
        if (is_called(s, "shut")) {
            session_fail(s, ERR_AUTH, "refused 1 key");
            break;
        }
        l->on_auth(l->arg, "publickey");
        enter(s, PHASE_READY, STAGE_EXEC);
        l->on_ready(l->arg);
        break;
    case PHASE_READY:
        if (s->job)
            step_job(s);
        break;
    case PHASE_CLOSE:
        break;
    }
}

/* Aborts the command of a session that failed. */
static void abort_job(struct session *s)
{
    struct fake_job *j = job_of(s->job);
    struct exec_result result = { .kill = KILL_UNCONFIRMED };
    if (error_is_set(&j->end_why))
        error_move(&result.error, &j->end_why);
    else
        error_copy(&result.error, &s->error);
    end_job(s, &result);
}

/* As session_advance(): the only mover. */
static void advance(struct task *task)
{
    struct session *s = list_entry(task, struct session, task);
    if (s->is_due && !s->is_doomed)
        step(s);
    s->is_due = false;
    if (s->is_doomed && s->job)
        abort_job(s);
    if (s->is_doomed || (s->is_finishing && !s->job)) {
        s->phase = PHASE_CLOSE;
        s->args.listener.on_closed(s->args.listener.arg);
        return;
    }
    if (!timer_is_armed(s->timer))
        timer_arm(s->timer, clock_monotonic_us() + FAKE_STEP_US);
}

static void step_is_due(void *arg)
{
    struct session *s = arg;
    s->is_due = true;
    session_wake(s);
}

struct session *session_open(const struct session_args *args)
{
    struct session *s = xcalloc(1, sizeof *s);
    s->args = *args;
    s->stage = STAGE_QUEUED;
    s->timer = timer_new(args->services->loop, step_is_due, s);
    task_init(&s->task, advance);
    fake_sessions.opened++;
    fake_sessions.exist++;
    if (fake_sessions.exist > fake_sessions.most)
        fake_sessions.most = fake_sessions.exist;
    enter(s, PHASE_DNS, STAGE_DNS); /* before it returns, as the real one */
    session_wake(s);
    return s;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    cr_assert_null(s->job);
    task_cancel(&s->task);
    timer_close(s->timer);
    error_release(&s->error);
    free(s);
    fake_sessions.exist--;
}

void session_wake(struct session *s)
{
    fake_sessions.wakes++;
    loop_wake(s->args.services->loop, &s->task);
}

void session_fail(struct session *s, enum error_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!error_is_set(&s->error)) {
        error_vset(&s->error, code, fmt, ap);
        s->error_stage = s->stage;
    }
    va_end(ap);
    s->is_doomed = true;
    session_wake(s);
}

void session_finish(struct session *s)
{
    s->is_finishing = true;
    session_wake(s);
}

void session_add_job(struct session *s, struct job *job)
{
    cr_assert_null(s->job);
    job->session = s;
    s->job = job;
    session_wake(s);
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
    (void)s;
    return "192.0.2.1";
}

const unsigned char *session_host_key(const struct session *s, size_t *ret_size)
{
    (void)s;
    *ret_size = 3;
    return (const unsigned char *)"key";
}

bool session_wants_other_types(const struct session *s)
{
    return s->wants_other_types;
}
