/* SPDX-License-Identifier: MIT */
#include "cli/signals.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

/* What TERM, HUP and a closed output leave to commands that are being ended. */
#define END_US (1200 * US_PER_MS)

static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
#define WATCHED_COUNT (sizeof watched / sizeof *watched)

struct signals {
    struct signals_args args;
    struct signal_watch *watches[WATCHED_COUNT]; /* NULL: ignored at start */
    struct timer *closing;                       /* armed while commands are being ended */
    bool have_come;                              /* one that ends the run */
    unsigned interrupts;                         /* SIGINTs so far */
};

void signals_ignore_pipe(void)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigaction(SIGPIPE, &ignore, NULL);
}

/* Was the signal ignored when muster was started? */
static bool is_ignored(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* The time for ending commands is over. */
static void close_all(void *arg)
{
    struct signals *s = arg;
    engine_stop(s->args.engine, STOP_CLOSE, ERR_CANCELLED_BY_USER, "signal");
}

/* Ends the commands, and closes everything a little later. */
static void end_all(struct signals *s, const char *word)
{
    engine_stop(s->args.engine, STOP_END, ERR_CANCELLED_BY_USER, word);
    if (!timer_is_armed(s->closing))
        timer_arm(s->closing, clock_monotonic_us() + END_US);
}

/* Ctrl-C: the first asks the commands to stop, the second ends them, the third waits for nobody. */
static void interrupt(struct signals *s)
{
    switch (s->interrupts++) {
    case 0:
        engine_stop(s->args.engine, STOP_INTERRUPT, ERR_CANCELLED_BY_USER, "signal");
        s->args.show_running(s->args.arg);
        return;
    case 1:
        end_all(s, "signal");
        return;
    default:
        close_all(s);
    }
}

/* The loop's callback for each signal. */
static void on_signal(void *arg, int number)
{
    struct signals *s = arg;
    if (number == SIGUSR1) {
        s->args.show_status(s->args.arg);
        return;
    }
    engine_note_signal(s->args.engine, number);
    s->have_come = true;
    if (number == SIGINT)
        interrupt(s);
    else
        end_all(s, "signal");
}

struct signals *signals_new(const struct signals_args *args)
{
    struct signals *s = xcalloc(1, sizeof *s);
    struct loop *loop = engine_loop(args->engine);
    s->args = *args;
    s->closing = timer_new(loop, close_all, s);
    for (size_t i = 0; i < WATCHED_COUNT; i++) {
        if (!is_ignored(watched[i]))
            s->watches[i] = signal_watch_new(loop, watched[i], on_signal, s);
    }
    return s;
}

void signals_free(struct signals *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < WATCHED_COUNT; i++)
        signal_watch_close(s->watches[i]);
    timer_close(s->closing);
    free(s);
}

bool signals_have_come(const struct signals *s)
{
    return s->have_come;
}

void signals_output_dead(struct signals *s, bool is_closed)
{
    if (is_closed)
        engine_note_signal(s->args.engine, SIGPIPE);
    end_all(s, "output");
}
