/* SPDX-License-Identifier: MIT */
/* The writing thread: order, back-pressure, the barrier, dead descriptors, the deadline. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sink/writer.h"

/* What the callbacks saw. */
struct scene {
    struct gate gate;
    atomic_int rings;
    int errors;
    char failed[64];
    int pipe[2];
    struct writer *writer;
    struct output *output;
};

static void on_ring(void *arg)
{
    struct scene *s = arg;
    s->rings++;
}

static void on_error(void *arg, struct output *o)
{
    struct scene *s = arg;
    s->errors++;
    snprintf(s->failed, sizeof s->failed, "%s", output_name(o));
}

/* A writer whose first output is a pipe of 64 KiB that nobody reads. */
static void set_scene(struct scene *s, size_t high, size_t low)
{
    memset(s, 0, sizeof *s);
    struct error err = ERROR_INIT;
    struct writer_args args = { .gate = &s->gate,
                                .notify = on_ring,
                                .on_error = on_error,
                                .arg = s,
                                .high_water = high,
                                .low_water = low };
    cr_assert(writer_new(&s->writer, &args, &err));
    cr_assert_eq(pipe2(s->pipe, O_CLOEXEC), 0);
    s->output = writer_add(s->writer, "the pipe", s->pipe[1], true);
}

static void close_scene(struct scene *s)
{
    struct error err = ERROR_INIT;
    cr_assert(writer_close(s->writer, 5 * US_PER_SEC, &err), "%s", error_text(&err));
    close(s->pipe[0]);
}

/* Reads exactly `size` bytes. */
static void read_exactly(int fd, char *to, size_t size)
{
    while (size > 0) {
        ssize_t n = read(fd, to, size);
        cr_assert_gt(n, 0, "end of the pipe with %zu bytes missing", size);
        to += n;
        size -= (size_t)n;
    }
}

/* Waits up to 5 s for `rings` to pass `seen`. */
static void wait_ring(struct scene *s, int seen)
{
    for (int i = 0; i < 500 && s->rings <= seen; i++)
        usleep(10000);
    cr_assert_gt(s->rings, seen, "the loop was never rung");
}

Test(writer, keeps_the_order_over_all_outputs, .timeout = 20)
{
    struct scene s;
    set_scene(&s, 0, 0);
    struct output *same = writer_add(s.writer, "same pipe", s.pipe[1], false);
    char expected[3000], got[3000];
    for (int i = 0; i < 1000; i++) {
        char piece[4];
        snprintf(piece, sizeof piece, "%03d", i);
        memcpy(expected + 3 * i, piece, 3);
        output_put(i % 2 ? same : s.output, piece, 3);
    }
    cr_assert(writer_flush(s.writer, 5 * US_PER_SEC));
    cr_assert_eq(writer_pending(s.writer), 0);
    read_exactly(s.pipe[0], got, sizeof got);
    cr_assert_eq(memcmp(got, expected, sizeof got), 0);
    close_scene(&s);
}

Test(writer, each_piece_is_one_write, .timeout = 20)
{
    struct scene s;
    set_scene(&s, 0, 0);
    int packets[2];
    cr_assert_eq(pipe2(packets, O_DIRECT | O_CLOEXEC), 0, "packet mode keeps writes apart");
    struct output *o = writer_add(s.writer, "packets", packets[1], true);
    output_put(o, "first", 5);
    output_put(o, "", 0);
    output_put(o, "second!", 7);
    cr_assert(writer_flush(s.writer, 5 * US_PER_SEC));
    char got[100];
    cr_assert_eq(read(packets[0], got, sizeof got), 5);
    cr_assert_eq(read(packets[0], got, sizeof got), 7);
    close_scene(&s);
    close(packets[0]);
}

Test(writer, holds_the_gate_above_high_water_and_bounds_memory, .timeout = 60)
{
    struct scene s;
    enum { HIGH = 1 << 20, LOW = 1 << 18, PIECE = 10000 };
    set_scene(&s, HIGH, LOW);
    static char piece[PIECE];
    size_t put = 0, most = 0;
    while (s.gate.held == 0) {
        output_put(s.output, piece, PIECE);
        put += PIECE;
        if (writer_pending(s.writer) > most)
            most = writer_pending(s.writer);
        cr_assert_lt(put, 4 * (size_t)HIGH, "the gate is never held");
    }
    cr_assert_leq(most, HIGH + PIECE + 200, "a producer that heeds the gate bounds the queue");
    output_put(s.output, piece, PIECE);
    put += PIECE;
    cr_assert_eq(s.gate.held, 1, "held once, however much comes");
    writer_pump(s.writer);
    cr_assert_eq(s.gate.held, 1, "not released before it drained");
    char *got = malloc(put);
    read_exactly(s.pipe[0], got, put);
    free(got);
    wait_ring(&s, 0);
    writer_pump(s.writer);
    cr_assert_eq(s.gate.held, 0);
    close_scene(&s);
}

