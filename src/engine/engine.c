/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/input.h"
#include "base/memory.h"
#include "engine/engine_private.h"
#include "model/rollout.h"

/* How often EVENT_PROGRESS is sent. */
#define PROGRESS_US (5 * US_PER_SEC)

void engine_emit(struct engine *e, struct event *event)
{
    event_emit(&e->emitter, event);
}

/* Ends the run: all hosts are done. */
static void finish(struct engine *e)
{
    e->is_finished = true;
    e->run.finished_at_us = clock_unix_us();
    timer_disarm(e->progress);
    timer_disarm(e->deadline);
    engine_emit(e, &(struct event){ .kind = EVENT_RUN_END, .run = &e->run, .counts = &e->counts });
    loop_stop(e->loop);
}

enum error_code engine_unstarted_code(enum error_code cause)
{
    if (cause == ERR_CANCELLED_BY_LIMIT)
        return ERR_NOT_RUN_LIMIT;
    return cause == ERR_CANCELLED_BY_DEADLINE ? ERR_NOT_RUN_DEADLINE : ERR_NOT_RUN_INTERRUPTED;
}

/* Ends every host of a list that has no session. */
static void end_unstarted(struct engine *e, struct list *list)
{
    struct error why = ERROR_INIT;
    error_set(&why, engine_unstarted_code(e->stop_cause), ENGINE_UNSTARTED_TEXT);
    while (!list_is_empty(list))
        host_run_end_unstarted(list_entry(list->next, struct host_run, link), STAGE_QUEUED, &why);
    error_release(&why);
}

/* Starts the hosts that may start now. */
static void start_hosts(struct engine *e)
{
    const struct rollout_limits limits = { .fanout = e->plan->settings->fanout.n,
                                           .connects = e->plan->settings->connects.n };
    while (!list_is_empty(&e->queue) && e->stop == STOP_NONE && !e->gate.held &&
           !e->gate.starts_held &&
           rollout_may_start(&limits, &(struct rollout_state){ .running = e->counts.running,
                                                               .connecting = e->connecting }))
        host_run_start(list_entry(list_pop(&e->queue), struct host_run, link));
}

/* Tells every host of a stop that is harder than the last one they heard of. */
static void apply_stop(struct engine *e)
{
    if (e->stop > e->stop_applied) {
        e->stop_applied = e->stop;
        list_for_each(it, tmp, &e->running)
            host_run_stop(list_entry(it, struct host_run, link), e->stop, e->stop_cause);
    }
    if (e->stop != STOP_NONE) {
        end_unstarted(e, &e->queue);
        end_unstarted(e, &e->parked);
    }
}

/* The schedule task: after every change, starts what may start, asks, or ends the run. */
static void schedule(struct task *task)
{
    struct engine *e = list_entry(task, struct engine, schedule);
    if (e->is_finished)
        return;
    apply_stop(e);
    start_hosts(e);
    if (e->done == e->plan->target_count)
        finish(e);
    else if (list_is_empty(&e->queue) && list_is_empty(&e->running) && !list_is_empty(&e->parked))
        engine_ask_host_keys(e);
}

/* Wakes all sessions. A host whose first events are just being told has none yet. */
static void wake_sessions(struct engine *e)
{
    list_for_each(it, tmp, &e->running)
    {
        struct host_run *h = list_entry(it, struct host_run, link);
        if (h->session)
            session_wake(h->session);
    }
}

/* The gate opened: everybody may go on reading, and hosts may be started. */
static void gate_opened(struct gate *gate)
{
    struct engine *e = gate->owner;
    wake_sessions(e);
    loop_wake(e->loop, &e->schedule);
}

/* The input's thread rang: commands that waited for more may go on. */
static void input_has_more(void *arg)
{
    wake_sessions(arg);
}

/* Called from the input's thread. */
static void ring_input_bell(void *arg)
{
    doorbell_ring(arg);
}

/* The run's deadline passed. */
static void deadline_passed(void *arg)
{
    engine_stop(arg, STOP_END, ERR_CANCELLED_BY_DEADLINE, "deadline");
}

/* Tells the counts every few seconds. */
static void progress_is_due(void *arg)
{
    struct engine *e = arg;
    engine_emit(e, &(struct event){ .kind = EVENT_PROGRESS, .run = &e->run, .counts = &e->counts });
    timer_arm(e->progress, clock_monotonic_us() + PROGRESS_US);
}

/* Makes a host_run of each target, all queued. */
static bool init_hosts(struct engine *e, struct error *reterr)
{
    size_t count = e->plan->target_count;
    e->hosts = xcalloc(count, sizeof *e->hosts);
    e->infos = xcalloc(count, sizeof *e->infos);
    for (size_t i = 0; i < count; i++) {
        struct host_run *h = &e->hosts[i];
        host_run_init(h, e, e->plan->targets[i]);
        e->infos[i] = &h->target->info;
        list_append(&e->queue, &h->link);
    }
    for (size_t i = 0; i < count; i++) {
        struct host_run *h = &e->hosts[i];
        if (!engine_known_hosts(e, h->target, &h->known_hosts, reterr))
            return false;
    }
    e->counts.selected = count;
    e->counts.stages[STAGE_QUEUED] = count;
    return true;
}

