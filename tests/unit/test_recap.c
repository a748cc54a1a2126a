/* SPDX-License-Identifier: MIT */
/* The recap, as people read it. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "files.h"
#include "sink/elapsed.h"
#include "sink/recap.h"
#include "sink/tally.h"
#include "sink_scene.h"

/* A recap over a scene. */
struct desk {
    struct scene scene;
    struct screen *screen;
    struct sink *tally;
    struct sink *recap;
};

struct look {
    bool is_quiet;
    bool is_terminal;
    bool has_color;
    bool is_ascii;
    bool is_dry_run;
};

static void open_desk(struct desk *d, size_t hosts, struct look look)
{
    scene_init(&d->scene, hosts);
    struct screen_args args = scene_screen_args(&d->scene);
    args.is_utf8 = !look.is_ascii;
    args.sides[STREAM_STDERR].is_terminal = look.is_terminal;
    args.sides[STREAM_STDERR].has_color = look.has_color;
    d->screen = screen_new(&args);
    d->tally = tally_new();
    struct recap_args recap = { .screen = d->screen,
                                .tally = d->tally,
                                .is_quiet = look.is_quiet,
                                .is_dry_run = look.is_dry_run };
    d->recap = recap_new(&recap);
    scene_add(&d->scene, d->tally);
    scene_add(&d->scene, d->recap);
}

/* Ends the run after `us` and expects exactly this on standard error. */
static void expect(struct desk *d, int64_t us, const char *wanted)
{
    struct error err = ERROR_INIT;
    scene_end(&d->scene, us);
    cr_assert(sink_finish(d->recap, &err));
    scene_expect(&d->scene, STREAM_STDERR, wanted);
    scene_expect(&d->scene, STREAM_STDOUT, "");
    sink_free(d->recap);
    sink_free(d->tally);
    screen_free(d->screen);
    scene_release(&d->scene);
}

Test(recap, a_few_hosts_that_are_ok_are_one_short_line)
{
    struct desk d;
    open_desk(&d, 2, (struct look){ 0 });
    scene_start(&d.scene);
    scene_exit(&d.scene, 0, 0, 1000);
    scene_exit(&d.scene, 1, 0, 1000);
    expect(&d, 410000, "  2 ok \xc2\xb7 0.41s\n");
}

Test(recap, is_ascii_where_the_locale_is)
{
    struct desk d;
    open_desk(&d, 1, (struct look){ .is_ascii = true });
    scene_start(&d.scene);
    scene_exit(&d.scene, 0, 0, 1000);
    expect(&d, 1234000, "  1 ok . 1.2s\n");
}

Test(recap, one_host_that_failed_reads_well)
{
    struct desk d;
    open_desk(&d, 1, (struct look){ 0 });
    scene_name(&d.scene, 0, "web03");
    scene_start(&d.scene);
    scene_print(&d.scene, 0, "inactive\n");
    scene_exit(&d.scene, 0, 3, 1000);
    expect(&d, 410000, "  web03  exit 3\n  1 failed \xc2\xb7 0.41s\n");
}

Test(recap, folds_by_cause_the_worst_last)
{
    enum { HOSTS = 1204 };
    struct desk d;
    open_desk(&d, HOSTS, (struct look){ .is_ascii = true });
    scene_name(&d.scene, 3, "web03");
    scene_name(&d.scene, 7, "db07");
    scene_name(&d.scene, 11, "db11");
    scene_name(&d.scene, 20, "cache02");
    scene_start(&d.scene);
    for (size_t i = 0; i < HOSTS; i++) {
        if (i == 3) {
            scene_print(&d.scene, i, "checking\ninactive\n\n");
            scene_exit(&d.scene, i, 3, 400000);
        } else if (i == 7 || i == 11) {
            scene_fail(&d.scene, i, ERR_CONNECT, STAGE_CONNECT, "timed out after 10s");
        } else if (i == 20) {
            scene_fail(&d.scene, i, ERR_HOST_KEY_CHANGED, STAGE_HANDSHAKE,
                       "CHANGED: known SHA256:Kq, offered SHA256:9f");
        } else {
            scene_exit(&d.scene, i, 0, 380000);
        }
    }
    expect(&d, 12400000,
           text_of("  web03      exit 3       inactive\n"
                   "  db[07,11]  unreachable  connect: timed out after 10s\n"
                   "  cache02    host key     CHANGED: known SHA256:Kq, offered SHA256:9f   (%s)\n"
                   "  1204 hosts: 1200 ok, 1 failed, 3 not reached . 12.4s . p50 0.38s p95 0.38s "
                   "max 1.0s\n",
                   error_hint(ERR_HOST_KEY_CHANGED)));
}

