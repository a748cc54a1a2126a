/* SPDX-License-Identifier: MIT */
/*
 * One target's way through the run.
 *
 *   QUEUED -> RUNNING -> DONE
 *               |  ^---- (a session more, for the true verdict about a host key)
 *               v
 *             PARKED -> QUEUED (its unknown key was accepted) or DONE
 *
 * A session's end is told by on_closed, and only there the host ends: whatever the job said
 * before, the outcome is complete and the connection is gone by then.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "engine/engine_private.h"
#include "model/template.h"
#include "ssh/job_exec.h"
#include "ssh/job_transfer.h"

enum { DESTINATION_MAX = 64 * 1024 };

static bool is_transfer(const struct host_run *h)
{
    return h->engine->plan->job.kind != JOB_EXEC;
}

/* An event about this host. */
static struct event event_of(const struct host_run *h, enum event_kind kind)
{
    return (struct event){ .kind = kind,
                           .run = &h->engine->run,
                           .host = &h->target->info,
                           .attempt = h->outcome.attempts,
                           .stage = h->stage,
                           .counts = &h->engine->counts };
}

/* Sends a piece of one stream. */
static void emit_output(struct host_run *h, enum stream stream, const char *data, size_t size)
{
    struct event event = event_of(h, EVENT_OUTPUT);
    event.stream = stream;
    event.data = data;
    event.size = size;
    engine_emit(h->engine, &event);
}

/* The line buffers' callbacks. */
static void emit_stdout(void *arg, const char *data, size_t size)
{
    emit_output(arg, STREAM_STDOUT, data, size);
}

static void emit_stderr(void *arg, const char *data, size_t size)
{
    emit_output(arg, STREAM_STDERR, data, size);
}

void host_run_init(struct host_run *h, struct engine *e, const struct target *target)
{
    *h = (struct host_run){ .engine = e, .target = target };
    list_init(&h->link);
    line_buffer_init(&h->lines[STREAM_STDOUT], emit_stdout, h);
    line_buffer_init(&h->lines[STREAM_STDERR], emit_stderr, h);
    for (size_t i = 0; i < STAGE_COUNT; i++)
        h->outcome.stage_us[i] = -1;
}

void host_run_release(struct host_run *h)
{
    session_free(h->session);
    line_buffer_release(&h->lines[STREAM_STDOUT]);
    line_buffer_release(&h->lines[STREAM_STDERR]);
    error_release(&h->outcome.error);
    free(h->host_key);
}

/* Enters a stage and tells. */
static void enter_stage(struct host_run *h, enum stage stage)
{
    engine_host_stage(h, stage);
    struct event event = event_of(h, EVENT_HOST_STAGE);
    engine_emit(h->engine, &event);
}

/* The host is done: the outcome is complete. */
static void end(struct host_run *h)
{
    if (h->state == HOST_RUNNING)
        h->engine->counts.running--;
    h->state = HOST_DONE;
    enter_stage(h, STAGE_DONE);
    h->outcome.stage_us[STAGE_DONE] = h->stage_since_us - h->queued_at_us;
    engine_host_done(h);
    struct event event = event_of(h, EVENT_HOST_END);
    event.outcome = &h->outcome;
    engine_emit(h->engine, &event);
    line_buffer_release(&h->lines[STREAM_STDOUT]);
    line_buffer_release(&h->lines[STREAM_STDERR]);
}

void host_run_end_unstarted(struct host_run *h, enum stage stage, const struct error *why)
{
    h->outcome.status = error_status(why->code);
    h->outcome.error_stage = stage;
    error_copy(&h->outcome.error, why);
    end(h);
}

/* --- What the session tells ------------------------------------------------------------------- */

static void on_stage(void *arg, enum stage stage)
{
    enter_stage(arg, stage);
}

static void on_auth(void *arg, const char *method)
{
    struct host_run *h = arg;
    engine_host_connected(h);
    struct event event = event_of(h, EVENT_HOST_AUTH);
    event.text = method;
    engine_emit(h->engine, &event);
}

static void on_note(void *arg, enum severity severity, const char *text)
{
    struct host_run *h = arg;
    struct event event = event_of(h, EVENT_NOTE);
    event.severity = severity;
    event.text = text;
    engine_emit(h->engine, &event);
}

/* --- What the job tells ----------------------------------------------------------------------- */

static void on_started(void *arg)
{
    struct event event = event_of(arg, EVENT_HOST_EXEC);
    engine_emit(((struct host_run *)arg)->engine, &event);
}