bool engine_new(struct engine **ret, const struct engine_args *args, struct error *reterr)
{
    struct engine *e = xcalloc(1, sizeof *e);
    e->plan = args->plan;
    e->ask = args->ask;
    e->input = args->input;
    list_init(&e->queue);
    list_init(&e->running);
    list_init(&e->parked);
    emitter_init(&e->emitter);
    e->gate = (struct gate){ .on_open = gate_opened, .owner = e };
    task_init(&e->schedule, schedule);
    e->run = args->plan->run;
    e->rate.bytes_per_s = args->plan->settings->limit_rate.n;
    e->services.rate = &e->rate;
    if (!loop_new(&e->loop, reterr)) {
        free(e);
        return false;
    }
    e->deadline = timer_new(e->loop, deadline_passed, e);
    e->progress = timer_new(e->loop, progress_is_due, e);
    if (!engine_services_init(e, args->agent_socket, reterr) || !init_hosts(e, reterr)) {
        engine_free(e);
        return false;
    }
    e->run.host_count = e->plan->target_count;
    e->run.hosts = e->infos;
    *ret = e;
    return true;
}

bool engine_free(struct engine *e)
{
    if (!e)
        return true;
    task_cancel(&e->schedule);
    if (e->input)
        input_on_more(e->input, NULL, NULL);
    doorbell_close(e->input_bell);
    timer_close(e->deadline);
    timer_close(e->progress);
    for (size_t i = 0; e->hosts && i < e->plan->target_count; i++)
        host_run_release(&e->hosts[i]);
    engine_keys_release(e);
    engine_services_release(e);
    free(e->hosts);
    free(e->infos);
    bool is_clean = loop_free(e->loop);
    free(e);
    return is_clean;
}

struct loop *engine_loop(struct engine *e)
{
    return e->loop;
}

struct gate *engine_gate(struct engine *e)
{
    return &e->gate;
}

void engine_listen(struct engine *e, struct listener *l)
{
    emitter_add(&e->emitter, l);
}

/* Says loudly, once, that host keys are not checked. */
static void warn_of_unchecked_keys(struct engine *e)
{
    size_t count = 0;
    for (size_t i = 0; i < e->plan->target_count; i++)
        count += e->plan->targets[i]->settings->host_key_check == HOST_KEY_CHECK_OFF;
    if (count == 0)
        return;
    char *text = xprintf("warning: host keys are NOT checked on %zu host%s (host-key-check off): "
                         "anybody in between can read and change everything",
                         count, count == 1 ? "" : "s");
    engine_emit(
        e, &(struct event){
               .kind = EVENT_NOTE, .run = &e->run, .severity = SEVERITY_WARNING, .text = text });
    free(text);
}

void engine_start(struct engine *e)
{
    int64_t now = clock_monotonic_us();
    e->is_started = true;
    e->run.started_at_us = clock_unix_us();
    for (size_t i = 0; i < e->plan->target_count; i++) {
        e->hosts[i].queued_at_us = now;
        e->hosts[i].stage_since_us = now;
    }
    if (e->input) {
        e->input_bell = doorbell_new(e->loop, input_has_more, e);
        input_on_more(e->input, ring_input_bell, e->input_bell);
    }
    engine_emit(e, &(struct event){ .kind = EVENT_RUN_START, .run = &e->run });
    warn_of_unchecked_keys(e);
    if (e->plan->settings->deadline.us > 0)
        timer_arm(e->deadline, now + e->plan->settings->deadline.us);
    timer_arm(e->progress, now + PROGRESS_US);
    loop_wake(e->loop, &e->schedule);
}

bool engine_is_finished(const struct engine *e)
{
    return e->is_finished;
}

void engine_stop(struct engine *e, enum stop_kind kind, enum error_code cause, const char *word)
{
    if (kind <= e->stop || e->is_finished)
        return;
    if (e->stop == STOP_NONE) {
        e->stop_cause = cause;
        e->run.interrupted = word;
    }
    e->stop = kind; /* only marked: a listener may be calling, amid anything */
    loop_wake(e->loop, &e->schedule);
}

void engine_note_signal(struct engine *e, int number)
{
    /* Any INT received counts as that: see muster(1), EXIT STATUS. */
    if (e->run.signal != SIGINT)
        e->run.signal = number;
}

const struct run_counts *engine_counts(const struct engine *e)
{
    return &e->counts;
}

void engine_host_stage(struct host_run *h, enum stage stage)
{
    struct engine *e = h->engine;
    int64_t now = clock_monotonic_us();
    if (h->outcome.stage_us[h->stage] < 0)
        h->outcome.stage_us[h->stage] = 0;
    h->outcome.stage_us[h->stage] += now - h->stage_since_us;
    e->counts.stages[h->stage]--;
    e->counts.stages[stage]++;
    h->stage = stage;
    h->stage_since_us = now;
}

void engine_host_connected(struct host_run *h)
{
    if (!h->is_connecting)
        return;
    h->is_connecting = false;
    h->engine->connecting--;
    loop_wake(h->engine->loop, &h->engine->schedule);
}

void engine_host_done(struct host_run *h)
{
    struct engine *e = h->engine;
    engine_host_connected(h);
    list_remove(&h->link);
    e->done++;
    e->counts.by_status[h->outcome.status]++;
    loop_wake(e->loop, &e->schedule);
}

void engine_host_parked(struct host_run *h)
{
    engine_host_connected(h);
    list_remove(&h->link);
    list_append(&h->engine->parked, &h->link);
    loop_wake(h->engine->loop, &h->engine->schedule);
}
