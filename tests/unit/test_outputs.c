/* SPDX-License-Identifier: MIT */
/* Everything a run prints and writes, together: files, closed and full outputs, the exit status. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cli/outputs.h"
#include "files.h"
#include "proc.h"
#include "report.h"
#include "sink_scene.h"

/* The outputs of a scene's run. */
struct desk {
    struct scene scene;
    struct arena *arena;
    struct settings settings;
    struct outputs *outputs;
    struct error error;
    int fds[STREAM_COUNT];  /* what is printed to */
    int ends[STREAM_COUNT]; /* where it can be read; -1 for a file */
    int closed;             /* calls of on_stdout_dead */
};

static void on_dead(void *arg, bool is_closed)
{
    struct desk *d = arg;
    d->closed += is_closed;
}

static void on_notify(void *arg)
{
    (void)arg;
}

/* Settings with their defaults, two pipes, no outputs yet. */
static void set_desk(struct desk *d, size_t hosts)
{
    memset(d, 0, sizeof *d);
    scene_init(&d->scene, hosts);
    d->arena = arena_new();
    settings_init(&d->settings, d->arena);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        int ends[2];
        cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
        d->ends[i] = ends[0];
        d->fds[i] = ends[1];
    }
    unsetenv("GITHUB_ACTIONS");
    unsetenv("CI");
    setenv("NO_COLOR", "1", 1);
    setenv("TERM", "xterm", 1);
}

static bool try_open(struct desk *d)
{
    struct outputs_args args = { .settings = &d->settings,
                                 .gate = &d->scene.gate,
                                 .fds = { d->fds[0], d->fds[1] },
                                 .notify = on_notify,
                                 .on_stdout_dead = on_dead,
                                 .arg = d };
    if (!outputs_open(&d->outputs, &args, &d->error))
        return false;
    emitter_add(&d->scene.emitter, outputs_listener(d->outputs));
    return true;
}

static void open_desk(struct desk *d)
{
    cr_assert(try_open(d), "%s", error_text(&d->error));
    scene_start(&d->scene);
}

/* Ends the run and returns the exit status. */
static int finish(struct desk *d)
{
    scene_end(&d->scene, 410000);
    struct outputs_end end = outputs_finish(d->outputs);
    cr_assert_not(end.is_stuck);
    outputs_free(d->outputs);
    return end.status;
}

/* All that was printed to one side; the writing end is closed. */
static const char *printed(struct desk *d, enum stream side)
{
    close(d->fds[side]);
    char *text = xcalloc(1 << 20, 1);
    size_t size = 0;
    ssize_t n;
    while ((n = read(d->ends[side], text + size, ((size_t)1 << 20) - size - 1)) > 0)
        size += (size_t)n;
    return text;
}

#define EXPECT_PRINTED(d, side, wanted)                                                            \
    do {                                                                                           \
        const char *text_ = printed(d, side);                                                      \
        cr_assert_str_eq(text_, wanted, "%s", text_);                                              \
    } while (0)

Test(outputs, a_plain_run_prints_lines_and_a_recap)
{
    struct desk d;
    set_desk(&d, 2);
    open_desk(&d);
    scene_print(&d.scene, 0, "up 41 days\n");
    scene_output(&d.scene, 1, STREAM_STDERR, "oops\n", 5);
    scene_exit(&d.scene, 0, 0, 1000);
    scene_exit(&d.scene, 1, 3, 1000);
    cr_assert_eq(finish(&d), 1);
    EXPECT_PRINTED(&d, STREAM_STDOUT, "h000: up 41 days\n");
    EXPECT_PRINTED(&d, STREAM_STDERR,
                   "h001: oops\n  h001  exit 3  oops\n  1 ok, 1 failed . 0.41s\n");
}

/* A push of a file to two hosts, where one refuses it. */
static int play_push(struct desk *d)
{
    static const struct file_record file = {
        .action = FILE_CREATE, .src = "a", .dst = "/srv/a", .bytes = 1024
    };
    d->scene.run.mode = "push";
    open_desk(d);
    scene_file(&d->scene, 0, &file);
    scene_file_failed(&d->scene, 1, &file, "/srv/a: Permission denied");
    scene_transferred(&d->scene, 0, (struct transfer_totals){ 1, 1, 0, 1024 });
    scene_fail(&d->scene, 1, ERR_TRANSFER, STAGE_EXEC, "1 file failed");
    return finish(d);
}

