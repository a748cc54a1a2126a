/* SPDX-License-Identifier: MIT */
/*
 * Runs a plan: one struct host_run per target, at most fanout of them at once, at most `connects`
 * of those between look-up and authentication. Everything that happens is told as events.
 *
 * One engine is one thread's world: it owns its loop, host_runs, keys, known_hosts and agent
 * connection, and there are no mutable globals, so that N engines can run in N threads.
 *
 *   engine_new -> engine_listen... -> engine_start -> loop_run(engine_loop) -> engine_free
 */
#ifndef MUSTER_ENGINE_ENGINE_H
#define MUSTER_ENGINE_ENGINE_H

#include <stdbool.h>

#include "base/error.h"
#include "model/ask.h"
#include "model/event.h"
#include "model/plan.h"
#include "net/loop.h"

struct engine;
struct input;

struct engine_args {
    const struct plan *plan;  /* outlives the engine */
    struct ask *ask;          /* NULL: nobody can be asked */
    struct input *input;      /* what the commands read; NULL: nothing */
    const char *agent_socket; /* $SSH_AUTH_SOCK; NULL or "": no agent */
};

/* Loads keys and known_hosts. False where something that was named on the command line cannot be
 * used (nothing was connected to by then). */
bool engine_new(struct engine **ret, const struct engine_args *args, struct error *reterr);

/* In the state before engine_start(), or after the run's end. False: a look-up still runs in the
 * resolver, and the process is to end with _exit(2) (see loop_free). NULL is fine. */
bool engine_free(struct engine *e);

struct loop *engine_loop(struct engine *e);

/* The gate that listeners may hold. */
struct gate *engine_gate(struct engine *e);

/* Registers a listener; before engine_start(). It must live until engine_free(). */
void engine_listen(struct engine *e, struct listener *l);

/* Emits run_start and begins. After run_end the loop is stopped. */
void engine_start(struct engine *e);
bool engine_is_finished(const struct engine *e);

/* How hard to stop; a later call may only be harder. No new host is started in any case. */
enum stop_kind {
    STOP_NONE,
    STOP_INTERRUPT, /* hosts that have not started end now; INT is sent to the commands */
    STOP_END,       /* the commands are ended: TERM, grace, KILL */
    STOP_CLOSE,     /* every connection is closed at once */
};

/* `cause` is what the hosts concerned report: ERR_CANCELLED_BY_USER, _LIMIT or _DEADLINE. `word`
 * goes into the run's `interrupted` ("signal", "deadline", "limit", "output"); static storage. */
void engine_stop(struct engine *e, enum stop_kind kind, enum error_code cause, const char *word);

/* Notes the signal that ends the run, for run_info. */
void engine_note_signal(struct engine *e, int number);

/* Hosts in each stage and by status, now. */
const struct run_counts *engine_counts(const struct engine *e);

#endif
