/* SPDX-License-Identifier: MIT */
#include "cli/execution.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/input.h"
#include "base/memory.h"
#include "cli/ask_terminal.h"
#include "cli/limits.h"
#include "cli/outputs.h"
#include "cli/passwords.h"
#include "cli/prompt.h"
#include "cli/signals.h"
#include "engine/engine.h"
#include "model/transfer.h"

/* How long a terminal may take to show what stands before a question is outputs.h's affair. */
struct execution {
    struct invocation *inv;
    struct plan *plan;
    struct passwords *passwords;
    struct input *input;
    struct ask ask; /* around the terminal's: stops the progress line meanwhile */
    struct ask_terminal *terminal;
    struct question *question;
    struct engine *engine;
    struct outputs *outputs;
    struct signals *signals;
    struct doorbell *bell; /* rung by the writing threads */
    struct timer *tick;
};

/* --- Callbacks -------------------------------------------------------------------------------- */

/* From a writing thread. */
static void ring(void *arg)
{
    struct execution *x = arg;
    doorbell_ring(x->bell);
}

static void pump(void *arg)
{
    struct execution *x = arg;
    outputs_pump(x->outputs);
}

static void tick(void *arg)
{
    struct execution *x = arg;
    int64_t now = clock_monotonic_us();
    outputs_tick(x->outputs, now);
    timer_arm(x->tick, now + OUTPUTS_TICK_US);
}

static void stdout_dead(void *arg, bool is_closed)
{
    struct execution *x = arg;
    signals_output_dead(x->signals, is_closed);
}

static void show_running(void *arg)
{
    struct execution *x = arg;
    outputs_show_running(x->outputs);
}

static void show_status(void *arg)
{
    struct execution *x = arg;
    outputs_show_status(x->outputs);
}

/* A question on its way to the terminal, and its answer on its way back. */
struct question {
    struct execution *execution;
    ask_host_keys_fn *answer;
    void *arg;
};

/* The answer has come: progress may go on. */
static void answered(void *arg, const bool *accepted, size_t count)
{
    struct question *q = arg;
    struct question done = *q;
    free(q);
    done.execution->question = NULL;
    outputs_pause(done.execution->outputs, false);
    done.answer(done.arg, accepted, count);
}

/* What the engine is given to ask with. */
static void ask_host_keys(struct ask *self, const struct ask_host_key *keys, size_t count,
                          ask_host_keys_fn *answer, void *arg)
{
    struct execution *x = list_entry(self, struct execution, ask);
    struct ask *terminal = ask_terminal_ask(x->terminal);
    x->question = xcalloc(1, sizeof *x->question);
    *x->question = (struct question){ x, answer, arg };
    outputs_pause(x->outputs, true);
    terminal->host_keys(terminal, keys, count, answered, x->question);
}

/* --- Preparing -------------------------------------------------------------------------------- */

/* Raises the limit of open files, and lowers the fanout to what it allows. */
static void fit_fanout(struct execution *x)
{
    size_t wanted = x->inv->settings.fanout.n;
    if (wanted > x->plan->target_count)
        wanted = x->plan->target_count;
    bool is_pull = x->plan->job.kind == JOB_PULL;
    size_t possible = limits_raise_for_hosts(wanted, is_pull ? 1 + TRANSFER_PULL_DESCRIPTORS : 1);
    if (possible >= wanted)
        return;
    fprintf(stderr,
            "muster: warning: the limit of open files (ulimit -n) allows %zu hosts at once, not "
            "%zu\n",
            possible, wanted);
    x->inv->settings.fanout.n = (uint32_t)possible;
}

/* Opens what -I names. */
static bool open_input(struct execution *x, struct error *reterr)
{
    const char *path = x->inv->settings.standard_input.s;
    if (!path)
        return true;
    /* A duplicate, so that standard input stays as it is when the input is closed. */
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                    : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(reterr, ERR_FILE, "--stdin %s: %s", path, strerror(errno));
    if (input_open(&x->input, fd, x->inv->settings.max_stdin.n, reterr))
        return true;
    close(fd);
    return error_prefix(reterr, "--stdin %s", path);
}

/* Makes the engine; it can ask where somebody can be asked. */
static bool make_engine(struct execution *x, struct error *reterr)
{
    bool can_ask = prompt_is_possible();
    x->ask.host_keys = ask_host_keys;
    return engine_new(&x->engine,
                      &(struct engine_args){ .plan = x->plan,
                                             .ask = can_ask ? &x->ask : NULL,
                                             .input = x->input,
                                             .agent_socket = getenv("SSH_AUTH_SOCK") },
                      reterr);
}

/* Opens the outputs and hangs everything onto the engine's loop. */
static bool wire(struct execution *x, struct error *reterr)
{
    struct loop *loop = engine_loop(x->engine);
    x->bell = doorbell_new(loop, pump, x);
    x->tick = timer_new(loop, tick, x);
    const struct outputs_args args = { .settings = &x->inv->settings,
                                       .gate = engine_gate(x->engine),
                                       .fds = { STDOUT_FILENO, STDERR_FILENO },
                                       .notify = ring,
                                       .on_stdout_dead = stdout_dead,
                                       .arg = x };
    if (!outputs_open(&x->outputs, &args, reterr))
        return false;
    engine_listen(x->engine, outputs_listener(x->outputs));
    x->terminal = ask_terminal_new();
    ask_terminal_attach(x->terminal, loop);
    x->signals = signals_new(&(struct signals_args){
        .engine = x->engine, .show_running = show_running, .show_status = show_status, .arg = x });
    return true;
}

/* Everything that can go wrong before anything runs. */
static bool prepare(struct execution *x, struct error *reterr)
{
    x->passwords = passwords_new();
    fit_fanout(x);
    return passwords_give(x->passwords, x->plan->targets, x->plan->target_count, reterr) &&
           open_input(x, reterr) && make_engine(x, reterr) && wire(x, reterr);
}

/* Takes down what prepare() built; false where a look-up is still under way. */
static bool release(struct execution *x)
{
    signals_free(x->signals);
    ask_terminal_free(x->terminal);
    free(x->question);
    outputs_free(x->outputs);
    timer_close(x->tick);
    doorbell_close(x->bell);
    bool is_clean = engine_free(x->engine);
    input_free(x->input);
    passwords_free(x->passwords);
    return is_clean;
}

/* Runs to the end; the exit status. */
static struct outputs_end run(struct execution *x)
{
    engine_start(x->engine);
    tick(x);
    loop_run(engine_loop(x->engine));
    timer_disarm(x->tick);
    /* From here on Ctrl-C does what it does anywhere; but one that follows another asks for the
     * reports as much as that did. They have a deadline of their own. */
    if (!signals_have_come(x->signals)) {
        signals_free(x->signals);
        x->signals = NULL;
    }
    return outputs_finish(x->outputs);
}

int execution_run(struct invocation *inv, struct plan *plan)
{
    struct execution x = { .inv = inv, .plan = plan };
    struct error error = ERROR_INIT;
    struct outputs_end end = { 0 };
    bool is_prepared = prepare(&x, &error);
    if (is_prepared)
        end = run(&x);
    /* Taking down the handlers would let a further signal change how muster ends. */
    if (end.is_stuck || (x.signals && is_prepared && signals_have_come(x.signals)))
        _exit(end.status);
    if (!release(&x))
        _exit(is_prepared ? end.status : EXIT_WRONG_USE);
    return is_prepared ? end.status : cli_fail(inv->command, &error);
}