Test(outputs, a_push_tells_of_files_that_failed)
{
    struct desk d;
    set_desk(&d, 2);
    cr_assert_eq(play_push(&d), 4);
    EXPECT_PRINTED(&d, STREAM_STDOUT, "");
    EXPECT_PRINTED(&d, STREAM_STDERR,
                   "h001: /srv/a: Permission denied\n"
                   "  h001  transfer  1 file failed\n"
                   "  1 ok, 1 not transferred . 1 file, 1.0K . 0.41s\n");
}

Test(outputs, a_dry_run_of_a_push_lists_what_would_be_done)
{
    struct desk d;
    set_desk(&d, 2);
    d.settings.dry_run = true;
    d.settings.quiet = true;
    cr_assert_eq(play_push(&d), 4);
    EXPECT_PRINTED(&d, STREAM_STDOUT, "h000: create /srv/a (1.0K)\n");
}

Test(outputs, a_report_of_a_push_is_alone_on_standard_output)
{
    struct desk d;
    set_desk(&d, 2);
    d.settings.dry_run = true;
    d.settings.json.s = (char *)"-";
    cr_assert_eq(play_push(&d), 4);
    cJSON *r = json_parse(printed(&d, STREAM_STDOUT));
    cr_assert_str_eq(json_text_at(r, "hosts.0.files.0.dst"), "/srv/a");
}

Test(outputs, files_record_the_same_run)
{
    struct desk d;
    set_desk(&d, 3);
    d.settings.json.s = tmp_path("r.json");
    d.settings.jsonl.s = tmp_path("e.jsonl");
    d.settings.quiet = true;
    open_desk(&d);
    for (size_t i = 0; i < 3; i++) {
        scene_print(&d.scene, i, "x\n");
        scene_exit(&d.scene, i, 3, 1000);
    }
    cr_assert_eq(finish(&d), 1);
    cJSON *r = report_load(d.settings.json.s);
    cr_assert_eq(json_number_at(r, "summary.exit_code"), 1);
    cr_assert_str_eq(json_text_at(r, "hosts.2.stdout"), "x\n");
    cJSON *lines = json_load_lines(d.settings.jsonl.s);
    cr_assert_eq(json_count(lines, "event", "host_end"), 3);
    cr_assert_str_eq(json_text_at(lines, "7.event"), "run_end");
    EXPECT_PRINTED(&d, STREAM_STDOUT, "h000: x\nh001: x\nh002: x\n");
    EXPECT_PRINTED(&d, STREAM_STDERR, "  h[000-002]  exit 3  x\n");
}

Test(outputs, a_report_on_standard_output_is_alone_there)
{
    struct desk d;
    set_desk(&d, 1);
    d.settings.json.s = (char *)"-";
    d.settings.exit_zero = true;
    open_desk(&d);
    scene_print(&d.scene, 0, "x\n");
    scene_exit(&d.scene, 0, 1, 1);
    cr_assert_eq(finish(&d), 0);
    cJSON *r = json_parse(printed(&d, STREAM_STDOUT));
    cr_assert_str_eq(json_text_at(r, "hosts.0.stdout"), "x\n");
    cr_assert_eq(json_number_at(r, "summary.exit_code"), 0);
}

Test(outputs, events_on_standard_output_are_alone_there)
{
    struct desk d;
    set_desk(&d, 1);
    d.settings.jsonl.s = (char *)"-";
    open_desk(&d);
    scene_output(&d.scene, 0, STREAM_STDERR, "x\n", 2);
    scene_exit(&d.scene, 0, 0, 1);
    cr_assert_eq(finish(&d), 0);
    cJSON *lines = json_parse_lines(printed(&d, STREAM_STDOUT));
    cr_assert_eq(cJSON_GetArraySize(lines), 4);
    EXPECT_PRINTED(&d, STREAM_STDERR, "  1 ok . 0.41s\n");
}

