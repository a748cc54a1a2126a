/* SPDX-License-Identifier: MIT */
/*
 * Everything a run prints and writes, wired together: the sinks that the settings ask for, the
 * screen they share, the writing threads behind them, and the exit status in the end.
 *
 *                        +-> tally, progress, notes, recap
 *   outputs_listener() --+-> stream, file lines -> screen -> writer: standard output and error
 *                        +-> jsonl, report ----------------> writer: files
 *
 * Files have a writer of their own, so that they never wait for a terminal that was paused.
 *
 *   outputs_open -> (the run; outputs_pump, outputs_tick) -> outputs_finish -> outputs_free
 *
 * All calls are for the loop's thread; only `notify` comes from others.
 */
#ifndef MUSTER_CLI_OUTPUTS_H
#define MUSTER_CLI_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/event.h"
#include "model/settings.h"

struct outputs;

struct outputs_args {
    const struct settings *settings; /* of the run; borrowed */
    struct gate *gate;               /* of the engine; borrowed */
    int fds[STREAM_COUNT];           /* where to print: 1 and 2 */
    /* From any thread: have outputs_pump() called soon on the loop's thread. */
    void (*notify)(void *arg);
    /* Standard output takes nothing any more and nothing else records results: end the run as
     * SIGTERM would, with "output" as what interrupted it and, where `is_closed` (its reader is
     * gone; else it failed, as a full disk does), SIGPIPE as the run's signal. Called at most once,
     * from outputs_pump(). */
    void (*on_stdout_dead)(void *arg, bool is_closed);
    void *arg; /* of both */
};

/* Opens the files. Errors are ERR_USAGE or ERR_FILE; nothing is left behind then. From now on
 * notes (trace.h) go through the screen. */
bool outputs_open(struct outputs **ret, const struct outputs_args *args, struct error *reterr);

/* To be registered with the engine before its start. */
struct listener *outputs_listener(struct outputs *o);

/* After `notify`: tells errors of outputs, releases the gate. Cheap; any time. */
void outputs_pump(struct outputs *o);

/* To be called every OUTPUTS_TICK_US while the run lasts: progress. */
#define OUTPUTS_TICK_US (INT64_C(100) * 1000)
void outputs_tick(struct outputs *o, int64_t now_us);

/* For SIGUSR1: a status line. For the first Ctrl-C: what runs where, with phase and age. */
void outputs_show_status(struct outputs *o);
void outputs_show_running(struct outputs *o);

/* A line "muster: TEXT" on standard error. */
void outputs_note(struct outputs *o, const char *text);

/* While a person is asked on the terminal: true puts out all that waits (for a short time at most)
 * and stops the progress line. */
void outputs_pause(struct outputs *o, bool is_paused);

/* What a run came to. */
struct outputs_end {
    int status; /* the exit status of muster */
    /* A reader never took what was written to it: a thread is stuck, and the process has to end
     * with _exit(status). */
    bool is_stuck;
};

/* After run_end: writes the report and the recap, and waits for the readers: without limit, or for
 * a moment only if a signal ended the run. Signals should have their default action back by then,
 * so that Ctrl-C ends the waiting. */
struct outputs_end outputs_finish(struct outputs *o);

/* NULL is fine. Without outputs_finish() (nothing ran) no file is changed, but for one that
 * --jsonl has emptied. */
void outputs_free(struct outputs *o);

#endif
