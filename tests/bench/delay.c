/* SPDX-License-Identifier: MIT */
/*
 *   delay ADDRESS TARGET PORT MS
 *
 * A long line: takes connections on ADDRESS:PORT and hands them on to TARGET:PORT; in either
 * direction bytes are delivered MS milliseconds after they came, at whatever rate. For machines
 * whose kernel has no netem. It ends with its parent.
 *
 *   client --> [ chunk | chunk | ... ] --> server        a way: chunks by the time they are due
 *   client <-- [ chunk | chunk | ... ] <-- server
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK_MAX = 64 * 1024,
    WAY_MAX = 64 * 1024 * 1024, /* bytes under way, above which no more are taken */
    PAIRS_MAX = 1024,
};

struct chunk {
    struct chunk *next;
    int64_t due_us;
    size_t size;
    size_t sent;
    char data[];
};

/* One direction of a connection. */
struct way {
    int from;
    int to;
    struct chunk *first;
    struct chunk **end;
    size_t size;
    bool is_at_end;  /* nothing more comes */
    bool is_through; /* and that was handed on */
    bool is_blocked; /* the receiver takes no more now */
};

struct pair {
    struct way ways[2];
};

struct line {
    int listener;
    struct sockaddr_in target;
    int64_t delay_us;
    struct pair *pairs[PAIRS_MAX];
    size_t count;
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in address(const char *text, const char *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    a.sin_port = htons((uint16_t)strtol(port, NULL, 10));
    if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
        die(text);
    return a;
}

/* Neither blocks nor waits for more to send. */
static void prepare(int fd)
{
    const int on = 1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void way_init(struct way *w, int from, int to)
{
    *w = (struct way){ .from = from, .to = to };
    w->end = &w->first;
}

/* Drops what is under way, as a broken connection does. */
static void way_break(struct way *w)
{
    while (w->first) {
        struct chunk *next = w->first->next;
        free(w->first);
        w->first = next;
    }
    w->end = &w->first;
    w->size = 0;
    w->is_at_end = true;
}

/* Takes what has come. */
static void way_take(struct way *w, int64_t due_us)
{
    static char data[CHUNK_MAX];
    ssize_t got = recv(w->from, data, sizeof data, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        w->is_at_end = true;
        return;
    }
    struct chunk *c = malloc(sizeof *c + (size_t)got);
    if (!c)
        die("malloc");
    *c = (struct chunk){ .due_us = due_us, .size = (size_t)got };
    memcpy(c->data, data, (size_t)got);
    *w->end = c;
    w->end = &c->next;
    w->size += (size_t)got;
}

/* Delivers what is due. */
static void way_give(struct way *w, int64_t now)
{
    w->is_blocked = false;
    while (w->first && w->first->due_us <= now) {
        struct chunk *c = w->first;
        ssize_t sent = send(w->to, c->data + c->sent, c->size - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            w->is_blocked = true;
            return;
        }
        if (sent < 0) {
            way_break(w);
            return;
        }
        c->sent += (size_t)sent;
        w->size -= (size_t)sent;
        if (c->sent < c->size)
            continue;
        w->first = c->next;
        if (!w->first)
            w->end = &w->first;
        free(c);
    }
    if (!w->first && w->is_at_end && !w->is_through) {
        shutdown(w->to, SHUT_WR);
        w->is_through = true;
    }
}

static void take_connection(struct line *l)
{
    int client = accept(l->listener, NULL, NULL);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct pair *pair = malloc(sizeof *pair);
    if (client < 0 || server < 0 || !pair || l->count == PAIRS_MAX ||
        connect(server, (struct sockaddr *)&l->target, sizeof l->target) < 0)
        die("connection");
    prepare(client);
    prepare(server);
    way_init(&pair->ways[0], client, server);
    way_init(&pair->ways[1], server, client);
    l->pairs[l->count++] = pair;
}

/* Closes the pairs that are through. */
static void drop_ended(struct line *l)
{
    for (size_t i = 0; i < l->count;) {
        struct way *w = l->pairs[i]->ways;
        if (!w[0].is_through || !w[1].is_through) {
            i++;
            continue;
        }
        close(w[0].from);
        close(w[0].to);
        free(l->pairs[i]);
        l->pairs[i] = l->pairs[--l->count];
    }
}

/* What to wait for; the time at which the first chunk is due. */
static int64_t arm(const struct line *l, struct pollfd *fds)
{
    int64_t due_us = INT64_MAX;
    fds[0] = (struct pollfd){ .fd = l->listener, .events = POLLIN };
    for (size_t i = 0; i < 2 * l->count; i++) {
        const struct way *w = &l->pairs[i / 2]->ways[i % 2];
        const struct way *back = &l->pairs[i / 2]->ways[1 - i % 2];
        bool reads = !w->is_at_end && w->size < WAY_MAX;
        short events = (short)((reads ? POLLIN : 0) | (back->is_blocked ? POLLOUT : 0));
        fds[i + 1] = (struct pollfd){ .fd = events ? w->from : -1, .events = events };
        if (w->first && !w->is_blocked && w->first->due_us < due_us)
            due_us = w->first->due_us;
    }
    return due_us;
}

/* One wake-up. */
static void turn(struct line *l)
{
    static struct pollfd fds[1 + 2 * PAIRS_MAX];
    int64_t due_us = arm(l, fds), now = now_us();
    int64_t wait_us = due_us > now ? due_us - now : 0;
    struct timespec wait = { .tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000 };
    size_t count = l->count;
    if (ppoll(fds, 1 + 2 * count, due_us == INT64_MAX ? NULL : &wait, NULL) < 0 && errno != EINTR)
        die("ppoll");
    now = now_us();
    for (size_t i = 0; i < 2 * count; i++) {
        struct way *w = &l->pairs[i / 2]->ways[i % 2];
        if (!w->is_at_end && (fds[i + 1].revents & (POLLIN | POLLHUP | POLLERR)))
            way_take(w, now + l->delay_us);
        way_give(w, now);
    }
    if (fds[0].revents & POLLIN)
        take_connection(l);
    drop_ended(l);
}

int main(int argc, char **argv)
{
    static struct line line;
    const int on = 1;
    if (argc != 5) {
        fputs("usage: delay ADDRESS TARGET PORT MS\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct sockaddr_in here = address(argv[1], argv[3]);
    line.target = address(argv[2], argv[3]);
    line.delay_us = strtol(argv[4], NULL, 10) * 1000;
    line.listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(line.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(line.listener, (struct sockaddr *)&here, sizeof here) < 0 ||
        listen(line.listener, SOMAXCONN) < 0)
        die("listen");
    for (;;)
        turn(&line);
}
