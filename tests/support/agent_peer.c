/* SPDX-License-Identifier: MIT */
#include "agent_peer.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/wire.h"
#include "files.h"

enum { MESSAGE_CAP = 1 << 20, SIGN_ANSWER = 14 };

void agent_peer_start(struct agent_peer *peer)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    *peer = (struct agent_peer){ .path = tmp_path("agent"), .fd = -1 };
    cr_assert_lt(strlen(peer->path), sizeof address.sun_path);
    memcpy(address.sun_path, peer->path, strlen(peer->path));
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(peer->listener, 1), 0);
    buf_init(&peer->message, MESSAGE_CAP);
}

void agent_peer_accept(struct agent_peer *peer)
{
    const struct timeval patience = { .tv_sec = 5 };
    peer->fd = accept(peer->listener, NULL, NULL);
    cr_assert_geq(peer->fd, 0);
    setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

const struct buf *agent_peer_read(struct agent_peer *peer)
{
    unsigned char head[4];
    cr_assert_eq(recv(peer->fd, head, sizeof head, MSG_WAITALL), 4, "no request came");
    struct wire w = wire_reader(head, sizeof head);
    uint32_t size = wire_u32(&w);
    buf_clear(&peer->message);
    void *to = buf_reserve(&peer->message, size);
    cr_assert_not_null(to);
    cr_assert_eq(recv(peer->fd, to, size, MSG_WAITALL), (ssize_t)size);
    buf_commit(&peer->message, size);
    return &peer->message;
}

bool agent_peer_is_idle(const struct agent_peer *peer)
{
    char byte;
    return recv(peer->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}

void agent_peer_send(const struct agent_peer *peer, const void *bytes, size_t size)
{
    cr_assert_eq(send(peer->fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

void agent_peer_reply(const struct agent_peer *peer, const void *message, size_t size)
{
    struct buf b;
    buf_init(&b, MESSAGE_CAP);
    wire_add_string(&b, message, size);
    agent_peer_send(peer, b.data, b.size);
    buf_release(&b);
}

void agent_peer_sign(const struct agent_peer *peer, const char *algorithm, const void *data,
                     size_t size)
{
    struct buf wrapper, message;
    buf_init(&wrapper, MESSAGE_CAP);
    buf_init(&message, MESSAGE_CAP);
    wire_add_text(&wrapper, algorithm);
    wire_add_string(&wrapper, data, size);
    buf_add_char(&message, SIGN_ANSWER);
    wire_add_string(&message, wrapper.data, wrapper.size);
    agent_peer_reply(peer, message.data, message.size);
    buf_release(&wrapper);
    buf_release(&message);
}

void agent_peer_hang_up(struct agent_peer *peer)
{
    close(peer->fd);
    peer->fd = -1;
}

void agent_peer_stop(struct agent_peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    close(peer->listener);
    unlink(peer->path);
    buf_release(&peer->message);
}