Test(recap, stderr_says_more_than_stdout_and_blanks_say_nothing)
{
    struct desk d;
    open_desk(&d, 3, (struct look){ 0 });
    scene_start(&d.scene);
    scene_output(&d.scene, 0, STREAM_STDERR, "no such file\n", 13);
    scene_print(&d.scene, 0, "later\n \t\n");
    scene_exit(&d.scene, 0, 1, 1);
    scene_print(&d.scene, 1, "10%\r20%\r\n");
    scene_exit(&d.scene, 1, 1, 1);
    scene_exit(&d.scene, 2, 1, 1);
    expect(&d, 1000000,
           "  h000  exit 1  no such file\n"
           "  h001  exit 1  20%\n"
           "  h002  exit 1\n"
           "  3 failed \xc2\xb7 1.0s\n");
}

Test(recap, many_different_last_words_are_one_line)
{
    struct desk d;
    open_desk(&d, 40, (struct look){ .is_quiet = true });
    scene_start(&d.scene);
    for (size_t i = 0; i < 40; i++) {
        scene_print(&d.scene, i, text_of("it is %zu o'clock\n", i % 20));
        scene_exit(&d.scene, i, i < 30 ? 1 : 2, 1);
    }
    scene_end(&d.scene, 1);
    struct error err = ERROR_INIT;
    sink_finish(d.recap, &err);
    scene_expect(&d.scene, STREAM_STDERR,
                 "  h[030-039]  exit 2  it is 10 o'clock (and 9 other messages)\n"
                 "  h[000-029]  exit 1  it is 0 o'clock (and 19 other messages)\n");
    sink_free(d.recap);
    sink_free(d.tally);
    screen_free(d.screen);
    scene_release(&d.scene);
}

Test(recap, says_what_became_of_the_command_and_hints_once)
{
    struct desk d;
    open_desk(&d, 4, (struct look){ .is_ascii = true });
    scene_start(&d.scene);
    struct outcome o = scene_outcome();
    o.status = STATUS_TIMEOUT;
    o.has_exit_code = false;
    o.error_stage = STAGE_EXEC;
    o.kill = KILL_UNCONFIRMED;
    error_set(&o.error, ERR_RUN_TIMEOUT, "still running after 2s");
    scene_end_host(&d.scene, 0, &o);
    o.kill = KILL_EXEC;
    scene_end_host(&d.scene, 1, &o);
    error_release(&o.error);
    scene_fail(&d.scene, 2, ERR_CLOSED_EARLY, STAGE_CONNECT, "connect: closed");
    scene_fail(&d.scene, 3, ERR_CLOSED_EARLY, STAGE_HANDSHAKE, "closed");
    expect(&d, 61000000,
           text_of("  h000  timeout      still running after 2s; the remote command may still run\n"
                   "  h001  timeout      still running after 2s\n"
                   "  h002  unreachable  connect: closed   (%s)\n"
                   "  h003  unreachable  handshake: closed\n"
                   "  2 timed out, 2 not reached . 1m01s\n",
                   error_hint(ERR_CLOSED_EARLY)));
}

Test(recap, quiet_leaves_only_what_went_wrong)
{
    struct desk d;
    open_desk(&d, 2, (struct look){ .is_quiet = true });
    scene_start(&d.scene);
    scene_exit(&d.scene, 0, 0, 1);
    scene_exit(&d.scene, 1, 9, 1);
    expect(&d, 1, "  h001  exit 9\n");
}

