/* SPDX-License-Identifier: MIT */
/*
 * Listens on one port of many loopback addresses, and misbehaves on each in its own way.
 *
 *   fault_server PORT HOSTKEY   serves until it is killed
 *   fault_server --list         prints "NAME ADDRESS" lines
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"

enum { CUTS = 60, CUT_STEP = 50, CONNECTION_SECONDS = 180 };

const char *fault_host_key;

/* The place in the table is the last byte of the address: 127.3.0.1 is the first. */
static const struct fault faults[] = {
    { "refuse", NULL, 0, NULL },
    { "silent", fault_silent, 0, NULL },
    { "endless_line", fault_endless, 0, "hello hello hello hello hello hello " },
    { "endless_lines", fault_endless, 0, "this is no SSH server, but it likes to talk\r\n" },
    { "endless_short_lines", fault_endless, 0, "\r\n" },
    { "garbage", fault_garbage, 1 << 20, NULL },
    { "ssh1", fault_say, 60000, "SSH-1.5-Cisco-1.25\r\n" },
    { "http", fault_say, 0, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" },
    { "ident_then_silence", fault_say, 60000, "SSH-2.0-OpenSSH_9.2\r\n" },
    { "ident_then_close", fault_say, 0, "SSH-2.0-OpenSSH_9.2\r\n" },
    { "ident_then_reset", fault_say_reset, 0, "SSH-2.0-OpenSSH_9.2\r\n" },
    { "close", fault_say, 0, "" },
    { "reset", fault_say_reset, 0, "" },
    { "no_common", fault_no_common, 0, NULL },
    { "trickle", fault_trickle, 0, NULL },
    { "slow_trickle", fault_trickle, 200, NULL },
    { "ok", fault_ssh, 0, "ok" },
    { "auth_refuse", fault_ssh, 0, "auth_refuse" },
    { "auth_silent", fault_ssh, 0, "auth_silent" },
    { "auth_close", fault_ssh, 0, "auth_close" },
    { "auth_none", fault_ssh, 0, "auth_none" },
    { "auth_banner", fault_ssh, 0, "auth_banner" },
    { "password_change", fault_ssh, 0, "password_change" },
    { "channel_silent", fault_ssh, 0, "channel_silent" },
    { "channel_refuse", fault_ssh, 0, "channel_refuse" },
    { "channel_close", fault_ssh, 0, "channel_close" },
    { "exec_silent", fault_ssh, 0, "exec_silent" },
    { "exec_refuse", fault_ssh, 0, "exec_refuse" },
    { "exec_reset", fault_ssh, 0, "exec_reset" },
    { "no_status", fault_ssh, 0, "no_status" },
    { "exit_signal", fault_ssh, 0, "exit_signal" },
    { "exit_300", fault_ssh, 0, "exit_300" },
    { "no_close", fault_ssh, 0, "no_close" },
    { "exit_close", fault_ssh, 0, "exit_close" },
    { "flood_stdout", fault_ssh, 0, "flood_stdout" },
    { "flood_stderr", fault_ssh, 0, "flood_stderr" },
    { "one_byte", fault_ssh, 0, "one_byte" },
    { "stall", fault_ssh, 0, "stall" },
    { "midway_reset", fault_ssh, 0, "midway_reset" },
    { "midway_close", fault_ssh, 0, "midway_close" },
};
enum { FAULTS = sizeof faults / sizeof *faults };

/* The table, and then 127.3.1.x: a server cut after x * CUT_STEP bytes. */
static struct fault behaviour(size_t i)
{
    static char names[CUTS][16];
    if (i < FAULTS)
        return faults[i];
    size_t n = i - FAULTS;
    snprintf(names[n], sizeof names[n], "cut_%zu", (n + 1) * CUT_STEP);
    return (struct fault){ names[n], fault_cut, (long)((n + 1) * CUT_STEP), NULL };
}

static struct in_addr address_of(size_t i)
{
    uint32_t base = i < FAULTS ? 0x7f030001 : 0x7f030101 - FAULTS;
    return (struct in_addr){ .s_addr = htonl(base + (uint32_t)i) };
}

static void list_all(void)
{
    for (size_t i = 0; i < FAULTS + CUTS; i++)
        printf("%s %s\n", behaviour(i).name, inet_ntoa(address_of(i)));
}

/* Who refuses is bound but does not listen, so that nobody else takes the place. */
static int open_one(size_t i, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((in_port_t)port),
                             .sin_addr = address_of(i) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        (behaviour(i).run != NULL && listen(fd, 64) != 0)) {
        fprintf(stderr, "fault_server: %s:%d: %s\n", inet_ntoa(a.sin_addr), port, strerror(errno));
        exit(1);
    }
    return fd;
}

/* One process a connection, which ends with the server and never lives long. */
static void serve_one(int listener, size_t i)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0) {
        close(fd);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    signal(SIGCHLD, SIG_DFL);
    alarm(CONNECTION_SECONDS);
    struct fault self = behaviour(i);
    self.run(fd, &self);
    close(fd);
    _exit(0);
}

int main(int argc, char **argv)
{
    struct pollfd fds[FAULTS + CUTS];
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list_all();
        return 0;
    }
    if (argc != 3) {
        fputs("usage: fault_server PORT HOSTKEY | --list\n", stderr);
        return 2;
    }
    fault_host_key = argv[2];
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < FAULTS + CUTS; i++) {
        int fd = open_one(i, (int)strtol(argv[1], NULL, 10));
        fds[i] = (struct pollfd){ .fd = behaviour(i).run != NULL ? fd : -1, .events = POLLIN };
    }
    while (poll(fds, FAULTS + CUTS, -1) >= 0 || errno == EINTR)
        for (size_t i = 0; i < FAULTS + CUTS; i++)
            if (fds[i].revents & POLLIN)
                serve_one(fds[i].fd, i);
    return 1;
}
