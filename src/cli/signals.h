/* SPDX-License-Identifier: MIT */
/*
 * Signals during a run, which belong to the program and not to the library.
 *
 *   INT   first: no new host, INT goes to the commands; second: as TERM; third: everything is
 *         closed at once
 *   TERM, HUP   the commands are ended, and what is left two seconds later is closed
 *   USR1  a status line
 *   PIPE  ignored: a write says so, and signals_output_dead() ends the run as TERM does
 *
 * One that is ignored when muster starts (nohup) stays so.
 */
#ifndef MUSTER_CLI_SIGNALS_H
#define MUSTER_CLI_SIGNALS_H

#include "engine/engine.h"

struct signals;

struct signals_args {
    struct engine *engine;
    /* The first Ctrl-C, and USR1: say what runs where, with phase and age. */
    void (*show_running)(void *arg);
    void (*show_status)(void *arg);
    void *arg;
};

/* Ignores SIGPIPE, for the whole process; first thing in main(). */
void signals_ignore_pipe(void);

struct signals *signals_new(const struct signals_args *args);

/* Gives the signals back their default action. NULL is fine. Before engine_free(). */
void signals_free(struct signals *s);

/* Has a signal come that ends the run? */
bool signals_have_come(const struct signals *s);

/* Standard output, the only one there was, takes nothing any more: ends the run; with SIGPIPE as
 * its signal where the reader closed it. */
void signals_output_dead(struct signals *s, bool is_closed);

#endif
