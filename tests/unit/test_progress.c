/* SPDX-License-Identifier: MIT */
/* The progress line and notes: when they are drawn, and what they say. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sink/notes.h"
#include "sink/progress.h"
#include "sink/rate.h"
#include "sink_scene.h"

#define MS INT64_C(1000)

struct desk {
    struct scene scene;
    struct screen *screen;
    struct sink *progress;
};

/* A progress sink that was made at time 0; a terminal if it draws a line. */
static void open_desk(struct desk *d, size_t hosts, bool has_line, bool has_beat)
{
    scene_init(&d->scene, hosts);
    struct screen_args args = scene_screen_args(&d->scene);
    args.sides[STREAM_STDERR].is_terminal = has_line;
    d->screen = screen_new(&args);
    struct progress_args progress = { .screen = d->screen,
                                      .has_line = has_line,
                                      .has_beat = has_beat };
    d->progress = progress_new(&progress);
    scene_add(&d->scene, d->progress);
}

static void close_desk(struct desk *d)
{
    sink_free(d->progress);
    screen_free(d->screen);
    scene_release(&d->scene);
}

static void expect_line(struct desk *d, int64_t now_us, const char *wanted)
{
    struct buf b;
    buf_init(&b, 1000);
    progress_status_line(d->progress, now_us, &b);
    cr_assert_str_eq(buf_str(&b), wanted, "%s", buf_str(&b));
    buf_release(&b);
}

Test(progress, counts_stages_and_ends)
{
    struct desk d;
    open_desk(&d, 9, true, false);
    scene_start(&d.scene);
    expect_line(&d, 0, "0/9   queued 9   0:00");
    for (size_t i = 0; i < 8; i++)
        scene_emit(&d.scene, i, EVENT_HOST_START);
    scene_stage(&d.scene, 1, STAGE_CONNECT);
    scene_stage(&d.scene, 2, STAGE_HANDSHAKE);
    scene_stage(&d.scene, 3, STAGE_AUTH);
    scene_stage(&d.scene, 4, STAGE_EXEC);
    scene_emit(&d.scene, 5, EVENT_HOST_EXEC);
    scene_emit(&d.scene, 6, EVENT_HOST_RETRY);
    scene_exit(&d.scene, 7, 0, 1);
    expect_line(&d, 900 * MS,
                "1/9  ok 1   queued 2  connecting 2  handshake 1  auth 1  running 2   0:00");
    for (size_t i = 1; i < 4; i++)
        scene_exit(&d.scene, i, (uint32_t)i - 1, 1);
    scene_fail(&d.scene, 0, ERR_DNS, STAGE_DNS, "no such host");
    scene_fail(&d.scene, 4, ERR_RUN_TIMEOUT, STAGE_EXEC, "late");
    expect_line(&d, 6000 * MS,
                "6/9  ok 2  failed 2  timed out 1  not reached 1   queued 2  running 1   0:06 eta "
                "0:03   slowest h005 6.0s");
    scene_exit(&d.scene, 5, 0, 1);
    scene_fail(&d.scene, 6, ERR_NO_EXIT_STATUS, STAGE_EXEC, "lost");
    scene_fail(&d.scene, 8, ERR_NOT_RUN_LIMIT, STAGE_QUEUED, "stopped");
    expect_line(&d, 3661 * US_PER_SEC,
                "9/9  ok 3  failed 2  timed out 1  not reached 1  lost 1  other 1   1:01:01");
    close_desk(&d);
}

Test(progress, foretells_the_end_once_a_tenth_is_done)
{
    struct desk d;
    open_desk(&d, 20, true, false);
    scene_start(&d.scene);
    scene_exit(&d.scene, 0, 0, 1);
    expect_line(&d, 3000 * MS, "1/20  ok 1   queued 19   0:03");
    scene_exit(&d.scene, 1, 0, 1);
    expect_line(&d, 900 * MS, "2/20  ok 2   queued 18   0:00");
    expect_line(&d, 3000 * MS, "2/20  ok 2   queued 18   0:03 eta 0:27");
    close_desk(&d);
}

