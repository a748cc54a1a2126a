/* SPDX-License-Identifier: MIT */
/* The loop on real descriptors and time: queue order, timers, watches, doorbells, dialling. */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/dial.h"
#include "net/dns.h"
#include "net/loop.h"
#include "net/transport_fd.h"

static struct loop *loop;

static void start(void)
{
    struct error err = ERROR_INIT;
    cr_assert(loop_new(&loop, &err));
}

static void stop(void)
{
    cr_assert(loop_free(loop));
}

struct step {
    struct task task;
    char name;
    int again; /* times it wakes itself */
    char *log;
};

static void run_step(struct task *task)
{
    struct step *s = (struct step *)(void *)task;
    size_t n = strlen(s->log);
    s->log[n] = s->name;
    s->log[n + 1] = '\0';
    if (s->again-- > 0)
        loop_wake(loop, task);
    else if (s->name == 'c')
        loop_stop(loop);
}

Test(loop, tasks_run_in_turn, .init = start, .fini = stop)
{
    char log[32] = "";
    struct step a = { .name = 'a', .again = 2, .log = log };
    struct step b = { .name = 'b', .again = 1, .log = log };
    struct step c = { .name = 'c', .again = 3, .log = log };
    struct step never = { .name = 'x', .log = log };
    struct step *all[] = { &a, &b, &never, &c };
    for (size_t i = 0; i < 4; i++) {
        task_init(&all[i]->task, run_step);
        loop_wake(loop, &all[i]->task);
        loop_wake(loop, &all[i]->task);
    }
    task_cancel(&never.task);
    loop_run(loop);
    cr_assert_str_eq(log, "abcabcacc");
}

static void stop_loop(void *arg)
{
    *(int64_t *)arg = clock_monotonic_us();
    loop_stop(loop);
}

struct punctual {
    struct timer *timer;
    int64_t due_us;
    int64_t early_us; /* the worst, over all rounds */
    int rounds;
};

static void note_earliness(void *arg)
{
    struct punctual *p = arg;
    int64_t early = p->due_us - clock_monotonic_us();
    if (early > p->early_us)
        p->early_us = early;
    if (--p->rounds == 0) {
        loop_stop(loop);
        return;
    }
    p->due_us = clock_monotonic_us() + 2 * US_PER_MS + p->rounds * 37 % 1000;
    timer_arm(p->timer, p->due_us);
}

static void stay_busy(struct task *task)
{
    loop_wake(loop, task);
}

/* Who compares the clock with the deadline in the callback must find it over: libuv counts whole
 * milliseconds, and a wait that ended in the same one would never be looked at again. */
Test(loop, timers_are_never_early_by_a_fraction, .init = start, .fini = stop)
{
    struct punctual p = { .rounds = 300 };
    struct task busy; /* turns the loop all the time, as other hosts do */
    task_init(&busy, stay_busy);
    loop_wake(loop, &busy);
    p.timer = timer_new(loop, note_earliness, &p);
    p.due_us = clock_monotonic_us();
    timer_arm(p.timer, p.due_us);
    loop_run(loop);
    task_cancel(&busy);
    timer_close(p.timer);
    cr_assert_leq(p.early_us, 0, "%lld us early", (long long)p.early_us);
}

Test(loop, timer_fires_not_before_its_time, .init = start, .fini = stop)
{
    int64_t fired = 0, begun = clock_monotonic_us();
    struct timer *t = timer_new(loop, stop_loop, &fired);
    timer_arm(t, begun + 30 * US_PER_MS);
    cr_assert(timer_is_armed(t));
    loop_run(loop);
    cr_assert_geq(fired - begun, 30 * US_PER_MS);
    timer_close(t);
}

static void *ring(void *bell)
{
    for (int i = 0; i < 100; i++)
        doorbell_ring(bell);
    return NULL;
}

Test(loop, doorbell_wakes_from_a_thread, .init = start, .fini = stop)
{
    int64_t rang = 0;
    struct doorbell *bell = doorbell_new(loop, stop_loop, &rang);
    pthread_t thread;
    pthread_create(&thread, NULL, ring, bell);
    loop_run(loop);
    pthread_join(thread, NULL);
    cr_assert_gt(rang, 0);
    doorbell_close(bell);
}

static void ready(void *arg)
{
    (*(int *)arg)++;
    loop_stop(loop);
}

Test(transport_fd, takes_all_and_flushes_later, .init = start, .fini = stop)
{
    int fds[2], calls = 0;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct watch *watch = watch_new(loop, fds[0], NULL, NULL);
    struct transport *t = transport_fd_new(watch, ready, &calls);
    enum { SIZE = 3 << 20 };
    char *data = malloc(SIZE), *got = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 7 + i / 251);
    cr_assert_eq(t->ops->send(t, data, SIZE), SIZE);
    cr_assert_gt(t->ops->pending(t), 0);
    size_t n = 0;
    while (n < SIZE) {
        ssize_t r = read(fds[1], got + n, SIZE - n);
        if (r > 0)
            n += (size_t)r;
        else
            loop_step(loop);
    }
    cr_assert_eq(memcmp(data, got, SIZE), 0);
    cr_assert_eq(t->ops->pending(t), 0);
    cr_assert_gt(calls, 0, "told when the buffer ran low");
    close(fds[1]);
    t->ops->want_read(t, true);
    calls = 0;
    loop_run(loop);
    cr_assert_eq(t->ops->recv(t, got, SIZE), 0);
    cr_assert_eq(t->ops->send(t, data, 10), 10, "small pieces wait");
    cr_assert_eq(t->ops->pending(t), 10);
    t->ops->flush(t);
    cr_assert_eq(t->ops->send(t, data, 10), -EPIPE);
    t->ops->close(t);
    free(data);
    free(got);
}

