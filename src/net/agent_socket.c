/* SPDX-License-Identifier: MIT */
#include "net/agent_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/agent_message.h"

/* What is read at once, and what may wait for an agent that does not read. */
enum { CHUNK = 16 * 1024, OUT_CAP = 16 * 1024 * 1024 };

/* Hangs up, and says why. */
static void lose(struct agent_socket *s, const char *why)
{
    if (!s->watch)
        return;
    agent_socket_hang_up(s);
    s->user.lost(s->user.arg, why);
}

/* Hands on all whole messages that were received. */
static void take_messages(struct agent_socket *s)
{
    struct wire message;
    enum agent_framing framing = agent_message_next(&s->in, &message);
    while (framing == AGENT_FRAME_WHOLE) {
        size_t size = AGENT_LENGTH_SIZE + message.left;
        s->user.message(s->user.arg, message);
        if (!s->watch)
            return;
        buf_consume(&s->in, size);
        framing = agent_message_next(&s->in, &message);
    }
    if (framing == AGENT_FRAME_BAD)
        lose(s, "sent a reply of impossible length");
}

/* Would the call that just failed have had to wait? */
static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* What a send(2) or recv(2) that failed means. */
static const char *reason(int failed)
{
    return failed == EPIPE || failed == ECONNRESET ? "closed the connection" : strerror(failed);
}

/* One recv(2); false when there is nothing more to read. */
static bool receive_some(struct agent_socket *s)
{
    char *to = buf_reserve(&s->in, CHUNK);
    if (!to)
        base_out_of_memory();
    ssize_t got = recv(watch_fd(s->watch), to, CHUNK, 0);
    if (got < 0 && would_block())
        return false;
    if (got <= 0) {
        lose(s, reason(got < 0 ? errno : EPIPE));
        return false;
    }
    buf_commit(&s->in, (size_t)got);
    take_messages(s);
    return true;
}

void agent_socket_receive(struct agent_socket *s)
{
    while (s->watch && receive_some(s))
        continue;
}

/* Waits for what is wanted now. */
static void update_watch(struct agent_socket *s)
{
    if (s->watch)
        watch_want(s->watch, WATCH_READABLE | (s->out.size ? WATCH_WRITABLE : 0U));
}

/* One send(2). An agent that is gone may have left replies: they count. */
static void send_some(struct agent_socket *s)
{
    ssize_t sent = send(watch_fd(s->watch), s->out.data, s->out.size, MSG_NOSIGNAL);
    if (sent >= 0) {
        buf_consume(&s->out, (size_t)sent);
    } else if (!would_block()) {
        int failed = errno;
        agent_socket_receive(s);
        lose(s, reason(failed));
    }
}

void agent_socket_flush(struct agent_socket *s)
{
    if (s->out.failed)
        base_out_of_memory();
    if (s->watch && s->out.size)
        send_some(s);
    update_watch(s);
}

/* The watch's callback. */
static void socket_ready(void *arg, unsigned ready)
{
    struct agent_socket *s = arg;
    if (ready & WATCH_READABLE)
        agent_socket_receive(s);
    agent_socket_flush(s);
}

/* Connects; -1 with errno set where that fails. A Unix socket connects at once or not at all. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof address.sun_path) {
        errno = size ? ENAMETOOLONG : ENOENT;
        return -1;
    }
    memcpy(address.sun_path, path, size);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int failed = errno;
        close(fd);
        errno = failed;
        return -1;
    }
    return fd;
}

bool agent_socket_open(struct agent_socket *s, struct loop *loop, const char *path,
                       const struct agent_socket_user *user, struct error *reterr)
{
    int fd = connect_to(path);
    struct watch *watch = fd < 0 ? NULL : watch_new(loop, fd, socket_ready, s);
    if (!watch) {
        error_set(reterr, ERR_AUTH_NO_CREDENTIAL, "cannot reach an ssh-agent at %s: %s",
                  *path ? path : "\"\"", strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    *s = (struct agent_socket){ .user = *user, .watch = watch };
    buf_init(&s->out, OUT_CAP);
    buf_init(&s->in, AGENT_LENGTH_SIZE + AGENT_MESSAGE_MAX + CHUNK);
    update_watch(s);
    return true;
}

void agent_socket_hang_up(struct agent_socket *s)
{
    watch_close(s->watch);
    s->watch = NULL;
}

void agent_socket_release(struct agent_socket *s)
{
    agent_socket_hang_up(s);
    buf_release(&s->out);
    buf_release(&s->in);
}

bool agent_socket_is_open(const struct agent_socket *s)
{
    return s->watch != NULL;
}