Test(outputs, what_cannot_be_opened_is_said_before_anything_runs)
{
    struct desk d;
    set_desk(&d, 1);
    d.settings.json.s = d.settings.jsonl.s = (char *)"-";
    cr_assert_not(try_open(&d));
    cr_assert_eq(d.error.code, ERR_USAGE);
    d.settings.json.s = tmp_path("missing/r.json");
    d.settings.jsonl.s = tmp_file("e.jsonl", "old\n");
    cr_assert_not(try_open(&d));
    cr_assert_eq(d.error.code, ERR_FILE);
    cr_assert_str_eq(file_read(d.settings.jsonl.s, NULL), "old\n", "not emptied for nothing");
    d.settings.json.s = tmp_path("r.json");
    d.settings.jsonl.s = tmp_path("missing/e.jsonl");
    cr_assert_not(try_open(&d));
    cr_assert_str_eq(error_text(&d.error),
                     text_of("%s: No such file or directory", d.settings.jsonl.s));
    cr_assert_not(file_exists(d.settings.json.s));
    error_release(&d.error);
}

/* Prints until the closed pipe is noticed. */
static void print_into_closed(struct desk *d)
{
    close(d->ends[STREAM_STDOUT]);
    scene_print(&d->scene, 0, "y\n");
    for (int i = 0; i < 500; i++) {
        outputs_pump(d->outputs);
        usleep(1000);
    }
    scene_print(&d->scene, 0, "y\n");
}

Test(outputs, a_closed_standard_output_ends_a_run_that_nothing_else_records, .timeout = 20)
{
    struct desk d;
    set_desk(&d, 2);
    open_desk(&d);
    print_into_closed(&d);
    cr_assert_eq(d.closed, 1);
    scene_fail(&d.scene, 0, ERR_CANCELLED_BY_USER, STAGE_EXEC, "interrupted");
    scene_fail(&d.scene, 1, ERR_NOT_RUN_INTERRUPTED, STAGE_QUEUED, "interrupted");
    d.scene.run.signal = SIGPIPE;
    d.scene.run.interrupted = "output";
    cr_assert_eq(finish(&d), 141);
    cr_assert_eq(d.closed, 1);
    EXPECT_PRINTED(&d, STREAM_STDERR,
                   "  1 cancelled, 1 not run . 0.41s . standard output was closed\n");
}

Test(outputs, a_standard_output_closed_at_the_very_end_is_the_same, .timeout = 20)
{
    struct desk d;
    set_desk(&d, 1);
    open_desk(&d);
    close(d.ends[STREAM_STDOUT]);
    scene_print(&d.scene, 0, "y\n");
    scene_exit(&d.scene, 0, 0, 1);
    cr_assert_eq(finish(&d), 141);
}

Test(outputs, a_closed_standard_output_does_not_stop_a_run_that_a_file_records, .timeout = 20)
{
    struct desk d;
    set_desk(&d, 2);
    d.settings.json.s = tmp_path("r.json");
    open_desk(&d);
    print_into_closed(&d);
    cr_assert_eq(d.closed, 0);
    scene_exit(&d.scene, 0, 0, 1);
    scene_exit(&d.scene, 1, 0, 1);
    cr_assert_eq(finish(&d), 74);
    cJSON *r = report_load(d.settings.json.s);
    cr_assert_str_eq(json_text_at(r, "hosts.0.stdout"), "y\ny\n");
    cr_assert_eq(json_number_at(r, "summary.exit_code"), 74);
    EXPECT_PRINTED(&d, STREAM_STDERR,
                   "muster: standard output was closed; printing stops, the run goes on\n"
                   "  2 ok . 0.41s\n");
}

/* /dev/full in the place of a descriptor. */
static void fill(int fd)
{
    int full = open("/dev/full", O_WRONLY);
    cr_assert_geq(full, 0);
    cr_assert_eq(dup2(full, fd), fd);
    close(full);
}

