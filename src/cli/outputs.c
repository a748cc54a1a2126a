/* SPDX-License-Identifier: MIT */
#include "cli/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/trace.h"
#include "cli/terminal.h"
#include "sink/file_lines.h"
#include "sink/jsonl.h"
#include "sink/notes.h"
#include "sink/progress.h"
#include "sink/recap.h"
#include "sink/report.h"
#include "sink/screen.h"
#include "sink/stream.h"
#include "sink/tally.h"
#include "sink/writer.h"

/* Before the report is written, so that it knows of outputs that fail. */
#define SETTLE_US (INT64_C(2) * US_PER_SEC)

enum { RUNNING_SHOWN_MAX = 20, TEXT_MAX = 1024 * 1024 };

/* The sinks in the order in which they hear of events. */
enum part { TALLY, PROGRESS, NOTES, STREAM, FILES, RECAP, JSONL, REPORT, PART_COUNT };

struct outputs {
    struct outputs_args args;
    struct listener listener;
    struct sink *sinks[PART_COUNT]; /* NULL: not asked for */
    struct screen *screen;
    struct writer *terminal_writer;
    struct writer *file_writer;
    struct output *printed[STREAM_COUNT];
    int signal;            /* that ended the run, or 0 */
    bool is_over;          /* run_end was seen */
    bool is_stdout_closed; /* and nothing else records results */
    bool is_stuck;
};

/* Is the path "-"? */
static bool is_stdout(const struct path *path)
{
    return path->s && strcmp(path->s, "-") == 0;
}

/* Does a file record results, beside what is printed? */
static bool has_file(const struct settings *s)
{
    return (s->json.s && !is_stdout(&s->json)) || (s->jsonl.s && !is_stdout(&s->jsonl));
}

/* Is the environment variable set to something? */
static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool has_value(const char *name, const char *expected)
{
    const char *value = getenv(name);
    return value && strcmp(value, expected) == 0;
}

/* Hands an event to each sink. */
static void on_event(struct listener *listener, const struct event *e)
{
    struct outputs *o = list_entry(listener, struct outputs, listener);
    if (e->kind == EVENT_RUN_END) {
        o->is_over = true;
        o->signal = e->run->signal;
    }
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (o->sinks[i])
            o->sinks[i]->listener.on_event(&o->sinks[i]->listener, e);
    }
}

struct listener *outputs_listener(struct outputs *o)
{
    return &o->listener;
}

/* Notes of -v, one line each, never mixed with the progress line. */
static void write_note(void *arg, const char *line)
{
    outputs_note(arg, line);
}

/* Says what failed. */
static void complain(struct outputs *o, const char *what, const char *consequence)
{
    screen_messagef(o->screen, "muster: %s%s", what, consequence);
    tally_output_failed(o->sinks[TALLY]);
}

/* Standard output was closed by its reader. */
static void on_closed(struct outputs *o)
{
    if (has_file(o->args.settings)) {
        complain(o, "standard output was closed", "; printing stops, the run goes on");
        return;
    }
    o->is_stdout_closed = true;
    if (!o->is_over)
        o->args.on_stdout_dead(o->args.arg, true);
}

/* A descriptor cannot be written to any more. */
static void on_output_error(void *arg, struct output *output)
{
    struct outputs *o = arg;
    int error = output_errno(output);
    if (output == o->printed[STREAM_STDOUT] && error == EPIPE) {
        on_closed(o);
        return;
    }
    char *text = xprintf("%s: %s", output_name(output), strerror(error));
    complain(o, text, "");
    free(text);
    if (output == o->printed[STREAM_STDOUT] && !has_file(o->args.settings) && !o->is_over)
        o->args.on_stdout_dead(o->args.arg, false);
}

static void ring(void *arg)
{
    struct outputs *o = arg;
    o->args.notify(o->args.arg);
}

/* Starts the writing threads and adds what is printed to. */
static bool open_writers(struct outputs *o, struct error *reterr)
{
    static const char *const names[STREAM_COUNT] = { "standard output", "standard error" };
    struct writer_args writer = {
        .gate = o->args.gate, .notify = ring, .on_error = on_output_error, .arg = o
    };
    if (!writer_new(&o->terminal_writer, &writer, reterr))
        return false;
    for (size_t i = 0; i < STREAM_COUNT; i++)
        o->printed[i] = writer_add(o->terminal_writer, names[i], o->args.fds[i], false);
    return !has_file(o->args.settings) && !is_stdout(&o->args.settings->json)
               ? true
               : writer_new(&o->file_writer, &writer, reterr);
}

