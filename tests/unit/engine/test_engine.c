/* SPDX-License-Identifier: MIT */
/*
 * The engine with sessions that need no network: the promises of model/event.h at every event, and
 * whatever stops the run at whatever moment.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "fake_agent.h"
#include "fake_identity.h"
#include "fake_input.h"
#include "fake_known_hosts.h"
#include "fake_loop.h"
#include "fake_session.h"

/* Linked in with -fsanitize=address only. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

enum { MOST_HOSTS = 40 };

/* What happens at the n-th event. */
struct trap {
    int at; /* 0: never */
    enum stop_kind stop;
    bool toggles_gate;
};

struct run {
    struct arena *arena;
    struct settings settings;
    struct target hosts[MOST_HOSTS];
    struct target *targets[MOST_HOSTS];
    struct plan plan;
    struct engine *engine;
    struct listener listener;
    struct ask ask;
    struct trap trap;

    int events;
    int last_seq;
    int starts[MOST_HOSTS];
    int ends[MOST_HOSTS];
    struct outcome outcomes[MOST_HOSTS]; /* without the error's text */
    enum error_code codes[MOST_HOSTS];
    char output[MOST_HOSTS][32];
    int run_ends;
    size_t most_running;
    size_t most_connecting;
    bool is_stopped;
    int starts_after_stop;

    /* Of the question. */
    int questions;
    size_t asked;
    bool accepts;
    bool answers_late;
    ask_host_keys_fn *answer;
    void *answer_arg;
};

/* --- The listener ----------------------------------------------------------------------------- */

/* The counts agree with each other, and keep the limits. */
static void check_counts(struct run *r, const struct run_counts *c)
{
    size_t in_stages = 0, ended = 0;
    for (int i = 0; i < STAGE_COUNT; i++)
        in_stages += c->stages[i];
    for (int i = 0; i < STATUS_COUNT; i++)
        ended += c->by_status[i];
    size_t connecting = c->stages[STAGE_DNS] + c->stages[STAGE_CONNECT] +
                        c->stages[STAGE_HANDSHAKE] + c->stages[STAGE_AUTH];
    cr_assert_eq(in_stages, c->selected);
    cr_assert_leq(ended, c->stages[STAGE_DONE]);
    cr_assert_leq(c->running, r->settings.fanout.n);
    if (c->running > r->most_running)
        r->most_running = c->running;
    if (connecting > r->most_connecting)
        r->most_connecting = connecting;
}

/* An event about a host. */
static void note_host(struct run *r, const struct event *event)
{
    uint32_t i = event->host->index;
    cr_assert_eq(r->ends[i], 0, "%s: %s after host_end", event->host->name,
                 event_kind_word(event->kind));
    if (event->kind == EVENT_HOST_START) {
        r->starts[i]++;
        r->starts_after_stop += r->is_stopped;
    } else if (event->kind == EVENT_OUTPUT) {
        size_t used = strlen(r->output[i]);
        snprintf(r->output[i] + used, sizeof r->output[i] - used, "%.*s", (int)event->size,
                 event->data);
    } else if (event->kind == EVENT_HOST_END) {
        r->ends[i]++;
        r->outcomes[i] = *event->outcome;
        r->codes[i] = event->outcome->error.code;
    }
}

/* Springs the trap. */
static void spring(struct run *r)
{
    struct gate *gate = engine_gate(r->engine);
    if (r->trap.toggles_gate) {
        gate_hold(gate);
        gate_hold_starts(gate);
        gate_release_starts(gate);
        gate_release(gate);
    }
    if (r->trap.stop != STOP_NONE) {
        engine_stop(r->engine, r->trap.stop, ERR_CANCELLED_BY_USER, "signal");
        r->is_stopped = true;
    }
}

static void on_event(struct listener *self, const struct event *event)
{
    struct run *r = list_entry(self, struct run, listener);
    r->events++;
    cr_assert_eq(event->seq, (uint64_t)r->events);
    cr_assert_eq(r->run_ends, 0, "%s after run_end", event_kind_word(event->kind));
    cr_assert_eq(event->kind == EVENT_RUN_START, r->events == 1);
    if (event->counts)
        check_counts(r, event->counts);
    if (event->host)
        note_host(r, event);
    r->run_ends += event->kind == EVENT_RUN_END;
    if (r->trap.at == r->events)
        spring(r);
}

