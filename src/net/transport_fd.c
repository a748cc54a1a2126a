/* SPDX-License-Identifier: MIT */
#include "net/transport_fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/memory.h"

/* What the out-buffer may hold: libssh2 is not asked for more once TRANSPORT_PENDING_LOW is
 * passed, but one call may add a whole SFTP write. */
#define OUT_CAP (16 * 1024 * 1024)

/* From so many bytes on the buffer does not wait for the end of the turn. */
#define SMALL (16 * 1024)

/* A peer that acknowledges nothing for so long is dead (law 28). */
#define USER_TIMEOUT_MS     60000
#define KEEPALIVE_IDLE_S    30
#define KEEPALIVE_BETWEEN_S 10
#define KEEPALIVE_PROBES    3

struct transport_fd {
    struct transport base;
    struct watch *watch;
    struct buf out; /* sent after what the socket took; see law 1 */
    bool wants_read;
    bool is_blocked; /* the socket did not take all: the rest goes when it can be written to */
    bool is_drained; /* the last read took all there was: nothing comes before the next poll */
    bool is_tcp;
    int broken; /* errno of the first failed send; 0 while whole */
};

/* The object behind the base. */
static struct transport_fd *self_of(const struct transport *t)
{
    return (struct transport_fd *)(void *)t;
}

/* Waits for what is wanted now. */
static void update_watch(struct transport_fd *self)
{
    watch_want(self->watch,
               (self->wants_read ? WATCH_READABLE : 0U) | (self->is_blocked ? WATCH_WRITABLE : 0U));
}

/* One send(2) that neither blocks nor signals; bytes taken, 0 when it would block, or -errno. */
static ssize_t send_some(struct transport_fd *self, const void *data, size_t size)
{
    ssize_t sent;
    do {
        sent = send(watch_fd(self->watch), data, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return 0;
    self->broken = errno;
    return -errno;
}

/* Sends what is large enough by itself, as far as the socket takes it; bytes taken. */
static size_t send_directly(struct transport_fd *self, const void *data, size_t size)
{
    if (self->out.size > 0 || size < SMALL)
        return 0;
    ssize_t sent = send_some(self, data, size);
    return sent > 0 ? (size_t)sent : 0;
}

/* Sends what waits in the buffer, as far as the socket takes it. */
static void flush(struct transport_fd *self)
{
    ssize_t sent = 0;
    if (self->out.size > 0 && !self->broken)
        sent = send_some(self, self->out.data, self->out.size);
    if (sent > 0)
        buf_consume(&self->out, (size_t)sent);
    if (self->broken)
        buf_clear(&self->out);
    self->is_blocked = self->out.size > 0;
    update_watch(self);
}

/* The watch's callback. */
static void fd_ready(void *arg, unsigned ready)
{
    struct transport_fd *self = arg;
    size_t pending = self->out.size;
    if (ready & WATCH_READABLE)
        self->is_drained = false;
    if (ready & WATCH_WRITABLE)
        flush(self);
    bool ran_low = (pending >= TRANSPORT_PENDING_LOW && self->out.size < TRANSPORT_PENDING_LOW) ||
                   (pending > 0 && self->out.size == 0);
    if ((ready & WATCH_READABLE) || ran_low || self->broken)
        self->base.ready(self->base.arg);
}

/* All was read: what comes next may wait for our acknowledgement (law 27). */
static void acknowledge(struct transport_fd *self)
{
    const int on = 1;
    if (self->is_tcp)
        setsockopt(watch_fd(self->watch), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static ssize_t fd_recv(struct transport *t, void *data, size_t size)
{
    struct transport_fd *self = self_of(t);
    ssize_t got;
    if (self->is_drained)
        return -EAGAIN;
    do {
        got = recv(watch_fd(self->watch), data, size, 0);
    } while (got < 0 && errno == EINTR);
    ssize_t rc = got < 0 ? -errno : got;
    self->is_drained = got > 0 && (size_t)got < size;
    if (self->is_drained || rc == -EAGAIN)
        acknowledge(self);
    return rc;
}

static ssize_t fd_send(struct transport *t, const void *data, size_t size)
{
    struct transport_fd *self = self_of(t);
    if (self->broken)
        return -self->broken;
    size_t sent = send_directly(self, data, size);
    if (!buf_add(&self->out, (const char *)data + sent, size - sent))
        self->broken = ENOBUFS;
    else if (self->out.size >= SMALL && !self->is_blocked)
        flush(self);
    return self->broken ? -self->broken : (ssize_t)size;
}

static void fd_flush(struct transport *t)
{
    struct transport_fd *self = self_of(t);
    if (!self->is_blocked)
        flush(self);
}

static size_t fd_pending(const struct transport *t)
{
    return self_of(t)->out.size;
}

static void fd_want_read(struct transport *t, bool wanted)
{
    struct transport_fd *self = self_of(t);
    self->wants_read = wanted;
    update_watch(self);
}

static int fd_fd(const struct transport *t)
{
    return watch_fd(self_of(t)->watch);
}

static void fd_close(struct transport *t)
{
    struct transport_fd *self = self_of(t);
    watch_close(self->watch);
    buf_release(&self->out);
    free(self);
}

static const struct transport_ops fd_ops = {
    .name = "fd",
    .recv = fd_recv,
    .send = fd_send,
    .flush = fd_flush,
    .pending = fd_pending,
    .want_read = fd_want_read,
    .fd = fd_fd,
    .close = fd_close,
};

/* Sets one integer option; a kernel without it is no reason to fail. */
static bool set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* The options of a TCP socket; false where `fd` is none. */
static bool set_tcp_options(int fd)
{
    if (!set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1))
        return false;
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_BETWEEN_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
    return true;
}

struct transport *transport_fd_new(struct watch *watch, void (*ready)(void *arg), void *arg)
{
    struct transport_fd *self = xcalloc(1, sizeof *self);
    self->watch = watch;
    self->is_tcp = set_tcp_options(watch_fd(watch));
    self->base = (struct transport){ .ops = &fd_ops, .ready = ready, .arg = arg };
    buf_init(&self->out, OUT_CAP);
    watch_hand_over(watch, fd_ready, self);
    return &self->base;
}