/* What is known of the two sides of the screen. */
static void open_screen(struct outputs *o)
{
    const struct settings *s = o->args.settings;
    bool is_text = !is_stdout(&s->json) && !is_stdout(&s->jsonl);
    struct screen_args args = { .is_utf8 = terminal_is_utf8(),
                                .is_raw = s->raw,
                                .is_github = has_value("GITHUB_ACTIONS", "true") };
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        struct stat st;
        int fd = o->args.fds[i];
        args.sides[i] = (struct screen_side){
            .output = i == STREAM_STDERR || is_text ? o->printed[i] : NULL,
            .fd = fd,
            .is_terminal = isatty(fd),
            .is_regular_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode),
            .has_color = terminal_use_color(s->color, fd),
        };
    }
    o->screen = screen_new(&args);
}

/* The sinks that print. */
static void open_printers(struct outputs *o)
{
    const struct settings *s = o->args.settings;
    struct stream_args stream = { .screen = o->screen, .has_labels = !s->no_label };
    struct recap_args recap = { .screen = o->screen,
                                .tally = o->sinks[TALLY],
                                .is_quiet = s->quiet,
                                .is_dry_run = s->dry_run };
    struct file_lines_args files = { .screen = o->screen,
                                     .is_dry_run = s->dry_run,
                                     .is_verbose = s->verbose.n > 0 && !s->quiet,
                                     .has_labels = !s->no_label };
    bool is_terminal = isatty(o->args.fds[STREAM_STDERR]);
    bool is_wanted = s->progress != PROGRESS_NONE && !s->quiet;
    bool is_log =
        !is_terminal || has_value("TERM", "dumb") || (s->progress == PROGRESS_AUTO && is_set("CI"));
    struct progress_args progress = { .screen = o->screen,
                                      .has_line = is_wanted && !is_log,
                                      .has_beat = is_wanted && is_log,
                                      .now_us = clock_monotonic_us() };
    o->sinks[PROGRESS] = progress_new(&progress);
    o->sinks[NOTES] = notes_new(o->screen, s->verbose.n > 0);
    if (!is_stdout(&s->json) && !is_stdout(&s->jsonl))
        o->sinks[STREAM] = stream_new(&stream);
    o->sinks[FILES] = file_lines_new(&files);
    o->sinks[RECAP] = recap_new(&recap);
}

/* --json. */
static bool open_report(struct outputs *o, struct error *reterr)
{
    const struct settings *s = o->args.settings;
    struct report_args args = { .path = s->json.s,
                                .standard_output = o->printed[STREAM_STDOUT],
                                .screen = o->terminal_writer,
                                .files = o->file_writer,
                                .max_output = s->max_output.n,
                                .tally = o->sinks[TALLY],
                                .rules = { s->maxrc, s->exit_zero } };
    return report_new(&o->sinks[REPORT], &args, reterr);
}