/* --- The question ----------------------------------------------------------------------------- */

static void give_answer(struct run *r)
{
    bool accepted[MOST_HOSTS];
    for (size_t i = 0; i < r->asked; i++)
        accepted[i] = r->accepts;
    ask_host_keys_fn *answer = r->answer;
    r->answer = NULL;
    answer(r->answer_arg, accepted, r->asked);
}

static void on_question(struct ask *self, const struct ask_host_key *keys, size_t count,
                        ask_host_keys_fn *answer, void *arg)
{
    struct run *r = list_entry(self, struct run, ask);
    r->questions++;
    r->asked = count;
    r->answer = answer;
    r->answer_arg = arg;
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(strncmp(keys[i].name, "new", 3), 0);
    cr_assert_eq(fake_sessions.exist, 0, "asked while others are worked on");
    if (!r->answers_late)
        give_answer(r);
}

/* --- A run ------------------------------------------------------------------------------------ */

/* Makes hosts of the words in `names`, each an own host "NAME-INDEX". */
static void add_hosts(struct run *r, const char *names)
{
    size_t n = 0;
    for (const char *at = names; *at; n++) {
        size_t size = strcspn(at, " ");
        char *name = arena_alloc(r->arena, size + 8);
        snprintf(name, size + 8, "%.*s-%zu", (int)size, at, n);
        r->hosts[n] = (struct target){
            .info = { .index = (uint32_t)n, .name = name, .port = 22, .user = "alice" },
            .settings = &r->settings,
        };
        r->targets[n] = &r->hosts[n];
        at += size + (at[size] == ' ');
    }
    r->plan.targets = r->targets;
    r->plan.target_count = n;
}

static void run_init(struct run *r, const char *names)
{
    static char *files[] = { "known" };
    *r = (struct run){ .accepts = true };
    fake_sessions = (struct fake_sessions){ 0 };
    fake_known_hosts = (struct fake_known_hosts){ 0 };
    fake_agent = (struct fake_agent){ 0 };
    fake_input = (struct fake_input){ 0 };
    r->arena = arena_new();
    settings_init(&r->settings, r->arena);
    r->settings.fanout.n = 3;
    r->settings.connects.n = 2;
    r->settings.key.count = 0;
    r->settings.known_hosts = (struct path_list){ .items = files, .count = 1 };
    r->settings.host_key_check = HOST_KEY_CHECK_ASK;
    r->plan.settings = &r->settings;
    r->plan.job.command = "uname";
    r->ask.host_keys = on_question;
    r->listener.on_event = on_event;
    add_hosts(r, names);
}

static void run_begin(struct run *r)
{
    struct error err = ERROR_INIT;
    const struct engine_args args = { .plan = &r->plan, .ask = &r->ask };
    cr_assert(engine_new(&r->engine, &args, &err), "%s", error_text(&err));
    engine_listen(r->engine, &r->listener);
    engine_start(r->engine);
}

/* Runs to the end and checks what must hold in every run. */
static void run_finish(struct run *r)
{
    for (int n = 0; n < 10000 && !engine_is_finished(r->engine); n++) {
        if (!fake_advance_to_timer(engine_loop(r->engine)))
            break;
    }
    cr_assert(engine_is_finished(r->engine), "the run does not end");
    cr_assert_eq(r->run_ends, 1);
    for (size_t i = 0; i < r->plan.target_count; i++)
        cr_assert_eq(r->ends[i], 1, "%s: %d host_end", r->hosts[i].info.name, r->ends[i]);
    cr_assert_eq(r->starts_after_stop, 0, "a host was started after the stop");
    cr_assert_leq(r->most_connecting, r->settings.connects.n);
    cr_assert_leq((size_t)fake_sessions.most, r->settings.fanout.n);
    cr_assert_eq(fake_sessions.exist, 0);
    cr_assert_eq(fake_sessions.jobs, 0);
    const struct run_counts *c = engine_counts(r->engine);
    cr_assert_eq(c->running, 0);
    cr_assert_eq(c->stages[STAGE_DONE], r->plan.target_count);
}