Test(progress, a_push_says_how_much_how_fast_and_how_long)
{
    enum { MIB = 1024 * 1024 };
    struct desk d;
    open_desk(&d, 4, false, false);
    d.scene.run.mode = "push";
    d.scene.run.transfer_bytes = 400 * MIB;
    scene_start(&d.scene);
    expect_line(&d, 0, "0/4   queued 4   0B/400M   0:00");
    for (size_t i = 0; i < 3; i++) {
        scene_emit(&d.scene, i, EVENT_HOST_START);
        scene_emit(&d.scene, i, EVENT_HOST_EXEC);
    }
    for (int64_t ms = 0; ms <= 10000; ms += 100) {
        progress_tick(d.progress, ms * MS);
        if (ms >= 6000) /* nothing happens for six seconds */
            scene_moved(&d.scene, 0, MIB);
    }
    expect_line(&d, 10000 * MS,
                "0/4   queued 1  copying 3   41M/400M  9.1M/s   0:10 eta 0:39"
                "   slowest h000 10.0s");
    scene_transferred(&d.scene, 1, (struct transfer_totals){ 0 }); /* it had everything */
    expect_line(&d, 10000 * MS,
                "1/4  ok 1   queued 1  copying 2   141M/400M  9.1M/s   0:10 eta "
                "0:08   slowest h000 10.0s");
    scene_moved(&d.scene, 0, (size_t)200 * MIB); /* more than its share */
    expect_line(&d, 20000 * MS,
                "1/4  ok 1   queued 1  copying 2   200M/400M  17M/s   0:20 eta "
                "0:14   slowest h000 20.0s");
    scene_fail(&d.scene, 2, ERR_TRANSFER, STAGE_EXEC, "disk full");
    scene_transferred(&d.scene, 0, (struct transfer_totals){ 0 });
    scene_transferred(&d.scene, 3, (struct transfer_totals){ 0 });
    expect_line(&d, 20000 * MS, "4/4  ok 3  other 1   400M/400M  17M/s   0:20");
    close_desk(&d);
}

Test(progress, a_pull_does_not_know_how_much_will_come)
{
    struct desk d;
    open_desk(&d, 2, false, false);
    d.scene.run.mode = "pull";
    scene_start(&d.scene);
    scene_emit(&d.scene, 0, EVENT_HOST_START);
    progress_tick(d.progress, 0);
    scene_moved(&d.scene, 0, 5000);
    scene_emit(&d.scene, 0, EVENT_HOST_RETRY);
    scene_emit(&d.scene, 0, EVENT_HOST_EXEC);
    scene_moved(&d.scene, 0, 5240);
    scene_emit(&d.scene, 1, EVENT_HOST_START);
    scene_transferred(&d.scene, 1, (struct transfer_totals){ 0 });
    expect_line(&d, 2000 * MS, "1/2  ok 1   copying 1   10K  5.0K/s   0:02 eta 0:02");
    struct buf b;
    buf_init(&b, 1000);
    progress_running(d.progress, 2 * US_PER_SEC, 2, &b);
    cr_assert_str_eq(buf_str(&b), "", "it waits for its next attempt");
    scene_emit(&d.scene, 0, EVENT_HOST_START);
    scene_emit(&d.scene, 0, EVENT_HOST_EXEC);
    progress_running(d.progress, 2 * US_PER_SEC, 2, &b);
    cr_assert_str_eq(buf_str(&b), "  h000  copying  2.0s\n");
    buf_release(&b);
    close_desk(&d);
}

Test(rate, is_that_of_the_last_five_seconds)
{
    struct rate r = { 0 };
    cr_assert_eq(rate_per_second(&r, 5000 * MS, 99), 0, "no sample yet");
    uint64_t total = 1000;
    int64_t ms = 100;
    rate_sample(&r, ms * MS, total);
    cr_assert_eq(rate_per_second(&r, 200 * MS, 2000), 0, "too early");
    cr_assert_eq(rate_per_second(&r, 1100 * MS, 2000), 1000);
    for (; ms < 20000; ms += 100, total += 10)
        rate_sample(&r, ms * MS, total);
    cr_assert_float_eq(rate_per_second(&r, ms * MS, total), 100, 3);
    for (; ms < 26000; ms += 100)
        rate_sample(&r, ms * MS, total);
    cr_assert_eq(rate_per_second(&r, ms * MS, total), 0, "it stands still");
    for (; ms < 32000; ms += 100, total += 500)
        rate_sample(&r, ms * MS, total);
    cr_assert_float_eq(rate_per_second(&r, ms * MS, total), 5000, 100);
}

