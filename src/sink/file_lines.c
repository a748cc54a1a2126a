/* SPDX-License-Identifier: MIT */
#include "sink/file_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/size_text.h"
#include "sink/label.h"

enum { LINE_ROOM = 16 * 1024 * 1024 }; /* two paths in a packet, every byte shown as four */

struct file_lines {
    struct sink sink;
    struct file_lines_args args;
    struct label label;
    size_t *failed;    /* files, per host; NULL where no files are moved */
    struct buf line;   /* that is made */
    enum stream where; /* the list goes */
};

static struct file_lines *from_sink(const struct sink *sink)
{
    return list_entry(sink, struct file_lines, sink);
}

/* Prints the line. */
static void print(struct file_lines *f, enum stream side)
{
    buf_add_char(&f->line, '\n');
    if (f->line.failed)
        base_out_of_memory();
    if (side == STREAM_STDOUT)
        screen_write(f->args.screen, side, f->line.data, f->line.size);
    else
        screen_message(f->args.screen, f->line.data, f->line.size);
    buf_clear(&f->line);
}

/* Adds the path that the file is known by; a folder's ends with a slash. */
static void add_path(struct file_lines *f, enum stream side, const struct file_record *file)
{
    const char *path = file->dst ? file->dst : file->src ? file->src : "";
    size_t size = strlen(path);
    screen_add_remote_line(f->args.screen, side, &f->line, path);
    if (file->kind == FILE_KIND_FOLDER && size && path[size - 1] != '/')
        buf_add_char(&f->line, '/');
}

/* Prints what becomes of a file, and how large it is if it comes. */
static void list_file(struct file_lines *f, const struct event *e)
{
    const struct file_record *file = e->file;
    if (f->args.has_labels)
        label_add(&f->label, f->where, e->host, &f->line);
    buf_addf(&f->line, "%s ", file_action_word(file->action));
    add_path(f, f->where, file);
    bool is_coming = file->action == FILE_CREATE || file->action == FILE_REPLACE;
    if (file->kind == FILE_KIND_FILE && is_coming) {
        char size[SIZE_TEXT_SIZE];
        size_text(file->bytes, size);
        buf_addf(&f->line, " (%s)", size);
    }
    print(f, f->where);
}

/* Prints why a file failed, which names it, unless many did already. */
static void list_failed(struct file_lines *f, const struct event *e)
{
    if (f->failed[e->host->index]++ >= FILE_LINES_FAILED_MAX)
        return;
    label_add(&f->label, STREAM_STDERR, e->host, &f->line);
    screen_add_remote_line(f->args.screen, STREAM_STDERR, &f->line, error_text(e->error));
    print(f, STREAM_STDERR);
}

static void on_file(struct file_lines *f, const struct event *e)
{
    if (e->error && error_is_set(e->error))
        list_failed(f, e);
    else if (f->args.is_dry_run || f->args.is_verbose)
        list_file(f, e);
}

/* Says how many more files failed. */
static void on_host_end(struct file_lines *f, const struct host_info *host)
{
    if (f->failed[host->index] <= FILE_LINES_FAILED_MAX)
        return;
    size_t more = f->failed[host->index] - FILE_LINES_FAILED_MAX;
    label_add(&f->label, STREAM_STDERR, host, &f->line);
    buf_addf(&f->line, "and %zu more file%s failed", more, more == 1 ? "" : "s");
    print(f, STREAM_STDERR);
}

static void on_run_start(struct file_lines *f, const struct run_info *run)
{
    if (!run_is_transfer(run))
        return;
    label_init(&f->label, f->args.screen, run);
    f->failed = xcalloc(run->host_count, sizeof *f->failed);
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct file_lines *f = list_entry(listener, struct file_lines, sink.listener);
    if (e->kind == EVENT_RUN_START)
        on_run_start(f, e->run);
    if (!f->failed)
        return;
    if (e->kind == EVENT_FILE)
        on_file(f, e);
    if (e->kind == EVENT_HOST_END)
        on_host_end(f, e->host);
}

static void free_file_lines(struct sink *sink)
{
    struct file_lines *f = from_sink(sink);
    buf_release(&f->line);
    free(f->failed);
    free(f);
}

struct sink *file_lines_new(const struct file_lines_args *args)
{
    static const struct sink_ops ops = { .name = "file lines", .free = free_file_lines };
    struct file_lines *f = xcalloc(1, sizeof *f);
    f->sink.ops = &ops;
    f->sink.listener.on_event = on_event;
    f->args = *args;
    f->where = args->is_dry_run ? STREAM_STDOUT : STREAM_STDERR;
    buf_init(&f->line, LINE_ROOM);
    return &f->sink;
}