static void run_release(struct run *r)
{
    cr_assert(engine_free(r->engine));
    cr_assert_eq(fake_known_hosts.objects, 0);
    cr_assert_eq(fake_agent.objects, 0);
    cr_assert_eq(fake_identities.objects, 0);
    arena_free(r->arena);
    if (__lsan_do_recoverable_leak_check)
        cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "memory leaks");
}

static void expect_status(const struct run *r, size_t host, enum host_status status,
                          enum error_code code)
{
    cr_assert_str_eq(status_word(r->outcomes[host].status), status_word(status), "%s",
                     r->hosts[host].info.name);
    cr_assert_str_eq(error_word(r->codes[host]), error_word(code), "%s", r->hosts[host].info.name);
}

/* --- Without a stop --------------------------------------------------------------------------- */

Test(engine, every_kind_of_host)
{
    struct run r;
    run_init(&r, "ok bad down shut new other lost ok ok");
    run_begin(&r);
    run_finish(&r);
    expect_status(&r, 0, STATUS_OK, ERR_NONE);
    expect_status(&r, 1, STATUS_FAILED, ERR_NONE);
    expect_status(&r, 2, STATUS_UNREACHABLE, ERR_CONNECT);
    expect_status(&r, 3, STATUS_AUTH, ERR_AUTH);
    expect_status(&r, 4, STATUS_OK, ERR_NONE);
    expect_status(&r, 5, STATUS_OK, ERR_NONE);
    expect_status(&r, 6, STATUS_LOST, ERR_CONNECTION_LOST);
    cr_assert_eq(r.outcomes[1].exit_code, 3);
    cr_assert_str_eq(r.output[0], "one\ntwo");
    cr_assert_eq(r.outcomes[0].bytes[STREAM_STDOUT], 7);
    cr_assert_eq(r.outcomes[0].attempts, 1);
    cr_assert_eq(r.outcomes[4].attempts, 1);
    cr_assert_eq(r.questions, 1);
    run_release(&r);
}

Test(engine, no_hosts)
{
    struct run r;
    run_init(&r, "");
    run_begin(&r);
    run_finish(&r);
    cr_assert_eq(r.events, 2);
    run_release(&r);
}

Test(engine, fanout_and_connects_are_used_up_and_kept)
{
    static const size_t limits[][2] = { { 1, 1 }, { 3, 2 }, { 4, 4 }, { 30, 5 }, { 5, 30 } };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct run r;
        run_init(&r, "ok ok bad ok down ok ok ok shut ok ok ok ok lost ok ok ok ok ok ok");
        r.settings.fanout.n = (unsigned)limits[i][0];
        r.settings.connects.n = (unsigned)limits[i][1];
        run_begin(&r);
        run_finish(&r);
        size_t connects = limits[i][1] < limits[i][0] ? limits[i][1] : limits[i][0];
        cr_assert_eq(r.most_connecting, connects < 20 ? connects : 20);
        if (limits[i][0] <= limits[i][1])
            cr_assert_eq(r.most_running, limits[i][0]);
        run_release(&r);
    }
}

Test(engine, gate_keeps_hosts_from_starting)
{
    for (int starts_only = 0; starts_only < 2; starts_only++) {
        struct run r;
        run_init(&r, "ok ok ok ok ok ok");
        run_begin(&r);
        struct gate *gate = engine_gate(r.engine);
        fake_advance(engine_loop(r.engine), FAKE_STEP_US);
        int opened = fake_sessions.opened;
        cr_assert_gt(opened, 0);
        if (starts_only)
            gate_hold_starts(gate);
        else
            gate_hold(gate);
        fake_advance(engine_loop(r.engine), 100 * FAKE_STEP_US);
        cr_assert_eq(fake_sessions.opened, opened);
        if (starts_only)
            gate_release_starts(gate);
        else
            gate_release(gate);
        run_finish(&r);
        run_release(&r);
    }
}

