/* SPDX-License-Identifier: MIT */
#include "sink/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"

struct output {
    struct writer *writer;
    char *name;
    int fd;
    bool is_owned;
    struct list link; /* on writer->outputs; for the loop's thread */
    /* Under the writer's lock. */
    int error;        /* errno it died of */
    bool is_untold;   /* on_error was not called yet */
    size_t unwritten; /* bytes put and not yet written */
};

/* One write to come. */
struct item {
    struct list link;
    struct output *output;
    uint64_t number;
    size_t size;
    char data[];
};

struct writer {
    struct writer_args args;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work; /* something was queued, or it is time to end */
    pthread_cond_t idle; /* everything was written */
    struct list outputs;
    bool is_gate_held;   /* by us; loop's thread */
    bool is_starts_held; /* by us; loop's thread */
    /* Under the lock. */
    struct list queue;
    size_t bytes;      /* in the queue and in the thread's hand */
    uint64_t last_put; /* number of the newest item */
    uint64_t written;  /* number of the newest item that is done with */
    uint64_t barrier;  /* starts are held until `written` reaches it; 0: they are not */
    bool wants_low;    /* ring when `bytes` fell to low water */
    bool has_untold;   /* some output's error was not told yet */
    bool is_ending;
};

/* What an item costs in memory. */
static size_t item_cost(const struct item *item)
{
    return sizeof *item + item->size;
}

/* Waits until a descriptor that somebody else made non-blocking takes bytes again. */
static void wait_writable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    poll(&p, 1, -1);
}