/* Who waits for its last words to be gone, as a closing session does, is told. */
Test(transport_fd, tells_that_the_last_byte_is_gone, .init = start, .fini = stop)
{
    int fds[2], calls = 0;
    static char piece[8192], sink[1 << 20];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct watch *watch = watch_new(loop, fds[0], NULL, NULL);
    struct transport *t = transport_fd_new(watch, ready, &calls);
    while (t->ops->pending(t) == 0) {
        cr_assert_eq(t->ops->send(t, piece, sizeof piece), sizeof piece);
        t->ops->flush(t);
    }
    cr_assert_lt(t->ops->pending(t), TRANSPORT_PENDING_LOW);
    for (int turn = 0; turn < 1000 && t->ops->pending(t) > 0; turn++) {
        while (read(fds[1], sink, sizeof sink) > 0)
            ;
        loop_step(loop);
    }
    cr_assert_eq(t->ops->pending(t), 0);
    cr_assert_eq(calls, 1);
    t->ops->close(t);
    close(fds[1]);
}

struct dialled {
    struct watch *watch;
    char error[128];
    char address[ADDRESS_TEXT_SIZE];
};

static void dialled(void *arg, struct watch *watch, const struct address *address,
                    const char *error)
{
    struct dialled *d = arg;
    d->watch = watch;
    snprintf(d->error, sizeof d->error, "%s", error ? error : "");
    if (address)
        address_print(address, d->address);
    loop_stop(loop);
}

static int listen_on(const char *text, uint16_t *port)
{
    struct address a;
    cr_assert(address_parse(text, &a));
    int fd = socket(a.storage.ss_family, SOCK_STREAM, 0);
    address_set_port(&a, *port);
    cr_assert_eq(bind(fd, (struct sockaddr *)&a.storage, a.size), 0);
    cr_assert_eq(listen(fd, 5), 0);
    getsockname(fd, (struct sockaddr *)&a.storage, &a.size);
    *port = ntohs(((struct sockaddr_in *)&a.storage)->sin_port);
    return fd;
}

Test(dial, refused_address_leads_to_the_next, .init = start, .fini = stop)
{
    uint16_t port = 0;
    int listener = listen_on("127.0.0.3", &port);
    struct address_list list = { .count = 2 };
    cr_assert(address_parse("127.0.0.2", &list.items[0]));
    cr_assert(address_parse("127.0.0.3", &list.items[1]));
    struct dialled d = { .watch = NULL };
    dial_start(loop, &list, port, dialled, &d);
    loop_run(loop);
    cr_assert_not_null(d.watch, "%s", d.error);
    cr_assert_str_eq(d.address, "127.0.0.3");
    watch_close(d.watch);
    close(listener);
}

Test(dial, all_refused_names_the_last, .init = start, .fini = stop)
{
    uint16_t port = 0;
    close(listen_on("127.0.0.2", &port));
    struct address_list list = { .count = 1 };
    cr_assert(address_parse("127.0.0.2", &list.items[0]));
    struct dialled d = { .watch = NULL };
    dial_start(loop, &list, port, dialled, &d);
    loop_run(loop);
    cr_assert_null(d.watch);
    cr_assert_str_eq(d.error, "Connection refused");
}

static void resolved(void *arg, const struct address_list *list, const char *error)
{
    (void)error;
    int *count = arg;
    cr_assert_not_null(list);
    if (++*count == 2)
        loop_stop(loop);
}

Test(resolver, asks_once_and_tells_all, .init = start, .fini = stop)
{
    struct dns *r = dns_new(loop);
    int count = 0;
    struct dns_wait a, b, gone;
    dns_wait_init(&a, resolved, &count);
    dns_wait_init(&b, resolved, &count);
    dns_wait_init(&gone, resolved, NULL);
    dns_ask(r, "localhost", &a);
    dns_ask(r, "localhost", &gone);
    dns_ask(r, "localhost", &b);
    dns_wait_cancel(&gone);
    loop_run(loop);
    dns_ask(r, "localhost", &a);
    cr_assert_eq(count, 3);
    dns_free(r);
}

Test(address, numeric_only)
{
    struct address a;
    char text[ADDRESS_TEXT_SIZE];
    cr_assert(address_parse("::1", &a));
    address_print(&a, text);
    cr_assert_str_eq(text, "::1");
    cr_assert(address_parse("10.0.0.255", &a));
    cr_assert_not(address_parse("10.1", &a));
    cr_assert_not(address_parse("web01", &a));
    cr_assert_not(address_parse("", &a));
}

Test(address, families_alternate_and_doubles_go)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_in four[3] = { { .sin_family = AF_INET }, { .sin_family = AF_INET } };
    four[1].sin_addr.s_addr = 1;
    four[2] = four[0];
    struct addrinfo infos[4] = {
        { .ai_family = AF_INET, .ai_addr = (void *)&four[0], .ai_addrlen = sizeof four[0] },
        { .ai_family = AF_INET, .ai_addr = (void *)&four[1], .ai_addrlen = sizeof four[0] },
        { .ai_family = AF_INET, .ai_addr = (void *)&four[2], .ai_addrlen = sizeof four[0] },
        { .ai_family = AF_INET6, .ai_addr = (void *)&six, .ai_addrlen = sizeof six },
    };
    for (int i = 0; i < 3; i++)
        infos[i].ai_next = &infos[i + 1];
    struct address_list list;
    address_list_from(&list, infos);
    cr_assert_eq(list.count, 3);
    cr_assert_eq(list.items[0].storage.ss_family, AF_INET);
    cr_assert_eq(list.items[1].storage.ss_family, AF_INET6);
    cr_assert_eq(list.items[2].storage.ss_family, AF_INET);
}