Test(engine, input_rings_wake_who_runs)
{
    struct run r;
    struct error err = ERROR_INIT;
    run_init(&r, "slow slow slow ok");
    const struct engine_args args = { .plan = &r.plan, .input = fake_input_get() };
    cr_assert(engine_new(&r.engine, &args, &err));
    engine_listen(r.engine, &r.listener);
    engine_start(r.engine);
    fake_settle(engine_loop(r.engine));
    int before = fake_sessions.wakes;
    fake_input_ring();
    fake_settle(engine_loop(r.engine));
    cr_assert_geq(fake_sessions.wakes - before, 2);
    engine_stop(r.engine, STOP_CLOSE, ERR_CANCELLED_BY_USER, "signal");
    run_finish(&r);
    run_release(&r);
}

/* --- Parked hosts ----------------------------------------------------------------------------- */

Test(engine_parked, one_question_for_all)
{
    for (int accepts = 0; accepts < 2; accepts++) {
        for (int late = 0; late < 2; late++) {
            struct run r;
            run_init(&r, "new ok new down new bad new");
            r.accepts = accepts;
            r.answers_late = late;
            run_begin(&r);
            fake_advance(engine_loop(r.engine), 100 * FAKE_STEP_US);
            if (late) {
                cr_assert_eq(r.questions, 1);
                fake_advance(engine_loop(r.engine), 1000 * FAKE_STEP_US);
                give_answer(&r);
            }
            run_finish(&r);
            cr_assert_eq(r.questions, 1);
            cr_assert_eq(r.asked, 4);
            for (size_t i = 0; i < 7; i += 2) {
                if (accepts)
                    expect_status(&r, i, STATUS_OK, ERR_NONE);
                else
                    expect_status(&r, i, STATUS_HOST_KEY, ERR_HOST_KEY_UNKNOWN);
            }
            cr_assert_eq(fake_known_hosts.adds, accepts);
            run_release(&r);
        }
    }
}

Test(engine_parked, nobody_to_ask)
{
    struct run r;
    struct error err = ERROR_INIT;
    run_init(&r, "new ok new");
    const struct engine_args args = { .plan = &r.plan };
    cr_assert(engine_new(&r.engine, &args, &err));
    engine_listen(r.engine, &r.listener);
    engine_start(r.engine);
    run_finish(&r);
    expect_status(&r, 0, STATUS_HOST_KEY, ERR_HOST_KEY_UNKNOWN);
    run_release(&r);
}

Test(engine_parked, cannot_be_recorded)
{
    struct run r;
    run_init(&r, "new ok new");
    fake_known_hosts.add_fails = true;
    run_begin(&r);
    run_finish(&r);
    expect_status(&r, 0, STATUS_HOST_KEY, ERR_HOST_KEY_FILE);
    expect_status(&r, 2, STATUS_HOST_KEY, ERR_HOST_KEY_FILE);
    run_release(&r);
}

Test(engine_parked, stopped_while_the_question_is_open)
{
    for (int kind = STOP_INTERRUPT; kind <= STOP_CLOSE; kind++) {
        struct run r;
        run_init(&r, "new ok new");
        r.answers_late = true;
        run_begin(&r);
        fake_advance(engine_loop(r.engine), 100 * FAKE_STEP_US);
        cr_assert_eq(r.questions, 1);
        engine_stop(r.engine, (enum stop_kind)kind, ERR_CANCELLED_BY_USER, "signal");
        if (kind == STOP_END)
            give_answer(&r); /* in the same moment */
        run_finish(&r);
        cr_assert_eq(r.questions, 1);
        cr_assert_eq(r.outcomes[0].status, STATUS_NOT_RUN, "%s", status_word(r.outcomes[0].status));
        run_release(&r);
    }
}

/* --- Stops ------------------------------------------------------------------------------------ */

static const char mixed[] = "ok slow new down soft other bad lost shut ok";

