/* SPDX-License-Identifier: MIT */
/* --jsonl: one write per event, no gaps, and the promise for kill -9. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/event_json.h"
#include "sink/jsonl.h"
#include "sink_scene.h"

Test(jsonl, every_event_is_one_write_that_can_be_read_back, .timeout = 20)
{
    struct scene s;
    scene_init(&s, 2);
    int packets[2];
    cr_assert_eq(pipe2(packets, O_DIRECT | O_CLOEXEC), 0, "packet mode keeps writes apart");
    struct output *o = writer_add(s.writer, "events", packets[1], true);
    struct sink *jsonl = jsonl_new(s.writer, o);
    scene_add(&s, jsonl);
    scene_start(&s);
    scene_emit(&s, 0, EVENT_HOST_START);
    scene_stage(&s, 0, STAGE_CONNECT);
    scene_note(&s, 0, SEVERITY_WARNING, "for people");
    scene_emit(&s, 0, EVENT_HOST_EXEC);
    scene_output(&s, 0, STREAM_STDERR, "\xff\n", 2);
    scene_exit(&s, 0, 3, 1000);
    scene_fail(&s, 1, ERR_NOT_RUN_LIMIT, STAGE_QUEUED, "stopped");
    scene_end(&s, 1);
    static const enum event_kind wanted[] = { EVENT_RUN_START, EVENT_HOST_START, EVENT_HOST_EXEC,
                                              EVENT_OUTPUT,    EVENT_HOST_END,   EVENT_HOST_END,
                                              EVENT_RUN_END };
    struct event_reader *r = event_reader_new();
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char line[4096];
        ssize_t size = read(packets[0], line, sizeof line);
        cr_assert_gt(size, 0);
        cr_assert_eq(line[size - 1], '\n');
        struct event e;
        struct error err = ERROR_INIT;
        cr_assert_eq(event_reader_read(r, "t", line, (size_t)size, &e, &err), EVENT_READ_DONE,
                     "%s: %.*s", error_text(&err), (int)size, line);
        cr_assert_eq(e.kind, wanted[i], "line %zu", i);
        cr_assert_eq(e.seq, i + 1);
    }
    event_reader_free(r);
    sink_free(jsonl);
    scene_release(&s);
    close(packets[0]);
}

Test(jsonl, no_host_starts_before_the_end_of_another_is_written, .timeout = 20)
{
    struct scene s;
    scene_init(&s, 1000);
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    struct sink *jsonl = jsonl_new(s.writer, writer_add(s.writer, "events", ends[1], true));
    scene_add(&s, jsonl);
    scene_start(&s);
    size_t ended = 0;
    while (!s.gate.starts_held && ended < 1000)
        scene_exit(&s, ended++, 0, 1);
    cr_assert(s.gate.starts_held, "run_start alone fills the pipe");
    usleep(50000);
    writer_pump(s.writer);
    cr_assert(s.gate.starts_held, "nobody has read");
    char *got = malloc(1 << 20);
    size_t size = 0;
    for (int i = 0; i < 500 && s.gate.starts_held; i++) {
        ssize_t n = read(ends[0], got + size, (1 << 20) - size - 1);
        cr_assert_gt(n, 0);
        size += (size_t)n;
        usleep(1000);
        writer_pump(s.writer);
    }
    cr_assert_not(s.gate.starts_held);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ssize_t rest = read(ends[0], got + size, (1 << 20) - size - 1);
    size += rest > 0 ? (size_t)rest : 0;
    got[size] = '\0';
    size_t seen = 0;
    for (const char *at = got; (at = strstr(at, "\"event\":\"host_end\"")) != NULL; at++)
        seen++;
    cr_assert_eq(seen, ended, "released with %zu of %zu ends written", seen, ended);
    free(got);
    sink_free(jsonl);
    scene_release(&s);
    close(ends[0]);
}
