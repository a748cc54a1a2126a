/* SPDX-License-Identifier: MIT */
#include "fake_loop.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

/* Turns without the clock moving after which a loop is said to spin. */
enum { MOST_TURNS = 3000 };

#define BEGIN_US INT64_C(7000000000)

static int64_t now_us = BEGIN_US;

int64_t clock_monotonic_us(void)
{
    return now_us;
}

int64_t clock_unix_us(void)
{
    return INT64_C(1700000000) * US_PER_SEC + now_us;
}

int64_t fake_elapsed_us(void)
{
    return now_us - BEGIN_US;
}

struct loop {
    struct list ready;
    struct list timers;
    struct list bells;
    struct list polls;
    int objects;
    int fired;
    bool is_stopped;
    char *read_buffer;
};

struct timer {
    struct loop *loop;
    struct list link;
    timer_fn *fn;
    void *arg;
    int64_t at_us;
    bool is_armed;
};

struct doorbell {
    struct loop *loop;
    struct list link;
    doorbell_fn *fn;
    void *arg;
    bool has_rung;
};

bool loop_new(struct loop **ret, struct error *reterr)
{
    (void)reterr;
    struct loop *loop = xcalloc(1, sizeof *loop);
    list_init(&loop->ready);
    list_init(&loop->timers);
    list_init(&loop->bells);
    list_init(&loop->polls);
    loop->read_buffer = xcalloc(1, LOOP_READ_BUFFER_SIZE);
    *ret = loop;
    return true;
}

bool loop_free(struct loop *loop)
{
    cr_assert(list_is_empty(&loop->ready), "a task is left on the ready queue");
    cr_assert_eq(loop->objects, 0, "%d timers and bells are left", loop->objects);
    free(loop->read_buffer);
    free(loop);
    return true;
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
    if (list_is_empty(&task->link))
        list_append(&loop->ready, &task->link);
}

void task_cancel(struct task *task)
{
    list_remove(&task->link);
}

struct timer *timer_new(struct loop *loop, timer_fn *fn, void *arg)
{
    struct timer *timer = xcalloc(1, sizeof *timer);
    *timer = (struct timer){ .loop = loop, .fn = fn, .arg = arg };
    list_init(&timer->link);
    list_append(&loop->timers, &timer->link);
    loop->objects++;
    return timer;
}

void timer_arm(struct timer *timer, int64_t at_us)
{
    timer->at_us = at_us;
    timer->is_armed = true;
}

void timer_disarm(struct timer *timer)
{
    timer->is_armed = false;
}

bool timer_is_armed(const struct timer *timer)
{
    return timer->is_armed;
}

void timer_close(struct timer *timer)
{
    if (!timer)
        return;
    timer->loop->objects--;
    list_remove(&timer->link);
    free(timer);
}

struct doorbell *doorbell_new(struct loop *loop, doorbell_fn *fn, void *arg)
{
    struct doorbell *bell = xcalloc(1, sizeof *bell);
    *bell = (struct doorbell){ .loop = loop, .fn = fn, .arg = arg };
    list_init(&bell->link);
    list_append(&loop->bells, &bell->link);
    loop->objects++;
    return bell;
}

void doorbell_ring(struct doorbell *bell)
{
    bell->has_rung = true;
}

void doorbell_close(struct doorbell *bell)
{
    if (!bell)
        return;
    bell->loop->objects--;
    list_remove(&bell->link);
    free(bell);
}

void fake_loop_add(struct loop *loop, struct fake_poll *poll)
{
    list_init(&poll->link);
    list_append(&loop->polls, &poll->link);
}

void fake_loop_remove(struct fake_poll *poll)
{
    list_remove(&poll->link);
}

/* The armed timer that is due first, or NULL. */
static struct timer *first_timer(struct loop *loop)
{
    struct timer *first = NULL;
    list_for_each(it, tmp, &loop->timers)
    {
        struct timer *timer = list_entry(it, struct timer, link);
        if (timer->is_armed && (!first || timer->at_us < first->at_us))
            first = timer;
    }
    return first;
}

/* Fires what is due; each timer at most once a turn. */
static bool fire_timers(struct loop *loop)
{
    struct timer *timer = first_timer(loop);
    if (!timer || timer->at_us > now_us)
        return false;
    timer->is_armed = false;
    loop->fired++;
    timer->fn(timer->arg); /* may close it */
    return true;
}

/* Rings the bells. A callback may close its own. */
static bool ring_bells(struct loop *loop)
{
    bool any = false;
    list_for_each(it, tmp, &loop->bells)
    {
        struct doorbell *bell = list_entry(it, struct doorbell, link);
        if (!bell->has_rung)
            continue;
        any = true;
        bell->has_rung = false;
        bell->fn(bell->arg);
    }
    return any;
}

/* Calls what is ready. A callback may remove its own. */
static bool fire_polls(struct loop *loop)
{
    bool any = false;
    list_for_each(it, tmp, &loop->polls)
    {
        struct fake_poll *poll = list_entry(it, struct fake_poll, link);
        if (!poll->is_ready(poll->arg))
            continue;
        any = true;
        poll->fire(poll->arg);
    }
    return any;
}

/* The tasks that are queued now; those they wake wait for the next turn. */
static bool run_ready(struct loop *loop)
{
    struct list turn;
    bool any = !list_is_empty(&loop->ready);
    list_init(&turn);
    list_splice(&turn, &loop->ready);
    for (struct list *link = list_pop(&turn); link; link = list_pop(&turn)) {
        struct task *task = list_entry(link, struct task, link);
        task->run(task);
    }
    return any;
}

/* One turn; false where there was nothing to do. */
static bool turn(struct loop *loop)
{
    bool any = fire_timers(loop);
    any |= ring_bells(loop);
    any |= fire_polls(loop);
    any |= run_ready(loop);
    return any;
}

int fake_settle(struct loop *loop)
{
    int turns = 0;
    while (!loop->is_stopped && turn(loop))
        cr_assert_lt(++turns, MOST_TURNS, "the loop spins");
    return turns;
}

bool fake_advance_to_timer(struct loop *loop)
{
    fake_settle(loop);
    const struct timer *timer = first_timer(loop);
    if (!timer)
        return false;
    now_us = timer->at_us;
    fake_settle(loop);
    return true;
}

void fake_advance(struct loop *loop, int64_t us)
{
    fake_settle(loop);
    int64_t until = now_us + us;
    for (const struct timer *t = first_timer(loop); t && t->at_us <= until; t = first_timer(loop)) {
        if (t->at_us > now_us)
            now_us = t->at_us;
        fake_settle(loop);
        if (loop->is_stopped)
            return;
    }
    now_us = until;
    fake_settle(loop);
}

int fake_timers_fired(const struct loop *loop)
{
    return loop->fired;
}

int fake_loop_objects(const struct loop *loop)
{
    return loop->objects;
}

void loop_run(struct loop *loop)
{
    while (!loop->is_stopped && fake_advance_to_timer(loop))
        ;
}

void loop_stop(struct loop *loop)
{
    loop->is_stopped = true;
}