Test(engine_stop, ends_what_runs)
{
    struct run r;
    run_init(&r, "slow soft slow slow ok");
    run_begin(&r);
    fake_advance(engine_loop(r.engine), 20 * FAKE_STEP_US);
    engine_stop(r.engine, STOP_INTERRUPT, ERR_CANCELLED_BY_USER, "signal");
    r.is_stopped = true;
    fake_advance(engine_loop(r.engine), 20 * FAKE_STEP_US);
    cr_assert_eq(fake_sessions.interrupts, 3);
    expect_status(&r, 1, STATUS_CANCELLED, ERR_CANCELLED_BY_USER);
    expect_status(&r, 4, STATUS_NOT_RUN, ERR_NOT_RUN_INTERRUPTED);
    cr_assert_not(engine_is_finished(r.engine));
    engine_stop(r.engine, STOP_END, ERR_CANCELLED_BY_USER, "signal");
    engine_stop(r.engine, STOP_INTERRUPT, ERR_CANCELLED_BY_USER, "signal");
    run_finish(&r);
    cr_assert_eq(fake_sessions.ends, 2);
    cr_assert_eq(fake_sessions.interrupts, 3);
    expect_status(&r, 0, STATUS_CANCELLED, ERR_CANCELLED_BY_USER);
    cr_assert_eq(r.outcomes[0].kill, KILL_EXEC);
    run_release(&r);
}

Test(engine_stop, deadline)
{
    struct run r;
    run_init(&r, "slow ok slow slow ok ok");
    r.settings.deadline.us = 20 * FAKE_STEP_US;
    run_begin(&r);
    run_finish(&r);
    expect_status(&r, 0, STATUS_CANCELLED, ERR_CANCELLED_BY_DEADLINE);
    expect_status(&r, 1, STATUS_OK, ERR_NONE);
    expect_status(&r, 5, STATUS_NOT_RUN, ERR_NOT_RUN_DEADLINE);
    run_release(&r);
}

/* The events of a run of the mixed hosts that is stopped only when nothing else happens. */
static int count_events(void)
{
    struct run r;
    run_init(&r, mixed);
    run_begin(&r);
    fake_advance(engine_loop(r.engine), 49 * FAKE_STEP_US);
    engine_stop(r.engine, STOP_CLOSE, ERR_CANCELLED_BY_USER, "signal");
    run_finish(&r);
    int events = r.events;
    run_release(&r);
    return events;
}

/* Some hosts of the mix end by a stop only. */
static void finish_stopped(struct run *r)
{
    fake_advance(engine_loop(r->engine), 60 * FAKE_STEP_US);
    if (!engine_is_finished(r->engine))
        engine_stop(r->engine, STOP_CLOSE, ERR_CANCELLED_BY_USER, "signal");
    r->is_stopped = true;
    run_finish(r);
}

Test(engine_stop, from_within_every_event, .timeout = 120)
{
    int events = count_events();
    cr_assert_gt(events, 60);
    for (int kind = STOP_INTERRUPT; kind <= STOP_CLOSE; kind++) {
        for (int at = 1; at <= events; at++) {
            struct run r;
            run_init(&r, mixed);
            r.trap = (struct trap){ .at = at, .stop = (enum stop_kind)kind };
            run_begin(&r);
            finish_stopped(&r);
            run_release(&r);
        }
    }
}

Test(engine_stop, at_every_moment, .timeout = 120)
{
    for (int kind = STOP_INTERRUPT; kind <= STOP_CLOSE; kind++) {
        for (int step = 0; step < 50; step++) {
            struct run r;
            run_init(&r, mixed);
            run_begin(&r);
            fake_advance(engine_loop(r.engine), step * FAKE_STEP_US);
            engine_stop(r.engine, (enum stop_kind)kind, ERR_CANCELLED_BY_USER, "signal");
            r.is_stopped = true;
            finish_stopped(&r);
            run_release(&r);
        }
    }
}

Test(engine_stop, gate_from_within_every_event, .timeout = 120)
{
    int events = count_events();
    for (int at = 1; at <= events; at++) {
        struct run r;
        run_init(&r, mixed);
        r.trap = (struct trap){ .at = at, .toggles_gate = true };
        run_begin(&r);
        finish_stopped(&r);
        run_release(&r);
    }
}