Test(outputs, a_full_standard_output_is_74, .timeout = 20)
{
    struct desk d;
    set_desk(&d, 1);
    fill(d.fds[STREAM_STDOUT]);
    open_desk(&d);
    scene_print(&d.scene, 0, "x\n");
    scene_exit(&d.scene, 0, 0, 1);
    cr_assert_eq(finish(&d), 74);
    cr_assert_eq(d.closed, 0);
    EXPECT_PRINTED(&d, STREAM_STDERR,
                   "muster: standard output: No space left on device\n  1 ok . 0.41s\n");
}

Test(outputs, one_full_file_spoils_no_other, .timeout = 20)
{
    struct desk d;
    set_desk(&d, 1);
    d.settings.jsonl.s = (char *)"/dev/full";
    d.settings.json.s = tmp_path("r.json");
    open_desk(&d);
    scene_print(&d.scene, 0, "x\n");
    scene_exit(&d.scene, 0, 0, 1);
    cr_assert_eq(finish(&d), 74);
    report_load(d.settings.json.s);
    EXPECT_PRINTED(&d, STREAM_STDOUT, "h000: x\n");
    EXPECT_PRINTED(&d, STREAM_STDERR,
                   "muster: /dev/full: No space left on device\n  1 ok . 0.41s\n");
}

Test(outputs, a_report_that_cannot_be_written_is_74, .timeout = 20)
{
    struct desk d;
    set_desk(&d, 1);
    d.settings.json.s = (char *)"/dev/full";
    open_desk(&d);
    scene_exit(&d.scene, 0, 1, 1);
    cr_assert_eq(finish(&d), 74);
    const char *text = printed(&d, STREAM_STDERR);
    cr_assert_eq(strncmp(text, "muster: /dev/full: No space left on device; the report", 54), 0,
                 "%s", text);
}

Test(outputs, a_reader_that_takes_nothing_is_not_waited_for_after_a_signal, .timeout = 30)
{
    struct desk d;
    set_desk(&d, 1);
    d.settings.json.s = tmp_path("r.json");
    open_desk(&d);
    static char line[60000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 300; i++)
        scene_output(&d.scene, 0, STREAM_STDOUT, line, sizeof line);
    cr_assert_eq(d.scene.gate.held, 1, "the gate is held while nobody reads");
    scene_fail(&d.scene, 0, ERR_CANCELLED_BY_USER, STAGE_EXEC, "interrupted");
    d.scene.run.signal = SIGTERM;
    d.scene.run.interrupted = "signal";
    scene_end(&d.scene, 1);
    int64_t began_us = clock_monotonic_us();
    struct outputs_end end = outputs_finish(d.outputs);
    cr_assert_lt(clock_monotonic_us() - began_us, 2 * US_PER_SEC);
    cr_assert(end.is_stuck);
    cr_assert_eq(end.status, 143);
    cJSON *r = report_load(d.settings.json.s);
    cr_assert_str_eq(json_text_at(r, "hosts.0.status"), "cancelled");
    char said[200] = "";
    cr_assert_gt(read(d.ends[STREAM_STDERR], said, sizeof said - 1), 0);
    cr_assert_not_null(strstr(said, "standard output: "), "%s", said);
    cr_assert_not_null(strstr(said, " bytes were not written in time"), "%s", said);
}

/* A terminal in the place of both pipes; returns its other end. */
static int set_terminal(struct desk *d)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert_geq(master, 0);
    cr_assert_eq(grantpt(master), 0);
    cr_assert_eq(unlockpt(master), 0);
    struct winsize size = { .ws_row = 24, .ws_col = 40 };
    cr_assert_eq(ioctl(master, TIOCSWINSZ, &size), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    cr_assert_geq(slave, 0);
    dup2(slave, d->fds[STREAM_STDOUT]);
    dup2(slave, d->fds[STREAM_STDERR]);
    close(slave);
    return master;
}