static void on_output(void *arg, enum stream stream, const char *data, size_t size)
{
    struct host_run *h = arg;
    h->outcome.bytes[stream] += size;
    line_buffer_add(&h->lines[stream], data, size);
}

/* The status that a command's end makes. A command that the user interrupted and that did not end
 * well is cancelled: what it did was not its own doing. */
static enum host_status status_of(const struct host_run *h, const struct exec_result *result)
{
    if (error_is_set(&result->error))
        return error_status(result->error.code);
    if (result->has_exit_code && result->exit_code == 0)
        return STATUS_OK;
    return h->was_interrupted ? STATUS_CANCELLED : STATUS_FAILED;
}

static void on_end(void *arg, struct exec_result *result)
{
    struct host_run *h = arg;
    struct outcome *o = &h->outcome;
    line_buffer_finish(&h->lines[STREAM_STDOUT]);
    line_buffer_finish(&h->lines[STREAM_STDERR]);
    h->has_result = true;
    h->job = NULL;
    o->status = status_of(h, result);
    o->has_exit_code = result->has_exit_code;
    o->exit_code = result->exit_code;
    memcpy(o->signal, result->signal, sizeof o->signal);
    o->kill = result->kill;
    o->error_stage = STAGE_EXEC;
    error_move(&o->error, &result->error);
    if (o->status == STATUS_CANCELLED && !error_is_set(&o->error))
        error_set(&o->error, h->engine->stop_cause, "interrupted");
    session_finish(h->session);
}

/* A transfer has dealt with a file, well or not. */
static void on_file(void *arg, const struct file_record *file, const struct error *error)
{
    struct event event = event_of(arg, EVENT_FILE);
    event.file = file;
    event.error = error;
    event.stage = STAGE_EXEC;
    engine_emit(((struct host_run *)arg)->engine, &event);
}

static void on_moved(void *arg, uint64_t bytes)
{
    struct event event = event_of(arg, EVENT_MOVED);
    event.size = bytes;
    engine_emit(((struct host_run *)arg)->engine, &event);
}

static void on_transfer_end(void *arg, struct transfer_result *result)
{
    struct host_run *h = arg;
    struct outcome *o = &h->outcome;
    h->has_result = true;
    h->job = NULL;
    o->transfer = result->totals;
    o->error_stage = STAGE_EXEC;
    error_move(&o->error, &result->error);
    o->status = error_status(o->error.code);
    session_finish(h->session);
}

/* The path of a push on this host: what the user typed, its template filled in. */
static struct job *new_push(const struct host_run *h, struct transfer_args *args)
{
    struct error error = ERROR_INIT;
    struct buf path;
    buf_init(&path, DESTINATION_MAX);
    /* It was tried for every host before the run. */
    template_expand(args->spec->destination, true, h->engine->plan, h->target, &path, &error);
    args->destination = buf_str(&path);
    struct job *job = job_push_new(args);
    buf_release(&path);
    error_release(&error);
    return job;
}

static struct job *new_transfer(struct host_run *h)
{
    const struct settings *settings = h->target->settings;
    struct transfer_args args = {
        .spec = h->engine->plan->job.transfer,
        .host = h->target->info.name,
        .timeout_us = settings->timeout.us,
        .idle_us = settings->idle_timeout.us,
        .open_us = settings->connect_timeout.us,
        .listener = { on_started, on_file, on_moved, on_note, on_transfer_end, h },
    };
    return h->engine->plan->job.kind == JOB_PUSH ? new_push(h, &args) : job_pull_new(&args);
}

static struct job *new_exec(struct host_run *h)
{
    const struct settings *settings = h->target->settings;
    return job_exec_new(&(struct exec_args){
        .command = h->engine->plan->job.command,
        .input = h->engine->input,
        .timeout_us = settings->timeout.us,
        .idle_us = settings->idle_timeout.us,
        .open_us = settings->connect_timeout.us,
        .listener = { on_started, on_output, on_end, h },
    });
}

/* The session is ready for what the run is about. */
static void on_ready(void *arg)
{
    struct host_run *h = arg;
    h->job = is_transfer(h) ? new_transfer(h) : new_exec(h);
    session_add_job(h->session, h->job);
}

/* --- The session's end ------------------------------------------------------------------------ */

static void on_closed(void *arg);

/* Opens a session; the connect time of an earlier one counts. */
static void open_session(struct host_run *h)
{
    h->session = session_open(&(struct session_args){
        .services = &h->engine->services,
        .target = h->target,
        .known_hosts = h->known_hosts,
        .listener = { .on_stage = on_stage,
                      .on_auth = on_auth,
                      .on_note = on_note,
                      .on_ready = on_ready,
                      .on_closed = on_closed,
                      .arg = h },
        .started_at_us = h->begun_at_us,
        .asks_all_types = h->asks_all_types,
    });
}