/* Writes all bytes; returns 0 or the errno. */
static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n >= 0) {
            data += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN) {
            wait_writable(fd);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* Marks an output as dead. Under the lock. */
static void bury(struct output *o, int error)
{
    o->error = error;
    o->is_untold = true;
    o->writer->has_untold = true;
}

/* Counts an item as done; says whether the loop's thread has something to do now. Under the lock.
 */
static bool settle(struct writer *w, struct item *item, int error)
{
    struct output *o = item->output;
    bool ring = false;
    o->unwritten -= item->size;
    w->bytes -= item_cost(item);
    w->written = item->number;
    if (error && !o->error) {
        bury(o, error);
        ring = true;
    }
    if (w->wants_low && w->bytes <= w->args.low_water) {
        w->wants_low = false;
        ring = true;
    }
    if (w->barrier && w->written >= w->barrier)
        ring = true;
    if (w->bytes == 0)
        pthread_cond_broadcast(&w->idle);
    return ring;
}

/* Takes the next item, waiting for one; NULL when it is time to end. Under the lock. */
static struct item *take(struct writer *w)
{
    while (list_is_empty(&w->queue) && !w->is_ending)
        pthread_cond_wait(&w->work, &w->lock);
    struct list *link = list_pop(&w->queue);
    return link ? list_entry(link, struct item, link) : NULL;
}

/* The writing thread. */
static void *write_until_ended(void *arg)
{
    struct writer *w = arg;
    pthread_mutex_lock(&w->lock);
    struct item *item;
    while ((item = take(w)) != NULL) {
        int error = item->output->error;
        pthread_mutex_unlock(&w->lock);
        if (!error)
            error = write_all(item->output->fd, item->data, item->size);
        pthread_mutex_lock(&w->lock);
        bool ring = settle(w, item, error);
        pthread_mutex_unlock(&w->lock);
        free(item);
        if (ring && w->args.notify)
            w->args.notify(w->args.arg);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Starts the thread with every signal blocked: signals are for the loop's thread. */
static int start_thread(struct writer *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, write_until_ended, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

/* Frees the writer; the thread has ended or never began. */
static void release(struct writer *w)
{
    list_for_each(it, tmp, &w->outputs)
    {
        struct output *o = list_entry(it, struct output, link);
        free(o->name);
        free(o);
    }
    pthread_cond_destroy(&w->idle);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

bool writer_new(struct writer **ret, const struct writer_args *args, struct error *reterr)
{
    struct writer *w = xcalloc(1, sizeof *w);
    w->args = *args;
    if (!w->args.high_water)
        w->args.high_water = WRITER_HIGH_WATER;
    if (!w->args.low_water)
        w->args.low_water = WRITER_LOW_WATER;
    list_init(&w->outputs);
    list_init(&w->queue);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&w->work, NULL);
    pthread_mutex_init(&w->lock, NULL);
    int rc = start_thread(w);
    if (rc != 0) {
        release(w);
        return error_set(reterr, ERR_INTERNAL, "cannot start the writing thread: %s", strerror(rc));
    }
    *ret = w;
    return true;
}

struct output *writer_add(struct writer *w, const char *name, int fd, bool is_owned)
{
    struct output *o = xcalloc(1, sizeof *o);
    o->writer = w;
    o->name = xstrdup(name);
    o->fd = fd;
    o->is_owned = is_owned;
    list_append(&w->outputs, &o->link);
    return o;
}

const char *output_name(const struct output *o)
{
    return o->name;
}

int output_errno(const struct output *o)
{
    pthread_mutex_lock(&o->writer->lock);
    int error = o->error;
    pthread_mutex_unlock(&o->writer->lock);
    return error;
}

/* A copy of the bytes, ready to be queued. */
static struct item *copy_item(struct output *o, const void *data, size_t size)
{
    struct item *item = malloc(sizeof *item + size);
    if (!item)
        base_out_of_memory();
    item->output = o;
    item->size = size;
    memcpy(item->data, data, size);
    return item;
}

/* Queues the item unless its output is dead. Under the lock. */
static bool enqueue(struct writer *w, struct item *item)
{
    if (item->output->error)
        return false;
    item->number = ++w->last_put;
    item->output->unwritten += item->size;
    w->bytes += item_cost(item);
    list_append(&w->queue, &item->link);
    pthread_cond_signal(&w->work);
    return true;
}

void output_put(struct output *o, const void *data, size_t size)
{
    struct writer *w = o->writer;
    if (size == 0)
        return;
    struct item *item = copy_item(o, data, size);
    pthread_mutex_lock(&w->lock);
    bool is_queued = enqueue(w, item);
    bool is_high = w->bytes > w->args.high_water && !w->is_gate_held;
    if (is_high)
        w->wants_low = true;
    pthread_mutex_unlock(&w->lock);
    if (!is_queued)
        free(item);
    if (!is_high || !w->args.gate)
        return;
    w->is_gate_held = true;
    gate_hold(w->args.gate);
}

bool output_offer(struct output *o, const void *data, size_t size)
{
    struct writer *w = o->writer;
    struct item *item = copy_item(o, data, size);
    pthread_mutex_lock(&w->lock);
    bool is_queued = w->bytes == 0 && enqueue(w, item);
    pthread_mutex_unlock(&w->lock);
    if (!is_queued)
        free(item);
    return is_queued;
}

void writer_barrier(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool is_done = w->written == w->last_put;
    if (!is_done)
        w->barrier = w->last_put;
    pthread_mutex_unlock(&w->lock);
    if (is_done || w->is_starts_held || !w->args.gate)
        return;
    w->is_starts_held = true;
    gate_hold_starts(w->args.gate);
}

/* Tells the errors that were not told yet. */
static void tell_errors(struct writer *w)
{
    list_for_each(it, tmp, &w->outputs)
    {
        struct output *o = list_entry(it, struct output, link);
        pthread_mutex_lock(&w->lock);
        bool is_untold = o->is_untold;
        o->is_untold = false;
        pthread_mutex_unlock(&w->lock);
        if (is_untold && w->args.on_error)
            w->args.on_error(w->args.arg, o);
    }
}

void writer_pump(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool has_untold = w->has_untold;
    w->has_untold = false;
    bool opens = w->is_gate_held && w->bytes <= w->args.low_water;
    bool starts = w->is_starts_held && w->written >= w->barrier;
    if (starts)
        w->barrier = 0;
    pthread_mutex_unlock(&w->lock);
    if (has_untold)
        tell_errors(w);
    if (opens) {
        w->is_gate_held = false;
        gate_release(w->args.gate);
    }
    if (starts) {
        w->is_starts_held = false;
        gate_release_starts(w->args.gate);
    }
}

size_t writer_pending(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    size_t bytes = w->bytes;
    pthread_mutex_unlock(&w->lock);
    return bytes;
}

/* Waits until nothing is queued; false where `wait_us` passed first. */
static bool wait_idle(struct writer *w, int64_t wait_us)
{
    int64_t until_us = clock_monotonic_us() + (wait_us > 0 ? wait_us : 0);
    struct timespec until = { .tv_sec = (time_t)(until_us / US_PER_SEC),
                              .tv_nsec = (long)(until_us % US_PER_SEC) * 1000 };
    int rc = 0;
    pthread_mutex_lock(&w->lock);
    while (w->bytes > 0 && rc == 0) {
        rc = wait_us < 0 ? pthread_cond_wait(&w->idle, &w->lock)
                         : pthread_cond_timedwait(&w->idle, &w->lock, &until);
    }
    bool is_idle = w->bytes == 0;
    pthread_mutex_unlock(&w->lock);
    return is_idle;
}

bool writer_flush(struct writer *w, int64_t wait_us)
{
    bool is_idle = wait_idle(w, wait_us);
    writer_pump(w);
    return is_idle;
}

/* Ends the thread, which has nothing left to write. */
static void end_thread(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->is_ending = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
}

/* Says which output has how much left. Where the thread is stuck, nobody else changes that. */
static bool report_unwritten(struct writer *w, struct error *reterr)
{
    pthread_mutex_lock(&w->lock);
    const char *separator = "";
    char *text = xstrdup("");
    list_for_each(it, tmp, &w->outputs)
    {
        struct output *o = list_entry(it, struct output, link);
        if (o->unwritten == 0)
            continue;
        char *longer = xprintf("%s%s%s: %zu bytes were not written in time", text, separator,
                               o->name, o->unwritten);
        free(text);
        text = longer;
        separator = "; ";
    }
    pthread_mutex_unlock(&w->lock);
    error_set(reterr, ERR_OUTPUT, "%s", text);
    free(text);
    return false;
}

/* Flushes until the errors told meanwhile, which may have put their own lines, are out too. */
static bool flush_all(struct writer *w, int64_t wait_us)
{
    do {
        if (!writer_flush(w, wait_us))
            return false;
    } while (writer_pending(w) > 0);
    return true;
}

/* Closes the owned descriptors: some file systems tell only now that bytes were lost. */
static void close_outputs(struct writer *w)
{
    list_for_each(it, tmp, &w->outputs)
    {
        struct output *o = list_entry(it, struct output, link);
        if (!o->is_owned)
            continue;
        int error = close(o->fd) == 0 || errno == EINTR ? 0 : errno;
        pthread_mutex_lock(&w->lock);
        if (error && !o->error)
            bury(o, error);
        else if (!o->error)
            o->error = EBADF; /* whatever is put from now on is dropped */
        pthread_mutex_unlock(&w->lock);
    }
}

bool writer_close(struct writer *w, int64_t wait_us, struct error *reterr)
{
    if (!flush_all(w, wait_us))
        return report_unwritten(w, reterr);
    close_outputs(w);
    if (!flush_all(w, wait_us))
        return report_unwritten(w, reterr);
    end_thread(w);
    release(w);
    return true;
}