Test(recap, every_status_is_counted_and_the_stop_is_named)
{
    struct desk d;
    open_desk(&d, 12, (struct look){ .is_ascii = true, .is_quiet = false });
    scene_start(&d.scene);
    scene_exit(&d.scene, 0, 0, 1);
    static const enum error_code codes[] = {
        ERR_RUN_TIMEOUT,       ERR_DNS,      ERR_AUTH,
        ERR_HOST_KEY_UNKNOWN,  ERR_TRANSFER, ERR_CONNECTION_LOST,
        ERR_CANCELLED_BY_USER, ERR_INTERNAL
    };
    for (size_t i = 0; i < 8; i++)
        scene_fail(&d.scene, i + 1, codes[i], STAGE_EXEC, "x");
    for (size_t i = 9; i < 12; i++)
        scene_fail(&d.scene, i, ERR_NOT_RUN_INTERRUPTED, STAGE_QUEUED, "interrupted");
    d.scene.run.interrupted = "signal";
    scene_end(&d.scene, 1000000);
    struct error err = ERROR_INIT;
    sink_finish(d.recap, &err);
    char *text = scene_take(&d.scene, STREAM_STDERR, NULL);
    const char *last = strstr(text, "  12 hosts: ");
    cr_assert_not_null(last);
    cr_assert_str_eq(last,
                     "  12 hosts: 1 ok, 1 timed out, 3 not reached, 1 not transferred, 1 lost, "
                     "1 cancelled, 3 not run, 1 internal error . 1.0s . p50 1.0s p95 1.0s max "
                     "1.0s . interrupted\n");
    static const char *const order[] = { "  h[009-011]  not run",       "  h007        cancelled",
                                         "  h001        timeout",       "  h002        unreachable",
                                         "  h003        auth",          "  h005        transfer",
                                         "  h004        host key",      "  h006        lost",
                                         "  h008        internal error" };
    const char *at = text;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = strstr(at, order[i]);
        cr_assert_not_null(at, "%s is not in its place in\n%s", order[i], text);
    }
    free(text);
    sink_free(d.recap);
    sink_free(d.tally);
    screen_free(d.screen);
    scene_release(&d.scene);
}

Test(recap, a_reader_that_went_away_is_no_failure_of_hosts)
{
    struct desk d;
    open_desk(&d, 3, (struct look){ .is_ascii = true });
    scene_start(&d.scene);
    scene_fail(&d.scene, 0, ERR_CANCELLED_BY_USER, STAGE_EXEC, "interrupted");
    scene_fail(&d.scene, 1, ERR_NOT_RUN_INTERRUPTED, STAGE_QUEUED, "interrupted");
    scene_exit(&d.scene, 2, 1, 1);
    d.scene.run.interrupted = "output";
    expect(
        &d, 1000000,
        "  h002  exit 1\n  1 failed, 1 cancelled, 1 not run . 1.0s . standard output was closed\n");
}

/* The last line of a push to one host that took 3.1 seconds. */
static void expect_files(struct look look, struct transfer_totals totals, const char *wanted)
{
    struct desk d;
    open_desk(&d, 1, look);
    d.scene.run.mode = "push";
    scene_start(&d.scene);
    scene_transferred(&d.scene, 0, totals);
    expect(&d, 3100000, wanted);
}

Test(recap, a_push_says_what_became_of_the_files)
{
    const struct look utf8 = { 0 }, ascii = { .is_ascii = true };
    const struct look dry = { .is_ascii = true, .is_dry_run = true };
    expect_files(utf8, (struct transfer_totals){ 2000, 2000, 0, 8600000 },
                 "  1 ok \xc2\xb7 2,000 files, 8.2M \xc2\xb7 3.1s \xc2\xb7 2.6M/s\n");
    expect_files(ascii, (struct transfer_totals){ 1, 1, 0, 5 }, "  1 ok . 1 file, 5B . 3.1s\n");
    expect_files(ascii, (struct transfer_totals){ 1234567, 12, 0, 100000 },
                 "  1 ok . 1,234,567 files, 12 changed, 98K . 3.1s\n");
    expect_files(ascii, (struct transfer_totals){ 20, 0, 0, 0 },
                 "  1 ok . 20 files, 0 changed . 3.1s\n");
    expect_files(ascii, (struct transfer_totals){ 0 }, "  1 ok . 0 files . 3.1s\n");
    expect_files(ascii, (struct transfer_totals){ 8, 10, 2, 0 },
                 "  1 ok . 8 files, 10 changed, 2 failed . 3.1s\n");
    expect_files(dry, (struct transfer_totals){ 8, 8, 0, 0 },
                 "  1 ok . 8 files, 8 would change . 3.1s\n");
}

