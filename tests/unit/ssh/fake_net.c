/* SPDX-License-Identifier: MIT */
#include "fake_net.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fake_loop.h"
#include "net/transport_fd.h"

struct fake_dial fake_dial;
struct fake_wire wire;

enum { MOST_BYTES = 64 << 20, NO_FD = 1000 };

/* --- The dialler ------------------------------------------------------------------------------ */

struct dial {
    struct loop *loop;
    dial_fn *fn;
    void *arg;
    struct address address;
    struct fake_poll poll; /* the instant answer */
};

static struct dial *dialling;

static bool is_instant(void *arg)
{
    return arg == dialling && fake_dial.is_instant;
}

static void answer_now(void *arg)
{
    (void)arg;
    fake_dial_answer();
}

struct dial *dial_start(struct loop *loop, const struct address_list *list, uint16_t port,
                        dial_fn *fn, void *arg)
{
    (void)port;
    cr_assert_not(dialling);
    dialling = xcalloc(1, sizeof *dialling);
    dialling->loop = loop;
    dialling->fn = fn;
    dialling->arg = arg;
    dialling->address = list->items[0];
    dialling->poll = (struct fake_poll){ is_instant, answer_now, dialling, { NULL, NULL } };
    fake_loop_add(loop, &dialling->poll);
    fake_dial.under_way++;
    fake_dial.started++;
    return dialling;
}

void dial_close(struct dial *d)
{
    if (!d)
        return;
    cr_assert_eq(d, dialling);
    fake_loop_remove(&d->poll);
    free(d);
    dialling = NULL;
    fake_dial.under_way--;
}

/* The real one is gone, too, when it calls back. */
static struct dial take_dial(void)
{
    cr_assert(dialling, "nobody dials");
    struct dial d = *dialling;
    dial_close(dialling);
    return d;
}

void fake_dial_answer(void)
{
    const struct dial d = take_dial();
    d.fn(d.arg, (struct watch *)(void *)d.loop, &d.address, NULL);
}

void fake_dial_fail(const char *text)
{
    const struct dial d = take_dial();
    d.fn(d.arg, NULL, NULL, text);
}

/* --- The transport ---------------------------------------------------------------------------- */

struct memory_transport {
    struct transport base;
    struct fake_poll poll;
};

static struct memory_transport *current;

static struct memory_transport *self_of(struct transport *t)
{
    cr_assert_eq((void *)t, (void *)current, "the transport is closed already");
    return current;
}

static ssize_t memory_recv(struct transport *t, void *data, size_t size)
{
    self_of(t);
    wire.recvs++;
    if (wire.in.size > 0) {
        size_t n = wire.in.size < size ? wire.in.size : size;
        memcpy(data, wire.in.data, n);
        buf_consume(&wire.in, n);
        return (ssize_t)n;
    }
    if (wire.recv_errno)
        return -wire.recv_errno;
    return wire.is_at_end ? 0 : -EAGAIN;
}

static ssize_t memory_send(struct transport *t, const void *data, size_t size)
{
    self_of(t);
    if (wire.send_errno)
        return -wire.send_errno;
    cr_assert(buf_add(&wire.sent, data, size));
    if (wire.is_stuck)
        wire.pending += size;
    return (ssize_t)size;
}

static void memory_flush(struct transport *t)
{
    self_of(t);
}

static size_t memory_pending(const struct transport *t)
{
    (void)t;
    return wire.pending;
}

static void memory_want_read(struct transport *t, bool wanted)
{
    self_of(t);
    wire.wants_read = wanted;
}

static int memory_fd(const struct transport *t)
{
    (void)t;
    return NO_FD;
}

static void memory_close(struct transport *t)
{
    struct memory_transport *self = self_of(t);
    fake_loop_remove(&self->poll);
    free(self);
    current = NULL;
    wire.is_open = false;
    wire.closed++;
}

static const struct transport_ops memory_ops = {
    .name = "memory",
    .recv = memory_recv,
    .send = memory_send,
    .flush = memory_flush,
    .pending = memory_pending,
    .want_read = memory_want_read,
    .fd = memory_fd,
    .close = memory_close,
};

static bool is_readable(void *arg)
{
    (void)arg;
    return wire.wants_read && (wire.in.size > 0 || wire.is_at_end || wire.recv_errno);
}

static void tell_readable(void *arg)
{
    struct memory_transport *self = arg;
    self->base.ready(self->base.arg);
}

/* The watch that the fake dial hands over is its loop. */
struct transport *transport_fd_new(struct watch *watch, void (*ready)(void *arg), void *arg)
{
    struct loop *loop = (struct loop *)(void *)watch;
    cr_assert_not(current);
    current = xcalloc(1, sizeof *current);
    current->base = (struct transport){ &memory_ops, ready, arg };
    current->poll = (struct fake_poll){ is_readable, tell_readable, current, { NULL, NULL } };
    fake_loop_add(loop, &current->poll);
    wire.is_open = true;
    wire.opened++;
    return &current->base;
}

void wire_reset(void)
{
    cr_assert_not(current, "a transport is left open");
    buf_release(&wire.in);
    buf_release(&wire.sent);
    wire = (struct fake_wire){ 0 };
    buf_init(&wire.in, MOST_BYTES);
    buf_init(&wire.sent, MOST_BYTES);
}

void wire_put(const void *data, size_t size)
{
    cr_assert(buf_add(&wire.in, data, size));
}

void wire_drain(void)
{
    size_t before = wire.pending;
    wire.pending = 0;
    wire.is_stuck = false;
    if (before > 0 && current)
        current->base.ready(current->base.arg);
}
