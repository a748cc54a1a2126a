/* SPDX-License-Identifier: MIT */
/*
 * The one thread that writes: standard output, standard error and files alike, with blocking
 * write(2), so that no slow reader, full pipe or network file system ever stops the loop, and no
 * descriptor is ever made non-blocking (it may be shared with other programs).
 *
 *      output_put() --> [ queue, bounded in bytes ] --> thread: write(2) --> descriptor
 *           |                     |
 *           |     above high water: the gate is held, hosts are not read from
 *           +---- writer_pump() on the loop's thread: errors told, gate released
 *
 * What is put is written in order, over all outputs, each piece by one write(2) call (more only
 * where the kernel takes less). An output whose descriptor fails is dead from then on: the error
 * is told once, its data is dropped, the other outputs go on. The thread has every signal blocked.
 *
 * All functions are for the loop's thread; only the `notify` callback comes from the other one.
 */
#ifndef MUSTER_SINK_WRITER_H
#define MUSTER_SINK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/event.h"

struct writer;
struct output;

#define WRITER_HIGH_WATER ((size_t)8 * 1024 * 1024)
#define WRITER_LOW_WATER  ((size_t)2 * 1024 * 1024)

struct writer_args {
    struct gate *gate; /* borrowed; NULL: nobody is to be slowed down */
    /* Comes from the writer's thread: have writer_pump() called soon on the loop's thread. May be
     * NULL where the caller pumps anyway. */
    void (*notify)(void *arg);
    /* Comes from writer_pump(), writer_flush() and writer_close(), once per output that failed;
     * output_errno() says why. May put to other outputs. May be NULL. */
    void (*on_error)(void *arg, struct output *output);
    void *arg;         /* of both callbacks */
    size_t high_water; /* queued bytes above which the gate is held; 0: WRITER_HIGH_WATER */
    size_t low_water;  /* ... at which it is released; 0: WRITER_LOW_WATER */
};

/* Starts the thread. Fails only where the system gives no thread. */
bool writer_new(struct writer **ret, const struct writer_args *args, struct error *reterr);

/* Adds a descriptor, called `name` in errors; closed in writer_close() if `is_owned`. The output
 * belongs to the writer and lives as long as it does. */
struct output *writer_add(struct writer *w, const char *name, int fd, bool is_owned);

/* Queues a copy of `size` bytes as one write. Dropped where the output is dead. */
void output_put(struct output *o, const void *data, size_t size);

/* As output_put(), but only if nothing at all is waiting to be written; otherwise drops the bytes
 * and returns false. For what the next call makes obsolete: a progress line. */
bool output_offer(struct output *o, const void *data, size_t size);

/* What the output was called, and the errno it died of (0: it lives). */
const char *output_name(const struct output *o);
int output_errno(const struct output *o);

/* Holds further starts (gate_hold_starts) until all that was put before this call was written. */
void writer_barrier(struct writer *w);

/* Tells errors, releases the gate and the starts where that is due. Cheap; any time. */
void writer_pump(struct writer *w);

/* Bytes that were put and not yet written, bookkeeping included. */
size_t writer_pending(struct writer *w);

/* Waits at most `wait_us` (negative: without limit) until all is written; then pumps. False where
 * time ran out. */
bool writer_flush(struct writer *w, int64_t wait_us);

/* Flushes, ends the thread, closes the owned descriptors (a failure to close is that output's
 * error) and frees everything. Where time ran out: returns false, `reterr` says what was not
 * written to which output, and the thread, stuck in write(2), stays behind with the memory: the
 * program is to end with _exit(2). */
bool writer_close(struct writer *w, int64_t wait_us, struct error *reterr);

#endif