/* What the terminal shows now; waits up to 2 s for `wanted` to be its end. */
static void expect_shown(int master, const char *wanted)
{
    char got[4096] = "";
    size_t size = 0;
    struct pollfd p = { .fd = master, .events = POLLIN };
    while (strcmp(got, wanted) != 0 && poll(&p, 1, 2000) == 1) {
        ssize_t n = read(master, got + size, sizeof got - size - 1);
        cr_assert_gt(n, 0);
        size += (size_t)n;
        got[size] = '\0';
    }
    cr_assert_str_eq(got, wanted, "%s", got);
}

Test(outputs, a_terminal_shows_lines_above_the_progress_line, .timeout = 30)
{
    struct desk d;
    set_desk(&d, 20);
    int master = set_terminal(&d);
    open_desk(&d);
    int64_t now_us = clock_monotonic_us();
    scene_emit(&d.scene, 0, EVENT_HOST_START);
    outputs_tick(d.outputs, now_us + 600000);
    expect_shown(master, "\r0/20   queued 19  connecting 1   0:00\x1b[K");
    scene_print(&d.scene, 0, "\x1b[2Jx\n");
    expect_shown(master, "\r\x1b[Kh000: \\x1b[2Jx\r\n");
    outputs_show_running(d.outputs);
    char running[100] = "";
    cr_assert_gt(read(master, running, sizeof running - 1), 0);
    cr_assert_eq(strncmp(running, "  h000  looking up the name  0.", 31), 0, "%s", running);
    outputs_pause(d.outputs, true);
    outputs_tick(d.outputs, now_us + 800000);
    outputs_note(d.outputs, "two\nlines");
    expect_shown(master, "muster: two lines\r\n");
    outputs_pause(d.outputs, false);
    /* A tick is dropped while the thread has not counted the note as written. */
    struct pollfd drawn = { .fd = master, .events = POLLIN };
    for (int64_t i = 0; i < 9 && poll(&drawn, 1, 100) == 0; i++)
        outputs_tick(d.outputs, now_us + 1000000 + i * 100000);
    expect_shown(master, "\r0/20   queued 19  connecting 1   0:01\x1b[K");
    for (size_t i = 0; i < 20; i++)
        scene_exit(&d.scene, i, 0, 1000);
    scene_end(&d.scene, 1000000);
    cr_assert_eq(outputs_finish(d.outputs).status, 0);
    expect_shown(master, "\r\x1b[K  20 hosts: 20 ok . 1.0s . p50 0.00s p95 0.00s max 0.00s\r\n");
    outputs_free(d.outputs);
}

Test(outputs, github_reads_commands_again_in_the_end)
{
    struct desk d;
    set_desk(&d, 2);
    setenv("GITHUB_ACTIONS", "true", 1);
    open_desk(&d);
    scene_print(&d.scene, 0, "::error::x\n");
    for (size_t i = 0; i < 2; i++)
        scene_exit(&d.scene, i, 0, 1);
    cr_assert_eq(finish(&d), 0);
    const char *out = printed(&d, STREAM_STDOUT), *err = printed(&d, STREAM_STDERR);
    cr_assert_eq(strncmp(out, "::stop-commands::", 17), 0);
    char *token = xstrndup(out + 17, 32);
    cr_assert_str_eq(out + 49, text_of("\nh000: ::error::x\n::%s::\n", token));
    cr_assert_str_eq(err, text_of("::stop-commands::%s\n  2 ok . 0.41s\n::%s::\n", token, token));
}

Test(outputs, files_do_not_take_the_place_of_closed_descriptors, .timeout = 60)
{
    const char *events = tmp_path("e.jsonl");
    const char *argv[] = { "sh",
                           "-c",
                           "exec \"$0\" run -w 127.0.0.1 -p \"$1\" -t 5s --jsonl \"$2\" "
                           "--json \"$3\" true <&- >&- 2>&-",
                           MUSTER_BINARY,
                           text_of("%d", free_port()),
                           events,
                           tmp_path("r.json"),
                           NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    cr_assert_eq(r.exit_code, 74, "%s", proc_describe(&r));
    cJSON *lines = json_load_lines(events);
    cr_assert_str_eq(json_text_at(lines, "0.event"), "run_start");
    cr_assert_eq(json_count(lines, "event", "host_end"), 1);
    report_load(tmp_path("r.json"));
    proc_result_release(&r);
}
