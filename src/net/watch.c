/* SPDX-License-Identifier: MIT */
/* Descriptors, signals and doorbells: the rest of loop.h that waits for something outside. */
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/loop_private.h"

struct watch {
    uv_poll_t uv;
    int fd;
    unsigned wanted; /* WATCH_ bits */
    watch_fn *fn;
    void *arg;
};

/* libuv's callback. On an error libuv has stopped the poll (a refused connect reports EBADF, law
 * 8): the owner is told that everything is ready, and finds out which error it is. */
static void poll_fired(uv_poll_t *uv, int status, int events)
{
    struct watch *watch = uv->data;
    unsigned ready = 0;
    if (status < 0) {
        ready = watch->wanted;
        watch->wanted = 0;
    }
    if (events & (UV_READABLE | UV_DISCONNECT))
        ready |= WATCH_READABLE;
    if (events & UV_WRITABLE)
        ready |= WATCH_WRITABLE;
    if (ready)
        watch->fn(watch->arg, ready);
}

/* The last callback of a watch: libuv has let go of the descriptor. */
static void poll_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    close(watch->fd);
    free(watch);
}

struct watch *watch_new(struct loop *loop, int fd, watch_fn *fn, void *arg)
{
    struct watch *watch = xcalloc(1, sizeof *watch);
    if (uv_poll_init(&loop->uv, &watch->uv, fd) < 0) {
        free(watch);
        return NULL;
    }
    watch->uv.data = watch;
    watch->fd = fd;
    watch->fn = fn;
    watch->arg = arg;
    return watch;
}

void watch_want(struct watch *watch, unsigned wanted)
{
    if (wanted == watch->wanted)
        return;
    watch->wanted = wanted;
    int events =
        (wanted & WATCH_READABLE ? UV_READABLE : 0) | (wanted & WATCH_WRITABLE ? UV_WRITABLE : 0);
    if (events)
        uv_poll_start(&watch->uv, events, poll_fired);
    else
        uv_poll_stop(&watch->uv);
}

void watch_hand_over(struct watch *watch, watch_fn *fn, void *arg)
{
    watch_want(watch, 0);
    watch->fn = fn;
    watch->arg = arg;
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

void watch_close(struct watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->uv, poll_closed);
}

struct signal_watch {
    uv_signal_t uv;
    signal_fn *fn;
    void *arg;
};

/* libuv's callback: hands on. */
static void signal_fired(uv_signal_t *uv, int number)
{
    struct signal_watch *watch = uv->data;
    watch->fn(watch->arg, number);
}

/* The last callback of a handle whose data is the heap object around it. */
static void free_data(uv_handle_t *handle)
{
    free(handle->data);
}

struct signal_watch *signal_watch_new(struct loop *loop, int number, signal_fn *fn, void *arg)
{
    struct signal_watch *watch = xcalloc(1, sizeof *watch);
    watch->fn = fn;
    watch->arg = arg;
    uv_signal_init(&loop->uv, &watch->uv);
    watch->uv.data = watch;
    uv_signal_start(&watch->uv, signal_fired, number);
    return watch;
}

void signal_watch_close(struct signal_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->uv, free_data);
}

struct doorbell {
    uv_async_t uv;
    doorbell_fn *fn;
    void *arg;
};

/* libuv's callback: hands on. */
static void doorbell_rang(uv_async_t *uv)
{
    struct doorbell *bell = uv->data;
    bell->fn(bell->arg);
}

struct doorbell *doorbell_new(struct loop *loop, doorbell_fn *fn, void *arg)
{
    struct doorbell *bell = xcalloc(1, sizeof *bell);
    bell->fn = fn;
    bell->arg = arg;
    if (uv_async_init(&loop->uv, &bell->uv, doorbell_rang) < 0)
        base_out_of_memory();
    bell->uv.data = bell;
    return bell;
}

void doorbell_ring(struct doorbell *bell)
{
    uv_async_send(&bell->uv);
}

void doorbell_close(struct doorbell *bell)
{
    if (bell)
        uv_close((uv_handle_t *)&bell->uv, free_data);
}
