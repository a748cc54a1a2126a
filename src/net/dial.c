/* SPDX-License-Identifier: MIT */
#include "net/dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define STAGGER_US (250 * US_PER_MS)

struct attempt {
    struct dial *dial;
    struct watch *watch; /* NULL where none is under way */
};

/*
 * started .. count   not tried yet, the timer starts the next
 * 0 .. started       under way (watch) or failed
 */
struct dial {
    struct loop *loop;
    dial_fn *fn;
    void *arg;
    struct timer *stagger;
    struct address_list list;
    struct attempt attempts[ADDRESS_LIST_MAX];
    size_t started;
    size_t under_way;
    int last_errno;
    size_t last_failed; /* index of the address last_errno speaks of */
};

static void start_next(struct dial *d);

/* Notes why an address failed. */
static void note_failure(struct dial *d, size_t index, int error)
{
    d->last_errno = error;
    d->last_failed = index;
}

/* Ends the dial with what the last address said; it is named where there were others. */
static void fail(struct dial *d)
{
    char address[ADDRESS_TEXT_SIZE];
    address_print(&d->list.items[d->last_failed], address);
    char *text = d->list.count > 1 ? xprintf("%s (%s, the last of %zu addresses)",
                                             strerror(d->last_errno), address, d->list.count)
                                   : xstrdup(strerror(d->last_errno));
    dial_fn *fn = d->fn;
    void *arg = d->arg;
    dial_close(d);
    fn(arg, NULL, NULL, text);
    free(text);
}

/* Ends the dial with the attempt that connected. */
static void succeed(struct dial *d, struct attempt *winner)
{
    struct address address = d->list.items[winner - d->attempts];
    struct watch *watch = winner->watch;
    dial_fn *fn = d->fn;
    void *arg = d->arg;
    winner->watch = NULL;
    dial_close(d);
    fn(arg, watch, &address, NULL);
}

/* An attempt has an answer: connected, or SO_ERROR says why not. */
static void answered(void *arg, unsigned ready)
{
    (void)ready;
    struct attempt *a = arg;
    struct dial *d = a->dial;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(watch_fd(a->watch), SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0) {
        succeed(d, a);
        return;
    }
    note_failure(d, (size_t)(a - d->attempts), error);
    watch_close(a->watch);
    a->watch = NULL;
    d->under_way--;
    start_next(d);
}

/* Starts one attempt; false where it failed at once. */
static bool start_attempt(struct dial *d, size_t index)
{
    const struct address *address = &d->list.items[index];
    struct attempt *a = &d->attempts[index];
    a->dial = d;
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        note_failure(d, index, errno);
        return false;
    }
    if (connect(fd, (const struct sockaddr *)&address->storage, address->size) < 0 &&
        errno != EINPROGRESS) {
        note_failure(d, index, errno);
        close(fd);
        return false;
    }
    a->watch = watch_new(d->loop, fd, answered, a);
    if (!a->watch) {
        note_failure(d, index, EMFILE);
        close(fd);
        return false;
    }
    watch_want(a->watch, WATCH_WRITABLE);
    d->under_way++;
    return true;
}

/* Starts the next address that can be started, or fails when nothing is left. */
static void start_next(struct dial *d)
{
    while (d->started < d->list.count) {
        if (!start_attempt(d, d->started++))
            continue;
        if (d->started < d->list.count)
            timer_arm(d->stagger, clock_monotonic_us() + STAGGER_US);
        return;
    }
    timer_disarm(d->stagger);
    if (d->under_way == 0)
        fail(d);
}

/* The timer's callback: an address takes its time, so the next one gets its chance; the first call
 * comes from dial_start(), so that the owner is never called back before it returns. */
static void next_is_due(void *arg)
{
    start_next(arg);
}

struct dial *dial_start(struct loop *loop, const struct address_list *list, uint16_t port,
                        dial_fn *fn, void *arg)
{
    struct dial *d = xcalloc(1, sizeof *d);
    d->loop = loop;
    d->fn = fn;
    d->arg = arg;
    d->list = *list;
    d->last_errno = EADDRNOTAVAIL;
    for (size_t i = 0; i < d->list.count; i++)
        address_set_port(&d->list.items[i], port);
    d->stagger = timer_new(loop, next_is_due, d);
    timer_arm(d->stagger, 0);
    return d;
}

void dial_close(struct dial *d)
{
    if (!d)
        return;
    timer_close(d->stagger);
    for (size_t i = 0; i < d->started; i++)
        watch_close(d->attempts[i].watch);
    free(d);
}
