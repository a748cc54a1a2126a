/* SPDX-License-Identifier: MIT */
#include "fake_agent.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/wire.h"
#include "files.h"

enum { MESSAGE_CAP = 1 << 20, SIGN_ANSWER = 14 };

void fake_agent_start(struct fake_agent *fake)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    *fake = (struct fake_agent){ .path = tmp_path("agent"), .fd = -1 };
    cr_assert_lt(strlen(fake->path), sizeof address.sun_path);
    memcpy(address.sun_path, fake->path, strlen(fake->path));
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fake->listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fake->listener, 1), 0);
    buf_init(&fake->message, MESSAGE_CAP);
}

void fake_agent_accept(struct fake_agent *fake)
{
    const struct timeval patience = { .tv_sec = 5 };
    fake->fd = accept(fake->listener, NULL, NULL);
    cr_assert_geq(fake->fd, 0);
    setsockopt(fake->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fake->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

const struct buf *fake_agent_read(struct fake_agent *fake)
{
    unsigned char head[4];
    cr_assert_eq(recv(fake->fd, head, sizeof head, MSG_WAITALL), 4, "no request came");
    struct wire w = wire_reader(head, sizeof head);
    uint32_t size = wire_u32(&w);
    buf_clear(&fake->message);
    void *to = buf_reserve(&fake->message, size);
    cr_assert_not_null(to);
    cr_assert_eq(recv(fake->fd, to, size, MSG_WAITALL), (ssize_t)size);
    buf_commit(&fake->message, size);
    return &fake->message;
}

bool fake_agent_is_idle(const struct fake_agent *fake)
{
    char byte;
    return recv(fake->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}

void fake_agent_send(const struct fake_agent *fake, const void *bytes, size_t size)
{
    cr_assert_eq(send(fake->fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

void fake_agent_reply(const struct fake_agent *fake, const void *message, size_t size)
{
    struct buf b;
    buf_init(&b, MESSAGE_CAP);
    wire_add_string(&b, message, size);
    fake_agent_send(fake, b.data, b.size);
    buf_release(&b);
}

void fake_agent_sign(const struct fake_agent *fake, const char *algorithm, const void *data,
                     size_t size)
{
    struct buf wrapper, message;
    buf_init(&wrapper, MESSAGE_CAP);
    buf_init(&message, MESSAGE_CAP);
    wire_add_text(&wrapper, algorithm);
    wire_add_string(&wrapper, data, size);
    buf_add_char(&message, SIGN_ANSWER);
    wire_add_string(&message, wrapper.data, wrapper.size);
    fake_agent_reply(fake, message.data, message.size);
    buf_release(&wrapper);
    buf_release(&message);
}

void fake_agent_hang_up(struct fake_agent *fake)
{
    close(fake->fd);
    fake->fd = -1;
}

void fake_agent_stop(struct fake_agent *fake)
{
    if (fake->fd >= 0)
        close(fake->fd);
    close(fake->listener);
    unlink(fake->path);
    buf_release(&fake->message);
}
