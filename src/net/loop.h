/* SPDX-License-Identifier: MIT */
/*
 * The event loop of one engine: ready queue, timers, descriptors, signals, wake-ups from threads.
 *
 * Everything runs on the thread that calls loop_run(). libuv is seen only in src/net. Objects of
 * this header are embedded in their users; a closed one must stay allocated until its `closed`
 * callback (libuv's rule), which is why watches and timers are small heap objects of the loop's
 * own.
 *
 *      poll, timer, reply ---> loop_wake(task) ---> [ ready queue, first in first out ] --->
 * task.run
 *
 * A task is run at most once per turn of the queue; woken while it runs, it goes to the tail.
 */
#ifndef MUSTER_NET_LOOP_H
#define MUSTER_NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"

struct loop;

bool loop_new(struct loop **ret, struct error *reterr);

/* Frees the loop, whose watches and timers must all be closed; runs it until their callbacks are
 * done. Look-ups that still run in the resolver cannot be cancelled: then the loop's memory is left
 * to them, false is returned, and a process that wants to end must use _exit(2), because exit(3)
 * would wait for the resolver. */
bool loop_free(struct loop *loop);

/* Turns until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* For a caller with a loop of its own: what to poll, for how long, and one turn without waiting. */
int loop_fd(const struct loop *loop);
int loop_timeout_ms(const struct loop *loop);
void loop_step(struct loop *loop);

/* One buffer per loop for reading from descriptors and channels; contents last until the next
 * user takes it, so nobody keeps a pointer into it. */
#define LOOP_READ_BUFFER_SIZE (64 * 1024)
char *loop_read_buffer(struct loop *loop);

/* --- Tasks: the ready queue ------------------------------------------------------------------ */

struct task {
    void (*run)(struct task *self);
    struct list link;
};

void task_init(struct task *task, void (*run)(struct task *));

/* Queues the task; no effect if it is queued already. */
void loop_wake(struct loop *loop, struct task *task);

/* Takes the task off the queue; call before its memory goes. */
void task_cancel(struct task *task);

/* --- Timers ---------------------------------------------------------------------------------- */

struct timer;
typedef void timer_fn(void *arg);

/* A timer that is not armed. */
struct timer *timer_new(struct loop *loop, timer_fn *fn, void *arg);

/* Fires once at `at_us` of the monotonic clock (at once, from the loop, if that is past). Arming
 * an armed timer moves it. */
void timer_arm(struct timer *timer, int64_t at_us);
void timer_disarm(struct timer *timer);
bool timer_is_armed(const struct timer *timer);

/* The callback never comes again; NULL is fine. */
void timer_close(struct timer *timer);

/* --- Descriptors ------------------------------------------------------------------------------ */

enum { WATCH_READABLE = 1, WATCH_WRITABLE = 2 };

struct watch;
typedef void watch_fn(void *arg, unsigned ready);

/* Watches a socket or pipe; takes ownership of `fd` and closes it in watch_close(), after libuv has
 * let go of it. `ready` is a set of WATCH_ bits; an error condition sets all bits asked for, and
 * the owner's next read or write tells. NULL (and `fd` still the caller's) where the descriptor
 * cannot be watched. */
struct watch *watch_new(struct loop *loop, int fd, watch_fn *fn, void *arg);

/* What to wait for; 0 stops waiting. */
void watch_want(struct watch *watch, unsigned wanted);
int watch_fd(const struct watch *watch);

/* Hands the watch over to another owner; it waits for nothing until he says so. */
void watch_hand_over(struct watch *watch, watch_fn *fn, void *arg);
void watch_close(struct watch *watch); /* NULL is fine */

/* --- Signals, other threads, the resolver --------------------------------------------------- */

struct signal_watch;
typedef void signal_fn(void *arg, int number);
struct signal_watch *signal_watch_new(struct loop *loop, int number, signal_fn *fn, void *arg);
void signal_watch_close(struct signal_watch *watch); /* NULL is fine */

struct doorbell;
typedef void doorbell_fn(void *arg);
struct doorbell *doorbell_new(struct loop *loop, doorbell_fn *fn, void *arg);
void doorbell_ring(struct doorbell *bell);  /* from any thread; rings are merged */
void doorbell_close(struct doorbell *bell); /* NULL is fine */

struct addrinfo;
struct lookup;
/* `error` is NULL on success, else getaddrinfo's text; `list` is freed by the receiver with
 * freeaddrinfo(3) and NULL on failure. */
typedef void lookup_fn(void *arg, struct addrinfo *list, const char *error);
struct lookup *lookup_start(struct loop *loop, const char *name, lookup_fn *fn, void *arg);

/* The callback will not come; a look-up that runs already is left to itself. */
void lookup_abandon(struct lookup *lookup);

#endif
