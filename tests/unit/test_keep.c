/* SPDX-License-Identifier: MIT */
/* What hosts printed, kept with bounded memory. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "sink/keep.h"
#include "sink_scene.h"

/* Collects what keep_read() hands over. */
struct heap_text {
    char *data;
    size_t size;
    size_t largest;
};

static bool collect(void *arg, const char *data, size_t size)
{
    struct heap_text *t = arg;
    t->data = xrealloc_array(t->data, t->size + size + 1, 1);
    memcpy(t->data + t->size, data, size);
    t->size += size;
    t->data[t->size] = '\0';
    t->largest = size > t->largest ? size : t->largest;
    return true;
}

struct shelf {
    struct scene scene;
    struct keep *keep;
    int fd;
};

static void open_shelf(struct shelf *s, size_t hosts, size_t memory_max)
{
    scene_init(&s->scene, 1);
    s->fd = memfd_create("spool", MFD_CLOEXEC);
    struct keep_args args = { .stream_max = 1 << 20,
                              .spool_fd = s->fd,
                              .spool = writer_add(s->scene.writer, "spool", s->fd, true),
                              .memory_max = memory_max };
    s->keep = keep_new(&args, hosts);
}

static void close_shelf(struct shelf *s)
{
    keep_free(s->keep);
    scene_release(&s->scene);
}

Test(keep, interleaved_streams_come_back_whole)
{
    enum { HOSTS = 50, ROUNDS = 400 };
    struct shelf s;
    open_shelf(&s, HOSTS, 0);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < HOSTS; i++) {
            char line[400];
            int size = snprintf(line, sizeof line, "%zu:%d:%0*d\n", i, round, 200 + round % 100, 0);
            keep_add(s.keep, i, round % 2 ? STREAM_STDOUT : STREAM_STDERR, line, (size_t)size);
        }
    }
    writer_flush(s.scene.writer, -1);
    cr_assert_gt(lseek(s.fd, 0, SEEK_END), 0, "nothing was spooled");
    for (size_t i = 0; i < HOSTS; i++) {
        struct heap_text t = { 0 };
        struct error err = ERROR_INIT;
        cr_assert(keep_read(s.keep, i, STREAM_STDOUT, collect, &t, &err));
        cr_assert_leq(t.largest, KEEP_HOST_MAX);
        const char *at = t.data;
        for (int round = 1; round < ROUNDS; round += 2) {
            char head[40];
            int size = snprintf(head, sizeof head, "%zu:%d:", i, round);
            cr_assert_eq(strncmp(at, head, (size_t)size), 0, "host %zu round %d", i, round);
            at = strchr(at, '\n') + 1;
        }
        cr_assert_eq(*at, '\0');
        free(t.data);
    }
    close_shelf(&s);
}

Test(keep, memory_is_bounded_by_what_runs_and_a_total)
{
    enum { HOSTS = 3000, RUNNING = 20, TOTAL = 1 << 20 };
    struct shelf s;
    open_shelf(&s, HOSTS, TOTAL);
    static char line[10000];
    memset(line, 'x', sizeof line);
    size_t most = 0;
    for (size_t i = 0; i < HOSTS + RUNNING; i++) {
        for (int k = 0; i < HOSTS && k < 12; k++) {
            keep_add(s.keep, i, (enum stream)(k % 2), line, sizeof line);
            most = keep_memory(s.keep) > most ? keep_memory(s.keep) : most;
        }
        if (i >= RUNNING)
            keep_end(s.keep, i - RUNNING);
    }
    cr_assert_leq(most, TOTAL + (RUNNING + 1) * (KEEP_HOST_MAX + 2), "%zu bytes", most);
    writer_flush(s.scene.writer, -1);
    struct heap_text t = { 0 };
    struct error err = ERROR_INIT;
    cr_assert(keep_read(s.keep, HOSTS - 1, STREAM_STDERR, collect, &t, &err));
    cr_assert_eq(t.size, 6 * sizeof line);
    free(t.data);
    close_shelf(&s);
}

Test(keep, what_is_said_of_files_has_no_limit)
{
    struct shelf s;
    open_shelf(&s, 2, 0);
    static char data[50000];
    memset(data, 'x', sizeof data);
    for (int i = 0; i < 30; i++) {
        keep_add(s.keep, 1, KEEP_FILES, data, sizeof data - (size_t)i);
        keep_add(s.keep, 1, STREAM_STDERR, data, sizeof data);
    }
    keep_end(s.keep, 1);
    cr_assert_leq(keep_memory(s.keep), KEEP_HOST_MAX + 2);
    writer_flush(s.scene.writer, -1);
    struct heap_text t = { 0 };
    struct error err = ERROR_INIT;
    cr_assert(keep_read(s.keep, 1, KEEP_FILES, collect, &t, &err));
    cr_assert_eq(t.size, 30 * sizeof data - 435);
    cr_assert_not(keep_is_truncated(s.keep, 1, KEEP_FILES));
    cr_assert(keep_is_truncated(s.keep, 1, STREAM_STDERR));
    free(t.data);
    close_shelf(&s);
}

Test(keep, a_spool_that_lost_bytes_is_an_error)
{
    struct shelf s;
    open_shelf(&s, 1, 0);
    static char data[100000];
    keep_add(s.keep, 0, STREAM_STDOUT, data, sizeof data);
    writer_flush(s.scene.writer, -1);
    cr_assert_eq(ftruncate(s.fd, 70000), 0);
    struct heap_text t = { 0 };
    struct error err = ERROR_INIT;
    cr_assert_not(keep_read(s.keep, 0, STREAM_STDOUT, collect, &t, &err));
    cr_assert_eq(err.code, ERR_OUTPUT);
    error_release(&err);
    free(t.data);
    close_shelf(&s);
}