/* --jsonl. */
static bool open_jsonl(struct outputs *o, struct error *reterr)
{
    const char *path = o->args.settings->jsonl.s;
    if (is_stdout(&o->args.settings->jsonl)) {
        o->sinks[JSONL] = jsonl_new(o->terminal_writer, o->printed[STREAM_STDOUT]);
        return true;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set(reterr, ERR_FILE, "%s: %s", path, strerror(errno));
    o->sinks[JSONL] = jsonl_new(o->file_writer, writer_add(o->file_writer, path, fd, true));
    return true;
}

/* The sinks that write files; the one that empties its file comes last. */
static bool open_files(struct outputs *o, struct error *reterr)
{
    const struct settings *s = o->args.settings;
    if (s->json.s && !open_report(o, reterr))
        return false;
    return !s->jsonl.s || open_jsonl(o, reterr);
}

bool outputs_open(struct outputs **ret, const struct outputs_args *args, struct error *reterr)
{
    if (is_stdout(&args->settings->json) && is_stdout(&args->settings->jsonl))
        return error_set(reterr, ERR_USAGE, "--json and --jsonl cannot both go to standard output");
    struct outputs *o = xcalloc(1, sizeof *o);
    o->args = *args;
    o->listener.on_event = on_event;
    list_init(&o->listener.link);
    o->sinks[TALLY] = tally_new();
    if (!open_writers(o, reterr)) {
        outputs_free(o);
        return false;
    }
    open_screen(o);
    open_printers(o);
    if (!open_files(o, reterr)) {
        outputs_free(o);
        return false;
    }
    trace_set(trace_level(), write_note, o);
    *ret = o;
    return true;
}

void outputs_pump(struct outputs *o)
{
    writer_pump(o->terminal_writer);
    if (o->file_writer)
        writer_pump(o->file_writer);
}

void outputs_tick(struct outputs *o, int64_t now_us)
{
    progress_tick(o->sinks[PROGRESS], now_us);
}

void outputs_note(struct outputs *o, const char *text)
{
    struct buf line;
    buf_init(&line, TEXT_MAX);
    buf_add_str(&line, "muster: ");
    screen_add_remote_line(o->screen, STREAM_STDERR, &line, text);
    buf_add_char(&line, '\n');
    if (!line.failed)
        screen_message(o->screen, line.data, line.size);
    buf_release(&line);
}

void outputs_show_status(struct outputs *o)
{
    struct buf line;
    buf_init(&line, TEXT_MAX);
    progress_status_line(o->sinks[PROGRESS], clock_monotonic_us(), &line);
    screen_messagef(o->screen, "muster: %s", buf_str(&line));
    buf_release(&line);
}

void outputs_show_running(struct outputs *o)
{
    struct buf lines;
    buf_init(&lines, TEXT_MAX);
    progress_running(o->sinks[PROGRESS], clock_monotonic_us(), RUNNING_SHOWN_MAX, &lines);
    if (lines.size && !lines.failed)
        screen_message(o->screen, lines.data, lines.size);
    buf_release(&lines);
}

void outputs_pause(struct outputs *o, bool is_paused)
{
    screen_pause(o->screen, is_paused);
    if (is_paused)
        writer_flush(o->terminal_writer, SETTLE_US);
}

/* Writes the report; a failure is told. */
static void finish_report(struct outputs *o)
{
    struct error error = ERROR_INIT;
    if (!o->sinks[REPORT] || sink_finish(o->sinks[REPORT], &error))
        return;
    if (!o->is_stdout_closed)
        complain(o, error_text(&error), "; the report is incomplete or missing");
    error_release(&error);
}

/* Writes a line to standard error if that does not block: its thread may be the one that is stuck.
 */
static void say_directly(int fd, const char *text)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
        return;
    char *line = xprintf("muster: %s\n", text);
    ssize_t ignored = write(fd, line, strlen(line));
    (void)ignored;
    free(line);
}

/* Closes a writer; where its reader takes nothing more, its thread stays behind. */
static void close_writer(struct outputs *o, struct writer **writer, int64_t wait_us)
{
    struct error error = ERROR_INIT;
    if (!*writer)
        return;
    if (!writer_close(*writer, wait_us, &error)) {
        tally_output_failed(o->sinks[TALLY]);
        o->is_stuck = true;
        say_directly(o->args.fds[STREAM_STDERR], error_text(&error));
    }
    *writer = NULL;
    error_release(&error);
}

/* The exit status. A reader that went away ended this process as SIGPIPE would have. */
static int decide(const struct outputs *o)
{
    const struct settings *s = o->args.settings;
    struct tally_rules rules = { s->maxrc, s->exit_zero };
    struct tally_counts counts = *tally_counts(o->sinks[TALLY]);
    if (o->is_stdout_closed && !counts.signal)
        counts.signal = SIGPIPE;
    return tally_exit_status(&counts, &rules);
}

struct outputs_end outputs_finish(struct outputs *o)
{
    bool is_hurried = o->signal != 0;
    int64_t settle_us = is_hurried ? SINK_DRAIN_AFTER_SIGNAL_US : SETTLE_US;
    int64_t close_us = is_hurried ? SINK_DRAIN_AFTER_SIGNAL_US : -1;
    struct error error = ERROR_INIT;
    terminal_trace(o->args.settings->verbose.n);
    writer_flush(o->terminal_writer, settle_us);
    if (o->file_writer)
        writer_flush(o->file_writer, settle_us);
    finish_report(o);
    sink_finish(o->sinks[RECAP], &error);
    close_writer(o, &o->file_writer, close_us);
    screen_end(o->screen);
    close_writer(o, &o->terminal_writer, close_us);
    return (struct outputs_end){ decide(o), o->is_stuck };
}

void outputs_free(struct outputs *o)
{
    if (!o)
        return;
    terminal_trace(o->args.settings->verbose.n);
    close_writer(o, &o->file_writer, SINK_DRAIN_AFTER_SIGNAL_US);
    close_writer(o, &o->terminal_writer, SINK_DRAIN_AFTER_SIGNAL_US);
    for (size_t i = 0; i < PART_COUNT; i++)
        sink_free(o->sinks[i]);
    screen_free(o->screen);
    if (!o->is_stuck)
        free(o); /* else the thread may still ring */
}
