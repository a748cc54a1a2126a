/* SPDX-License-Identifier: MIT */
/*
 * The event loop (net/loop.h) and the two clocks (base/clock.h) under a test's control: time stands
 * still until the test moves it, so that no test waits. One turn is what libuv's is: due timers,
 * then descriptors that are ready, then the ready queue once.
 */
#ifndef MUSTER_TESTS_FAKE_LOOP_H
#define MUSTER_TESTS_FAKE_LOOP_H

#include "base/list.h"
#include "net/loop.h"

/* Something that is polled, level-triggered as a socket is: as long as is_ready() says yes, fire()
 * is called each turn. */
struct fake_poll {
    bool (*is_ready)(void *arg);
    void (*fire)(void *arg);
    void *arg;
    struct list link;
};

void fake_loop_add(struct loop *loop, struct fake_poll *poll);
void fake_loop_remove(struct fake_poll *poll);

/* Turns until nothing is queued or ready. Fails the test where that never happens: a loop that
 * spins. Returns the number of turns. */
int fake_settle(struct loop *loop);

/* Settles, then lets `us` pass; timers fire at their time, in order. */
void fake_advance(struct loop *loop, int64_t us);

/* Lets time pass until the next timer fired, and settles; false where none is armed. */
bool fake_advance_to_timer(struct loop *loop);

/* Timers fired so far; timers and bells that exist. */
int fake_timers_fired(const struct loop *loop);
int fake_loop_objects(const struct loop *loop);

/* Microseconds since the clock was first looked at. */
int64_t fake_elapsed_us(void);

#endif
