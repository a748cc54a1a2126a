/* SPDX-License-Identifier: MIT */
#include "sink/notes.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sink/elapsed.h"

enum { NOTE_MAX = 1024 * 1024 };

struct notes {
    struct sink sink;
    struct screen *screen;
    bool is_verbose;
};

/* Prints one line of a note. */
static void print_line(struct notes *n, const struct host_info *host, const char *text)
{
    struct buf line;
    buf_init(&line, NOTE_MAX);
    buf_add_str(&line, "muster: ");
    if (host) {
        screen_add_remote_line(n->screen, STREAM_STDERR, &line, host->name);
        buf_add_str(&line, ": ");
    }
    screen_add_remote_line(n->screen, STREAM_STDERR, &line, text);
    buf_add_char(&line, '\n');
    if (!line.failed)
        screen_message(n->screen, line.data, line.size);
    buf_release(&line);
}

/* Prints a text that may have several lines (a banner), but for empty ones. */
static void print_note(struct notes *n, const struct host_info *host, const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\r\n");
        char *line = xstrndup(text, size);
        if (size)
            print_line(n, host, line);
        free(line);
        text += size + (text[size] != '\0');
    }
}

/* Prints why a host is tried again. */
static void print_retry(struct notes *n, const struct event *e)
{
    char delay[ELAPSED_SIZE];
    elapsed_text(e->delay_us, delay);
    char *text =
        xprintf("%s: %s; trying again in %s", stage_word(e->stage), error_text(e->error), delay);
    print_line(n, e->host, text);
    free(text);
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct notes *n = list_entry(listener, struct notes, sink.listener);
    if (e->kind == EVENT_NOTE && (n->is_verbose || e->severity == SEVERITY_WARNING))
        print_note(n, e->host, e->text);
    if (e->kind == EVENT_HOST_RETRY && n->is_verbose)
        print_retry(n, e);
}

static void free_notes(struct sink *sink)
{
    free(list_entry(sink, struct notes, sink));
}

struct sink *notes_new(struct screen *screen, bool is_verbose)
{
    static const struct sink_ops ops = { .name = "notes", .free = free_notes };
    struct notes *n = xcalloc(1, sizeof *n);
    n->sink.ops = &ops;
    n->sink.listener.on_event = on_event;
    n->screen = screen;
    n->is_verbose = is_verbose;
    return &n->sink;
}
