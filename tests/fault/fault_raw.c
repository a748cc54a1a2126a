/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDENT "SSH-2.0-OpenSSH_9.2 from_the_future\r\n"

void fault_write(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        at += n;
        size -= (size_t)n;
    }
}

void fault_reset(int fd)
{
    struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/* Reads and forgets until the peer closes, or for `ms`; ms < 0 has no end. */
static void listen_on(int fd, long ms)
{
    char bytes[4096];
    struct pollfd p = { .fd = fd, .events = POLLIN };
    while (poll(&p, 1, (int)ms) > 0 && recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
}

void fault_silent(int fd, const struct fault *self)
{
    (void)self;
    listen_on(fd, -1);
}

void fault_say(int fd, const struct fault *self)
{
    fault_write(fd, self->text, strlen(self->text));
    listen_on(fd, self->number);
    shutdown(fd, SHUT_WR);
    listen_on(fd, 200); /* else unread bytes would turn the close into a reset */
}

void fault_say_reset(int fd, const struct fault *self)
{
    fault_write(fd, self->text, strlen(self->text));
    usleep(50000);
    fault_reset(fd);
}

void fault_endless(int fd, const struct fault *self)
{
    char block[1 << 16];
    size_t size = strlen(self->text), filled = 0;
    for (; filled + size <= sizeof block; filled += size)
        memcpy(block + filled, self->text, size);
    for (;;)
        fault_write(fd, block, filled);
}

void fault_garbage(int fd, const struct fault *self)
{
    unsigned state = 12345;
    for (long i = 0; i < self->number; i++) {
        state = state * 1103515245 + 12345;
        unsigned char byte = (unsigned char)(state >> 16);
        fault_write(fd, &byte, 1);
    }
    listen_on(fd, -1);
}

static size_t put_name_list(unsigned char *at, const char *names)
{
    uint32_t size = htonl((uint32_t)strlen(names));
    memcpy(at, &size, 4);
    memcpy(at + 4, names, strlen(names));
    return 4 + strlen(names);
}

/* RFC 4253, 7.1: a well-formed KEXINIT of algorithms that do not exist. */
void fault_no_common(int fd, const struct fault *self)
{
    (void)self;
    static const char *const lists[10] = {
        "kyber9000-sha9@example.com",
        "ssh-quantum@example.com",
        "rot26@example.com",
        "rot26@example.com",
        "sum8@example.com",
        "sum8@example.com",
        "none",
        "none",
        "",
        "",
    };
    unsigned char packet[512] = { 0 };
    size_t size = 5;
    packet[size] = 20; /* SSH_MSG_KEXINIT, then 16 bytes of cookie */
    size += 17;
    for (size_t i = 0; i < 10; i++)
        size += put_name_list(packet + size, lists[i]);
    size += 5; /* first_kex_packet_follows, reserved */
    size_t padding = 8 + (8 - (size + 8) % 8) % 8;
    size += padding;
    uint32_t length = htonl((uint32_t)(size - 4));
    memcpy(packet, &length, 4);
    packet[4] = (unsigned char)padding;
    fault_write(fd, IDENT, strlen(IDENT));
    fault_write(fd, packet, size);
    listen_on(fd, -1);
}

/* A good server in a child process; returns our end of the line to it. */
static int start_good_server(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        _exit(1);
    if (fork() == 0) {
        close(ends[0]);
        alarm(60);
        fault_ssh(ends[1], &(struct fault){ .name = "ok", .text = "ok" });
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

/* Moves at most `most` bytes; the number moved, or 0 at the end of either side. */
static size_t move(int from, int to, size_t most)
{
    char bytes[4096];
    ssize_t n = recv(from, bytes, most < sizeof bytes ? most : sizeof bytes, 0);
    if (n <= 0)
        return 0;
    fault_write(to, bytes, (size_t)n);
    return (size_t)n;
}

/* Relays between client and server; to the client at most `step` bytes at once, `left` in all. */
static void relay(int client, int server, size_t step, size_t left, long pause_ms)
{
    struct pollfd fds[2] = { { .fd = client, .events = POLLIN },
                             { .fd = server, .events = POLLIN } };
    while (left > 0 && poll(fds, 2, -1) > 0) {
        if (fds[0].revents != 0 && move(client, server, 4096) == 0)
            return;
        if (fds[1].revents == 0)
            continue;
        size_t n = move(server, client, step < left ? step : left);
        if (n == 0)
            return;
        left -= n;
        usleep((useconds_t)pause_ms * 1000);
    }
}

void fault_cut(int fd, const struct fault *self)
{
    relay(fd, start_good_server(), 4096, (size_t)self->number, 0);
    shutdown(fd, SHUT_WR);
    listen_on(fd, 200);
}

void fault_trickle(int fd, const struct fault *self)
{
    int no_delay = 1;
    setsockopt(fd, 6 /* IPPROTO_TCP */, 1 /* TCP_NODELAY */, &no_delay, sizeof no_delay);
    relay(fd, start_good_server(), 1, SIZE_MAX, self->number);
}