Test(writer, barrier_holds_starts_until_written, .timeout = 20)
{
    struct scene s;
    set_scene(&s, 0, 0);
    writer_barrier(s.writer);
    cr_assert_eq(s.gate.starts_held, 0, "nothing to wait for");
    static char big[200000];
    output_put(s.output, big, sizeof big);
    writer_barrier(s.writer);
    output_put(s.output, "x", 1);
    writer_barrier(s.writer);
    cr_assert_eq(s.gate.starts_held, 1);
    usleep(20000);
    writer_pump(s.writer);
    cr_assert_eq(s.gate.starts_held, 1, "the pipe is full: not on its descriptor");
    static char got[200001];
    read_exactly(s.pipe[0], got, sizeof got);
    wait_ring(&s, 0);
    for (int i = 0; i < 100 && s.gate.starts_held; i++) {
        usleep(10000);
        writer_pump(s.writer);
    }
    cr_assert_eq(s.gate.starts_held, 0);
    close_scene(&s);
}

Test(writer, a_dead_output_is_told_once_and_the_others_go_on, .timeout = 20)
{
    struct scene s;
    set_scene(&s, 0, 0);
    int other[2];
    cr_assert_eq(pipe2(other, O_CLOEXEC), 0);
    struct output *alive = writer_add(s.writer, "alive", other[1], true);
    close(s.pipe[0]);
    for (int i = 0; i < 50; i++) {
        output_put(s.output, "lost", 4);
        output_put(alive, "kept", 4);
    }
    writer_barrier(s.writer);
    cr_assert(writer_flush(s.writer, 5 * US_PER_SEC));
    cr_assert_eq(s.errors, 1);
    cr_assert_str_eq(s.failed, "the pipe");
    cr_assert_eq(output_errno(s.output), EPIPE);
    cr_assert_eq(output_errno(alive), 0);
    cr_assert_eq(s.gate.starts_held, 0, "what is dropped holds nobody up");
    char got[200];
    read_exactly(other[0], got, sizeof got);
    output_put(s.output, "lost", 4);
    cr_assert_eq(writer_pending(s.writer), 0, "a dead output takes no memory");
    s.pipe[0] = dup(other[0]);
    close_scene(&s);
    cr_assert_eq(s.errors, 1);
    close(other[0]);
}

Test(writer, tells_a_full_disk, .timeout = 20)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full < 0)
        cr_skip_test("no /dev/full here");
    struct scene s;
    set_scene(&s, 0, 0);
    struct output *o = writer_add(s.writer, "events.jsonl", full, true);
    output_put(o, "{}\n", 3);
    close_scene(&s);
    cr_assert_eq(s.errors, 1);
    cr_assert_str_eq(s.failed, "events.jsonl");
}

Test(writer, an_offer_is_dropped_while_anything_waits, .timeout = 20)
{
    struct scene s;
    set_scene(&s, 0, 0);
    cr_assert(output_offer(s.output, "12/20", 5));
    cr_assert(writer_flush(s.writer, 5 * US_PER_SEC));
    static char big[200000];
    output_put(s.output, big, sizeof big);
    cr_assert_not(output_offer(s.output, "13/20", 5));
    static char got[200005];
    read_exactly(s.pipe[0], got, sizeof got);
    cr_assert_eq(memcmp(got, "12/20", 5), 0);
    close_scene(&s);
}

Test(writer, a_descriptor_made_non_blocking_by_others_loses_nothing, .timeout = 20)
{
    struct scene s;
    set_scene(&s, 0, 0);
    cr_assert_eq(fcntl(s.pipe[1], F_SETFL, O_NONBLOCK), 0);
    static char big[300000], got[300000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7);
    output_put(s.output, big, sizeof big);
    usleep(20000);
    read_exactly(s.pipe[0], got, sizeof got);
    cr_assert_eq(memcmp(got, big, sizeof got), 0);
    close_scene(&s);
}

Test(writer, close_gives_up_at_its_deadline, .timeout = 20)
{
    struct scene s;
    set_scene(&s, 0, 0);
    static char big[200000];
    output_put(s.output, big, sizeof big);
    output_put(s.output, "rest", 4);
    struct error err = ERROR_INIT;
    int64_t began_us = clock_monotonic_us();
    cr_assert_not(writer_close(s.writer, 200 * US_PER_MS, &err));
    int64_t took_us = clock_monotonic_us() - began_us;
    cr_assert_geq(took_us, 190 * US_PER_MS);
    cr_assert_lt(took_us, 3 * US_PER_SEC);
    cr_assert_eq(err.code, ERR_OUTPUT);
    cr_assert_str_eq(error_text(&err), "the pipe: 200004 bytes were not written in time");
    error_release(&err);
}