/* Puts the host aside until somebody was asked about its key. */
static void park(struct host_run *h)
{
    size_t size = 0;
    const unsigned char *key = session_host_key(h->session, &size);
    h->host_key = xrealloc_array(h->host_key, size, 1);
    memcpy(h->host_key, key, size);
    h->host_key_size = size;
    h->state = HOST_PARKED;
    h->engine->counts.running--;
    enter_stage(h, STAGE_QUEUED);
    engine_host_parked(h);
}

/* Should the host's unknown key be asked about? `auto` is `ask` where somebody can be asked. */
static bool is_askable(const struct host_run *h)
{
    enum host_key_check check = h->target->settings->host_key_check;
    return session_error(h->session)->code == ERR_HOST_KEY_UNKNOWN && h->engine->ask &&
           h->engine->stop == STOP_NONE &&
           (check == HOST_KEY_CHECK_ASK || check == HOST_KEY_CHECK_AUTO);
}

/* The session ended before a job did: its error is the outcome. */
static void take_session_error(struct host_run *h)
{
    const struct error *why = session_error(h->session);
    h->outcome.error_stage = session_error_stage(h->session);
    if (error_is_set(why))
        error_copy(&h->outcome.error, why);
    else
        error_set(&h->outcome.error, ERR_INTERNAL, "the session ended without a result");
    h->outcome.status = error_status(h->outcome.error.code);
}

static void on_closed(void *arg)
{
    struct host_run *h = arg;
    bool again = !h->has_result && session_wants_other_types(h->session) && !h->asks_all_types &&
                 h->engine->stop == STOP_NONE;
    bool parks = !h->has_result && is_askable(h);
    if (parks)
        park(h);
    else if (!again && !h->has_result)
        take_session_error(h);
    session_free(h->session);
    h->session = NULL;
    if (again) {
        h->asks_all_types = true;
        open_session(h);
    } else if (!parks) {
        end(h);
    }
}

void host_run_start(struct host_run *h)
{
    struct engine *e = h->engine;
    list_append(&e->running, &h->link);
    h->state = HOST_RUNNING;
    h->is_connecting = true;
    e->connecting++;
    e->counts.running++;
    h->begun_at_us = clock_monotonic_us();
    if (h->outcome.attempts++ == 0)
        h->outcome.started_at_us = clock_unix_us();
    struct event event = event_of(h, EVENT_HOST_START);
    engine_emit(e, &event);
    open_session(h);
}

void host_run_accept_key(struct host_run *h)
{
    list_remove(&h->link);
    list_append(&h->engine->queue, &h->link);
    h->state = HOST_QUEUED;
    h->outcome.attempts--;
    loop_wake(h->engine->loop, &h->engine->schedule);
}

/* Did the job reach the host? What did not is not ended but not run. */
static bool has_started(const struct host_run *h)
{
    if (!h->job)
        return false;
    return is_transfer(h) ? job_transfer_has_started(h->job) : job_exec_has_started(h->job);
}

/* Stops a transfer. There is nothing to interrupt gently: it cleans up after itself and ends. */
static void stop_transfer(struct host_run *h, enum stop_kind kind, const struct error *why)
{
    if (kind == STOP_CLOSE)
        session_fail(h->session, why->code, "%s", why->text);
    else
        job_transfer_end(h->job, why);
}

/* Stops a command. */
static void stop_exec(struct host_run *h, enum stop_kind kind, const struct error *why)
{
    if (kind == STOP_INTERRUPT)
        job_exec_interrupt(h->job);
    else if (kind == STOP_END)
        job_exec_end(h->job, why);
    else
        session_fail(h->session, why->code, "%s", why->text);
}

void host_run_stop(struct host_run *h, enum stop_kind kind, enum error_code cause)
{
    if (!has_started(h)) {
        if (!h->has_result)
            session_fail(h->session, engine_unstarted_code(cause), ENGINE_UNSTARTED_TEXT);
        return;
    }
    struct error why = ERROR_INIT;
    error_set(&why, cause, "%s",
              cause == ERR_CANCELLED_BY_DEADLINE ? "the run's deadline passed" : "interrupted");
    h->was_interrupted = true;
    if (is_transfer(h))
        stop_transfer(h, kind, &why);
    else
        stop_exec(h, kind, &why);
    error_release(&why);
}