Test(progress, first_after_half_a_second_then_ten_a_second_at_most)
{
    struct desk d;
    open_desk(&d, 2, true, false);
    scene_start(&d.scene);
    progress_tick(d.progress, 499 * MS);
    scene_expect(&d.scene, STREAM_STDERR, "");
    progress_tick(d.progress, 500 * MS);
    scene_expect(&d.scene, STREAM_STDERR, "\r0/2   queued 2   0:00\x1b[K");
    scene_emit(&d.scene, 0, EVENT_HOST_START);
    progress_tick(d.progress, 550 * MS);
    scene_expect(&d.scene, STREAM_STDERR, "");
    progress_tick(d.progress, 600 * MS);
    scene_expect(&d.scene, STREAM_STDERR, "\r0/2   queued 1  connecting 1   0:00\x1b[K");
    progress_tick(d.progress, 700 * MS);
    scene_expect(&d.scene, STREAM_STDERR, "");
    screen_messagef(d.screen, "a note");
    scene_expect(&d.scene, STREAM_STDERR, "\r\x1b[Ka note\n");
    progress_tick(d.progress, 800 * MS);
    scene_expect(&d.scene, STREAM_STDERR, "\r0/2   queued 1  connecting 1   0:00\x1b[K");
    scene_end(&d.scene, 1);
    scene_expect(&d.scene, STREAM_STDERR, "\r\x1b[K");
    progress_tick(d.progress, 2000 * MS);
    scene_expect(&d.scene, STREAM_STDERR, "");
    close_desk(&d);
}

Test(progress, a_log_gets_a_line_every_half_minute)
{
    struct desk d;
    open_desk(&d, 2, false, true);
    scene_start(&d.scene);
    for (int64_t ms = 0; ms <= 65000; ms += 100)
        progress_tick(d.progress, ms * MS);
    scene_expect(&d.scene, STREAM_STDERR,
                 "muster: 0/2   queued 2   0:30\nmuster: 0/2   queued 2   1:00\n");
    close_desk(&d);
}

Test(progress, says_what_runs_where_the_oldest_first)
{
    struct desk d;
    open_desk(&d, 5, true, false);
    scene_name(&d.scene, 3, "evil\x1b[2J");
    scene_start(&d.scene);
    for (size_t i = 4; i > 0; i--) {
        progress_tick(d.progress, (int64_t)(4 - i) * US_PER_SEC / 10);
        scene_emit(&d.scene, i, EVENT_HOST_START);
    }
    scene_emit(&d.scene, 4, EVENT_HOST_EXEC);
    scene_stage(&d.scene, 2, STAGE_AUTH);
    scene_exit(&d.scene, 1, 0, 1);
    struct buf b;
    buf_init(&b, 1000);
    progress_running(d.progress, 12 * US_PER_SEC, 2, &b);
    cr_assert_str_eq(buf_str(&b), "  h004  running  12.0s\n"
                                  "  evil\\x1b[2J  looking up the name  11.9s\n"
                                  "  and 1 more\n");
    buf_release(&b);
    close_desk(&d);
}

Test(notes, warnings_are_always_shown_and_the_rest_on_request)
{
    for (int verbose = 0; verbose < 2; verbose++) {
        struct scene s;
        scene_init(&s, 2);
        struct screen_args args = scene_screen_args(&s);
        struct screen *screen = screen_new(&args);
        struct sink *notes = notes_new(screen, verbose);
        scene_add(&s, notes);
        scene_start(&s);
        scene_note(&s, 9, SEVERITY_WARNING, "fanout is now 100");
        scene_note(&s, 1, SEVERITY_INFO, "Welcome\r\n\r\nto h001\n");
        struct error error = { ERR_CLOSED_EARLY, (char *)"closed" };
        struct event retry = { .kind = EVENT_HOST_RETRY,
                               .host = &s.hosts[0],
                               .stage = STAGE_HANDSHAKE,
                               .error = &error,
                               .delay_us = 250000 };
        event_emit(&s.emitter, &retry);
        scene_expect(&s, STREAM_STDERR,
                     verbose ? "muster: fanout is now 100\nmuster: h001: Welcome\n"
                               "muster: h001: to h001\n"
                               "muster: h000: handshake: closed; trying again in 0.25s\n"
                             : "muster: fanout is now 100\n");
        sink_free(notes);
        screen_free(screen);
        scene_release(&s);
    }
}