Test(recap, a_push_that_reached_nobody_says_nothing_of_files)
{
    struct desk d;
    open_desk(&d, 12, (struct look){ .is_ascii = true });
    d.scene.run.mode = "pull";
    scene_start(&d.scene);
    for (size_t i = 0; i < 12; i++)
        scene_fail(&d.scene, i, ERR_CONNECT, STAGE_CONNECT, "refused");
    expect(&d, 1000000,
           "  h[000-011]  unreachable  connect: refused\n"
           "  12 hosts: 0 ok, 12 not reached . 1.0s . p50 1.0s p95 1.0s max 1.0s\n");
}

Test(recap, hostile_texts_are_harmless_on_a_terminal)
{
    struct desk d;
    open_desk(&d, 2, (struct look){ .is_terminal = true, .has_color = true });
    scene_start(&d.scene);
    scene_print(&d.scene, 0, "\x1b[2J\x1b]0;x\x07\n");
    scene_exit(&d.scene, 0, 1, 1);
    scene_fail(&d.scene, 1, ERR_NOT_SSH, STAGE_HANDSHAKE, "it said \x1b[H\nsecond line");
    expect(&d, 1000000,
           text_of(
               "  h000  \x1b[31mexit 1\x1b[0m       \\x1b[2J\\x1b]0;x\\x07\n"
               "  h001  \x1b[31munreachable\x1b[0m  handshake: it said \\x1b[H second line   (%s)\n"
               "  1 failed, 1 not reached \xc2\xb7 1.0s\n",
               error_hint(ERR_NOT_SSH)));
}

Test(recap, a_long_list_of_names_is_cut_and_counted)
{
    enum { HOSTS = 500 };
    struct desk d;
    open_desk(&d, HOSTS, (struct look){ .is_quiet = true });
    for (size_t i = 0; i < HOSTS; i++)
        scene_name(&d.scene, i, xprintf("%c%cx", (char)('a' + i % 25), (char)('a' + i / 25)));
    scene_start(&d.scene);
    for (size_t i = 0; i < HOSTS; i++)
        scene_fail(&d.scene, i, ERR_CONNECT, STAGE_CONNECT, "refused");
    scene_end(&d.scene, 1);
    struct error err = ERROR_INIT;
    sink_finish(d.recap, &err);
    char *text = scene_take(&d.scene, STREAM_STDERR, NULL);
    cr_assert_eq(strncmp(text, "  aax,bax,cax,", 14), 0, "%s", text);
    cr_assert_not_null(strstr(text, "x,... (500 hosts)  unreachable  connect: refused\n"), "%s",
                       text);
    cr_assert_lt(strlen(text), 340);
    free(text);
    sink_free(d.recap);
    sink_free(d.tally);
    screen_free(d.screen);
    scene_release(&d.scene);
}

Test(elapsed, reads_well)
{
    static const struct {
        int64_t us;
        const char *text;
        const char *clock;
    } rows[] = { { -5, "0.00s", "0:00" },           { 4999, "0.00s", "0:00" },
                 { 410000, "0.41s", "0:00" },       { 994000, "0.99s", "0:00" },
                 { 999000, "1.0s", "0:00" },        { 12440000, "12.4s", "0:12" },
                 { 59940000, "59.9s", "0:59" },     { 59990000, "1m00s", "0:59" },
                 { 64000000, "1m04s", "1:04" },     { 3599000000, "59m59s", "59:59" },
                 { 7620000000, "2h07m", "2:07:00" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[ELAPSED_SIZE];
        elapsed_text(rows[i].us, text);
        cr_expect_str_eq(text, rows[i].text, "%s", text);
        elapsed_clock(rows[i].us, text);
        cr_expect_str_eq(text, rows[i].clock, "%s", text);
    }
}
