/* SPDX-License-Identifier: MIT */
#include "net/loop.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/loop_private.h"

/* Keeps the poll from waiting; the work is done in run_ready(). */
static void do_nothing(uv_idle_t *idle)
{
    (void)idle;
}

/* One turn of the ready queue: the tasks that are on it now; those they wake wait for the next. */
static void run_ready(uv_check_t *check)
{
    struct loop *loop = check->data;
    struct list turn;
    list_init(&turn);
    list_splice(&turn, &loop->ready);
    for (struct list *link = list_pop(&turn); link; link = list_pop(&turn)) {
        struct task *task = list_entry(link, struct task, link);
        task->run(task);
    }
    if (list_is_empty(&loop->ready))
        uv_idle_stop(&loop->idle);
}

bool loop_new(struct loop **ret, struct error *reterr)
{
    struct loop *loop = xcalloc(1, sizeof *loop);
    int rc = uv_loop_init(&loop->uv);
    if (rc < 0) {
        free(loop);
        return error_set(reterr, ERR_INTERNAL, "event loop: %s", uv_strerror(rc));
    }
    list_init(&loop->ready);
    uv_check_init(&loop->uv, &loop->check);
    uv_idle_init(&loop->uv, &loop->idle);
    loop->uv.data = loop;
    loop->check.data = loop;
    uv_check_start(&loop->check, run_ready);
    loop->read_buffer = xcalloc(1, LOOP_READ_BUFFER_SIZE);
    *ret = loop;
    return true;
}

bool loop_free(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    while (uv_run(&loop->uv, UV_RUN_NOWAIT) != 0) {
        if (loop->lookups > 0)
            return false;
    }
    uv_loop_close(&loop->uv);
    free(loop->read_buffer);
    free(loop);
    return true;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

int loop_fd(const struct loop *loop)
{
    return uv_backend_fd(&loop->uv);
}

int loop_timeout_ms(const struct loop *loop)
{
    return uv_backend_timeout(&loop->uv);
}

void loop_step(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

char *loop_read_buffer(struct loop *loop)
{
    return loop->read_buffer;
}

void task_init(struct task *task, void (*run)(struct task *))
{
    task->run = run;
    list_init(&task->link);
}

void loop_wake(struct loop *loop, struct task *task)
{
    if (!list_is_empty(&task->link))
        return;
    list_append(&loop->ready, &task->link);
    uv_idle_start(&loop->idle, do_nothing);
}

void task_cancel(struct task *task)
{
    list_remove(&task->link);
}

struct timer {
    uv_timer_t uv;
    timer_fn *fn;
    void *arg;
};

/* libuv's callback: hands on. */
static void timer_fired(uv_timer_t *uv)
{
    struct timer *timer = uv->data;
    timer->fn(timer->arg);
}

/* The last callback of a timer: its memory goes. */
static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct timer *timer_new(struct loop *loop, timer_fn *fn, void *arg)
{
    struct timer *timer = xcalloc(1, sizeof *timer);
    timer->fn = fn;
    timer->arg = arg;
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    return timer;
}

void timer_arm(struct timer *timer, int64_t at_us)
{
    int64_t wait_us = at_us - clock_monotonic_us();
    /* One more than rounding up asks for: libuv's clock shows whole milliseconds, so its "now" may
     * lie up to one before ours, and a timer must not fire early. */
    uint64_t wait_ms = wait_us > 0 ? (uint64_t)(wait_us + US_PER_MS - 1) / US_PER_MS + 1 : 0;
    /* libuv counts from the start of its turn, which may be some time ago. */
    uv_update_time(timer->uv.loop);
    uv_timer_start(&timer->uv, timer_fired, wait_ms, 0);
}

void timer_disarm(struct timer *timer)
{
    uv_timer_stop(&timer->uv);
}

bool timer_is_armed(const struct timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer->uv) != 0;
}

void timer_close(struct timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, timer_closed);
}
